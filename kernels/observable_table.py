"""The arrays that define the numbers measured on a trajectory, and the places of these numbers in its row."""

from __future__ import annotations

from typing import NamedTuple

from .arrays import Complex2, Complex3, Float1, Float2, Int1, Int2

# Columns of a trajectory's row behind the linear forms; the static functionals follow. Each of the five has its line
# in the kernel `accumulate` and its entry in `sampling.quantities`.
ENTROPY_SINCE, ENTROPY, WEIGHT, COUPLING_WORK, PROJECTION = range(5)
FIRST_STATIC = 5

# Rows of `varying`, the operators that change with the ensemble state rho(t).
STATE, LOG_STATE, OUTSIDE, DIAGONAL = range(4)


class ObservableTable(NamedTuple):
    """Weights, operators and histogram edges; K channels, T sample times, S sectors of D = sum m^2 block elements."""

    dimension: Int1  # (S,) int64: dimension m of each sector
    block_offset: Int1  # (S+1,) int64: where each sector's block begins among the D elements
    linear: Float2  # (C, K) float64: linear forms of the counts: all jumps, the counted heats, others
    pair_sign: Int2  # (P, K) int64: +1 for a channel, -1 for its partner, one row for each pair
    pair_entropy: Float1  # (P,) float64: Delta s of the pair's first channel
    one_way: Int1  # (K,) int64: 1 for a channel without a reversal partner
    log_start: Float1  # (n0,) float64: ln p(n0)
    start_energy: Float1  # (n0,) float64: <n0|H|n0>
    log_finish: Float1  # (nT,) float64: ln p(nT)
    static: Complex2  # (F, D) complex128: Hermitian functionals of the state, the energy first
    varying: Complex3  # (T, 4, D) complex128: rho, ln rho, projector outside its support, pinched H minus H
    burn_index: Int1  # (1,) int64: sample time at which counting starts, -1 for time 0
    edges: Float2  # (H, bins+1) float64: histogram edges, of the entropy first, then of each of the H-1 heats
