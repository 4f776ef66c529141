"""Sampling of one block of trajectories: the kernel's trajectories, tallied, folded into mergeable statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.kernels.accumulate import accumulate
from trajectories.kernels.jumps import jumps
from trajectories.kernels.observable_table import FIRST_STATIC, ObservableTable
from trajectories.kernels.plan import Plan
from trajectories.kernels.streams import FORWARD, POINT_BITS
from trajectories.sampling.statistics import Block, block_of

JUMPS_PER_CALL = 200_000  # about 0.1 s at most, so that signals are heard
LEAK_TOLERANCE = 1e-9


class Samples(NamedTuple):
    """n trajectories as the kernel returns them: T sample times, K channels, sectors of dimension at most M."""

    initial: np.ndarray  # (n,) int64: eigenstate of rho(0) it started in
    final: np.ndarray  # (n,) int64: outcome of the measurement in the eigenbasis of rho(T)
    counts: np.ndarray  # (n, T, K) int64: jumps of each channel in (0, t]
    sector: np.ndarray  # (n, T) int64
    psi: np.ndarray  # (n, T, M) complex128: normalised state at t in its sector's basis
    record_times: np.ndarray  # (n, capacity) float64
    record_channels: np.ndarray  # (n, capacity) int64
    record_length: np.ndarray  # (n,) int64: number of jumps, also where it is beyond the capacity


def empty_samples(n: int, n_times: int, n_channels: int, largest: int, capacity: int = 0) -> Samples:
    """Return zeros in the shapes of n trajectories; capacity: number of jumps kept of each record, 0 for no records."""
    return Samples(
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros((n, n_times, n_channels), np.int64),
        np.zeros((n, n_times), np.int64),
        np.zeros((n, n_times, largest), np.complex128),
        np.zeros((n, capacity)),
        np.zeros((n, capacity), np.int64),
        np.zeros(n, np.int64),
    )


def sample(
    plan: Plan, observables: ObservableTable, seed: int, point: int, first: int, n: int, capacity: int = 0
) -> Samples:
    """Sample trajectories first ... first+n-1 of a point; each is a pure function of (seed, point, number)."""
    samples = empty_samples(n, len(plan.times), len(observables.one_way), int(observables.dimension.max()), capacity)
    jumps(plan, np.uint64(seed), point | FORWARD << POINT_BITS, first, *samples)
    return samples


def empty_block(observables: ObservableTable) -> Block:
    """Return a Block of no trajectories, in the shapes of the blocks tallied with this observables."""
    n_times, (n_static, size), n_linear = len(observables.varying), observables.static.shape, len(observables.linear)
    return block_of(
        np.zeros((0, n_times, n_linear + FIRST_STATIC + n_static)),
        n_linear + 1,
        np.zeros((n_times, size), np.complex128),
        np.zeros((observables.edges.shape[0], observables.edges.shape[1] + 1), np.int64),
        np.zeros(n_times, np.int64),
        np.zeros((0, n_times)),
    )


def sample_block(
    plan: Plan,
    observables: ObservableTable,
    seed: int,
    point: int,
    first: int,
    size: int,
    jumps_per_trajectory: float,
    poll: Callable[[], None] = lambda: None,
) -> Block:
    """Sample trajectories first … first+size-1 and return their statistics; `poll` is called after every kernel call.

    Raises InputError if a trajectory has weight outside the support of the ensemble state: then the start is not the
    ensemble's.
    """
    n_times, n_static = observables.varying.shape[0], observables.static.shape[0]
    quantities = len(observables.linear) + FIRST_STATIC + n_static
    x = np.zeros((size, n_times, quantities))
    log_weight = np.zeros((size, n_times))
    density = np.zeros((n_times, observables.static.shape[1]), np.complex128)
    histogram = np.zeros((observables.edges.shape[0], observables.edges.shape[1] + 1), np.int64)
    infinite = np.zeros(n_times, np.int64)
    leak = np.zeros(1)
    cost = max(jumps_per_trajectory, 1.0) * int(observables.dimension.max()) ** 2
    per_call = max(1, int(JUMPS_PER_CALL / cost))
    for begin in range(0, size, per_call):
        part = slice(begin, min(begin + per_call, size))
        samples = sample(plan, observables, seed, point, first + begin, part.stop - part.start)
        accumulate(observables, *samples[:5], x[part], log_weight[part], density, histogram, infinite, leak)
        poll()
    if leak[0] > LEAK_TOLERANCE:
        raise InputError(
            f"a trajectory has weight {leak[0]:.3g} outside the support of the ensemble state (allowed: "
            f"{LEAK_TOLERANCE:g}); "
            "eigenvalues of rho(t) below 1e-13 count as zero: choose a later first sample time or a start of full rank"
        )
    return block_of(x, len(observables.linear) + 1, density, histogram, infinite, log_weight)
