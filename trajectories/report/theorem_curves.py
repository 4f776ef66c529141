"""The curve behind the picture of the fluctuation theorems: lambda(u), exact and sampled.

At a finite time T, ln <e^{-u Delta S}>/T takes the place of lambda(u) = lim ln <e^{-u Delta S}>/t. Forward trajectories
see it about u = 0, and reversed ones, of which G(u, T) = <e^{-u Delta S}> = <e^{-(1-u) Delta S~}>, about u = 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from trajectories.counting.entropy_statistics import WORTH, generating_function
from trajectories.counting.scgf import scgf
from trajectories.errors import InputError, TooCostly
from trajectories.master.lindblad import Master
from trajectories.report.entropy_histograms import EXPONENTS, Weighted
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.weight_moments import trajectories_needed

GRID = np.linspace(-1.0, 2.0, 31)


class Sampled(NamedTuple):
    """ln <e^{-u Delta S}>/T of the u at which trajectories resolve it, with its standard error: (V,) each."""

    u: np.ndarray
    value: np.ndarray
    standard_error: np.ndarray


class Curves(NamedTuple):
    """u (U,); scgf: lambda(u); finite: ln G(u, T)/T, exact; forward, backward: the part that trajectories resolve.

    Unit: 1/time.
    """

    u: np.ndarray
    scgf: np.ndarray
    finite: np.ndarray
    forward: Sampled
    backward: Sampled

    def json(self) -> dict[str, Any]:
        """Return the curves as lists by name."""
        curves: dict[str, Any] = {"u": self.u, "exact": self.scgf, "finite_time": self.finite}
        for name, sampled in (("forward", self.forward), ("reversed", self.backward)):
            curves[name] = {"u": sampled.u, "estimate": sampled.value, "standard_error": sampled.standard_error}
        return curves


def curves_of(preparation: Preparation, forward: Weighted, backward: Weighted) -> Curves | None:
    """Return the curves; None where Delta S is infinite for some trajectories, or no steady state is unique.

    forward, backward: statistics of forward and reversed trajectories. A point is resolved by the rule of the integral
    theorem, relative to its value: exact standard error 0.02 and exact skewness of the mean 0.5 at most.
    """
    if preparation.observables.one_way.any() or any(spectrum.null_rank for spectrum in preparation.spectra):
        return None
    master = Master(preparation.model, preparation.sectors)
    try:
        limit = scgf(master, GRID)
    except InputError:
        return None
    times, begin = preparation.times[-1:], preparation.start_state

    def average(u: float) -> float:
        try:
            return float(generating_function(master, u, begin, times, most=WORTH / len(GRID))[0])
        except TooCostly:
            return np.nan  # the curve ends there, and a point that needs it is not resolved

    with np.errstate(divide="ignore"):
        finite = np.log([average(u) for u in GRID]) / times[0]
    ahead = [[average(power * u) for power in (1, 2, 3)] for u in EXPONENTS]
    reverse = [[average(1 - power * u) for power in (1, 2, 3)] for u in EXPONENTS]
    duration = float(times[0])
    return Curves(
        GRID,
        limit,
        finite,
        _sampled(forward, ahead, EXPONENTS, duration),
        _sampled(backward, reverse, 1 - EXPONENTS, duration),
    )


def _sampled(sample: Weighted, exact: list[list[float]], u: np.ndarray, duration: float) -> Sampled:
    """Return the points that one ensemble resolves.

    exact (U, 3): <w>, <w^2>, <w^3> of its w = e^{-u Delta S}. u (U,): as drawn.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean, second, third = np.array(exact).T
        relative = zip(second / mean**2, third / mean**3, strict=True)
        needed = [trajectories_needed(1.0, float(square), float(cube)) for square, cube in relative]
        kept = (np.array(needed) <= sample.count) & np.isfinite(sample.powers).all(axis=0)
    first, second = sample.powers[:, kept] / sample.count
    error = np.sqrt(np.maximum(second / first**2 - 1, 0.0) / max(sample.count - 1, 1))
    order = np.argsort(u[kept])
    return Sampled(*(values[order] for values in (u[kept], np.log(first) / duration, error / duration)))
