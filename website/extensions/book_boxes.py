"""Proofs, exercises and solutions as plain HTML: what is folded is a ``<details>``, which needs no script.
Formulas and the punctuation that touches them stay on one line.

sphinx-proof and sphinx-exercise give the bodies of their boxes one id for all, and leave the folding to a script.
"""

from __future__ import annotations

import re
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_exercise.nodes import solution_node
from sphinx_proof.nodes import proof_node

# What may touch a formula: an opening bracket or quotation mark; an ending such as "-th", closing marks.
BEFORE = re.compile(r"[(\[“‘]*$")
AFTER = re.compile(r"^(?:[-’]\w+)?[,.;:!?)\]”’]*")

SHARED_IDS = {"proof-content", "exercise-content", "solution-content"}


def tidy(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.format != "html":
        return
    for body in list(doctree.findall(nodes.section)):
        if SHARED_IDS & set(body["ids"]):
            _replace(body, nodes.container("", *body.children, classes=["box-body"]))
    for proof in list(doctree.findall(proof_node)):
        box = proof[0]
        # The directive writes the word before the first paragraph, as text.
        text = next(box.findall(nodes.Text))
        text.parent.replace(text, nodes.Text(text.astext().removeprefix("Proof. ")))
        if "dropdown" in box["classes"]:
            _replace(proof, *_fold("proof", "Proof", box.children))
        else:
            heading = nodes.paragraph("", "Proof", classes=["admonition-title"])
            _replace(proof, nodes.container("", heading, *box.children, classes=["proof", "admonition"]))
    for solution in list(doctree.findall(solution_node)):
        title, *body = solution.children
        _replace(solution, *_fold("solution", " ".join(title.astext().split()), body, solution["ids"]))


def bind_punctuation(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Browsers break a line between an inline formula and the comma behind it, unless told not to."""
    for formula in list(doctree.findall(nodes.math)):
        siblings, place = formula.parent.children, formula.parent.index(formula)
        texts = [siblings[i] if 0 <= i < len(siblings) else None for i in (place - 1, place + 1)]
        before, after = (text.astext() if isinstance(text, nodes.Text) else "" for text in texts)
        opening, closing = BEFORE.search(before)[0], AFTER.match(after)[0]
        if opening or closing:
            bound = nodes.inline("", "", nodes.Text(opening), formula.deepcopy(), nodes.Text(closing), classes=["bound"])
            pieces = [nodes.Text(before.removesuffix(opening)), bound, nodes.Text(after.removeprefix(closing))]
            first, last = (isinstance(text, nodes.Text) for text in texts)
            formula.parent[place - first : place + 1 + last] = pieces


def _replace(old: nodes.Node, *new: nodes.Node) -> None:
    """Put nodes in the place of another; unlike ``replace_self`` this hands on neither its ids nor its classes."""
    place = old.parent.index(old)
    old.parent[place : place + 1] = new


def _fold(kind: str, summary: str, children: list, ids: list = ()) -> list[nodes.Node]:
    anchor = f' id="{ids[0]}"' if ids else ""
    opening = f'<details class="fold {kind}"{anchor}><summary>{escape(summary)}</summary>'
    return [nodes.raw("", opening, format="html"), *children, nodes.raw("", "</details>", format="html")]


def setup(app: Sphinx) -> dict:
    app.connect("doctree-resolved", tidy)
    app.connect("doctree-resolved", bind_punctuation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
