"""What search engines and sharing cards show of a page: its first paragraph and one picture for the whole site."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.application import Sphinx

CARD = "_static/card.png"
BACKGROUND, ACCENT = "#0b4f7d", "#f2b32a"


def describe(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Add the description and the tags of the sharing card; both are plain text, so the paragraph holds no formula."""
    if doctree is None:  # the search page
        description = f"Search the pages of {app.config.html_title}."
    else:
        paragraph = next(p for p in doctree.findall(nodes.paragraph) if p.parent.tagname == "section")
        description = " ".join(paragraph.astext().split())
    own = context.get("title", "Search")
    title = own if pagename == "intro" else f"{own} | {app.config.html_title}"
    tags = {
        "og:title": nodes.Text(title).astext(),
        "og:description": description,
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:image:alt": f"{app.config.html_title}: an ellipse with its principal axes",
    }
    if app.config.html_baseurl:  # a card needs absolute addresses
        tags["og:url"] = urljoin(app.config.html_baseurl, app.builder.get_target_uri(pagename))
        tags["og:image"] = urljoin(app.config.html_baseurl, CARD)
    context.setdefault("metatags", "")
    context["metatags"] += f'<meta name="description" content="{escape(description)}" />\n'
    context["metatags"] += '<meta name="twitter:card" content="summary_large_image" />\n'
    for name, content in tags.items():
        context["metatags"] += f'<meta property="{name}" content="{escape(content)}" />\n'


def draw_card(app: Sphinx, exception: Exception | None) -> None:
    """The picture of the sharing card, 1200 by 630 pixels."""
    if exception or app.builder.format != "html":
        return
    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor=BACKGROUND)
    figure.text(0.06, 0.60, "Executable\nMathematics for\nMachine Learning", color="white", size=44, weight="bold", va="center")
    figure.text(0.06, 0.20, "every claim runs", color=ACCENT, size=28)
    ax = figure.add_axes((0.56, 0.08, 0.42, 0.84))
    ax.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
    ax.axis("off")
    axes = np.array([[1.5, -0.5], [0.9, 0.9]]) @ np.diag([1.0, 0.75])
    points = np.random.default_rng(4).normal(size=(160, 2)) @ axes.T
    ax.plot(*points.T, ".", color="white", alpha=0.45, ms=7)
    u, s, _ = np.linalg.svd(axes)
    angle = np.linspace(0, 2 * np.pi, 200)
    for scale in (1, 2):
        ax.plot(*(u @ np.diag(scale * s) @ [np.cos(angle), np.sin(angle)]), color="white", lw=3)
    for direction, length in zip(u.T, s):
        ax.plot(*np.outer(direction, [0, 2 * length]), color=ACCENT, lw=5, solid_capstyle="round")
    figure.savefig(Path(app.outdir, CARD))


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", describe)
    app.connect("build-finished", draw_card)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
