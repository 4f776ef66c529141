"""Averages that rare trajectories decide: <e^{-u X}> and lambda(u) by cloning guided trajectories.

A population of N pure-state trajectories of the forward dynamics carries weights: after every window a weight is
multiplied by e^{-u Delta s} of the jumps, and by dP/dP_guided because the jumps are drawn from a guided process
(`doob_transform`) whose exponent v differs from u. Where the weights have become too unequal, the population is drawn
anew in proportion to them (systematic resampling). With W_1, W_2, ... the mean weights between resamplings,

    Z = W_1 W_2 ... ,   E[Z] = <e^{-u X}>   for every N: unbiased,   X = sum_j Delta s_{k_j}   or   X = Delta S .

Cloning: Giardina, Kurchan, Peliti, PRL 96, 120603 (2006); unbiasedness: Del Moral, Feynman-Kac Formulae (2004). The
guide must not have the answer: v = u would give every trajectory the same weight, and is refused.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.kernels.streams import POINT_BITS
from trajectories.master.eigenensemble import spectrum
from trajectories.master.sparse_propagation import LONGEST
from trajectories.model import Model
from trajectories.sampling.cloning_population import CLONE_BITS, SETTLING, Setup, log_average, repetition
from trajectories.sampling.doob_transform import finite_steps, guided
from trajectories.sampling.statistics import p_value
from trajectories.sampling.tilted_propagation import Target, exact_values, power_by_sector, target_of

Array = np.ndarray

GUIDE_DISTANCE = 0.25
TOGETHER = 1e-9
WIDEST = 0.5  # standard deviation of Z over its mean beyond which its error bar is not believed
END_VARIANCE = 1e-3  # of Z's mean from the end alone, by the master equation, beyond which the sample is not believed


class RareEstimate(NamedTuple):
    """An estimate of <e^{-u X}> and of lambda(u), with R independent repetitions of N clones.

    log_average, standard_error: ln of the mean of Z over repetitions, and its standard error. exact_log_average: by the
    tilted generator. scgf, scgf_error, exact_scgf: lambda(u) (1/time), from the growth of Z after a quarter of the
    duration, mean(ln Z) + var(ln Z)/2 over repetitions, which removes the bias of order 1/N.
    half_population_log_average, half_population_scgf: the same with N/2 clones, independent. bias_bound: of
    scgf, how far halving the population moves it plus two standard errors of that; Z itself has no bias.
    settling: remainder of the start in scgf, by the master equation. end_spread: second moment of the factor of a
    clone's end over its mean squared (a bound, by the master equation): where rare final states decide, a sample
    that has not met them looks calm. resamplings: per repetition, on average.
    log_z (R,): ln Z of each repetition. boundary: whether X is Delta S with both ends, otherwise the flow.
    """

    u: float
    guide: float
    boundary: bool
    duration: float
    population: int
    repetitions: int
    windows: int
    log_average: float
    standard_error: float
    exact_log_average: float
    scgf: float
    scgf_error: float
    exact_scgf: float
    half_population_log_average: float
    half_population_scgf: float
    bias_bound: float
    settling: float
    end_spread: float
    resamplings: float
    log_z: Array

    @property
    def average(self) -> float:
        """<e^{-u X}>."""
        return float(np.exp(self.log_average))

    @property
    def z(self) -> float:
        """Deviation of ln <e^{-u X}> from its exact value in standard errors."""
        return _ratio(self.log_average - self.exact_log_average, self.standard_error)

    @property
    def scgf_z(self) -> float:
        """Deviation of lambda(u) from its exact value in standard errors."""
        return _ratio(self.scgf - self.exact_scgf, self.scgf_error)

    @property
    def p_values(self) -> tuple[float, float]:
        """Two-sided, of `z` and `scgf_z`, by Student's t with R - 1 degrees of freedom."""
        first, second = p_value(np.array([self.z, self.scgf_z]), degrees_of_freedom=self.repetitions - 1).tolist()
        return first, second

    @property
    def resolved(self) -> tuple[bool, bool]:
        """True where the average and where lambda(u) can be judged.

        The average: Z varies by less than half its mean, and final states that few clones reach do not matter.
        lambda(u): the start is forgotten.
        """
        narrow = self.standard_error * np.sqrt(self.repetitions) <= WIDEST
        met = self.end_spread <= END_VARIANCE * self.population * self.repetitions
        return bool(narrow and met), bool(np.isfinite(self.scgf_error) and abs(self.settling) <= 0.5 * self.scgf_error)


def cloning(
    model: Model,
    u: float,
    duration: float,
    population: int = 1000,
    repetitions: int = 16,
    seed: int = 1,
    windows: int = 128,
    *,
    guide: float | None = None,
    boundary: bool = False,
    initial: Array | None = None,
    point: int = 0,
    workers: int = 2,
    most: float = LONGEST,
) -> RareEstimate:
    """Estimate <e^{-u X}> over `duration` and lambda(u) from a population of guided trajectories.

    model, initial: the machine, and its state at the start, (d, d); None for the steady state.
    duration: in the model's unit of time. windows: pieces of the duration, between which clones are drawn anew.
    population, repetitions: clones N, and independent repetitions R.
    guide: the exponent v of the guided process, by default u moved by 1/4 towards 1/2, or 0, the forward process,
    where that guide has no eigenvector to enough digits.
    boundary: True for X = Delta S = ln p(n0) - ln p(nT) + sum Delta s, whose <e^{-Delta S}> is 1 (1 - lambda where
    something is absolutely irreversible); False for the sum over the jumps.
    seed, point: of the random streams; point is below 2^28. workers: threads.
    most: multiplications that one exact value may take.

    Every bit is a function of (seed, point, repetition) and the arguments, not of `workers` or the number of
    repetitions. Raises InputError for arguments out of range, a guide equal to u, and for u < 0 where a one-way channel
    makes the average infinite; TooCostly where an exact value would take more than `most` (large sectors).
    """
    _check(model, u, duration, population, repetitions, seed, windows, point)
    by_default = guide is None
    guide = _default_guide(model, u) if guide is None else float(guide)
    if abs(guide - u) < TOGETHER and u != 0:
        raise InputError(f"guide {guide:g} is u itself, the exact answer: must be another number")
    target = target_of(model, initial, u, boundary, duration, windows, most)
    try:
        setup = _setup(target, guide)
    except InputError:
        if not by_default or guide == 0.0:
            raise
        guide = 0.0
        setup = _setup(target, guide)
    exact = exact_values(target, setup.guide, setup.finish)
    runs = [(2 * r + half, population >> half) for half in (0, 1) for r in range(repetitions)]
    with ThreadPoolExecutor(workers) as pool:
        outcomes = list(pool.map(lambda run: repetition(setup, seed, point, *run), runs))
    logs, growths, resamplings = (np.array(values) for values in zip(*outcomes, strict=True))
    full, half = slice(0, repetitions), slice(repetitions, None)
    log_average, error = _log_mean(logs[full])
    grown = setup.window * (windows - int(SETTLING * windows))
    value, value_error = _rate(growths[full], grown)
    half_value, half_error = _rate(growths[half], grown)
    return RareEstimate(
        u=u,
        guide=guide,
        boundary=boundary,
        duration=duration,
        population=population,
        repetitions=repetitions,
        windows=windows,
        log_average=log_average,
        standard_error=error,
        exact_log_average=exact.log_average,
        scgf=value,
        scgf_error=value_error,
        exact_scgf=exact.scgf,
        half_population_log_average=_log_mean(logs[half])[0],
        half_population_scgf=half_value,
        bias_bound=abs(half_value - value) + 2 * float(np.hypot(half_error, value_error)),
        settling=exact.settling,
        end_spread=exact.end_spread,
        resamplings=float(np.mean(resamplings[full])),
        log_z=logs[full],
    )


def _default_guide(model: Model, u: float) -> float:
    """Return u moved by a quarter towards 1/2; 0, the forward process, where jumps are one-way."""
    if (model.partner < 0).any():
        return 0.0
    return u + GUIDE_DISTANCE if u < 0.5 else u - GUIDE_DISTANCE


def _setup(target: Target, exponent: float) -> Setup:
    """Return the Setup of all repetitions, guided by the exponent."""
    master, start, u = target.master, target.start, target.u
    model, window = master.model, target.duration / target.windows
    guide = guided(master, exponent, window, start)
    inside = start.probabilities > 0
    p = start.probabilities[inside] ** (1 - u if target.boundary else 1.0)
    sector = start.sector[inside].astype(np.int64)
    phi, size = guide.transformed(sector, start.local[inside])
    tilt = np.where(np.isfinite(model.entropy_steps) | (u == 0), -u * finite_steps(model), -np.inf)
    finish = None
    if target.boundary:
        end = target.begin if target.steady else master.blocks(target.begin, np.array([target.duration]))[0]
        finish = power_by_sector(spectrum(end, model.hamiltonian, master.sectors), u, len(master.sectors.dimensions))
    return Setup(
        guide=guide,
        sector=sector,
        phi=phi,
        cumulative=np.cumsum(p * size) / np.sum(p * size),
        log_start=float(np.log(np.sum(p * size))),
        log_weight=tilt + guide.log_ratio,
        growth=guide.growth,
        finish=finish,
        window=window,
        windows=target.windows,
    )


def _log_mean(logs: Array) -> tuple[float, float]:
    """Return ln of the mean of Z, and its standard error, se(Z)/mean(Z)."""
    mean = log_average(logs)
    if not np.isfinite(mean):
        return mean, np.inf
    return mean, float(np.std(np.exp(logs - mean), ddof=1) / np.sqrt(len(logs)))


def _rate(values: Array, duration: float) -> tuple[float, float]:
    """Return ln(mean of e^{x t})/t from cumulants, mean(x) + t var(x)/2, and its standard error; x: (R,) growth rates.

    Many weakly dependent windows add up in x t, so that its higher cumulants are of higher order in 1/N.
    """
    if not np.isfinite(values).all():
        return -np.inf, np.inf
    variance, n = float(values.var(ddof=1)), len(values)
    error = np.sqrt(variance / n + (duration * variance) ** 2 / (2 * (n - 1)))
    return float(values.mean()) + 0.5 * duration * variance, float(error)


def _ratio(deviation: float, error: float) -> float:
    return deviation / error if error > 0 else (0.0 if abs(deviation) < TOGETHER else np.inf)


def _check(
    model: Model, u: float, duration: float, population: int, repetitions: int, seed: int, windows: int, point: int
) -> None:
    """Raise InputError for arguments out of range."""
    if not model.entropy:
        raise InputError(f"{model.name} has no entropy accounting: <e^(-u Delta S)> does not exist")
    limits: tuple[tuple[str, int, int, int], ...] = (
        ("population", population, 4, 2**CLONE_BITS - 1),
        ("repetitions", repetitions, 2, 2**20),
        ("windows", windows, 4, 2**16),
        ("seed", seed, 0, 2**64 - 1),
        ("point", point, 0, 2**POINT_BITS - 1),
    )
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise InputError(f"cloning: {name} is {value}: must be between {low} and {high}")
    if not np.isfinite(u) or not 0 < duration < np.inf:
        raise InputError(f"cloning: u = {u:g}, duration = {duration:g}: must be finite, the duration positive")
    if u < 0 and (model.partner < 0).any():
        raise InputError(f"{model.name} has one-way channels: for u < 0 the average is infinite; u must be >= 0")
