"""Accumulation of sampled trajectories: one row of numbers per trajectory and sample time, sums and histograms."""

from __future__ import annotations

import numpy as np

from . import kernel
from .arrays import Complex2, Complex3, Float1, Float2, Float3, Int1, Int2, Int3
from .observable_table import (
    COUPLING_WORK,
    DIAGONAL,
    ENTROPY,
    ENTROPY_SINCE,
    FIRST_STATIC,
    LOG_STATE,
    OUTSIDE,
    PROJECTION,
    STATE,
    WEIGHT,
    ObservableTable,
)


@kernel
def expectation(operators, row, start, m, amplitudes):
    """Return <psi|A|psi> = sum_ab conj(psi_a) A_ab psi_b of one Hermitian block stored flat from `start`."""
    total = 0.0
    for a in range(m):
        line = start + a * m
        total += operators[row, line + a].real * (amplitudes[a].real ** 2 + amplitudes[a].imag ** 2)
        for b in range(a + 1, m):
            total += 2.0 * (amplitudes[a].conjugate() * operators[row, line + b] * amplitudes[b]).real
    return total


@kernel
def net_entropy(observables, counts):
    """Return sum_pairs n_pair Delta s_pair from integer net counts: equal counts give equal bits, in any order."""
    flow = 0.0
    for pair in range(observables.pair_entropy.shape[0]):
        net = 0
        for k in range(counts.shape[0]):
            net += observables.pair_sign[pair, k] * counts[k]
        flow += net * observables.pair_entropy[pair]
    return flow


@kernel
def count_in_bin(histogram, edges, value):
    """Add one to the bin of `value`: underflow first, overflow last."""
    histogram[np.searchsorted(edges, value, side="right")] += 1


@kernel
def accumulate(
    observables: ObservableTable,
    initial: Int1,
    final: Int1,
    counts: Int3,
    sector: Int2,
    psi: Complex3,
    x: Float3,
    log_weight: Float2,
    density: Complex2,
    histogram: Int2,
    infinite: Int1,
    leak: Float1,
) -> None:
    """Fill x (n, T, Q) and ln w (n, T); add to density (T, D), histogram (H, bins+2), infinite (T,), leak (1,).

    One trajectory after another, so that the sums do not depend on how a block was cut into calls.
    leak[0] is the largest weight found outside the support of the ensemble state.
    """
    n, n_times, n_channels = counts.shape
    n_linear = observables.linear.shape[0]
    n_heats = observables.edges.shape[0] - 1
    zero = np.zeros(n_channels, np.int64)
    for i in range(n):
        log_p0 = observables.log_start[initial[i]]
        energy_from = observables.start_energy[initial[i]]
        since, entropy_from = zero, 0.0
        flow = 0.0
        one_way = 0
        for t in range(n_times):
            now = counts[i, t]
            s = sector[i, t]
            m = observables.dimension[s]
            block = observables.block_offset[s]
            amplitudes = psi[i, t]
            out = x[i, t]
            flow = net_entropy(observables, now)
            one_way = 0
            for k in range(n_channels):
                one_way += observables.one_way[k] * now[k]
            leak[0] = max(leak[0], expectation(observables.varying[t], OUTSIDE, block, m, amplitudes))
            entropy = log_p0 - expectation(observables.varying[t], LOG_STATE, block, m, amplitudes) + flow
            for f in range(observables.static.shape[0]):
                out[n_linear + FIRST_STATIC + f] = expectation(observables.static, f, block, m, amplitudes)
            energy = out[n_linear + FIRST_STATIC]
            if t == observables.burn_index[0]:
                since, entropy_from, energy_from = now, entropy, energy
            heat = 0.0
            for c in range(n_linear):
                value = 0.0
                for k in range(n_channels):
                    value += observables.linear[c, k] * (now[k] - since[k])
                out[c] = value
                if 0 < c <= n_heats:
                    heat += value
            out[n_linear + COUPLING_WORK] = heat - (energy - energy_from)
            out[n_linear + PROJECTION] = expectation(observables.varying[t], DIAGONAL, block, m, amplitudes)
            if one_way > 0:
                infinite[t] += 1
                out[n_linear + ENTROPY] = 0.0
                out[n_linear + ENTROPY_SINCE] = 0.0
                out[n_linear + WEIGHT] = 0.0
                log_weight[i, t] = -np.inf
            else:
                overlap = expectation(observables.varying[t], STATE, block, m, amplitudes)
                log_weight[i, t] = np.log(overlap) - log_p0 - flow
                out[n_linear + ENTROPY] = entropy
                out[n_linear + ENTROPY_SINCE] = entropy - entropy_from
                out[n_linear + WEIGHT] = np.exp(log_weight[i, t])
            for a in range(m):
                for b in range(m):
                    density[t, block + a * m + b] += amplitudes[a] * amplitudes[b].conjugate()
        if one_way == 0:
            drawn = log_p0 - observables.log_finish[final[i]] + flow
            count_in_bin(histogram[0], observables.edges[0], drawn)
        else:
            histogram[0, -1] += 1
        for h in range(1, histogram.shape[0]):
            count_in_bin(histogram[h], observables.edges[h], x[i, n_times - 1, h])
