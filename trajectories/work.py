"""Sweep points under way: what was prepared for them, which of their blocks are done, how many there should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .crew import Crew
from .errors import InputError
from .forest import Forest
from .handout import Handout, Task, seconds_per_block
from .job import Job
from .nodes import Sampler, sampler_of
from .preparation import GROUPS, Preparation
from .sampling import empty_block
from .statistics import Block

SECONDS_TO_PREPARE = 0.02


@dataclass
class Work:
    """One sweep point under way: what was prepared, the blocks that are done, and how many there should be."""

    job: Job
    preparation: Preparation
    forest: Forest
    blocks: int

    @property
    def size(self) -> int:
        return self.preparation.block_size

    @property
    def missing(self) -> int:
        return max(0, self.blocks - self.forest.blocks_done)

    @cached_property
    def seconds_per_block(self) -> float:
        return seconds_per_block(self.preparation)

    @property
    def seconds(self) -> float:
        """About how long what is missing takes on one core; a guess, good enough to share out and to foretell."""
        return self.missing * self.seconds_per_block

    def sampler(self) -> Sampler:
        return sampler_of(self.preparation, self.job.seed, self.job.point, self.forest.groups)


def groups_for(points: int) -> int:
    """Return the number of groups per point into which blocks fold: fewer in large sweeps, so that files stay small."""
    return GROUPS if points <= 32 else 32 if points <= 256 else 16


def blocks_for(trajectories: int, preparation: Preparation) -> int:
    """Return the number of whole blocks that hold at least so many trajectories."""
    return -(-trajectories // preparation.block_size)


def template(preparation: Preparation) -> Block:
    """Return a Block of the shapes that this preparation's blocks have."""
    return empty_block(preparation.ledger)


def prepared(jobs: Sequence[Job], crew: Crew) -> list[Work]:
    """Prepare every point, each on one of the ranks; they share a file, so their numbers must have the same shapes."""
    tasks = [Task(point, 0, 0, 0, SECONDS_TO_PREPARE) for point in range(len(jobs))]
    handout = Handout(tasks, len(jobs) * SECONDS_TO_PREPARE, crew.ranks)
    found: dict[int, Work] = {}
    groups = groups_for(jobs[0].points)
    for task, preparation in crew.prepare(handout, lambda point: jobs[point]):
        job = jobs[task.point]
        work = Work(job, preparation, Forest(groups), blocks_for(job.trajectories, preparation))
        found[task.point] = work
        _check_shapes(found.get(0, work), work)
    every = [found[point] for point in range(len(jobs))]
    for work in every:
        _check_shapes(every[0], work)
    return every


def _check_shapes(first: Work, other: Work) -> None:
    shapes = [[np.shape(part) for part in template(one.preparation)] for one in (first, other)]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"[sweep]: {_spelt(other.job)} has other sectors or channels than {_spelt(first.job)}: points of one sweep "
            "must have the same; make two runs of it"
        )


def _spelt(job: Job) -> str:
    return ", ".join(f"{name} = {value}" for name, value in job.swept.items())
