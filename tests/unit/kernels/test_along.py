"""The extrema of Delta S along trajectories, against sums over their jumps one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trajectories.kernels.along import extrema

pytestmark = pytest.mark.interpreted

# Three states; channels up and down between neighbours in two pairs, and one from the last to the first for good.
LOG_STEADY = np.log([0.5, 0.3, 0.2])
TARGET = np.array([[1, -1, -1, -1, -1], [-1, 0, 2, -1, -1], [-1, -1, -1, 1, 0]])
PAIR_SIGN = np.array([[1, -1, 0, 0, 0], [0, 0, 1, -1, 0]])
PAIR_ENTROPY = np.array([-0.7, 1.1])
ONE_WAY = np.array([0, 0, 0, 0, 1])


def walk(rng: np.random.Generator, jumps: int) -> tuple[int, list[int]]:
    """A start and channels that can follow each other."""
    start = state = int(rng.integers(3))
    channels = []
    for _ in range(jumps):
        channels.append(int(rng.choice(np.flatnonzero(TARGET[state] >= 0))))
        state = TARGET[state, channels[-1]]
    return start, channels


def plainly(start: int, channels: list[int]) -> tuple[float, float]:
    """Lowest and highest of ln pi(n_0) - ln pi(n_t) + sum Delta s, as long as it is finite."""
    state, flow, every = start, 0.0, [0.0]
    for k in channels:
        if ONE_WAY[k]:
            break
        state = TARGET[state, k]
        flow += float(PAIR_SIGN[:, k] @ PAIR_ENTROPY)
        every.append(float(LOG_STEADY[start] - LOG_STEADY[state]) + flow)
    return min(every), max(every)


def test_extrema_are_those_of_the_sums() -> None:
    rng = np.random.default_rng(3)
    walks = [walk(rng, jumps) for jumps in (0, 1, 2, *rng.integers(3, 30, 60).tolist())]
    stopped = [4 in channels[:-1] for _, channels in walks]
    assert 10 < sum(stopped) < 50  # some go on after the jump that cannot be undone, some have none
    found = np.full((len(walks), 2), math.nan)
    offsets = np.cumsum([0, *(len(channels) for _, channels in walks)])
    every = np.array([k for _, channels in walks for k in channels])
    start_sector = np.array([2, 0, 1])  # of the states a trajectory can start in, in another order
    initial = np.array([int(np.flatnonzero(start_sector == start)[0]) for start, _ in walks])
    extrema(LOG_STEADY, start_sector, TARGET, PAIR_SIGN, PAIR_ENTROPY, ONE_WAY, initial, offsets, every, found)
    np.testing.assert_allclose(found, [plainly(*one) for one in walks], atol=1e-12)
