"""Sweep points under way: what was prepared for them, which of their blocks are done, how many there should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trajectories.errors import InputError
from trajectories.runfiles.job import Job, Jobs
from trajectories.running.manager import Crew
from trajectories.running.schedule import Handout, Task, seconds_per_block
from trajectories.running.tasks import Sampler, Settled
from trajectories.sampling.preparation import Preparation, block_size, groups_for
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.serialised_preparation import Arrays, kernel_side, pack, unpack

SECONDS_TO_PREPARE = 0.02


@dataclass(eq=False)
class Work:
    """One sweep point under way: what was prepared, the blocks that are done, and how many there should be.

    number: the point's in the whole sweep. meta, arrays: its Preparation, packed. load: gives the forest of what is in
    the file; None: nothing is. Preparation and forest are in memory only while somebody works on the point.
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

    @classmethod
    def of(cls, job: Job, preparation: Preparation, groups: int, blocks: int) -> Work:
        """Return the work on a job of which nothing is done."""
        meta, arrays = pack(preparation)
        return cls(job.point, job.seed, dict(job.swept), meta, arrays, groups, blocks)

    @cached_property
    def forest(self) -> Forest:
        return Forest(self.groups) if self.load is None else self.load()

    @cached_property
    def preparation(self) -> Preparation:
        return unpack(self.meta, self.arrays)

    def release(self, load: Callable[[], Forest]) -> None:
        """Forget what `load` can bring back."""
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
        """Jumps of a trajectory, the largest sector, numbers that are kept of a trajectory."""
        largest = int(np.diff(self.arrays["sectors.offsets"]).max())
        return self.meta["jumps_per_trajectory"], largest, len(self.arrays["times"]) * len(self.meta["columns"])

    def anew(self, trajectories: int, fewest_blocks: int) -> tuple[int, float]:
        """Return the size of blocks that so many trajectories would have from the start, and the seconds they take."""
        size = block_size(trajectories, *self._cost, fewest_blocks)
        return size, -(-trajectories // size) * self._seconds(size)

    @property
    def seconds(self) -> float:
        """About how long what is missing takes on one core; a guess, good enough to share out and to foretell."""
        return self.missing * self.seconds_per_block

    @cached_property
    def sampler(self) -> Sampler:
        plan, ledger = kernel_side(self.arrays)
        jumps = float(self.meta["jumps_per_trajectory"])
        return Sampler(plan, ledger, self.seed, self.number, self.groups, self.size, jumps)


def blocks_for(trajectories: int, preparation: Preparation) -> int:
    """Return the number of whole blocks that hold at least so many trajectories."""
    return -(-trajectories // preparation.block_size)


def settled(jobs: Sequence[Job], crew: Crew, progress: Callable[[int], None] = lambda done: None) -> list[Settled]:
    """Prepare every point, each on one of the ranks; they share a file, so their numbers must have the same shapes.

    Arrays that are the same at all points are kept once.
    """
    tasks = [Task(point, 0, 0, 0, SECONDS_TO_PREPARE) for point in range(len(jobs))]
    handout = Handout(tasks, len(jobs) * SECONDS_TO_PREPARE, crew.ranks)
    found: dict[int, Settled] = {}
    common: dict[str, tuple[bytes, np.ndarray]] = {}
    for task, one in crew.prepare(handout, lambda point: jobs.spec(point) if isinstance(jobs, Jobs) else jobs[point]):
        found[task.point] = one._replace(arrays=_sharing(common, one.arrays))
        _check_shapes(jobs, found, task.point)
        progress(len(found))
    return [found[point] for point in range(len(jobs))]


def _sharing(common: dict[str, tuple[bytes, np.ndarray]], arrays: Arrays) -> Arrays:
    shared = {}
    for name, array in arrays.items():
        raw, first = common.setdefault(name, (array.tobytes(), array))
        same = array.shape == first.shape and array.dtype == first.dtype and array.tobytes() == raw
        shared[name] = first if same else array
    return shared


def _check_shapes(jobs: Sequence[Job], found: Mapping[int, Settled], point: int) -> None:
    first = next(iter(found))
    if found[point].shapes != found[first].shapes:
        one, other = (", ".join(f"{k} = {v}" for k, v in jobs[p].swept.items()) for p in (point, first))
        raise InputError(
            f"[sweep]: {one} has other sectors or channels than {other}: points of one sweep must have the same; make "
            "two runs of it"
        )


def work_of(jobs: Sequence[Job], every: Sequence[Settled], swept: Sequence[dict[str, float]]) -> list[Work]:
    """Return the work on points of which nothing is done."""
    first = jobs[0]
    groups = groups_for(first.points)
    return [
        Work(
            one.number,
            first.seed,
            own,
            one.meta,
            one.arrays,
            groups,
            -(-first.trajectories // int(one.meta["block_size"])),
        )
        for one, own in zip(every, swept, strict=True)
    ]
