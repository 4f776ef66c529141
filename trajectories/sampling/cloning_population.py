"""One repetition of cloning: a population of weighted trajectories, carried from window to window and resampled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trajectories.kernels.cloning import advance, first_draws
from trajectories.kernels.streams import CLONING, POINT_BITS
from trajectories.sampling.doob_transform import Guide

Array = np.ndarray

CLONE_BITS = 24
RESAMPLE_BELOW = 0.5  # effective share of the population
SETTLING = 0.25  # share of the duration before lambda(u) is read off


class Setup(NamedTuple):
    """Arguments that all repetitions share.

    sector (n0,), phi (n0, M): the states it can start in. cumulative (n0,): of their probabilities. log_start: ln of
    the sum that normalises these. log_weight (K,), growth: what a jump and a unit of time add to ln weight. finish
    (S, M, M): operator measured at the end, None for the identity.
    """

    guide: Guide
    sector: Array
    phi: Array
    cumulative: Array
    log_start: float
    log_weight: Array
    growth: float
    finish: Array | None
    window: float
    windows: int


def repetition(setup: Setup, seed: int, point: int, run: int, population: int) -> tuple[float, float, int]:
    """Return ln Z, the growth rate of the guided Z after the settling time, and the number of resamplings.

    run: a number of the repetition's own; the random streams are (seed, point, CLONING, run, window, clone).
    """
    guide, point_family = setup.guide, point | CLONING << POINT_BITS
    numbers = (run * setup.windows + np.arange(setup.windows, dtype=np.int64)) << CLONE_BITS
    draws = np.zeros((setup.windows, 2))
    first_draws(np.uint64(seed), point_family, numbers, draws)
    chosen = systematic(setup.cumulative, draws[0, 1], population)
    sector, phi = setup.sector[chosen], np.ascontiguousarray(setup.phi[chosen])
    counts = np.zeros((population, len(setup.log_weight)), np.int64)
    log_weight, log_z, resamplings = np.zeros(population), 0.0, 0
    settled, early = int(SETTLING * setup.windows), 0.0
    for w in range(setup.windows):
        if w == settled:
            early = log_z + log_average(log_weight)
        advance(guide.plan, np.uint64(seed), point_family, int(numbers[w]), sector, phi, counts)
        log_weight += _gained(setup, counts)
        mean = log_average(log_weight)
        if not np.isfinite(mean):
            return -np.inf, -np.inf, resamplings
        share = np.exp(log_weight - mean)
        if w + 1 < setup.windows and 1 / np.mean(share**2) < RESAMPLE_BELOW:
            chosen = systematic(np.cumsum(share) / share.sum(), draws[w + 1, 0], population)
            sector, phi = sector[chosen], np.ascontiguousarray(phi[chosen])
            log_weight, log_z, resamplings = np.zeros(population), log_z + mean, resamplings + 1
    late = log_z + log_average(log_weight)
    end = guide.average(sector, phi, setup.finish)
    with np.errstate(divide="ignore"):
        final = log_z + setup.log_start + log_average(log_weight + np.log(np.maximum(end, 0.0)))
    return final, (late - early) / (setup.window * (setup.windows - settled)), resamplings


def _gained(setup: Setup, counts: Array) -> Array:
    """Return the change of each clone's ln weight in a window, (n,)."""
    dead = np.isneginf(setup.log_weight)
    gained = counts @ np.where(dead, 0.0, setup.log_weight) + setup.growth * setup.window
    return np.where(counts[:, dead].any(axis=1), -np.inf, gained)


def systematic(cumulative: Array, offset: float, n: int) -> Array:
    """Return n indices, index i about n p_i times, at the n quantiles (offset + j)/n."""
    quantiles = (offset + np.arange(n)) / n
    return np.minimum(np.searchsorted(cumulative, quantiles, side="right"), len(cumulative) - 1)


def log_average(logs: Array) -> float:
    """Return ln of the mean of e^logs."""
    largest = logs.max()
    return float(largest + np.log(np.mean(np.exp(logs - largest)))) if np.isfinite(largest) else -np.inf
