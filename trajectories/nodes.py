"""One task of a rank: the blocks of a node of a point's Forest, sampled and merged along its tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .handout import Task
from .kernels.ledger import Ledger
from .kernels.plan import Plan
from .preparation import Preparation
from .sampling import sample_block
from .statistics import Block, merge


class Sampler(NamedTuple):
    """What it takes to sample blocks of one point: all that travels to another rank, and only once."""

    plan: Plan
    ledger: Ledger
    seed: int
    point: int  # in the key of the random streams: the point's number in the whole sweep
    groups: int
    block_size: int
    jumps_per_trajectory: float


def sampler_of(preparation: Preparation, seed: int, point: int, groups: int) -> Sampler:
    """Return what is needed of a preparation."""
    return Sampler(
        preparation.plan,
        preparation.ledger,
        seed,
        point,
        groups,
        preparation.block_size,
        preparation.jumps_per_trajectory,
    )


def sample_node(sampler: Sampler, task: Task, poll: Callable[[], None]) -> Block:
    """Return the merge of a task's blocks; `poll` is called after every kernel call."""
    return _node(sampler, task, task.level, task.node, poll)


def _node(sampler: Sampler, task: Task, level: int, index: int, poll: Callable[[], None]) -> Block:
    if level:
        left, right = (_node(sampler, task, level - 1, child, poll) for child in (2 * index, 2 * index + 1))
        return merge(left, right)
    size = sampler.block_size
    first = (task.group + sampler.groups * index) * size
    plan, ledger, jumps = sampler.plan, sampler.ledger, sampler.jumps_per_trajectory
    return sample_block(plan, ledger, sampler.seed, sampler.point, first, size, jumps, poll)
