"""A model compiled for the kernels: nothing but arrays, so that it can be stored, sent and hashed."""

from __future__ import annotations

from typing import NamedTuple

from .arrays import Complex1, Complex2, Float1, Float2, Int1, Int2

# How a sector's no-jump evolution is computed.
SCALAR, CLOSED, EIGEN, GRID = 1, 2, 3, 4

# Columns of `sectors`. MATRIX and VECTOR: where the sector begins in arrays with m^2 and with m elements for each
# sector; its slots (channels that can fire in it) are SLOT to SLOT_END - 1; PROPAGATORS: where its LEVELS propagators
# begin in `grid`.
DIMENSION, METHOD, MATRIX, VECTOR, SLOT, SLOT_END, PROPAGATORS, LEVELS = range(8)

# Columns of `rates`. The mean diagonal element of H_eff is a phase, left out, and -i DECAY; STIFFNESS: norm of the
# rest; SLOWEST and FASTEST: bounds of the total jump rate; MEAN_WAIT: one over it where the method is SCALAR.
DECAY, STIFFNESS, SLOWEST, FASTEST, MEAN_WAIT = range(5)

# Rows of `matrices`. TRACELESS: H_eff without its mean diagonal element; LOSS: i (H_eff - H_eff^dag), whose
# expectation is the total jump rate; RIGHT: eigenvectors as columns, LEFT: its inverse (method EIGEN); FINISH: rows
# are the final measurement's states.
TRACELESS, LOSS, RIGHT, LEFT, FINISH = range(5)

# Columns of `slots`. TARGET: sector after the jump; BLOCK: where the m_target x m_source jump matrix begins in `jump`.
CHANNEL, TARGET, BLOCK = range(3)


class Plan(NamedTuple):
    """S sectors of dimension m, d = sum m, D = sum m^2, T sample times, n0 initial states. Matrices are flat,
    row-major.

    Few arrays with named columns: the time to compile a kernel grows with their number.
    """

    times: Float1  # (T,) rising; the last is the duration
    start_cumulative: Float1  # (n0,) cumulative probabilities of the initial states
    start_sector: Int1  # (n0,)
    start_vector: Complex2  # (n0, m_max) in the basis of their sector
    sectors: Int2  # (S, 8)
    rates: Float2  # (S, 5)
    matrices: Complex2  # (5, D)
    eigenvalues: Complex1  # (d,) EIGEN: of TRACELESS - i DECAY; CLOSED: of TRACELESS, +-Omega, Im Omega >= 0 first
    grid: Complex2  # (1, ...) GRID: exp(-i (TRACELESS - i DECAY) T / 2^k), k = 1..LEVELS, one after another
    slots: Int2  # (slots, 3)
    slot_cumulative: Float1  # (slots,) SCALAR: cumulative probability of the sector's channels
    jump: Complex1  # blocks of the jump operators
    finish_index: Int1  # (d,) index of the outcome that each row of FINISH stands for
