"""The assignments: masters that earn all points, students' versions that are up to date and give nothing away."""

import functools
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
ASSIGNMENTS = sorted(path.name for path in (ROOT / "assignments" / "source").iterdir())
SECRET = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.DOTALL)


def notebook(kind, name):
    return nbformat.read(ROOT / "assignments" / kind / name / f"{name}.ipynb", 4)


@functools.cache
def in_the_chapters():
    """The text of the book's own notebooks, in which a line may happen to be that of a solution."""
    notebooks = [nbformat.read(path, 4) for path in (ROOT / "chapters").glob("*/*.ipynb")]
    return "\n".join(cell.source for notebook in notebooks for cell in notebook.cells)


def secrets(name):
    """The lines of a master that no student may see.

    They are those of solutions and hidden tests that do not stand in the open as well.
    """
    master = notebook("source", name)
    hidden = {
        line.strip()
        for cell in master.cells
        for match in SECRET.finditer(cell.source)
        for line in match[2].splitlines()
    }
    by_hand = [cell for cell in master.cells if cell.cell_type == "markdown" and cell.metadata.nbgrader.get("solution")]
    hidden |= {line.strip() for cell in by_hand for line in cell.source.splitlines()}
    opened = {
        line.strip()
        for cell in master.cells
        for line in SECRET.sub("", cell.source).splitlines()
        if cell not in by_hand
    }
    return {line for line in hidden - opened if len(line) > 20 and line not in in_the_chapters()}


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    sys.path.insert(0, str(ROOT / "assignments"))
    from make_release import make_release

    make_release(folder)
    return folder


def test_there_is_one_for_each_chapter():
    assert ASSIGNMENTS == ["basics", "derivatives", "gaussians", "linear-algebra"]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_release_is_what_the_master_gives(name, released):
    made = {path.relative_to(released): path.read_bytes() for path in (released / name).rglob("*") if path.is_file()}
    committed = ROOT / "assignments" / "release"
    assert made == {
        path.relative_to(committed): path.read_bytes() for path in (committed / name).rglob("*") if path.is_file()
    }, "the students' version is old: run `make assignments`"


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_release_gives_nothing_away(name):
    text = "\n".join(cell.source for cell in notebook("release", name).cells)
    assert len(secrets(name)) > 20
    assert not [line for line in secrets(name) if line in text]
    assert not re.search("BEGIN|HIDDEN TESTS|How to mark", text)
    assert not any(cell.get("outputs") for cell in notebook("release", name).cells)


def test_site_gives_nothing_away():
    site = ROOT / "_build" / "html"
    assert (site / "index.html").exists(), "build the site first"
    wanted = {name: secrets(name) for name in ASSIGNMENTS}
    for path in site.rglob("*"):
        if path.suffix in {".html", ".ipynb", ".txt", ".js", ".json", ".md", ".py"}:
            text = path.read_text(errors="replace").replace("\\n", "\n").replace('\\"', '"')
            for name, lines in wanted.items():
                assert not (found := [line for line in lines if line in text]), (
                    f"{path.relative_to(site)} shows {found[:3]} of {name}"
                )


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_data_are_the_books(name):
    for kind in ("source", "release"):
        for path in (ROOT / "assignments" / kind / name).iterdir():
            if path.suffix != ".ipynb":
                assert path.read_bytes() == (ROOT / "chapters" / "data" / path.name).read_bytes()


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_master_passes_in_one_plain_kernel(name, tmp_path):
    """As a student runs it, with no grader: every cell without an error, and every question in the table at the end."""
    source = ROOT / "assignments" / "source" / name
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--output-dir",
        tmp_path,
        source / f"{name}.ipynb",
    ]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    report = nbformat.read(tmp_path / f"{name}.ipynb", 4).cells[-1].outputs[0].text
    assert report.count("passes") == len(report.splitlines()) >= 5 and "does not" not in report


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_points_and_questions(name):
    """Four to six questions with public and hidden tests, one derivation by hand, one figure.

    The points on the page are the points given.
    """
    cells = notebook("source", name).cells
    points = sum(cell.metadata.nbgrader.get("points", 0) for cell in cells)
    assert 20 <= points <= 24 and f"{points:g} points" in cells[0].source
    hidden = [cell for cell in cells if "BEGIN HIDDEN TESTS" in cell.source]
    public = [cell for cell in cells if cell.metadata.nbgrader.get("grade") and "questions.tests(" in cell.source]
    by_hand = [cell for cell in cells if cell.metadata.nbgrader.get("grade") and cell.cell_type == "markdown"]
    assert len(hidden) == len(public) >= 5 and len(by_hand) == 1
    assert sum("explore(" in cell.source for cell in cells) == 1
    assert "matplotlib" not in "".join(cell.source for cell in hidden + public)


def test_a_student_can_validate(tmp_path):
    """The command of the page and the button in JupyterLab, which is nbgrader's own.

    It runs on a notebook that is done and on one that is not.
    """
    said = {}
    for kind in ("source", "release"):
        folder = tmp_path / kind
        shutil.copytree(ROOT / "assignments" / kind / "basics", folder)
        command = [Path(sys.executable).parent / "nbgrader", "validate", "basics.ipynb"]
        said[kind] = subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout
    assert "Success! Your notebook passes all the tests." in said["source"]
    assert "VALIDATION FAILED ON 6 CELL(S)!" in said["release"]
