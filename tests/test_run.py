"""The pages that run the notebooks in the browser: what the button "Run this page" opens, from a folder of a static server."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import lite
import pytest
from browser import ROOT, SITE, Quiet, serve
from jupyter_page import (  # noqa: F401, the tests are collected here
    Opened,
    look,
    test_every_cell_runs,
    test_figures_move,
    test_markdown_is_rendered,
    test_promised_text_is_shown,
)
from ledger import cells, notebooks
from playwright.sync_api import Browser, Page, TimeoutError, expect

RUN = 400  # seconds that a notebook may take
DONE = "All cells have run."
KINDS = ("markdown", "code")
STATUS = ".loading [role=status]"


class Watched(Quiet):
    """A server that forbids its pages, and their workers, all other hosts, and is told what they tried."""

    POLICY = "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; report-uri /reports"
    reports: list[str] = []
    asked: list[str] = []
    missing = ""  # a file that this server does not have

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.missing and self.missing in self.path:
            self.send_error(404)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.POLICY)
        super().end_headers()

    def do_POST(self) -> None:
        self.reports.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site in a subfolder of a server, as on a host that gives each project a folder."""
    page = SITE / "run" / "notebooks" / "index.html"
    if not page.is_file():
        pytest.fail(f"there is no {page}: run `python website/build.py` first", pytrace=False)
    packages = json.loads(next(SITE.glob("run/runtime-*/pyodide-lock.json")).read_text())["packages"].values()
    elsewhere = [package["file_name"] for package in packages if "://" in package["file_name"]]
    if elsewhere:
        pytest.fail(
            f"the site takes {len(elsewhere)} packages from another host, so its notebooks cannot be run here: "
            "build it with PYODIDE_WHEELS=FOLDER, or call `python tests/prepare.py`",
            pytrace=False,
        )
    home = tmp_path_factory.mktemp("host")
    (home / "a" / "book").parent.mkdir()
    (home / "a" / "book").symlink_to(SITE)
    with serve(home, Watched) as address:
        yield f"{address}a/book/"


def run(page: Page, address: str) -> None:
    """Open the address and wait until all cells have run."""
    page.goto(address)
    status = page.locator(STATUS)
    try:
        page.wait_for_function(
            f"() => /^(All cells|Cell|Python)/.test(document.querySelector('{STATUS}')?.textContent)",
            timeout=RUN * 1000,
        )
    except TimeoutError:
        pytest.fail(f"after {RUN} s it says: {status.text_content()}", pytrace=False)
    assert status.text_content().startswith(DONE), status.text_content()


def button(notebook: Path) -> str:
    """Where the button on the notebook's page of the site leads, from the site's first folder."""
    page = SITE / notebook.with_suffix(".html")
    [link] = re.findall(r'<a href="([^"]*)"[^>]*\bbtn-run-button\b', page.read_text(encoding="utf-8"))
    return urljoin(notebook.as_posix(), link)


@pytest.fixture(scope="module", params=notebooks(), ids=lambda path: path.stem)
def opened(request: pytest.FixtureRequest, folder: str, browser: Browser) -> Iterator[Opened]:
    Watched.reports.clear()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    run(page, folder + button(request.param))
    # Cells far below the window come into the page one after the other, and their text after them.
    everything = """count => document.querySelectorAll('.jp-Notebook .jp-Cell').length === count
        && [...document.querySelectorAll('.jp-Notebook .jp-MarkdownCell')].every(cell => cell.querySelector('.myst'))"""
    page.wait_for_function(everything, arg=len(cells(request.param, *KINDS)), timeout=120_000)
    yield look(page, request.param, Watched.reports)
    context.close()


def test_nothing_stands_in_the_way(opened: Opened) -> None:
    """No dialog, no other cell than the book's, no question whether to leave, and the way back to the page."""
    assert opened.page.locator(".jp-Dialog").count() == 0
    sources = opened.page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets.map(c => c.model.sharedModel.getSource())"
    )
    assert sources == [cell["source"] for cell in cells(opened.notebook, *KINDS)]
    assert not opened.page.evaluate("jupyterapp.shell.currentWidget.content.model.dirty")
    back = opened.page.locator(".loading a").get_attribute("href")
    assert back.endswith(f"/a/book/{opened.notebook.with_suffix('.html').as_posix()}")


def test_no_other_host_is_asked(opened: Opened) -> None:
    """Neither by the page nor by the workers, in which Python runs."""
    assert opened.requests == []
    opened.page.evaluate("() => new Worker(URL.createObjectURL(new Blob(['fetch(`https://example.org/`)'])))")
    opened.page.wait_for_timeout(1000)
    assert "example.org" in "".join(opened.requests), "an attempt goes unnoticed"


def test_a_reader_presses_the_button_changes_a_number_and_sees_another_picture(folder: str, browser: Browser) -> None:
    """On a small laptop, from the page of the book, while the rest of the notebook is still running."""
    notebook = next(path for path in notebooks() if path.stem == "svd")
    context = browser.new_context(viewport={"width": 1024, "height": 600})
    page = context.new_page()
    page.goto(folder + notebook.with_suffix(".html").as_posix())
    with context.expect_page() as opening:
        page.get_by_role("link", name="Run this page").click()
    opened = opening.value
    number = [cell["id"] for cell in cells(notebook, "code")].index("try-circle")
    area = opened.locator(".jp-CodeCell").nth(number)
    area.locator(".jp-InputPrompt", has_text=f"[{number + 1}]:").wait_for(timeout=RUN * 1000)
    picture = area.locator(".jp-OutputArea img")
    before = picture.get_attribute("src")
    area.locator(".cm-content").click()
    opened.keyboard.press("Control+A")
    opened.keyboard.insert_text("show(draw_circle(2.0, -0.3), alt=describe_circle(2.0, -0.3))")
    opened.keyboard.press("Shift+Enter")
    expect(picture).not_to_have_attribute("src", before, timeout=30_000)
    # A slip in a cell leaves those that the page is running alone.
    area.locator(".cm-content").click()
    opened.keyboard.press("Control+A")
    opened.keyboard.insert_text("1 / 0")
    opened.keyboard.press("Shift+Enter")
    expect(area.locator(".jp-OutputArea")).to_contain_text("ZeroDivisionError", timeout=30_000)
    expect(opened.locator(STATUS)).to_contain_text(DONE, timeout=RUN * 1000)
    context.close()


SVD = "run/notebooks/index.html?path=02-linear-algebra/svd.ipynb"


def test_the_second_visit_fetches_nothing_of_the_runtime(folder: str, browser: Browser) -> None:
    context = browser.new_context()
    for visit in (1, 2):
        Watched.asked.clear()
        page = context.new_page()
        page.goto(folder + SVD)
        expect(page.locator(STATUS)).to_contain_text("Running cell", timeout=RUN * 1000)
        found = {path.split("/")[-1] for path in Watched.asked if "/runtime-" in path} - {"sizes.json"}
        assert len(found) > 20 if visit == 1 else found == set()
        page.close()
    context.close()


def test_a_file_that_does_not_come_is_named(folder: str, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watched, "missing", "numpy")
    context = browser.new_context()
    page = context.new_page()
    page.goto(folder + SVD)
    page.get_by_text(re.compile(r"Fetching Python failed \(.*numpy.*: 404\).*reload this page")).wait_for(
        timeout=60_000
    )
    context.close()


def test_a_browser_without_service_workers_is_told_what_is_missing(folder: str, browser: Browser) -> None:
    """Some private windows have none, nor has an address of another machine without https."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(folder + SVD)
    expect(page.locator(STATUS)).to_contain_text("needs a service worker", timeout=60_000)
    context.close()


class Elsewhere(Quiet):
    """The host on which the compiled packages are published."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


def test_it_runs_with_packages_from_where_they_are_published(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the book is built without a folder of wheels; another server takes the place of the other host."""
    wheels = Path(os.environ.get("PYODIDE_WHEELS") or ROOT / "_build" / "wheels").resolve()
    entries = {wheel.name.split("-")[0]: lite.entry_of(wheel) for wheel in wheels.glob("*.whl")}
    official = lite.distribution()
    official["packages"].update(entries)
    monkeypatch.setattr(lite, "distribution", lambda: official)
    monkeypatch.setattr(lite, "BUILT", tmp_path / "built")
    with serve(wheels, Elsewhere) as published, serve(tmp_path) as address:
        monkeypatch.setattr(lite, "PUBLISHED", published)
        lite.build(tmp_path / "site", None)
        context = browser.new_context()
        run(context.new_page(), f"{address}site/{SVD}")
        context.close()
