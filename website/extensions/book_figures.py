"""Figures of the notebooks on the website.

A figure is an output of a code cell; its caption is the paragraph in the next cell, under a label ``fig-...``. Here the
two become one numbered ``<figure>``, with the alternative text and the size that the output carries. An interactive
figure starts as its still picture; ``static/figures.js`` brings it to life when the reader comes near.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from ledger import cell_anchor
from PIL import Image
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
STYLE_DPI = 1.5  # pixels of a picture to one of the page: mlmath_helpers.explore.DENSITY


def _is(node: nodes.Node, element: str) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == element


class Captions(SphinxTransform):
    """Join each paragraph labelled ``fig-...`` to the output of the code cell before it."""

    default_priority = 270  # after the labels have moved from their targets to the paragraphs

    def apply(self) -> None:
        for caption in list(self.document.findall(nodes.paragraph)):
            if not any(name.startswith("fig-") for name in caption["names"]):
                continue
            siblings = caption.parent.children
            before = [node for node in siblings[: siblings.index(caption)] if not isinstance(node, nodes.target)]
            outputs = list(before[-1].findall(lambda n: _is(n, "cell_code_output"))) if before else []
            if not outputs:
                logger.warning("no output of a code cell stands before this caption", location=caption)
                continue
            figure = nodes.figure(ids=caption["ids"], names=caption["names"], classes=["book-figure"])
            figure.source, figure.line = caption.source, caption.line
            outputs[0].replace_self(figure)
            figure += [outputs[0], nodes.caption("", "", *caption.children)]
            caption.parent.remove(caption)
            for label in figure["ids"]:
                self.document.ids[label] = figure


class CellAnchors(SphinxTransform):
    """Give every code cell a label of its own, so that the reference pages can point at a check."""

    default_priority = 271

    def apply(self) -> None:
        path = Path(self.env.doc2path(self.env.docname))
        if path.suffix != ".ipynb":
            return
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for node in self.document.findall(lambda n: _is(n, "cell_code")):
            node["names"].append(cell_anchor(path, cells[node["cell_index"]]["id"]))
            self.document.note_explicit_target(node, node)


class Pictures(SphinxPostTransform):
    """Give pictures the alternative text and the size of their output, and interactive figures their still."""

    default_priority = 3  # before MyST-NB chooses one of the formats of an output
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for bundle in list(self.document.findall(lambda n: _is(n, "mime_bundle"))):
            outputs = {container["mime_type"]: container for container in bundle.children}
            if "image/png" not in outputs:
                continue
            picture = next(outputs["image/png"].findall(nodes.image))
            picture["alt"] = outputs["text/plain"].astext().strip()
            with Image.open(Path(self.env.srcdir) / picture["uri"]) as image:
                width, height = (round(side / STYLE_DPI) for side in image.size)
            picture["width"], picture["height"] = str(width), str(height)
            if WIDGET_VIEW in outputs:
                view = next(outputs[WIDGET_VIEW].findall(nodes.raw))
                picture["classes"].append("still")
                # The style sheet keeps room for the rows of controls, so that nothing moves when they appear.
                rows = len(self.model(view)["state"]["children"]) - 1
                before = nodes.raw("", f'<div class="explore" style="--controls: {rows}">', format="html")
                after = nodes.raw("", "</div>", format="html")
                bundle.replace_self([before, picture.deepcopy(), view.deepcopy(), after])
            else:
                picture["loading"] = "lazy"


    def model(self, view: nodes.raw) -> dict:
        """The widget model that a view on the page belongs to."""
        state = json.loads(self.env.nb_metadata[self.env.docname]["js_files"]["ipywidgets_state"][1]["body"])
        return state["state"][re.search(r'"model_id": ?"([^"]+)"', view.astext())[1]]


def move_widget_state(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Put the frames of a page's figures into a file of their own, which a reader of the text need not wait for."""
    scripts = context.get("script_files", [])
    states = [script for script in scripts if script.attributes.get("type") == WIDGET_STATE]
    scripts[:] = [script for script in scripts if script not in states]
    context["widget_state"] = None
    if states:
        file = Path("_static", "frames", f"{pagename}.js")
        target = Path(app.outdir, file)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"window.widgetState = {json.dumps(states[0].attributes['body'])};\n", encoding="utf-8")
        context["widget_state"] = file.as_posix()


def setup(app: Sphinx) -> dict:
    app.add_transform(Captions)
    app.add_transform(CellAnchors)
    app.add_post_transform(Pictures)
    app.connect("html-page-context", move_widget_state, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
