"""``linalg`` against numpy, scipy and sympy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mlmath_helpers import linalg

# --- singular values ---

shapes = st.tuples(st.integers(1, 6), st.integers(1, 6))


def assert_is_svd(A, U, s, Vt, atol):
    (m, n), p = A.shape, min(A.shape)
    assert U.shape == (m, m) and s.shape == (p,) and Vt.shape == (n, n)
    assert np.allclose(U.T @ U, np.eye(m), atol=1e-12) and np.allclose(Vt @ Vt.T, np.eye(n), atol=1e-12)
    assert (s >= 0).all() and (np.diff(s) <= 0).all()
    assert np.allclose(U[:, :p] * s @ Vt[:p], A, rtol=0, atol=atol)


@given(shapes.flatmap(lambda shape: arrays(float, shape, elements=st.integers(-4, 4))))
def test_svd_agrees_with_scipy_for_every_shape_and_rank(A):
    U, s, Vt = linalg.svd_from_eigenproblem(A)
    assert_is_svd(A, U, s, Vt, atol=1e-6)
    assert np.allclose(s, scipy.linalg.svdvals(A), atol=1e-6)
    assert np.count_nonzero(s) == sympy.Matrix(A.astype(int).tolist()).rank()


def test_svd_of_a_known_spectrum_finds_the_vectors_of_scipy():
    rng = np.random.default_rng(8)
    for m, n in [(5, 3), (3, 5), (4, 4)]:
        left, right = (scipy.stats.ortho_group.rvs(k, random_state=rng) for k in (m, n))
        wanted = np.array([7.0, 2.0, 1e-3, 1e-4])[: min(m, n)]
        A = left[:, : len(wanted)] * wanted @ right[: len(wanted)]
        U, s, Vt = linalg.svd_from_eigenproblem(A)
        assert_is_svd(A, U, s, Vt, atol=1e-10)
        assert np.allclose(s, wanted, rtol=1e-6)
        other_u, _, other_vt = scipy.linalg.svd(A)
        for i in range(len(wanted)):
            assert np.allclose(np.outer(U[:, i], Vt[i]), np.outer(other_u[:, i], other_vt[i]), atol=1e-6)


def test_svd_signs_are_fixed_and_ties_go_to_the_first_entry():
    U, s, Vt = linalg.svd_from_eigenproblem([[1, 1], [0, 1], [1, 0]])
    assert np.allclose(s, [np.sqrt(3), 1])
    assert np.allclose(Vt * np.sqrt(2), [[1, 1], [1, -1]])
    assert np.allclose(U, np.array([[2, 0, 1], [1, -1, -1], [1, 1, -1]]) / np.sqrt([6, 2, 3]))
    for seed in range(20):
        _, _, Vt = linalg.svd_from_eigenproblem(np.random.default_rng(seed).normal(size=(4, 3)))
        assert (Vt[np.arange(3), np.abs(Vt).argmax(axis=1)] > 0).all()


def test_svd_of_zero_of_one_row_and_of_extreme_scales():
    U, s, Vt = linalg.svd_from_eigenproblem(np.zeros((3, 2)))
    assert (U == np.eye(3)).all() and not s.any() and np.allclose(np.abs(Vt), np.eye(2)[::-1])
    _, s, Vt = linalg.svd_from_eigenproblem([[3.0, -4.0]])
    assert np.allclose(s, [5]) and np.allclose(Vt[0], [-0.6, 0.8])
    for scale in (1e-300, 1e300):
        assert np.allclose(linalg.svd_from_eigenproblem([[3 * scale, 0], [0, 4 * scale]])[1], [4 * scale, 3 * scale], atol=0)


def test_svd_drops_what_the_tolerance_says():
    A = np.diag([1.0, 1e-3])
    assert linalg.svd_from_eigenproblem(A)[1][1] == pytest.approx(1e-3)
    U, s, _ = linalg.svd_from_eigenproblem(A, tolerance=1e-2)
    assert s.tolist() == [1, 0] and np.allclose(U, np.eye(2))
    # Two tiny singular values: the left vectors stay orthonormal.
    lauchli = np.array([[1.0, 1, 1], [1e-6, 0, 0], [0, 1e-6, 0], [0, 0, 1e-6]])
    assert_is_svd(lauchli, *linalg.svd_from_eigenproblem(lauchli), atol=1e-9)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(A=[1.0, 2.0]), r"A must have 2 axes .* its shape is \(2,\)"),
        (dict(A=np.zeros((0, 3))), r"its shape is \(0, 3\)"),
        (dict(A=[[1.0, np.nan]]), r"finite; it is nan at index \(0, 1\)"),
        (dict(A=np.eye(2), tolerance=1), "at least 0 and less than 1; it is 1"),
        (dict(A=np.eye(2), tolerance=np.nan), "it is nan"),
    ],
)
def test_svd_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        linalg.svd_from_eigenproblem(**arguments)


# --- determinants ---

square = st.integers(1, 5).flatmap(lambda n: arrays(float, (n, n), elements=st.integers(-4, 4)))


@given(square)
def test_cofactors_agree_with_sympy(A):
    exact = sympy.Matrix(A.astype(int).tolist())
    wanted = np.array(exact.cofactor_matrix().tolist(), dtype=float)
    assert np.allclose(linalg.cofactor_matrix(A), wanted, atol=1e-8)
    assert linalg.minor(A, 0, len(A) - 1) == pytest.approx(float(exact.minor(0, len(A) - 1)), abs=1e-8)


@given(square, st.data())
def test_every_expansion_agrees_with_sympy(A, data):
    k = data.draw(st.integers(0, len(A) - 1))
    wanted = float(sympy.Matrix(A.astype(int).tolist()).det())
    assert linalg.laplace_expansion(A, k) == wanted  # whole numbers: exact
    assert linalg.laplace_expansion(A, column=k) == wanted


def test_expansion_agrees_with_scipy_and_does_not_use_the_minors_of_numpy(monkeypatch):
    A = np.random.default_rng(1).normal(size=(7, 7))
    wanted = scipy.linalg.det(A)
    monkeypatch.setattr(np.linalg, "det", None)
    assert linalg.laplace_expansion(A, 3) == pytest.approx(wanted)
    assert linalg.laplace_expansion(A, column=6) == pytest.approx(wanted)


def test_order_one():
    assert linalg.minor([[-3.0]], 0, 0) == 1 and linalg.laplace_expansion([[-3]]) == -3
    assert linalg.cofactor_matrix([[-3.0]]).tolist() == [[1.0]]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: linalg.minor(np.eye(3), 3, 0), "no row 3: A has order 3, and indices count from 0"),
        (lambda: linalg.minor(np.eye(3), 0, -1), "no column -1"),
        (lambda: linalg.laplace_expansion(np.eye(2), 2), "no row 2: A has order 2"),
        (lambda: linalg.laplace_expansion(np.eye(2), column=2), "no column 2"),
        (lambda: linalg.laplace_expansion(np.eye(12)), r"at most order 9; at order 12 .* 8.2e\+08 multiplications"),
        (lambda: linalg.laplace_expansion(np.eye(300)), "at order 300 .* inf multiplications"),
        (lambda: linalg.laplace_expansion(np.ones((2, 3))), r"square; its shape is \(2, 3\)"),
        (lambda: linalg.cofactor_matrix([[1.0, np.inf], [0, 1]]), r"finite; it is inf at index \(0, 1\)"),
        (lambda: linalg.minor(np.ones((2, 3)), 0, 0), r"square; its shape is \(2, 3\)"),
        (lambda: linalg.cofactor_matrix(np.ones((3, 2))), r"square; its shape is \(3, 2\)"),
        (lambda: linalg.vandermonde([]), "at least one element"),
        (lambda: linalg.vandermonde([1.0, np.nan]), "finite"),
        (lambda: linalg.vandermonde([0.0, 1.0, 1e200]), "the matrix of powers must be finite"),
    ],
)
def test_determinants_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@given(arrays(float, st.integers(1, 6), elements=st.floats(-3, 3)))
def test_vandermonde_agrees_with_numpy(x):
    assert np.allclose(linalg.vandermonde(x), np.vander(x, increasing=True).T)


def test_vandermonde_of_whole_numbers_and_its_determinant():
    V = linalg.vandermonde(np.array([1, 2, 3, 4]))
    assert V.tolist() == [[1, 1, 1, 1], [1, 2, 3, 4], [1, 4, 9, 16], [1, 8, 27, 64]]
    assert linalg.laplace_expansion(V) == 12
    a, b, c = sympy.symbols("a b c")
    exact = sympy.Matrix([[1, 1, 1], [a, b, c], [a**2, b**2, c**2]]).det().subs({a: 2, b: 5, c: -1})
    assert linalg.laplace_expansion(linalg.vandermonde([2, 5, -1])) == float(exact)


# --- rank and linear systems ---


def low_rank_integers(seed, largest=5):
    """Integer matrices of every shape up to ``largest`` and of every rank that products of thin ones give."""
    rng = np.random.default_rng(seed)
    for m, n, k in rng.integers(1, largest + 1, size=(60, 3)):
        yield rng.integers(-3, 4, size=(m, k)) @ rng.integers(-2, 3, size=(k, n))


def test_row_echelon_agrees_with_sympy():
    for A in [*low_rank_integers(5), np.zeros((2, 3), dtype=int)]:
        wanted, columns = sympy.Matrix(A.tolist()).rref()
        R, pivots = linalg.row_echelon(A)
        assert np.allclose(R, np.array(wanted.tolist(), dtype=float), atol=1e-9) and pivots == list(columns)
        assert not np.signbit(R[R == 0]).any()


def test_row_echelon_counts_as_zero_what_the_tolerance_says_and_leaves_its_input_alone():
    A = np.array([[1.0, 2.0], [1.0, 2.0 + 1e-6]])
    before = A.copy()
    assert linalg.row_echelon(A)[1] == [0, 1] and linalg.row_echelon(A, tolerance=1e-5)[1] == [0]
    assert linalg.row_echelon(1e9 * A, tolerance=1e-5)[1] == [0] and (A == before).all()
    assert linalg.row_echelon([[0.0, 3.0], [2.0, 1.0]])[0].tolist() == [[1, 0], [0, 1]]
    assert linalg.row_echelon(A, tolerance=1e-5)[0].tolist() == [[1, 2], [0, 0]]


def test_solution_class_agrees_with_numpy_and_scipy():
    rng, seen = np.random.default_rng(6), set()
    for A in low_rank_integers(7):
        m, n = A.shape
        for b in (A @ rng.integers(-3, 4, size=n), rng.integers(-3, 4, size=m), np.zeros(m), 1e12 * A[:, 0]):
            r, augmented = np.linalg.matrix_rank(A), np.linalg.matrix_rank(np.column_stack([A, b / max(1, np.abs(b).max())]))
            kind, particular, null_space = linalg.solution_class(A, b)
            wanted = "none" if augmented > r else "one" if r == n else "infinitely many"
            assert kind == wanted and null_space.shape == (n, n - r)
            assert (particular is None) == (kind == "none")
            if particular is not None:
                assert np.allclose(A @ particular, b, atol=1e-9 * max(1, np.abs(b).max()))
            truth = scipy.linalg.null_space(A)
            assert np.allclose(truth @ (truth.T @ null_space), null_space)
            assert n == r or np.linalg.matrix_rank(null_space) == n - r
            seen.add(kind)
    assert seen == {"none", "one", "infinitely many"}


def test_solution_class_of_the_zero_matrix_and_of_one_solution():
    kind, particular, null_space = linalg.solution_class(np.zeros((2, 3)), [0, 0])
    assert kind == "infinitely many" and not particular.any() and (null_space == np.eye(3)).all()
    assert linalg.solution_class(np.zeros((2, 3)), [0, 1e-9])[0] == "none"
    kind, particular, null_space = linalg.solution_class([[2, 1], [1, 3], [3, 4]], [3, 4, 7])
    assert kind == "one" and np.allclose(particular, [1, 1]) and null_space.shape == (2, 0)
    nearly = [[1.0, 0.0], [0.0, 1e-6]]
    assert linalg.solution_class(nearly, [1, 1])[0] == "one"
    assert linalg.solution_class(nearly, [1, 1], tolerance=1e-5)[0] == "none"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: linalg.row_echelon([1.0, 2.0]), r"A must have 2 axes .* its shape is \(2,\)"),
        (lambda: linalg.row_echelon([[1.0, np.inf]]), r"finite; it is inf at index \(0, 1\)"),
        (lambda: linalg.row_echelon(np.eye(2), tolerance=1), "at least 0 and less than 1; it is 1"),
        (lambda: linalg.row_echelon(np.eye(2), tolerance=np.nan), "it is nan"),
        (lambda: linalg.solution_class(np.eye(2), [1, 2, 3]), "each of the 2 rows of A; it has 3"),
        (lambda: linalg.solution_class(np.eye(2), [1, np.nan]), "b must be finite; it is nan"),
        (lambda: linalg.solution_class(np.eye(2), np.eye(2)), "b must have 1 axes"),
    ],
)
def test_rank_functions_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- QR ---


@given(arrays(float, st.tuples(st.integers(3, 6), st.integers(1, 3)), elements=st.floats(-3, 3)))
def test_gram_schmidt_agrees_with_scipy(A):
    assume(np.linalg.svd(A, compute_uv=False)[-1] > 1e-3)
    Q, R = linalg.gram_schmidt(A)
    wanted_q, wanted_r = scipy.linalg.qr(A, mode="economic")
    sign = np.sign(np.diag(wanted_r))
    assert np.allclose(Q, wanted_q * sign, atol=1e-9) and np.allclose(R, sign[:, None] * wanted_r, atol=1e-9)
    assert np.allclose(R.T, scipy.linalg.cholesky(A.T @ A, lower=True), atol=1e-9)


@pytest.mark.parametrize(
    "A, message",
    [
        (np.ones((2, 3)), r"more columns than rows; its shape is \(2, 3\)"),
        ([[3.0, 6.0], [4.0, 8.0]], "column 1 of A depends on the columns before it: of its length 10 only 0 is left"),
        (np.zeros((2, 1)), "column 0 of A"),
        ([[np.nan, 1.0]], "finite"),
        ([1.0, 2.0], "2 axes"),
    ],
)
def test_gram_schmidt_refuses(A, message):
    with pytest.raises(ValueError, match=message):
        linalg.gram_schmidt(A)


def test_gram_schmidt_says_how_little_of_a_column_is_left():
    A = np.array([[1.0, 1.0], [0.0, 1e-6]])
    assert linalg.gram_schmidt(A)[1][1, 1] == pytest.approx(1e-6)
    with pytest.raises(ValueError, match="of its length 1 only 1e-06 is left"):
        linalg.gram_schmidt(A, tolerance=1e-5)


@pytest.mark.parametrize("shift", ["none", "wilkinson"])
def test_qr_iterates_are_orthogonally_similar_and_find_the_eigenvalues(shift):
    rng = np.random.default_rng(4)
    for _ in range(20):
        X = rng.normal(size=(4, 4))
        A = X @ np.diag([8.0, -4.0, 2.0, 1.0]) @ np.linalg.inv(X)
        iterates, Q = linalg.qr_iteration(A, 120, shift=shift)
        assert iterates.shape == (121, 4, 4) and (iterates[0] == A).all()
        assert np.allclose(Q.T @ Q, np.eye(4)) and np.allclose(Q.T @ A @ Q, iterates[-1])
        assert np.abs(np.tril(iterates[-1], -1)).max() < 1e-9 * np.abs(A).max()
        found = np.diag(iterates[-1])
        scale = np.linalg.cond(X) * 1e-9
        assert np.allclose(np.sort(found), np.sort(scipy.linalg.eigvals(A).real), atol=scale)
        if shift == "none":
            assert np.allclose(found, [8, -4, 2, 1], atol=scale)


def test_the_first_step_has_the_positive_factors():
    A = np.array([[1.0, 2.0], [-3.0, 1.0]])
    Q, R = linalg.gram_schmidt(A)
    iterates, total = linalg.qr_iteration(A, 1)
    assert np.allclose(total, Q) and np.allclose(iterates[1], R @ Q)


def test_wilkinson_shift_needs_fewer_steps_and_breaks_a_tie():
    symmetric = scipy.linalg.hilbert(6) + np.diag(np.arange(6.0))
    below = [np.abs(np.tril(linalg.qr_iteration(symmetric, 20, shift=s)[0][-1], -1)).max() for s in ("none", "wilkinson")]
    assert below[0] > 1e-4 and below[1] < 1e-12
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert (linalg.qr_iteration(swap, 5)[0][-1] == swap).all()
    assert np.allclose(np.diag(linalg.qr_iteration(swap, 2, shift="wilkinson")[0][-1]), [1, -1])
    rotation = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert np.allclose(linalg.qr_iteration(rotation, 3, shift="wilkinson")[0][-1], rotation)


def test_wilkinson_shift_is_the_eigenvalue_of_the_block_nearest_to_its_last_entry():
    rng = np.random.default_rng(5)
    for block in [[[2.0, 1.0], [1.0, 2.0]], [[1.0, 5.0], [0.0, 3.0]], *rng.normal(size=(50, 2, 2))]:
        found, last = scipy.linalg.eigvals(block), block[1][1]
        wanted = min(abs(found.real - last)) if np.isreal(found).all() else 0
        shift = linalg._wilkinson_shift(np.array(block))
        assert abs(shift - last) == pytest.approx(wanted, abs=1e-9)
        assert wanted == 0 or min(abs(found - shift)) < 1e-9


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(A=np.ones((2, 3)), steps=1), r"square; its shape is \(2, 3\)"),
        (dict(A=np.eye(2), steps=-1), "steps must not be negative.*they are -1 and 'none'"),
        (dict(A=np.eye(2), steps=1, shift="rayleigh"), "'none' or 'wilkinson'; they are 1 and 'rayleigh'"),
    ],
)
def test_qr_iteration_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        linalg.qr_iteration(**arguments)
