"""Finite Markov chains: validation, evolution, classes and periods, stationary distributions, contraction.

A chain is given by its transition matrix ``P``, shape (n, n): the entry in row i and column j is the probability of a
step from state i to state j. States are numbered from 0. Whether states communicate, and with which period, is decided
on the graph of the positive entries, never by an eigenvalue that is nearly one. Every function raises the errors of
``as_transition_matrix`` and ``as_distribution`` for what it is given.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import ArrayLike

from .validation import as_finite_array, as_square_matrix

# Sums that miss one by less than this, and entries that miss zero by less, are rounding.
TOLERANCE = 1e-9


def as_transition_matrix(P: ArrayLike) -> np.ndarray:
    """Return a copy of ``P``, shape (n, n), as floats after checking that it is row-stochastic.

    Rows are not rescaled; entries negative by rounding only become zero.

    Raises ValueError: not square, not finite, a negative entry (which), a row whose sum is not one (which, its sum).
    Derived in: Markov chains, "From parent to child". Source: Levin and Peres, section 1.1.
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
    """Return a copy of ``p``, shape (n,), as floats after checking that it is a distribution on n = ``states`` states.

    Raises ValueError: not a finite vector, a length other than ``states``, a negative entry (which), a sum other than one.
    Derived in: Markov chains, "Generation by generation". Source: Levin and Peres, section 1.1.
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
    """Return the distributions at the times 0, 1, ..., ``steps``, shape (steps + 1, n), one a row.

    ``initial``, shape (n,), is the distribution at time 0; each row is the one before times ``P``, shape (n, n).

    Raises ValueError: shapes that do not fit, or a number of steps that is negative or not whole.
    Derived in: Markov chains, "Generation by generation". Source: Norris, section 1.1.
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

    Each class is a sorted list of states; the classes are ordered by their smallest state.

    Derived in: Markov chains, "Stationary distributions". Source: Norris, section 1.2.
    """
    P = as_transition_matrix(P)
    reach = (P > 0) | np.eye(len(P), dtype=bool)
    for _ in range(len(P).bit_length()):
        reach = reach @ reach  # of truth values: "or" of "and"s, no counting that could overflow
    mutual = reach & reach.T
    return [np.flatnonzero(row).tolist() for i, row in enumerate(mutual) if np.argmax(row) == i]


def closed_classes(P: ArrayLike) -> list[list[int]]:
    """Return those communicating classes that the chain cannot leave; there is at least one.

    Derived in: Markov chains, "Stationary distributions". Source: Norris, section 1.2.
    """
    P = as_transition_matrix(P)
    return [states for states in communicating_classes(P) if not np.delete(P[states], states, axis=1).any()]


def is_irreducible(P: ArrayLike) -> bool:
    """Say whether every state can be reached from every other, that is, whether there is one class only.

    Derived in: Markov chains, "Stationary distributions". Source: Levin and Peres, section 1.3.
    """
    return len(communicating_classes(P)) == 1


def period(P: ArrayLike, state: int = 0) -> int:
    """Return the greatest common divisor of the numbers of steps in which the chain can return to ``state``.

    All states of a communicating class have the same period, so for an irreducible chain any state will do.

    Raises ValueError: there is no such state, or the chain cannot return to it.
    Derived in: Markov chains, "When the start is forgotten". Source: Levin and Peres, section 1.3.
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
    """Return the one distribution, shape (n,), that a step of the chain leaves as it is; zero outside the closed class.

    Nothing is ever subtracted, so the result keeps its relative accuracy even when the chain is nearly decoupled.

    Raises ValueError: the chain has several closed classes (which), and therefore many stationary distributions.
    Derived in: Markov chains, "Stationary distributions". Source: Grassmann, Taksar and Heyman (1985).
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
    # The chain watched only while it is outside its last state k is again a chain: a step i -> j then has the
    # probability Q[i, j] + Q[i, k] Q[k, j] / s, where s, the sum of Q[k, :k], stands for 1 - Q[k, k].
    for k in range(len(Q) - 1, 0, -1):
        Q[:k, k] /= Q[k, :k].sum()
        Q[:k, :k] += np.outer(Q[:k, k], Q[k, :k])
    # Stationarity in state k gives its weight from those before it; Q[:k, k] has been divided by s above.
    weights = np.ones(len(Q))
    for k in range(1, len(Q)):
        weights[k] = weights[:k] @ Q[:k, k]
    stationary = np.zeros(len(P))
    stationary[states] = weights / weights.sum()
    return stationary


def total_variation(p: ArrayLike, q: ArrayLike) -> float:
    """Return the largest difference between ``p`` and ``q``, shape (n,), in the probability of any event: 0 to 1.

    Derived in: Markov chains, "When the start is forgotten". Source: Levin and Peres, section 4.1.
    """
    p = as_distribution(p)
    return float(np.abs(p - as_distribution(q, states=len(p))).sum() / 2)


def dobrushin_coefficient(P: ArrayLike) -> float:
    """Return the largest total variation distance between two rows of ``P``: 0 to 1.

    One step multiplies the distance of any two distributions by at most this factor.

    Derived in: Markov chains, "When the start is forgotten". Source: Seneta, chapter 4.
    """
    P = as_transition_matrix(P)
    return max(float(np.abs(P - row).sum(axis=1).max()) / 2 for row in P)
