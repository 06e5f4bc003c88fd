"""A notebook as JupyterLab shows and runs it: opened in a browser, all cells run, every figure moved."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ledger import DISPLAY, ROOT, cells, notebooks, statements
from playwright.sync_api import Browser, Locator, Page, TimeoutError

START, RUN, MOVE = 60, 300, 10  # seconds that the server, a notebook and a figure may take

# JupyterLab reads both from the folder `labconfig` of its configuration (its manual, "LabConfig Directories").
SETTINGS = {
    # Else cells out of view are left out of the page, and their outputs cannot be looked at.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}
}
PAGE = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
OFFLINE = ["--LabApp.extension_manager=readonly", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]

# What is left over where a directive, a role or a formula was not understood.
MARKUP = re.compile(r":::|```|:label:|:class:|\{[a-z]+(:[a-z]+)?\}|\$|^\([a-z0-9-]+\)=|Unknown Directive", re.MULTILINE)
# Only the website knows the other pages and the bibliography.
ELSEWHERE = ("Cross Reference Not Found", "Citation Not Found")

READY = """() => {
  const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")].map(e => e.textContent);
  const kernel = document.querySelector(".jp-Notebook-ExecutionIndicator").dataset.status;
  return kernel === "idle" && prompts.some(p => /\\d/.test(p)) && !prompts.some(p => p.includes("*"));
}"""

SEEN = """() => [...document.querySelectorAll(".jp-Notebook .jp-Cell")].map(cell => {
  const every = (selector, value) => [...cell.querySelectorAll(selector)].map(value);
  if (cell.matches(".jp-CodeCell")) return {
    count: cell.querySelector(".jp-InputArea-prompt").textContent,
    text: every("[data-mime-type$=stdout], [data-mime-type='text/plain']", e => e.textContent).join(""),
    faults: every("[data-mime-type$=stderr], [data-mime-type$=error]", e => e.textContent),
  };
  const prose = cell.querySelector(".myst");
  if (!prose) return { text: null };
  const links = every(".myst a[href^='#']", a => a.getAttribute("href").slice(1));
  const displays = prose.querySelectorAll(".katex-display").length;
  const formulas = prose.querySelectorAll(".katex").length;
  // A formula that KaTeX refuses, and a reference to nothing, carry their message as a title.
  const faults = every(".myst [title]:is([class*=yellow], pre), .katex-error", e => e.title);
  const copy = prose.cloneNode(true);
  copy.querySelectorAll(".katex").forEach(e => e.remove());
  return { text: copy.textContent, displays, formulas, faults, dead: links.filter(id => !document.getElementById(id)) };
})"""


class Opened(NamedTuple):
    """A notebook in JupyterLab after all its cells have run."""

    page: Page
    notebook: Path
    markdown: list[tuple[dict, dict]]  # each stored cell with what the page shows of it
    code: list[tuple[dict, dict]]
    requests: list[str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab with a configuration of its own, over a copy of the chapters."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "chapters", home / "book" / "chapters")
    config = home / "config" / "labconfig"
    config.mkdir(parents=True)
    (config / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    (config / "page_config.json").write_text(json.dumps(PAGE))
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--IdentityProvider.token="]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={home / 'book'}", *OFFLINE]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield _address(server, home)
    finally:
        server.terminate()  # the server ends its kernels
        server.wait(timeout=START)


def _address(server: subprocess.Popen, home: Path) -> str:
    """Where the server answers; it says so in a file as soon as it does."""
    deadline = time.monotonic() + START
    while server.poll() is None and time.monotonic() < deadline:
        for file in (home / "runtime").glob("jpserver-*.json"):
            if content := file.read_text():
                return json.loads(content)["url"]
        time.sleep(0.1)
    pytest.fail(f"JupyterLab does not start:\n{(home / 'log').read_text()}", pytrace=False)


@pytest.fixture(scope="module", params=notebooks(), ids=lambda path: path.stem)
def opened(request: pytest.FixtureRequest, lab: str, browser: Browser) -> Iterator[Opened]:
    notebook, requests = request.param, []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.on("request", lambda request: requests.append(request.url))
    # Each notebook in a workspace of its own: JupyterLab opens again what a workspace had open.
    page.goto(f"{lab}lab/workspaces/{notebook.stem}/tree/{notebook.as_posix()}")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=START * 1000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    try:
        page.wait_for_function(READY, timeout=RUN * 1000)
    except TimeoutError:
        pytest.fail(f"{notebook} still runs after {RUN} s", pytrace=False)
    seen = page.evaluate(SEEN)
    prose, code = [cell for cell in seen if "count" not in cell], [cell for cell in seen if "count" in cell]
    pairs = (list(zip(cells(notebook, kind), found, strict=True)) for kind, found in (("markdown", prose), ("code", code)))
    yield Opened(page, notebook, *pairs, requests)
    page.close()


def faults(pairs: list[tuple[dict, dict]], judge) -> dict[str, Any]:
    """What is wrong with the cells, by their id."""
    found = {cell["id"]: judge(cell, shown) for cell, shown in pairs}
    return {name: fault for name, fault in found.items() if fault}


def test_every_cell_runs(opened: Opened) -> None:
    """Run All stops at the first cell that raises: those after it have no count."""
    assert faults(opened.code, lambda cell, shown: "\n".join(shown["faults"])) == {}
    assert [shown["count"].strip() for _, shown in opened.code] == [f"[{i}]:" for i in range(1, len(opened.code) + 1)]


def test_promised_text_is_shown(opened: Opened) -> None:
    """The lines that the notebook stores, those of the checks above all, are those that a reader gets."""

    def promised(cell: dict) -> str:
        # Beside a picture, plain text is its alternative.
        data = [output.get("data", {}) for output in cell["outputs"]]
        texts = [output.get("text", "") for output in cell["outputs"]]
        texts += [entry.get("text/plain", "") for entry in data if "image/png" not in entry]
        return "".join("".join(text) for text in texts)

    def judge(cell: dict, shown: dict) -> tuple[str, str] | None:
        both = promised(cell), shown["text"]
        return both if both[0].split() != both[1].split() else None

    assert any(promised(cell) for cell, _ in opened.code), "the notebook stores no text: run `make store`"
    assert faults(opened.code, judge) == {}


def test_figures_move(opened: Opened) -> None:
    """Each interactive figure has a slider or a menu, and a step of it brings another frame."""
    interactive = [i for i, (cell, _) in enumerate(opened.code) if re.search(r"^explore\(", cell["source"], re.MULTILINE)]
    assert interactive, f"{opened.notebook} has no interactive figure"
    for i in interactive:
        name = opened.code[i][0]["id"]
        area = opened.page.locator(".jp-CodeCell").nth(i)
        control = area.locator(".widget-slider .noUi-handle, .widget-dropdown select").first
        frame = area.locator(".widget-html-content img:visible")
        try:
            control.wait_for(timeout=MOVE * 1000)
            frame.wait_for(timeout=MOVE * 1000)
        except TimeoutError:
            pytest.fail(f"{opened.notebook}, cell {name}: no control or no frame in sight", pytrace=False)
        before = frame.get_attribute("src")
        assert frame.evaluate("img => img.complete && img.naturalWidth > 0"), f"{name}: the frame is blank"
        step(control)
        deadline = time.monotonic() + MOVE
        while frame.get_attribute("src") == before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert frame.get_attribute("src") != before, f"{opened.notebook}, cell {name}: the control does not change the frame"
        assert frame.evaluate("img => img.complete && img.naturalWidth > 0"), f"{name}: the frame is blank after a step"


def step(control: Locator) -> None:
    """Move a slider or a menu to a neighbouring value."""
    if control.evaluate("control => control.matches('select')"):
        control.select_option(index=1 if control.evaluate("menu => menu.selectedIndex") == 0 else 0)
    else:
        at_end = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemax")
        control.press("ArrowLeft" if at_end else "ArrowRight")


def test_markdown_is_rendered(opened: Opened) -> None:
    """jupyterlab-myst understands every directive, role and formula of the page."""
    assert faults(opened.markdown, lambda cell, shown: shown["text"] is None) == {}, "not rendered"
    assert faults(opened.markdown, lambda cell, shown: MARKUP.findall(shown["text"])) == {}, "raw markup"
    bad = faults(opened.markdown, lambda cell, shown: [fault for fault in shown["faults"] if fault not in ELSEWHERE])
    assert bad == {}, "formulas that KaTeX refuses"
    displays = faults(opened.markdown, lambda cell, shown: len(DISPLAY.findall(cell["source"])) - shown["displays"])
    assert displays == {}, "displayed formulas missing"
    inline = faults(opened.markdown, lambda cell, shown: "$" in cell["source"] and not shown["formulas"])
    assert inline == {}, "formulas missing"


def test_links_within_the_notebook_lead_somewhere(opened: Opened) -> None:
    own = {statement.label for statement in statements(opened.notebook)}
    assert faults(opened.markdown, lambda cell, shown: [label for label in shown["dead"] if label in own]) == {}


def test_no_other_host_is_asked(opened: Opened, lab: str) -> None:
    local = (lab, lab.replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in opened.requests if not url.startswith(local)] == []
