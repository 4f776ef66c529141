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

from dataclasses import dataclass
from math import comb, factorial

import numpy as np

from .counts import check_weights
from .master import Master
from .sectors import Sectors
from .transients import moment_costs, resolved_moments

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
    states = master.blocks(start, times)
    first = _centred(np.zeros(size) if at_start is None else at_start, start, trace)
    last = [_centred(operator, rho, trace) for operator, rho in zip(_each(at_end, count, size), states, strict=True)]
    scale = max(float(np.abs(weights).max(initial=0.0)), *(_largest(op, sectors) for op in (first, *last)), 1e-300)
    powers = _powers(first / scale, sectors)
    begun = np.array([_product(power, start, sectors) / factorial(n) for n, power in enumerate(powers)])
    duration = float(times[-1]) if count else 0.0
    mean = float(weights @ master.jump_rates(master.block_integrals(start, times[-1:])[0])) if duration > 0 else 0.0
    drift = mean / duration if duration > 0 else 0.0
    moved = resolved_moments(master, weights / scale, drift / scale, ORDER, begun, times)
    rounding = ROUNDING + 1e-16 * _norm(master) * np.asarray(times, float)
    found = np.array([_cumulants(m, _powers(b / scale, sectors)) for m, b in zip(moved, last, strict=True)])
    found = found.reshape(count, 4)
    noise = rounding * found[:, 3]
    return Cumulants(found[:, 0] * scale**2, found[:, 1] * scale**3, found[:, 2] * scale**4, noise * scale**2)


def measured_cumulants(operators: np.ndarray, states: np.ndarray, sectors: Sectors) -> Cumulants:
    """Return the cumulants of what measuring operators (T, D) finds in states (T, D)."""
    trace, found = _trace(sectors), []
    for operator, rho in zip(operators, states, strict=True):
        centred = _centred(operator, rho, trace)
        scale = max(_largest(centred, sectors), 1e-300)
        state = np.zeros((ORDER + 1, len(rho)), complex)
        state[0] = rho
        found.append(_cumulants(state, _powers(centred / scale, sectors)) * scale ** np.array([2, 3, 4, 2]))
    values = np.array(found).reshape(len(states), 4)
    return Cumulants(values[:, 0], values[:, 1], values[:, 2], ROUNDING * values[:, 3])


def levels(operator: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return the eigenvalues of a Hermitian operator of flattened blocks (D,), sector after sector."""
    blocks = sectors.split(np.asarray(operator, complex))
    return np.concatenate([block[0].real if len(block) == 1 else np.linalg.eigvalsh(block) for block in blocks])


def _cumulants(moved: np.ndarray, powers: list[np.ndarray]) -> np.ndarray:
    """Return kappa_2, kappa_3, kappa_4 and the size of the sums behind kappa_2, of M_n/n! and the powers B^j."""
    raw, size = np.zeros(ORDER + 1), 0.0
    for n in range(ORDER + 1):
        terms = [np.vdot(powers[j], moved[n - j]).real / factorial(j) for j in range(n + 1)]
        raw[n] = factorial(n) * sum(terms)
        size = 2 * float(np.abs(terms).sum()) if n == 2 else size
    shift = raw[1]
    m2, m3, m4 = (
        sum(comb(n, j) * (-shift) ** (n - j) * raw[j] for j in range(n + 1)) if n else 0.0 for n in (2, 3, 4)
    )
    return np.array([m2, m3, m4 - 3 * m2**2, size + shift**2])


def _centred(operator: np.ndarray, rho: np.ndarray, trace: np.ndarray) -> np.ndarray:
    """Return an operator less its average: powers of what is left do not cancel."""
    return operator - float(np.vdot(operator, rho).real) * trace


def _each(operators: np.ndarray | None, count: int, size: int) -> np.ndarray:
    return np.zeros((count, size)) if operators is None else operators


def _powers(operator: np.ndarray, sectors: Sectors) -> list[np.ndarray]:
    """Return B^0 ... B^ORDER as flattened blocks."""
    found = [_trace(sectors).astype(complex)]
    for _ in range(ORDER):
        found.append(_product(found[-1], operator, sectors))
    return found


def _product(a: np.ndarray, b: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return the product of two operators of flattened blocks."""
    if len(a) == len(sectors.dimensions):
        return np.asarray(a, complex) * b
    pairs = zip(sectors.split(np.asarray(a, complex)), sectors.split(np.asarray(b, complex)), strict=True)
    return np.concatenate([(x @ y).ravel() for x, y in pairs])


def _trace(sectors: Sectors) -> np.ndarray:
    rows, columns = sectors.indices
    return (rows == columns).astype(float)


def _largest(operator: np.ndarray, sectors: Sectors) -> float:
    return float(np.abs(levels(operator, sectors)).max(initial=0.0))


def _norm(master: Master) -> float:
    return float(abs(master.generator).sum(axis=0).max())
