"""Counting statistics of a machine's steady state from the master equation: the deterministic counting report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from trajectories.counting.counted_currents import firing
from trajectories.counting.long_time_cumulants import covariance, cumulants
from trajectories.counting.model_counts import Count, counts_of, reverses, uncounted, unit_of_covariance
from trajectories.counting.scgf import scgf, time_reversal_breaking
from trajectories.counting.stages import stage
from trajectories.counting.time_correlations import mean_waiting_time
from trajectories.counting.uncertainty_relations import uncertainty
from trajectories.errors import InputError
from trajectories.master.lindblad import Master
from trajectories.model import Model

U = np.linspace(-0.5, 1.5, 21)
CUMULANTS = ("current", "noise", "third_cumulant", "fourth_cumulant")
RATIOS = ("tur_ratio", "kur_ratio")
FACTORS = ("fano_factor", "mandel_q")


class Rates(NamedTuple):
    """Cumulant rates at long times and the uncertainty ratios; nan for a ratio that does not exist.

    fano_factor: Var N/|<N>| = noise/|current|, in the unit of N; 1 for independent events. mandel_q: Q = F - 1 of a
    number of events; nan for a count that has a unit.
    """

    current: float
    noise: float
    third_cumulant: float
    fourth_cumulant: float
    tur_ratio: float
    kur_ratio: float
    fano_factor: float
    mandel_q: float


def rates_of(master: Master, count: Count) -> Rates:
    """Return the long-time rates of a count; tur_ratio = D sigma/(2 J^2), kur_ratio = D A/J^2."""
    relations = uncertainty(master, count.weights)
    thermodynamic = relations.tur_ratio if reverses(master.model, count.weights) else np.nan
    first, second, third, fourth = (float(c) for c in cumulants(master, count.weights, 4))
    fano = second / abs(first) if first != 0.0 and np.isfinite(relations.kur_ratio) else np.nan
    return Rates(
        first,
        second,
        third,
        fourth,
        thermodynamic,
        relations.kur_ratio,
        fano,
        fano - 1 if count.unit == "1" else np.nan,
    )


class GeneratingFunction(NamedTuple):
    """lambda(u) at u (U,), of the entropy production (U,) or None, and of counts by name; what its symmetry is."""

    u: np.ndarray
    entropy: np.ndarray | None
    counts: dict[str, np.ndarray]
    symmetry_required: bool
    reason: str
    largest_deviation: float | None


class WaitingTimes(NamedTuple):
    """mean, standard_deviation (K, K): from a jump of the row's channel to the next of the column's; nan: never."""

    channels: tuple[str, ...]
    mean: np.ndarray
    standard_deviation: np.ndarray


@dataclass(frozen=True, eq=False)
class SteadyCounting:
    """Counting statistics of the steady state, at long times, from the master equation.

    counts, rates: C of each. covariance (C, C): lim d Cov/dt, unit of both counts / time. activity, entropy_production:
    rates, the latter nan where the model has no entropy accounting and inf with one-way channels. absent: what is not
    there, by name, and why.
    """

    counts: tuple[Count, ...]
    rates: tuple[Rates, ...]
    covariance: np.ndarray
    activity: float
    entropy_production: float
    scgf: GeneratingFunction
    waiting_times: WaitingTimes
    absent: dict[str, str]

    @classmethod
    def of(cls, master: Master, every_scgf: bool = False) -> SteadyCounting:
        """Compute everything; every_scgf: lambda(u) of each count too, not of the entropy production alone.

        Raises InputError where the steady state is not unique.
        """
        stage("cumulants per time, in the steady state")
        counts_of_model = counts_of(master.model)
        relations = uncertainty(master, counts_of_model[-1].weights)
        rates, waits = tuple(rates_of(master, count) for count in counts_of_model), _waiting_times(master)
        return cls(
            tuple(counts_of_model),
            rates,
            covariance(master, np.array([count.weights for count in counts_of_model])),
            relations.activity,
            relations.entropy_production,
            _generating_function(master, counts_of_model if every_scgf else []),
            waits,
            uncounted(master.model) | _no_ratios(master.model, counts_of_model, rates) | _never(waits),
        )

    def values(self) -> Iterator[tuple[str, str | None, str, float]]:
        """Yield all numbers as quantity, what it is of, unit, value (nan where it does not exist)."""
        yield "activity", None, "1/time", self.activity
        yield "entropy_production_rate", None, "nat/time", self.entropy_production
        for count, rates in zip(self.counts, self.rates, strict=True):
            for order, name in enumerate(CUMULANTS, start=1):
                yield name, count.name, count.unit_of(order), getattr(rates, name)
            for name in (*RATIOS, *FACTORS):
                yield name, count.name, count.unit if name == "fano_factor" else "1", getattr(rates, name)
        for (i, a), (j, b) in combinations(enumerate(self.counts), 2):
            yield "covariance", f"{a.name}, {b.name}", unit_of_covariance(a, b), float(self.covariance[i, j])
        waits = self.waiting_times
        for i, first in enumerate(waits.channels):
            for j, second in enumerate(waits.channels):
                yield "mean_waiting_time", f"{first} to {second}", "time", float(waits.mean[i, j])
        function = self.scgf
        curves = ({} if function.entropy is None else {"entropy production": function.entropy}) | function.counts
        for name, curve in curves.items():
            for u, value in zip(function.u, curve, strict=True):
                yield "scgf", f"{name}, u = {u:.1f}", "1/time", float(value)

    def json(self) -> dict[str, Any]:
        """Return everything as dictionaries, lists and arrays."""
        return {
            "counts": [
                {"count": count.name, "reservoir": count.reservoir, "unit": count.unit} | rates._asdict()
                for count, rates in zip(self.counts, self.rates, strict=True)
            ],
            "covariance": self.covariance,
            "activity": self.activity,
            "entropy_production_rate": self.entropy_production,
            "scgf": self.scgf._asdict(),
            "waiting_times": self.waiting_times._asdict(),
            "not_reported": self.absent,
        }


def _generating_function(master: Master, listed: list[Count]) -> GeneratingFunction:
    """Return lambda(u) of the entropy production and of the listed counts."""
    stage("lambda(u), 21 leading eigenvalues for each count")
    of_counts = {count.name: scgf(master, U, count.weights) for count in listed if count.unit != "nat"}
    if not master.model.entropy:
        reason = f"{master.model.name} has no entropy accounting"
        return GeneratingFunction(U, None, of_counts, False, reason, None)
    values = scgf(master, U)
    if (master.model.partner < 0).any():
        reason = f"{master.model.name} has one-way channels: lambda(1) is not 0"
        return GeneratingFunction(U, values, of_counts, False, reason, None)
    breaking = time_reversal_breaking(master.model)
    reason = breaking or "the time reversal maps H and the set of (L_k, Delta s_k) onto themselves"
    deviation = float(np.abs(values - values[::-1]).max())  # the second half of the points mirrors the first
    return GeneratingFunction(U, values, of_counts, breaking is None, reason, deviation)


def _no_ratios(model: Model, listed: Sequence[Count], rates: Sequence[Rates]) -> dict[str, str]:
    """Return why counts lack an uncertainty ratio, by "tur_ratio of NAME"."""
    reasons: dict[str, str] = {}
    for count, rate in zip(listed, rates, strict=True):
        if np.isnan(rate.kur_ratio):
            reasons |= {f"{ratio} of {count.name}": "its current is 0" for ratio in RATIOS}
        elif np.isnan(rate.tur_ratio):
            reason = "it does not change its sign under reversal"
            if not model.entropy:
                reason = f"{model.name} has no entropy accounting (entropy=False)"
            elif (model.partner < 0).any():
                reason = "with one-way channels the entropy production is infinite"
            reasons[f"tur_ratio of {count.name}"] = reason
    return reasons


def _never(waits: WaitingTimes) -> dict[str, str]:
    """Return that channels never fire and have no waiting times."""
    silent = [name for name, row in zip(waits.channels, waits.mean, strict=True) if np.isnan(row).all()]
    return {f"waiting times of {name}": "it never fires in the steady state" for name in silent}


def _waiting_times(master: Master) -> WaitingTimes:
    """Return the moments of the wait between each two channels that fire."""
    names = tuple(channel.name for channel in master.model.channels)
    mean, deviation = np.full((2, len(names), len(names)), np.nan)
    active = []
    for k in range(len(names)):
        try:
            firing(master, k)
        except InputError:
            continue
        active.append(k)
    for i in active:
        for j in active:
            _, mean[i, j], deviation[i, j] = mean_waiting_time(master, i, j)
    return WaitingTimes(names, mean, deviation)
