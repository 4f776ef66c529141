"""A population of quantum-jump trajectories, carried from one time to the next so that it can be resampled between."""

from __future__ import annotations

import numpy as np

from . import kernel
from .arrays import Complex2, Float2, Int1, Int2
from .jumps import Scratch, draw, enter, jump, most_slots, sample, wait
from .plan import METHOD, SCALAR, Plan
from .streams import BATCH, fill, uniforms, words
from .waiting import ROWS


@kernel
def stretch(plan, stream, scratch, s, psi, count):
    """Carry one clone from psi in sector s through the whole duration; overwrite psi and count, return its sector.

    Draw j >= 1 gives the j-th jump's (waiting time, channel), as in `jumps`.
    """
    duration = plan.times[-1]
    u0, u1 = scratch.u0, scratch.u1
    fill(0, stream, u0, u1)
    enter(plan, s, psi, scratch)
    for k in range(len(scratch.fired)):
        scratch.fired[k] = 0
    t, n = 0.0, 0
    while True:
        k = draw(n + 1, stream, scratch)
        scalar = plan.sectors[s, METHOD] == SCALAR
        now = t + wait(plan, s, scalar, u0[k], duration - t, scratch)
        if now > duration:
            sample(plan, s, duration - t, scratch, count, psi)
            return s
        s, channel = jump(plan, s, scalar, u1[k], scratch)
        scratch.fired[channel] += 1
        t = now
        n += 1


@kernel
def advance(
    plan: Plan,
    seed: np.uint64,
    point_family: int,
    first: int,
    sector: Int1,
    psi: Complex2,
    counts: Int2,
) -> None:
    """Carry n clones through plan.times[-1], clone i with the random stream first + i, and overwrite them.

    sector: (n,), and psi: (n, M) normalised state in its sector's basis, padded with zeros. counts: (n, K) jumps of
    each channel on the way. Each clone is a pure function of (plan, seed, point_family, first + i, its state).
    """
    m_max = psi.shape[1]
    slots = most_slots(plan)
    scratch = Scratch(
        np.empty(BATCH),
        np.empty(BATCH),
        np.empty(m_max, np.complex128),
        np.empty(m_max, np.complex128),
        np.empty((ROWS, m_max), np.complex128),
        np.empty((slots, m_max), np.complex128),
        np.empty(max(slots, m_max)),
        np.empty(counts.shape[1], np.int64),
    )
    for i in range(len(sector)):
        sector[i] = stretch(plan, words(seed, point_family, first + i), scratch, sector[i], psi[i], counts[i])


@kernel
def first_draws(seed: np.uint64, point_family: int, numbers: Int1, out: Float2) -> None:
    """Set out (n, 2) to the two uniform numbers of draw 0, which no clone's jumps use, of the streams `numbers`."""
    for i in range(len(numbers)):
        out[i, 0], out[i, 1] = uniforms(seed, point_family, numbers[i], 0)
