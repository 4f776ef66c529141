"""Mean and covariance of counts at long times, rates and constants, from the Drazin inverse: independent of transients.

With L^+ the Drazin inverse of L, Cov(N_a, N_b) = D_ab t + const + (what decays), and from the steady state the constant
is -Tr[G_a (L^+)^2 G_b rho] + (a <-> b).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting.counted_currents import jump_operator
from trajectories.counting.long_time_cumulants import check_rows, covariance
from trajectories.master.lindblad import Master


class Asymptote(NamedTuple):
    """At long times the mean is mean_rate t + mean_offset and the covariance covariance_rate t + covariance_offset.

    Shapes (C,), (C,), (C, C), (C, C); numbers for a single count.
    """

    mean_rate: np.ndarray
    mean_offset: np.ndarray
    covariance_rate: np.ndarray
    covariance_offset: np.ndarray


def long_time(master: Master, weights: ArrayLike, start: np.ndarray | None = None) -> Asymptote:
    """Return rates and constants of mean and covariance of counts at long times; arguments: those of `finite_time`.

    From the steady state the constants are 0 for the mean and -2 Tr[G (L^+)^2 G rho] for the variance. From rho(0) they
    are m = -Tr[G y] with y = L^+ rho(0), and 2 Tr[G L^+ (G - J) y] - sum_k w_k^2 Tr[L_k^dag L_k y] - m^2 besides.
    """
    single = np.ndim(weights) == 1
    master = master if start is None else master.covering(start)
    counts = check_rows(master, weights)
    inverse = master.drazin()
    functionals, jumps, means = operators(master, counts)
    vectors = [inverse.solve(inverse.solve(jump @ inverse.rho)) for jump in jumps]
    half = -(functionals.conj() @ np.array(vectors).T).real
    offset, shift, missed = np.zeros(len(counts)), np.zeros_like(half), np.zeros(len(master.model.operators))
    if start is not None:
        moved = inverse.solve(master.flattened(start))
        missed = -master.jump_rates(moved)
        offset = counts @ missed
        turned = [inverse.solve(jump @ moved - mean * moved) for jump, mean in zip(jumps, means, strict=True)]
        shift = (functionals.conj() @ np.array(turned).T).real
    constant = half + shift
    total = constant + constant.T + (counts * missed) @ counts.T - np.outer(offset, offset)
    result = Asymptote(means, offset, covariance(master, counts), total)
    return Asymptote(*(part.reshape(-1)[0] for part in result)) if single else result


def operators(master: Master, counts: np.ndarray) -> tuple[np.ndarray, list, np.ndarray]:
    """Return (C, D) whose conjugates give Tr[G_a .], the operators G_a on blocks, and the currents J_a, (C,)."""
    means = counts @ master.jump_rates(master.steady_blocks)
    return counts @ master.space.losses, [jump_operator(master, count) for count in counts], means
