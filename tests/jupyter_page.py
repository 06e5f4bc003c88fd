"""What a notebook shows on a page of Jupyter's, be it JupyterLab or the browser alone: the tests that both have to pass.

The module that imports them has a fixture `opened`.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ledger import DISPLAY, cells, statements
from playwright.sync_api import Locator, Page, TimeoutError

MOVE = 20  # seconds that a figure may take

# What is left over where a directive, a role or a formula was not understood.
MARKUP = re.compile(r":::|```|:label:|:class:|\{[a-z]+(:[a-z]+)?\}|\$|^\([a-z0-9-]+\)=|Unknown Directive", re.MULTILINE)
# Only the website knows the other pages and the bibliography.
ELSEWHERE = ("Cross Reference Not Found", "Citation Not Found")


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
    """A notebook on a page of Jupyter's, after all its cells have run."""

    page: Page
    notebook: Path
    markdown: list[tuple[dict, dict]]  # each stored cell with what the page shows of it
    code: list[tuple[dict, dict]]
    requests: list[str]


def look(page: Page, notebook: Path, requests: list[str]) -> Opened:
    seen = page.evaluate(SEEN)
    prose, code = [cell for cell in seen if "count" not in cell], [cell for cell in seen if "count" in cell]
    pairs = (
        list(zip(cells(notebook, kind), found, strict=True)) for kind, found in (("markdown", prose), ("code", code))
    )
    return Opened(page, notebook, *pairs, requests)


def faults(pairs: list[tuple[dict, dict]], judge) -> dict[str, Any]:
    """What is wrong with the cells, by their id."""
    found = {cell["id"]: judge(cell, shown) for cell, shown in pairs}
    return {name: fault for name, fault in found.items() if fault}


def promised(cell: dict) -> str:
    """The text that the stored cell promises."""
    # Beside a picture, plain text is its alternative.
    data = [output.get("data", {}) for output in cell["outputs"]]
    texts = [output.get("text", "") for output in cell["outputs"]]
    texts += [entry.get("text/plain", "") for entry in data if "image/png" not in entry]
    return "".join("".join(text) for text in texts)


def test_every_cell_runs(opened: Opened) -> None:
    """Running all stops at the first cell that raises: those after it have no count."""
    assert faults(opened.code, lambda cell, shown: "\n".join(shown["faults"])) == {}
    assert [shown["count"].strip() for _, shown in opened.code] == [f"[{i}]:" for i in range(1, len(opened.code) + 1)]


def test_promised_text_is_shown(opened: Opened) -> None:
    """The lines that the notebook stores, those of the checks above all, are those that a reader gets."""

    def judge(cell: dict, shown: dict) -> tuple[str, str] | None:
        both = promised(cell), shown["text"]
        return both if both[0].split() != both[1].split() else None

    assert any(promised(cell) for cell, _ in opened.code), "the notebook stores no text: run `make store`"
    assert faults(opened.code, judge) == {}


def test_figures_move(opened: Opened) -> None:
    """Each interactive figure has a slider or a menu, and a step of it brings another frame."""
    interactive = [
        i for i, (cell, _) in enumerate(opened.code) if re.search(r"^explore\(", cell["source"], re.MULTILINE)
    ]
    assert interactive, f"{opened.notebook} has no interactive figure"
    for i in interactive:
        name = opened.code[i][0]["id"]
        area = opened.page.locator(".jp-CodeCell").nth(i)
        area.scroll_into_view_if_needed()
        control = area.locator(".widget-slider .noUi-handle, .widget-dropdown select").first
        frame = area.locator(".widget-html-content img:visible")
        try:
            control.wait_for(timeout=MOVE * 1000)
            frame.wait_for(timeout=MOVE * 1000)
        except TimeoutError:
            pytest.fail(f"cell {name}: no control or no frame in sight", pytrace=False)
        before = frame.get_attribute("src")
        assert frame.evaluate("img => img.complete && img.naturalWidth > 0"), f"{name}: the frame is blank"
        step(control)
        deadline = time.monotonic() + MOVE
        # Between the two there may be a line that says that the frame is being drawn.
        while (not frame.count() or frame.get_attribute("src") == before) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert frame.get_attribute("src") != before, f"cell {name}: the control does not change the frame"
        assert frame.evaluate("img => img.complete && img.naturalWidth > 0"), f"{name}: the frame is blank after a step"


def step(control: Locator) -> None:
    """Move a slider or a menu to a neighbouring value."""
    if control.evaluate("control => control.matches('select')"):
        control.select_option(index=1 if control.evaluate("menu => menu.selectedIndex") == 0 else 0)
    else:
        at_end = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemax")
        control.press("ArrowLeft" if at_end else "ArrowRight")


def test_markdown_is_rendered(opened: Opened) -> None:
    """jupyterlab-myst understands every directive, role and formula of the page, and links within it lead somewhere."""
    assert faults(opened.markdown, lambda cell, shown: shown["text"] is None) == {}, "not rendered"
    assert faults(opened.markdown, lambda cell, shown: MARKUP.findall(shown["text"])) == {}, "raw markup"
    bad = faults(opened.markdown, lambda cell, shown: [fault for fault in shown["faults"] if fault not in ELSEWHERE])
    assert bad == {}, "formulas that KaTeX refuses"
    displays = faults(opened.markdown, lambda cell, shown: len(DISPLAY.findall(cell["source"])) - shown["displays"])
    assert displays == {}, "displayed formulas missing"
    inline = faults(opened.markdown, lambda cell, shown: "$" in cell["source"] and not shown["formulas"])
    assert inline == {}, "formulas missing"
    own = {statement.label for statement in statements(opened.notebook)}
    assert faults(opened.markdown, lambda cell, shown: [label for label in shown["dead"] if label in own]) == {}, (
        "dead links"
    )
