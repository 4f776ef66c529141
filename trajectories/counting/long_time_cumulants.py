"""Cumulants of counts in the steady state at long times, and their exact mean and covariance at any time.

A count N(t) = sum_k w_k N_k(t) has the generating function <e^{x N(t)}> = Tr[e^{L_x t} rho(0)]: the
tilted generator L_x has the jump term of channel k multiplied by e^{x w_k}. Its leading eigenvalue theta(x) gives the
cumulant rates c_n = lim d kappa_n/dt = d^n theta/dx^n at x = 0; c_1 = J is the current, c_2 = D the noise (no factor
1/2). With G_n = sum_k w_k^n L_k . L_k^dag, the steady state rho, and L^+ the Drazin inverse of L,

    c_n = sum_{m=1}^n C(n,m) Tr[G_m r_{n-m}],    r_0 = rho,
    r_n = L^+ sum_{m=1}^n C(n,m) (c_m - G_m) r_{n-m}.

Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024); the recursion: Flindt, Novotny, Braggio, Sassetti and
Jauho, PRL 100, 150601 (2008). Finite times: `finite_time_cumulants`.
"""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting.counted_currents import check_weights, jump_operator
from trajectories.master.lindblad import Master

HIGHEST_ORDER = 20


def cumulants(master: Master, weights: ArrayLike, order: int = 4) -> np.ndarray:
    """Return the cumulant rates c_1 ... c_order of a count, (order,) float64, in the steady state.

    weights: (K,) what each channel's jump adds to the count. Unit of c_n: (unit of the count)^n / time.
    Raises InputError for bad weights, or where the steady state is not unique; ValueError unless 1 <= order <= 20.
    """
    count = check_weights(master.model, weights)
    if not 1 <= order <= HIGHEST_ORDER:
        raise ValueError(f"the order of a cumulant lies between 1 and {HIGHEST_ORDER}; it is {order}")
    inverse = master.drazin()
    jumps = [jump_operator(master, count**n) for n in range(1, order + 1)]
    vectors, rates = [inverse.rho], np.zeros(order)
    for n in range(1, order + 1):
        fed = [comb(n, m) * (jumps[m - 1] @ vectors[n - m]) for m in range(1, n + 1)]
        rates[n - 1] = (inverse.trace @ sum(fed)).real
        if n < order:
            kept = [comb(n, m) * rates[m - 1] * vectors[n - m] for m in range(1, n + 1)]
            vectors.append(inverse.solve(sum(kept) - sum(fed)))
    return rates


def covariance(master: Master, weights: ArrayLike) -> np.ndarray:
    """Return the matrix D_ab = lim d Cov(N_a, N_b)/dt of several counts in the steady state, (C, C) float64.

        D_ab = sum_k w_ak w_bk Tr[L_k^dag L_k rho] - Tr[G_a L^+ G_b rho] - Tr[G_b L^+ G_a rho]

    G_a = sum_k w_ak L_k . L_k^dag. weights: (C, K), one row for each count; the identity gives all channels' counts.
    Symmetric, positive semidefinite. Raises InputError as `cumulants` does.
    """
    counts = check_rows(master, weights)
    inverse = master.drazin()
    functionals = counts @ master.space.losses
    response = np.zeros((len(counts), len(counts)))
    for b, count in enumerate(counts):
        vector = inverse.solve(jump_operator(master, count) @ inverse.rho)
        response[:, b] = (functionals.conj() @ vector).real
    shot = (counts * master.jump_rates(master.steady_blocks)) @ counts.T
    return shot - response - response.T


def check_rows(master: Master, weights: ArrayLike) -> np.ndarray:
    """Return the weights of several counts, (C, K) float64; one count, (K,), becomes one row."""
    rows = np.asarray(weights, float)
    return np.array([check_weights(master.model, row) for row in (rows if rows.ndim == 2 else [rows])])
