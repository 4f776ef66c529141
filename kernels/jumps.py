"""A block of quantum-jump trajectories, exact in continuous time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from . import kernel
from .arrays import Complex3, Float2, Int1, Int2, Int3
from .matrices import normalise
from .plan import (
    BLOCK,
    CHANNEL,
    DIMENSION,
    FINISH,
    MATRIX,
    MEAN_WAIT,
    METHOD,
    SCALAR,
    SLOT,
    SLOT_END,
    TARGET,
    VECTOR,
    Plan,
)  # fmt: skip
from .streams import BATCH, DRAWS, fill, words
from .waiting import ROWS, evolve, prepare, waiting_time


class Scratch(NamedTuple):
    """Memory that one trajectory after another uses."""

    u0: np.ndarray  # (BATCH,) uniform numbers of the next draws
    u1: np.ndarray
    state: np.ndarray  # (m_max,) state at the beginning of the stretch, normalised
    later: np.ndarray  # (m_max,) state just before a jump
    work: np.ndarray  # (ROWS, m_max)
    after: np.ndarray  # (slots, m_max) states that the jumps of a sector would lead to
    cumulative: np.ndarray  # (slots,) and (m_max,)
    fired: np.ndarray  # (K,) jumps so far


@kernel
def pick(cumulative, begin, end, value):
    """Return the first index in begin..end-2 whose cumulative weight exceeds `value`, else end-1; without branches."""
    index = begin
    for i in range(begin, end - 1):
        index += value >= cumulative[i]
    return index


@kernel
def jump_from_state(plan, s, psi, uniform, cumulative, after):
    """Choose a slot of sector s with probability proportional to ||L psi||^2.

    Returns it, and the row of `after` that holds L psi.
    """
    m = plan.sectors[s, DIMENSION]
    begin = plan.sectors[s, SLOT]
    n = plan.sectors[s, SLOT_END] - begin
    total = 0.0
    for i in range(n):
        line = plan.slots[begin + i, BLOCK]
        for a in range(plan.sectors[plan.slots[begin + i, TARGET], DIMENSION]):
            element = 0j
            for b in range(m):
                element += plan.jump[line + b] * psi[b]
            after[i, a] = element
            total += element.real**2 + element.imag**2
            line += m
        cumulative[i] = total
    row = pick(cumulative, 0, n, uniform * total)
    return begin + row, row


@kernel
def outcome(plan, s, psi, uniform, cumulative):
    """Return the index of the final measurement's outcome, drawn with probability |<n|psi>|^2."""
    m = plan.sectors[s, DIMENSION]
    line = plan.sectors[s, MATRIX]
    total = 0.0
    for n in range(m):
        overlap = 0j
        for a in range(m):
            overlap += plan.matrices[FINISH, line + a].conjugate() * psi[a]
        total += overlap.real**2 + overlap.imag**2
        cumulative[n] = total
        line += m
    return plan.finish_index[plan.sectors[s, VECTOR] + pick(cumulative, 0, m, uniform * total)]


@kernel
def sample(plan, s, t, scratch, count, psi):
    """Write down the trajectory's jumps so far and its normalised state, t after the last jump."""
    for k in range(len(count)):
        count[k] = scratch.fired[k]
    for a in range(len(psi)):
        psi[a] = 0.0
    if plan.sectors[s, METHOD] == SCALAR:
        psi[0] = 1.0
    else:
        evolve(plan, s, scratch.state, t, scratch.work, psi)
        normalise(psi, plan.sectors[s, DIMENSION])


@kernel
def enter(plan, s, vector, scratch):
    """Start a no-jump stretch in sector s from a vector, not necessarily normalised."""
    if plan.sectors[s, METHOD] != SCALAR:
        m = plan.sectors[s, DIMENSION]
        for a in range(m):
            scratch.state[a] = vector[a]
        normalise(scratch.state, m)
        prepare(plan, s, scratch.state, scratch.work)


@kernel
def draw(n, stream, scratch):
    """Return the place in scratch.u0 and scratch.u1 of draw n >= 1, drawn with the rest of its batch if need be."""
    k = n & (BATCH - 1)
    if k == 0:
        if n >= DRAWS:
            raise OverflowError("a trajectory has used up its 2^32 random draws: shorten the duration")
        fill(n, stream, scratch.u0, scratch.u1)
    return k


@kernel
def wait(plan, s, scalar, uniform, remaining, scratch):
    """Return the time from the beginning of the stretch to its jump, infinity or more than `remaining` without one.

    scalar: whether sector s has one dimension. scratch.later becomes the state just before the jump, where it has more.
    """
    log_r = math.log(uniform)
    if scalar:
        return -log_r * plan.rates[s, MEAN_WAIT]
    return waiting_time(plan, s, scratch.state, log_r, remaining, scratch.work, scratch.later)


@kernel
def jump(plan, s, scalar, uniform, scratch):
    """Jump out of sector s after `wait` and start the next stretch; return its sector and the channel."""
    if scalar:
        slot = pick(plan.slot_cumulative, plan.sectors[s, SLOT], plan.sectors[s, SLOT_END], uniform)
        s = plan.slots[slot, TARGET]
        enter(plan, s, plan.jump[plan.slots[slot, BLOCK] :], scratch)
    else:
        slot, row = jump_from_state(plan, s, scratch.later, uniform, scratch.cumulative, scratch.after)
        s = plan.slots[slot, TARGET]
        enter(plan, s, scratch.after[row], scratch)
    return s, plan.slots[slot, CHANNEL]


@kernel
def most_slots(plan):
    """Return the largest number of channels out of a sector, at least 1."""
    slots = 1
    for s in range(len(plan.sectors)):
        slots = max(slots, plan.sectors[s, SLOT_END] - plan.sectors[s, SLOT])
    return slots


@kernel
def trajectory(plan, stream, scratch, counts, sector, psi, record_times, record_channels):
    """Sample one trajectory; return its initial state, final outcome and number of jumps."""
    times = plan.times
    u0, u1 = scratch.u0, scratch.u1
    fill(0, stream, u0, u1)
    last_uniform = u1[0]
    start = pick(plan.start_cumulative, 0, len(plan.start_cumulative), u0[0] * plan.start_cumulative[-1])
    s = plan.start_sector[start]
    enter(plan, s, plan.start_vector[start], scratch)
    for k in range(len(scratch.fired)):
        scratch.fired[k] = 0
    t, j, n = 0.0, 0, 0
    while True:
        k = draw(n + 1, stream, scratch)
        scalar = plan.sectors[s, METHOD] == SCALAR
        now = t + wait(plan, s, scalar, u0[k], times[-1] - t, scratch)
        while j < len(times) and times[j] < now:
            sample(plan, s, times[j] - t, scratch, counts[j], psi[j])
            sector[j] = s
            j += 1
        if j == len(times):
            break
        s, channel = jump(plan, s, scalar, u1[k], scratch)
        scratch.fired[channel] += 1
        t = now
        if n < len(record_times):
            record_times[n] = t
            record_channels[n] = channel
        n += 1
    return start, outcome(plan, s, psi[-1], last_uniform, scratch.cumulative), n


@kernel
def jumps(
    plan: Plan,
    seed: np.uint64,
    point_family: int,
    first: int,
    initial: Int1,
    final: Int1,
    counts: Int3,
    sector: Int2,
    psi: Complex3,
    record_times: Float2,
    record_channels: Int2,
    record_length: Int1,
) -> None:
    """Sample trajectories first, first+1, ..., one for each of the n rows of the arrays that are filled.

    Each is a pure function of (plan, seed, point_family, its number), whatever the rows it is sampled with.
    T sample times, K channels, sectors of dimension at most M.

    point_family: point | family << 28. initial, final: (n,) eigenstate it starts in, outcome of the measurement at the
    end. counts: (n, T, K) jumps of each channel in (0, t]. sector: (n, T), and psi: (n, T, M) normalised state at t in
    its sector's basis, up to a phase, padded with zeros. record_times, record_channels: (n, capacity) the first jumps;
    capacity 0 keeps none. record_length: (n,) number of jumps, also where that is beyond the capacity.
    """
    m_max = plan.start_vector.shape[1]
    slots = most_slots(plan)
    scratch = Scratch(
        np.empty(BATCH),
        np.empty(BATCH),
        np.empty(m_max, np.complex128),
        np.empty(m_max, np.complex128),
        np.empty((ROWS, m_max), np.complex128),
        np.empty((slots, m_max), np.complex128),
        np.empty(max(slots, m_max)),
        np.empty(counts.shape[2], np.int64),
    )
    for i in range(len(initial)):
        stream = words(seed, point_family, first + i)
        initial[i], final[i], record_length[i] = trajectory(
            plan, stream, scratch, counts[i], sector[i], psi[i], record_times[i], record_channels[i]
        )
