"""Determinants, linear systems, and decompositions of a matrix, by the constructions that the book derives.

They are written to be read, not to be fast: where speed or accuracy at the limit counts, numpy's own are better.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .validation import as_finite_array, as_square_matrix

# --- singular values ---


def svd_from_eigenproblem(A: ArrayLike, *, tolerance: float = 1e-7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Full singular value decomposition of ``A``, shape (m, n), from the eigenvectors of ``A.T @ A``.

    Parameters
    ----------
    A : shape (m, n), of any rank.
    tolerance : a singular value counts as zero if it is at most this part of the largest. Below about 1.5e-8, the root
        of the machine precision, rounding in ``A.T @ A`` leaves nothing of it; ``numpy.linalg.svd`` is better there.

    Returns ``U``, shape (m, m), orthogonal; ``s``, shape (min(m, n),), decreasing, not negative; ``Vt``, shape (n, n),
    orthogonal: ``U[:, :len(s)] * s @ Vt[:len(s)]`` is ``A``. The first of the largest entries of each row of ``Vt`` and of
    each column of ``U`` that belongs to no positive singular value is positive: this fixes the signs.
    Raises ValueError for NaN or infinity, a shape that is not (m, n), or a tolerance outside [0, 1).

    Derived in: The singular value decomposition, section "The recipe". Source: Trefethen and Bau, lectures 4, 5 and 31.
    """
    A = as_finite_array("A", A, ndim=2)
    if not 0 <= tolerance < 1:
        raise ValueError(f"tolerance must be at least 0 and less than 1; it is {tolerance}")
    m, n = A.shape
    scale = np.abs(A).max() or 1.0  # so that the squares neither overflow nor vanish
    A = A / scale
    eigenvalues, V = np.linalg.eigh(A.T @ A)  # increasing
    V = _with_signs(V[:, ::-1])
    s = np.sqrt(np.maximum(eigenvalues[::-1], 0))[: min(m, n)]
    s[s <= tolerance * s[0]] = 0
    r = np.count_nonzero(s)
    images = A @ V[:, :r] / s[:r]
    # The images are orthonormal up to rounding. QR removes the rounding and adds the columns that are missing.
    Q, R = np.linalg.qr(images, mode="complete")
    U = np.column_stack([Q[:, :r] * np.sign(np.diag(R)), _with_signs(Q[:, r:])])
    return U, scale * s, V.T


def _with_signs(vectors: np.ndarray) -> np.ndarray:
    if vectors.size == 0:
        return vectors
    size = np.abs(vectors)
    first = np.argmax(size >= (1 - 1e-9) * size.max(axis=0), axis=0)
    return vectors * np.sign(vectors[first, np.arange(vectors.shape[1])])


# --- determinants ---
# Indices count from 0, in the text of the book from 1; the sign of a cofactor is the same either way.

LAPLACE_MAX_ORDER = 9


def minor(A: ArrayLike, i: int, j: int) -> float:
    """Determinant of ``A``, shape (n, n), without row ``i`` and column ``j``, which count from 0; 1 if n = 1.

    Raises ValueError if ``A`` is not square or not finite, or if there is no such row or column.

    Derived in: Determinants, section "Minors and cofactors". Source: Horn and Johnson, Matrix Analysis, section 0.3.
    """
    A = as_square_matrix("A", A)
    _require_index("row", i, len(A))
    _require_index("column", j, len(A))
    return float(np.linalg.det(np.delete(np.delete(A, i, axis=0), j, axis=1)))


def cofactor_matrix(A: ArrayLike) -> np.ndarray:
    """Entry (i, j) is ``(-1)**(i + j) * minor(A, i, j)``; the transpose is the adjugate. ``A`` has shape (n, n).

    Raises ValueError if ``A`` is not square or not finite.

    Derived in: Determinants, section "The adjugate". Source: Horn and Johnson, Matrix Analysis, section 0.8.
    """
    A = as_square_matrix("A", A)
    n = len(A)
    return np.array([[(-1) ** (i + j) * minor(A, i, j) for j in range(n)] for i in range(n)])


def laplace_expansion(A: ArrayLike, row: int = 0, *, column: int | None = None) -> float:
    """Determinant of ``A``, shape (n, n), by expansion along a row, or along a column if one is given, recursively.

    Raises ValueError if ``A`` is not square or not finite, if there is no such row or column (they count from 0), and
    for orders above 9: expansion takes about 1.718 n! multiplications.

    Derived in: Determinants, section "Laplace expansion". Source: Horn and Johnson, Matrix Analysis, section 0.3.
    """
    A = as_square_matrix("A", A)
    if len(A) > LAPLACE_MAX_ORDER:
        cost = (math.e - 1) * math.factorial(len(A)) if len(A) < 100 else np.inf
        raise ValueError(
            f"A must have at most order {LAPLACE_MAX_ORDER}; at order {len(A)} the expansion would take about "
            f"{cost:.1e} multiplications: use numpy.linalg.det, which eliminates"
        )
    A, i = (A, row) if column is None else (A.T, column)
    _require_index("row" if column is None else "column", i, len(A))
    if len(A) == 1:
        return float(A[0, 0])
    rest = np.delete(A, i, axis=0)
    terms = [(-1) ** (i + j) * a * laplace_expansion(np.delete(rest, j, axis=1)) for j, a in enumerate(A[i])]
    return float(sum(terms))


def vandermonde(x: ArrayLike) -> np.ndarray:
    """Matrix of the powers 0 to n - 1 of the nodes ``x``, shape (n,): entry (i, j) is ``x[j] ** i``, rows are powers.

    Raises ValueError if ``x`` is empty, not a vector or not finite, or if a power overflows. (``numpy.vander`` has
    decreasing powers in columns.)

    Derived in: Determinants, section "Vandermonde". Source: Horn and Johnson, Matrix Analysis, section 0.9.11.
    """
    x = as_finite_array("x", x, ndim=1)
    with np.errstate(over="ignore"):
        powers = x ** np.arange(len(x))[:, None]
    return as_finite_array("the matrix of powers", powers, ndim=2)


def _require_index(what: str, index: int, n: int) -> None:
    if not 0 <= index < n:
        raise ValueError(f"there is no {what} {index}: A has order {n}, and indices count from 0")


# --- rank and linear systems ---


def row_echelon(A: ArrayLike, *, tolerance: float = 1e-10) -> tuple[np.ndarray, list[int]]:
    """Reduced row echelon form of ``A``, by elimination with the largest entry of the column as pivot.

    Parameters
    ----------
    A : shape (m, n).
    tolerance : a column gets no pivot if what is left of it is at most this part of the largest entry of ``A``.

    Returns the reduced form, shape (m, n), and the list of its pivot columns; their number is the rank.
    Raises ValueError for a tolerance outside [0, 1), NaN or infinity.

    Derived in: Rank and linear systems, section "Elimination". Source: Strang, Introduction to Linear Algebra, chapter 3.
    """
    if not 0 <= tolerance < 1:
        raise ValueError(f"tolerance must be at least 0 and less than 1; it is {tolerance}")
    R, pivots = as_finite_array("A", A, ndim=2).copy(), []
    negligible = tolerance * np.abs(R).max()
    for column in range(R.shape[1]):
        row = len(pivots)
        if row == len(R):
            break
        best = row + int(np.abs(R[row:, column]).argmax())
        if np.abs(R[best, column]) <= negligible:
            R[row:, column] = 0
            continue
        R[[row, best]] = R[[best, row]]
        R[row] /= R[row, column]
        others = np.arange(len(R)) != row
        R[others] -= np.outer(R[others, column], R[row])
        pivots.append(column)
    return R + 0.0, pivots  # no negative zeros


def solution_class(A: ArrayLike, b: ArrayLike, *, tolerance: float = 1e-10) -> tuple[str, np.ndarray | None, np.ndarray]:
    """Whether ``A x = b`` has no solution, one or infinitely many, and all of them.

    Parameters
    ----------
    A, b : shapes (m, n) and (m,). tolerance : as in ``row_echelon``, for ``b`` scaled to the largest entry of ``A``.

    Returns ``"none"``, ``"one"`` or ``"infinitely many"``; the solution whose free unknowns are zero, shape (n,), or
    None; a basis of the solutions of ``A x = 0`` as columns, shape (n, n - rank).
    Raises ValueError if ``b`` does not have one entry a row of ``A``, and as ``row_echelon`` does.

    Derived in: Rank and linear systems, section "All solutions". Source: Strang, Introduction to Linear Algebra, chapter 3.
    """
    A, b = as_finite_array("A", A, ndim=2), as_finite_array("b", b, ndim=1)
    (m, n), scale = A.shape, 1.0
    if len(b) != m:
        raise ValueError(f"b must have one entry for each of the {m} rows of A; it has {len(b)}")
    if A.any() and b.any():
        scale = np.abs(b).max() / np.abs(A).max()
    R, pivots = row_echelon(np.column_stack([A, b / scale]), tolerance=tolerance)
    solvable, pivots = n not in pivots, [j for j in pivots if j < n]
    free = [j for j in range(n) if j not in pivots]
    null_space, particular = np.zeros((n, len(free))), np.zeros(n)
    null_space[free, range(len(free))] = 1
    null_space[pivots] = -R[: len(pivots), free]
    particular[pivots] = scale * R[: len(pivots), n]
    if not solvable:
        return "none", None, null_space + 0.0
    return ("infinitely many" if free else "one"), particular, null_space + 0.0


# --- QR ---


def gram_schmidt(A: ArrayLike, *, tolerance: float = 1e-12) -> tuple[np.ndarray, np.ndarray]:
    """Reduced QR decomposition ``A = Q R`` with positive diagonal of ``R``, by modified Gram-Schmidt.

    Parameters
    ----------
    A : shape (m, n), linearly independent columns.
    tolerance : a column counts as dependent when what is left of it is at most this part of its length.

    Returns ``Q``, shape (m, n), orthonormal columns up to rounding times the condition number of ``A``, and ``R``,
    shape (n, n), upper triangular.
    Raises ValueError if ``m < n``, or if a column depends on those before it; the message names it and what is left.

    Derived in: QR decomposition, section "Gram-Schmidt". Source: Trefethen and Bau, Numerical Linear Algebra, lecture 8.
    """
    A = as_finite_array("A", A, ndim=2)
    (m, n), lengths = A.shape, np.linalg.norm(A, axis=0)
    if m < n:
        raise ValueError(f"A must not have more columns than rows; its shape is {A.shape}")
    Q, R = A.copy(), np.zeros((n, n))
    for k in range(n):
        R[k, k] = np.linalg.norm(Q[:, k])
        if R[k, k] <= tolerance * lengths[k]:
            left = f"of its length {lengths[k]:.3g} only {R[k, k]:.3g} is left"
            raise ValueError(f"column {k} of A depends on the columns before it: {left}")
        Q[:, k] /= R[k, k]
        R[k, k + 1 :] = Q[:, k] @ Q[:, k + 1 :]
        Q[:, k + 1 :] -= np.outer(Q[:, k], R[k, k + 1 :])
    return Q, R


def qr_iteration(A: ArrayLike, steps: int, *, shift: str = "none") -> tuple[np.ndarray, np.ndarray]:
    """Iterates ``A_{k+1} = R_k Q_k + s I`` of ``A_k - s I = Q_k R_k``, the diagonal of ``R_k`` not negative.

    Parameters
    ----------
    A : shape (n, n). steps : how many. shift : ``"none"`` (s = 0), or ``"wilkinson"``: the eigenvalue of the last
        2 x 2 block that is nearest to its last entry; a row that has converged is split off.

    Returns the iterates, shape (steps + 1, n, n), and the orthogonal ``Q``, shape (n, n), with ``A_steps = Q^T A Q``.
    Raises ValueError for a matrix that is not square, negative ``steps`` or an unknown shift.

    Derived in: QR decomposition, section "The QR iteration".
    Source: Trefethen and Bau, Numerical Linear Algebra, lectures 28 and 29.
    """
    A = as_square_matrix("A", A)
    if steps < 0 or shift not in ("none", "wilkinson"):
        raise ValueError(f"steps must not be negative, shift 'none' or 'wilkinson'; they are {steps} and {shift!r}")
    iterates, total, m = [A], np.eye(len(A)), len(A)
    for _ in range(steps):
        while shift != "none" and m > 1 and np.abs(A[m - 1, : m - 1]).max() <= 1e-14 * np.abs(A).max():
            m -= 1
        s = _wilkinson_shift(A[m - 2 : m, m - 2 : m]) if shift != "none" and m > 1 else 0.0
        q, r = np.linalg.qr(A[:m, :m] - s * np.eye(m))
        Q = np.eye(len(A))
        Q[:m, :m] = q * np.where(np.diag(r) < 0, -1.0, 1.0)
        A, total = Q.T @ A @ Q, total @ Q
        iterates.append(A)
    return np.array(iterates), total


def _wilkinson_shift(block: np.ndarray) -> float:
    (a, b), (c, d) = block
    half = (a - d) / 2
    inside = half**2 + b * c
    # A complex pair has no real shift that serves; the last entry is as good as any.
    return d if inside < 0 or b * c == 0 else d - b * c / (half + np.copysign(np.sqrt(inside), half))
