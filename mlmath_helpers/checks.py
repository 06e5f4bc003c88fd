"""Assertions that a reader can see: each prints one line, or fails with the numbers that disagree.

``check`` and ``check_that`` carry the label of the statement on the page that they assert; ``refute`` carries the
identifier of the erratum in ``chapters/errata.yml``. The tests of the book hold the two sides together.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike

RTOL = 1e-9
ATOL = 1e-12
# A printed formula counts as refuted only when it misses by far more than rounding could explain.
REFUTATION_MARGIN = 1e6


def check(label: str, left: ArrayLike, right: ArrayLike, *, rtol: float = RTOL, atol: float = ATOL) -> None:
    """Assert that the two sides of the equation ``label`` agree, and print one line that says so.

    The sides agree when they have exactly the same shape (nothing is broadcast), at least one element, no NaN or
    infinity, and ``|left - right| <= atol + rtol * |right|`` in every element. Booleans and integers must be equal.

    Parameters
    ----------
    label : the label of the equation, theorem, example or solution on the page, such as ``"eq-bayes"``.
    left, right : numbers or arrays of one shape.
    rtol, atol : tolerances. For a simulated quantity derive ``atol`` from its standard error.

    Raises
    ------
    AssertionError : the sides disagree; the message gives the largest deviation and where it is.
    ValueError : the label is malformed, or a tolerance is negative or not finite.
    TypeError : a side is not numeric.

    Derived in: Vectors and matrices, "How to read this book".
    """
    _require_label(label)
    left, right, allowed, deviation = _compare(label, left, right, rtol, atol)
    excess = deviation - allowed
    if (excess > 0).any():
        worst = np.unravel_index(np.argmax(excess), excess.shape)
        raise AssertionError(
            f"{label} fails: largest deviation {deviation[worst]:.3g}{_place(worst)}: "
            f"left {left[worst]:.6g}, right {right[worst]:.6g}, allowed {allowed[worst]:.1g}"
        )
    if left.ndim == 0:
        print(f"{label} holds: both sides are {_number(right, allowed)}")
    else:
        print(f"{label} holds: both sides are {_shape(right)}, equal to within {allowed.max():.1g}")


def check_that(label: str, condition: ArrayLike) -> None:
    """Assert that ``condition``, one truth value or an array of them, is true throughout, and print one line.

    Parameters
    ----------
    label : the label of the statement on the page.
    condition : a bool, or a boolean array with one entry a case. Numbers are refused: compare them first.

    Raises
    ------
    AssertionError : a case is false (the message counts them and names the first), or there is no case at all.
    TypeError : the condition is not made of truth values.
    ValueError : the label is malformed.
    """
    _require_label(label)
    cases = np.asarray(condition)
    if cases.dtype != bool:
        raise TypeError(f"{label}: the condition must be made of truth values, not of {cases.dtype}")
    if cases.size == 0:
        raise AssertionError(f"{label} fails: there is no case to check")
    if not cases.all():
        first = np.unravel_index(np.argmin(cases), cases.shape)
        count = "" if cases.ndim == 0 else f" in {np.sum(~cases)} of {cases.size} cases, first"
        raise AssertionError(f"{label} fails{count}{_place(first)}")
    print(f"{label} holds" + ("" if cases.ndim == 0 else f" in all {cases.size} cases"))


def refute(
    erratum: str,
    printed: ArrayLike,
    correct: ArrayLike,
    truth: ArrayLike = True,
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Assert that what a note prints is false and what the book puts in its place is true.

    Parameters
    ----------
    erratum : identifier in ``chapters/errata.yml``, such as ``"n4-eq-16-variance"``.
    printed : what the printed formula gives in the counterexample. It must differ from the truth in shape, or by at
        least a million times the tolerance.
    correct : what the corrected formula gives. It must agree with the truth as ``check`` demands.
    truth : the same quantity found by another route (simulation, brute force, a library). For a statement that is
        not a formula, pass two truth values, "does the printed statement hold here" and "does the corrected one",
        and leave ``truth`` at ``True``.

    Raises
    ------
    AssertionError : the printed formula is right here, or the corrected one is wrong.
    ValueError : the identifier is malformed. TypeError : an argument is not numeric.
    """
    _require_label(erratum)
    name = f"{erratum} (correction)"
    _, _, allowed, deviation = _compare(name, correct, truth, rtol, atol)
    if (deviation > allowed).any():
        worst = np.unravel_index(np.argmax(deviation - allowed), deviation.shape)
        raise AssertionError(f"{name} fails: it misses the truth by {deviation[worst]:.3g}{_place(worst)}")
    printed, truth = _numeric(erratum, printed), _numeric(erratum, truth)
    if printed.shape != truth.shape:
        print(f"{erratum} refuted: as printed the result is {_shape(printed)}, in truth {_shape(truth)}")
        return
    _, _, allowed, deviation = _compare(f"{erratum} (as printed)", printed, truth, rtol, atol)
    # Truth values and integers carry no rounding error: any difference at all refutes them.
    demanded = np.where(allowed == 0, 0.5, REFUTATION_MARGIN * allowed)
    if not (deviation >= demanded).any():
        raise AssertionError(
            f"{erratum} is not refuted: as printed it misses the truth by {deviation.max():.3g} at most, "
            f"which is not beyond doubt (demanded: {demanded.min():.1g})"
        )
    worst = np.unravel_index(np.argmax(deviation / demanded), deviation.shape)
    if printed.dtype == bool:
        print(f"{erratum} refuted: false as printed, true as corrected")
    else:
        print(
            f"{erratum} refuted: as printed {_number(printed[worst], allowed[worst])}, "
            f"in truth {_number(truth[worst], allowed[worst])}{_place(worst)}"
        )


def _require_label(label: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", label):
        raise ValueError(f"{label!r} is not a label: lower-case words joined by hyphens are wanted, such as 'eq-bayes'")


def _numeric(name: str, value: ArrayLike) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{name}: numbers or truth values are wanted, not {array.dtype}")
    if array.size == 0:
        raise AssertionError(f"{name} fails: an empty array proves nothing (shape {array.shape})")
    if not np.isfinite(array).all():
        bad = np.unravel_index(np.argmin(np.isfinite(array)), array.shape)
        raise AssertionError(f"{name} fails: {array[bad]} among the values{_place(bad)}")
    return array


def _compare(name: str, left: ArrayLike, right: ArrayLike, rtol: float, atol: float):
    """Both sides as arrays of one shape, the deviation allowed and the deviation found, element by element."""
    for tolerance in (rtol, atol):
        if not (np.isfinite(tolerance) and tolerance >= 0):
            raise ValueError(f"{name}: a tolerance must be finite and not negative, not {tolerance}")
    left, right = _numeric(name, left), _numeric(name, right)
    if left.shape != right.shape:
        raise AssertionError(f"{name} fails: the shapes are {left.shape} and {right.shape}")
    if left.dtype.kind in "biu" and right.dtype.kind in "biu":
        exact = np.zeros(right.shape)
        return left, right, exact, np.abs(left.astype(float) - right.astype(float))
    return left, right, atol + rtol * np.abs(right), np.abs(left - right)


def _place(index: tuple) -> str:
    if len(index) == 0:
        return ""
    return f" at index {int(index[0])}" if len(index) == 1 else f" at index {tuple(int(i) for i in index)}"


def _shape(array: np.ndarray) -> str:
    if array.ndim == 0:
        return "one number"
    return f"{array.size} numbers" if array.ndim == 1 else " × ".join(map(str, array.shape)) + " numbers"


def _number(value, allowed) -> str:
    if value.dtype == bool:
        return str(bool(value))
    # What is zero up to rounding is printed as zero: its last digits differ from machine to machine.
    return "0" if np.abs(value) <= allowed else f"{value:.6g}"
