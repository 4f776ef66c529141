"""The exact distribution of the lowest value that Delta S(t) takes up to T, in the steady state of a classical chain.

Where all sectors have dimension 1, Delta S(t) = ln pi(n_0) + g(t), g = f(t) - ln pi(n_t), f = sum_j Delta s_{k_j}.
Where the Delta s_k are multiples of one step, (n, f) lives on a lattice, and the probability that g has not come down
to z solves the backward equation of the chain (n, f) with all (n, f) of g <= z absorbing. Once f is high enough it is
taken for safe: from Delta S = x at most e^{-x} comes back to 0 (the infimum law; Neri, Roldan, Julicher, PRX 7, 011019
(2017)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import expm

from trajectories.errors import InputError
from trajectories.master.lindblad import Master

SAFE = 18.0  # nats: e^{-18} = 1.5e-8
MOST_POINTS = 400
MULTIPLE = 1e-9


class Infimum(NamedTuple):
    """Values (A,) of inf Delta S, rising, in nats, and their probabilities (A,), each to 1e-7."""

    values: np.ndarray
    probabilities: np.ndarray

    @property
    def mean(self) -> float:
        """<inf Delta S>."""
        return float(self.values @ self.probabilities)

    def below(self, x: float) -> float:
        """Return P(inf Delta S <= -x)."""
        return float(self.probabilities[self.values <= -x + MULTIPLE].sum())


class Lattice(NamedTuple):
    """The chain (n, f): g (M,) of its points, start (S,) the points of f = 0, generator (M+1, M+1), rows from.

    The last row and column stand for safety.
    """

    g: np.ndarray
    start: np.ndarray
    generator: np.ndarray


def exact_infimum(master: Master, duration: float) -> Infimum:
    """Return the distribution of inf Delta S(t), 0 <= t <= duration, from the steady state.

    Raises InputError where a sector has a dimension above 1, a channel is one-way, a state is empty in the steady
    state, the Delta s_k are no multiples of one step, or the lattice would have more than 400 points.
    """
    if not master.classical or not master.model.entropy or (master.model.partner < 0).any():
        raise InputError("the exact infimum needs sectors of dimension 1 and channels in pairs")
    p = master.steady_blocks.real
    if not (p > 0).all():
        raise InputError("the exact infimum needs a steady state without empty states")
    lattice = _lattice(master, np.log(p))
    levels = np.unique(np.round(lattice.g, 12))
    levels = levels[levels <= -np.log(p).min() + MULTIPLE]
    # fallen (A, S): probability that g has come down to the level, from each state.
    fallen = np.array([_fallen(lattice, level, duration) for level in levels])
    values, probabilities = [], []
    for n in range(len(p)):
        distribution = np.where(levels >= lattice.g[lattice.start[n]] - MULTIPLE, 1.0, fallen[:, n])
        values.append(np.minimum(levels + np.log(p[n]), 0.0))
        probabilities.append(p[n] * np.diff(distribution, prepend=0.0))
    lowest = np.concatenate(values)
    order = np.argsort(lowest, kind="stable")
    return Infimum(lowest[order], np.concatenate(probabilities)[order])


def _fallen(lattice: Lattice, level: float, duration: float) -> np.ndarray:
    """Return the probability (S,) that g has come down to a level within a duration, from each state."""
    alive = np.append(lattice.g > level + MULTIPLE, True)
    generator = np.where(alive[:, None], lattice.generator, 0.0)
    surviving = expm(generator * duration) @ alive.astype(float)
    return 1.0 - surviving[lattice.start]


def _lattice(master: Master, log_p: np.ndarray) -> Lattice:
    """Return the chain (n, f); log_p (S,): ln of the steady populations."""
    steps = master.model.entropy_steps
    unit = _unit(steps)
    moves = np.round(steps / unit).astype(int)
    half = int(np.ceil((SAFE + float(np.ptp(log_p))) / unit)) if moves.any() else 0
    flows, states = 2 * half + 1, len(log_p)
    if flows * states > MOST_POINTS:
        raise InputError(
            f"the exact infimum would need a lattice of {flows * states} points: must be at most {MOST_POINTS}"
        )
    generator = np.zeros((flows * states + 1,) * 2)
    safe = flows * states
    for k, operator in enumerate(np.abs(master.sectors.rotate(master.model.operators)) ** 2):
        for to, source in np.argwhere(operator > 0):
            for f in range(flows):
                above = f + moves[k]
                # Below the lowest flow everything has been passed already: the lowest one stands for it.
                end = safe if above >= flows else max(above, 0) * states + to
                generator[f * states + source, end] += operator[to, source]
                generator[f * states + source, f * states + source] -= operator[to, source]
    g = (unit * (np.arange(flows) - half)[:, None] - log_p).ravel()
    return Lattice(g, half * states + np.arange(states), generator)


def _unit(steps: np.ndarray) -> float:
    """Return the largest number that all steps are multiples of."""
    largest = float(np.abs(steps).max())
    unit = 0.0
    for step in np.abs(steps):
        a, b = float(step), unit
        while b > MULTIPLE * max(largest, 1.0):
            a, b = b, abs(a - round(a / b) * b)
        unit = a if a > MULTIPLE * max(largest, 1.0) else unit
    return unit or 1.0
