"""Figures of the notebooks on the website.

A figure is an output of a code cell; its caption is the paragraph in the next cell, under a label ``fig-...``. Here the
two become one numbered ``<figure>``, with the alternative text and the size that the output carries.

Of an interactive figure the page shows the still picture and native controls, read from the widget that the notebook
holds. ``static/figures.js`` fetches the frames when the reader comes near and lets the controls choose among them. The
general player of Jupyter widgets would do the same with half a megabyte of script, and without names for its sliders.
"""

from __future__ import annotations

import json
import re
from html import escape, unescape
from pathlib import Path

from docutils import nodes
from ledger import cell_anchor
from mlmath_helpers.explore import DENSITY
from PIL import Image
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


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
    """Give pictures the alternative text and the size of their output, and interactive figures their controls."""

    default_priority = 3  # before MyST-NB chooses one of the formats of an output
    formats = ("html",)

    def run(self, **kwargs) -> None:
        self.document["frames"] = {}
        for bundle in list(self.document.findall(lambda n: _is(n, "mime_bundle"))):
            outputs = {container["mime_type"]: container for container in bundle.children}
            if "image/png" not in outputs:
                continue
            picture = next(outputs["image/png"].findall(nodes.image))
            picture["alt"] = outputs["text/plain"].astext().strip()
            with Image.open(Path(self.env.srcdir) / picture["uri"]) as image:
                width, height = (round(side / DENSITY) for side in image.size)
            picture["width"], picture["height"] = str(width), str(height)
            picture["classes"].append("no-scaled-link")  # it is shown at full size: no link to itself
            if WIDGET_VIEW in outputs:
                view = next(outputs[WIDGET_VIEW].findall(nodes.raw)).astext()
                controls, frames = exploration(self.models(), re.search(r'"model_id": ?"([^"]+)"', view)[1])
                key = f"explore-{len(self.document['frames']) + 1}"
                self.document["frames"][key] = frames
                before = nodes.raw("", f'<div class="explore" id="{key}">{_controls(key, controls)}', format="html")
                after = nodes.raw("", '<p class="visually-hidden" role="status"></p></div>', format="html")
                bundle.replace_self([before, picture.deepcopy(), after])
            else:
                picture["loading"] = "lazy"

    def models(self) -> dict:
        """The widget models of the page, as the kernel left them."""
        return json.loads(self.env.nb_metadata[self.env.docname]["js_files"]["ipywidgets_state"][1]["body"])["state"]


def exploration(models: dict, root: str) -> tuple[list[dict], list[tuple[str, str]]]:
    """The controls and the frames (source and alternative text) of a widget that ``mlmath_helpers.explore`` made.

    The frames are in the order of the controls' values, the last control's running fastest.
    """

    def find(reference: str) -> dict:
        return models[reference.removeprefix("IPY_MODEL_")]

    def flatten(model: dict) -> list[tuple[str, str]]:
        if model["model_name"] == "StackModel":
            return [frame for child in model["state"]["children"] for frame in flatten(find(child))]
        source, alt = (re.search(f'{name}="([^"]*)"', model["state"]["value"])[1] for name in ("src", "alt"))
        return [(source, unescape(alt))]

    *rows, stack = (find(child) for child in models[root]["state"]["children"])
    controls = []
    for row in rows:
        *player, selector = [find(child) for child in row["state"].get("children", [])] or [row]
        controls.append(
            {
                "name": selector["state"]["description"],
                "labels": selector["state"]["_options_labels"],
                "index": selector["state"]["index"],
                "menu": selector["model_name"] == "DropdownModel",
                "interval": player[0]["state"]["interval"] if player else None,
            }
        )
    return controls, flatten(stack)


def _controls(key: str, controls: list[dict]) -> str:
    """Native controls: they are there with the text, and every browser and screen reader knows them."""
    parts = []
    for number, control in enumerate(controls, 1):
        name, labels, index = escape(control["name"]), control["labels"], control["index"]
        label = f'<label for="{key}-{number}">{name}</label>'
        if control["menu"]:
            choices = "".join(
                f"<option{' selected' if i == index else ''}>{escape(text)}</option>" for i, text in enumerate(labels)
            )
            field = f'<select id="{key}-{number}" autocomplete="off">{choices}</select>'
        else:
            field = (
                f'<input type="range" id="{key}-{number}" min="0" max="{len(labels) - 1}" step="1" value="{index}" '
                f'autocomplete="off" aria-valuetext="{escape(labels[index])}" data-labels="{escape(json.dumps(labels))}">'
                f'<output for="{key}-{number}">{escape(labels[index])}</output>'
            )
        if control["interval"]:
            field += (
                f'<button type="button" class="play" data-interval="{control["interval"]}" aria-label="Play {name}">'
                '<i class="fa-solid fa-play"></i></button>'
            )
        parts.append(f"{label}<span>{field}</span>")
    return f'<div class="controls pst-js-only">{"".join(parts)}</div>'


def write_frames(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Put the frames of a page's figures into a file of their own, which a reader of the text need not wait for."""
    scripts = context.get("script_files", [])
    scripts[:] = [script for script in scripts if script.attributes.get("type") != WIDGET_STATE]
    context["frames"] = None
    if doctree is not None and doctree.get("frames"):
        file = Path("_static", "frames", f"{pagename}.js")
        target = Path(app.outdir, file)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"window.exploreFrames = {json.dumps(doctree['frames'], ensure_ascii=False)};\n", encoding="utf-8")
        context["frames"] = file.as_posix()


def setup(app: Sphinx) -> dict:
    app.add_transform(Captions)
    app.add_transform(CellAnchors)
    app.add_post_transform(Pictures)
    app.connect("html-page-context", write_frames, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
