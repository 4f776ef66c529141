"""Sweep points being sampled: their preparation, the blocks done and the blocks requested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trajectories.errors import InputError
from trajectories.runfiles.job import Jobs
from trajectories.running.manager import Manager
from trajectories.running.schedule import Schedule, Task, seconds_per_block
from trajectories.running.tasks import PackedPoint, Sampler
from trajectories.sampling.preparation import Preparation, block_size, groups_for
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.serialised_preparation import Arrays, kernel_side, unpack

SECONDS_TO_PREPARE = 0.02


@dataclass(eq=False)
class SweepPoint:
    """One sweep point being sampled.

    number: its index in the whole sweep. meta, arrays: its Preparation, packed. groups: of its Forest. blocks: number
    requested; done: number in the file. load: returns the Forest stored in the file, None where nothing is stored.
    Preparation and Forest are in memory only while the point is being sampled.
    """

    number: int
    seed: int
    swept: dict[str, float]
    meta: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    groups: int
    blocks: int
    done: int = 0
    load: Callable[[], Forest] | None = None

    @cached_property
    def forest(self) -> Forest:
        return Forest(self.groups) if self.load is None else self.load()

    @cached_property
    def preparation(self) -> Preparation:
        return unpack(self.meta, self.arrays)

    def release(self, load: Callable[[], Forest]) -> None:
        """Free the memory of everything that `load` can read back from the file."""
        self.done, self.load = self.forest.blocks_done, load
        for name in ("forest", "preparation", "sampler"):
            self.__dict__.pop(name, None)

    @property
    def size(self) -> int:
        return int(self.meta["block_size"])

    @property
    def blocks_done(self) -> int:
        return self.forest.blocks_done if "forest" in self.__dict__ else self.done

    @property
    def missing(self) -> int:
        return max(0, self.blocks - self.blocks_done)

    @cached_property
    def seconds_per_block(self) -> float:
        return self._seconds(self.size)

    def _seconds(self, size: int) -> float:
        jumps, largest, numbers = self._cost
        return seconds_per_block(size, jumps, largest, numbers)

    @cached_property
    def _cost(self) -> tuple[float, int, int]:
        """Mean jumps of a trajectory, dimension of the largest sector, numbers stored for a trajectory."""
        largest = int(np.diff(self.arrays["sectors.offsets"]).max())
        return self.meta["jumps_per_trajectory"], largest, len(self.arrays["times"]) * len(self.meta["columns"])

    def blocks_if_fresh(self, trajectories: int, fewest_blocks: int) -> tuple[int, float]:
        """Return the block size of a fresh run of this many trajectories, and its expected duration in seconds."""
        size = block_size(trajectories, *self._cost, fewest_blocks)
        return size, blocks_for(trajectories, size) * self._seconds(size)

    @property
    def seconds(self) -> float:
        """Expected duration of the missing blocks on one core, in seconds: a rough estimate, for scheduling only."""
        return self.missing * self.seconds_per_block

    @cached_property
    def sampler(self) -> Sampler:
        plan, observables = kernel_side(self.arrays)
        jumps = float(self.meta["jumps_per_trajectory"])
        return Sampler(plan, observables, self.seed, self.number, self.groups, self.size, jumps)


def blocks_for(trajectories: int, size: int) -> int:
    """Return the number of blocks of `size` trajectories that contain at least this many trajectories."""
    return -(-trajectories // size)


def prepared_points(
    jobs: Jobs, manager: Manager, progress: Callable[[int], None] = lambda done: None
) -> list[PackedPoint]:
    """Prepare every point of a sweep, each on one of the ranks, and return the points in order.

    Arrays that are equal at all points are kept once. progress: called with the number of points prepared so far.
    Raises InputError where points differ in their sectors or channels: a result file needs equal shapes.
    """
    tasks = [Task(point, 0, 0, 0, SECONDS_TO_PREPARE) for point in range(len(jobs))]
    schedule = Schedule(tasks, len(jobs) * SECONDS_TO_PREPARE, manager.ranks)
    packed: dict[int, PackedPoint] = {}
    common: dict[str, tuple[bytes, np.ndarray]] = {}
    for task, point in manager.prepare(schedule, jobs.spec):
        packed[task.point] = point._replace(arrays=_share_equal_arrays(common, point.arrays))
        _check_shapes(jobs, packed, task.point)
        progress(len(packed))
    return [packed[point] for point in range(len(jobs))]


def _share_equal_arrays(common: dict[str, tuple[bytes, np.ndarray]], arrays: Arrays) -> Arrays:
    shared = {}
    for name, array in arrays.items():
        raw, first = common.setdefault(name, (array.tobytes(), array))
        same = array.shape == first.shape and array.dtype == first.dtype and array.tobytes() == raw
        shared[name] = first if same else array
    return shared


def _check_shapes(jobs: Jobs, packed: Mapping[int, PackedPoint], point: int) -> None:
    first = next(iter(packed))
    if packed[point].shapes != packed[first].shapes:
        one, other = (", ".join(f"{k} = {v}" for k, v in jobs[p].swept.items()) for p in (point, first))
        raise InputError(
            f"[sweep]: {one} has other sectors or channels than {other}: points of one sweep must have the same; make "
            "two runs of it"
        )


def unstarted_points(jobs: Jobs, packed: Sequence[PackedPoint]) -> list[SweepPoint]:
    """Return the points of a run that has not been started."""
    first = jobs[0]
    groups = groups_for(first.points)
    return [
        SweepPoint(
            point.number,
            first.seed,
            parameters,
            point.meta,
            point.arrays,
            groups,
            blocks_for(first.trajectories, int(point.meta["block_size"])),
        )
        for point, parameters in zip(packed, jobs.swept(), strict=True)
    ]
