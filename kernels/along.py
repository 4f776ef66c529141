"""The entropy production along trajectories whose sectors all have dimension one, where it exists at every instant."""

from __future__ import annotations

import numpy as np

from . import kernel
from .arrays import Float1, Float2, Int1, Int2


@kernel
def extrema(
    log_steady: Float1,
    start_sector: Int1,
    target: Int2,
    pair_sign: Int2,
    pair_entropy: Float1,
    one_way: Int1,
    initial: Int1,
    offsets: Int1,
    channels: Int1,
    extremes: Float2,
) -> None:
    """Fill extremes (n, 2) with the lowest and the highest value of Delta S(t), 0 <= t <= T, of each of n trajectories.

    Delta S(t) = ln pi(n_0) - ln pi(n_t) + sum_{t_j <= t} Delta s_{k_j} changes at jumps alone, and is 0 at first. Jumps
    enter as integer net counts of their pairs, as in `accumulate`. After a one-way jump it is +inf, which is left out.

    log_steady: (S,) ln of each sector's probability. start_sector: (n0,). target: (S, K) sector after a jump of each
    channel, -1 where it cannot fire. pair_sign: (P, K). pair_entropy: (P,). one_way: (K,). initial: (n,) index of the
    state a trajectory starts in. offsets: (n+1,), channels: (J,) its jumps, one trajectory after another.
    """
    net = np.zeros(len(pair_entropy), np.int64)
    for i in range(len(initial)):
        s = start_sector[initial[i]]
        begin = log_steady[s]
        lowest, highest = 0.0, 0.0
        net[:] = 0
        for j in range(offsets[i], offsets[i + 1]):
            k = channels[j]
            s = target[s, k]
            if one_way[k] == 1:
                break
            flow = 0.0
            for pair in range(len(net)):
                net[pair] += pair_sign[pair, k]
                flow += net[pair] * pair_entropy[pair]
            now = begin - log_steady[s] + flow
            lowest = min(lowest, now)
            highest = max(highest, now)
        extremes[i, 0] = lowest
        extremes[i, 1] = highest
