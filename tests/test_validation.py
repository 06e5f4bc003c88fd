"""Bad input is named with what was wrong and by how much."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mlmath_helpers.validation import as_finite_array, as_square_matrix, as_symmetric_matrix


@given(arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)))
def test_good_input_passes_unchanged(matrix):
    np.testing.assert_array_equal(as_finite_array("x", matrix, ndim=2), matrix)
    np.testing.assert_allclose(as_symmetric_matrix("x", matrix @ matrix.T), matrix @ matrix.T)


def test_integers_become_floats():
    assert as_square_matrix("A", [[1, 2], [3, 4]]).dtype == float


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: as_finite_array("x", [[1.0]], ndim=1), r"x must have 1 axes .* shape is \(1, 1\)"),
        (lambda: as_finite_array("x", [], ndim=1), r"at least one element; its shape is \(0,\)"),
        (lambda: as_finite_array("x", [0, np.nan], ndim=1), r"x must be finite; it is nan at index \(1,\)"),
        (lambda: as_square_matrix("A", np.ones((2, 3))), r"A must be square; its shape is \(2, 3\)"),
        (lambda: as_symmetric_matrix("S", [[1, 2], [2.5, 1]]), r"S must be symmetric; .* by up to 0\.5"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
