"""A table of grades with a column for each question."""

import csv
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry


def export(course, assignment, to, failures):
    """Write the grades of one assignment as CSV: a row for each student of the gradebook or with a hand-in, a column for each graded cell.

    Parameters
    ----------
    failures : dictionary from student to why the submission could not be graded, or None; see `grade.grade`
    """
    with Gradebook(f"sqlite:///{Path(course, 'gradebook.db').resolve()}") as book:
        notebooks = book.find_assignment(assignment).notebooks
        cells = [cell for notebook in notebooks for cell in sorted(notebook.grade_cells, key=lambda cell: place(notebook, cell))]
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
                table.writerow(row(book, assignment, student, person, cells, failures.get(student)))


def place(notebook, cell):
    return [source.name for source in notebook.source_cells].index(cell.name)


def row(book, assignment, student, person, cells, failure):
    names = [person.last_name, person.first_name, person.email] if person else [None] * 3
    total = sum(cell.max_score for cell in cells)
    try:
        submission = book.find_submission(assignment, student)
    except MissingEntry:
        return [student, *names, None, None, f"could not be graded: {failure}" if failure else "nothing handed in"] + [None] * (len(cells) + 2) + [total]
    head = [student, *names, submission.timestamp, round(submission.total_seconds_late)]
    if failure:
        return head + [f"could not be graded: {failure}"] + [None] * (len(cells) + 2) + [total]
    grades = {grade.name: grade for notebook in submission.notebooks for grade in notebook.grades}
    open_ = any(grades[cell.name].needs_manual_grade for cell in cells)
    scores = [None if grades[c.name].manual_score is None and grades[c.name].auto_score is None else grades[c.name].score for c in cells]
    penalty = submission.late_submission_penalty
    return head + ["waits for marking by hand" if open_ else "graded", *scores, penalty, max(0.0, submission.score - penalty), total]
