"""Exact moments of one trajectory's numbers at finite time, from which the sampling errors of their means follow.

A number X of a trajectory is made of its jumps and of its two ends,

    X = a(n0) + sum_k w_k N_k + b_t,

a: an operator that commutes with the start, b_t: the outcome of a measurement of an operator B_t at time t. Its moments
come from the states resolved by the n-th moment, dM_n/dt = L M_n + sum_m C(n, m) G_m M_{n-m} with G_m = sum_k w_k^m
L_k . L_k^dag and M_n(0) = a^n rho(0): <X^n> = sum_j C(n, j) Tr[B_t^j M_{n-j}(t)]. Bunching of jumps, rare phases and
what cancels between the two ends are all in them. Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024).

Where a sector has more than one dimension, a trajectory's number holds <psi|B_t|psi> instead of an outcome: the mean of
X over outcomes. Then these moments are bounds: a conditional mean spreads less (Jensen's inequality).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import comb, factorial
from typing import Protocol

import numpy as np

from trajectories.counting.counted_currents import check_weights
from trajectories.counting.entropy_statistics import WORTH, generating_function
from trajectories.counting.finite_time_cumulants import cheapest, mean_current, resolved_moments
from trajectories.errors import TooCostly
from trajectories.kernels.observable_table import DIAGONAL, LOG_STATE, ObservableTable
from trajectories.master.eigenensemble import Spectrum, levels, spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors
from trajectories.sampling.exact_averages import Exact

ORDER = 4
ROUNDING = 1e-13  # of the sums that a variance comes from; its own rounding is ten times smaller
MOST_PRODUCTS = 3e10  # multiplications that the moments of one number may cost: some seconds


@dataclass(frozen=True)
class Cumulants:
    """Cumulants of one trajectory's number at T times, (T,) each.

    variance, third, fourth: kappa_2, kappa_3, kappa_4, in powers of the number's unit.
    noise: rounding error of the variance.
    exact: True for the cumulants of the number itself, False for those of a number that spreads at least as much.
    missing: the reason why all of them are nan, empty where they are known.
    """

    variance: np.ndarray
    third: np.ndarray
    fourth: np.ndarray
    noise: np.ndarray
    exact: bool = True
    missing: str = ""

    @classmethod
    def unknown(cls, times: int, why: str) -> Cumulants:
        """Return nan at `times` times, with the reason `why` for the report."""
        unknown = np.full(times, np.nan)
        return cls(unknown, unknown, unknown, unknown, missing=why)


def trajectory_cumulants(
    master: Master,
    weights: np.ndarray,
    start: np.ndarray,
    times: np.ndarray,
    at_start: np.ndarray | None = None,
    at_end: np.ndarray | None = None,
) -> Cumulants:
    """Return the cumulants of X = a(n0) + sum_k w_k N_k(t) + b_t over (0, t].

    weights: (K,). start: rho(0), (D,) flattened blocks. times: (T,), from 0 on, not falling. at_start: the operator a,
    (D,), commuting with rho(0). at_end: the operators B_t, (T, D). Units: those of the weights and operators.
    """
    weights = check_weights(master.model, weights)
    count = len(times)
    cost = cheapest(master, weights, ORDER, float(times[-1]) if count else 0.0)
    if cost > MOST_PRODUCTS:
        return Cumulants.unknown(count, f"its exact spread would take {cost:.1g} multiplications")
    sectors, trace = master.sectors, master.trace_row
    first = _centred(np.zeros((1, len(start))) if at_start is None else at_start[None], start[None], trace)
    last = None if at_end is None else _centred(at_end, master.blocks(start, times), trace)
    ends = [float(np.abs(part).max(initial=0.0)) for part in (weights, first, last) if part is not None]
    scale = max(*ends, 1e-300)
    powers = _powers(first / scale, sectors)[:, 0]
    begun = np.array([_product(power, start, sectors) / factorial(n) for n, power in enumerate(powers)])
    drift = mean_current(master, weights, start, times)
    moved = resolved_moments(master, weights / scale, drift / scale, ORDER, begun, times)
    rounding = ROUNDING + 1e-16 * _norm(master) * np.asarray(times, float)
    second, third, fourth, size = _cumulants(moved, None if last is None else _powers(last / scale, sectors), trace)
    noise = rounding * size
    return Cumulants(second * scale**2, third * scale**3, fourth * scale**4, noise * scale**2)


def measured_cumulants(operators: np.ndarray, states: np.ndarray, sectors: Sectors) -> Cumulants:
    """Return the cumulants of the outcomes of measuring operators (T, D) in states (T, D)."""
    trace = sectors.trace_row
    centred = _centred(operators, states, trace)
    scale = np.maximum(np.abs(centred).max(axis=1, initial=0.0), 1e-300)
    moved = np.zeros((len(states), ORDER + 1, states.shape[1]), complex)
    moved[:, 0] = states
    second, third, fourth, size = _cumulants(moved, _powers(centred / scale[:, None], sectors), trace)
    return Cumulants(second * scale**2, third * scale**3, fourth * scale**4, ROUNDING * size * scale**2)


def _cumulants(moved: np.ndarray, powers: np.ndarray | None, trace: np.ndarray) -> np.ndarray:
    """Return kappa_2, kappa_3, kappa_4 and the size of the sums behind kappa_2, (4, T).

    moved: M_n/n!, (T, ORDER + 1, D). powers: B^j at each time, (ORDER + 1, T, D); None for B = 0.
    """
    raw, size = np.zeros((ORDER + 1, len(moved))), np.zeros(len(moved))
    for n in range(ORDER + 1):
        if powers is None:
            terms = (moved[:, n].real @ trace)[None]
        else:
            parts = [(powers[j].conj() * moved[:, n - j]).real.sum(axis=1) / factorial(j) for j in range(n + 1)]
            terms = np.array(parts)
        raw[n] = factorial(n) * terms.sum(axis=0)
        size = 2 * np.abs(terms).sum(axis=0) if n == 2 else size
    shift = raw[1]
    m2, m3, m4 = (sum(comb(n, j) * (-shift) ** (n - j) * raw[j] for j in range(n + 1)) for n in (2, 3, 4))
    return np.array([m2, m3, m4 - 3 * m2**2, size + shift**2])


def _centred(operators: np.ndarray, states: np.ndarray, trace: np.ndarray) -> np.ndarray:
    """Return operators (T, D) less their averages in states (T, D): powers of the difference do not cancel."""
    average = (operators.conj() * states).real.sum(axis=1)
    return operators - average[:, None] * trace


def _powers(operators: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return B^0 ... B^ORDER, (ORDER + 1, T, D), of operators of flattened blocks (T, D)."""
    powers = np.zeros((ORDER + 1, *operators.shape), complex)
    powers[0] = sectors.trace_row
    for n in range(1, ORDER + 1):
        powers[n] = _product(powers[n - 1], operators, sectors)
    return powers


def _product(a: np.ndarray, b: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return the products of operators of flattened blocks, (..., D)."""
    if a.shape[-1] == len(sectors.dimensions):
        return np.asarray(a, complex) * b
    pairs = zip(sectors.split(np.asarray(a, complex)), sectors.split(np.asarray(b, complex)), strict=True)
    products = [x @ y for x, y in pairs]
    return np.concatenate([product.reshape(*product.shape[:-2], -1) for product in products], axis=-1)


def _norm(master: Master) -> float:
    return float(abs(master.generator).sum(axis=0).max())


class MeasuredColumn(Protocol):
    """The moments of a column of the observable table: whether it ignores a burn-in, and its cumulants, (T,) each."""

    @property
    def counts_from_zero(self) -> bool: ...
    def cumulants(self, moments: SamplingMoments, q: int) -> Cumulants: ...


class SamplingMoments:
    """Cumulants of every column of an observable table, computed when asked for and kept.

    A mean over n trajectories has the variance kappa_2/n, and so on: its error bar, and whether it is close to normal,
    is known before the first trajectory.
    """

    def __init__(
        self,
        master: Master,
        observables: ObservableTable,
        exact: Exact,
        start_state: np.ndarray,
        counting_from: float,
        times: np.ndarray,
        columns: Sequence[MeasuredColumn],
    ) -> None:
        self.master, self.sectors, self.observables, self.exact = master, master.sectors, observables, exact
        self.start_state, self.counting_from, self.times = start_state, counting_from, times
        self.columns = columns
        self._computed: dict[int, Cumulants] = {}

    def column(self, q: int) -> Cumulants:
        """Return the cumulants of column q at the sample times, in the table's units; nan before counting begins."""
        if q not in self._computed:
            self._computed[q] = self.columns[q].cumulants(self, q)
        return self._computed[q]

    def beginning(self, q: int) -> tuple[np.ndarray, float]:
        """Return the state, (D,), and the time at which column q begins to count."""
        burn = int(self.observables.burn_index[0])
        if burn < 0 or self.columns[q].counts_from_zero:
            return self.start_state, 0.0
        return self.exact.density[burn], self.counting_from

    def of_counts(
        self, q: int, weights: np.ndarray, first: np.ndarray | None, last: np.ndarray | None, exact: bool
    ) -> Cumulants:
        """Return the cumulants of jumps since column q began to count and of both ends, nan before.

        weights: (K,) of the jumps.
        first: operator (D,) measured at the beginning; None for none.
        last: operators (T, D) measured at the sample times; None for none.
        exact: whether the number itself has these cumulants, rather than one that spreads at least as much.
        """
        start, begin = self.beginning(q)
        times = self.times
        later = times >= begin
        ends = None if last is None else last[later]
        counted = trajectory_cumulants(self.master, weights, start, times[later] - begin, first, ends)
        parts = np.full((4, len(times)), np.nan)
        parts[:, later] = counted.variance, counted.third, counted.fourth, counted.noise
        variance, third, fourth, noise = parts
        return Cumulants(variance, third, fourth, noise, exact, counted.missing)

    def of_operators(self, operators: np.ndarray) -> Cumulants:
        """Return the cumulants of the outcomes of measuring operators (T, D) in the ensemble states."""
        measured = measured_cumulants(operators, self.exact.density, self.sectors)
        return replace(measured, exact=self.master.classical)

    @cached_property
    def functionals(self) -> list[Cumulants]:
        """Cumulants of the outcomes of measuring each fixed functional of the state, all computed at once."""
        static, times = self.observables.static, len(self.times)
        measured = measured_cumulants(
            np.repeat(static, times, axis=0), np.tile(self.exact.density, (len(static), 1)), self.sectors
        )
        parts = measured.variance, measured.third, measured.fourth, measured.noise
        each = np.reshape(parts, (4, len(static), times)).swapaxes(0, 1)
        return [Cumulants(second, third, fourth, noise, self.master.classical) for second, third, fourth, noise in each]

    def start_spectrum(self, q: int) -> Spectrum:
        """Return the eigenbasis of the state in which column q begins to count."""
        return spectrum(self.beginning(q)[0], self.master.model.hamiltonian, self.sectors)


def entropy_cumulants(moments: SamplingMoments, q: int) -> Cumulants:
    """Return the cumulants of Delta S since column q began to count; unknown where its mean is infinite."""
    if moments.observables.one_way.any():
        return Cumulants.unknown(len(moments.times), "its mean is infinite")
    first = moments.sectors.flatten(moments.start_spectrum(q).logarithm())
    last = -moments.observables.varying[:, LOG_STATE]
    return moments.of_counts(q, moments.master.model.entropy_steps, first, last, moments.master.classical)


def coupling_work_cumulants(moments: SamplingMoments, q: int) -> Cumulants:
    """Return the cumulants of the counted heats less the change of the energy."""
    observables, hamiltonian = moments.observables, moments.master.model.hamiltonian
    start = moments.start_spectrum(q)
    energies = ((start.vectors.conj().T @ hamiltonian) * start.vectors.T).sum(axis=1).real
    first = moments.sectors.flatten(start.operator(energies))
    heats = observables.linear[1 : len(observables.edges)].sum(axis=0)
    last = -np.repeat(observables.static[:1], len(moments.times), axis=0)
    return moments.of_counts(q, heats, first, last, moments.master.classical)


def projection_energy_cumulants(moments: SamplingMoments, q: int) -> Cumulants:
    """Return the cumulants of the energy that a measurement in the eigenbasis of rho(t) adds."""
    return moments.of_operators(moments.observables.varying[:, DIAGONAL])


def projection_energy_width(moments: SamplingMoments, q: int, t: int) -> float:
    """Return how far two energies added by a measurement at sample time t can lie apart."""
    return float(np.ptp(levels(moments.observables.varying[t, DIAGONAL], moments.sectors)))


def weight_cumulants(moments: SamplingMoments, q: int) -> Cumulants:
    """Return the cumulants of w = e^{-Delta S} from <w^n> = G(n, t)."""
    times = moments.times
    mean, second, third = moments.exact.mean[:, q], moments.exact.second, moments.exact.third
    try:
        fourth = generating_function(moments.master, 4.0, moments.start_state, times, most=WORTH)
    except TooCostly as reason:
        return Cumulants.unknown(len(times), f"its exact spread is not computed: {reason}")
    with np.errstate(over="ignore", invalid="ignore"):
        kappa_2 = second - mean**2
        kappa_3 = third - 3 * mean * second + 2 * mean**3
        central = fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4
        kappa_4 = central - 3 * kappa_2**2
        noise = ROUNDING * (second + mean**2)
    known = np.isfinite(kappa_2 + kappa_3 + kappa_4)
    kappa_2, kappa_3, kappa_4, noise = np.where(known, [kappa_2, kappa_3, kappa_4, noise], np.nan)
    return Cumulants(kappa_2, kappa_3, kappa_4, noise, moments.master.classical)
