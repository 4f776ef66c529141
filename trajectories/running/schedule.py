"""Divide the blocks still to be sampled into portions, so that all ranks end at about the same time.

A task is a node of a point's Forest: 2^level blocks that one rank samples and merges. Its cost is estimated beforehand.
A rank with little work left asks for a portion and gets tasks of at most PORTION_SECONDS together, less towards the
end, so that no rank waits longer than one portion for the last one. Results do not depend on which rank samples what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from trajectories.sampling.reduction_tree import Forest

SECONDS_PER_OPERATION = 2e-8  # typical of one core: sets the size of portions, never a number in the result
SECONDS_PER_BLOCK = 3e-4  # overhead of one block
PORTION_SECONDS = 1.0
ASK_BELOW_SECONDS = 0.5  # a rank asks for more when less work than this is left: longer than rank 0 takes to answer
SECONDS_AT_RANK_0 = 1.5e-3  # least time that a node should cost its rank: rank 0 spends a tenth of it on merging

WHOLE = -1  # level of a task that contains all blocks of a point; its `node` is then the number of blocks


class Task(NamedTuple):
    """Blocks group + G j of a point, j = node 2^level + (0, 1, ..., 2^level - 1); seconds: their expected duration."""

    point: int
    group: int
    level: int
    node: int
    seconds: float


def seconds_per_block(size: int, jumps: float, largest: int, numbers: int) -> float:
    """Return the expected duration of one block, in seconds.

    size: trajectories in the block. jumps: mean number of jumps of a trajectory. largest: dimension of the largest
    sector. numbers: numbers stored for each trajectory.
    """
    return SECONDS_PER_BLOCK + SECONDS_PER_OPERATION * size * (max(jumps, 1.0) * largest**2 + numbers)


def highest_level(seconds: float, blocks: int, ranks: int, groups: int) -> int:
    """Return the level of the tree up to which a rank merges blocks before sending them, so that rank 0 can keep up.

    seconds: duration of one block. Every rank keeps at least 16 nodes; with few ranks the level is 0.
    """
    level = 0
    while (seconds * 2**level < ranks * SECONDS_AT_RANK_0) and (blocks >= 32 * ranks * 2**level):
        level += 1
    return min(level, max(0, (blocks // groups).bit_length() - 1))


def tasks(point: int, forest: Forest, blocks: int, seconds: float, level: int = 0) -> Iterator[Task]:
    """Yield the tasks that are missing among the first `blocks` blocks of a point, in the order of their indices."""
    nodes = forest.missing_nodes(blocks, level)
    return (Task(point, group, height, index, seconds * 2**height) for group, height, index in nodes)


class Schedule:
    """Tasks in order, taken in portions by `ranks` ranks; seconds: expected duration of all tasks left."""

    def __init__(self, tasks: Iterable[Task], seconds: float, ranks: int) -> None:
        self._tasks, self._ranks = iter(tasks), ranks
        self.seconds = seconds

    def take(self, most: float = PORTION_SECONDS) -> list[Task]:
        """Return the next portion: at least one task, of at most `most` seconds together; empty when none is left."""
        wanted = min(most, self.seconds / (3 * self._ranks))
        portion: list[Task] = []
        size = 0.0
        while (not portion or size < wanted) and (task := next(self._tasks, None)) is not None:
            portion.append(task)
            size += task.seconds
        self.seconds = max(0.0, self.seconds - size)
        return portion
