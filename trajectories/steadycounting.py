"""What the master equation says about the counts of a machine in its steady state: the deterministic counting report.

The counts are the net quanta (the heat, where one reservoir has quanta of several sizes) that the system takes from
each reservoir with a counted heat, the entropy given to the reservoirs, and the number of jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import counts
from .columns import heated_reservoirs
from .cumulants import covariance, cumulants
from .errors import InputError
from .master import Master
from .model import Model
from .scgf import scgf, symmetry
from .spectra import mean_waiting_time
from .stages import stage
from .uncertainty import uncertainty

U = np.linspace(-0.5, 1.5, 21)
ONE_SIZE = 1e-12
CUMULANTS = ("current", "noise", "third_cumulant", "fourth_cumulant")
RATIOS = ("tur_ratio", "kur_ratio")


@dataclass(frozen=True, eq=False)
class Count:
    """A number N = sum_k w_k N_k that grows along a trajectory.

    name: as in the tables. reservoir: the one it is counted at, if there is one. unit: of N ("1", "energy", "nat").
    weights: (K,). column, scale: N is the tallied linear form of that index times the scale; None: it is not tallied.
    """

    name: str
    reservoir: str | None
    unit: str
    weights: np.ndarray
    column: int | None
    scale: float = 1.0

    def unit_of(self, order: int) -> str:
        """Return the unit of the rate of the cumulant of this order."""
        power = "" if order == 1 else f"^{order}"
        return "1/time" if self.unit == "1" else f"{self.unit}{power}/time"


def counts_of(model: Model) -> list[Count]:
    """Return the counts of a model: of each reservoir with a counted heat, entropy where it is finite, all jumps."""
    found = []
    for column, r in enumerate(heated_reservoirs(model), start=1):
        name = model.reservoirs[r].name
        energies = np.abs(model.quanta[(model.reservoir_index == r) & (model.quanta != 0.0)])
        if not len(energies):
            continue
        size = float(energies.max())
        if float(energies.min()) >= size * (1.0 - ONE_SIZE):
            found.append(Count(f"quanta from {name}", name, "1", counts.quanta(model, name), column, 1.0 / size))
        else:
            found.append(Count(f"heat from {name}", name, "energy", counts.heat(model, name), column))
    if entropy_missing(model) is None:
        column = 1 + len(heated_reservoirs(model))
        found.append(Count("entropy production", None, "nat", counts.entropy(model), column))
    return [*found, Count("jumps", None, "1", counts.jumps(model), 0)]


def entropy_missing(model: Model) -> str | None:
    """Return why the entropy production of a model has no cumulants, None where it has."""
    try:
        counts.entropy(model)
    except InputError as error:
        return str(error)
    return None


def reverses(model: Model, weights: np.ndarray) -> bool:
    """Whether a count changes its sign under reversal, as the thermodynamic uncertainty relation wants it."""
    partner = model.partner
    if (partner < 0).any():
        return False
    return bool(np.allclose(weights[partner], -weights, rtol=0.0, atol=1e-9 * np.abs(weights).max(initial=0.0)))


class Rates(NamedTuple):
    """Cumulant rates at long times and the uncertainty ratios; nan for a ratio that does not exist."""

    current: float
    noise: float
    third_cumulant: float
    fourth_cumulant: float
    tur_ratio: float
    kur_ratio: float


def rates_of(master: Master, count: Count) -> Rates:
    """Return the long-time rates of a count; tur_ratio = D sigma/(2 J^2), kur_ratio = D A/J^2 (see `uncertainty`)."""
    both = uncertainty(master, count.weights)
    thermodynamic = both.tur_ratio if reverses(master.model, count.weights) else np.nan
    first, second, third, fourth = (float(c) for c in cumulants(master, count.weights, 4))
    return Rates(first, second, third, fourth, thermodynamic, both.kur_ratio)


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
    rates, the latter nan where the model has no entropy accounting and inf with one-way channels.
    """

    counts: tuple[Count, ...]
    rates: tuple[Rates, ...]
    covariance: np.ndarray
    activity: float
    entropy_production: float
    scgf: GeneratingFunction
    waiting_times: WaitingTimes

    @classmethod
    def of(cls, master: Master, every_scgf: bool = False) -> SteadyCounting:
        """Compute everything; every_scgf: lambda(u) of each count too, not of the entropy production alone.

        Raises InputError where the steady state is not unique.
        """
        stage("cumulants per time, in the steady state")
        found = counts_of(master.model)
        both = uncertainty(master, found[-1].weights)
        return cls(
            tuple(found),
            tuple(rates_of(master, count) for count in found),
            covariance(master, np.array([count.weights for count in found])),
            both.activity,
            both.entropy_production,
            _generating_function(master, found if every_scgf else []),
            _waiting_times(master),
        )

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
        }


def _generating_function(master: Master, found: list[Count]) -> GeneratingFunction:
    stage("lambda(u), 21 leading eigenvalues for each count")
    of_counts = {count.name: scgf(master, U, count.weights) for count in found if count.unit != "nat"}
    if not master.model.entropy:
        reason = f"{master.model.name} has no entropy accounting"
        return GeneratingFunction(U, None, of_counts, False, reason, None)
    values = scgf(master, U)
    if (master.model.partner < 0).any():
        reason = f"{master.model.name} has one-way channels: lambda(1) is not 0"
        return GeneratingFunction(U, values, of_counts, False, reason, None)
    found_symmetry = symmetry(master, U[:0])
    deviation = float(np.abs(values - values[::-1]).max())  # the second half of the points mirrors the first
    return GeneratingFunction(U, values, of_counts, found_symmetry.required, found_symmetry.reason, deviation)


def _waiting_times(master: Master) -> WaitingTimes:
    names = tuple(channel.name for channel in master.model.channels)
    mean, deviation = np.full((2, len(names), len(names)), np.nan)
    firing = []
    for k in range(len(names)):
        try:
            counts.firing(master, k)
        except InputError:
            continue
        firing.append(k)
    for i in firing:
        for j in firing:
            _, mean[i, j], deviation[i, j] = mean_waiting_time(master, i, j)
    return WaitingTimes(names, mean, deviation)
