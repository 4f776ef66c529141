"""The jump records of a run's trajectories, one piece after another: sampled anew instead of stored.

A trajectory is a pure function of (seed, point, number), so its record can be had whenever it is needed; only the
piece under way is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from trajectories.counting.finite_time_cumulants import finite_time
from trajectories.errors import InputError
from trajectories.master.lindblad import Master
from trajectories.sampling.block import JUMPS_PER_CALL, Samples, sample
from trajectories.sampling.preparation import Preparation

SPREADS = 6.0  # standard deviations of the number of jumps above its mean for which there is room at first


class Recorded(NamedTuple):
    """The records of n trajectories; those of trajectory first + i are times[offsets[i]:offsets[i+1]], and so on.

    first: number of the first one. initial, final (n,) int64: eigenstates of rho(0) and rho(T) in which they start and
    end. offsets (n+1,) int64. times (J,) float64, rising along each trajectory; channels (J,) int64. counts (n, K)
    int64: jumps of each channel in (0, T]. All arrays are contiguous, as kernels want them.
    """

    first: int
    initial: np.ndarray
    final: np.ndarray
    offsets: np.ndarray
    times: np.ndarray
    channels: np.ndarray
    counts: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Number of jumps of each trajectory, (n,)."""
        return np.diff(self.offsets)


def record_stream(
    preparation: Preparation,
    seed: int,
    point: int,
    trajectories: int,
    first: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
    capacity: int | None = None,
) -> Iterator[Recorded]:
    """Yield the records of trajectories first ... first + trajectories - 1 of a point, in the order of their numbers.

    They are those of a run of (preparation, seed), to the last bit, however they are cut into pieces. A piece has about
    2*10^5 jumps, or one trajectory. `progress(done, trajectories)` is called after every piece.
    capacity: jumps for which there is room at first (default: `capacity_of`); it cannot change the numbers, since
    trajectories that have more are sampled once again with as much room as they need.
    """
    room = capacity_of(preparation) if capacity is None else max(1, capacity)
    cost = max(1.0, preparation.jumps_per_trajectory) * int(preparation.sectors.dimensions.max()) ** 2
    per_call = max(1, int(JUMPS_PER_CALL / cost))
    for begin in range(0, trajectories, per_call):
        size = min(per_call, trajectories - begin)
        yield _piece(preparation, seed, point, first + begin, size, room)
        progress(begin + size, trajectories)


def capacity_of(preparation: Preparation) -> int:
    """Return a number of jumps that a trajectory seldom exceeds: exact mean plus six exact standard deviations."""
    mean = preparation.jumps_per_trajectory
    master = Master(preparation.model, preparation.sectors)
    ones, duration = np.ones(len(preparation.model.channels)), preparation.times[-1:]
    start = None if preparation.steady else preparation.start_state
    try:
        variance = float(finite_time(master, ones, duration, start).covariance[0])
    except InputError:  # without a unique steady state: as many as independent jumps would have
        variance = mean
    return int(np.ceil(mean + SPREADS * np.sqrt(max(variance, 0.0)))) + 1


def _piece(preparation: Preparation, seed: int, point: int, first: int, n: int, capacity: int) -> Recorded:
    """Return the records of n trajectories; those with more than `capacity` jumps are sampled a second time."""
    # Only the end is looked at: sample times do not change a trajectory.
    plan = preparation.plan._replace(times=preparation.plan.times[-1:].copy())

    def sampled(number: int, size: int, room: int) -> Samples:
        return sample(plan, preparation.observables, seed, point, number, size, room)

    samples = sampled(first, n, capacity)
    lengths = samples.record_length
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    inside = np.arange(capacity) < lengths[:, None]
    fits = np.repeat(lengths <= capacity, lengths)
    times, channels = np.zeros(offsets[-1]), np.zeros(offsets[-1], np.int64)
    kept = inside & (lengths <= capacity)[:, None]
    times[fits], channels[fits] = samples.record_times[kept], samples.record_channels[kept]
    for i in np.flatnonzero(lengths > capacity):
        again, jumps = sampled(first + int(i), 1, int(lengths[i])), slice(offsets[i], offsets[i + 1])
        times[jumps], channels[jumps] = again.record_times[0], again.record_channels[0]
    return Recorded(first, samples.initial, samples.final, offsets, times, channels, samples.counts[:, -1].copy())
