"""A population of quantum-jump trajectories, carried from one time to the next so that it can be resampled between."""

from __future__ import annotations

import math

import numpy as np

from . import kernel
from .arrays import Complex2, Float2, Int1, Int2
from .jumps import Scratch, enter, jump_from_state, pick, sample
from .plan import BLOCK, CHANNEL, MEAN_WAIT, METHOD, SCALAR, SLOT, SLOT_END, TARGET, Plan
from .streams import BATCH, DRAWS, fill, uniforms, words
from .waiting import ROWS, waiting_time


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
        k = (n + 1) & (BATCH - 1)
        if k == 0:
            if n + 1 >= DRAWS:
                raise OverflowError("a clone has used up its 2^32 random draws: take more windows")
            fill(n + 1, stream, u0, u1)
        log_r = math.log(u0[k])
        scalar = plan.sectors[s, METHOD] == SCALAR
        if scalar:
            now = t - log_r * plan.rates[s, MEAN_WAIT]
        else:
            now = t + waiting_time(plan, s, scratch.state, log_r, duration - t, scratch.work, scratch.later)
        if now > duration:
            sample(plan, s, duration - t, scratch, count, psi)
            return s
        if scalar:
            slot = pick(plan.slot_cumulative, plan.sectors[s, SLOT], plan.sectors[s, SLOT_END], u1[k])
            s = plan.slots[slot, TARGET]
            enter(plan, s, plan.jump[plan.slots[slot, BLOCK] :], scratch)
        else:
            slot, row = jump_from_state(plan, s, scratch.later, u1[k], scratch.cumulative, scratch.after)
            s = plan.slots[slot, TARGET]
            enter(plan, s, scratch.after[row], scratch)
        t = now
        scratch.fired[plan.slots[slot, CHANNEL]] += 1
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
    slots = 1
    for s in range(len(plan.sectors)):
        slots = max(slots, plan.sectors[s, SLOT_END] - plan.sectors[s, SLOT])
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
