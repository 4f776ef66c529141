"""Counts at finite times: their mean, covariance and cumulants exactly, with the constants that the rates leave out.

For counts N_a(t) from time 0 on, with currents J_a, G_a = sum_k w_ak L_k . L_k^dag, L^+ the Drazin inverse of L, and
the steady state rho as start,

    <N_a> = J_a t,
    Cov(N_a, N_b) = D_ab t + Tr[G_a (L^+)^2 (e^{L t} - 1) G_b rho] + (a <-> b),

so that Var N = D t + const + (what decays): over a few relaxation times the constant is no small correction. At finite
times all moments come from the states M_n resolved by the n-th moment of N(t) - c t, with any number c,

    dM_n/dt = L M_n + sum_{m=1}^n C(n,m) G_m M_{n-m},    G_m = sum_k w_k^m L_k . L_k^dag  (less c for m = 1),

without L^+, whose terms are larger than their sum by (slow relaxation time/t)^2.
Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024).
"""

from __future__ import annotations

from math import comb, factorial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from trajectories.counting.counted_currents import check_weights, jump_operator
from trajectories.counting.long_time_cumulants import check_rows
from trajectories.counting.moment_series import MomentProducts
from trajectories.master.block_products import SERIES, SeriesPropagator
from trajectories.master.lindblad import Master
from trajectories.master.propagation import PolynomialPropagator
from trajectories.master.sparse_propagation import LONGEST, SparsePropagator
from trajectories.master.states import check_times

SMALL_ENOUGH = 1000  # dimension up to which matrices are dense: some dozen of them are kept


class Moments(NamedTuple):
    """mean (T, C) and covariance (T, C, C) of C counts at T times; without the axes C for a single count."""

    mean: np.ndarray
    covariance: np.ndarray


def finite_time(master: Master, weights: ArrayLike, times: ArrayLike, start: np.ndarray | None = None) -> Moments:
    """Return mean and covariance of counts over (0, t], exactly.

    weights: (C, K), or (K,) for one count. times: (T,), from 0 on, not falling. start: the state at time 0, (d, d) or
    flattened blocks (D,); None: the steady state. Raises InputError for bad weights, times or states, or where the
    steady state is asked for and not unique.
    """
    single = np.ndim(weights) == 1
    instants = check_times(np.asarray(times, float))
    master = master if start is None else master.covering(start)
    counts = check_rows(master, weights)
    moments = Moments(*_joint(master, counts, instants, start))
    return Moments(moments.mean[:, 0], moments.covariance[:, 0, 0]) if single else moments


def finite_time_cumulants(
    master: Master, weights: ArrayLike, times: ArrayLike, start: np.ndarray | None = None, order: int = 4
) -> np.ndarray:
    """Return the cumulants kappa_1 ... kappa_order of one count over (0, t], (T, order) float64, exactly.

    From the states M_n, with the mean current up to the last time for c. kappa_n grows as c_n t + const. Relative
    rounding errors grow as 1e-16 |L| t. Arguments and errors: `finite_time`, weights (K,).
    """
    instants = check_times(np.asarray(times, float))
    master = master if start is None else master.covering(start)
    count = check_weights(master.model, weights)
    size = max(float(np.abs(count).max()), np.finfo(float).tiny)
    rho = master.steady_blocks if start is None else master.flattened(start)
    mean = mean_current(master, count, rho, instants)
    resolved = resolved_moments(master, count / size, mean / size, order, rho, instants)
    moments = (resolved @ master.trace_row).real * [factorial(n) for n in range(order + 1)]
    result = np.zeros((len(instants), order))
    for n in range(1, order + 1):
        lower = sum(comb(n - 1, m - 1) * result[:, m - 1] * moments[:, n - m] for m in range(1, n))
        result[:, n - 1] = moments[:, n] - lower
    result *= size ** np.arange(1, order + 1)
    result[:, 0] += mean * instants
    return result


def mean_current(master: Master, count: np.ndarray, start: np.ndarray, times: np.ndarray) -> float:
    """Return <N>/t of a count up to the last of the times, (T,); 0 where that is 0."""
    if not len(times) or not times[-1] > 0:
        return 0.0
    return float(count @ master.jump_rates(master.block_integrals(start, times[-1:])[0])) / float(times[-1])


def _joint(
    master: Master, counts: np.ndarray, times: np.ndarray, start: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (T, C) and covariance (T, C, C): of two counts from the variances of their sum and difference.

    The formulas with L^+ would subtract numbers that are larger by (slow relaxation time/t)^2.
    """
    cumulants = [finite_time_cumulants(master, count, times, start, 2) for count in counts]
    mean = np.array([kappa[:, 0] for kappa in cumulants]).reshape(len(counts), len(times))
    joint = np.zeros((len(times), len(counts), len(counts)))
    for a, kappa in enumerate(cumulants):
        joint[:, a, a] = kappa[:, 1]
        for b in range(a):
            # In units of their largest steps, so that neither drowns in the other.
            sizes = [max(float(np.abs(counts[i]).max()), np.finfo(float).tiny) for i in (a, b)]
            first, second = counts[a] / sizes[0], counts[b] / sizes[1]
            sums = [finite_time_cumulants(master, first + sign * second, times, start, 2)[:, 1] for sign in (1, -1)]
            joint[:, a, b] = joint[:, b, a] = 0.25 * sizes[0] * sizes[1] * (sums[0] - sums[1])
    return mean.T, joint


def resolved_moments(
    master: Master, count: np.ndarray, mean: float, order: int, start: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Return M_n(t)/n! of the count less mean t, (T, order + 1, D).

    start: M_0(0), (D,), where nothing has been counted yet; or M_n(0)/n!, (order + 1, D).
    """
    size = len(master.trace_row)
    initial = np.zeros((order + 1, size), start.dtype)
    initial.reshape(-1)[: start.size] = start.ravel()
    if master.large and len(times):
        joint = MomentProducts(master, count, mean, order)
        if _series_cost(joint, float(times[-1])) <= min(moment_costs(master, order, float(times[-1]))):
            moved = SeriesPropagator(joint, LONGEST).evolve(initial.reshape(-1), times)[0]
            return moved.reshape(len(times), order + 1, size)
    fed = [jump_operator(master, count**m) / factorial(m) for m in range(1, order + 1)]
    fed[0] = fed[0] - mean * (sparse.eye(size, format="csr") if sparse.issparse(fed[0]) else np.eye(size))
    parts: list[Any] = [master.generator, *fed]
    if dense_is_cheaper(master, order, float(times[-1]) if len(times) else 0.0):
        full = np.array([part.toarray() if sparse.issparse(part) else part for part in parts])
        return PolynomialPropagator(full, master.trace_row).evolve(initial, times)
    rows = [[parts[i - j] if j <= i else None for j in range(order + 1)] for i in range(order + 1)]
    propagator = SparsePropagator(sparse.csr_array(sparse.bmat(rows)))
    vector, result, now = initial.reshape(-1), np.zeros((len(times), initial.size), complex), 0.0
    for j, time in enumerate(times):
        moved, log_scale = propagator.advance(vector, time - now)
        vector, now = moved * np.exp(log_scale), time
        result[j] = vector
    return result.reshape(len(times), order + 1, size)


def cheapest(master: Master, count: np.ndarray, order: int, duration: float) -> float:
    """Return the cost of `resolved_moments` of a count (K,), in dense multiplications."""
    costs = moment_costs(master, order, duration)
    if not master.large:
        return min(costs)
    size = max(float(np.abs(count).max(initial=0.0)), np.finfo(float).tiny)
    return min(*costs, _series_cost(MomentProducts(master, count / size, 0.0, order), duration))


def _series_cost(joint: MomentProducts, duration: float) -> float:
    """Return the cost of series of a joint generator, in dense multiplications."""
    return 20 * SERIES * max(joint.norm * duration, 1.0) * joint.cost


def moment_costs(master: Master, order: int, duration: float) -> tuple[float, float]:
    """Return the costs of `resolved_moments` with dense and with sparse matrices, in dense multiplications.

    A sparse product takes some twenty times as long for each of its elements.
    """
    size, products = len(master.trace_row), (order + 1) * (order + 2) // 2
    generator: Any = master.generator
    steps = max(float(abs(generator).sum(axis=0).max()) * duration, 1.0)
    nonzero = generator.nnz if sparse.issparse(generator) else np.count_nonzero(generator)
    return (float(np.log2(2 * steps)) + 20) * size**3 * products, 20 * 1.5 * (steps + 50) * nonzero * products


def dense_is_cheaper(master: Master, order: int, duration: float) -> bool:
    """Return True where `resolved_moments` takes dense matrices; those of large models would not fit."""
    dense, sparse_cost = moment_costs(master, order, duration)
    return len(master.trace_row) <= SMALL_ENOUGH and (dense <= sparse_cost or len(master.trace_row) <= 80)
