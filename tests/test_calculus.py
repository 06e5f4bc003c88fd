"""mlmath_helpers.calculus against sympy, scipy and stationary points printed in textbooks."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import rosen, rosen_der, rosen_hess

from mlmath_helpers.calculus import classify, classify_stationary_point, gradient, hessian, jacobian

coordinates = st.floats(-3, 3, allow_nan=False)
integers = st.integers(-5, 5)


@st.composite
def polynomials(draw):
    """A polynomial of degree at most 4 in up to three variables: sympy's expression and its symbols."""
    symbols = sympy.symbols(f"x0:{draw(st.integers(1, 3))}")
    terms = draw(st.lists(st.tuples(integers, *[st.integers(0, 2)] * len(symbols)), min_size=1, max_size=5))
    return sum(c * sympy.prod(s**k for s, k in zip(symbols, powers)) for c, *powers in terms) + 0 * symbols[0], symbols


@st.composite
def symmetric_matrices(draw):
    """A symmetric matrix of small integers, up to 4 x 4."""
    n = draw(st.integers(1, 4))
    entries = draw(st.lists(st.integers(-3, 3), min_size=n * n, max_size=n * n))
    upper = np.triu(np.reshape(entries, (n, n)))
    return upper + np.triu(upper, 1).T


def definiteness(matrix) -> str:
    """The verdict in exact arithmetic: all roots of the characteristic polynomial are real, so Descartes' rule counts
    the positive ones as the sign changes of its coefficients."""
    coefficients = [int(c) for c in sympy.Matrix(matrix.tolist()).charpoly().all_coeffs()]
    up, down = (
        sum(a * b < 0 for a, b in zip(signs, signs[1:]))
        for signs in (
            [c for c in coefficients if c],
            [c * (-1) ** k for k, c in enumerate(coefficients) if c],
        )
    )
    if up and down:
        return "saddle"
    return "minimum" if up == len(matrix) else "maximum" if down == len(matrix) else "undecided"


@settings(max_examples=60, deadline=None)
@given(polynomials(), st.lists(coordinates, min_size=3, max_size=3))
def test_derivatives_agree_with_sympy(polynomial, point):
    expression, symbols = polynomial
    point = np.array(point[: len(symbols)])
    value = sympy.lambdify(symbols, expression)
    at_point = dict(zip(symbols, point))
    first = np.array([sympy.diff(expression, s).subs(at_point) for s in symbols], dtype=float)
    second = np.array(sympy.hessian(expression, symbols).subs(at_point), dtype=float)
    # Rounding and truncation grow with the sizes of the terms, not with their sum.
    size = 1 + sum(abs(c) for c in sympy.Poly(expression, *symbols).coeffs()) * 3.0**6
    np.testing.assert_allclose(gradient(lambda x: value(*x), point), first, rtol=0, atol=1e-9 * float(size))
    np.testing.assert_allclose(hessian(lambda x: value(*x), point), second, rtol=0, atol=1e-6 * float(size))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_derivatives_agree_with_scipy_on_rosenbrock(n):
    for point in np.random.default_rng(n).uniform(-2, 2, size=(20, n)):
        np.testing.assert_allclose(gradient(rosen, point), rosen_der(point), atol=1e-6)
        found = hessian(rosen, point)
        np.testing.assert_allclose(found, rosen_hess(point), atol=1e-4)
        np.testing.assert_array_equal(found, found.T)


def test_errors_are_of_the_order_the_docstrings_state():
    point = np.array([0.7, -0.4, 0.2])

    def f(x):
        return np.sin(x[0]) * np.exp(x[1]) + np.cos(x[1] * x[2])

    x, y, z = sympy.symbols("x y z")
    expression, at_point = sympy.sin(x) * sympy.exp(y) + sympy.cos(y * z), dict(zip((x, y, z), point))
    first = np.array([sympy.diff(expression, s).subs(at_point) for s in (x, y, z)], dtype=float)
    second = np.array(sympy.hessian(expression, (x, y, z)).subs(at_point), dtype=float)
    assert np.abs(gradient(f, point) - first).max() < 5e-10
    assert np.abs(hessian(f, point) - second).max() < 1e-7


def test_steps_grow_with_the_point():
    point = np.array([1e6, -3e6])
    np.testing.assert_allclose(gradient(lambda x: x[0] ** 2 * x[1], point), [-6e12, 1e12], rtol=1e-8)
    np.testing.assert_allclose(hessian(lambda x: x[0] ** 2 * x[1], point), [[-6e6, 2e6], [2e6, 0]], rtol=1e-6, atol=1)


def test_the_point_is_not_changed_and_lists_will_do():
    point = np.array([1.0, 2.0])
    assert gradient(lambda x: x[0] * x[1], [1, 2]) == pytest.approx([2, 1])
    hessian(rosen, point)
    assert point.tolist() == [1.0, 2.0]


@settings(max_examples=150, deadline=None)
@given(symmetric_matrices())
def test_classify_agrees_with_exact_arithmetic(matrix):
    expected = definiteness(matrix)
    opposite = {"minimum": "maximum", "maximum": "minimum"}.get(expected, expected)
    for scale in (1, 1e-12, 1e12):
        assert classify(scale * matrix) == expected
        assert classify(-scale * matrix) == opposite


def test_classify_tolerance():
    nearly_flat = np.diag([1.0, 1e-4])
    assert classify(nearly_flat) == "minimum"
    assert classify(nearly_flat, tolerance=1e-3) == "undecided"
    assert classify(np.diag([1.0, -1e-4]), tolerance=1e-3) == "undecided"
    assert classify(np.diag([1.0, -1.0, 0.0])) == "saddle"
    assert classify(np.diag([1.0, 1e-13])) == "undecided"
    assert classify(np.zeros((2, 2))) == "undecided"


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], r"must be square; its shape is \(2, 3\)"),
        ([[1, 2], [4, 1]], "must be symmetric; it differs from its transpose by up to 2"),
        ([[1, np.nan], [np.nan, 1]], r"must be finite; it is nan at index \(0, 1\)"),
        ([1, 2], r"must have 2 axes.*its shape is \(2,\)"),
        (np.empty((0, 0)), "at least one element"),
    ],
)
def test_classify_refuses(matrix, message):
    with pytest.raises(ValueError, match=message):
        classify(matrix)


@pytest.mark.parametrize("tolerance", [-1.0, np.inf, np.nan])
def test_tolerances_are_checked(tolerance):
    with pytest.raises(ValueError, match="tolerance must be finite and not negative; it is"):
        classify(np.eye(2), tolerance)
    with pytest.raises(ValueError, match="tolerance must be finite and not negative; it is"):
        classify_stationary_point(rosen, [1, 1], tolerance)


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


# All nine stationary points of Himmelblau's function to six places, from a Gröbner basis of its gradient (sympy).
HIMMELBLAU = {
    (3.0, 2.0): "minimum",
    (-2.805118, 3.131313): "minimum",
    (-3.779310, -3.283186): "minimum",
    (3.584428, -1.848127): "minimum",
    (-0.270845, -0.923039): "maximum",
    (3.385154, 0.073852): "saddle",
    (0.086678, 2.884255): "saddle",
    (-3.073026, -0.081353): "saddle",
    (-0.127961, -1.953715): "saddle",
}


@pytest.mark.parametrize(("point", "verdict"), HIMMELBLAU.items())
def test_himmelblau(point, verdict):
    assert classify_stationary_point(himmelblau, point) == verdict


@pytest.mark.parametrize(
    ("f", "point", "verdict"),
    [
        (rosen, [1, 1, 1, 1], "minimum"),
        (lambda x: x[0] ** 3 - 3 * x[0] * x[1] + x[1] ** 3, [0, 0], "saddle"),
        (lambda x: x[0] ** 3 - 3 * x[0] * x[1] + x[1] ** 3, [1, 1], "minimum"),
        (lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2, [0, 0], "undecided"),  # the monkey saddle
        (lambda x: (x[1] - x[0] ** 2) * (x[1] - 3 * x[0] ** 2), [0, 0], "undecided"),  # Peano
        (lambda x: x[0] ** 4, [0], "undecided"),
        (lambda x: -(x[0] ** 4), [0], "undecided"),
        (lambda x: x[0] ** 4 + 1e6, [0], "undecided"),
        (lambda x: np.exp(x[0] ** 4), [0], "undecided"),
        (lambda x: 5.0, [1, 2], "undecided"),
        (lambda x: np.cos(x[0]) + np.cos(x[1]), [0, 0], "maximum"),
        (lambda x: np.cos(x[0]) + np.cos(x[1]), [np.pi, 0], "saddle"),
        (lambda x: 1e-8 * (x[0] ** 2 + x[1] ** 2), [0, 0], "minimum"),
    ],
)
def test_known_stationary_points(f, point, verdict):
    assert classify_stationary_point(f, point) == verdict


@pytest.mark.parametrize("w1", [0.01, 0.3, 1.0, 7.0, 30.0])
def test_a_curve_of_minima_is_undecided(w1):
    assert classify_stationary_point(lambda w: (w[0] * w[1] - 1) ** 2 / 2, [w1, 1 / w1]) == "undecided"


@settings(max_examples=60, deadline=None)
@given(symmetric_matrices(), st.integers(0, 10**6))
def test_stationary_points_of_random_cubics(matrix, seed):
    rng = np.random.default_rng(seed)
    n = len(matrix)
    centre, cubic = rng.uniform(-2, 2, n), rng.uniform(-1, 1, (n, n, n))

    def f(x):
        h = x - centre
        return 3 + h @ matrix @ h / 2 + np.einsum("ijk,i,j,k", cubic, h, h, h)

    assert classify_stationary_point(f, centre) == definiteness(matrix)


def test_a_point_that_is_not_stationary_is_refused():
    with pytest.raises(ValueError, match="not stationary: component 0 of the gradient is 1,"):
        classify_stationary_point(lambda x: x[0] ** 2 + x[0], [0.0])
    with pytest.raises(ValueError, match="not stationary: component 1 of the gradient is 1,"):
        classify_stationary_point(lambda x: 1e12 * x[0] ** 2 + x[1], [0.0, 0.0])
    with pytest.raises(ValueError, match="not stationary: component 0 of the gradient is 1e-10"):
        classify_stationary_point(lambda x: 1e-10 * x[0], [0.0])
    with pytest.raises(ValueError, match="not stationary"):
        classify_stationary_point(lambda x: x[0] ** 2, [1e-4])
    assert classify_stationary_point(lambda x: x[0] ** 2, [1e-4], tolerance=1e-3) == "minimum"


@pytest.mark.parametrize("function", [gradient, hessian, classify_stationary_point])
def test_bad_points_and_functions_are_refused(function):
    with pytest.raises(ValueError, match=r"x must have 1 axes.*its shape is \(1, 2\)"):
        function(rosen, [[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"x must be finite; it is inf at index \(1,\)"):
        function(rosen, [1.0, np.inf])
    with pytest.raises(ValueError, match=r"f must return one number; at .* an array of shape \(2,\)"):
        function(lambda x: x, [1.0, 2.0])
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=r"f must be finite near x; at \[-.*\] it is nan"):
        function(lambda x: np.sqrt(x[0]), [0.0])


def test_a_linear_function_shows_that_the_step_is_the_one_taken():
    for point in np.random.default_rng(0).uniform(0.1, 5, 200):
        assert gradient(lambda x: x[0], [point])[0] == pytest.approx(1, rel=1e-14)


def test_rounding_is_not_taken_for_a_derivative():
    def noisy_constant(x):
        return 1e6 * np.cos(x[0]) ** 2 + 1e6 * np.sin(x[0]) ** 2

    for point in np.random.default_rng(0).uniform(0.1, 5, 300):
        assert classify_stationary_point(noisy_constant, [point]) == "undecided"


# Jacobian


def test_jacobian_agrees_with_sympy():
    x, y, z = sympy.symbols("x y z")
    spherical = sympy.Matrix([x * sympy.sin(y) * sympy.cos(z), x * sympy.sin(y) * sympy.sin(z)])
    value = sympy.lambdify((x, y, z), list(spherical))
    for point in np.random.default_rng(8).uniform(-2, 2, size=(20, 3)):
        exact = np.array(spherical.jacobian([x, y, z]).subs(dict(zip((x, y, z), point))), dtype=float)
        found = jacobian(lambda v: np.array(value(*v)), point)
        assert found.shape == (2, 3)
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-9)


def test_jacobian_of_a_function_that_reuses_its_array():
    kept = np.empty(2)

    def f(v):
        kept[:] = v[0] * v[1], v[0]
        return kept

    np.testing.assert_allclose(jacobian(f, [2.0, 3.0]), [[3, 2], [1, 0]], rtol=0, atol=1e-9)


def test_jacobian_of_a_gradient_is_the_hessian():
    point = np.array([-1.2, 1.0, 0.7])
    np.testing.assert_allclose(jacobian(rosen_der, point), rosen_hess(point), rtol=1e-8, atol=1e-5)


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (lambda v: v, [[1.0]], "x must have 1 axes"),
        (lambda v: v, [np.nan], "x must be finite"),
        (lambda v: v.sum(), [1.0, 2.0], "the value of f must have 1 axes"),
        (np.log, [0.0], "the value of f must be finite"),
        (lambda v: np.ones(1 + (v[0] > 0)), [0.0], r"lengths \[1, 2\]"),
    ],
)
def test_jacobian_refuses(f, x, message):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        jacobian(f, x)
