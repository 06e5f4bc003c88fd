"""Grade the book's assignments with nbgrader, so that no submission is lost and none wins by a trick.

Nor does a submission ever stop another's grading. `classroom` (see `cli`) is the command; `configure` sets nbgrader up
in a course folder, so that nbgrader's own commands and its formgrader grade in the same way.
"""


def configure(c):
    """Set nbgrader's configuration `c`, in a course's nbgrader_config.py, to grade with this package."""
    from nbconvert.preprocessors import ClearMetadataPreprocessor
    from nbgrader.preprocessors import (
        AssignLatePenalties,
        CheckCellMetadata,
        ClearOutput,
        IgnorePattern,
        LimitOutput,
        OverwriteCells,
        OverwriteKernelspec,
        SaveAutoGrades,
    )

    from .execute import ExecuteApart
    from .restore import RestoreCells

    c.Autograde.sanitize_preprocessors = [
        ClearOutput,
        RestoreCells,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    c.Autograde.autograde_preprocessors = [
        ExecuteApart,
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.RestoreCells.release = "release"
    c.HTMLExporter.sanitize_html = True  # or a script in an answer would run in the marker's browser
    c.LimitOutput.max_lines = 200
