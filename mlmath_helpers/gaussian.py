"""The multivariate normal distribution: its density, its distance from the mean, its level sets and what they contain.

Points are arrays whose last axis has length p, so a data matrix of shape (N, p) is N points and a grid of shape
(a, b, p) is a times b of them. A covariance has shape (p, p) and must be symmetric positive definite.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .validation import as_finite_array, as_symmetric_matrix


def principal_axes(covariance: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors of a covariance, the largest eigenvalue first.

    Parameters
    ----------
    covariance : symmetric positive definite, shape (p, p).

    Returns
    -------
    eigenvalues : shape (p,), in descending order.
    axes : shape (p, p), orthogonal; column i belongs to eigenvalue i, and its entry of largest modulus is positive.

    Raises
    ------
    ValueError : the covariance is not finite, not square, not symmetric or not positive definite; the message says by
        how much.

    Derived in: "The multivariate Gaussian", section "Principal axes".
    Source: Horn and Johnson, *Matrix Analysis*, chapter 4.
    """
    matrix = as_symmetric_matrix("covariance", covariance)
    eigenvalues, axes = np.linalg.eigh(matrix)
    eigenvalues, axes = eigenvalues[::-1], axes[:, ::-1]
    # An eigenvalue below this is zero up to the rounding of the decomposition itself.
    if eigenvalues[-1] <= len(matrix) * np.finfo(float).eps * eigenvalues[0]:
        raise ValueError(
            f"covariance must be positive definite; its smallest eigenvalue is {eigenvalues[-1]:.3g} "
            f"(the largest is {eigenvalues[0]:.3g})"
        )
    largest = np.abs(axes).argmax(axis=0)
    return eigenvalues, axes * np.sign(axes[largest, np.arange(len(matrix))])


def whitening_matrix(covariance: ArrayLike, kind: str = "principal") -> np.ndarray:
    """A matrix W with ``W @ covariance @ W.T`` equal to the identity.

    Parameters
    ----------
    covariance : symmetric positive definite, shape (p, p).
    kind : ``"principal"`` along the principal axes, rows ``axes[:, i] / sqrt(eigenvalues[i])``;
        ``"cholesky"`` the inverse of the lower triangular factor; ``"symmetric"`` the symmetric one.

    Returns
    -------
    W : shape (p, p).

    Raises
    ------
    ValueError : an unknown kind, or a covariance that ``principal_axes`` refuses.

    Derived in: "The multivariate Gaussian", section "Whitening".
    Source: Mardia, Kent and Bibby, *Multivariate Analysis*, chapter 1.
    """
    eigenvalues, axes = principal_axes(covariance)
    principal = axes.T / np.sqrt(eigenvalues)[:, None]
    if kind == "principal":
        return principal
    if kind == "symmetric":
        return axes @ principal
    if kind == "cholesky":
        lower = np.linalg.cholesky(as_symmetric_matrix("covariance", covariance))
        return np.linalg.solve(lower, np.eye(len(lower)))
    raise ValueError(f"kind must be principal, cholesky or symmetric, not {kind!r}")


def whiten(points: ArrayLike, mean: ArrayLike, covariance: ArrayLike, kind: str = "principal") -> np.ndarray:
    """Points in coordinates in which the distribution has mean zero and the identity as its covariance.

    Parameters
    ----------
    points : shape (..., p).
    mean : shape (p,).
    covariance : symmetric positive definite, shape (p, p).
    kind : the whitening matrix, see ``whitening_matrix``.

    Returns
    -------
    z : ``W @ (x - mean)`` for each point x, shape (..., p).

    Raises
    ------
    ValueError : shapes that do not fit, values that are not finite, or what ``whitening_matrix`` refuses.

    Derived in: "The multivariate Gaussian", section "Whitening".
    Source: Mardia, Kent and Bibby, *Multivariate Analysis*, chapter 1.
    """
    matrix = whitening_matrix(covariance, kind)
    return (_as_points(points, len(matrix)) - _as_mean(mean, len(matrix))) @ matrix.T


def mahalanobis_squared(points: ArrayLike, mean: ArrayLike, covariance: ArrayLike) -> np.ndarray:
    """The squared Mahalanobis distance of points from the mean, ``(x - mean).T @ inv(covariance) @ (x - mean)``.

    Parameters
    ----------
    points : shape (..., p).
    mean : shape (p,).
    covariance : symmetric positive definite, shape (p, p).

    Returns
    -------
    distances : shape (...,), without a unit.

    Raises
    ------
    ValueError : as ``whiten``.

    Derived in: "The multivariate Gaussian", section "The Mahalanobis distance".
    Source: Bishop, *Pattern Recognition and Machine Learning*, section 2.3.
    """
    return np.sum(whiten(points, mean, covariance) ** 2, axis=-1)


def log_density(points: ArrayLike, mean: ArrayLike, covariance: ArrayLike) -> np.ndarray:
    """The natural logarithm of the normal density, finite where the density itself underflows.

    Parameters, Raises
    ------------------
    As ``mahalanobis_squared``.

    Returns
    -------
    logarithms : shape (...,).

    Derived in: "The multivariate Gaussian", section "The density".
    Source: Bishop, *Pattern Recognition and Machine Learning*, section 2.3.
    """
    return _log_peak(covariance) - mahalanobis_squared(points, mean, covariance) / 2


def density(points: ArrayLike, mean: ArrayLike, covariance: ArrayLike) -> np.ndarray:
    """The density of the normal distribution with this mean and covariance.

    Parameters, Raises
    ------------------
    As ``mahalanobis_squared``.

    Returns
    -------
    densities : shape (...,), in one over the product of the p coordinates' units.

    Derived in: "The multivariate Gaussian", section "The density".
    Source: Bishop, *Pattern Recognition and Machine Learning*, section 2.3.
    """
    return np.exp(log_density(points, mean, covariance))


def peak_density(covariance: ArrayLike) -> float:
    """The largest value of the normal density, the one at its mean.

    Parameters
    ----------
    covariance : symmetric positive definite, shape (p, p).

    Raises
    ------
    ValueError : as ``principal_axes``.

    Derived in: "The multivariate Gaussian", section "Level sets".
    Source: Bishop, *Pattern Recognition and Machine Learning*, section 2.3.
    """
    return math.exp(_log_peak(covariance))


def level_of_value(value: float, covariance: ArrayLike) -> float:
    """The squared Mahalanobis distance c at which the normal density has the given value.

    Parameters
    ----------
    value : above zero, and at most the density at the mean.
    covariance : symmetric positive definite, shape (p, p).

    Returns
    -------
    c : ``-2 * log(value / peak)``; zero when the value is the peak.

    Raises
    ------
    ValueError : the density takes this value nowhere, or ``principal_axes`` refuses the covariance.

    Derived in: "The multivariate Gaussian", section "Level sets".
    Source: Bishop, *Pattern Recognition and Machine Learning*, section 2.3.
    """
    log_peak = _log_peak(covariance)
    level = 2 * (log_peak - math.log(value)) if value > 0 else -math.inf
    # The peak itself, computed by another route, may come out a few units of rounding higher.
    if not (math.isfinite(level) and level >= -1e-12):
        raise ValueError(f"the density takes values above 0 and up to {math.exp(log_peak):.6g}; it is nowhere {value:.6g}")
    return max(level, 0.0)


def level_points(mean: ArrayLike, covariance: ArrayLike, c: float, directions: ArrayLike) -> np.ndarray:
    """Points of the ellipsoid on which the squared Mahalanobis distance is c.

    Parameters
    ----------
    mean : shape (p,).
    covariance : symmetric positive definite, shape (p, p).
    c : the squared distance, not negative.
    directions : unit vectors d, shape (..., p); the whole unit sphere yields the whole ellipsoid.

    Returns
    -------
    points : ``mean + sqrt(c) * axes @ sqrt(eigenvalues) * d``, shape (..., p).

    Raises
    ------
    ValueError : c is negative or not finite, a direction is not of length one, shapes do not fit, or
        ``principal_axes`` refuses the covariance.

    Derived in: "The multivariate Gaussian", section "Level sets".
    Source: Boyd and Vandenberghe, *Convex Optimization*, section 2.2.
    """
    eigenvalues, axes = principal_axes(covariance)
    mean, directions = _as_mean(mean, len(axes)), _as_points(directions, len(axes), "directions")
    if not (math.isfinite(c) and c >= 0):
        raise ValueError(f"c is a squared distance: it must be finite and not negative, not {c}")
    lengths = np.linalg.norm(directions, axis=-1)
    furthest = np.ravel(lengths)[np.abs(lengths - 1).argmax()]
    if abs(furthest - 1) > 1e-9:
        raise ValueError(f"directions must be unit vectors; one has length {furthest:.6g}")
    return mean + math.sqrt(c) * (directions * np.sqrt(eigenvalues)) @ axes.T


def level_ellipse(mean: ArrayLike, covariance: ArrayLike, c: float, count: int = 200) -> np.ndarray:
    """The closed curve in the plane on which the squared Mahalanobis distance is c.

    Parameters
    ----------
    mean : shape (2,).
    covariance : symmetric positive definite, shape (2, 2).
    c : the squared distance, not negative.
    count : how many points, at least 4; the last one is the first one again.

    Returns
    -------
    points : shape (count, 2).

    Raises
    ------
    ValueError : fewer than 4 points, or as ``level_points``.

    Derived in: "The multivariate Gaussian", section "Level sets".
    Source: Boyd and Vandenberghe, *Convex Optimization*, section 2.2.
    """
    if count < 4:
        raise ValueError(f"count must be at least 4, not {count}")
    angle = np.linspace(0, 2 * np.pi, count)
    points = level_points(mean, covariance, c, np.column_stack([np.cos(angle), np.sin(angle)]))
    points[-1] = points[0]
    return points


def ellipsoid_content(c: float, p: int) -> float:
    """The probability that a p-dimensional normal vector has a squared Mahalanobis distance of at most c.

    Parameters
    ----------
    c : the squared distance, not negative; infinity is allowed.
    p : the dimension, at least 1.

    Returns
    -------
    probability : the distribution function at c of the chi-squared distribution with p degrees of freedom, to about
        1e-15 in absolute value.

    Raises
    ------
    ValueError : c is negative or not a number, or p is not a whole number from 1.

    Derived in: "The multivariate Gaussian", section "What an ellipse contains".
    Source: Mardia, Kent and Bibby, *Multivariate Analysis*, chapter 3.
    """
    if not c >= 0:
        raise ValueError(f"c is a squared distance: it must not be negative, not {c}")
    if p != int(p) or p < 1:
        raise ValueError(f"p must be a whole number from 1, not {p}")
    if c == 0 or math.isinf(c):
        return float(c > 0)
    if p % 2:
        content, q = math.erf(math.sqrt(c / 2)), 1
    else:
        content, q = -math.expm1(-c / 2), 2
    while q < p:
        content -= math.exp(q / 2 * math.log(c / 2) - c / 2 - math.lgamma(q / 2 + 1))
        q += 2
    return max(content, 0.0)


def _log_peak(covariance: ArrayLike) -> float:
    eigenvalues, _ = principal_axes(covariance)
    return -float(np.sum(np.log(2 * np.pi * eigenvalues))) / 2


def _as_mean(mean: ArrayLike, p: int) -> np.ndarray:
    mean = as_finite_array("mean", mean, ndim=1)
    if len(mean) != p:
        raise ValueError(f"mean must have {p} entries, as many as the covariance has rows; it has {len(mean)}")
    return mean


def _as_points(points: ArrayLike, p: int, name: str = "points") -> np.ndarray:
    array = np.asarray(points, dtype=float)
    array = as_finite_array(name, array, ndim=max(array.ndim, 1))
    if array.shape[-1] != p:
        raise ValueError(f"the last axis of {name} must have length {p}, as the covariance; the shape is {array.shape}")
    return array
