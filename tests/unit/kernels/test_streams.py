"""Random streams: the generator's published test vectors, the layout of counter and key, and the uniform numbers."""

from __future__ import annotations

import math

import naive
import numba
import numpy as np
import pytest

from trajectories.kernels import streams

pytestmark = pytest.mark.interpreted

ONES = 0xFFFFFFFF
# Known answers of the Random123 distribution (file kat_vectors, philox4x32 10): counter, key, output.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
# seed, point | family << 28, trajectory, draw: every word of counter and key used on its own.
PLACES = [
    (0, 0, 0, 0),
    (1, 0, 0, 1),
    (2**64 - 1, 3 | 1 << 28, 2**63 - 1, 2**32 - 1),
    (5 << 32, 0, 0, 0),
    (0, 7, 0, 0),
    (0, 0, 2**32, 0),
    (0, 0, 1, 0),
]


# Helpers are callable from kernels only.
@numba.njit
def philox(c0, c1, c2, c3, k0, k1):
    return streams.philox(c0, c1, c2, c3, k0, k1)


@numba.njit
def uniforms(seed, point_family, trajectory, draw):
    return streams.uniforms(seed, point_family, trajectory, draw)


@numba.njit
def fill(first, seed, point_family, trajectory, u0, u1):
    streams.fill(first, streams.words(seed, point_family, trajectory), u0, u1)


@numba.njit
def uniform(low, high):
    return streams._uniform(low, high)


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, int], output: tuple[int, ...]) -> None:
    assert tuple(int(word) for word in philox(*(np.uint64(word) for word in (*counter, *key)))) == output
    assert naive.philox(counter, key) == output


@pytest.mark.parametrize("place", PLACES)
def test_uniforms_are_the_naive_twins(place: tuple[int, int, int, int]) -> None:
    seed, *rest = place
    assert uniforms(np.uint64(seed), *rest) == naive.uniforms(*place)


def test_places_differ() -> None:
    found = [naive.uniforms(*place) for place in PLACES]
    assert len(set(found)) == len(PLACES)


@pytest.mark.parametrize("first", [0, streams.BATCH, 2**20])
def test_a_batch_is_its_draws(first: int) -> None:
    u0, u1 = np.zeros(streams.BATCH), np.zeros(streams.BATCH)
    fill(first, np.uint64(11), 3, 2**35 + 1, u0, u1)
    expected = [naive.uniforms(11, 3, 2**35 + 1, first + j) for j in range(streams.BATCH)]
    assert list(zip(u0, u1, strict=True)) == expected


def test_uniforms_are_never_0_or_1() -> None:
    # The extreme outputs: 2^-53 and 1 - 2^-53, so that a logarithm is finite and below zero.
    assert uniform(np.uint64(0), np.uint64(0)) == 2.0**-53
    assert uniform(np.uint64(ONES), np.uint64(ONES)) == 1 - 2.0**-53
    assert math.log(1 - 2.0**-53) < 0


def equidistribution(draws: np.ndarray, bins: int = 64) -> float:
    """Chi squared of `draws` (n, 2) on a bins x bins grid, in standard deviations from its mean bins^2 - 1."""
    counts = np.histogram2d(draws[:, 0], draws[:, 1], bins=bins, range=[[0, 1], [0, 1]])[0]
    expected = len(draws) / bins**2
    freedom = bins**2 - 1
    return float((((counts - expected) ** 2 / expected).sum() - freedom) / math.sqrt(2 * freedom))


# Chi squared with 4095 degrees of freedom is nearly normal: beyond 5.5 standard deviations with probability below 1e-6.
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="half a million draws")
def test_pairs_are_equidistributed_along_draws_and_along_trajectories() -> None:
    n = 2**17

    @numba.njit
    def draws(along_trajectories: bool) -> np.ndarray:
        found = np.empty((n, 2))
        for i in range(n):
            trajectory, draw = (i, 1) if along_trajectories else (0, i)
            found[i, 0], found[i, 1] = streams.uniforms(np.uint64(1), 0, trajectory, draw)
        return found

    for along_trajectories in (False, True):
        found = draws(along_trajectories)
        assert abs(equidistribution(found)) < 5.5
        # Neighbours, in both numbers, are independent.
        assert abs(equidistribution(np.stack([found[:-1, 0], found[1:, 1]], axis=1))) < 5.5
        # Control: a stream used twice is seen.
        assert abs(equidistribution(np.stack([found[:, 0], found[:, 0]], axis=1))) > 100
