"""Plain-Python twins of the kernels: slow, obvious, in the full Hilbert space.

They share nothing with the kernels but the definition of the random stream. Every propagator is a dense matrix
exponential of the model's own H_eff, every waiting time comes from Brent's method, every choice from one list of
probabilities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm
from scipy.optimize import brentq

from trajectories.master.eigenensemble import Spectrum
from trajectories.model import Model


def philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x32-10 as printed by Salmon et al., SC11 (2011)."""
    words, (k0, k1) = list(counter), key
    for _ in range(10):
        first, second = 0xD2511F53 * words[0], 0xCD9E8D57 * words[2]
        words = [
            (second >> 32) ^ words[1] ^ k0,
            second % 2**32,
            (first >> 32) ^ words[3] ^ k1,
            first % 2**32,
        ]
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return tuple(words)


def uniforms(seed: int, point_family: int, trajectory: int, draw: int) -> tuple[float, float]:
    """The two uniform numbers of one draw."""
    words = philox((draw, trajectory % 2**32, trajectory >> 32, point_family), (seed % 2**32, seed >> 32))
    pairs = ((words[0], words[1]), (words[2], words[3]))
    first, second = (((high * 2**32 + low) // 2**12 + 0.5) / 2**52 for low, high in pairs)
    return first, second


def chosen(weights: np.ndarray, uniform: float) -> int:
    """The first index at which the running sum exceeds `uniform` times the total."""
    total = math.fsum(weights)
    running = 0.0
    for index, weight in enumerate(weights):
        running += weight
        if running > uniform * total:
            return index
    return int(np.flatnonzero(weights)[-1])


def evolved(h_eff: np.ndarray, psi: np.ndarray, t: float) -> np.ndarray:
    """exp(-i H_eff t) psi."""
    return expm(-1j * h_eff * t) @ psi


def waiting_time(h_eff: np.ndarray, psi: np.ndarray, r: float, remaining: float) -> float:
    """When the norm squared of the unnormalised state has fallen to r; infinity if not within `remaining`."""

    def f(t: float) -> float:
        return math.log(max(np.linalg.norm(evolved(h_eff, psi, t)) ** 2, 1e-300)) - math.log(r)

    if f(remaining) >= 0:
        return math.inf
    # An upper end at which the norm has not yet vanished altogether.
    high = remaining
    while f(high / 2) < 0:
        high /= 2
    return float(brentq(f, 0.0, high, xtol=1e-300, rtol=4 * np.finfo(float).eps))


@dataclass
class Trajectory:
    """What one trajectory did; states (T, d) in the computational basis, counts (T, K)."""

    initial: int
    final: int
    times: list[float]
    channels: list[int]
    states: np.ndarray
    counts: np.ndarray


def trajectory(
    model: Model, start: Spectrum, finish: Spectrum, times: np.ndarray, seed: int, point_family: int, number: int
) -> Trajectory:
    """Sample one trajectory."""
    h_eff = model.hamiltonian - 0.5j * sum(jump.conj().T @ jump for jump in model.operators)
    u_start, u_final = uniforms(seed, point_family, number, 0)
    initial = chosen(start.probabilities, u_start)
    psi, begin = start.vectors[:, initial].astype(complex), 0.0
    jump_times: list[float] = []
    channels: list[int] = []
    states, counts = [], []
    while True:
        u_wait, u_channel = uniforms(seed, point_family, number, len(jump_times) + 1)
        end = begin + waiting_time(h_eff, psi, u_wait, times[-1] - begin)
        for t in times[len(states) :]:
            if t >= end:
                break
            state = evolved(h_eff, psi, t - begin)
            states.append(state / np.linalg.norm(state))
            counts.append(np.bincount(channels, minlength=len(model.operators)))
        if len(states) == len(times):
            break
        psi = evolved(h_eff, psi, end - begin)
        after = [jump @ psi for jump in model.operators]
        channel = chosen(np.array([np.linalg.norm(state) ** 2 for state in after]), u_channel)
        psi, begin = after[channel] / np.linalg.norm(after[channel]), end
        jump_times.append(end)
        channels.append(channel)
    final = chosen(np.abs(finish.vectors.conj().T @ states[-1]) ** 2, u_final)
    return Trajectory(initial, final, jump_times, channels, np.array(states), np.array(counts))


def log_path_probability(
    h_eff: np.ndarray,
    jump_ops: np.ndarray,
    start: np.ndarray,
    log_p: float,
    times: list[float],
    channels: list[int],
    duration: float,
    end: np.ndarray,
) -> float:
    """log_p + ln |<end| U L_kN ... L_k1 U |start>|^2, multiplied out."""
    psi, before = start, 0.0
    for t, channel in zip(times, channels, strict=True):
        psi, before = jump_ops[channel] @ evolved(h_eff, psi, t - before), t
    amplitude = np.vdot(end, evolved(h_eff, psi, duration - before))
    return log_p + 2 * math.log(abs(amplitude))
