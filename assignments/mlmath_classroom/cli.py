"""The command `classroom`: what a teacher does with an assignment, in the order in which it is done."""

import argparse
import contextlib
import os
import re
import shutil
import sys
import zipfile
from pathlib import Path

MASTERS = Path(__file__).parents[1] / "source"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="classroom", description=__doc__)
    parser.add_argument(
        "--course", type=Path, default=Path("."), help="the course's folder, by default the working folder"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new", help="make a course folder with the book's assignments")
    new.add_argument("folder", type=Path)
    for name, text in {
        "release": "make the students' version of an assignment from its master",
        "collect": "take submissions from a folder or a zip file",
        "grade": "grade what was handed in",
        "feedback": "write a page for each student",
        "export": "write the grades as CSV, a column for each question",
    }.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("assignment")
        if name == "collect":
            command.add_argument("source", type=Path)
            command.add_argument("--pattern", help="regular expression for the files, with groups student and file")
        if name == "grade":
            command.add_argument("students", nargs="*", help="by default all who handed in")
            command.add_argument("--again", action="store_true", help="grade also what is graded and has not changed")
            command.add_argument("--jobs", type=int, help="submissions at a time, by default one a processor")
            command.add_argument("--unconfined", action="store_true", help="run the students' code without a sandbox")
        if name == "export":
            command.add_argument("--to", type=Path, help="by default ASSIGNMENT.csv in the course's folder")
    options = parser.parse_args(arguments)
    # nbgrader calls alembic by its name
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with contextlib.chdir("."):  # comes back from the course's folder
        return globals()[f"do_{options.command}"](options)


def do_new(options):
    if options.folder.exists():
        sys.exit(f"{options.folder} exists already")
    shutil.copytree(MASTERS, options.folder / "source")
    shutil.copy(Path(__file__).with_name("nbgrader_config.py"), options.folder)
    print(f"{options.folder} holds the assignments {', '.join(sorted(p.name for p in MASTERS.iterdir()))}.")


def do_release(options):
    api = in_course(options)
    result = api.generate_assignment(options.assignment, force=True)
    if not result["success"]:
        sys.exit(result.get("log", "") + result["error"])
    print(f"The students' version is in {options.course / 'release' / options.assignment}.")


def do_collect(options):
    from .collect import collect

    options.source = options.source.resolve()
    if not options.source.is_dir() and not zipfile.is_zipfile(options.source):
        sys.exit(f"{options.source} is neither a folder nor a zip file")
    try:
        groups = re.compile(options.pattern).groupindex if options.pattern else ("student", "file")
    except re.error as error:
        sys.exit(f"--pattern {options.pattern!r} is no regular expression: {error}")
    if not {"student", "file"} <= set(groups):
        sys.exit(f"--pattern {options.pattern!r} lacks the groups (?P<student>...) and (?P<file>...)")
    in_course(options)
    taken, left = collect(options.course, options.assignment, options.source, options.pattern)
    print(f"Taken: {len(taken)} submissions.")
    if left:
        sys.exit("Left where they are:\n" + "\n".join(f"  {path}: {why}" for path, why in sorted(left.items())))


def do_grade(options):
    from . import sandbox
    from .grade import grade, students

    in_course(options)
    if unknown := set(options.students) - set(students(options.course, options.assignment)):
        sys.exit(f"Nothing handed in by {', '.join(sorted(unknown))}.")
    if changed_since_release(options):
        sys.exit(
            f"The master of {options.assignment} has changed. Release it first: classroom release {options.assignment}"
        )
    confined = not options.unconfined and sandbox.available()
    if not confined:
        why = (
            "as you asked"
            if options.unconfined
            else "this machine has no working bubblewrap (Debian: apt install bubblewrap)"
        )
        print(
            f"WARNING: no sandbox, {why}. The students' code runs with your rights:\n"
            "it can read the gradebook and the masters, reach the network, and change your files.",
            file=sys.stderr,
        )
    outcomes = grade(
        options.course, options.assignment, options.students, again=options.again, jobs=options.jobs, confined=confined
    )
    failures = {student: why for student, why in outcomes.items() if why}
    print(f"Graded: {len(outcomes) - len(failures)} of {len(outcomes)} submissions.")
    if failures:
        sys.exit(
            "Could not be graded:\n" + "\n".join(f"  {student}: {why}" for student, why in sorted(failures.items()))
        )


def do_feedback(options):
    from .grade import outcomes, unmarked

    api = in_course(options)
    if waiting := unmarked(options.course, options.assignment):
        print(f"WARNING: not yet marked by hand, so shown with 0 points: {', '.join(waiting)}", file=sys.stderr)
    without = {}
    for student, failure in outcomes(options.course, options.assignment).items():
        if failure is None:
            result = api.generate_feedback(options.assignment, student, force=True)
            failure = None if result["success"] else result["error"].strip().splitlines()[-1]
        if failure:
            without[student] = failure
    print(f"The pages are in {options.course / 'feedback'}.")
    if without:
        sys.exit("No page for:\n" + "\n".join(f"  {student}: {why}" for student, why in sorted(without.items())))


def do_export(options):
    from .export import export
    from .grade import outcomes

    to = options.to and options.to.resolve()
    in_course(options)
    to = to or options.course / f"{options.assignment}.csv"
    export(options.course, options.assignment, to, outcomes(options.course, options.assignment))
    print(f"The grades are in {to}.")


def changed_since_release(options):
    """Whether the tests that nbgrader would use are older than the master's."""
    released = options.course / "release" / options.assignment / f"{options.assignment}.ipynb"
    masters = [path for path in (options.course / "source" / options.assignment).glob("[!.]*") if path.is_file()]
    return not released.exists() or max(path.stat().st_mtime for path in masters) > released.stat().st_mtime


def in_course(options):
    """Check that this is a course folder with that assignment, and go there; return nbgrader's interface."""
    from .grade import load

    options.course = options.course.resolve()
    if not (options.course / "nbgrader_config.py").exists():
        sys.exit(
            f"{options.course} is no course folder: it has no nbgrader_config.py. Make one by: classroom new FOLDER"
        )
    if not (options.course / "source" / options.assignment).is_dir():
        names = sorted(path.name for path in (options.course / "source").iterdir())
        sys.exit(f"there is no assignment {options.assignment!r}; there are {names}")
    os.chdir(options.course)
    return load(options.course)[0]


if __name__ == "__main__":
    main()
