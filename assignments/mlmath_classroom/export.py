"""A table of grades with a column for each question."""

import csv
from pathlib import Path

import nbformat
from nbgrader.api import MissingEntry
from nbgrader.utils import parse_utc

from .grade import gradebook


def export(course, assignment, to, failures):
    """Write the grades of one assignment as CSV: a row for each student, a column for each graded cell.

    Parameters
    ----------
    failures : dictionary from student to why the submission could not be graded, or None; see `grade.grade`
    """
    released = nbformat.read(Path(course, "release", assignment, f"{assignment}.ipynb"), 4)
    order = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in released.cells]
    with gradebook(course) as book:
        cells = sorted(book.find_notebook(assignment, assignment).grade_cells, key=lambda cell: order.index(cell.name))
        known = {student.id: student for student in book.students}
        with Path(to).open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(
                ["student", "last name", "first name", "email", "handed in", "seconds late", "state"]
                + [cell.name for cell in cells]
                + ["late penalty", "score", "of"]
            )
            for student in sorted(set(known) | set(failures)):
                person = known.get(student)
                table.writerow(row(course, book, assignment, student, person, cells, failures.get(student)))


def row(course, book, assignment, student, person, cells, failure):
    names = [person.last_name, person.first_name, person.email] if person else [None] * 3
    total = sum(cell.max_score for cell in cells)
    try:
        submission = book.find_submission(assignment, student)
    except MissingEntry:
        state = f"could not be graded: {failure}" if failure else "nothing handed in"
        return [
            student,
            *names,
            *handed_in(course, book, assignment, student),
            state,
            *[None] * (len(cells) + 2),
            total,
        ]
    head = [student, *names, submission.timestamp, round(submission.total_seconds_late)]
    if failure:
        return [*head, f"could not be graded: {failure}", *[None] * (len(cells) + 2), total]
    grades = {grade.name: grade for notebook in submission.notebooks for grade in notebook.grades}
    grades = [grades[cell.name] for cell in cells]
    state = "waits for marking by hand" if any(grade.needs_manual_grade for grade in grades) else "graded"
    # nbgrader's score of a cell that nobody has marked is 0: the table leaves it empty
    scores = [grade.score if (grade.auto_score, grade.manual_score) != (None, None) else None for grade in grades]
    penalty = submission.late_submission_penalty
    return [*head, state, *scores, penalty, max(0.0, submission.score - penalty), total]


def handed_in(course, book, assignment, student):
    """When a submission came that the gradebook does not know, and how many seconds late, where it can be told."""
    try:
        moment = parse_utc(Path(course, "submitted", student, assignment, "timestamp.txt").read_text().strip())
    except (OSError, ValueError, OverflowError):  # there is none, or it is no time
        return None, None
    due = book.find_assignment(assignment).duedate
    return moment, max(0, round((moment - due).total_seconds())) if due else 0
