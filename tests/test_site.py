"""Every page of the built website in a browser: at a desk, on a phone, without JavaScript, in print."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browser import SITE
from playwright.sync_api import Browser, ElementHandle, Page, Response
from playwright.sync_api import TimeoutError as Timeout

PROBE = Path(__file__).with_name("page_probe.js")
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"

DESK = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "is_mobile": True, "has_touch": True}

SHIFT = 0.01
KILOBYTES_TEXT, KILOBYTES_FIGURES = 400, 1200
PATIENCE = 20_000  # milliseconds until a thing that does not happen counts as not happening

MARKUP = {
    "a role or directive": r"\{[a-z]+(:[a-z]+)?\}",
    "a fence": r":::|```",
    "an option": r"^\s*:[a-z-]+:(\s|$)",
    "a label": r"\((def|eq|thm|lem|cor|prp|exm|sol|alg|ex|fig|sec|err)-[\w-]+\)",
    "TeX": r"\$|\\[A-Za-z]+",
    "emphasis or a link": r"\*\*|\]\(",
}


@dataclass
class Visit:
    """A page that was loaded and scrolled to its end, and what it did meanwhile."""

    page: Page
    path: str
    asked: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    shifts: list[dict] = field(default_factory=list)

    def figures(self) -> list[ElementHandle]:
        return self.page.query_selector_all(".explore")


@contextmanager
def visiting(browser: Browser, site: str, path: str, reader: dict) -> Iterator[Visit]:
    context = browser.new_context(**reader)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(path=PROBE)
    page = context.new_page()
    visit = Visit(page, path)
    page.on("request", lambda request: visit.asked.append(request.url))
    page.on("response", lambda answer: visit.answers.append(answer))
    page.on("requestfailed", lambda request: visit.complaints.append(f"{request.url} failed: {request.failure}"))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("console", lambda said: visit.complaints.append(said.text) if said.type == "error" else None)
    page.goto(site + path)
    page.evaluate("probe.scroll()")
    try:
        page.wait_for_function("document.querySelectorAll('.explore:not(.live)').length === 0")
    except Timeout:
        visit.complaints.append("an interactive figure did not come to life")
    page.evaluate("probe.repaints(3)")
    visit.shifts = page.evaluate("probe.shifts")
    yield visit
    context.close()


@pytest.fixture(scope="module")
def desk(browser: Browser, site: str, path: str) -> Iterator[Visit]:
    with visiting(browser, site, path, DESK) as visit:
        yield visit


@pytest.fixture(scope="module")
def phone(browser: Browser, site: str, path: str) -> Iterator[Visit]:
    with visiting(browser, site, path, PHONE) as visit:
        yield visit


# Layout


@pytest.fixture(params=["desk", "phone"])
def visit(request: pytest.FixtureRequest, path: str) -> Visit:
    return request.getfixturevalue(request.param)


def test_nothing_moves_while_the_page_comes(visit):
    worst = sorted(visit.shifts, key=lambda shift: -shift["value"])[:5]
    assert sum(shift["value"] for shift in visit.shifts) < SHIFT, "\n".join(map(str, worst))


def test_the_page_does_not_scroll_sideways(visit):
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert visit.page.evaluate(wide) <= 0
    assert visit.page.evaluate("probe.outside()") == []


OVERLAID = """() => [...document.querySelectorAll("div.math")].filter(box => {
  const number = box.querySelector(".eqno")?.getBoundingClientRect();
  const formula = box.querySelector(".katex-display").getBoundingClientRect();
  return number && formula.right > number.left && formula.bottom > number.top;
}).map(box => box.id)"""


def test_no_formula_runs_into_its_number(visit):
    assert visit.page.evaluate(OVERLAID) == []


# Text


def test_no_markup_is_left(desk):
    text = desk.page.evaluate("probe.text()")
    found = {what: re.search(f".{{0,40}}({pattern}).{{0,40}}", text, re.MULTILINE) for what, pattern in MARKUP.items()}
    assert {what: match[0] for what, match in found.items() if match} == {}
    assert desk.page.locator(".katex-error").count() == 0


LOOSE = """() => [...document.querySelectorAll(".bd-article span.math")]
  .filter(math => /^[,.;:!?)\\]]/.test(math.nextSibling?.nodeValue ?? ""))
  .filter(math => getComputedStyle(math.parentElement).whiteSpace !== "nowrap")
  .map(math => math.parentElement.innerText.slice(0, 80))"""


def test_no_line_begins_with_the_comma_of_a_formula(desk):
    assert desk.page.evaluate(LOOSE) == []


# Interactive figures


def test_every_figure_comes_to_life(desk):
    for figure in desk.figures():
        assert figure.evaluate("figure => figure.matches('.live') && probe.frame(figure)")
        assert figure.query_selector("input, select")


def press(page: Page, figure: ElementHandle, key: str) -> dict | None:
    """Press a key and return the new frame; None if the frame stays or is not the only one."""
    before = figure.evaluate("probe.frame")
    page.keyboard.press(key)
    try:
        changed = "([figure, alt]) => (probe.frame(figure)?.alt ?? alt) !== alt"
        page.wait_for_function(changed, arg=[figure, before["alt"]])
    except Timeout:
        return None
    return figure.evaluate("probe.frame")


def walk(page: Page, figure: ElementHandle, control: ElementHandle) -> list[dict]:
    """Move a control by arrow keys to its first value, then to its last; return the frames from first to last."""
    menu = control.evaluate("control => control.matches('select')")
    back, forth = ("ArrowUp", "ArrowDown") if menu else ("ArrowLeft", "ArrowRight")
    control.focus()
    assert control.evaluate("control => control === document.activeElement"), "the control takes no focus"
    here, last = control.evaluate("probe.position")
    assert last >= 1
    for _ in range(here):
        assert press(page, figure, back), f"{back} changes nothing at {control.evaluate('probe.position')}"
    assert control.evaluate("probe.position") == [0, last]
    frames = [figure.evaluate("probe.frame")]
    for _ in range(last):
        frames.append(press(page, figure, forth))
        assert frames[-1], f"{forth} changes nothing at {control.evaluate('probe.position')}"
    assert control.evaluate("probe.position") == [last, last]
    return frames


def test_every_control_answers_to_the_keyboard(desk):
    for figure in desk.figures():
        figure.scroll_into_view_if_needed()
        figure.evaluate("figure => probe.watch(figure)")
        for control in figure.query_selector_all("input, select"):
            frames = walk(desk.page, figure, control)
            alike = [(a["alt"], b["alt"]) for a, b in zip(frames, frames[1:]) if a["src"] == b["src"]]
            assert alike == [], "neighbouring values show the same picture"
            assert [frame["alt"] for frame in frames if len(frame["alt"]) < 15] == []
        seen = desk.page.evaluate("probe.unwatch()")
        assert seen["samples"] > 0 and seen["other"] == [], "not exactly one picture was on view at every moment"


def test_play_starts_and_stops_by_keyboard(desk):
    for figure in desk.figures():
        for button in figure.query_selector_all(".play"):
            slider = button.evaluate_handle("button => button.parentElement.querySelector('input')").as_element()
            slider.focus()
            desk.page.keyboard.press("Home")
            figure.evaluate("figure => probe.watch(figure)")
            button.focus()
            assert press(desk.page, figure, "Enter"), "the play button does not move the figure"
            desk.page.keyboard.press("Enter")
            stopped = figure.evaluate("probe.frame")
            desk.page.wait_for_timeout(1100)  # two steps of a player that was not stopped
            assert figure.evaluate("probe.frame") == stopped
            assert desk.page.evaluate("probe.unwatch()")["other"] == []


# What was asked for, after the figures were used


def test_no_other_host_is_asked_and_nothing_goes_wrong(visit, site):
    assert [url for url in visit.asked if not url.startswith((site, "data:", "blob:"))] == []
    assert [answer.url for answer in visit.answers if answer.status >= 400] == []
    assert visit.complaints == []


TEXTS = ("text/", "application/javascript", "application/json", "image/svg+xml")
weights: dict[str, int] = {}


def weight(answer: Response) -> int:
    """The bytes that a server which compresses sends for an answer."""
    if answer.url not in weights:
        body, kind = answer.body(), answer.headers.get("content-type", "")
        weights[answer.url] = len(gzip.compress(body, 6) if kind.startswith(TEXTS) else body)
    return weights[answer.url]


def test_page_weight(desk, site):
    loaded = {answer.url: weight(answer) / 1000 for answer in desk.answers if answer.url.startswith(site)}
    heaviest = sorted(((round(size, 1), url.removeprefix(site)) for url, size in loaded.items()), reverse=True)[:8]
    limit = KILOBYTES_FIGURES if desk.figures() else KILOBYTES_TEXT
    total = sum(loaded.values())
    assert total <= limit, "\n".join(map(str, heaviest))


# Print

# The text in boxes that nobody can read: closed, or without height.
CLOSED = """(boxes) => [...document.querySelectorAll(boxes)]
    .flatMap((box) => [...box.children])
    .filter((element) => !element.matches("summary, script, style") && element.textContent.trim())
    .filter((element) => !element.checkVisibility() || !element.offsetHeight)
    .map((element) => element.parentElement.textContent.trim().slice(0, 60))"""


def test_print_shows_all(desk):
    desk.page.emulate_media(media="print")
    desk.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    frames = [figure.evaluate("probe.frame") for figure in desk.figures()]
    closed = desk.page.evaluate(CLOSED, ".bd-article details, .bd-article .admonition")
    desk.page.evaluate("dispatchEvent(new Event('afterprint'))")
    desk.page.emulate_media(media="screen")
    # The theme decides anew which boxes of code scroll; it has measured them on paper.
    desk.page.evaluate("dispatchEvent(new Event('resize')), probe.pause(600)")
    assert all(frames)
    assert closed == []


# Accessibility: last on each page, for it takes the formulas apart


def violations(page: Page) -> list[str]:
    """What axe finds, each fault with the elements at fault."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    # Colours on their way from one scheme to the other are not the ones to judge.
    page.evaluate("Promise.race([Promise.allSettled(document.getAnimations().map((change) => change.finished)), probe.pause(1000)])")
    page.evaluate("probe.thin()")
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {len(fault['nodes'])} times, such as\n"
        + "\n".join(f"    {node['html'][:200]}\n        {node['failureSummary']}" for node in fault["nodes"][:3])
        for fault in found
    ]


def test_accessible_in_light(desk):
    assert desk.page.get_attribute("html", "data-theme") == "light"
    found = violations(desk.page)
    assert not found, "\n".join(found)


def test_accessible_in_the_dark(desk):
    desk.page.emulate_media(color_scheme="dark")
    desk.page.wait_for_selector("html[data-theme=dark]")
    found = violations(desk.page)
    desk.page.emulate_media(color_scheme="light")
    desk.page.wait_for_selector("html[data-theme=light]")
    assert not found, "\n".join(found)


def test_accessible_on_a_phone_in_the_dark(phone):
    assert phone.page.get_attribute("html", "data-theme") == "dark"
    found = violations(phone.page)
    assert not found, "\n".join(found)


# Without the page's own scripts, and the search page's


def test_without_javascript(browser, site, path):
    context = browser.new_context(**DESK, java_script_enabled=False)
    page = context.new_page()
    page.goto(site + path)
    stills = page.query_selector_all(".explore img")
    assert len(stills) == len(page.query_selector_all(".explore"))
    for still in stills:
        still.scroll_into_view_if_needed()
        still.evaluate("image => image.decode()")  # raises if the picture cannot be shown
        assert still.is_visible()
        assert len(still.get_attribute("alt")) >= 15
    # <details> opens without a script.
    closed = page.evaluate(CLOSED, ".bd-article .admonition:not(details, details *)")
    context.close()
    assert closed == []


def test_search_finds(browser, site):
    with visiting(browser, site, "search.html?q=covariance", DESK) as visit:
        visit.page.wait_for_selector("#search-results li a")
        found = [link.get_attribute("href") for link in visit.page.query_selector_all("#search-results li a")]
        assert all((SITE / link.partition("#")[0].partition("?")[0]).is_file() for link in found)
        assert visit.complaints == []
