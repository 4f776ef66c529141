"""Jump records of the first trajectories of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from trajectories.results.layout import Records
from trajectories.running.sweep_point import SweepPoint
from trajectories.running.tasks import Sampler
from trajectories.sampling.block import JUMPS_PER_CALL, sample


def records_of(
    wanted: int,
    work: Sequence[SweepPoint],
    poll: Callable[[], None] = lambda: None,
) -> Records:
    """Return the jump records of the first `wanted` trajectories of every point.

    A trajectory is a pure function of its number, so its record is sampled anew rather than carried along.
    """
    parts = [
        (np.full(len(part[0]), sweep_point.number), *part)
        for sweep_point in work
        for part in _parts(sweep_point.sampler, min(wanted, sweep_point.blocks * sweep_point.size), poll)
    ]
    point, trajectory, initial, final, lengths, times, channels = (np.concatenate(p) for p in zip(*parts, strict=True))
    return Records(point, trajectory, initial, final, np.concatenate([[0], np.cumsum(lengths)]), times, channels)


def _parts(sampler: Sampler, n: int, poll: Callable[[], None]) -> list[tuple[np.ndarray, ...]]:
    """Trajectory numbers, ends, lengths, jump times and channels, in pieces of about a kernel call each."""
    parts: list[tuple[np.ndarray, ...]] = []
    per_call = max(1, int(JUMPS_PER_CALL / max(1.0, sampler.jumps_per_trajectory)))
    # Only the end is looked at: sample times do not change a trajectory.
    plan = sampler.plan._replace(times=sampler.plan.times[-1:].copy())
    for first in range(0, n, per_call):
        size = min(per_call, n - first)
        lengths = sample(plan, sampler.observables, sampler.seed, sampler.point, first, size).record_length
        capacity = max(1, int(lengths.max()))
        sampled = sample(plan, sampler.observables, sampler.seed, sampler.point, first, size, capacity)
        inside = np.arange(capacity) < lengths[:, None]
        channels = sampled.record_channels[inside].astype(np.int32)
        numbers = np.arange(first, first + size)
        parts.append((numbers, sampled.initial, sampled.final, lengths, sampled.record_times[inside], channels))
        poll()
    return parts
