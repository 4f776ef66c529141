"""Correlations in time of the jumps in the steady state: power spectrum, g2, and waiting times.

With the current I(t) = dN/dt of a count, G = sum_k w_k L_k . L_k^dag, the steady state rho and Q = 1 - rho Tr,

    <I(t) I(t+tau)> - J^2 = K delta(tau) + F(tau),  K = sum_k w_k^2 Tr[L_k^dag L_k rho],
    F(tau) = Tr[G e^{L |tau|} Q G rho],
    S(omega) = int e^{-i omega tau} <<I(t) I(t+tau)>> dtau = K - 2 Re Tr[G (L - i omega)^{-1} Q G rho].

S(0) = D, S(omega -> inf) = K. Waiting times: the jumps that end the wait do not happen before its end, so that with
G_A = sum_{k in A} L_k . L_k^dag and L_0 = L - G_ends

    w(tau) = Tr[G_stop e^{L_0 tau} G_start rho]/Tr[G_start rho].

Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024); waiting times: Brandes, Ann. Phys. 17, 477 (2008).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting.counted_currents import Channels, check_weights, firing, jump_operator, members
from trajectories.errors import InputError
from trajectories.master.lindblad import Master
from trajectories.master.linear_solvers import Factors
from trajectories.master.states import check_times


class WaitingTime(NamedTuple):
    """probability: that the wait ends with a jump of `stop`; mean and standard_deviation of the wait where it does."""

    probability: float
    mean: float
    standard_deviation: float


def power_spectrum(master: Master, weights: ArrayLike, frequencies: ArrayLike) -> np.ndarray:
    """Return S(omega) of a count's current in the steady state, (F,) float64 (unit of the count squared / time).

    weights: (K,). frequencies: (F,) angular, of either sign; S is even. S(0) is the noise. Raises InputError for bad
    weights or frequencies, or where the steady state is not unique.
    """
    count = check_weights(master.model, weights)
    omegas = np.asarray(frequencies, float)
    if omegas.ndim != 1 or not np.isfinite(omegas).all():
        raise InputError("the frequencies of a spectrum must be a list of finite numbers")
    rho, functional = master.steady_blocks, count @ master.space.losses.conj()
    kicked = jump_operator(master, count) @ rho
    shot = float(count**2 @ master.jump_rates(rho))
    return np.array([shot - 2 * (functional @ master.drazin(1j * omega).solve(kicked)).real for omega in omegas])


def g2(master: Master, first: Channels, times: ArrayLike, second: Channels | None = None) -> np.ndarray:
    """Return g2(tau) = Tr[G_second e^{L tau} G_first rho]/(Tr[G_second rho] Tr[G_first rho]), (T,) float64.

    How much likelier a jump of `second` is a time tau after one of `first` than at any time; 1 for tau -> inf.
    first, second: channels, by name or index, one or several; second defaults to first. times: (T,), from 0 on, not
    falling. Raises InputError for unknown channels, ones that never fire, bad times, or a steady state not unique.
    """
    source, rate = firing(master, first)
    target, target_rate = (source, rate) if second is None else firing(master, second)
    kicked = jump_operator(master, source.astype(float)) @ master.steady_blocks
    functional = target.astype(float) @ master.space.losses
    return _evolved(master, master.generator, kicked / rate, functional / target_rate, times, conserving=True)


def waiting_time_density(
    master: Master, start: Channels, stop: Channels, times: ArrayLike, ends: Channels | None = None
) -> np.ndarray:
    """Return w(tau), (T,) float64 (1/time): the density of the time from a jump of `start` to a jump of `stop`.

    start, stop: channels, by name or index, one or several. ends: the channels any of whose jumps ends the wait, with
    `stop` among them. Default: `stop` alone, whatever happens in between; then w integrates to 1. With every channel in
    `ends` it is the density that the very next jump is one of `stop` and comes at tau, and integrates to the
    probability of that. times: (T,), from 0 on, not falling. In the steady state.
    Raises InputError for unknown channels, ones that never fire, bad times, or a steady state that is not unique.
    """
    generator, started, functional = _wait(master, start, stop, ends)
    return _evolved(master, generator, started, functional, times)


def waiting_time_distribution(
    master: Master, start: Channels, stop: Channels, times: ArrayLike, ends: Channels | None = None
) -> np.ndarray:
    """Return the integral of `waiting_time_density` from 0 to tau, (T,) float64; differences are bin probabilities."""
    generator, started, functional = _wait(master, start, stop, ends)
    passed = Factors(generator).solve(started)
    left = _evolved(master, generator, passed, functional, times)
    return left - float((functional.conj() @ passed).real)


def mean_waiting_time(master: Master, start: Channels, stop: Channels, ends: Channels | None = None) -> WaitingTime:
    """Return the moments of `waiting_time_density`, from the integrals of tau^n e^{L_0 tau}, n! (-L_0)^{-n-1}.

    Between all jumps the mean is the inverse of the dynamical activity. Arguments and errors as there; mean and
    standard deviation are nan where the wait never ends with `stop`.
    """
    generator, started, functional = _wait(master, start, stop, ends)
    factors, vector, moments = Factors(generator), started, []
    for n in range(3):
        vector = -max(n, 1) * factors.solve(vector)
        moments.append(float((functional.conj() @ vector).real))
    if moments[0] <= 0.0:
        return WaitingTime(0.0, np.nan, np.nan)
    mean, square = moments[1] / moments[0], moments[2] / moments[0]
    return WaitingTime(moments[0], mean, float(np.sqrt(max(0.0, square - mean**2))))


def _wait(
    master: Master, start: Channels, stop: Channels, ends: Channels | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return L_0, the state after a jump of `start`, and the functional of a jump of `stop`."""
    source, rate = firing(master, start)
    target, _ = firing(master, stop)
    ending = target if ends is None else members(master.model, ends)
    if (target & ~ending).any():
        name = master.model.channels[int(np.argmax(target & ~ending))].name
        raise InputError(f"waiting times: channel {name!r} is to stop the wait, but is not among those that end it")
    started = jump_operator(master, source.astype(float)) @ master.steady_blocks / rate
    return master.tilted(np.where(ending, 0.0, 1.0)), started, target.astype(float) @ master.space.losses


def _evolved(
    master: Master,
    generator: np.ndarray,
    vector: np.ndarray,
    functional: np.ndarray,
    times: ArrayLike,
    conserving: bool = False,
) -> np.ndarray:
    """Return Tr[A e^{G t} vector], (T,) float64, with A given as conjugated blocks."""
    instants = check_times(np.asarray(times, float))
    propagator = master.propagator(generator, trace=master.trace_row if conserving else None)
    result, log_scale, now = np.zeros(len(instants)), 0.0, 0.0
    for j, time in enumerate(instants):
        vector, log_step = propagator.advance(vector, time - now)
        log_scale, now = log_scale + log_step, time
        result[j] = (functional.conj() @ vector).real * np.exp(log_scale)
    return result
