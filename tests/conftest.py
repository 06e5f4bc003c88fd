"""What the tests of the website share: its pages, its address, a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser import SITE, find_browser, launch, serve
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling

pytest.register_assert_rewrite("jupyter_page")

# Files whose tests are asked of each page, or of each notebook.
ONE_BY_ONE = ("tests/test_site.py", "tests/test_lab.py", "tests/test_run.py", "tests/test_plain.py")


class Shares(LoadScopeScheduling):
    """How the processes share the tests: those of one page or one notebook stay together, and else those of one file.

    What a page or notebook costs is opening it; the tests of one that is open are quick, and nbval's build on one another.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        subject = re.search(r"\[(.+?)(?:-desk|-phone)?\]$", test) if file in ONE_BY_ONE else None
        return f"{file} {subject[1]}" if subject else file


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> Shares:
    return Shares(config, log)


def pages() -> list[str]:
    """The pages of the built site; ``index.html`` is left out where it only redirects to the first page."""
    found = []
    for file in sorted(SITE.rglob("*.html")):
        path = file.relative_to(SITE).as_posix()
        redirects = file.read_text(encoding="utf-8").startswith("<meta http-equiv")
        # Jupyter's own pages are in `run`: tests/test_run.py looks at them.
        if not path.startswith(("_static/", "run/")) and not redirects:
            found.append(path)
    return found


# Without a site there must still be one page to ask for: pytest skips a test that has no parameter.
@pytest.fixture(scope="module", params=pages() or ["index.html"])
def path(request: pytest.FixtureRequest, site: str) -> str:
    """The path of a page of the site: every test that asks for it runs once for each page."""
    return request.param


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the built website, with a closing slash."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"there is no website in {SITE}: run `python website/build.py` first", pytrace=False)
    with serve(SITE) as address:
        yield address


# Closed after each module: while playwright runs, nothing else in this process could start an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = find_browser()
    if found is None:
        pytest.fail("the tests of the website need Chromium or Chrome: run `python tests/prepare.py`", pytrace=False)
    with sync_playwright() as playwright:
        started = launch(playwright, found)
        yield started
        started.close()
