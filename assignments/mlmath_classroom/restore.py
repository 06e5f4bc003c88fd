"""Put a submission back into the form of the assignment, whatever has happened to its cells.

nbgrader knows a cell by its metadata. Editors strip them, students copy, delete and retype cells. Each cell of the
assignment is looked for by its nbgrader id, then by its notebook id, then by its text, then by its place between two
cells that were found. What is not found is added as it was handed out; what is left of the submission stays where it
was, as plain cells. Of the student's cells only text and attached pictures are kept: no metadata, no output.
"""

import re
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked
from traitlets import Unicode


def graded_id(cell):
    data = cell.metadata.get("nbgrader")
    return data.get("grade_id") if isinstance(data, dict) else None


def text(cell):
    return cell.cell_type, cell.source.strip()


def match(release, submitted):
    """For each cell of the assignment the place of its own cell in the submission, or None.

    Both arguments are lists of cells.
    """
    found, free = {}, set(range(len(submitted)))

    def take(place, candidates):
        """Of several copies one that was worked on counts, and of these the last.

        A student who copies goes on in the copy.
        """
        if place not in found and candidates:
            worked_on = [i for i in candidates if text(submitted[i]) != text(release[place])]
            found[place] = (worked_on or candidates)[-1]
            free.remove(found[place])

    def alike(cell, other):
        return cell.cell_type == other.cell_type or graded_id(cell) is not None and graded_id(cell) == graded_id(other)

    repeated = Counter(map(text, release))  # hidden tests all look the same, so that their text says nothing
    for key in (graded_id, lambda cell: cell.get("id"), text):
        for place, cell in enumerate(release):
            if key(cell) and (key != text or repeated[text(cell)] == 1):
                take(place, [i for i in sorted(free) if key(submitted[i]) == key(cell) and alike(cell, submitted[i])])
    for place, cell in enumerate(release):  # an answer: between the neighbours that were found, the nearest text
        if place not in found and not is_locked(cell):
            start = max((found[p] for p in found if p < place), default=-1)
            stop = min((found[p] for p in found if p > place and found[p] > start), default=len(submitted))
            between = [i for i in sorted(free) if start < i < stop and submitted[i].cell_type == cell.cell_type]
            take(place, sorted(between, key=lambda i: likeness(cell, submitted[i])))
    return [found.get(place) for place in range(len(release))]


def likeness(cell, other):
    """How many characters of a cell stand in the other one.

    Only their beginnings are compared: the time grows with the square of the length.
    """
    matcher = SequenceMatcher(None, cell.source[:2000], other.source[:2000], autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


class RestoreCells(NbGraderPreprocessor):
    """Runs before nbgrader's own sanitizing, which then restores the text of locked cells from the gradebook."""

    release = Unicode(help="The folder of the assignments as they were handed out.").tag(config=True)

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        assignment = nbformat.read(Path(self.release, names["assignment"], f"{names['notebook']}.ipynb"), 4)
        matched = match(assignment.cells, nb.cells)
        blank = {text(cell) for cell in assignment.cells if not is_locked(cell)}  # a copy of one would undo its answer
        extra = [i for i in range(len(nb.cells)) if i not in matched and text(nb.cells[i]) not in blank]

        cells, last = [], -1
        for cell, place in zip(assignment.cells, matched, strict=True):
            if place is not None:
                cells += [plain(nb.cells[i], i) for i in extra if last < i < place]
                last = max(last, place)
                if not is_locked(cell):
                    keep(nb.cells[place], cell)
            elif graded_id(cell):
                self.log.warning(
                    "Cell '%s' is missing from the submission; it is added as it was handed out", graded_id(cell)
                )
            cells.append(cell)
        assignment.cells = cells + [plain(nb.cells[i], i) for i in extra if i > last]
        return assignment, resources


def keep(mine, cell):
    """Put the student's text, and the pictures attached to it, into the cell as it was handed out."""
    # Markers see the text as a page: a space keeps "<script" from being a tag, and leaves $a<b$ what it is.
    cell.source = mine.source if cell.cell_type == "code" else re.sub(r"<(?=[A-Za-z/!?])", "< ", mine.source)
    if cell.cell_type == "markdown" and "attachments" in mine:
        cell.attachments = mine.attachments


def plain(mine, place):
    """A cell of the student's own, under an id that is no other cell's."""
    new = {"markdown": new_markdown_cell, "code": new_code_cell}.get(mine.cell_type, new_raw_cell)
    cell = new(id=f"extra-{place}")
    keep(mine, cell)
    return cell
