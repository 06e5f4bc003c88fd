"""The rules of style of CONTRIBUTING.md that a program can check; the numbers are the rules'."""

import re

import ledger
import pytest

NOTEBOOKS = ledger.notebooks()
PAGES = sorted(
    path.relative_to(ledger.ROOT)
    for pattern in ("*.md", "chapters/**/*.md", "reference/*.md", "assignments/*.md")
    for path in ledger.ROOT.glob(pattern)
)

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
each_page = pytest.mark.parametrize("page", PAGES, ids=str)


def prose(source: str) -> str:
    """Markdown without its code."""
    source = re.sub(r"^```(?!\{).*?^```$", "", source, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", source)


@each_notebook
def test_rule_1_cells_have_meaningful_ids(notebook):
    ids = [cell["id"] for cell in ledger.cells(notebook, "markdown", "code")]
    assert [i for i in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", i)] == []
    assert [i for i in ids if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4})*", i)] == [], "ids that are hashes"


@each_notebook
def test_rule_2_every_heading_has_a_label(notebook):
    first = True
    for cell in ledger.cells(notebook, "markdown"):
        lines = prose(cell["source"]).splitlines()
        for number, line in enumerate(lines):
            if re.match(r"#{1,6} ", line):
                label = re.fullmatch(r"\(([a-z0-9-]+)\)=", lines[number - 1]) if number else None
                assert label, f"cell {cell['id']}: no label before {line!r}"
                assert (label[1] == notebook.stem) if first else label[1].startswith("sec-"), f"cell {cell['id']}: {label[1]}"
                first = False


@each_notebook
def test_rule_3_every_display_has_a_label_and_no_numbered_environment(notebook):
    for cell in ledger.cells(notebook, "markdown"):
        text = prose(cell["source"])
        fences = re.findall(r"^\s*\$\$.*$", text, re.MULTILINE)
        assert len(fences) % 2 == 0, f"cell {cell['id']}: an unpaired $$"
        for closing in fences[1::2]:
            assert re.fullmatch(r"\$\$ \([a-z0-9-]+\)", closing), f"cell {cell['id']}: {closing!r} has no label"
        assert "](#eq-" not in text, f"cell {cell['id']}: such a link shows the number alone; write {{eq}} for an equation"
        assert "](#sol-" not in text, f"cell {cell['id']}: sphinx-exercise cannot link to a solution; link to its exercise"
        assert not re.search(r"\\begin\{(align|equation|gather|eqnarray)\*?\}", text), f"cell {cell['id']}"


@each_notebook
def test_rule_3_no_wrapped_formula_turns_into_a_list(notebook):
    """A line that begins with a plus or minus sign inside a formula begins a list in Markdown."""
    for cell in ledger.cells(notebook, "markdown"):
        for paragraph in re.split(r"\n\s*\n", re.sub(r"^\$\$\n.*?^\$\$", "", prose(cell["source"]), flags=re.M | re.S)):
            lines = paragraph.splitlines()
            for number, line in enumerate(lines):
                open_formula = "\n".join(lines[:number]).replace("\\$", "").count("$") % 2
                assert not (open_formula and re.match(r"([-+*#>]|\d+[.)])\s|[=-]+\s*$", line)), f"cell {cell['id']}: {line!r}"


@each_notebook
def test_rule_7_figures_have_captions_and_alternative_texts(notebook):
    content = ledger.cells(notebook, "markdown", "code")
    captions = 0
    for cell, following in zip(content, content[1:]):
        if following["cell_type"] == "markdown" and re.match(r"\(fig-[a-z0-9-]+\)=", following["source"]):
            captions += 1
            assert cell["cell_type"] == "code", f"caption {following['id']} does not follow a code cell"
            body = following["source"].split("\n", 1)[1].strip()
            assert "\n\n" not in body and len(body) > 40, f"caption {following['id']} is not one paragraph"
    assert captions >= 2
    for cell in ledger.cells(notebook, "code"):
        for output in cell["outputs"]:
            if "image/png" in output.get("data", {}):
                alt = "".join(output["data"]["text/plain"])
                assert len(alt) > 15 and not alt.startswith("<"), f"cell {cell['id']}: {alt!r} is no alternative text"


@each_notebook
def test_rule_8_plain_markdown_and_readable_lines(notebook):
    levels = []
    for cell in ledger.cells(notebook, "markdown"):
        text = prose(cell["source"])
        assert not re.search(r"</?[a-z]+[^<>$]*>", re.sub(r"\$[^$]*\$", "", text)), f"cell {cell['id']}: raw HTML"
        assert not re.search("[\U0001f000-\U0001faff\u2600-\u27bf]", text), f"cell {cell['id']}: an emoji"
        levels += [len(m[1]) for m in re.finditer(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), "a heading level is skipped"
    for cell in ledger.cells(notebook, "code"):
        assert [line for line in cell["source"].splitlines() if len(line) > 120] == [], f"cell {cell['id']}"


@each_notebook
def test_the_anatomy_of_a_notebook(notebook):
    sources = [cell["source"] for cell in ledger.cells(notebook, "markdown")]
    text = "\n".join(sources)
    assert re.search(r":class:.*\bobjectives\b", text) and "By the end" in text and "Estimated time" in text
    for heading in ("Summary", "Exercises", "Sources"):
        assert re.search(rf"^## {heading}$", text, re.MULTILINE), f"no section {heading}"
    labels = {s.label for s in ledger.statements(notebook)}
    exercises = {label for label in labels if label.startswith("ex-")}
    assert len(exercises) >= 4
    assert {f"sol-{label.removeprefix('ex-')}" for label in exercises} == {s for s in labels if s.startswith("sol-")}
    assert "explore(" in "\n".join(cell["source"] for cell in ledger.cells(notebook, "code"))


@each_notebook
def test_the_first_paragraph_describes_the_page(notebook):
    """It becomes the description that search engines and sharing cards show, where no formula is rendered."""
    paragraph = ledger.cells(notebook, "markdown")[0]["source"].split("\n\n")[1]
    assert len(paragraph) >= 80 and not re.search(r"[$`{\\]", paragraph), paragraph


@each_page
def test_pages_are_free_of_html_and_of_unlabelled_headings(page):
    if page.name in ("README.md", "CONTRIBUTING.md"):
        return
    text = prose((ledger.ROOT / page).read_text(encoding="utf-8").split("\n---\n")[-1])
    assert not re.search(r"</?[a-z]+[^<>$]*>", re.sub(r"\$[^$]*\$", "", text))
    for heading in re.finditer(r"^(.*)\n#{1,6} .*$", text, re.MULTILINE):
        assert re.fullmatch(r"\([a-z0-9-]+\)=", heading[1]), heading[0]
