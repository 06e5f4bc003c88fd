"""The module ``markov`` against scipy, exact fractions, brute force and published numbers."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.linalg import eig, null_space
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from mlmath_helpers.markov import (
    as_distribution,
    as_transition_matrix,
    closed_classes,
    communicating_classes,
    dobrushin_coefficient,
    evolve,
    is_irreducible,
    period,
    stationary_distribution,
    total_variation,
)

# Classes lower, middle, upper: Lial, Greenwell and Ritchey, Finite Mathematics, chapter on Markov chains.
MOBILITY = np.array([[0.65, 0.28, 0.07], [0.15, 0.67, 0.18], [0.12, 0.36, 0.52]])
# Rain, nice, snow: Grinstead and Snell, Introduction to Probability, example 11.1.
OZ = np.array([[1 / 2, 1 / 4, 1 / 4], [1 / 2, 0, 1 / 2], [1 / 4, 1 / 4, 1 / 2]])
CYCLE = np.roll(np.eye(3), 1, axis=1)


@st.composite
def chains(draw, smallest=1, largest=6):
    """A transition matrix with many zeros, entries multiples of a twelfth or so."""
    n = draw(st.integers(smallest, largest))
    weights = np.zeros((n, n))
    for i in range(n):
        row = draw(st.lists(st.sampled_from([0, 0, 0, 1, 2, 5]), min_size=n, max_size=n))
        row[draw(st.integers(0, n - 1))] += 1
        weights[i] = row
    return weights / weights.sum(axis=1, keepdims=True)


def strong_components(P):
    """The communicating classes according to scipy."""
    count, labels = connected_components(csr_array(P > 0), directed=True, connection="strong")
    return sorted(sorted(np.flatnonzero(labels == k).tolist()) for k in range(count))


def return_times(P, state, longest):
    """The numbers of steps up to ``longest`` in which the chain can return, by powers of the support."""
    here, times = np.arange(len(P)) == state, []
    for t in range(1, longest + 1):
        here = ((P > 0) & here[:, None]).any(axis=0)
        if here[state]:
            times.append(t)
    return times


# validation


def test_a_transition_matrix_is_returned_as_a_copy_of_floats():
    given_matrix = [[1, 0], [0, 1]]
    P = as_transition_matrix(given_matrix)
    assert P.dtype == float and P.tolist() == given_matrix
    Q = as_transition_matrix(MOBILITY)
    Q[0, 0] = 7
    assert MOBILITY[0, 0] == 0.65


def test_rounding_is_forgiven_and_rounded_zeros_become_zero():
    assert (as_transition_matrix([[1 + 1e-12, -1e-12], [0.5, 0.5]]) >= 0).all()
    assert (as_distribution([1 + 1e-12, -1e-12]) >= 0).all()


@pytest.mark.parametrize(
    "matrix, message",
    [
        ([[0.5, 0.5]], r"P must be square; its shape is \(1, 2\)"),
        ([0.5, 0.5], r"P must have 2 axes .* its shape is \(2,\)"),
        ([[np.nan, 1], [0, 1]], r"P must be finite; it is nan at index \(0, 0\)"),
        ([[0.5, 0.5], [0.3, 0.69]], r"row 1 sums to 0\.99"),
        ([[0.5, 0.5], [0.3, 0.71]], r"row 1 sums to 1\.01"),
        ([[1.1, -0.1], [0, 1]], r"P must hold probabilities; its entry \(0, 1\) is -0\.1"),
    ],
)
def test_a_bad_transition_matrix_is_refused(matrix, message):
    for function in (
        as_transition_matrix, communicating_classes, closed_classes, is_irreducible,
        period, stationary_distribution, dobrushin_coefficient, lambda P: evolve([1, 0], P, 1),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            function(matrix)


@pytest.mark.parametrize(
    "vector, message",
    [
        ([0.21, 0.68, 0.1], r"must sum to 1; it sums to 0\.99"),
        ([1.2, -0.2, 0], r"its entry 1 is -0\.2"),
        ([0.5, np.inf, 0], r"must be finite; it is inf at index \(1,\)"),
        ([[1, 0, 0]], r"must have 1 axes .* shape is \(1, 3\)"),
        ([], r"at least one element"),
    ],
)
def test_a_bad_distribution_is_refused(vector, message):
    for function in (
        as_distribution,
        lambda p: evolve(p, MOBILITY, 1),
        lambda p: total_variation(p, [1, 0, 0]),
        lambda p: total_variation([1, 0, 0], p),
    ):
        with pytest.raises(ValueError, match=message):
            function(vector)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="it has 2, the chain 3"):
        evolve([0.5, 0.5], MOBILITY, 1)
    with pytest.raises(ValueError, match="it has 3, the chain 2"):
        total_variation([0.5, 0.5], [0.5, 0.5, 0])


@pytest.mark.parametrize("steps", [-1, 1.5, np.nan, np.inf])
def test_a_bad_number_of_steps_is_refused(steps):
    with pytest.raises(ValueError, match=f"whole number, at least 0; it is {steps}"):
        evolve([1, 0, 0], MOBILITY, steps)


# evolution


def test_evolution_agrees_with_published_tables():
    """First generations of the class-mobility chain as tabulated in "LDA shuxue bagua" (three digits)."""
    published = [[0.21, 0.68, 0.11], [0.252, 0.554, 0.194], [0.270, 0.512, 0.218], [0.278, 0.497, 0.225]]
    path = evolve([0.21, 0.68, 0.11], MOBILITY, 3)
    assert path.shape == (4, 3)
    assert np.allclose(path, published, rtol=0, atol=6e-4)


@given(chains(largest=4), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_evolution_is_the_sum_over_all_paths(P, steps):
    n = len(P)
    initial = np.arange(1, n + 1) / (n * (n + 1) / 2)
    truth = np.zeros(n)
    for walk in itertools.product(range(n), repeat=steps + 1):
        truth[walk[-1]] += initial[walk[0]] * np.prod([P[i, j] for i, j in itertools.pairwise(walk)])
    assert np.allclose(evolve(initial, P, steps)[-1], truth, rtol=0, atol=1e-12)


# classes and periods


@given(chains())
@settings(max_examples=200, deadline=None)
def test_classes_agree_with_scipy(P):
    classes = communicating_classes(P)
    assert classes == strong_components(P)
    assert is_irreducible(P) == (len(classes) == 1)
    for states in classes:
        rest = [j for j in range(len(P)) if j not in states]
        assert (states in closed_classes(P)) == bool((P[np.ix_(states, rest)] == 0).all())


@given(chains())
@settings(max_examples=200, deadline=None)
def test_period_agrees_with_the_return_times(P):
    for state in range(len(P)):
        times = return_times(P, state, 60)
        if times:
            assert period(P, state) == np.gcd.reduce(times)
        else:
            with pytest.raises(ValueError, match=f"cannot return to state {state}"):
                period(P, state)


def test_period_of_known_chains():
    assert period(CYCLE) == 3
    assert period(MOBILITY) == period(OZ) == 1
    assert period([[0, 1], [1, 0]]) == 2
    # Cycles of lengths 4 and 6 through state 0: the period is 2 although no cycle has length 2.
    P = np.zeros((9, 9))
    P[0, 1] = P[0, 4] = 0.5
    for i, j in [(1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 8), (8, 0)]:
        P[i, j] = 1
    assert period(P) == 2
    with pytest.raises(ValueError, match="the states are 0 to 2; there is no state 3"):
        period(OZ, 3)


def test_a_long_cycle_has_one_class():
    """Reachability must not stop early nor overflow: 200 states, each reached by one long way only."""
    P = np.roll(np.eye(200), 1, axis=1)
    assert is_irreducible(P) and period(P, 17) == 200
    P[-1, 0], P[-1, -1] = 0, 1
    assert len(communicating_classes(P)) == 200 and closed_classes(P) == [[199]]


def test_a_tiny_probability_is_a_possibility():
    assert is_irreducible([[1 - 1e-13, 1e-13], [0.5, 0.5]])


# stationary distributions


def test_published_stationary_distributions():
    assert np.allclose(stationary_distribution(OZ), [2 / 5, 1 / 5, 2 / 5], rtol=1e-14)
    assert np.allclose(stationary_distribution(MOBILITY), [0.28650138, 0.48852158, 0.22497704], atol=5e-9)
    # Langville and Meyer, Google's PageRank and Beyond: six pages, the second without links, damping 0.9.
    H = np.zeros((6, 6))
    for page, targets in enumerate([(1, 2), range(6), (0, 1, 4), (4, 5), (3, 5), (3,)]):
        H[page, list(targets)] = 1 / len(targets)
    rank = [0.03721, 0.05396, 0.04151, 0.3751, 0.206, 0.2862]
    assert np.allclose(stationary_distribution(0.9 * H + 0.1 / 6), rank, atol=5e-5)


@given(chains())
@settings(max_examples=200, deadline=None)
def test_stationary_distribution_agrees_with_scipy(P):
    kernel = null_space(P.T - np.eye(len(P)), rcond=1e-10)
    assert kernel.shape[1] == len(closed_classes(P))
    if kernel.shape[1] == 1:
        assert np.allclose(stationary_distribution(P), kernel[:, 0] / kernel[:, 0].sum(), atol=1e-9)
    else:
        with pytest.raises(ValueError, match=f"not unique: the chain has {kernel.shape[1]} closed classes"):
            stationary_distribution(P)


def test_stationary_distribution_is_the_left_eigenvector_of_scipy():
    P = np.random.default_rng(1).dirichlet(np.ones(7), size=7)
    values, left = eig(P, left=True, right=False)
    vector = left[:, np.argmin(np.abs(values - 1))].real
    assert np.allclose(stationary_distribution(P), vector / vector.sum(), rtol=1e-12)


def test_stationary_distribution_keeps_its_accuracy_when_nearly_decoupled():
    """Two pairs of states joined by steps of probability around 1e-14; the truth in exact fractions."""
    a, b = Fraction(3, 10**14), Fraction(1, 10**14)
    exact = [[Fraction(1, 2) - a, Fraction(1, 2), a, 0], [Fraction(1, 4), Fraction(3, 4), 0, 0],
             [0, b, Fraction(1, 3) - b, Fraction(2, 3)], [0, 0, Fraction(1, 2), Fraction(1, 2)]]  # fmt: skip
    # Flows across the cut balance: w0 a = w2 b; within the pairs the remaining equations are solved by hand.
    w2 = Fraction(1)
    w0 = w2 * b / a
    w1 = (w0 * Fraction(1, 2) + w2 * b) * 4
    w3 = w2 * Fraction(2, 3) * 2
    weights = [w0, w1, w2, w3]
    for j in range(4):
        assert sum(weights[i] * exact[i][j] for i in range(4)) == weights[j]
    truth = np.array([float(w / sum(weights)) for w in weights])
    assert np.allclose(stationary_distribution(np.array(exact, dtype=float)), truth, rtol=1e-12, atol=0)


def test_transient_states_have_no_stationary_mass():
    P = [[0.5, 0.25, 0.25], [0, 0, 1], [0, 1, 0]]
    assert stationary_distribution(P).tolist() == [0, 0.5, 0.5]


def test_several_closed_classes_are_named():
    with pytest.raises(ValueError, match=r"2 closed classes, \[0\], \[2\]"):
        stationary_distribution([[1, 0, 0], [0.3, 0.4, 0.3], [0, 0, 1]])


# distances


@given(chains(smallest=2))
@settings(max_examples=100, deadline=None)
def test_total_variation_is_the_largest_difference_over_events(P):
    p, q = P[0], P[1]
    events = itertools.product([0, 1], repeat=len(p))
    assert total_variation(p, q) == pytest.approx(max(abs(np.dot(p - q, event)) for event in events), abs=1e-12)


@given(chains())
@settings(max_examples=100, deadline=None)
def test_dobrushin_coefficient_is_one_minus_the_least_overlap_of_rows(P):
    overlap = min(np.minimum(p, q).sum() for p in P for q in P)
    assert dobrushin_coefficient(P) == pytest.approx(1 - overlap, abs=1e-12)


def test_dobrushin_coefficient_of_known_chains():
    assert dobrushin_coefficient(MOBILITY) == pytest.approx(0.53)
    assert dobrushin_coefficient(CYCLE) == 1
    assert dobrushin_coefficient(np.full((4, 4), 0.25)) == 0


@given(chains())
@settings(max_examples=100, deadline=None)
def test_dobrushin_coefficient_bounds_the_second_eigenvalue(P):
    moduli = np.sort(np.abs(eig(P, right=False)))[::-1]
    if len(P) > 1:
        # A defective eigenvalue of an n x n matrix is computed to about the n-th root of the rounding error only.
        assert moduli[1] <= dobrushin_coefficient(P) + 5e-3
