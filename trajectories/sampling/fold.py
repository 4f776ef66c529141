"""Many blocks of trajectories merged at once, to the same bits as one after another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trajectories.sampling.statistics import Block, Floats, merge

FEW = 3


def fold(blocks: Sequence[Block]) -> Block:
    """Return the Block of the trajectories of all blocks: `merge` of the first two, that with the third, and so on.

    blocks: n of disjoint sets of trajectories, n >= 1. Only the mean and the weights need one step after another; all
    other sums are taken from their terms in the order in which `merge` adds them, which keeps every bit.
    """
    filled = [block for block in blocks if block.count > 0]
    if len(filled) <= FEW:
        result = blocks[0]
        for block in blocks[1:]:
            result = merge(result, block)
        return result
    counts = np.array([float(block.count) for block in filled])
    n = np.cumsum(counts)
    before, added = (array.reshape(-1, 1, 1) for array in (n[:-1], counts[1:]))
    delta, step, mean = _mean(filled, counts, n)
    m2 = _sums(filled[0].m2, [block.m2 for block in filled[1:]], delta * step * (before * added))
    m2_added = np.array([block.m2 for block in filled[1:]])
    m3 = _sums(
        filled[0].m3,
        [block.m3 for block in filled[1:]],
        delta * step**2 * (before * added * (before - added)),
        3 * step * (before * m2_added - added * m2[:-1]),
    )
    m3_added = np.array([block.m3 for block in filled[1:]])
    m4 = _sums(
        filled[0].m4,
        [block.m4 for block in filled[1:]],
        delta * step**3 * (before * added * (before * before - before * added + added * added)),
        6 * step**2 * (before * before * m2_added + added * added * m2[:-1]),
        4 * step * (before * m3_added - added * m3[:-1]),
    )
    density, histogram, infinite = filled[0].density.copy(), filled[0].histogram.copy(), filled[0].infinite.copy()
    comoment, factor = filled[0].comoment.copy(), (before * added / n[1:].reshape(-1, 1, 1)).ravel()
    for j, block in enumerate(filled[1:]):
        density += block.density
        histogram += block.histogram
        infinite += block.infinite
        first = delta[j, :, : comoment.shape[1]]
        comoment += block.comoment
        comoment += first[:, :, None] * first[:, None, :] * factor[j]
    count = np.array(sum(int(block.count) for block in filled), dtype=np.int64)
    weights = _log_weight([block.log_weight for block in filled])
    return Block(count, mean, m2[-1], m3[-1], m4[-1], comoment, density, histogram, infinite, weights)


def _mean(blocks: Sequence[Block], counts: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Return delta and step of each merge, (n - 1, T, Q), and the mean of all, (T, Q)."""
    mean = blocks[0].mean
    delta, step = np.empty((2, len(blocks) - 1, *mean.shape))
    for j, block in enumerate(blocks[1:]):
        np.subtract(block.mean, mean, out=delta[j])
        np.divide(delta[j], n[j + 1], out=step[j])
        mean = mean + step[j] * counts[j + 1]
    return delta, step, mean


def _sums(first: Floats, *terms: Sequence[Floats] | Floats) -> Floats:
    """Return first and first + the terms of one merge after another, (n, T, Q); the terms one after another too."""
    added = np.stack([np.asarray(term) for term in terms], axis=1)
    joint = np.concatenate([first[None], added.reshape(-1, *first.shape)])
    result: Floats = np.add.accumulate(joint, axis=0)[:: len(terms)]
    return result


def _log_weight(logs: Sequence[Floats]) -> Floats:
    """Return the merged log_weight, (T, 3)."""
    given = np.array(logs)
    largest = np.maximum.accumulate(given[:, :, 0], axis=0)
    finite = np.where(largest[1:] == -np.inf, 0.0, largest[1:])
    kept, new = np.exp(largest[:-1] - finite), np.exp(given[1:, :, 0] - finite)
    parts = new * given[1:, :, 1], new * new * given[1:, :, 2]
    squared = kept * kept
    first, second = given[0, :, 1], given[0, :, 2]
    for j in range(len(kept)):
        first, second = kept[j] * first + parts[0][j], squared[j] * second + parts[1][j]
    return np.stack([largest[-1], first, second], axis=1)
