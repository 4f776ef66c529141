"""The tree that blocks fold along: same bits in every order of arrival."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.statistics import Block, block_of, merge


@functools.cache
def leaf(index: int) -> Block:
    rng = np.random.default_rng([7, index])
    x = rng.exponential(size=(5, 2, 3)) * 10.0 ** rng.integers(-3, 4)
    return block_of(x, 2, rng.normal(size=(2, 4)), rng.integers(9, size=(1, 6)), np.zeros(2), rng.normal(size=(5, 2)))


def same(a: Block, b: Block) -> bool:
    return all(x.tobytes() == y.tobytes() and x.dtype == y.dtype for x, y in zip(a, b, strict=True))


def grown(order: list[int] | np.ndarray, groups: int) -> Forest:
    forest = Forest(groups)
    for index in order:
        forest.add(int(index), leaf(int(index)))
    return forest


@pytest.mark.parametrize(("blocks", "groups"), [(1, 4), (37, 4), (64, 8), (100, 1)])
def test_order_of_arrival_cannot_change_a_bit(blocks: int, groups: int) -> None:
    reference = grown(range(blocks), groups)
    rng = np.random.default_rng(1)
    for _ in range(5):
        forest = grown(rng.permutation(blocks), groups)
        assert list(forest.nodes()) == list(reference.nodes())
        assert all(same(a, b) for a, b in zip(forest.nodes().values(), reference.nodes().values(), strict=True))
        assert same(forest.total(), reference.total())
    assert reference.blocks_done == blocks
    assert int(reference.total().count) == 5 * blocks


def test_folding_as_they_come_would_change_bits() -> None:
    """The control: without the tree the order shows, so the test above can fail."""
    plain = [functools.reduce(merge, (leaf(int(i)) for i in order)) for order in (range(37), reversed(range(37)))]
    assert not same(*plain)


def test_nodes_merged_elsewhere_give_the_same_bits() -> None:
    blocks, groups = 53, 4
    reference = grown(range(blocks), groups)
    rng = np.random.default_rng(2)
    for _ in range(5):
        owner = rng.integers(3, size=blocks)  # three workers, each with its own forest
        forest = Forest(groups)
        for worker in rng.permutation(3):
            for key, block in grown(np.flatnonzero(owner == worker), groups).nodes().items():
                forest.add_node(*key, block)
        assert same(forest.total(), reference.total())
        assert forest.blocks_done == blocks


def test_a_forest_continues_from_its_nodes() -> None:
    half = grown(np.random.default_rng(3).permutation(40)[:23], 4)
    again = Forest(4, half.nodes())
    assert again.blocks_done == 23
    for group, level, index in list(again.missing_nodes(40)):
        assert level == 0
        again.add(group + 4 * index, leaf(group + 4 * index))
    assert list(again.missing_nodes(40)) == []
    assert same(again.total(), grown(range(40), 4).total())


def test_groups_hold_the_blocks_of_their_residue() -> None:
    forest = grown([0, 1, 5, 9], 4)
    totals = forest.group_totals()
    assert [None if t is None else int(t.count) for t in totals] == [5, 15, None, None]
    assert same(totals[1], merge(merge(leaf(1), leaf(5)), leaf(9)))  # type: ignore[arg-type]


def test_no_block_counts_twice() -> None:
    forest = grown(range(8), 2)  # each group: one node of level 2
    assert list(forest.nodes()) == [(0, 2, 0), (1, 2, 0)]
    for key in [(0, 0, 3), (0, 2, 0), (1, 1, 1), (0, 3, 0)]:
        with pytest.raises(ValueError, match="already counted"):
            forest.add_node(*key, leaf(0))
    with pytest.raises(ValueError, match="already counted"):
        forest.add(5, leaf(5))
    assert forest.blocks_done == 8


def test_keys_outside_the_forest_are_refused() -> None:
    for key in [(2, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1)]:
        with pytest.raises(ValueError, match="no node"):
            Forest(2).add_node(*key, leaf(0))
    with pytest.raises(ValueError, match="at least one group"):
        Forest(0)
    with pytest.raises(ValueError, match="empty"):
        Forest(3).total()


def test_few_nodes_stay_alive_in_order() -> None:
    forest = Forest(4)
    most = 0
    for index in range(256):
        forest.add(index, leaf(index % 50))
        most = max(most, len(forest.nodes()))
    assert most <= 4 * 7  # groups * (log2(256 / 4) + 1)
    assert len(forest.nodes()) == 4
