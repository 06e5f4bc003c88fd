"""Grading: what each submission is worth, and that none is lost, leaks, or stands in another's way.

All submissions of `submissions` are graded once, in one run; most tests look at what came out. The rest use small
courses of their own.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mlmath_classroom import answers, cli, sandbox, wire
from mlmath_classroom.grade import outcomes
from mlmath_classroom.restore import match
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from submissions import FULL, GRADED, NORMS, PORT_FILE, SECRET, SUBMISSIONS

# Time limits low enough for the endless loops, and high enough for a busy machine.
LIMITS = "\nc.ExecuteApart.timeout = 12\nc.ExecuteApart.call = 6\nc.ExecuteApart.budget = 150\n"


def classroom(course: Path, *arguments: str, **settings) -> subprocess.CompletedProcess:
    """Run the command as a teacher does, in a process of its own."""
    command = [sys.executable, "-m", "mlmath_classroom.cli", "--course", str(course), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=550, **settings)


def new_course(folder: Path, *names: str) -> Path:
    """A course in which the first assignment has been released and these submissions have come in."""
    course = folder / "course"
    cli.main(["new", str(course)])
    with (course / "nbgrader_config.py").open("a") as file:
        file.write(LIMITS)
    result = classroom(course, "release", "basics")
    assert result.returncode == 0, result.stderr
    for name in names:
        hand_in(course, name)
    return course


def outcome(course: Path, assignment: str, student: str) -> str | None:
    return outcomes(course, assignment, [student])[student]


def hand_in(course: Path, name: str, student: str | None = None) -> None:
    folder = course / "submitted" / (student or name) / "basics"
    shutil.rmtree(folder, ignore_errors=True)
    SUBMISSIONS[name][0](folder, course / "release" / "basics")


def book(course: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{course / 'gradebook.db'}")


def scores(course: Path, student: str) -> list[float | None]:
    with book(course) as open_book:
        grades = open_book.find_submission_notebook("basics", "basics", student).grades
        points = {grade.name: grade.auto_score for grade in grades}
    return [points[name] for name in GRADED]


def table(course: Path) -> dict[str, dict[str, str]]:
    """The exported grades, by student."""
    assert classroom(course, "export", "basics").returncode == 0
    with (course / "basics.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def kernels(folder: str) -> list[str]:
    """The command lines of all processes that name this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            pass
    return [line for line in found if folder in line and "pytest" not in line]


# One run over everything


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The course after one run over all submissions, with what the run said, and whether a connection came in."""
    if not sandbox.available():
        pytest.fail("the tests of grading need bubblewrap: run `python tests/prepare.py`", pytrace=False)
    course = new_course(tmp_path_factory.mktemp("all"))
    scratch = tempfile.mkdtemp(prefix="t-", dir="/tmp" if os.name == "posix" else None)  # sockets want a short path
    with socket.create_server(("127.0.0.1", 0)) as server:
        (course / PORT_FILE).write_text(str(server.getsockname()[1]))
        for name in SUBMISSIONS:
            hand_in(course, name)
        with book(course) as open_book:
            open_book.update_or_create_assignment("basics", duedate="2026-03-04 12:00:00.000000 UTC")
        before = {part: digests(course / part) for part in ("source", "release", "submitted")}
        run = classroom(course, "grade", "basics", "--jobs", "2", env={**os.environ, "TMPDIR": scratch})
        server.settimeout(0.1)
        try:
            server.accept()
            called = True
        except TimeoutError:
            called = False
    yield {"course": course, "run": run, "called": called, "before": before, "scratch": scratch}
    shutil.rmtree(scratch, ignore_errors=True)


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_each_submission_gets_what_it_earned(graded, name):
    expected, failure = SUBMISSIONS[name][1], outcome(graded["course"], "basics", name)
    if isinstance(expected, str):
        assert expected in failure
        assert f"  {name}: {failure}" in graded["run"].stderr
    else:
        assert failure is None
        found = scores(graded["course"], name)
        assert [score for score, wanted in zip(found, expected, strict=True) if wanted is not ...] == [
            wanted for wanted in expected if wanted is not ...
        ]


def test_the_command_names_all_failures_and_fails(graded):
    failed = [name for name, (_, expected) in SUBMISSIONS.items() if isinstance(expected, str)]
    assert graded["run"].returncode == 1
    assert f"Graded: {len(SUBMISSIONS) - len(failed)} of {len(SUBMISSIONS)} submissions." in graded["run"].stdout
    listed = graded["run"].stderr.split("Could not be graded:\n")[1].splitlines()
    assert [line.split(":")[0].strip() for line in listed] == sorted(failed)
    assert "WARNING" not in graded["run"].stderr and "Traceback" not in graded["run"].stderr


def test_nothing_is_left_running_or_lying_about(graded):
    assert list(Path(graded["scratch"]).iterdir()) == []
    assert kernels(graded["scratch"]) == []
    assert kernels("1234.5") == []  # what `outlives-its-cell` has started


def test_no_submission_changes_a_file_of_the_course(graded):
    course = graded["course"]
    for part in ("source", "release"):
        assert digests(course / part) == graded["before"][part]
    now = digests(course / "submitted")
    assert {path: now.get(path) for path in graded["before"]["submitted"]} == graded["before"]["submitted"]
    assert "VANDAL" not in (course / "nbgrader_config.py").read_text()


def test_no_connection_comes_out_of_the_sandbox(graded):
    assert not graded["called"]
    assert "Connection refused" in shown(graded["course"], "network")


def shown(course: Path, student: str) -> str:
    """All that the student's own cells have shown."""
    notebook = nbformat.read(course / "autograded" / student / "basics" / "basics.ipynb", 4)
    tests = {name for name in GRADED if name != "derivation"}
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.id not in tests]
    return "\n".join(json.dumps(cell.outputs) for cell in cells)


def test_hidden_tests_are_out_of_sight(graded):
    """The reader says how much it has looked at: it found many things, but no hidden test."""
    looks = shown(graded["course"], "reader")
    looked = [int(number) for number in re.findall(r"LOOKED AT (\d+) (?:FILES|THINGS), FOUND 0 ", looks)]
    assert len(looked) == 4 and min(looked) > 20
    assert "LOOKED 2 TIMES WHILE A TEST CALLED, FOUND 0" in looks
    for name, (_, expected) in SUBMISSIONS.items():
        if not isinstance(expected, str):
            assert SECRET not in shown(graded["course"], name), name


def test_a_cell_says_why_it_was_set_aside(graded):
    for name, why in {
        "endless-loop": "the cell took too long",
        "endless-loop-uninterruptible": "its kernel did not answer any more",
        "endless-print": "printed more than 4 million characters",
        "os-exit": "this cell ended its kernel",
        "exit": "this cell ended its kernel",
    }.items():
        assert why in shown(graded["course"], name)
    assert "FILLED /dev 0" in shown(graded["course"], "fills-the-memory")
    assert "FILLED / 0" in shown(graded["course"], "fills-the-memory")


def test_a_failed_test_shows_the_student_the_test_only(graded):
    """Not the code that fetched the answer, nor where on the teacher's machine it lies."""
    failed = 0
    for name, (_, expected) in SUBMISSIONS.items():
        if not isinstance(expected, str):
            notebook = nbformat.read(graded["course"] / "autograded" / name / "basics" / "basics.ipynb", 4)
            shown = json.dumps([cell.outputs for cell in notebook.cells if cell.id in GRADED and "outputs" in cell])
            assert "answers.py" not in shown and "_bind" not in shown and "connection.json" not in shown, name
            failed += "AssertionError" in shown
    assert failed > 10


def test_the_table_has_a_column_a_question_and_says_the_state(graded):
    rows = table(graded["course"])
    assert set(rows) == set(SUBMISSIONS)
    head = list(rows["perfect"])
    assert head[7:-3] == GRADED
    assert {rows[name]["state"] for name in ("perfect", "late")} == {"waits for marking by hand"}
    assert rows["blank"]["state"] == "graded" and rows["blank"]["score"] == "0.0"
    assert rows["perfect"]["score"] == "17.0" and rows["perfect"]["of"] == "20.0"
    assert rows["corrupt"]["state"].startswith("could not be graded: basics.ipynb is damaged or cut off")
    assert (rows["corrupt"]["handed in"], rows["corrupt"]["seconds late"]) == ("2026-03-01 12:00:00", "0")
    assert rows["corrupt"]["score"] == "" and rows["corrupt"]["test-norms"] == ""
    assert rows["late"]["seconds late"] == "86400" and rows["perfect"]["seconds late"] == "0"
    assert rows["Ana María.López-ß"]["score"] == "17.0"


def test_scripts_in_answers_do_not_reach_the_marker(graded):
    course = graded["course"]
    keep = {path.name for path in (course / "submitted").iterdir()} - {"script-in-answers"}
    aside = course.parent / "aside"
    aside.mkdir()
    for name in keep:
        (course / "submitted" / name).rename(aside / name)
    try:
        assert classroom(course, "feedback", "basics").returncode == 0
    finally:
        for name in keep:
            (aside / name).rename(course / "submitted" / name)
    page = (course / "feedback" / "script-in-answers" / "basics" / "basics.html").read_text(encoding="utf-8")
    assert "OWNED" in page  # as text
    assert "<script>document.title" not in page and "<img src=x" not in page and '<img src="x" onerror' not in page


# The course of a term


def test_a_run_that_was_killed_goes_on_to_the_same_grades(tmp_path):
    names = ["perfect", "half", "blank", "nan", "exception", "late"]
    clean = new_course(tmp_path / "clean", *names)
    assert classroom(clean, "grade", "basics").returncode == 0
    killed = new_course(tmp_path / "killed", *names)
    command = [sys.executable, "-m", "mlmath_classroom.cli", "--course", str(killed), "grade", "basics", "--jobs", "2"]
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 100
        while sum(outcome(killed, "basics", name) is None for name in names) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGKILL)
    done = [name for name in names if outcome(killed, "basics", name) is None]
    assert 2 <= len(done) < len(names)
    times = {name: (killed / "grading" / "basics" / f"{name}.json").stat().st_mtime_ns for name in done}
    assert classroom(killed, "grade", "basics").returncode == 0
    assert table(killed) == table(clean)
    assert times == {name: (killed / "grading" / "basics" / f"{name}.json").stat().st_mtime_ns for name in done}


def mark(course: Path, student: str) -> None:
    with book(course) as open_book:
        for name, points in (("derivation", 2.5), ("test-norms", 1.0)):
            open_book.find_grade(name, "basics", "basics", student).manual_score = points
            open_book.find_grade(name, "basics", "basics", student).needs_manual_grade = False
        open_book.find_comment("derivation", "basics", "basics", student).manual_comment = "Nice."
        open_book.db.commit()


def test_marks_given_by_hand_survive(tmp_path):
    """Grading again, a changed test, a resubmission: each time the derivation keeps its mark and its comment."""
    course = new_course(tmp_path, "perfect", "nan")
    assert classroom(course, "grade", "basics").returncode == 0
    pages = classroom(course, "feedback", "basics")
    assert pages.returncode == 0 and "not yet marked by hand, so shown with 0 points: nan, perfect" in pages.stderr
    mark(course, "perfect")
    assert table(course)["perfect"]["state"] == "graded"
    assert "shown with 0 points: nan\n" in classroom(course, "feedback", "basics").stderr
    stamp = (course / "grading" / "basics" / "nan.json").stat().st_mtime_ns

    assert classroom(course, "grade", "basics", "perfect", "--again").returncode == 0
    row = table(course)["perfect"]
    assert (row["derivation"], row["test-norms"], row["score"]) == ("2.5", "1.0", "18.5")
    assert row["state"] == "graded"  # the same answer, the same tests: nobody has to look again
    assert (course / "grading" / "basics" / "nan.json").stat().st_mtime_ns == stamp

    master = course / "source" / "basics" / "basics.ipynb"
    notebook = nbformat.read(master, 4)
    cell = next(cell for cell in notebook.cells if cell.id == "hidden-ball")
    cell.source = cell.source.replace("first_inside == 2.5", "first_inside == 99")
    nbformat.write(notebook, master)
    unreleased = classroom(course, "grade", "basics")
    assert unreleased.returncode == 1 and "classroom release basics" in unreleased.stderr
    assert classroom(course, "release", "basics").returncode == 0
    assert classroom(course, "grade", "basics").returncode == 0
    rows = table(course)
    assert rows["perfect"]["hidden-ball"] == rows["nan"]["hidden-ball"] == "0.0"
    assert (rows["perfect"]["derivation"], rows["perfect"]["score"]) == ("2.5", "17.5")

    hand_in(course, "half", student="perfect")
    assert classroom(course, "grade", "basics").returncode == 0
    rows = table(course)
    assert rows["perfect"]["test-posterior"] == "0.0" and rows["perfect"]["derivation"] == "2.5"
    assert rows["perfect"]["state"] == "waits for marking by hand"  # another answer
    with book(course) as open_book:
        assert open_book.find_comment("derivation", "basics", "basics", "perfect").manual_comment == "Nice."


def test_without_a_sandbox_it_warns_and_grades(tmp_path):
    """A machine without bubblewrap: what is harmless and what only patches is graded rightly all the same."""
    names = ["perfect", "blank", "patches-numpy", "equal-to-everything", "os-exit", "files-that-shadow"]
    course = new_course(tmp_path, *names)
    programs = tmp_path / "bin"  # a PATH without bwrap
    programs.mkdir()
    for name in ("sh", "rm", "chmod"):
        (programs / name).symlink_to(shutil.which(name))
    run = classroom(course, "grade", "basics", env={**os.environ, "PATH": str(programs)})
    assert run.returncode == 0, run.stderr
    assert "WARNING: no sandbox" in run.stderr and "with your rights" in run.stderr
    assert {name: scores(course, name) for name in names} == {name: SUBMISSIONS[name][1] for name in names}


def test_code_that_ends_its_own_grading_is_named(tmp_path):
    course = new_course(tmp_path, "perfect", "blank")
    notebook = nbformat.read(course / "submitted" / "perfect" / "basics" / "basics.ipynb", 4)
    notebook.cells.insert(2, new_code_cell("import os\nos.kill(os.getppid(), 9)"))
    nbformat.write(notebook, course / "submitted" / "perfect" / "basics" / "basics.ipynb")
    run = classroom(course, "grade", "basics", "--unconfined")
    assert run.returncode == 1 and "perfect: its grading was ended from outside" in run.stderr
    assert outcome(course, "basics", "blank") is None
    assert table(course)["perfect"]["state"] == "could not be graded: its grading was ended from outside"


# Collecting


@pytest.fixture
def empty_course(tmp_path):
    cli.main(["new", str(tmp_path / "course")])
    return tmp_path / "course"


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 12, 0, 0)), content)
    return path


def collected(course: Path) -> dict[str, bytes]:
    files = [path for path in (course / "submitted").rglob("*") if path.is_file() and path.name != "timestamp.txt"]
    return {path.relative_to(course / "submitted").as_posix(): path.read_bytes() for path in files}


def test_collect_from_moodle_and_canvas(empty_course, tmp_path):
    moodle = {
        "Ana María López_123_assignsubmission_file_/basics.ipynb": b"1",
        "Bo Li_124_assignsubmission_file/basics (1).ipynb": b"2",
    }
    canvas = {
        "chenwei_LATE_77_8001_basics-2.ipynb": b"3",
        "doeJ_78_8002_basics.ipynb": b"4",
        "__MACOSX/._doeJ_78_8002_basics.ipynb": b"",
    }
    for number, files in enumerate((moodle, canvas)):
        run = classroom(empty_course, "collect", "basics", str(archive(tmp_path / f"{number}.zip", files)))
        assert (run.returncode, run.stdout) == (0, "Taken: 2 submissions.\n"), run.stderr
    assert collected(empty_course) == {
        "Ana-María-López/basics/basics.ipynb": b"1",
        "Bo-Li/basics/basics.ipynb": b"2",
        "chenwei/basics/basics.ipynb": b"3",
        "doeJ/basics/basics.ipynb": b"4",
    }


def test_collect_from_a_folder(empty_course, tmp_path):
    source = tmp_path / "in"
    for path, content in {
        "ana/basics.ipynb": "1",
        "bo/basics.ipynb": "2",
        "bo/data/own.csv": "3",
        "loose.ipynb": "4",
    }.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(content)
    (source / "eve").mkdir()
    (source / "eve" / "basics.ipynb").symlink_to(empty_course / "source" / "basics" / "basics.ipynb")
    run = classroom(empty_course, "collect", "basics", str(source))
    assert run.returncode == 1
    assert (
        run.stderr
        == "Left where they are:\n  eve/basics.ipynb: it is a link\n  loose.ipynb: it does not say whose it is\n"
    )
    assert collected(empty_course) == {
        "ana/basics/basics.ipynb": b"1",
        "bo/basics/basics.ipynb": b"2",
        "bo/basics/data/own.csv": b"3",
    }


def test_collect_places_or_names_every_file(empty_course, tmp_path):
    """Paths that lead elsewhere, two people of one name, several versions.

    Nothing is lost, and nothing stops the rest.
    """
    files = {
        "eve/../../../../../evil.ipynb": b"0",
        "/eve/basics.ipynb": b"0",
        "Ana Li_1_assignsubmission_file_/basics.ipynb": b"1",
        "Ana Li_2_assignsubmission_file_/basics.ipynb": b"2",
        "bo/basics.ipynb": b"first",
        "bo/basics (1).ipynb": b"second",
        "bo/scratch.ipynb": b"more",
        "cy/timestamp.txt/x": b"",
        "dan/basics.ipynb": b"fine",
        "readme.txt": b"",
    }
    run = classroom(empty_course, "collect", "basics", str(archive(tmp_path / "all.zip", files)))
    assert run.returncode == 1 and run.stdout == "Taken: 2 submissions.\n"
    named = {line.strip().rsplit(": ", 1)[0].split(": ")[0] for line in run.stderr.splitlines()[1:]}
    assert named == {name for name in files if not name.startswith(("bo/", "dan/"))}
    assert run.stderr.count("two people would be called Ana-Li") == 2
    assert collected(empty_course) == {
        "bo/basics/basics.ipynb": b"second",
        "bo/basics/basics.ipynb.older1": b"first",
        "bo/basics/scratch.ipynb": b"more",
        "dan/basics/basics.ipynb": b"fine",
    }
    assert not list(tmp_path.rglob("evil.ipynb"))


@pytest.mark.parametrize("pattern", ["basics.*", "(?P<student>.+)/basics.ipynb"])
def test_a_pattern_without_its_groups_is_refused(empty_course, tmp_path, pattern):
    run = classroom(empty_course, "collect", "basics", str(tmp_path), "--pattern", pattern)
    assert run.returncode == 1 and "lacks the groups (?P<student>...) and (?P<file>...)" in run.stderr


def test_a_pattern_that_is_none_is_refused(empty_course, tmp_path):
    run = classroom(empty_course, "collect", "basics", str(tmp_path), "--pattern", "(?P<student>")
    assert run.returncode == 1 and "is no regular expression" in run.stderr and "Traceback" not in run.stderr


def test_a_time_that_is_none_keeps_nobody_out_of_the_table(tmp_path):
    course = new_course(tmp_path, "corrupt", "truncated")
    (course / "submitted" / "corrupt" / "basics" / "timestamp.txt").write_text("no time at all")
    classroom(course, "grade", "basics")
    rows = table(course)
    assert (rows["corrupt"]["handed in"], rows["truncated"]["handed in"]) == ("", "2026-03-01 12:00:00")


def test_a_resubmission_replaces_the_older_one(tmp_path):
    course = new_course(tmp_path, "blank", "nan")
    assert classroom(course, "grade", "basics").returncode == 0
    hand_in(course, "perfect")
    text = (course / "submitted" / "perfect" / "basics" / "basics.ipynb").read_bytes()
    shutil.rmtree(course / "submitted" / "perfect")
    assert (
        classroom(
            course, "collect", "basics", str(archive(tmp_path / "a.zip", {"blank/basics (2).ipynb": text}))
        ).returncode
        == 0
    )
    assert table(course)["blank"]["state"] == "could not be graded: it has not been graded yet"
    assert classroom(course, "grade", "basics").returncode == 0
    assert scores(course, "blank") == FULL and scores(course, "nan") == NORMS
    quick = time.monotonic()
    assert classroom(course, "grade", "basics").returncode == 0
    assert time.monotonic() - quick < 30


# Values between the kernels


NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text()
ARRAYS = st.sampled_from([bool, "i1", "u8", "f4", "f8", "c16", "U5"]).flatmap(
    lambda kind: arrays(kind, st.lists(st.integers(0, 3), max_size=3).map(tuple))
)
VALUES = st.recursive(
    NUMBERS | ARRAYS | ARRAYS.filter(np.size).map(lambda array: array.flat[0]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
)


def same(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    return a == b or repr(a) == repr(b)


@given(VALUES)
def test_values_come_back_as_they_were(value):
    assert same(wire.decode(json.loads(json.dumps(wire.encode(value)))), value)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        type("Float", (float,), {})(1),
        np.array([object()]),
        np.zeros(2, "f8,f8"),
        {1, 2},
        open,
        lambda x: x,
        len,
    ],
    ids=lambda value: type(value).__name__,
)
def test_objects_do_not_travel(value):
    with pytest.raises(TypeError, match="nothing the tests understand"):
        wire.encode(value)


@pytest.mark.parametrize("value", [np.zeros(10**7), np.broadcast_to(0.0, 10**12), [0] * 10**6, "x" * 10**8])
def test_giants_do_not_travel(value):
    with pytest.raises(ValueError, match="too (large|long) for an answer"):
        wire.encode(value)


FORGED = {"array": "", "dtype": "<f8", "shape": [0], "scalar": False}


@pytest.mark.parametrize(
    "data",
    [
        None,
        5,
        {"plain": {"a": 1}},
        {"plain": 2.0},
        {"int": 5},
        {"answer": "p_norm"},
        {"function": ["numpy", "zeros"]},
        {**FORGED, "dtype": "O"},
        {**FORGED, "dtype": "f8,O"},
        {**FORGED, "dtype": "U0", "shape": [10**12]},
        {**FORGED, "shape": [10**12]},
        {"numbers": ["nan"], "type": "float"},
        {"list": {"0": 1}, "tuple": False},
    ],
)
def test_forged_data_is_refused(data):
    with pytest.raises((TypeError, ValueError)):
        wire.decode(data)


def test_functions_travel_to_the_answers_only():
    assert wire.decode(wire.encode(np.exp), {}) is np.exp
    assert wire.decode({"answer": "f"}, {"f": 7}) == 7
    with pytest.raises(TypeError):
        wire.decode({"function": ["os", "system"]}, {})


@pytest.mark.parametrize(
    "source, names",
    [
        ("assert f(x) == [y for y in z]", ["f", "x", "z"]),
        ("x = 1\nassert f(x)", ["f"]),
        ("total += f(1)", ["f", "total"]),
        ("import numpy as np\ndef g(a):\n    return np.sin(a)\ng(b)", ["b"]),
    ],
)
def test_a_test_fetches_what_it_reads(source, names):
    assert answers.wanted(source) == names


def test_an_error_of_the_students_arrives_as_the_nearest_builtin_one():
    def arrived(error):
        return type(answers.nearest([kind.__name__ for kind in type(error).__mro__], str(error)))

    class Own(KeyError):
        pass

    assert arrived(np.linalg.LinAlgError("singular")) is ValueError
    assert arrived(Own("a")) is KeyError
    assert arrived(UnicodeDecodeError("utf-8", b"x", 0, 1, "bad")) is UnicodeError  # it cannot be made from a text
    assert arrived(Exception("of no kind")) is RuntimeError


# Which cell is whose


def cells(*texts: str, graded: bool = True) -> list:
    """Cells of an assignment: Markdown for the upper-case ones; those ending in ! are locked."""
    made = []
    for number, text in enumerate(texts):
        cell = (new_markdown_cell if text[0].isupper() else new_code_cell)(text, id=f"cell-{number}")
        if graded:
            locked = text.endswith("!")
            cell.metadata["nbgrader"] = {
                "grade_id": f"g{number}",
                "grade": False,
                "locked": locked,
                "solution": not locked,
            }
        made.append(cell)
    return made


@given(st.permutations(range(6)))
def test_cells_are_found_in_any_order_by_their_ids(order):
    release = cells("Title!", "a = 0", "test!", "b = 0", "test!", "Derive")
    submitted = [cells("Mine", "a = 1", "x", "b = 2", "y", "I derive")[i] for i in order]
    assert match(release, submitted) == [list(order).index(i) for i in range(6)]


def test_cells_without_ids_are_found_by_text_and_place():
    release = cells("Title!", "def a(): pass", "test!", "def b(): pass", "test!")
    mine = cells("Title!", "helper = 1", "def a(): return 1", "test!", "def b(): return 2", "test!", graded=False)
    for cell in mine:
        del cell["id"]
    found = match(release, mine)
    assert [found[0], found[1], found[3]] == [0, 2, 4]


def test_of_copies_the_last_that_was_worked_on_counts():
    release = cells("a = 0")
    copies = [cells(text)[0] for text in ("a = 1", "a = 2", "a = 0")]
    assert match(release, copies) == [1]


@given(st.lists(st.sampled_from(["a = 0", "test!", "Title!", "", "zzz"]), max_size=8))
def test_no_cell_is_used_twice(texts):
    release = cells("Title!", "a = 0", "test!", "a = 0", "test!")
    found = [place for place in match(release, [new_code_cell(text) for text in texts]) if place is not None]
    assert len(found) == len(set(found))
