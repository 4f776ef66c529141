"""Many blocks merged at once have the bits of blocks merged one after another."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from trajectories.sampling.fold import fold
from trajectories.sampling.statistics import Block, block_of, merge


def _blocks(number: int, times: int, quantities: int, weightless: int) -> list[Block]:
    rng = np.random.default_rng([number, times, quantities])
    blocks = []
    for j in range(number):
        n = int(rng.integers(1, 40))
        logs = np.full((n, times), -np.inf) if j < weightless else rng.normal(size=(n, times)) * 30
        x = rng.normal(size=(n, times, quantities)) * 10.0 ** rng.integers(-6, 6, quantities)
        density = rng.normal(size=(times, 5)) + 1j * rng.normal(size=(times, 5))
        histogram, infinite = rng.integers(0, 9, (2, 7)), rng.integers(0, 9, times)
        blocks.append(block_of(x, min(3, quantities), density, histogram, infinite, logs))
    return blocks


@pytest.mark.parametrize("times, quantities", [(1, 1), (1, 9), (7, 17), (3, 64)])
@pytest.mark.parametrize("number", [1, 2, 4, 5, 16, 64, 128])
def test_fold_is_merge_after_merge(number: int, times: int, quantities: int) -> None:
    for weightless in (0, 2, number):
        blocks = _blocks(number, times, quantities, weightless)
        together, one_by_one = fold(blocks), reduce(merge, blocks)
        for name, first, second in zip(Block._fields, together, one_by_one, strict=True):
            assert first.dtype == second.dtype and first.shape == second.shape, name
            assert first.tobytes() == second.tobytes(), name
        # Another order gives other bits: the comparison is not blind.
        if number > 4 and quantities > 1:
            assert fold(blocks[::-1]).m4.tobytes() != together.m4.tobytes()


def test_blocks_without_trajectories_change_nothing() -> None:
    blocks = _blocks(6, 2, 4, 0)
    empty = blocks[0]._replace(count=np.array(0, dtype=np.int64))
    mixed = [empty, *blocks[:3], empty, *blocks[3:]]
    for first, second in zip(fold(mixed), reduce(merge, blocks), strict=True):
        assert first.tobytes() == second.tobytes()
