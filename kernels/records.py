"""Numbers that follow from the jump record of each trajectory: waiting times, pairs, Fourier sums, first passages.

Trajectory i has the jumps offsets[i] ... offsets[i+1]-1 of `times` and `channels`. Each function fills one row of
numbers per trajectory; `counted` and the like are one number per channel.
"""

from __future__ import annotations

import math

import numpy as np

from . import kernel
from .arrays import Float1, Float2, Int1, Int2


@kernel
def place(edges, value):
    """Return the bin of a value >= edges[0]: that of edges[b] <= value < edges[b+1], or one beyond the last."""
    return np.searchsorted(edges, value, side="right") - 1


@kernel
def waits(
    offsets: Int1,
    times: Float1,
    channels: Int1,
    starts: Int1,
    stops: Int1,
    begin: float,
    last: float,
    edges: Float1,
    x: Float2,
) -> None:
    """Fill x (n, bins+2) from the jumps of `starts` in (begin, last] and the first jump of `stops` after each.

    Columns: how many start; how many wait as long as each bin says; the sum of the waits, cut at edges[bins].
    edges (bins+1,): from 0, rising.
    """
    bins = len(edges) - 1
    for i in range(len(x)):
        following = math.inf
        for j in range(offsets[i + 1] - 1, offsets[i] - 1, -1):
            t = times[j]
            if starts[channels[j]] and begin < t <= last:
                wait = following - t
                x[i, 0] += 1.0
                x[i, bins + 1] += min(wait, edges[bins])
                if wait < edges[bins]:
                    x[i, 1 + place(edges, wait)] += 1.0
            if stops[channels[j]]:
                following = t


@kernel
def pairs(
    offsets: Int1,
    times: Float1,
    channels: Int1,
    starts: Int1,
    stops: Int1,
    begin: float,
    last: float,
    edges: Float1,
    x: Float2,
) -> None:
    """Fill x (n, bins+2) from the jumps of `starts` in (begin, last] and every jump of `stops` after each.

    Columns: how many start; how many pairs have the distance that each bin says; how many of `stops` after `begin`.
    """
    bins = len(edges) - 1
    for i in range(len(x)):
        for j in range(offsets[i], offsets[i + 1]):
            t = times[j]
            if stops[channels[j]] and t > begin:
                x[i, bins + 1] += 1.0
            if not (starts[channels[j]] and begin < t <= last):
                continue
            x[i, 0] += 1.0
            for k in range(j + 1, offsets[i + 1]):
                distance = times[k] - t
                if distance >= edges[bins]:
                    break
                if stops[channels[k]]:
                    x[i, 1 + place(edges, distance)] += 1.0


@kernel
def fourier(
    offsets: Int1, times: Float1, channels: Int1, weights: Float1, begin: float, omegas: Float1, x: Float2
) -> None:
    """Fill x (n, 2 F) with real and imaginary parts of sum_j w_{k_j} e^{-i omega (t_j - begin)}, over t_j > begin."""
    for i in range(len(x)):
        for j in range(offsets[i], offsets[i + 1]):
            weight = weights[channels[j]]
            if weight == 0.0 or times[j] <= begin:
                continue
            for f in range(len(omegas)):
                phase = omegas[f] * (times[j] - begin)
                x[i, 2 * f] += weight * math.cos(phase)
                x[i, 2 * f + 1] -= weight * math.sin(phase)


@kernel
def passages(
    offsets: Int1,
    times: Float1,
    channels: Int1,
    sector: Int1,
    target: Int2,
    steps: Float2,
    begin: float,
    low: float,
    high: float,
    x: Float2,
) -> None:
    """Fill x (n, 2): when the sum of steps after `begin` first leaves low < sum < high (inf: never), and 1 if upwards.

    sector (n,): where each starts. target, steps (K, S): where a jump leads from a sector, and what it adds.
    """
    for i in range(len(x)):
        s = sector[i]
        total = 0.0
        x[i, 0] = math.inf
        for j in range(offsets[i], offsets[i + 1]):
            step = steps[channels[j], s]
            s = target[channels[j], s]
            if times[j] <= begin:
                continue
            total += step
            if total <= low or total >= high:
                x[i, 0] = times[j]
                x[i, 1] = 1.0 if total >= high else 0.0
                break
