"""Numbers of independent events in jump records: jumps that come in bunches count as one event.

Two bounds on the mean size of a bunch, of which the smaller one counts. In a whole record, <n^2>/<n> with the number n
of its jumps: all jumps of a record may hang together, where a phase outlives it. And one more than the mean number of
jumps within a relaxation time before and after a jump: jumps farther apart are independent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trajectories.counting.counted_currents import jump_operator
from trajectories.master.lindblad import Master
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.sampling_moments import trajectory_cumulants

_TINY = np.finfo(float).tiny
SQUARES = 4.0
"""Factor for pairs: their number in a bunch goes with the square of its size."""


class Bunches(NamedTuple):
    """Moments <n>, <n^2>, <n^4> of the number of jumps of some channels in a record, and the number near a jump.

    near: one more than the mean number within a relaxation time of a jump. time: that relaxation time.
    """

    mean: float
    second: float
    fourth: float
    near: float
    time: float

    def of_jumps(self) -> float:
        """Return the mean size of a bunch of jumps."""
        return min(self.second / max(self.mean, _TINY), self.near) if np.isfinite(self.second) else np.inf

    def of_pairs(self, pairs: float, width: float) -> float:
        """Return the mean size of a bunch of pairs whose distances lie in a bin of some width, `pairs` in a record."""
        if not np.isfinite(self.fourth):
            return np.inf
        record = pairs * self.fourth / max(self.second, _TINY) ** 2
        near = self.near * max(1.0, self.near * min(1.0, width / self.time))
        return SQUARES * min(max(1.0, record), near)


def bunches(preparation: Preparation, master: Master, mask: np.ndarray) -> Bunches:
    """Return the bunches of the channels of a mask (K,) from the beginning of counting to the end."""
    column = 0  # that of all jumps, which begins with the counting
    start, begin = preparation.moments.beginning(column)
    end = float(preparation.times[-1])
    weights, interval = mask.astype(float), np.array([end - begin])
    integral = master.block_integrals(start, interval)[0]
    mean = float(weights @ master.jump_rates(integral))
    cumulants = trajectory_cumulants(master, weights, start, interval)
    k2, k3, k4 = float(cumulants.variance[0]), float(cumulants.third[0]), float(cumulants.fourth[0])
    fourth = k4 + 4 * k3 * mean + 3 * k2**2 + 6 * k2 * mean**2 + mean**4
    gap = preparation.gap
    time = min(1 / gap, end - begin) if gap > 0 else end - begin
    kicked = jump_operator(master, weights) @ integral
    _, after = master.propagator(master.generator, trace=master.trace_row).integrate(kicked, time)
    near = 1 + 2 * float(((weights @ master.space.losses).conj() @ after).real) / max(mean, _TINY)
    return Bunches(mean, k2 + mean**2, fourth, near, max(time, _TINY))
