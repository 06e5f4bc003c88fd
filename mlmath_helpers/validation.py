"""Checks of input that several modules share: each says what was wrong and by how much."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def as_finite_array(name: str, value: ArrayLike, ndim: int) -> np.ndarray:
    """``value`` as an array of floats with ``ndim`` axes, none of them empty, without NaN and infinity."""
    array = np.asarray(value, dtype=float)
    if array.ndim != ndim or array.size == 0:
        raise ValueError(f"{name} must have {ndim} axes and at least one element; its shape is {array.shape}")
    if not np.isfinite(array).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite; it is {array[bad]} at index {bad}")
    return array


def as_square_matrix(name: str, value: ArrayLike) -> np.ndarray:
    """``value`` as a finite matrix of floats, shape (n, n)."""
    matrix = as_finite_array(name, value, ndim=2)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be square; its shape is {matrix.shape}")
    return matrix


def as_symmetric_matrix(name: str, value: ArrayLike, *, tolerance: float = 1e-10) -> np.ndarray:
    """``value`` as a symmetric matrix, shape (n, n); asymmetry up to ``tolerance`` times its largest entry is rounding."""
    matrix = as_square_matrix(name, value)
    asymmetry = np.abs(matrix - matrix.T).max()
    if asymmetry > tolerance * np.abs(matrix).max():
        raise ValueError(f"{name} must be symmetric; it differs from its transpose by up to {asymmetry:.3g}")
    return (matrix + matrix.T) / 2
