"""Exact moments of one trajectory's numbers at finite time, from which the sampling error of their means is known.

A number X of a trajectory is made of its jumps and of its two ends,

    X = a(n0) + sum_k w_k N_k + b_t,

a: an operator that commutes with the start, b_t: what a measurement of an operator B_t at time t finds. Its moments
come from the states resolved by the n-th moment, dM_n/dt = L M_n + sum_m C(n, m) G_m M_{n-m} with G_m = sum_k w_k^m
L_k . L_k^dag and M_n(0) = a^n rho(0): <X^n> = sum_j C(n, j) Tr[B_t^j M_{n-j}(t)]. Bunching of jumps, rare phases and
what cancels between the two ends are all in them. Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024).

Where a sector has more than one dimension, a trajectory's number holds <psi|B_t|psi> instead of an outcome: the mean of
X over outcomes. Then these moments are bounds: a conditional mean spreads less (Jensen's inequality).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import comb, factorial

import numpy as np

from trajectories.counting.counted_currents import check_weights
from trajectories.counting.entropy_statistics import WORTH, generating_function
from trajectories.counting.finite_time_cumulants import mean_current, moment_costs, resolved_moments
from trajectories.errors import TooCostly
from trajectories.kernels.ledger import (
    COUPLING_WORK,
    DIAGONAL,
    ENTROPY,
    FIRST_STATIC,
    LOG_STATE,
    PROJECTION,
    WEIGHT,
    Ledger,
)
from trajectories.master.eigenensemble import levels, spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors
from trajectories.sampling.exact_averages import Exact

ORDER = 4
ROUNDING = 1e-13  # of the sums that a variance comes from; its own rounding is ten times smaller
MOST_PRODUCTS = 3e10  # multiplications that the moments of one number may cost: some seconds


@dataclass(frozen=True)
class Cumulants:
    """Cumulants of one trajectory's number at T times, (T,) each.

    variance, third, fourth: kappa_2, kappa_3, kappa_4. noise: rounding error of the variance. exact: of the very
    number; False: of one that spreads at least as much. missing: why there are none, all of them nan.
    """

    variance: np.ndarray
    third: np.ndarray
    fourth: np.ndarray
    noise: np.ndarray
    exact: bool = True
    missing: str = ""

    @classmethod
    def unknown(cls, times: int, why: str) -> Cumulants:
        """Return cumulants that are not known."""
        nothing = np.full(times, np.nan)
        return cls(nothing, nothing, nothing, nothing, missing=why)


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
    count, size = len(times), len(start)
    cost = min(moment_costs(master, ORDER, float(times[-1]) if count else 0.0))
    if cost > MOST_PRODUCTS:
        return Cumulants.unknown(count, f"its exact spread would take {cost:.1g} multiplications")
    sectors, trace = master.sectors, master.trace_row
    first = _centred(np.zeros((1, size)) if at_start is None else at_start[None], start[None], trace)
    last = None if at_end is None else _centred(at_end, master.blocks(start, times), trace)
    ends = [float(np.abs(part).max(initial=0.0)) for part in (weights, first, last) if part is not None]
    scale = max(*ends, 1e-300)
    powers = _powers(first / scale, sectors)[:, 0]
    begun = np.array([_product(power, start, sectors) / factorial(n) for n, power in enumerate(powers)])
    drift = mean_current(master, weights, start, times)
    moved = resolved_moments(master, weights / scale, drift / scale, ORDER, begun, times)
    rounding = ROUNDING + 1e-16 * _norm(master) * np.asarray(times, float)
    found = _cumulants(moved, None if last is None else _powers(last / scale, sectors), trace)
    noise = rounding * found[3]
    return Cumulants(found[0] * scale**2, found[1] * scale**3, found[2] * scale**4, noise * scale**2)


def measured_cumulants(operators: np.ndarray, states: np.ndarray, sectors: Sectors) -> Cumulants:
    """Return the cumulants of what measuring operators (T, D) finds in states (T, D)."""
    trace = _trace(sectors)
    centred = _centred(operators, states, trace)
    scale = np.maximum(np.abs(centred).max(axis=1, initial=0.0), 1e-300)
    moved = np.zeros((len(states), ORDER + 1, states.shape[1]), complex)
    moved[:, 0] = states
    found = _cumulants(moved, _powers(centred / scale[:, None], sectors), trace)
    return Cumulants(found[0] * scale**2, found[1] * scale**3, found[2] * scale**4, ROUNDING * found[3] * scale**2)


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
    """Return operators (T, D) less their averages in states (T, D): powers of what is left do not cancel."""
    average = (operators.conj() * states).real.sum(axis=1)
    return operators - average[:, None] * trace


def _powers(operators: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return B^0 ... B^ORDER, (ORDER + 1, T, D), of operators of flattened blocks (T, D)."""
    found = np.zeros((ORDER + 1, *operators.shape), complex)
    found[0] = _trace(sectors)
    for n in range(1, ORDER + 1):
        found[n] = _product(found[n - 1], operators, sectors)
    return found


def _product(a: np.ndarray, b: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return the products of operators of flattened blocks, (..., D)."""
    if a.shape[-1] == len(sectors.dimensions):
        return np.asarray(a, complex) * b
    pairs = zip(sectors.split(np.asarray(a, complex)), sectors.split(np.asarray(b, complex)), strict=True)
    products = [x @ y for x, y in pairs]
    return np.concatenate([found.reshape(*found.shape[:-2], -1) for found in products], axis=-1)


def _trace(sectors: Sectors) -> np.ndarray:
    rows, columns = sectors.indices
    return (rows == columns).astype(float)


def _norm(master: Master) -> float:
    return float(abs(master.generator).sum(axis=0).max())


class SamplingMoments:
    """Cumulants of every column of a tally, computed when asked for and kept.

    A mean over n trajectories has the variance kappa_2/n, and so on: what its error bar is, and whether it is close to
    normal, is known before the first trajectory.
    """

    def __init__(
        self,
        master: Master,
        ledger: Ledger,
        exact: Exact,
        start_state: np.ndarray,
        counting_from: float,
        times: np.ndarray,
    ) -> None:
        self._master, self._sectors, self._ledger, self._exact = master, master.sectors, ledger, exact
        self._start_state, self._counting_from, self._times = start_state, counting_from, times
        self._found: dict[int, Cumulants] = {}

    def column(self, q: int) -> Cumulants:
        """Return the cumulants of column q at the sample times, in the tally's units; nan before counting begins."""
        if q not in self._found:
            self._found[q] = self._column(q)
        return self._found[q]

    def width(self, q: int, t: int) -> float:
        """Return how far two values of column q at sample time t can lie apart; inf for counts."""
        place = q - len(self._ledger.linear)
        if place == PROJECTION:
            return float(np.ptp(levels(self._ledger.varying[t, DIAGONAL], self._sectors)))
        if place < FIRST_STATIC:
            return np.inf
        return float(np.ptp(levels(self._ledger.static[place - FIRST_STATIC], self._sectors)))

    def begun(self, q: int) -> tuple[np.ndarray, float]:
        """Return the state, (D,), and the time at which column q begins to count."""
        burn = int(self._ledger.burn_index[0])
        if burn < 0 or q == len(self._ledger.linear) + ENTROPY:
            return self._start_state, 0.0
        return self._exact.density[burn], self._counting_from

    def _column(self, q: int) -> Cumulants:
        ledger, times = self._ledger, self._times
        place = q - len(ledger.linear)
        classical = self._master.classical
        if place < 0:
            return self._counted(q, ledger.linear[q], None, None, True)
        if place >= FIRST_STATIC:
            operators = np.repeat(ledger.static[place - FIRST_STATIC][None], len(times), axis=0)
            return replace(measured_cumulants(operators, self._exact.density, self._sectors), exact=classical)
        if place == PROJECTION:
            found = measured_cumulants(ledger.varying[:, DIAGONAL], self._exact.density, self._sectors)
            return replace(found, exact=classical)
        if place == WEIGHT:
            return self._weight(classical)
        if place == COUPLING_WORK:
            heats = ledger.linear[1 : len(ledger.edges)].sum(axis=0)
            return self._counted(
                q, heats, self._at_start(q), -np.repeat(ledger.static[:1], len(times), axis=0), classical
            )
        if ledger.one_way.any():
            return Cumulants.unknown(len(times), "its mean is infinite")
        steps = self._master.model.entropy_steps
        return self._counted(q, steps, self._at_start(q, np.log), -ledger.varying[:, LOG_STATE], classical)

    def _counted(
        self, q: int, weights: np.ndarray, first: np.ndarray | None, last: np.ndarray | None, exact: bool
    ) -> Cumulants:
        """Cumulants of jumps since the beginning of counting and of both ends, nan before it."""
        start, begin = self.begun(q)
        times = self._times
        later = times >= begin
        ends = None if last is None else last[later]
        found = trajectory_cumulants(self._master, weights, start, times[later] - begin, first, ends)
        parts = np.full((4, len(times)), np.nan)
        parts[:, later] = found.variance, found.third, found.fourth, found.noise
        variance, third, fourth, noise = parts
        return Cumulants(variance, third, fourth, noise, exact, found.missing)

    def _at_start(self, q: int, function: Callable[[np.ndarray], np.ndarray] | None = None) -> np.ndarray:
        """Return an operator that commutes with the state when counting begins: function(p_n), or else <n|H|n>."""
        found = spectrum(self.begun(q)[0], self._master.model.hamiltonian, self._sectors)
        if function is None:
            energies = ((found.vectors.conj().T @ self._master.model.hamiltonian) * found.vectors.T).sum(axis=1).real
        else:
            support = found.probabilities > 0
            energies = np.where(support, function(np.where(support, found.probabilities, 1.0)), 0.0)
        return self._sectors.flatten(found.operator(energies))

    def _weight(self, exact: bool) -> Cumulants:
        """Of w = e^{-Delta S}: from <w^n> = G(n, t)."""
        times = self._times
        mean = self._exact.mean[:, len(self._ledger.linear) + WEIGHT]
        second, third = self._exact.second, self._exact.third
        try:
            fourth = generating_function(self._master, 4.0, self._start_state, times, most=WORTH)
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
        return Cumulants(kappa_2, kappa_3, kappa_4, noise, exact)
