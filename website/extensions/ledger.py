"""Read the claim ledger: what the notebooks state, what they check, and what the YAML files say of the notes.

The reference pages are generated from it, and ``tests/test_ledger.py`` holds its parts together.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[2]

# The first word of a label says what it names; see CONTRIBUTING.md.
CLAIMS = ("eq", "thm", "lem", "cor", "prp", "exm", "sol")
OTHERS = ("def", "alg", "ex", "fig", "sec", "err")

LABEL = re.compile(
    r"^\((?P<target>[^()\s]+)\)=\s*$"
    r"|^\$\$\s*\((?P<equation>[^()\s]+)\)\s*$"
    r"|^:label:\s*(?P<directive>\S+)\s*$",
    re.MULTILINE,
)
DISPLAY = re.compile(r"^\$\$\n(?P<latex>.*?)\n\$\$\s*\((?P<label>[^()\s]+)\)\s*$", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"^[`:]{3,}\{[a-z:]+\}[ ]?(?P<title>[^\n]*)\n(?::[a-z]+:[^\n]*\n)*?:label: (?P<label>\S+)", re.MULTILINE)


class Statement(NamedTuple):
    """A label on a page, the notebook and cell where it stands, and its formula or title."""

    label: str
    notebook: Path
    cell: str
    latex: str | None
    title: str | None


class Assertion(NamedTuple):
    """A call of ``check``, ``check_that`` or ``refute`` and the code cell that makes it."""

    function: str
    label: str
    notebook: Path
    cell: str


def notebooks() -> list[Path]:
    """The notebooks in the order of the table of contents, relative to the root."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    files = [section["file"] for chapter in chapters for section in chapter.get("sections", [])]
    return [path for path in (Path(f"{file}.ipynb") for file in files) if (ROOT / path).is_file()]


def cells(notebook: Path, *kinds: str) -> list[dict]:
    """The cells of the given kinds (``"markdown"``, ``"code"``) in order, each with its source as one string."""
    content = json.loads((ROOT / notebook).read_text(encoding="utf-8"))
    return [{**cell, "source": "".join(cell["source"])} for cell in content["cells"] if cell["cell_type"] in kinds]


def title(notebook: Path) -> str:
    return next(m[1] for cell in cells(notebook, "markdown") if (m := re.search(r"^# (.+)$", cell["source"], re.MULTILINE)))


def statements(notebook: Path) -> list[Statement]:
    """Every label of a notebook, in the order of the page."""
    found = []
    for cell in cells(notebook, "markdown"):
        formulas = {m["label"]: m["latex"] for m in DISPLAY.finditer(cell["source"])}
        titles = {m["label"]: m["title"].strip() for m in DIRECTIVE.finditer(cell["source"])}
        for match in LABEL.finditer(cell["source"]):
            label = match[match.lastgroup]
            found.append(Statement(label, notebook, cell["id"], formulas.get(label), titles.get(label)))
    return found


def is_claim(label: str) -> bool:
    return label.split("-")[0] in CLAIMS


def assertions(notebook: Path) -> list[Assertion]:
    """Every call of a checking function in a notebook; its label must be written out, so that it can be read here."""
    found = []
    for cell in cells(notebook, "code"):
        for node in ast.walk(ast.parse(cell["source"])):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id in ("check", "check_that", "refute"):
                label = node.args[0] if node.args else None
                if not (isinstance(label, ast.Constant) and isinstance(label.value, str)):
                    raise ValueError(f"{notebook}, cell {cell['id']}: {node.func.id} needs its label as a string")
                found.append(Assertion(node.func.id, label.value, notebook, cell["id"]))
    return found


def errata() -> list[dict]:
    return yaml.safe_load((ROOT / "chapters" / "errata.yml").read_text(encoding="utf-8")) or []


def source_map() -> list[dict]:
    return yaml.safe_load((ROOT / "chapters" / "source_map.yml").read_text(encoding="utf-8")) or []


def cell_anchor(notebook: Path | str, cell: str) -> str:
    """The label under which the website can link to a code cell."""
    return f"cell-{Path(notebook).stem}-{cell}"
