"""Blocks folded along a fixed binary tree, so that the order in which they arrive cannot change a bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from trajectories.sampling.fold import fold
from trajectories.sampling.statistics import Block, merge

Key = tuple[int, int, int]  # (group, level, index)


class Forest:
    """The Blocks of one sweep point, in G groups, each along the binary tree of its indices.

    Block b belongs to group b mod G and is leaf j = b // G of that group's tree; node (level, i) is the merge of
    (level - 1, 2 i) and (level - 1, 2 i + 1), in this order, and replaces both as soon as both are there.  A node's
    content is therefore a function of its key alone, whatever the order of arrival, and at most G (log2(N/G) + 1)
    nodes are alive when blocks come in index order.
    """

    def __init__(self, groups: int, nodes: Mapping[Key, Block] | None = None) -> None:
        if groups < 1:
            raise ValueError(f"a forest needs at least one group; asked for {groups}")
        self.groups = groups
        self.blocks_done = 0
        self._trees: list[dict[tuple[int, int], Block]] = [{} for _ in range(groups)]
        self._height = 0  # highest level so far: bounds the search of _covered()
        for (group, level, index), block in (nodes or {}).items():
            self.add_node(group, level, index, block)

    def add(self, block_index: int, block: Block) -> None:
        """Add block number ``block_index`` of the point; ValueError if it is in already."""
        self.add_node(block_index % self.groups, 0, block_index // self.groups, block)

    def add_node(self, group: int, level: int, index: int, block: Block) -> None:
        """Add a node, a merge of 2^level blocks made elsewhere along the same tree; ValueError if any is in already."""
        if not (0 <= group < self.groups and level >= 0 and index >= 0):
            raise ValueError(f"no node (group {group}, level {level}, index {index}) in a forest of {self.groups}")
        tree = self._trees[group]
        if self._covered(tree, level, index) or (level and self._covers(tree, level, index)):
            raise ValueError(f"blocks of node (group {group}, level {level}, index {index}) are already counted")
        self.blocks_done += 1 << level
        while (level, index ^ 1) in tree:
            sibling = tree.pop((level, index ^ 1))
            block = merge(sibling, block) if index & 1 else merge(block, sibling)
            level, index = level + 1, index >> 1
        tree[level, index] = block
        self._height = max(self._height, level)

    def _covered(self, tree: dict[tuple[int, int], Block], level: int, index: int) -> bool:
        return any((above, index >> (above - level)) in tree for above in range(level, self._height + 1))

    @staticmethod
    def _covers(tree: dict[tuple[int, int], Block], level: int, index: int) -> bool:
        return any(below < level and i >> (level - below) == index for below, i in tree)

    def end(self) -> int:
        """Return one more than the highest block that is in; 0 if none is."""
        return end_of(self.nodes(), self.groups)

    def missing_nodes(self, blocks: int, level: int = 0) -> Iterator[Key]:
        """Yield nodes of at most this level that hold exactly those of blocks 0..blocks-1 that are not in.

        Group by group inside each stretch of G 2^level blocks, in the order of the stretches; the first one is cut
        into halves, quarters, ..., so that any first G 2^k blocks are made of whole nodes.
        """
        first = 0
        while first * self.groups < blocks:
            height = min(level, first.bit_length() - 1) if first else 0
            for group in range(min(self.groups, blocks - first * self.groups)):
                yield from self._missing_below(group, height, first >> height, blocks)
            first += 1 << height

    def _missing_below(self, group: int, level: int, index: int, blocks: int) -> Iterator[Key]:
        """Yield the missing nodes of blocks 0..blocks-1 at and below one node of a group's tree."""
        tree = self._trees[group]
        if self._covered(tree, level, index) or group + self.groups * (index << level) >= blocks:
            return
        last = group + self.groups * (((index + 1) << level) - 1)
        if last < blocks and not (level and self._covers(tree, level, index)):
            yield group, level, index
        else:
            yield from self._missing_below(group, level - 1, 2 * index, blocks)
            yield from self._missing_below(group, level - 1, 2 * index + 1, blocks)

    def nodes(self) -> dict[Key, Block]:
        """Return every live node by (group, level, index), ascending."""
        return {(g, *key): tree[key] for g, tree in enumerate(self._trees) for key in sorted(tree)}

    def group_totals(self) -> list[Block | None]:
        """Return for each group the merge of its nodes in the order of their blocks; None for an empty group."""
        return [_fold(tree[key] for key in sorted(tree, key=_first_leaf)) for tree in self._trees]

    def total(self) -> Block:
        """Return the merge of all groups in order; ValueError if there is no block."""
        total = _fold(block for block in self.group_totals() if block is not None)
        if total is None:
            raise ValueError("the forest is empty: there is no block to take a total of")
        return total


def end_of(keys: Iterable[Key], groups: int) -> int:
    """Return one more than the highest block of these nodes; 0 without any."""
    return max((group + groups * (((index + 1) << level) - 1) + 1 for group, level, index in keys), default=0)


def _first_leaf(key: tuple[int, int]) -> int:
    level, index = key
    return index << level


def _fold(blocks: Iterator[Block]) -> Block | None:
    found = list(blocks)
    return fold(found) if found else None
