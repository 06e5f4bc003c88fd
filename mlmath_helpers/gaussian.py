"""The multivariate normal distribution: its density, its distance from the mean, its level sets and what they contain.

Points are arrays whose last axis has length p, so a data matrix of shape (N, p) is N points and a grid of shape
(a, b, p) is a times b of them. A mean has shape (p,). A covariance has shape (p, p) and must be symmetric positive
definite; ``principal_axes`` refuses any other, here and in all functions that take one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .validation import as_finite_array, as_symmetric_matrix


def principal_axes(covariance: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of a covariance in descending order, shape (p,), and its eigenvectors as columns, shape (p, p).

    Signs are chosen: in each column the first of the entries of largest modulus is positive.

    Raises ValueError: not finite, not square, not symmetric (by how much), not positive definite (which eigenvalue).
    Derived in: "The multivariate Gaussian", section "Principal axes". Source: Horn and Johnson (2013), chapter 4.
    """
    matrix = as_symmetric_matrix("covariance", covariance)
    eigenvalues, axes = np.linalg.eigh(matrix)
    eigenvalues, axes = eigenvalues[::-1], axes[:, ::-1]
    # An eigenvalue below this is zero up to the rounding of the decomposition itself; "not" also catches NaN.
    if not eigenvalues[-1] > len(matrix) * np.finfo(float).eps * eigenvalues[0]:
        raise ValueError(
            f"covariance must be positive definite; its smallest eigenvalue is {eigenvalues[-1]:.3g} "
            f"(the largest is {eigenvalues[0]:.3g})"
        )
    moduli = np.abs(axes)
    # Entries equal up to rounding count as equal, so that the signs are the same on every machine.
    leading = np.argmax(moduli > (1 - 1e-9) * moduli.max(axis=0), axis=0)
    return eigenvalues, axes * np.sign(axes[leading, np.arange(len(matrix))])


def whitening_matrix(covariance: ArrayLike, kind: str = "principal") -> np.ndarray:
    """A matrix W, shape (p, p), with ``W @ covariance @ W.T`` equal to the identity.

    kind : ``"principal"``, with the rows ``axes[:, i] / sqrt(eigenvalues[i])``, or ``"cholesky"``, the inverse of the
        lower triangular Cholesky factor.

    Raises ValueError: an unknown kind.
    Derived in: "The multivariate Gaussian", section "Whitening". Source: Mardia, Kent and Bibby (1979), chapter 1.
    """
    eigenvalues, axes = principal_axes(covariance)
    if kind == "principal":
        return axes.T / np.sqrt(eigenvalues)[:, None]
    if kind == "cholesky":
        lower = np.linalg.cholesky(as_symmetric_matrix("covariance", covariance))
        return np.linalg.solve(lower, np.eye(len(lower)))
    raise ValueError(f"kind must be principal or cholesky, not {kind!r}")


def whiten(points: ArrayLike, mean: ArrayLike, covariance: ArrayLike, kind: str = "principal") -> np.ndarray:
    """The whitened points ``W @ (x - mean)``, shape (..., p), with W as in ``whitening_matrix``.

    Raises ValueError: shapes that do not fit, values that are not finite, an unknown kind.
    Derived in: "The multivariate Gaussian", section "Whitening". Source: Mardia, Kent and Bibby (1979), chapter 1.
    """
    matrix = whitening_matrix(covariance, kind)
    return (_as_points(points, len(matrix)) - _as_mean(mean, len(matrix))) @ matrix.T


def mahalanobis_squared(points: ArrayLike, mean: ArrayLike, covariance: ArrayLike) -> np.ndarray:
    """``(x - mean).T @ inv(covariance) @ (x - mean)`` of each point x, shape (...,), without a unit.

    Raises ValueError: shapes that do not fit, values that are not finite.
    Derived in: "The multivariate Gaussian", section "The Mahalanobis distance". Source: Bishop (2006), section 2.3.
    """
    return np.sum(whiten(points, mean, covariance) ** 2, axis=-1)


def log_density(points: ArrayLike, mean: ArrayLike, covariance: ArrayLike) -> np.ndarray:
    """The natural logarithm of the normal density, shape (...,), finite where the density itself underflows.

    Raises ValueError: shapes that do not fit, values that are not finite.
    Derived in: "The multivariate Gaussian", section "The density". Source: Bishop (2006), section 2.3.
    """
    eigenvalues, _ = principal_axes(covariance)
    return -(np.sum(np.log(2 * np.pi * eigenvalues)) + mahalanobis_squared(points, mean, covariance)) / 2


def density(points: ArrayLike, mean: ArrayLike, covariance: ArrayLike) -> np.ndarray:
    """The normal density, shape (...,), in one over the product of the units of the p coordinates.

    Raises ValueError: shapes that do not fit, values that are not finite.
    Derived in: "The multivariate Gaussian", section "The density". Source: Bishop (2006), section 2.3.
    """
    return np.exp(log_density(points, mean, covariance))


def level_points(mean: ArrayLike, covariance: ArrayLike, c: float, directions: ArrayLike) -> np.ndarray:
    """Points with the squared Mahalanobis distance c: ``mean + sqrt(c) * axes @ (sqrt(eigenvalues) * d)``.

    directions : unit vectors d, shape (..., p); all of them together yield the whole ellipsoid.

    Raises ValueError: c negative or not finite, a direction whose length is not one, shapes that do not fit.
    Derived in: "The multivariate Gaussian", section "Level sets". Source: Boyd and Vandenberghe (2004), section 2.2.
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


def level_ellipse(mean: ArrayLike, covariance: ArrayLike, c: float) -> np.ndarray:
    """The closed curve in the plane with the squared Mahalanobis distance c, shape (201, 2), for a plot.

    Raises ValueError: c negative or not finite, a mean or a covariance that is not of two dimensions.
    Derived in: "The multivariate Gaussian", section "Level sets". Source: Boyd and Vandenberghe (2004), section 2.2.
    """
    angles = np.append(np.linspace(0, 2 * np.pi, 200, endpoint=False), 0)
    return level_points(mean, covariance, c, np.column_stack([np.cos(angles), np.sin(angles)]))


def ellipsoid_content(c: float, p: int) -> float:
    """The probability that a p-dimensional normal vector has a squared Mahalanobis distance of at most c.

    It is the distribution function at c of the chi-squared distribution with p degrees of freedom; infinity is allowed.

    Raises ValueError: c negative or not a number, p not a whole number from 1.
    Derived in: "The multivariate Gaussian", section "What an ellipse contains". Source: Mardia, Kent and Bibby (1979).
    """
    if not c >= 0:
        raise ValueError(f"c is a squared distance: it must not be negative, not {c}")
    if p != int(p) or p < 1:
        raise ValueError(f"p must be a whole number from 1, not {p}")
    if c == 0 or math.isinf(c):
        return float(c > 0)
    content, q = (math.erf(math.sqrt(c / 2)), 1) if p % 2 else (-math.expm1(-c / 2), 2)
    while q < p:
        content -= math.exp(q / 2 * math.log(c / 2) - c / 2 - math.lgamma(q / 2 + 1))
        q += 2
    return max(content, 0.0)


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
