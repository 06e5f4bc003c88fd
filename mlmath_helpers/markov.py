"""Finite Markov chains: validation, evolution, classes and periods, stationary distributions, contraction.

A chain is given by its transition matrix ``P``, shape (n, n): the entry in row i and column j is the probability of a
step from state i to state j. States are numbered from 0. Whether states communicate, and with which period, is decided
on the graph of the positive entries, never by an eigenvalue that is nearly one.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import ArrayLike

from .validation import as_finite_array, as_square_matrix

# Sums that miss one by less than this, and entries that miss zero by less, are rounding.
TOLERANCE = 1e-9


def as_transition_matrix(P: ArrayLike) -> np.ndarray:
    """Return ``P`` as a matrix of floats after checking that it is row-stochastic.

    Parameters
    ----------
    P : shape (n, n), entry (i, j) the probability of a step from state i to state j.

    Returns
    -------
    A copy, shape (n, n). Rows are not rescaled; entries negative by rounding only become zero.

    Raises
    ------
    ValueError : ``P`` is not square or not finite, an entry is negative (which, and how much), or a row does not sum
        to one (which, and what its sum is).

    Derived in: "Markov chains", section "From parent to child". Source: Levin and Peres, chapter 1.
    """
    P = as_square_matrix("P", P)
    if P.min() < -TOLERANCE:
        bad = tuple(int(i) for i in np.unravel_index(np.argmin(P), P.shape))
        raise ValueError(f"P must hold probabilities; its entry {bad} is {P[bad]:.6g}")
    sums = P.sum(axis=1)
    worst = int(np.argmax(np.abs(sums - 1)))
    if abs(sums[worst] - 1) > TOLERANCE:
        raise ValueError(f"every row of P must sum to 1; row {worst} sums to {sums[worst]:.9g}")
    return np.maximum(P, 0)


def as_distribution(p: ArrayLike, states: int | None = None) -> np.ndarray:
    """Return ``p`` as a vector of floats after checking that it is a probability distribution.

    Parameters
    ----------
    p : shape (n,), the probabilities of the n states.
    states : the number of states wanted, if it is known.

    Returns
    -------
    A copy, shape (n,), not rescaled; entries negative by rounding only become zero.

    Raises
    ------
    ValueError : ``p`` is not a finite vector, has another length than ``states``, an entry is negative, or the
        entries do not sum to one (the message gives their sum).

    Derived in: "Markov chains", section "Generation by generation". Source: Levin and Peres, chapter 1.
    """
    p = as_finite_array("the distribution", p, ndim=1)
    if states is not None and len(p) != states:
        raise ValueError(f"the distribution must have one entry a state; it has {len(p)}, the chain {states}")
    if p.min() < -TOLERANCE:
        bad = int(np.argmin(p))
        raise ValueError(f"the distribution must hold probabilities; its entry {bad} is {p[bad]:.6g}")
    if abs(p.sum() - 1) > TOLERANCE:
        raise ValueError(f"the distribution must sum to 1; it sums to {p.sum():.9g}")
    return np.maximum(p, 0)


def evolve(initial: ArrayLike, P: ArrayLike, steps: int) -> np.ndarray:
    """Return the distributions of the chain at the times 0, 1, ..., ``steps``.

    Parameters
    ----------
    initial : shape (n,), the distribution at time 0.
    P : shape (n, n), the transition matrix.
    steps : the number of steps, at least 0.

    Returns
    -------
    Shape (steps + 1, n); row t is the distribution at time t, that is row t - 1 times ``P``.

    Raises
    ------
    ValueError : bad ``P`` or ``initial``, shapes that do not fit, or a negative or fractional number of steps.

    Derived in: "Markov chains", section "Generation by generation". Source: Norris, section 1.1.
    """
    P = as_transition_matrix(P)
    if not (np.isfinite(steps) and steps >= 0 and steps == int(steps)):
        raise ValueError(f"the number of steps must be a whole number, at least 0; it is {steps}")
    path = [as_distribution(initial, states=len(P))]
    for _ in range(int(steps)):
        path.append(path[-1] @ P)
    return np.array(path)


def communicating_classes(P: ArrayLike) -> list[list[int]]:
    """Split the states into the classes within which every state can be reached from every other.

    Parameters
    ----------
    P : shape (n, n), the transition matrix.

    Returns
    -------
    A list of classes, each a sorted list of states, ordered by their smallest state.

    Raises
    ------
    ValueError : ``P`` is not a transition matrix.

    Derived in: "Markov chains", section "Stationary distributions". Source: Norris, section 1.2.
    """
    reach = _reachable(as_transition_matrix(P))
    mutual = reach & reach.T
    return [np.flatnonzero(row).tolist() for i, row in enumerate(mutual) if np.argmax(row) == i]


def closed_classes(P: ArrayLike) -> list[list[int]]:
    """Return those communicating classes that the chain cannot leave; there is at least one.

    Parameters
    ----------
    P : shape (n, n), the transition matrix.

    Returns
    -------
    A list of classes as from ``communicating_classes``.

    Raises
    ------
    ValueError : ``P`` is not a transition matrix.

    Derived in: "Markov chains", section "Stationary distributions". Source: Norris, section 1.2.
    """
    P = as_transition_matrix(P)
    return [states for states in communicating_classes(P) if not np.delete(P[states], states, axis=1).any()]


def is_irreducible(P: ArrayLike) -> bool:
    """Say whether every state can be reached from every other, that is, whether there is one class only.

    Parameters
    ----------
    P : shape (n, n), the transition matrix.

    Raises
    ------
    ValueError : ``P`` is not a transition matrix.

    Derived in: "Markov chains", section "Stationary distributions". Source: Levin and Peres, section 1.3.
    """
    return len(communicating_classes(P)) == 1


def period(P: ArrayLike, state: int = 0) -> int:
    """Return the greatest common divisor of the numbers of steps in which the chain can return to ``state``.

    All states of a communicating class have the same period, so for an irreducible chain any state will do.

    Parameters
    ----------
    P : shape (n, n), the transition matrix.
    state : a state, from 0 to n - 1.

    Returns
    -------
    The period, at least 1. A state of period 1 is called aperiodic.

    Raises
    ------
    ValueError : ``P`` is not a transition matrix, there is no such state, or the chain cannot return to it.

    Derived in: "Markov chains", section "When the start is forgotten". Source: Levin and Peres, section 1.3.
    """
    P = as_transition_matrix(P)
    if state not in range(len(P)):
        raise ValueError(f"the states are 0 to {len(P) - 1}; there is no state {state}")
    (states,) = [members for members in communicating_classes(P) if state in members]
    # Breadth first: depth[j] is the length of a shortest walk from state to j. Every step i -> j within the class
    # closes walks whose lengths differ by depth[i] + 1 - depth[j]; these differences generate all return times.
    depth, queue, divisor = {state: 0}, [state], 0
    for i in queue:
        for j in states:
            if P[i, j] > 0:
                if j not in depth:
                    depth[j] = depth[i] + 1
                    queue.append(j)
                divisor = gcd(divisor, depth[i] + 1 - depth[j])
    if divisor == 0:
        raise ValueError(f"the chain cannot return to state {state}, so this state has no period")
    return divisor


def stationary_distribution(P: ArrayLike) -> np.ndarray:
    """Return the one distribution that a step of the chain leaves as it is.

    Within the closed class the states are eliminated one by one (the algorithm of Grassmann, Taksar and Heyman): the
    chain watched only while it is outside the last state is again a chain. Nothing is ever subtracted, so the result
    keeps its relative accuracy even when the chain is nearly decoupled.

    Parameters
    ----------
    P : shape (n, n), the transition matrix.

    Returns
    -------
    Shape (n,); positive on the closed class, exactly zero elsewhere.

    Raises
    ------
    ValueError : ``P`` is not a transition matrix, or it has several closed classes (the message says how many) and
        therefore many stationary distributions.

    Derived in: "Markov chains", section "Stationary distributions". Source: Seneta, chapter 4; Levin and Peres,
    section 1.5.
    """
    P = as_transition_matrix(P)
    classes = closed_classes(P)
    if len(classes) > 1:
        raise ValueError(
            f"the stationary distribution is not unique: the chain has {len(classes)} closed classes, "
            f"{', '.join(map(str, classes))}"
        )
    (states,) = classes
    Q = P[np.ix_(states, states)]
    for k in range(len(Q) - 1, 0, -1):
        Q[:k, k] /= Q[k, :k].sum()
        Q[:k, :k] += np.outer(Q[:k, k], Q[k, :k])
    weights = np.ones(len(Q))
    for k in range(1, len(Q)):
        weights[k] = weights[:k] @ Q[:k, k]
    stationary = np.zeros(len(P))
    stationary[states] = weights / weights.sum()
    return stationary


def total_variation(p: ArrayLike, q: ArrayLike) -> float:
    """Return the total variation distance: the largest difference of the probabilities of any event, from 0 to 1.

    Parameters
    ----------
    p, q : shape (n,), two distributions on the same states.

    Raises
    ------
    ValueError : one of them is not a distribution, or they have different lengths.

    Derived in: "Markov chains", section "When the start is forgotten". Source: Levin and Peres, section 4.1.
    """
    p = as_distribution(p)
    return float(np.abs(p - as_distribution(q, states=len(p))).sum() / 2)


def dobrushin_coefficient(P: ArrayLike) -> float:
    """Return the largest total variation distance between two rows of ``P``, from 0 to 1.

    One step brings any two distributions closer by at least this factor.

    Parameters
    ----------
    P : shape (n, n), the transition matrix.

    Raises
    ------
    ValueError : ``P`` is not a transition matrix.

    Derived in: "Markov chains", section "When the start is forgotten". Source: Seneta, chapter 4.
    """
    P = as_transition_matrix(P)
    return max(float(np.abs(P - row).sum(axis=1).max()) / 2 for row in P)


def _reachable(P: np.ndarray) -> np.ndarray:
    """Truth values, shape (n, n): can j be reached from i in any number of steps, none included?"""
    reach = (P > 0) | np.eye(len(P), dtype=bool)
    for _ in range(len(P).bit_length()):
        reach = reach @ reach  # of truth values: "or" of "and"s, no counting that could overflow
    return reach
