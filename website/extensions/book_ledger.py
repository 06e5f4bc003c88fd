"""Directives of the reference pages, which are generated from the claim ledger: errata, source map, index of claims."""

from __future__ import annotations

import ledger
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class LedgerDirective(SphinxDirective):
    """Parse generated Markdown in place, and be read again whenever the ledger changes."""

    def run(self) -> list:
        for path in ("chapters/errata.yml", "chapters/source_map.yml", *ledger.notebooks()):
            self.env.note_dependency(str(ledger.ROOT / path))
        container = nodes.Element()
        self.state.nested_parse(StringList(self.markdown().splitlines(), source="ledger"), self.content_offset, container)
        return container.children


class Errata(LedgerDirective):
    """The errata of one note: ``{errata} 4``."""

    required_arguments = 1

    def markdown(self) -> str:
        rows = [
            (
                entry["place"],
                entry["printed"],
                entry["correct"],
                f"{entry['kind']}, [refuted here](#err-{entry['id']})" if entry["kind"] != "typo" else "typo",
            )
            for entry in ledger.errata()
            if str(entry["note"]) == self.arguments[0]
        ]
        return _table(("Place", "The note prints", "Right is", "Kind"), (12, 36, 36, 16), rows)


class SourceMap(LedgerDirective):
    """Where the statements of one note stand in the book: ``{source-map} 4``."""

    required_arguments = 1

    def markdown(self) -> str:
        rows = [
            (
                entry["place"],
                entry["says"],
                f"[{entry['label']}](#{entry['label']})" if "label" in entry else "",
                ", ".join(
                    [entry["verdict"]]
                    + [f"[erratum](#err-{e})" if e in self.refuted() else "typo" for e in entry.get("errata", [])]
                ),
            )
            for entry in ledger.source_map()
            if str(entry["note"]) == self.arguments[0]
        ]
        return _table(("Place", "What it states", "In the book", "Verdict"), (14, 46, 22, 18), rows)

    def refuted(self) -> set[str]:
        return {entry["id"] for entry in ledger.errata() if entry["kind"] != "typo"}


class Claims(LedgerDirective):
    """Every claim of one notebook with the cell that checks it: ``{claims} markov-chains``."""

    required_arguments = 1

    def markdown(self) -> str:
        notebook = next(path for path in ledger.notebooks() if path.stem == self.arguments[0])
        checks = {a.label: a.cell for a in ledger.assertions(notebook) if a.function != "refute"}
        rows = []
        for statement in ledger.statements(notebook):
            if ledger.is_claim(statement.label):
                what = f"$$\n{statement.latex}\n$$" if statement.latex else statement.title or "solution"
                anchor = ledger.cell_anchor(notebook, checks[statement.label])
                rows.append((f"[{statement.label}](#{statement.label})", what, f"{{ref}}`check <{anchor}>`"))
        return _table(("Label", "Statement", "Check"), (26, 62, 12), rows)


def _table(head: tuple, widths: tuple, rows: list[tuple]) -> str:
    """A Markdown list-table: unlike a pipe table, its cells may hold any formula."""
    lines = ["::::{list-table}", ":header-rows: 1", f":widths: {' '.join(map(str, widths))}", ":class: ledger", ""]
    for row in [head, *rows]:
        for i, cell in enumerate(row):
            first, *rest = str(cell).splitlines() or [""]
            lines.append(f"{'* ' if i == 0 else '  '}- {first}")
            lines.extend(f"    {line}" for line in rest)
    return "\n".join([*lines, "::::"])


def register_statements(app: Sphinx, env) -> None:
    """Let Markdown links find theorems and their like: sphinx-proof keeps their labels to its own role."""
    std = env.get_domain("std")
    for label, entry in getattr(env, "proof_list", {}).items():
        place = (entry["docname"], entry["ids"][0])
        std.anonlabels[label] = place
        std.labels[label] = (*place, entry["realtype"].capitalize())


def setup(app: Sphinx) -> dict:
    app.connect("env-updated", register_statements)
    app.add_directive("errata", Errata)
    app.add_directive("source-map", SourceMap)
    app.add_directive("claims", Claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
