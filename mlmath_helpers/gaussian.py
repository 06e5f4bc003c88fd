"""The multivariate normal distribution: density, level sets, affine images, marginals, conditionals, and measurements.

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


def affine(
    mean: ArrayLike, covariance: ArrayLike, matrix: ArrayLike, shift: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Mean, shape (q,), and covariance, shape (q, q), of ``matrix @ x + shift`` for a normal vector x.

    matrix : shape (q, p); the image has a density exactly when the rows of matrix are independent. shift : shape (q,).

    Raises ValueError: shapes that do not fit, values that are not finite.
    Derived in: "Marginals and conditionals", section "Affine maps". Source: Anderson (1984), section 2.4.
    """
    p = len(principal_axes(covariance)[0])
    mean, shift = _as_mean(mean, p), as_finite_array("shift", shift, ndim=1)
    matrix = as_finite_array("matrix", matrix, ndim=2)
    if matrix.shape != (len(shift), p):
        raise ValueError(f"matrix must have shape {(len(shift), p)}, as shift and mean demand; it has {matrix.shape}")
    image = matrix @ as_symmetric_matrix("covariance", covariance) @ matrix.T
    return matrix @ mean + shift, (image + image.T) / 2


def marginal(mean: ArrayLike, covariance: ArrayLike, keep: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Mean, shape (k,), and covariance, shape (k, k), of the k entries whose indices, from 0, stand in ``keep``.

    Raises ValueError: an index out of range, repeated or not whole, shapes that do not fit, values that are not finite.
    Derived in: "Marginals and conditionals", section "Marginals". Source: Bishop (2006), section 2.3.2.
    """
    p = len(principal_axes(covariance)[0])
    keep = _as_indices("keep", keep, p)
    return _as_mean(mean, p)[keep], as_symmetric_matrix("covariance", covariance)[np.ix_(keep, keep)]


def conditional(
    mean: ArrayLike, covariance: ArrayLike, observed: ArrayLike, values: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Mean, shape (..., p - k), and covariance, shape (p - k, p - k), of the other entries, in order, given k of them.

    observed : the k indices, from 0, of the known entries. values : what they are, shape (..., k).

    Raises ValueError: as ``marginal``, and when nothing is left unobserved.
    Derived in: "Marginals and conditionals", section "Conditionals". Source: Bishop (2006), section 2.3.1.
    """
    p = len(principal_axes(covariance)[0])
    mean, covariance = _as_mean(mean, p), as_symmetric_matrix("covariance", covariance)
    seen = _as_indices("observed", observed, p)
    rest = np.setdiff1d(np.arange(p), seen)
    if len(rest) == 0:
        raise ValueError(f"observed names all {p} entries; at least one must be left")
    values = as_finite_array("values", values, ndim=max(np.ndim(values), 1))
    if values.shape[-1] != len(seen):
        raise ValueError(
            f"the last axis of values must have length {len(seen)}, as observed; the shape is {values.shape}"
        )
    transposed = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, rest)])
    spread = covariance[np.ix_(rest, rest)] - covariance[np.ix_(rest, seen)] @ transposed
    return mean[rest] + (values - mean[seen]) @ transposed, (spread + spread.T) / 2


def linear_gaussian_posterior(
    mean: ArrayLike, covariance: ArrayLike, matrix: ArrayLike, shift: ArrayLike, noise: ArrayLike, y: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Mean, shape (..., n), and covariance, shape (n, n), of x given y, for a linear measurement of a normal vector.

    The model is ``x ~ N(mean, covariance)`` and, given x, ``y ~ N(matrix @ x + shift, noise)``.
    matrix : shape (m, n), of any rank. shift : shape (m,). noise : a covariance, shape (m, m). y : shape (..., m).

    Raises ValueError: a covariance that is not positive definite, shapes that do not fit, values that are not finite.
    Derived in: "The linear Gaussian model", section "The posterior". Source: Bishop (2006), section 2.3.3.
    """
    expected, image = affine(mean, covariance, matrix, shift)
    try:
        m = len(principal_axes(noise)[0])
    except ValueError as error:
        raise ValueError(f"noise: {error}") from None
    y = as_finite_array("y", y, ndim=max(np.ndim(y), 1))
    if not m == y.shape[-1] == len(expected):
        raise ValueError(
            f"shift has {len(expected)} entries, noise {m} rows, and the last axis of y length {y.shape[-1]}"
        )
    covariance, matrix = as_symmetric_matrix("covariance", covariance), np.asarray(matrix, dtype=float)
    noise = as_symmetric_matrix("noise", noise)
    gain = np.linalg.solve(image + noise, matrix @ covariance).T
    # A sum of two squares: it stays symmetric and positive definite under rounding, the shorter difference need not.
    rest = np.eye(len(covariance)) - gain @ matrix
    spread = rest @ covariance @ rest.T + gain @ noise @ gain.T
    return np.asarray(mean, dtype=float) + (y - expected) @ gain.T, (spread + spread.T) / 2


def _as_indices(name: str, indices: ArrayLike, p: int) -> np.ndarray:
    array = np.asarray(indices)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be a list of at least one whole number, not {indices!r}")
    outside = array[(array < 0) | (array >= p)]
    if outside.size:
        raise ValueError(f"{name} must hold indices from 0 to {p - 1}, not {outside[0]}")
    if len(np.unique(array)) < len(array):
        raise ValueError(f"{name} holds an index twice: {array.tolist()}")
    return array


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
