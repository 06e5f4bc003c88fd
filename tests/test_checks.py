"""The checks of the pages must hold where they should and, above all, fail where they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from mlmath_helpers.checks import REFUTATION_MARGIN, check, check_that, refute

finite = st.floats(-1e6, 1e6)


@given(arrays(float, array_shapes(), elements=finite))
def test_check_accepts_what_is_equal(array):
    check("eq-test", array, array.copy())


@given(arrays(float, array_shapes(), elements=finite), st.data())
def test_check_finds_one_wrong_element(array, data):
    index = tuple(data.draw(st.integers(0, side - 1)) for side in array.shape)
    wrong = array.copy()
    wrong[index] += 1e-3 + abs(wrong[index])
    with pytest.raises(AssertionError, match="eq-test fails: largest deviation"):
        check("eq-test", wrong, array)


def test_check_prints_one_stable_line(capsys):
    check("eq-test", 0.1 + 0.2, 0.3)
    check("eq-test", [[1.0, 2.0]], [[1.0, 2.0]])
    check("eq-test", 1e-17, 0)
    assert capsys.readouterr().out.splitlines() == [
        "eq-test holds: both sides are 0.3",
        "eq-test holds: both sides are 1 × 2 numbers, equal to within 2e-09",
        "eq-test holds: both sides are 0",
    ]


def test_check_says_where_and_by_how_much():
    with pytest.raises(AssertionError, match=r"deviation 0\.5 at index \(1, 0\): left 3\.5, right 3, allowed 3e-09"):
        check("eq-test", [[1, 2], [3.5, 4]], [[1, 2], [3, 4]])


def test_check_finds_the_worst_in_view_of_its_tolerance():
    # The first element misses by more, but is allowed to.
    with pytest.raises(AssertionError, match="at index 1"):
        check("eq-test", [1e9 + 0.5, 1.1], [1e9, 1.0])


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ([1.0, 2.0], [[1.0, 2.0]], "shapes are"),
        (1.0, [1.0, 1.0], "shapes are"),
        ([], [], "empty array"),
        ([np.nan], [np.nan], "nan among the values at index 0"),
        (np.inf, np.inf, "inf among the values"),
        (1, 2, "largest deviation 1"),
        (True, False, "largest deviation 1"),
    ],
)
def test_check_fails(left, right, message):
    with pytest.raises(AssertionError, match=message):
        check("eq-test", left, right)


def test_integers_are_compared_exactly():
    with pytest.raises(AssertionError, match="largest deviation 1"):
        check("eq-test", 10**12, 10**12 + 1)


def test_complex_numbers_are_compared_in_both_parts():
    check("eq-test", 1 + 2j, 1 + 2j)
    with pytest.raises(AssertionError):
        check("eq-test", 1 + 2j, 1 - 2j)


def test_tolerance_is_what_is_asked_for():
    check("eq-test", 1.05, 1.0, atol=0.1)
    with pytest.raises(AssertionError):
        check("eq-test", 1.15, 1.0, atol=0.1)
    for bad in (-1, np.nan, np.inf):
        with pytest.raises(ValueError, match="tolerance"):
            check("eq-test", 1.0, 1.0, atol=bad)


@pytest.mark.parametrize("value", ["text", None, [object()]])
def test_only_numbers_are_compared(value):
    with pytest.raises(TypeError, match="numbers or truth values"):
        check("eq-test", value, value)


@pytest.mark.parametrize("label", ["", "eq", "Eq-bayes", "eq_bayes", "eq-bayes "])
def test_labels_are_well_formed(label):
    for call in (lambda: check(label, 1, 1), lambda: check_that(label, True), lambda: refute(label, False, True)):
        with pytest.raises(ValueError, match="is not a label"):
            call()


def test_check_that(capsys):
    check_that("thm-test", 1 < 2)
    check_that("thm-test", np.array([True, True]))
    assert capsys.readouterr().out.splitlines() == ["thm-test holds", "thm-test holds in all 2 cases"]
    with pytest.raises(AssertionError, match="thm-test fails$"):
        check_that("thm-test", False)
    with pytest.raises(AssertionError, match=r"fails in 2 of 4 cases, first at index \(0, 1\)"):
        check_that("thm-test", [[True, False], [True, False]])
    with pytest.raises(AssertionError, match="no case"):
        check_that("thm-test", np.zeros(0, dtype=bool))
    with pytest.raises(TypeError, match="truth values, not of float64"):
        check_that("thm-test", [1.0, 0.5])


def test_refute(capsys):
    refute("n1-test", printed=[1.0, 5.0], correct=[1.0, 2.0], truth=[1.0, 2.0])
    refute("n1-test", printed=np.ones((2, 3)), correct=np.ones((3, 2)), truth=np.ones((3, 2)))
    refute("n1-test", printed=False, correct=True)
    refute("n1-test", printed=3, correct=4, truth=4)
    assert capsys.readouterr().out.splitlines() == [
        "n1-test refuted: as printed 5, in truth 2 at index 1",
        "n1-test refuted: as printed the result is 2 × 3 numbers, in truth 3 × 2 numbers",
        "n1-test refuted: false as printed, true as corrected",
        "n1-test refuted: as printed 3, in truth 4",
    ]


def test_refute_fails_when_the_printed_formula_is_right():
    with pytest.raises(AssertionError, match="is not refuted: as printed it misses the truth by 0 at most"):
        refute("n1-test", printed=2.0, correct=2.0, truth=2.0)
    with pytest.raises(AssertionError, match="is not refuted"):
        refute("n1-test", printed=True, correct=True)


def test_refute_fails_when_the_correction_is_wrong():
    with pytest.raises(AssertionError, match=r"n1-test \(correction\) fails: it misses the truth by 1"):
        refute("n1-test", printed=5.0, correct=3.0, truth=2.0)
    with pytest.raises(AssertionError, match=r"\(correction\) fails"):
        refute("n1-test", printed=False, correct=False)
    with pytest.raises(AssertionError, match=r"\(correction\) fails: the shapes"):
        refute("n1-test", printed=5.0, correct=[2.0], truth=2.0)


def test_refute_does_not_take_rounding_for_an_error():
    truth = 2.0
    just_wrong = truth + 0.9 * REFUTATION_MARGIN * 1e-9 * truth
    with pytest.raises(AssertionError, match="not beyond doubt"):
        refute("n1-test", printed=just_wrong, correct=truth, truth=truth)
    refute("n1-test", printed=truth + 1.1 * REFUTATION_MARGIN * 3e-9, correct=truth, truth=truth)


def test_refute_rejects_nan():
    with pytest.raises(AssertionError, match="nan among the values"):
        refute("n1-test", printed=np.nan, correct=2.0, truth=2.0)
