"""The table of the notebook Derivative identities, line by line in exact arithmetic: sympy differentiates the entries.

The notebook asserts the same lines by complex steps and by central differences. Here both layouts are typed once more and
compared with sympy's derivatives, at random rational points where a symbolic comparison would take long.
"""

import pytest
import sympy as sp
from sympy import Matrix, diag, eye, kronecker_product

N, M, P, Q = 2, 3, 3, 2  # sizes that differ, so that a wrong layout cannot fit


def symbols(name: str, rows: int, columns: int) -> Matrix:
    return Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}{i}{j}", real=True))


x, y, z = symbols("x", N, 1), symbols("y", M, 1), symbols("z", M, 1)
X, S = symbols("X", P, Q), symbols("S", N, N)
a, b, A, B = symbols("a", P, 1), symbols("b", Q, 1), symbols("A", M, N), symbols("B", N, N)
C, D, E, F = symbols("C", N, N), symbols("D", P, P), symbols("E", Q, Q), symbols("F", P, Q)
T = sp.Symbol("T", positive=True)
mean = symbols("m", N, 1)


def vec(A: Matrix) -> Matrix:
    return A.T.reshape(A.rows * A.cols, 1)


def commutation(p: int, q: int) -> Matrix:
    numbers = vec(Matrix(p, q, lambda i, j: i + p * j).T)
    return Matrix(p * q, p * q, lambda i, j: int(numbers[i] == j))


def layouts(f, variable: Matrix) -> tuple[Matrix, Matrix]:
    """Numerator and denominator layout of the derivative of a number or a matrix, entry by entry."""
    f = Matrix([[f]]) if not isinstance(f, sp.MatrixBase) else f
    if f.shape == (1, 1):
        gradient = variable.applyfunc(lambda entry: sp.diff(f[0, 0], entry))
        return gradient.T, gradient
    J = vec(f).jacobian(vec(variable))
    return J, J.T


def norm(v: Matrix):
    return sp.sqrt(sum(entry**2 for entry in v))


r, u = A * x - y, x / norm(x)
W = symbols("w", M, M)
W = W + W.T
symmetric, positive = C + C.T, B * B.T + eye(N)
quotient = (x.T * symmetric * x)[0] / (x.T * positive * x)[0]
pulled = 2 * (symmetric * x - quotient * positive * x) / (x.T * positive * x)[0]
p = z.applyfunc(lambda entry: sp.exp(entry / T)) / sum(sp.exp(entry / T) for entry in z)
p1 = p.subs(T, 1)
target = Matrix([sp.Rational(1, 2), sp.Rational(1, 3), sp.Rational(1, 6)])
V = symbols("v", M, N)
scores = V * x
of_scores = p1.subs(dict(zip(z, scores)), simultaneous=True)
d, L = x - mean, S.inv()
log_normal = -sp.log(2 * sp.pi) - sp.log(S.det()) / 2 - (d.T * L * d)[0] / 2
by_precision = -sp.log(2 * sp.pi) + sp.log(S.det()) / 2 - (d.T * S * d)[0] / 2
cube = S * S * S

LINES = {
    "linear form": ((A[0, :] * x)[0], x, A[0, :], A[0, :].T),
    "affine map": (A * x + y, x, A, A.T),
    "row times matrix": (x.T * B, x, B.T, B),
    "inner product": (
        ((A * x).T * (A * x).applyfunc(sp.sin))[0],
        x,
        (A * x).applyfunc(sp.sin).T * A + (A * x).T * diag(*(A * x).applyfunc(sp.cos)) * A,
        A.T * (A * x).applyfunc(sp.sin) + A.T * diag(*(A * x).applyfunc(sp.cos)) * (A * x),
    ),
    "quadratic form": ((x.T * B * x)[0], x, x.T * (B + B.T), (B + B.T) * x),
    "bilinear form, left": ((x.T * A.T * y)[0], x, y.T * A, A.T * y),
    "bilinear form, right": ((x.T * A.T * y)[0], y, x.T * A.T, A * x),
    "weighted squares": ((r.T * W * r)[0], x, 2 * r.T * W * A, 2 * A.T * W * r),
    "Rayleigh quotient": (quotient, x, pulled.T, pulled),
    "squared norm": ((x.T * x)[0], x, 2 * x.T, 2 * x),
    "norm": (norm(x), x, u.T, u),
    "norm of a residual": (norm(r), x, r.T * A / norm(r), A.T * r / norm(r)),
    "3-norm, positive entries": (
        sum(e**3 for e in x) ** sp.Rational(1, 3),
        x,
        x.applyfunc(lambda e: e**2).T / sum(e**3 for e in x) ** sp.Rational(2, 3),
        x.applyfunc(lambda e: e**2) / sum(e**3 for e in x) ** sp.Rational(2, 3),
    ),
    "unit vector": (u, x, (eye(N) - u * u.T) / norm(x), (eye(N) - u * u.T) / norm(x)),
    "squared Frobenius norm": ((X.T * X).trace(), X, 2 * X.T, 2 * X),
    "Frobenius norm": (norm(vec(X)), X, X.T / norm(vec(X)), X / norm(vec(X))),
    "trace, linear": ((F.T * X).trace(), X, F.T, F),
    "trace of rank one": ((a.T * X * b)[0], X, b * a.T, a * b.T),
    "trace, quadratic": ((X.T * D * X * E).trace(), X, E.T * X.T * D.T + E * X.T * D, D * X * E + D.T * X * E.T),
    "matrix squares": (((D * X - F).T * (D * X - F)).trace(), X, 2 * (D * X - F).T * D, 2 * D.T * (D * X - F)),
    "trace of a power": (cube.trace(), S, 3 * S * S, 3 * (S * S).T),
    "trace of an inverse": ((C * L).trace(), S, -L * C * L, -(L * C * L).T),
    "determinant": (D.det(), D, D.adjugate(), D.adjugate().T),
    "log-determinant": (sp.log(S.det()), S, L, L.T),
    "determinant of a product": ((B * S * C).det(), S, (B * S * C).det() * L, (B * S * C).det() * L.T),
    "log-determinant of a Gram matrix": (
        sp.log((X.T * X).det()),
        X,
        2 * (X.T * X).inv() * X.T,
        2 * X * (X.T * X).inv(),
    ),
    "two-sided product": (A * B * C, B, kronecker_product(C.T, A), kronecker_product(C, A.T)),
    "inverse": (L, S, -kronecker_product(L.T, L), -kronecker_product(L, L.T)),
    "power": (
        cube,
        S,
        sum((kronecker_product((S ** (2 - j)).T, S**j) for j in range(3)), sp.zeros(4)),
        sum((kronecker_product(S ** (2 - j), (S**j).T) for j in range(3)), sp.zeros(4)),
    ),
    "transpose": (X.T, X, commutation(P, Q), commutation(Q, P)),
    "product with the transpose": (
        X * X.T,
        X,
        (eye(P * P) + commutation(P, P)) * kronecker_product(X, eye(P)),
        kronecker_product(X.T, eye(P)) * (eye(P * P) + commutation(P, P)),
    ),
    "entrywise product": (F.multiply_elementwise(X), X, diag(*vec(F)), diag(*vec(F))),
    "smooth maximum": (T * sp.log(sum(sp.exp(e / T) for e in z)), z, p.T, p),
    "softmax": (p, z, (diag(*p) - p * p.T) / T, (diag(*p) - p * p.T) / T),
    "cross-entropy": (-(target.T * p1.applyfunc(sp.log))[0], z, (p1 - target).T, p1 - target),
    "cross-entropy, weights": (
        -(target.T * of_scores.applyfunc(sp.log))[0],
        V,
        x * (of_scores - target).T,
        (of_scores - target) * x.T,
    ),
    "activation": (
        x.applyfunc(sp.tanh),
        x,
        diag(*x.applyfunc(lambda e: 1 - sp.tanh(e) ** 2)),
        diag(*x.applyfunc(lambda e: 1 - sp.tanh(e) ** 2)),
    ),
}
# The Gaussian log-density holds at symmetric S: its layouts are compared after the entries below the diagonal are set.
GAUSSIAN = {
    "by the point": (log_normal, x, -d.T * L, -L * d),
    "by the mean": (log_normal, mean, d.T * L, L * d),
    "by the covariance": (log_normal, S, (L * d * d.T * L - L) / 2, (L * d * d.T * L - L) / 2),
    "by the precision": (by_precision, S, (L - d * d.T) / 2, (L - d * d.T) / 2),
}
VALUES = [sp.Rational(k, 7) for k in (3, 5, 8, 9, 11, 4, 13, 2, 6, 15, 10, 17, 1, 12, 16, 19)]


def at_a_point(matrix: Matrix, symmetric: bool = False) -> Matrix:
    """All symbols replaced by positive rational numbers, S by a positive definite matrix."""
    free = sorted(matrix.free_symbols, key=str)
    values = {s: VALUES[(5 * i) % len(VALUES)] + sp.Rational(i, 11) for i, s in enumerate(free)}
    values |= {S[0, 0]: 3, S[1, 1]: 2, S[0, 1]: sp.Rational(1, 2), S[1, 0]: sp.Rational(1, 2 if symmetric else 5)}
    return matrix.subs(values).evalf(30)


def require_layouts(line, symmetric=False):
    f, variable, *formulas = line
    for found, formula in zip(layouts(f, variable), formulas):
        formula = Matrix(formula)
        assert found.shape == formula.shape
        difference = at_a_point(found - formula, symmetric)
        assert max(abs(entry) for entry in difference) < 1e-20


@pytest.mark.parametrize("name", LINES)
def test_line_of_the_table(name):
    require_layouts(LINES[name])


@pytest.mark.parametrize("name", GAUSSIAN)
def test_gaussian_line_of_the_table(name):
    require_layouts(GAUSSIAN[name], symmetric=True)


def test_simple_eigenvalue_by_the_implicit_function_theorem():
    """From det(A - λI) = 0 alone, without eigenvectors: dλ/dA = adj(A - λI)ᵀ / tr adj(A - λI); left and right differ."""
    A = Matrix([[2, 1, 0], [0, 3, 1], [1, 0, 7]])
    value = sp.nsimplify(sorted(A.charpoly().nroots(n=40), key=sp.re)[-1])
    shifted = (A - value * eye(3)).evalf(40)
    by_determinant = (shifted.adjugate() / shifted.adjugate().trace()).T
    u, v = (null_vector(matrix) for matrix in (shifted, shifted.T))
    formula = v * u.T / (v.T * u)[0]
    assert max(abs(entry) for entry in by_determinant - formula) < 1e-20


def null_vector(matrix: Matrix) -> Matrix:
    """A vector with last entry 1 that the singular 3 x 3 matrix sends to zero."""
    first = matrix[:2, :2].LUsolve(-matrix[:2, 2])
    return Matrix([first[0], first[1], 1])


def test_eigenvalue_and_eigenvector_of_a_symmetric_matrix():
    """By the formulas for two by two matrices: roots of the polynomial, and half the angle of (a - d, 2 b)."""
    root = sp.sqrt((S[0, 0] - S[1, 1]) ** 2 + 4 * S[0, 1] * S[1, 0])
    off = (S[0, 1] + S[1, 0]) / 2  # eigenvectors as functions of the symmetric part
    angle = sp.atan2(2 * off, S[0, 0] - S[1, 1]) / 2
    u, other = Matrix([sp.cos(angle), sp.sin(angle)]), Matrix([-sp.sin(angle), sp.cos(angle)])
    symmetrise = (eye(4) + commutation(2, 2)) / 2
    for sign, w, across in ((1, u, other), (-1, other, u)):
        value = ((S[0, 0] + S[1, 1]) + sign * root) / 2
        require_layouts((value, S, w * w.T, w * w.T), symmetric=True)
        pseudoinverse = across * across.T / (sign * root)
        line = (w, S, kronecker_product(w.T, pseudoinverse) * symmetrise)
        require_layouts((*line, symmetrise * kronecker_product(w, pseudoinverse)), symmetric=True)


def test_singular_values_and_nuclear_norm_by_the_polynomial_of_the_gram_matrix():
    """For p x 2 matrices σ² is a root of t² - tr(M) t + det(M) with M = XᵀX, and σ₁ + σ₂ = (tr M + 2 det(M)^½)^½."""
    gram = X.T * X
    discriminant = sp.sqrt(gram.trace() ** 2 - 4 * gram.det())
    U_V = sp.zeros(P, Q)
    for sign in (1, -1):
        value = sp.sqrt((gram.trace() + sign * discriminant) / 2)
        v = Matrix([-gram[0, 1], gram[0, 0] - value**2])
        v /= norm(v)
        u = X * v / value
        require_layouts((value, X, v * u.T, u * v.T))
        U_V += u * v.T
    nuclear = sp.sqrt(gram.trace() + 2 * sp.sqrt(gram.det()))
    require_layouts((nuclear, X, U_V.T, U_V))


def test_symmetric_arguments_count_twice():
    free = S.subs(S[1, 0], S[0, 1])
    f = (B * free * free).trace() + sp.log(free.det())
    G = layouts((B * S * S).trace() + sp.log(S.det()), S)[1].subs(S[1, 0], S[0, 1])
    H = (G + G.T) / 2
    for (i, j), factor in {(0, 0): 1, (0, 1): 2, (1, 1): 1}.items():
        assert sp.simplify(sp.diff(f, S[i, j]) - factor * H[i, j]) == 0
