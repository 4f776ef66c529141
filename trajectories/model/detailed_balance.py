"""Local detailed balance: reversal partners of jumps, their phases, and the entropy of each jump.

A channel k and its partner p (the jump that undoes it) obey local detailed balance

    L_p = e^{-Delta s_k / 2} L_k^dagger,        Delta s_p = -Delta s_k,

where Delta s_k is the entropy (nats) that a jump k gives to its reservoir: -beta delta q_k for a reservoir of inverse
temperature beta when the jump adds the energy delta q_k to the system, and ln(|L_k|^2 / |L_p|^2) otherwise. A channel
with L = L^dagger (dephasing, a projective measurement) is its own partner with Delta s = 0. A one-way channel has no
partner and Delta s = +infinity: Horowitz and Parrondo, NJP 15, 085028 (2013); Manzano, Horowitz and Parrondo,
PRX 8, 031037 (2018).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError, nearest
from trajectories.model.operators import Array, dagger

if TYPE_CHECKING:
    from trajectories.model.channel import Channel, Reservoir

TOLERANCE = 1e-9
"""Allowed deviation from local detailed balance, relative to the largest element, and absolute in Delta s."""

ROUNDING = 1e-12
ONE_WAY = -1
NOT_KNOWN = -2


class Pairing(NamedTuple):
    """Result of `pair_channels` for K channels of dimension d."""

    operators: Array
    """(K, d, d) jump operators whose free phases are chosen so that local detailed balance holds."""
    partner: NDArray[np.int64]
    """(K,) index of the partner, -1 for one-way channels."""
    entropy_steps: NDArray[np.float64]
    """(K,) Delta s in nats, +inf for one-way channels."""
    lines: tuple[str, ...]
    """One line for each pair, for reports."""


def pair_channels(channels: Sequence[Channel], reservoirs: Sequence[Reservoir], entropy: bool) -> Pairing:
    """Find every channel's partner, check local detailed balance and compute the entropy of each jump.

    A channel whose `partner` is None is compared with the channels of its own reservoir (itself included): exactly one
    of them has to be proportional to its adjoint. With entropy=False no search is made and such a channel is one-way.

    Raises InputError: unknown partner, partners in different reservoirs, a map that is not an involution, no candidate,
    several candidates (listed), violated detailed balance (worst element), Delta s of the rates and of the temperature
    disagreeing (both named), a channel with a partner in a reservoir of infinite inverse temperature.
    """
    partner = _declared(channels)
    declared = [p != NOT_KNOWN for p in partner]
    if entropy:
        _search(channels, partner)
    partner = [ONE_WAY if p == NOT_KNOWN else p for p in partner]
    beta = {reservoir.name: reservoir.beta for reservoir in reservoirs}
    counting = {channel.reservoir for channel in channels if channel.quantum is not None}
    operators = np.stack([channel.operator for channel in channels])
    steps = np.full(len(channels), math.inf)
    lines = []
    for k, p in enumerate(partner):
        channel, how = channels[k], "declared" if declared[k] else "found"
        _check_infinite_beta(channel, beta[channel.reservoir], p)
        if p == ONE_WAY:
            if entropy:
                lines.append(f"{channel.name}: one-way  Delta s = inf  ({how})")
        elif p == k:
            for what, value in (("quantum", channel.quantum), ("charge", channel.charge)):
                if value:
                    raise InputError(
                        f"channel {channel.name!r} undoes itself: its {what} {value:g} must be 0 or absent"
                    )
            operators[k] = _hermitian(operators[k], channel)
            steps[k] = 0.0
            lines.append(f"{channel.name} <-> itself  Delta s = 0  ({how})")
        elif p > k:
            operators[p] = _aligned(operators[k], operators[p], channel, channels[p])
            _check_opposite(channel, channels[p])
            quantum = 0.0 if channel.quantum is None and channel.reservoir in counting else channel.quantum
            steps[k] = _entropy_step(operators[k], operators[p], channel, channels[p], beta[channel.reservoir], quantum)
            steps[p] = -steps[k]
            lines.append(f"{channel.name} <-> {channels[p].name}  Delta s = {steps[k] + 0.0:+.6g}  ({how})")
    return Pairing(operators, np.array(partner, dtype=np.int64), steps + 0.0, tuple(lines))


def _declared(channels: Sequence[Channel]) -> list[int]:
    """Return partner indices as declared; a declaration by one of a pair holds for both."""
    names = [channel.name for channel in channels]
    partner = [NOT_KNOWN] * len(channels)
    for k, channel in enumerate(channels):
        if channel.partner is None:
            continue
        if channel.partner == "none":
            partner[k] = ONE_WAY
            continue
        if channel.partner not in names:
            raise InputError(
                f"channel {channel.name!r}: partner {channel.partner!r} is no channel; "
                f"{nearest(channel.partner, names)}allowed: {', '.join(names)}, or 'none' for a one-way channel"
            )
        partner[k] = names.index(channel.partner)
    for k, p in enumerate(list(partner)):
        if p < 0:
            continue
        if channels[p].reservoir != channels[k].reservoir:
            raise InputError(
                f"channel {names[k]!r} of reservoir {channels[k].reservoir!r}: partner {names[p]!r} belongs to "
                f"reservoir {channels[p].reservoir!r}; a jump is undone by its own reservoir"
            )
        if partner[p] == NOT_KNOWN:
            partner[p] = k
        if partner[p] != k:
            other = "none" if partner[p] == ONE_WAY else names[partner[p]]
            raise InputError(
                f"partners are no involution: {names[k]!r} declares partner {names[p]!r}, but the partner of "
                f"{names[p]!r} is {other!r}; it must be {names[k]!r}"
            )
    return partner


def _search(channels: Sequence[Channel], partner: list[int]) -> None:
    """Fill in the partners that were not declared, in place."""
    unknown = [k for k, p in enumerate(partner) if p == NOT_KNOWN]
    for k in unknown:
        fits = [j for j in unknown if proportional_to_adjoint(channels[k].operator, channels[j].operator)]
        same = [j for j in fits if channels[j].reservoir == channels[k].reservoir]
        where = f"channel {channels[k].name!r} of reservoir {channels[k].reservoir!r}"
        if len(same) > 1:
            names = ", ".join(repr(channels[j].name) for j in same)
            raise InputError(f"{where}: {len(same)} channels could undo it ({names}); set partner= to one of them")
        if not same:
            elsewhere = [f"{channels[j].name!r} (reservoir {channels[j].reservoir!r})" for j in fits]
            note = f"; {', '.join(elsewhere)} would fit, but a jump is undone by its own reservoir" if elsewhere else ""
            raise InputError(
                f"{where}: no channel without a declared partner is proportional to the adjoint of its "
                f"operator{note}; "
                'add that channel, or set partner="none" if the jump is truly one-way (infinite entropy), or '
                "entropy=False in the Model if no entropy production is wanted"
            )
        partner[k] = same[0]


def proportional_to_adjoint(operator: Array, other: Array) -> bool:
    """Return True where other = c operator^dagger with a complex number c, to 1e-9 of the larger scale."""
    a, b = dagger(operator) / np.max(np.abs(operator)), other / np.max(np.abs(other))
    c = np.vdot(a, b) / np.vdot(a, a)
    return bool(np.max(np.abs(b - c * a)) <= TOLERANCE)


def _phase(target: Array, operator: Array) -> complex:
    """Return the phase between `operator` and a positive multiple of `target`; exactly 1 within rounding."""
    overlap = complex(np.vdot(operator / np.max(np.abs(operator)), target / np.max(np.abs(target))))
    phase = overlap / abs(overlap) if overlap else 1.0
    return 1.0 + 0.0j if abs(phase - 1.0) <= ROUNDING else phase


def _aligned(operator: Array, other: Array, channel: Channel, partner: Channel) -> Array:
    """Return the partner's operator with its (unphysical) phase such that it is a positive multiple of L_k^dagger."""
    target = dagger(operator)
    aligned = _phase(target, other) * other + 0.0
    scale = math.exp(0.5 * (log_weight(other) - log_weight(operator)))
    _compare(aligned, scale * target, channel, partner)
    return aligned


def _hermitian(operator: Array, channel: Channel) -> Array:
    """Return a self-partnered operator with its phase chosen so that it is Hermitian."""
    square = _phase(dagger(operator), operator)
    hermitian = np.sqrt(square) * operator + 0.0
    _compare(hermitian, dagger(hermitian), channel, channel)
    return hermitian


def _compare(given: Array, wanted: Array, channel: Channel, partner: Channel) -> None:
    deviation = np.abs(given - wanted)
    worst = float(np.max(deviation) / np.max(np.abs(given)))
    if worst > TOLERANCE:
        i, j = (int(x) for x in np.unravel_index(np.argmax(deviation), deviation.shape))
        raise InputError(
            f"channel {channel.name!r}: its partner {partner.name!r} is not proportional to the adjoint of its "
            f"operator: element ({i}, {j}) is {given[i, j]:.10g} and should be {wanted[i, j]:.10g} "
            f"(off by {worst:.2g} of the largest element, allowed {TOLERANCE:g})"
        )


def log_weight(operator: Array) -> float:
    """Return ln of the squared Hilbert-Schmidt norm, without overflow."""
    largest = float(np.max(np.abs(operator)))
    return 2.0 * (math.log(largest) + math.log(float(np.linalg.norm(operator / largest))))


def _check_opposite(channel: Channel, partner: Channel) -> None:
    """Raise InputError unless quantum and charge of two partners are opposite numbers."""
    for what, mine, its in (
        ("quantum", channel.quantum, partner.quantum),
        ("charge", channel.charge, partner.charge),
    ):
        if (mine is None) != (its is None) or (mine is not None and its != -mine):
            raise InputError(
                f"channel {channel.name!r} has {what} {mine} and its partner {partner.name!r} has {what} "
                f"{its}; they must be opposite numbers (or both absent)"
            )


def _entropy_step(
    operator: Array, other: Array, channel: Channel, partner: Channel, beta: float | None, dq: float | None
) -> float:
    """Return Delta s of `channel`, from the temperature where it and the quantum dq are known, else from the rates."""
    from_rates = log_weight(operator) - log_weight(other)
    if beta is None or dq is None:
        return from_rates
    step = -beta * dq
    if not abs(step - from_rates) <= TOLERANCE:
        absent = " (it has no quantum, which is 0 beside others of its reservoir)" if channel.quantum is None else ""
        raise InputError(
            f"channel {channel.name!r} of reservoir {channel.reservoir!r}{absent}: Delta s = -beta*quantum = "
            f"{step:.12g}, but the rates give ln(|L|^2/|L_partner|^2) = {from_rates:.12g} with partner "
            f"{partner.name!r}; they must agree to {TOLERANCE:g}"
        )
    return step + 0.0


def _check_infinite_beta(channel: Channel, beta: float | None, partner: int) -> None:
    if beta is None or not math.isinf(beta):
        return
    where = f"channel {channel.name!r} of reservoir {channel.reservoir!r} with beta = {beta:+}"
    if partner != ONE_WAY:
        raise InputError(f'{where}: such a reservoir has only one-way channels; set partner="none", or a finite beta')
    # The sign of beta alone: 0 times infinity would compare as neither.
    if channel.quantum is not None and channel.quantum * math.copysign(1.0, beta) >= 0.0:
        side = "takes energy, quantum < 0" if beta > 0 else "gives energy, quantum > 0"
        raise InputError(f"{where}: quantum {channel.quantum:g} is not possible; this reservoir only {side}")
