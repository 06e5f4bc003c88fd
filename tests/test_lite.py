"""What the browser is given to run Python, and the archive of the site."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import lite
import pack
import prepare
import pytest
from browser import SITE, serve
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def runtime() -> Path:
    found = list(SITE.glob("run/runtime-*"))
    if len(found) != 1:
        pytest.fail(f"{SITE} holds {len(found)} runtimes: run `python website/build.py` first", pytrace=False)
    return found[0]


def packages(runtime: Path) -> dict:
    return json.loads((runtime / "pyodide-lock.json").read_text())["packages"]


def test_the_lock_file_names_every_package_with_its_hash(runtime):
    found = packages(runtime)
    assert set(lite.STARTED) | set(lite.COMPILED) | lite.LATER <= set(found)
    for name, entry in found.items():
        assert set(entry["depends"]) <= set(found), name
        if "://" not in entry["file_name"]:
            assert lite.sha256(runtime / entry["file_name"]) == entry["sha256"], name


def test_what_is_loaded_at_the_start_is_there_and_counted(runtime):
    sizes = json.loads((runtime / "sizes.json").read_text())
    assert sizes == {name: [(runtime / name).stat().st_size, lite.sha256(runtime / name)] for name in sizes}
    loaded = {entry["file_name"] for name, entry in packages(runtime).items() if name not in lite.LATER}
    assert {name for name in loaded if "://" not in name} <= set(sizes)
    assert not any(name.startswith("fonttools") for name in sizes)


def test_packages_are_bytecode_without_needless_files_and_ours_is_source(runtime):
    for wheel in runtime.glob("*.whl"):
        names = zipfile.ZipFile(wheel).namelist()
        assert not any(lite.NEEDLESS.search(name.replace(".pyc", ".py")) for name in names), wheel.name
        source = [name for name in names if name.endswith(".py")]
        assert bool(source) == wheel.name.startswith("mlmath_helpers"), wheel.name
    assert len(zipfile.ZipFile(runtime / "jedi-0-py3-none-any.whl").namelist()) == 1


def test_published_packages_keep_the_hashes_of_their_distribution(tmp_path, runtime):
    """Without a folder of wheels the lock file sends the browser to where they are published."""
    for wheel in runtime.glob("*.whl"):
        if wheel.name.split("-")[0] not in lite.COMPILED:
            (tmp_path / wheel.name).symlink_to(wheel)
    found, official = lite.lock(tmp_path, published=True)["packages"], lite.distribution()["packages"]
    for name in lite.COMPILED:
        assert found[name]["sha256"] == official[name]["sha256"]
        assert found[name]["file_name"] == lite.published_at() + official[name]["file_name"]
        assert set(found[name]["depends"]) <= set(found)
    assert {"numpy", "pillow", "cycler", "pyparsing"} <= set(found["matplotlib"]["depends"])
    assert "0.29.3" in lite.published_at()


@pytest.fixture
def small_distribution(monkeypatch) -> dict[str, bytes]:
    """A distribution of small files in the place of the published one: their names and contents."""
    files = {f"{name}-1.0-py3-none-any.whl": name.encode() for name in lite.COMPILED}
    entries = {
        file.split("-")[0]: {"file_name": file, "sha256": hashlib.sha256(content).hexdigest()}
        for file, content in files.items()
    }
    monkeypatch.setattr(lite, "distribution", lambda: {"packages": entries})
    return files


def test_published_wheels_are_fetched_and_checked(tmp_path, small_distribution):
    published = tmp_path / "published"
    published.mkdir()
    for name, content in small_distribution.items():
        (published / name).write_bytes(content)
    with serve(published) as address:
        lite.fetch(tmp_path / "wheels", base=address)
        assert [path.name for path in lite.wheels_in(tmp_path / "wheels")] == list(small_distribution)
        (published / "pillow-1.0-py3-none-any.whl").write_bytes(b"something else")
        with pytest.raises(SystemExit, match="pillow-1.0-py3-none-any.whl is not what was published: its SHA-256 is"):
            lite.fetch(tmp_path / "wheels", base=address)
        assert (tmp_path / "wheels" / "pillow-1.0-py3-none-any.whl").read_bytes() == b"pillow"  # what was there stays


def test_a_folder_of_wheels_must_be_whole_and_true(tmp_path, small_distribution):
    for name, content in list(small_distribution.items())[1:]:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit, match="lacks the wheels of numpy"):
        lite.wheels_in(tmp_path)
    (tmp_path / "numpy-1.0-py3-none-any.whl").write_bytes(b"forged")
    with pytest.raises(SystemExit, match="numpy-1.0-py3-none-any.whl is not what was published"):
        lite.wheels_in(tmp_path)
    (tmp_path / "numpy-1.0-py3-none-any.whl").rename(tmp_path / "numpy-1.1-py3-none-any.whl")  # of another build
    assert len(lite.wheels_in(tmp_path)) == len(lite.COMPILED)


def test_without_wheels_and_network_the_tests_say_what_is_missing(tmp_path, monkeypatch):
    def no_network(folder: Path) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(lite, "fetch", no_network)
    monkeypatch.setenv("PYODIDE_WHEELS", str(tmp_path))
    with pytest.raises(
        SystemExit, match=r"(?s)need numpy and matplotlib for the browser.*no route to host.*PYODIDE_WHEELS"
    ):
        prepare.serve_runtime()


def test_what_is_kept_is_made_anew_when_an_input_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(lite, "BUILT", tmp_path / "built")
    source, made = tmp_path / "input", []

    def make(folder: Path) -> None:
        made.append(source.read_text())
        (folder / f"made-{len(made)}").touch()

    for text in ("1", "1", "2"):
        source.write_text(text)
        folder = lite.kept("things", [source], make)
    assert made == ["1", "2"]
    assert [path.name for path in folder.iterdir()] == ["made-2"]


def test_equal_sources_make_equal_wheels(tmp_path):
    """Else every publication of the site would make its readers fetch thirty megabytes again."""
    for name in ("first", "second"):
        lite.pip("wheel", "--no-build-isolation", "--wheel-dir", str(tmp_path / name), str(lite.ROOT))
        (lite.ROOT / "mlmath_helpers" / "__init__.py").touch()
    first, second = (next((tmp_path / name).iterdir()).read_bytes() for name in ("first", "second"))
    assert first == second


# The archive


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stick")
    pack.pack(SITE, folder / "book.zip")
    with zipfile.ZipFile(folder / "book.zip") as archive:
        archive.extractall(folder)
        assert archive.namelist()[0] == "executable-mathematics/READ-ME-FIRST.txt"
    return folder / "executable-mathematics"


def test_the_archive_holds_the_site_and_names_that_every_disk_takes(unpacked):
    def files(folder: Path) -> dict[str, str]:
        return {
            p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in folder.rglob("*")
            if p.is_file()
        }

    copied, site = files(unpacked), files(SITE)
    assert "http://127.0.0.1:8000" in (unpacked / "READ-ME-FIRST.txt").read_text()
    del copied["READ-ME-FIRST.txt"]
    assert copied == site
    assert len({name.lower() for name in site}) == len(site)
    assert not [name for name in site if set(name) & set('<>:"\\|?*') or len(name) > 180]


def test_by_double_click_text_figures_and_search_work(unpacked, browser: Browser):
    page = browser.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((unpacked / "chapters/02-linear-algebra/svd.html").as_uri())
    figure = page.locator(".explore").first
    figure.scroll_into_view_if_needed()
    before = figure.locator("img").get_attribute("src")
    figure.locator("input").first.press("ArrowRight")
    page.wait_for_function("before => document.querySelector('.explore img').src !== before", arg=before)
    assert page.evaluate(
        "document.fonts.ready.then(fonts => [...fonts].some(f => f.family.startsWith('KaTeX') && f.status === 'loaded'))"
    )
    assert faults == []
    page.goto((unpacked / "search.html").as_uri() + "?q=eigenvalue")  # what it finds, without the lines around it
    page.locator("#search-results li a").first.wait_for()
    page.goto((unpacked / "run/notebooks/index.html").as_uri() + "?path=02-linear-algebra/svd.ipynb")
    page.get_by_text("needs a web server").wait_for()
    page.close()
