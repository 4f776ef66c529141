"""Carry out one task of a rank: prepare a sweep point, or sample and merge the blocks of one node of its Forest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from trajectories.kernels.observable_table import ObservableTable
from trajectories.kernels.plan import Plan
from trajectories.runfiles.job import Spec
from trajectories.running.schedule import WHOLE, Task
from trajectories.sampling.block import empty_block, sample_block
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.reduction_tree import Forest, Key
from trajectories.sampling.serialised_preparation import Arrays, pack
from trajectories.sampling.statistics import Block, merge


class Sampler(NamedTuple):
    """Everything needed to sample blocks of one point; sent to another rank once."""

    plan: Plan
    observables: ObservableTable
    seed: int
    point: int  # in the key of the random streams: the point's number in the whole sweep
    groups: int
    block_size: int
    jumps_per_trajectory: float


def sample_task(sampler: Sampler, task: Task, poll: Callable[[], None]) -> dict[Key, Block]:
    """Return the nodes of a task by their keys: its one node, or all nodes of a WHOLE point.

    poll: called after every kernel call.
    """
    if task.level != WHOLE:
        return {(task.group, task.level, task.node): _node(sampler, task, task.level, task.node, poll)}
    forest = Forest(sampler.groups)
    for block in range(task.node):
        place = task._replace(group=block % sampler.groups)
        forest.add(block, _node(sampler, place, 0, block // sampler.groups, poll))
    return forest.nodes()


def _node(sampler: Sampler, task: Task, level: int, index: int, poll: Callable[[], None]) -> Block:
    if level:
        left, right = (_node(sampler, task, level - 1, child, poll) for child in (2 * index, 2 * index + 1))
        return merge(left, right)
    size = sampler.block_size
    first = (task.group + sampler.groups * index) * size
    plan, observables, jumps = sampler.plan, sampler.observables, sampler.jumps_per_trajectory
    return sample_block(plan, observables, sampler.seed, sampler.point, first, size, jumps, poll)


class PackedPoint(NamedTuple):
    """A prepared sweep point, packed for sending and storing, with its job's fingerprints.

    shapes: of a Block's arrays. number: the point's in the whole sweep.
    """

    meta: dict[str, Any]
    arrays: Arrays
    fingerprints: dict[str, str]
    number: int
    shapes: list[tuple[int, ...]]


def template(preparation: Preparation) -> Block:
    """Return an empty Block with the array shapes of this preparation's blocks."""
    return empty_block(preparation.observables)


def prepare_point(spec: Spec) -> PackedPoint:
    """Build the model of a point, prepare and pack it."""
    job = spec.job()
    preparation = job.prepare()
    shapes = [np.shape(part) for part in template(preparation)]
    return PackedPoint(*pack(preparation), job.fingerprints(), job.point, shapes)
