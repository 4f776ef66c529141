"""The purity Tr rho^2 of the sampled state, which reports do not list."""

from __future__ import annotations

import numpy as np

from trajectories.report.judge import Law, judge_smooth
from trajectories.report.rows import Row
from trajectories.results.points import Point
from trajectories.sampling.sampling_moments import measured_cumulants
from trajectories.sampling.statistics import jackknife


def purity_row(point: Point) -> Row:
    """Return the row of Tr rho^2 at the last sample time, its error by the jackknife over groups of trajectories.

    Its p-value is not yet turned into a status: `judge` does that, with the number of rows judged beside it.
    """
    preparation = point.preparation

    def purity(density: np.ndarray) -> np.ndarray:
        rho = preparation.sectors.unflatten(density)
        return np.asarray((np.abs(rho) ** 2).sum(axis=(-2, -1)))

    sums = np.array([group.density[-1] for group in point.groups])
    counts = np.array([int(group.count) for group in point.groups])
    resampled = jackknife(purity, sums, counts)
    rho = preparation.exact.density[-1]
    exact, estimate = float(purity(rho)), float(resampled.estimate)
    time, error = float(preparation.times[-1]), float(resampled.standard_error)
    row = Row("purity", None, None, None, time, "1", exact, estimate, error)
    # The gradient of Tr rho^2 is 2 rho.
    spread = measured_cumulants(2 * rho[None], rho[None], preparation.sectors)
    law = Law(float(spread.variance[0]), float(spread.third[0]), float(spread.fourth[0]), exact=False)
    return judge_smooth(row, estimate - exact, resampled, point.trajectories, law)
