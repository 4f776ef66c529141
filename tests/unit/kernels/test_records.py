"""The kernels that read jump records, against loops over all jumps and pairs of jumps."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

import numpy as np
import pytest

from trajectories.kernels.records import fourier, pairs, passages, waits

pytestmark = pytest.mark.interpreted
N, CHANNELS, BEGIN, LAST = 12, 4, 1.0, 8.0
STARTS = np.array([1, 0, 1, 0])
STOPS = np.array([0, 1, 1, 0])
EDGES = np.linspace(0.0, 2.5, 6)
Record = list[tuple[float, int]]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Jumps (time, channel) of each trajectory in (0, 10); the first has none, the second one."""
    rng = np.random.default_rng(11)
    numbers = [0, 1, *rng.integers(5, 25, N - 2).tolist()]
    return [
        list(zip(np.sort(rng.uniform(0, 10, n)).tolist(), rng.integers(CHANNELS, size=n).tolist(), strict=True))
        for n in numbers
    ]


def flat(records: list[Record]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As the kernels take them: offsets, times, channels."""
    offsets = np.cumsum([0, *map(len, records)])
    times, channels = (np.array([jump[i] for record in records for jump in record]) for i in (0, 1))
    return offsets, times, channels


def binned(values: list[float]) -> list[float]:
    return np.histogram(values, EDGES)[0].tolist()


def wait_row(record: Record) -> list[float]:
    found = []
    for i, (t, k) in enumerate(record):
        if STARTS[k] and BEGIN < t <= LAST:
            found.append(next((later - t for later, other in record[i + 1 :] if STOPS[other]), math.inf))
    return [len(found), *binned(found), sum(min(wait, EDGES[-1]) for wait in found)]


def pair_row(record: Record) -> list[float]:
    first = [(i, t) for i, (t, k) in enumerate(record) if STARTS[k] and BEGIN < t <= LAST]
    distances = [later - t for i, t in first for later, k in record[i + 1 :] if STOPS[k]]
    return [len(first), *binned(distances), sum(t > BEGIN and STOPS[k] for t, k in record)]


@pytest.mark.parametrize(("kernel", "row"), [(waits, wait_row), (pairs, pair_row)], ids=["waits", "pairs"])
def test_waits_and_pairs(records: list[Record], kernel: Callable[..., None], row: Callable[..., list[float]]) -> None:
    found = np.zeros((N, len(EDGES) + 1))
    kernel(*flat(records), STARTS, STOPS, BEGIN, LAST, EDGES, found)
    wanted = [row(record) for record in records]
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    # Every bin is met, and jumps that start lie before the window and after it.
    assert np.min(np.sum(wanted, axis=0)) > 0
    starting = [t for record in records for t, k in record if STARTS[k]]
    assert min(starting) < BEGIN and max(starting) > LAST


def test_fourier(records: list[Record]) -> None:
    weights, omegas = np.array([1.5, 0.0, -2.0, 0.3]), np.array([0.0, 0.7, 3.1])
    found = np.zeros((N, 6))
    fourier(*flat(records), weights, BEGIN, omegas, found)
    for row, record in zip(found, records, strict=True):
        sums = [sum(weights[k] * cmath.exp(-1j * w * (t - BEGIN)) for t, k in record if t > BEGIN) for w in omegas]
        np.testing.assert_allclose(row[::2] + 1j * row[1::2], sums, atol=1e-12)


@pytest.mark.parametrize("begin", [0.0, BEGIN])
def test_passages(records: list[Record], begin: float) -> None:
    """A walk on three states, whose steps depend on the state: from -2.1 to 2.1 about half of them get out."""
    rng = np.random.default_rng(12)
    target, steps = rng.integers(3, size=(CHANNELS, 3)), rng.normal(size=(CHANNELS, 3))
    sector = rng.integers(3, size=N)
    found = np.zeros((N, 2))
    passages(*flat(records), sector, target, steps, begin, -2.1, 2.1, found)
    wanted = []
    for state, record in zip(sector.tolist(), records, strict=True):
        total, row = 0.0, (math.inf, 0.0)
        for t, k in record:
            total += steps[k, state] if t > begin else 0.0
            state = target[k, state]
            if abs(total) >= 2.1:
                row = (t, float(total > 0))
                break
        wanted.append(row)
    np.testing.assert_array_equal(found, wanted)
    assert {(math.isinf(t), up) for t, up in wanted} == {(True, 0.0), (False, 0.0), (False, 1.0)}
