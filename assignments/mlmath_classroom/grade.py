"""Grade the submissions of one assignment, several at a time, each in a process of its own."""

import hashlib
import json
import multiprocessing
import os
import re
import shutil
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbformat.warnings import DuplicateCellId
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SAWarning
from tqdm import tqdm
from traitlets.config import PyFileConfigLoader

from . import sandbox

LARGEST = 5 * 10**7  # bytes of a file in a submission
GRACE = 120  # seconds beyond its budget after which the process of a submission is ended


def load(course):
    """nbgrader's programming interface for the course folder, which must be the working folder of the process."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    config.CourseDirectory.root = str(course)
    database = config.CourseDirectory.get("db_url", "sqlite:///gradebook.db")
    config.CourseDirectory.db_url = re.sub("^sqlite:///(?!/)", f"sqlite:///{course}/", database)
    return NbGraderAPI(config=config), config


def gradebook(course):
    return Gradebook(load(course)[1].CourseDirectory.db_url)


def students(course, assignment):
    return sorted(path.parent.name for path in Path(course, "submitted").glob(f"*/{assignment}") if path.is_dir())


def fingerprint(course, assignment, student, common):
    """Changes when the submission changes, or what all are graded with: see `basis`."""
    digest = hashlib.sha256(common)
    add_files(digest, course / "submitted" / student / assignment)
    return digest.hexdigest()


def basis(course, assignment):
    """Changes with the master, the tests in the gradebook, and the grading."""
    digest = hashlib.sha256(json.dumps(tests(course, assignment)).encode())
    add_files(digest, course / "source" / assignment)
    add_files(digest, Path(__file__).parent)
    return digest.digest()


def add_files(digest, folder):
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)  # what editors leave
        if path.is_file() and path.suffix != ".pyc" and not hidden:
            digest.update(f"{path.relative_to(folder)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())


def tests(course, assignment):
    """What nbgrader grades with: the cells that `classroom release` has put into the gradebook."""
    with gradebook(course) as book:
        cells = [cell for notebook in book.find_assignment(assignment).notebooks for cell in notebook.source_cells]
        return sorted([cell.name, cell.source, cell.checksum] for cell in cells)


def record(course, assignment, student):
    return course / "grading" / assignment / f"{student}.json"


def grade_one(course, assignment, student, common, confined, scratch):
    """Grade one submission; what happened is written beside the others in the course's `grading` folder."""
    warnings.simplefilter("ignore", SAWarning)  # nbgrader's own, on every submission
    warnings.simplefilter("ignore", DuplicateCellId)  # RestoreCells mends these
    os.chdir(course)
    tempfile.tempdir = scratch
    path = record(course, assignment, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    submission = fingerprint(course, assignment, student, b"")
    looked_at = marks(course, assignment, student) if remembered(path).get("submission") == submission else {}
    write(path, {"failure": "its grading was ended from outside"})  # holds until the end
    outcome = {"failure": defect(course / "submitted" / student / assignment, assignment)}
    if outcome["failure"] is None:
        api, _ = load(course)
        api.config.ExecuteApart.confined = confined
        result = api.autograde(assignment, student, force=True)
        if "while starting new kernel" in result.get("log", ""):  # the machine was too busy
            result = api.autograde(assignment, student, force=True)
        path.with_suffix(".log").write_text(result.get("log", "") + result.get("error", ""))
        outcome["failure"] = None if result["success"] else reason(result)
    if outcome["failure"] is None:
        leave_marked(course, assignment, student, looked_at)
        outcome["submission"] = submission
        outcome["fingerprint"] = fingerprint(course, assignment, student, common)
    write(path, outcome)


def remembered(path):
    return json.loads(path.read_text()) if path.exists() else {}


def marks(course, assignment, student):
    """The questions that have a mark by hand and need no other look, with what the tests gave for each."""
    with gradebook(course) as book:
        grades = book.find_submission_notebook(assignment, assignment, student).grades
        done = [grade for grade in grades if grade.manual_score is not None and not grade.needs_manual_grade]
        return {grade.name: grade.auto_score for grade in done}


def leave_marked(course, assignment, student, looked_at):
    """Take back that nbgrader asks for another look at each mark, where neither answer nor result has changed."""
    with gradebook(course) as book:
        for grade in book.find_submission_notebook(assignment, assignment, student).grades:
            if grade.name in looked_at and grade.auto_score == looked_at[grade.name]:
                grade.needs_manual_grade = False
        book.db.commit()


def unmarked(course, assignment):
    """The students with an answer that waits for a mark by hand."""
    with gradebook(course) as book:
        return sorted(one.student.id for one in book.assignment_submissions(assignment) if one.needs_manual_grade)


def write(path, outcome):
    """Write a record at one stroke: whenever the machine stops, the file is the old one or the new one."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(outcome))
    partial.replace(path)


def defect(folder, assignment):
    """What keeps this folder from being graded, or None.

    A single notebook is taken for the one asked for, whatever its name.
    """
    expected = folder / f"{assignment}.ipynb"
    if links := [path.name for path in folder.rglob("*") if path.is_symlink()]:
        return f"{links[0]} is a link, which could lead to the masters or to another's work"
    if any(path.stat().st_size > LARGEST for path in folder.rglob("*")):
        return f"a file is larger than {LARGEST // 10**6} MB"
    found = sorted(folder.glob("*.ipynb"))
    if not expected.exists():
        if len(found) != 1:
            return f"no {expected.name} among {', '.join(p.name for p in sorted(folder.iterdir())) or 'no files'}"
        shutil.copy2(found[0], expected)
    try:
        nbformat.validate(nbformat.read(expected, 4))
    except Exception as error:  # nbformat quotes the whole file in some of its messages
        return f"{expected.name} is damaged or cut off, and not a notebook that can be read ({type(error).__name__})"


def reason(result):
    """The first line of nbgrader's log that names an error."""
    lines = (result.get("log", "") + result["error"]).splitlines()
    return next((line for line in lines if "Error" in line or "Exception" in line), "unknown")[:200]


def grade(course, assignment, chosen=None, *, again=False, jobs=None, confined=True):
    """Grade; return a dictionary from student to None, or to why the submission could not be graded.

    Parameters
    ----------
    course : the course's folder
    chosen : the students, all that handed in when None
    again : grade also what is graded already and has not changed since
    jobs : submissions graded at the same time, by default one a processor
    confined : whether the students' cells run inside bubblewrap
    """
    course = Path(course).resolve()
    chosen = chosen or students(course, assignment)
    common = basis(course, assignment)
    waiting = [student for student, why in outcomes(course, assignment, chosen).items() if again or why]
    context = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
    if os.name != "nt":
        context.set_forkserver_preload([__name__, "mlmath_classroom.execute", "mlmath_classroom.restore"])
    budget = load(course)[1].ExecuteApart.get("budget", 300) + GRACE

    def run(student):
        process = context.Process(target=grade_one, args=(course, assignment, student, common, confined, scratch))
        process.start()
        process.join(budget)
        if process.is_alive():
            process.kill()
            process.join()

    scratch = tempfile.mkdtemp(prefix="classroom-")
    pool = ThreadPoolExecutor(jobs or os.cpu_count())
    try:
        running = [pool.submit(run, student) for student in waiting]
        for future in tqdm(as_completed(running), total=len(running), unit="submission", disable=not running):
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)
        sandbox.remove(scratch)
    return outcomes(course, assignment, chosen)


def outcomes(course, assignment, chosen=None):
    """For each student, by default all who handed in, None or why the submission has no grade."""
    common = basis(course, assignment)

    def outcome(student):
        known = remembered(record(course, assignment, student))
        if not known:
            return "it has not been graded yet"
        done = known.get("fingerprint") == fingerprint(course, assignment, student, common)
        return known["failure"] or (None if done else "it has changed since it was graded")

    return {student: outcome(student) for student in chosen or students(course, assignment)}
