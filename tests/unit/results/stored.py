"""Small results for the tests of the file layer: every Block a function of its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trajectories.results.layout import Header
from trajectories.results.reader import read
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.statistics import Block, block_of


def leaf(index: int, point: int = 0, shape: tuple[int, int, int] = (2, 3, 2)) -> Block:
    times, quantities, covariant = shape
    rng = np.random.default_rng([index, point])
    x, log_w = rng.normal(size=(6, times, quantities)), rng.normal(size=(6, times))
    density = rng.normal(size=(times, 5)) + 1j * rng.normal(size=(times, 5))
    histogram = rng.integers(9, size=(1 if quantities else 0, 7))
    return block_of(x, covariant, density, histogram, rng.integers(9, size=times), log_w)


def header(points: int = 1) -> Header:
    plans = [{"rates": np.arange(3.0) + p, "map": np.eye(p % 2 + 1, dtype=complex)} for p in range(points)]
    meta = {"quantities": ["heat", None], "many": "x" * 100_000}  # more than an HDF5 attribute can hold
    return Header("# a run file, with ü\n[system]\n", "abc123", 2**64 - 1, meta, plans)


def forest(blocks: int, groups: int = 4, point: int = 0) -> Forest:
    grown = Forest(groups)
    for index in range(blocks):
        grown.add(index, leaf(index, point))
    return grown


def assert_holds(path: Path, point: int, expected: Forest) -> None:
    with read(path) as file:
        nodes = file.load(point)
        assert file.blocks_done(point) == expected.blocks_done
    assert nodes.keys() == expected.nodes().keys()
    for key, block in expected.nodes().items():
        for name, a, b in zip(Block._fields, nodes[key], block, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), (key, name)
