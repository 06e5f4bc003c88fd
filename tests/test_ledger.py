"""Claims, checks, errata and the source notes are tied together in both directions."""

from collections import Counter

import ledger
import pytest

NOTEBOOKS = ledger.notebooks()
KINDS = {"wrong", "misleading", "typo"}
VERDICTS = {"as printed", "corrected", "condition added", "definition", "pending"}

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def statements():
    return [statement for notebook in NOTEBOOKS for statement in ledger.statements(notebook)]


@pytest.fixture(scope="module")
def refutations():
    calls = [call for notebook in NOTEBOOKS for call in ledger.assertions(notebook) if call.function == "refute"]
    return {call.label: call for call in calls}


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 3


def test_labels_are_unique_in_the_book(statements):
    assert [label for label, count in Counter(s.label for s in statements).items() if count > 1] == []


@each_notebook
def test_labels_begin_with_a_known_word(notebook):
    known = (*ledger.CLAIMS, *ledger.OTHERS)
    labels = [s.label for s in ledger.statements(notebook) if s.label != notebook.stem]
    assert [label for label in labels if label.split("-")[0] not in known] == []


@each_notebook
def test_every_claim_is_checked_and_nothing_else_is(notebook):
    claims = {s.label for s in ledger.statements(notebook) if ledger.is_claim(s.label)}
    checked = {a.label for a in ledger.assertions(notebook) if a.function != "refute"}
    assert claims - checked == set(), "claims that no check asserts"
    assert checked - claims == set(), "checks of no claim on the page"


@each_notebook
def test_the_index_of_claims_lists_every_notebook(notebook):
    chapter = int(notebook.parent.name[:2])
    index = (ledger.ROOT / "reference" / f"claims-{chapter}.md").read_text(encoding="utf-8")
    assert f"{{claims}} {notebook.stem}\n" in index


@each_notebook
def test_every_check_has_stored_the_line_that_it_prints(notebook):
    """A cell without stored output is executed by nbval, but never compared."""
    outputs = {
        cell["id"]: "".join("".join(o.get("text", "")) for o in cell["outputs"]) for cell in ledger.cells(notebook, "code")
    }
    for call in ledger.assertions(notebook):
        line = f"{call.label} {'refuted' if call.function == 'refute' else 'holds'}"
        assert line in outputs[call.cell], f"cell {call.cell} does not store the line of {call.label}: run `make store`"


def test_errata_are_complete_and_well_formed():
    entries = ledger.errata()
    assert [i for i, count in Counter(e["id"] for e in entries).items() if count > 1] == []
    for entry in entries:
        wanted = {"id", "note", "place", "printed", "correct", "kind"}
        if entry["kind"] != "typo":
            wanted |= {"notebook", "cell"}
        assert set(entry) == wanted, entry["id"]
        assert entry["kind"] in KINDS, entry["id"]
        assert entry["note"] in (1, 2, 3, 4) and entry["id"].startswith(f"n{entry['note']}-"), entry["id"]


def test_every_erratum_is_refuted_where_it_says_and_boxed_on_the_page(refutations, statements):
    boxes = {s.label: s.notebook for s in statements if s.label.startswith("err-")}
    entries = {e["id"]: e for e in ledger.errata() if e["kind"] != "typo"}
    assert set(entries) == set(refutations), "errata and refutations differ"
    assert {f"err-{i}" for i in entries} == set(boxes), "errata and their boxes differ"
    for i, entry in entries.items():
        call = refutations[i]
        assert (entry["notebook"], entry["cell"]) == (call.notebook.as_posix(), call.cell), i
        assert boxes[f"err-{i}"] == call.notebook, i


def test_every_row_of_the_source_map_points_at_a_place_of_the_book(statements):
    labels = {s.label: s.notebook.as_posix() for s in statements}
    written = {path.as_posix() for path in NOTEBOOKS}
    errata = {e["id"] for e in ledger.errata()}
    for row in ledger.source_map():
        where = f"note {row['note']}, {row['place']}"
        assert set(row) <= {"note", "place", "says", "notebook", "label", "verdict", "errata"}, where
        assert row["verdict"] in VERDICTS, where
        if row["verdict"] == "pending":
            assert "label" not in row and row["notebook"] not in written, f"{where}: its notebook is written"
        else:
            assert labels.get(row["label"]) == row["notebook"], f"{where}: {row.get('label')} is not in {row['notebook']}"
        assert set(row.get("errata", [])) <= errata, where
        assert (row["verdict"] != "corrected") or row.get("errata"), f"{where} is corrected but names no erratum"


def test_every_erratum_belongs_to_a_statement_of_its_note():
    rows = ledger.source_map()
    for entry in ledger.errata():
        assert any(r["note"] == entry["note"] and entry["id"] in r.get("errata", []) for r in rows), entry["id"]


def test_every_numbered_equation_and_section_of_the_notes_has_its_place():
    places = {note: {str(row["place"]) for row in ledger.source_map() if row["note"] == note} for note in (1, 2, 3, 4)}
    assert {f"({n})" for n in range(1, 83)} - places[4] == set()
    assert {f"3.{n}" for n in range(1, 8)} - places[3] == set()
    sections_of_note_1 = "1 1.1 1.2 1.3 1.4 1.5 2 2.1 2.2 2.3 2.4 2.5 3 3.1 3.2 3.3 3.4 exercise".split()
    assert {s if s == "exercise" else f"11.2.{s}" for s in sections_of_note_1} - places[1] == set()
    sections_of_note_2 = "I.1 I.2 I.2.1 I.2.2 I.2.3 I.2.4 I.3.1 I.3.2 I.3.3 I.4.1 I.4.2 I.4.3 II.1.1 II.1.2 II.1.3 II.4 III.1 III.2 III.3"
    assert set(sections_of_note_2.split()) - places[2] == set()
