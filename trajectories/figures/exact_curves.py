"""The master equation's values at times fine enough to be drawn as lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trajectories.master.lindblad import Master
from trajectories.sampling.exact_averages import ensemble_of, exact_averages
from trajectories.sampling.observable_table import tallied_numbers
from trajectories.sampling.preparation import Preparation

INTERVALS = 200
LARGEST_DIMENSION = 32  # beyond it, the exact values at the sample times are joined by straight lines


def logarithmic(values: np.ndarray) -> bool:
    """Return whether times or values of a parameter (n,) are spaced by ratios rather than by differences.

    Evenly over half a decade or more, or over a decade and a half with ratios that vary less than the differences.
    """
    grid = np.unique(values)
    if len(grid) < 3 or grid[0] <= 0 or not np.isfinite(grid[-1]) or grid[-1] <= 3 * grid[0]:
        return False
    ratios, steps = np.diff(np.log(grid)), np.diff(grid)
    if np.ptp(ratios) < 1e-6 * ratios.max():
        return True
    return bool(grid[-1] >= 30 * grid[0] and np.std(ratios) / np.mean(ratios) < np.std(steps) / np.mean(steps))


def smooth(preparation: Preparation) -> Preparation:
    """Return the same process with its exact values on a fine grid of times from 0, the sample times among them.

    Only `times` and `exact` of the returned Preparation refer to the fine grid; do not sample from it.
    """
    if preparation.model.dimension > LARGEST_DIMENSION:
        return preparation
    times, observables, start = preparation.times, preparation.observables, preparation.spectra[0]
    if logarithmic(times):
        grid = np.geomspace(times[0], times[-1], INTERVALS + 1)
    else:
        grid = np.linspace(0.0, times[-1], INTERVALS + 1)
    near = np.abs(grid[:, None] - times).min(axis=1) < 1e-9 * times[-1]
    grid = np.unique(np.concatenate([grid[~near], times]))
    master = Master(preparation.model, preparation.sectors)
    rho = (start.vectors * start.probabilities) @ start.vectors.conj().T
    ensemble = ensemble_of(master, None if preparation.steady else rho, grid)
    counting_from = preparation.counting_from
    burn_index = int(np.flatnonzero(grid == counting_from)[0]) if counting_from > 0 else -1
    # The energy of a final projection is the one value that needs an eigenbasis at each time: it is left out.
    varying = np.full((len(grid), *observables.varying.shape[1:]), np.nan, complex)
    observables = observables._replace(varying=varying, burn_index=np.array([burn_index], np.int64))
    with np.errstate(invalid="ignore"):  # an infinite entropy production rate at time 0
        exact = exact_averages(master, ensemble, observables, grid, tallied_numbers(), resolution=False)
        return replace(preparation, times=grid, exact=exact)
