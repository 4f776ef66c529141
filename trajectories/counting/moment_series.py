"""Moments of counts in large sectors: the coupled states M_n as products of the sectors' blocks, without a matrix.

dM_n/dt = L M_n + sum_m G_m M_{n-m}, G_m = sum_k w_k^m/m! L_k . L_k^dag (less c for m = 1): see `finite_time_cumulants`.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from trajectories.master.block_products import BlockProducts
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors


class MomentProducts(BlockProducts):
    """The joint generator of M_0 ... M_order, on vectors ((order + 1) D,).

    count: (K,) steps w_k. mean: c, 1/time. In the trace norm L contracts and the rest is bounded, so that e^{G t} grows
    by at most e^{mu t}, mu = sum_m |G_m|.
    """

    def __init__(self, master: Master, count: np.ndarray, mean: float, order: int) -> None:
        unit = np.ones(len(count))
        super().__init__(master.space, master.sectors, unit)
        self._blocks: Sectors = master.sectors
        self._order, self._mean = order, mean
        self.dimension *= order + 1
        steps = [
            (count[k], source, int(target))
            for k in range(len(count))
            for source, target in enumerate(master.space.targets[k])
            if target >= 0
        ]
        # In the order of `jumps`; one coefficient w^m / m! for each power.
        self._feeds = [[step**m / factorial(m) for m in range(1, order + 1)] for step, _, _ in steps]
        sizes = [float(np.linalg.norm(jump, 2)) ** 2 for _, _, jump in self.jumps]
        fed = np.abs(np.reshape(self._feeds, (len(steps), order))).T @ np.reshape(sizes, (len(steps),))
        self._fed = float(fed.sum()) + abs(mean)
        self.norm = super().norm + self._fed
        self.growth = self._fed
        self.cost = (order + 1) * super().cost

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Return the joint generator on M_0 ... M_order, ((order + 1) D,)."""
        moments = vector.reshape(self._order + 1, -1)
        states = list(self._blocks.split(moments))
        changes = [drift @ rho for drift, rho in zip(self.drifts, states, strict=True)]
        for s, (drift, rho) in enumerate(zip(self.drifts, states, strict=True)):
            changes[s] += rho @ drift.conj().T
            changes[s][1:] -= self._mean * rho[:-1]
        for (source, target, jump), feeds in zip(self.jumps, self._feeds, strict=True):
            arriving = jump @ states[source] @ jump.conj().T
            changes[target] += arriving
            for m, weight in enumerate(feeds, start=1):
                if weight:
                    changes[target][m:] += weight * arriving[:-m]
        rows = self._order + 1
        return np.concatenate([change.reshape(rows, -1) for change in changes], axis=1).ravel()
