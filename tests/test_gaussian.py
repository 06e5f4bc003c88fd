"""The module ``gaussian`` against scipy, brute force and published numbers, and its answers to bad input."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.spatial.distance import mahalanobis
from scipy.stats import chi2, multivariate_normal
from sklearn.datasets import load_iris
from sklearn.linear_model import BayesianRidge

from mlmath_helpers import gaussian

DATA = Path(__file__).parents[1] / "chapters" / "data"
CORRELATED = [[4.0, 1.2], [1.2, 1.0]]
ZERO, UNIT = [0.0, 0.0], np.eye(2)


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
        (lambda: gaussian.density([[0.0, 0.0, 0.0]], ZERO, UNIT), r"points must have length 2.*\(1, 3\)"),
        (lambda: gaussian.density(0.0, [0.0], [[1.0]]), "points must have 1 axes"),
        (lambda: gaussian.density([[0.0, math.inf]], ZERO, UNIT), r"must be finite; it is inf at index \(0, 1\)"),
        (lambda: gaussian.density(ZERO, [0.0, 0.0, 0.0], UNIT), "mean must have 2 entries.* it has 3"),
        (lambda: gaussian.density(ZERO, [0.0, math.nan], UNIT), "mean must be finite"),
        (lambda: gaussian.whiten(ZERO, ZERO, UNIT, "zca"), "principal or cholesky, not 'zca'"),
        (lambda: gaussian.level_points(ZERO, UNIT, -1.0, [1.0, 0.0]), "must be finite and not negative, not -1"),
        (lambda: gaussian.level_points(ZERO, UNIT, math.inf, [1.0, 0.0]), "not inf"),
        (lambda: gaussian.level_points(ZERO, UNIT, 1.0, [[1.0, 0.0], [1.0, 1.0]]), "one has length 1.41421"),
        (lambda: gaussian.level_points(ZERO, UNIT, 1.0, [1.0]), "last axis of directions must have length 2"),
        (lambda: gaussian.level_ellipse(ZERO, UNIT, math.nan), "not nan"),
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


@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_affine_agrees_with_numpy_on_mapped_points(p, q, seed):
    rng = np.random.default_rng(seed)
    points, matrix, shift = rng.normal(size=(30, p)), rng.normal(size=(q, p)), rng.normal(size=q)
    images = points @ matrix.T + shift
    mean, covariance = gaussian.affine(points.mean(axis=0), np.cov(points.T).reshape(p, p), matrix, shift)
    np.testing.assert_allclose(mean, images.mean(axis=0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(covariance, np.cov(images.T).reshape(q, q), rtol=0, atol=1e-11)


def test_marginal_is_the_integral_of_the_density_of_scipy():
    mean, covariance = [1.0, -2.0, 0.5], np.array([[4.0, 1.2, -0.6], [1.2, 1.0, 0.3], [-0.6, 0.3, 2.0]])
    joint, kept = multivariate_normal(mean, covariance), gaussian.marginal(mean, covariance, [2, 0])
    for x in ([0.0, 0.0], [2.0, 3.0]):
        integral, _ = quad(lambda t: joint.pdf([x[1], t, x[0]]), -9, 5, epsabs=1e-13)
        assert multivariate_normal(*kept).pdf(x) == pytest.approx(integral, rel=1e-9)


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_conditional_is_the_quotient_of_densities_of_scipy(p, seed):
    rng = np.random.default_rng(seed)
    mean, factor, x = rng.normal(size=p), rng.normal(size=(p, p)), rng.normal(size=(5, p))
    covariance = factor @ factor.T + np.eye(p)
    observed = rng.permutation(p)[: rng.integers(1, p)]
    others = [i for i in range(p) if i not in observed]
    means, spread = gaussian.conditional(mean, covariance, observed, x[:, observed])
    ours = [multivariate_normal(m, spread).logpdf(y) for m, y in zip(means, x[:, others], strict=True)]
    known = multivariate_normal(mean[observed], covariance[np.ix_(observed, observed)]).logpdf(x[:, observed])
    np.testing.assert_allclose(ours, multivariate_normal(mean, covariance).logpdf(x) - known, rtol=0, atol=1e-8)


def test_conditional_by_hand():
    # The regression of x2 on x1: slope 1.2 / 4, residual variance 1 - 1.2 ** 2 / 4.
    mean, covariance = gaussian.conditional([1.0, 2.0], CORRELATED, [0], [[3.0], [1.0]])
    np.testing.assert_allclose(mean, [[2.6], [2.0]], rtol=1e-14)
    np.testing.assert_allclose(covariance, [[0.64]], rtol=1e-14)


@pytest.mark.parametrize(
    "function, arguments, message",
    [
        (gaussian.affine, ([[1.0]], [0.0]), r"matrix must have shape \(1, 2\).*it has \(1, 1\)"),
        (gaussian.affine, (np.eye(2), [0.0]), r"matrix must have shape \(1, 2\).*it has \(2, 2\)"),
        (gaussian.affine, (np.eye(2), [0.0, math.inf]), "shift must be finite; it is inf"),
        (gaussian.marginal, ([],), "keep must be a list of at least one whole number"),
        (gaussian.marginal, ([1.0],), r"whole number, not \[1.0\]"),
        (gaussian.marginal, (1,), "whole number, not 1"),
        (gaussian.marginal, ([True, False],), r"whole number, not \[True, False\]"),
        (gaussian.marginal, ([0, 2],), "indices from 0 to 1, not 2"),
        (gaussian.marginal, ([-1],), "indices from 0 to 1, not -1"),
        (gaussian.marginal, ([1, 1],), r"keep holds an index twice: \[1, 1\]"),
        (gaussian.conditional, ([3], [0.0]), "observed must hold indices from 0 to 1, not 3"),
        (gaussian.conditional, ([1, 0], [0.0, 0.0]), "observed names all 2 entries"),
        (gaussian.conditional, ([0], [1.0, 2.0]), r"values must have length 1, as observed.*\(2,\)"),
        (gaussian.conditional, ([0], 1.0), "values must have 1 axes"),
        (gaussian.conditional, ([0], [math.nan]), "values must be finite; it is nan"),
    ],
)
def test_bad_input_to_affine_marginal_and_conditional(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function([0.0, 0.0], CORRELATED, *arguments)
    with pytest.raises(ValueError, match="covariance must be positive definite"):
        function([0.0, 0.0], np.ones((2, 2)), *arguments)


@pytest.mark.parametrize(
    "function, arguments",
    [(gaussian.affine, ([[1.0, 1.0]], [0.0])), (gaussian.marginal, ([0],)), (gaussian.conditional, ([0], [0.0]))],
)
def test_mean_that_does_not_fit_the_covariance(function, arguments):
    with pytest.raises(ValueError, match="mean must have 2 entries.* it has 3"):
        function([0.0, 0.0, 0.0], CORRELATED, *arguments)


@given(normals(st.integers(1, 4)), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_linear_gaussian_posterior_conditions_the_joint_vector(normal, m, seed):
    mean, covariance, _ = normal
    rng = np.random.default_rng(seed)
    matrix, shift, y = rng.normal(size=(m, len(mean))), rng.normal(size=m), rng.normal(size=(2, m))
    factor = rng.normal(size=(m, m))
    noise = np.trace(covariance) * (factor @ factor.T + np.eye(m))
    joint_mean = np.concatenate([matrix @ mean + shift, mean])
    across = matrix @ covariance
    joint = np.block([[across @ matrix.T + noise, across], [across.T, covariance]])
    got_mean, got = gaussian.linear_gaussian_posterior(mean, covariance, matrix, shift, noise, y)
    scale = np.trace(covariance)
    np.testing.assert_array_equal(got, got.T)
    assert np.linalg.eigvalsh(got)[0] > -1e-15 * scale
    block = joint[m:, :m] @ np.linalg.inv(joint[:m, :m])
    np.testing.assert_allclose(got_mean, mean + (y - joint_mean[:m]) @ block.T, rtol=1e-7, atol=1e-9 * np.sqrt(scale))
    np.testing.assert_allclose(got, covariance - block @ across, rtol=1e-7, atol=1e-9 * scale)


@given(st.integers(1, 5), st.integers(6, 40), st.integers(0, 2**32 - 1))
def test_linear_gaussian_posterior_is_the_bayesian_ridge_of_scikit_learn(n, count, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(count, n))
    outputs = inputs @ rng.normal(size=n) + rng.normal(size=count)
    theirs = BayesianRidge(fit_intercept=False).fit(inputs, outputs)
    mean, covariance = gaussian.linear_gaussian_posterior(
        np.zeros(n), np.eye(n) / theirs.lambda_, inputs, np.zeros(count), np.eye(count) / theirs.alpha_, outputs
    )
    np.testing.assert_allclose(mean, theirs.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(covariance, theirs.sigma_, rtol=1e-6, atol=1e-9)


def test_linear_gaussian_posterior_stays_positive_definite_after_ten_exact_looks():
    # A measurement so exact that prior minus what was learnt rounds to a variance of zero.
    mean, covariance = [0.0], [[1e7]]
    for _ in range(10):
        mean, covariance = gaussian.linear_gaussian_posterior(mean, covariance, [[1.0]], [0.0], [[1e-7]], [2.0])
    np.testing.assert_allclose(covariance, [[1e-8]], rtol=1e-9)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"noise": [[-1.0]]}, "noise: covariance must be positive definite; its smallest eigenvalue is -1"),
        ({"noise": [[1.0, 2.0], [0.0, 1.0]]}, "noise: covariance must be symmetric; it differs .* by up to 2"),
        ({"noise": np.eye(2)}, "shift has 1 entries, noise 2 rows, and the last axis of y length 1"),
        ({"y": [1.0, 2.0]}, "shift has 1 entries, noise 1 rows, and the last axis of y length 2"),
        ({"y": [math.nan]}, "y must be finite; it is nan"),
        ({"matrix": [[1.0, 2.0, 3.0]]}, r"matrix must have shape \(1, 2\)"),
        ({"mean": [0.0]}, "mean must have 2 entries"),
        ({"covariance": np.ones((2, 2))}, "positive definite"),
    ],
)
def test_bad_input_to_linear_gaussian_posterior(change, message):
    good = {"mean": [0, 0], "covariance": CORRELATED, "matrix": [[1, 1]], "shift": [0], "noise": [[1.0]], "y": [2]}
    with pytest.raises(ValueError, match=message):
        gaussian.linear_gaussian_posterior(**{**good, **change})


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
