"""The button "Run this page": it opens the page's notebook, in a tab of its own, where Python runs in the browser.

`website/lite.py` builds what it opens.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx


def add_button(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if doctree is None or Path(app.env.doc2path(pagename)).suffix != ".ipynb":
        return
    address = context["pathto"]("run/notebooks/index.html", 1)  # relative, so that the site may lie in any folder
    button = {
        "type": "link",
        "url": f"{address}?path={pagename.removeprefix('chapters/')}.ipynb",
        "text": "Run this page",
        "icon": "fas fa-play",
        "tooltip": "Opens the notebook in a new tab and runs it there; nothing has to be installed",
        "label": "run-button",
    }
    context["header_buttons"].insert(0, button)


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", add_button, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
