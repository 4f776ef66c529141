"""What is still to be sampled, handed out in portions, so that ranks end at the same time whatever the points cost.

A task is a node of a point's Forest: 2^level blocks that one rank samples and merges. Costs are known beforehand. A
rank that runs low asks for more and gets at most ORDER_SECONDS of work, less when less than that is left for everybody,
so that at the end no rank waits for longer than one portion of the last others take; nothing depends on who got what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from trajectories.sampling.reduction_tree import Forest

SECONDS_PER_OPERATION = 2e-8  # of about any machine: sets the size of portions, never a number in the result
SECONDS_PER_BLOCK = 3e-4  # of a block of hardly any trajectories
ORDER_SECONDS = 1.0
ASK_BELOW_SECONDS = 0.5  # of work left: longer than rank 0 takes to answer
SECONDS_AT_RANK_0 = 1.5e-3  # of one rank's time per node: rank 0 spends a tenth of it on receiving and merging


WHOLE = -1  # level of a task that is all blocks of a point, of which nothing is done; its node: how many


class Task(NamedTuple):
    """Blocks group + G j of a point, j = node 2^level + (0, 1, ..., 2^level - 1); seconds: what they may take."""

    point: int
    group: int
    level: int
    node: int
    seconds: float


def seconds_per_block(size: int, jumps: float, largest: int, numbers: int) -> float:
    """Return about how long a block of `size` trajectories takes: jumps of each in the largest sector, and numbers."""
    return SECONDS_PER_BLOCK + SECONDS_PER_OPERATION * size * (max(jumps, 1.0) * largest**2 + numbers)


def highest_level(seconds: float, blocks: int, ranks: int, groups: int) -> int:
    """Return how many times blocks are merged in pairs before they travel: so often that rank 0 can keep up.

    seconds: of one block. Leaves at least 16 nodes to every rank; on a few ranks the answer is 0.
    """
    level = 0
    while (seconds * 2**level < ranks * SECONDS_AT_RANK_0) and (blocks >= 32 * ranks * 2**level):
        level += 1
    return min(level, max(0, (blocks // groups).bit_length() - 1))


def tasks(point: int, forest: Forest, blocks: int, seconds: float, level: int = 0) -> Iterator[Task]:
    """Yield what is missing of the first `blocks` blocks of a point, in the order of indices."""
    nodes = forest.missing_nodes(blocks, level)
    return (Task(point, group, height, index, seconds * 2**height) for group, height, index in nodes)


class Handout:
    """Tasks in order, in portions for `ranks` ranks; seconds: of all of them."""

    def __init__(self, every: Iterable[Task], seconds: float, ranks: int) -> None:
        self._tasks, self._ranks = iter(every), ranks
        self.seconds = seconds
        self.handed_out = 0

    def take(self, most: float = ORDER_SECONDS) -> list[Task]:
        """Return the next portion: at least one task, of together at most `most` seconds; empty at the end."""
        wanted = min(most, self.seconds / (3 * self._ranks))
        found: list[Task] = []
        size = 0.0
        while (not found or size < wanted) and (task := next(self._tasks, None)) is not None:
            found.append(task)
            size += task.seconds
        self.seconds = max(0.0, self.seconds - size)
        self.handed_out += len(found)
        return found
