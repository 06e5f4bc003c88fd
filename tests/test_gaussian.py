"""The module ``gaussian`` against scipy, brute force and published numbers, and its answers to bad input."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from scipy.stats import chi2, multivariate_normal
from sklearn.datasets import load_iris

from mlmath_helpers import gaussian

DATA = Path(__file__).parents[1] / "chapters" / "data"
CORRELATED = [[4.0, 1.2], [1.2, 1.0]]


@st.composite
def normals(draw, dimensions=st.integers(1, 6)):
    """A mean, a covariance whose eigenvalues span up to eight orders of magnitude, and nine points about the mean."""
    p = draw(dimensions)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 10 ** draw(st.floats(-3, 3))
    rotation, _ = np.linalg.qr(rng.normal(size=(p, p)))
    covariance = scale * (rotation * 10 ** rng.uniform(-4, 4, p)) @ rotation.T
    covariance = (covariance + covariance.T) / 2
    mean = rng.normal(size=p)
    points = mean + 3 * np.sqrt(np.trace(covariance)) * rng.normal(size=(3, 3, p))
    return mean, covariance, points


@given(normals())
def test_log_density_is_that_of_scipy(normal):
    mean, covariance, points = normal
    ours = gaussian.log_density(points, mean, covariance)
    assert ours.shape == (3, 3)
    np.testing.assert_allclose(ours, multivariate_normal(mean, covariance).logpdf(points), rtol=1e-5, atol=1e-8)


@given(normals(st.integers(1, 4)), st.integers(0, 2**32 - 1))
def test_density_is_that_of_scipy(normal, seed):
    mean, covariance, _ = normal
    points = np.random.default_rng(seed).multivariate_normal(mean, covariance, size=5)
    ours = gaussian.density(points, mean, covariance)
    np.testing.assert_allclose(ours, multivariate_normal(mean, covariance).pdf(points).reshape(5), rtol=1e-5)


def test_density_by_hand():
    # The standard normal table: 0.3989 at the mean, 0.2420 one standard deviation away.
    np.testing.assert_allclose(gaussian.density([[0.0], [1.0]], [0.0], [[1.0]]), [0.3989, 0.2420], atol=5e-5)
    # A single point gives a single number.
    assert gaussian.density([0.0, 0.0], [0.0, 0.0], np.eye(2)) == pytest.approx(1 / (2 * np.pi), rel=1e-14)


def test_log_density_stays_finite_where_the_density_underflows():
    assert gaussian.log_density([100.0], [0.0], [[1.0]]) == pytest.approx(-5000 - 0.5 * np.log(2 * np.pi), rel=1e-14)
    assert gaussian.density([100.0], [0.0], [[1.0]]) == 0


@given(normals())
def test_mahalanobis_is_that_of_scipy(normal):
    mean, covariance, points = normal
    ours = gaussian.mahalanobis_squared(points, mean, covariance)
    inverse = np.linalg.inv(covariance)
    theirs = [[mahalanobis(point, mean, inverse) ** 2 for point in row] for row in points]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@given(normals())
def test_principal_axes_rebuild_the_covariance(normal):
    _, covariance, _ = normal
    eigenvalues, axes = gaussian.principal_axes(covariance)
    assert (np.diff(eigenvalues) <= 0).all()
    np.testing.assert_allclose(axes.T @ axes, np.eye(len(axes)), atol=1e-12)
    np.testing.assert_allclose(axes * eigenvalues @ axes.T, covariance, atol=1e-12 * eigenvalues[0])
    assert (axes[np.abs(axes).argmax(axis=0), np.arange(len(axes))] > 0).all()


@given(normals(), st.sampled_from(["principal", "cholesky"]))
def test_whitening_whitens(normal, kind):
    mean, covariance, points = normal
    matrix = gaussian.whitening_matrix(covariance, kind)
    np.testing.assert_allclose(matrix @ covariance @ matrix.T, np.eye(len(mean)), atol=1e-6)
    z = gaussian.whiten(points, mean, covariance, kind)
    np.testing.assert_allclose(np.sum(z**2, axis=-1), gaussian.mahalanobis_squared(points, mean, covariance), rtol=1e-5)


def test_kinds_of_whitening():
    principal, cholesky = (gaussian.whitening_matrix(CORRELATED, kind) for kind in ("principal", "cholesky"))
    assert cholesky[0, 1] == 0 and (np.diag(cholesky) > 0).all()
    np.testing.assert_allclose(cholesky, np.linalg.inv(np.linalg.cholesky(CORRELATED)), rtol=1e-14)
    # The rows of the principal one are orthogonal to each other.
    assert principal[0] @ principal[1] == pytest.approx(0, abs=1e-15)


@given(st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_signs_of_axes_with_entries_of_equal_modulus(rho, seed):
    # Rounding decides which of the two is larger, so it must not decide the sign.
    noise = 1e-15 * np.random.default_rng(seed).uniform(-1, 1, size=(2, 2))
    _, axes = gaussian.principal_axes(np.array([[1.0, rho], [rho, 1.0]]) + noise + noise.T)
    np.testing.assert_allclose(axes, np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2), atol=1e-11)


@given(normals(st.integers(1, 5)), st.floats(0.01, 50))
def test_level_points_have_the_level_and_its_density(normal, c):
    mean, covariance, points = normal
    directions = (points - mean) / np.linalg.norm(points - mean, axis=-1, keepdims=True)
    surface = gaussian.level_points(mean, covariance, c, directions)
    inverse = np.linalg.inv(covariance)
    found = np.einsum("...i,ij,...j", surface - mean, inverse, surface - mean)
    np.testing.assert_allclose(found, c, rtol=1e-5)
    # On the whole ellipsoid the density is the peak times exp(-c / 2).
    scipy_normal = multivariate_normal(mean, covariance)
    np.testing.assert_allclose(scipy_normal.logpdf(surface) - scipy_normal.logpdf(mean), -c / 2, rtol=1e-5)


def test_level_ellipse_by_hand():
    ellipse = gaussian.level_ellipse([1.0, -2.0], [[9.0, 0.0], [0.0, 4.0]], 4.0)
    assert ellipse.shape == (201, 2)
    assert (ellipse[0] == ellipse[-1]).all()
    np.testing.assert_allclose(ellipse.max(axis=0), [1 + 2 * 3, -2 + 2 * 2])
    np.testing.assert_allclose(ellipse.min(axis=0), [1 - 2 * 3, -2 - 2 * 2])
    assert (gaussian.level_ellipse([1.0, -2.0], CORRELATED, 0.0) == [1.0, -2.0]).all()


@given(st.floats(1e-6, 400), st.integers(1, 60))
def test_content_is_the_chi_squared_distribution(c, p):
    assert gaussian.ellipsoid_content(c, p) == pytest.approx(chi2.cdf(c, p), abs=2e-14)


def test_content_against_the_published_table():
    # Percentage points of chi-squared in any statistical table.
    for p, c in [(1, 3.841), (2, 5.991), (3, 7.815), (4, 9.488), (5, 11.070), (10, 18.307)]:
        assert gaussian.ellipsoid_content(c, p) == pytest.approx(0.95, abs=5e-5)
    assert gaussian.ellipsoid_content(0.0, 3) == 0
    assert gaussian.ellipsoid_content(math.inf, 3) == 1


@pytest.mark.parametrize(
    "covariance, message",
    [
        ([[1.0, 2.0], [2.0, 4.0]], r"positive definite; its smallest eigenvalue is \S+ \(the largest is 5\)"),
        ([[1.0, 2.0], [2.0, 1.0]], r"positive definite; its smallest eigenvalue is -1 \(the largest is 3\)"),
        ([[0.0]], "smallest eigenvalue is 0"),
        ([[-1.0]], "smallest eigenvalue is -1"),
        ([[1.0, 0.5], [0.4, 1.0]], "must be symmetric; it differs from its transpose by up to 0.1"),
        ([[1.0, 0.0]], r"must be square; its shape is \(1, 2\)"),
        ([1.0, 1.0], r"must have 2 axes"),
        ([[1.0, math.nan], [math.nan, 1.0]], r"must be finite; it is nan at index \(0, 1\)"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        gaussian.principal_axes,
        gaussian.whitening_matrix,
        lambda covariance: gaussian.whitening_matrix(covariance, "cholesky"),
        lambda covariance: gaussian.density([[0.0, 0.0]], [0.0, 0.0], covariance),
        lambda covariance: gaussian.whiten([0.0, 0.0], [0.0, 0.0], covariance),
        lambda covariance: gaussian.level_ellipse([0.0, 0.0], covariance, 1.0),
    ],
)
def test_bad_covariance(function, covariance, message):
    with pytest.raises(ValueError, match=message):
        function(covariance)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: gaussian.density([[0.0, 0.0, 0.0]], [0.0, 0.0], np.eye(2)), r"points must have length 2.*\(1, 3\)"),
        (lambda: gaussian.density(0.0, [0.0], [[1.0]]), "points must have 1 axes"),
        (lambda: gaussian.density([[0.0, math.inf]], [0.0, 0.0], np.eye(2)), r"points must be finite; it is inf at index \(0, 1\)"),
        (lambda: gaussian.density([0.0, 0.0], [0.0, 0.0, 0.0], np.eye(2)), "mean must have 2 entries.* it has 3"),
        (lambda: gaussian.density([0.0, 0.0], [0.0, math.nan], np.eye(2)), "mean must be finite"),
        (lambda: gaussian.whiten([0.0, 0.0], [0.0, 0.0], np.eye(2), "zca"), "principal or cholesky, not 'zca'"),
        (lambda: gaussian.level_points([0.0, 0.0], np.eye(2), -1.0, [1.0, 0.0]), "must be finite and not negative, not -1"),
        (lambda: gaussian.level_points([0.0, 0.0], np.eye(2), math.inf, [1.0, 0.0]), "not inf"),
        (lambda: gaussian.level_points([0.0, 0.0], np.eye(2), 1.0, [[1.0, 0.0], [1.0, 1.0]]), "unit vectors; one has length 1.41421"),
        (lambda: gaussian.level_points([0.0, 0.0], np.eye(2), 1.0, [1.0]), "last axis of directions must have length 2"),
        (lambda: gaussian.level_ellipse([0.0, 0.0], np.eye(2), math.nan), "not nan"),
        (lambda: gaussian.level_ellipse([0.0] * 3, np.eye(3), 1.0), "last axis of directions must have length 3"),
        (lambda: gaussian.ellipsoid_content(-1.0, 2), "must not be negative, not -1"),
        (lambda: gaussian.ellipsoid_content(math.nan, 2), "must not be negative, not nan"),
        (lambda: gaussian.ellipsoid_content(1.0, 0), "p must be a whole number from 1, not 0"),
        (lambda: gaussian.ellipsoid_content(1.0, 2.5), "not 2.5"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_cholesky_factor_is_never_nan(monkeypatch):
    # numpy in the browser returns NaN where native numpy raises: the eigenvalues are looked at first.
    monkeypatch.setattr(np.linalg, "cholesky", lambda matrix: np.full_like(matrix, np.nan))
    with pytest.raises(ValueError, match="positive definite"):
        gaussian.whitening_matrix([[1.0, 2.0], [2.0, 1.0]], "cholesky")


def test_eigenvalues_that_do_not_converge_are_refused(monkeypatch):
    monkeypatch.setattr(np.linalg, "eigh", lambda matrix: (np.full(2, np.nan), np.full((2, 2), np.nan)))
    with pytest.raises(ValueError, match="positive definite; its smallest eigenvalue is nan"):
        gaussian.density([0.0, 0.0], [0.0, 0.0], np.eye(2))


def test_iris_petals_are_those_of_scikit_learn():
    table = np.loadtxt(DATA / "iris-petals.csv", delimiter=",", skiprows=3, dtype=str)
    iris = load_iris()
    np.testing.assert_array_equal(table[:, :2].astype(float), iris.data[:, 2:])
    np.testing.assert_array_equal(table[:, 2], iris.target_names[iris.target])
