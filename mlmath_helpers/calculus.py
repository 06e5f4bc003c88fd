"""Derivatives by finite differences, and what the Hessian says about a stationary point.

A function ``f`` takes an array of shape (n,) and returns one number, or for ``jacobian`` an array of shape (m,).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .validation import as_finite_array, as_symmetric_matrix

Verdict = Literal["minimum", "maximum", "saddle", "undecided"]
Function = Callable[[np.ndarray], float]

EPSILON = float(np.finfo(float).eps)
# Central differences: the truncation error falls with h^2, the rounding error grows with 1/h (first derivative) or
# 1/h^2 (second derivative). These steps, in units of max(1, |x_i|), balance the two.
GRADIENT_STEP = EPSILON ** (1 / 3)
HESSIAN_STEP = EPSILON ** (1 / 4)


def gradient(f: Function, x: ArrayLike) -> np.ndarray:
    """The gradient of ``f`` at ``x``, shape (n,), by central differences.

    The error is about 1e-10 where ``f`` and its first three derivatives are continuous and of order one. It takes 2 n
    values of ``f``, at distances of at most 6e-6 max(1, |x_i|).

    Raises ValueError: ``x`` is not one axis of finite numbers, or ``f`` is not one finite number at a point needed.
    Derived in: Derivatives and gradients, "Derivatives from values, and the size of the step".
    Source: Nocedal and Wright, section 8.1.
    """
    return _gradient(f, as_finite_array("x", x, ndim=1), GRADIENT_STEP)


def jacobian(f: Callable[[np.ndarray], np.ndarray], x: ArrayLike) -> np.ndarray:
    """The Jacobian of ``f`` at ``x`` by central differences, shape (m, n): entry (i, j) is the derivative of f_i by x_j.

    This is the numerator layout; the transpose is the denominator layout. Accuracy and cost are those of ``gradient``.

    Raises ValueError: ``x`` is not one axis of finite numbers, or the values of ``f`` are not finite, or not one axis of
        the same length everywhere.
    Derived in: Matrix derivatives, "Two layouts". Source: Nocedal and Wright, section 8.1.
    """
    x = as_finite_array("x", x, ndim=1)
    h, shifts = _shifts(x, GRADIENT_STEP)
    # Each value is copied: f may return the same array every time, filled anew.
    values = [[np.array(f(x + sign * shift), dtype=float) for sign in (1, -1)] for shift in shifts]
    pairs = [[as_finite_array("the value of f", value, ndim=1) for value in pair] for pair in values]
    lengths = {len(value) for pair in pairs for value in pair}
    if len(lengths) > 1:
        raise ValueError(f"f must return arrays of one length; near x it returns lengths {sorted(lengths)}")
    return np.column_stack([(right - left) / (2 * step) for (right, left), step in zip(pairs, h)])


def hessian(f: Function, x: ArrayLike) -> np.ndarray:
    """The Hessian of ``f`` at ``x``, shape (n, n), by central differences, symmetric by construction.

    The error is about 1e-8 where ``f`` and its first four derivatives are continuous and of order one. It takes
    2 n^2 + 1 values of ``f``, each coordinate shifted by at most 1.2e-4 max(1, |x_i|).

    Raises ValueError: as ``gradient`` does.
    Derived in: Convexity and extrema, "A Hessian without formulas". Source: Nocedal and Wright, section 8.1.
    """
    return _hessian(f, as_finite_array("x", x, ndim=1), HESSIAN_STEP)


def classify(hessian_matrix: ArrayLike, tolerance: float | None = None) -> Verdict:
    """What the second-derivative test concludes from the Hessian at a stationary point.

    ``hessian_matrix`` is symmetric, shape (n, n). An eigenvalue of at most ``tolerance`` in absolute value counts as
    zero; give the spectral norm of the matrix's error, if it has one. The default is 1e-9 times the largest absolute
    eigenvalue. The verdict is ``"undecided"`` when the matrix is singular and semidefinite: the test is silent.

    Raises ValueError: the matrix is not square, finite and symmetric, or the tolerance is negative or not finite.
    Derived in: Convexity and extrema, "The second-derivative test". Source: Nocedal and Wright, section 2.1.
    """
    eigenvalues = np.linalg.eigvalsh(as_symmetric_matrix("the Hessian", hessian_matrix))
    if tolerance is None:
        tolerance = 1e-9 * np.abs(eigenvalues).max()
    _require_tolerance(tolerance)
    up, down = eigenvalues > tolerance, eigenvalues < -tolerance
    if up.any() and down.any():
        return "saddle"
    if up.all():
        return "minimum"
    return "maximum" if down.all() else "undecided"


def classify_stationary_point(f: Function, x: ArrayLike, tolerance: float = 1e-6) -> Verdict:
    """The second-derivative test for ``f`` at the stationary point ``x``, shape (n,), by finite differences.

    ``f`` is to be four times continuously differentiable near ``x``. A gradient that a shift of ``x`` by ``tolerance``,
    in units of max(1, |x_i|), would explain passes for zero. So does an eigenvalue whose sign the error of the
    differences might have turned; that error is estimated from a second evaluation at twice the step and from rounding.

    Raises ValueError: ``x`` is not stationary (the message gives the gradient); otherwise as the functions above.
    Derived in: Convexity and extrema, "The second-derivative test". Source: Nocedal and Wright, sections 2.1 and 8.1.
    """
    x = as_finite_array("x", x, ndim=1)
    _require_tolerance(tolerance)
    scale = np.maximum(1.0, np.abs(x))
    rounding = 8 * EPSILON * abs(_value(f, x))

    second, first = _hessian(f, x, HESSIAN_STEP), _gradient(f, x, GRADIENT_STEP)
    second_error = np.abs(second - _hessian(f, x, 2 * HESSIAN_STEP))
    second_error += rounding / np.outer(scale, scale) / HESSIAN_STEP**2
    first_error = np.abs(first - _gradient(f, x, 2 * GRADIENT_STEP)) + rounding / scale / GRADIENT_STEP

    allowed = first_error + tolerance * np.abs(second) @ scale
    worst = int(np.argmax(np.abs(first) - allowed))
    if np.abs(first[worst]) > allowed[worst]:
        raise ValueError(
            f"x is not stationary: component {worst} of the gradient is {first[worst]:.3g}, "
            f"where at most {allowed[worst]:.1g} passes for zero"
        )
    # No eigenvalue of a symmetric matrix moves by more than the spectral norm of a symmetric error (Weyl). What f
    # loses to rounding inside is not seen here: second differences are never trusted beyond half of the digits.
    unseen = EPSILON**0.5 * np.linalg.norm(second, 2)
    return classify(second, tolerance=float(np.linalg.norm(second_error, 2) + unseen))


def _require_tolerance(tolerance: float) -> None:
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"the tolerance must be finite and not negative; it is {tolerance}")


def _value(f: Function, x: np.ndarray) -> float:
    value = np.asarray(f(x), dtype=float)
    if value.ndim != 0:
        raise ValueError(f"f must return one number; at {x.tolist()} it returns an array of shape {value.shape}")
    if not np.isfinite(value):
        raise ValueError(f"f must be finite near x; at {x.tolist()} it is {value}")
    return float(value)


def _shifts(x: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """The steps h, shape (n,), and the vectors h_i e_i as the rows of a matrix, shape (n, n)."""
    h = step * np.maximum(1.0, np.abs(x))
    h = (x + h) - x  # the step that the rounded sum really takes
    return h, np.diag(h)


def _gradient(f: Function, x: np.ndarray, step: float) -> np.ndarray:
    h, shifts = _shifts(x, step)
    return np.array([_value(f, x + shift) - _value(f, x - shift) for shift in shifts]) / (2 * h)


def _hessian(f: Function, x: np.ndarray, step: float) -> np.ndarray:
    h, shifts = _shifts(x, step)
    middle = _value(f, x)
    second = np.empty((x.size, x.size))
    for i, along in enumerate(shifts):
        second[i, i] = (_value(f, x + along) - 2 * middle + _value(f, x - along)) / h[i] ** 2
        for j, across in enumerate(shifts[:i]):
            mixed = _value(f, x + along + across) - _value(f, x + along - across)
            mixed -= _value(f, x - along + across) - _value(f, x - along - across)
            second[i, j] = second[j, i] = mixed / (4 * h[i] * h[j])
    return second
