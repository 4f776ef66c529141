"""Waiting times: the closed 2x2 exponential, the law of the first jump for every method, and dark states."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from compiled import Compiled, Sampled
from machines import bright_and_dark, compiled, driven_qubit, pure, threefold_exceptional_point
from scipy.linalg import expm
from small_models import random_model

from trajectories.kernels import closed
from trajectories.kernels.plan import CHANNEL, CLOSED, EIGEN, GRID, METHOD, SCALAR, Plan
from trajectories.model import Channel, Model
from trajectories.systems import diamond

compiled_only = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="too many trajectories for plain Python")


@numba.njit
def damped_cosine_sine(omega, decay, t):
    return closed.damped_cosine_sine(omega, decay, t)


OMEGAS = [0, 1e-12, 1e-6, 0.01j, 0.3, 0.2999999, 0.3j, 1.0, 1j, 0.4 + 0.3j, -2 + 0.7j, 25.0 + 1j, 3e3]


@pytest.mark.interpreted
@pytest.mark.parametrize("omega", OMEGAS)
def test_closed_exponential_is_that_of_a_matrix(omega: complex) -> None:
    """B = [[0, 1], [Omega^2, 0]] has B^2 = Omega^2, so that exp(-i B t) = [[c, -i s], [-i Omega^2 s, c]]."""
    omega = complex(omega)
    decay = omega.imag + 0.1
    for t in (0.0, 1e-3, 0.3, 1.0, 1.7):
        cosine, sine = damped_cosine_sine(omega, decay, t)
        exact = expm(np.array([[-decay, -1j], [-1j * omega**2, -decay]]) * t)
        # expm loses digits with the norm, |Omega|^2 t here.
        precision = 1e-14 * (1 + abs(omega) ** 2 * t)
        assert cosine == pytest.approx(exact[0, 0], abs=precision)
        assert sine == pytest.approx(exact[0, 1] / -1j, abs=precision)
        assert sine == pytest.approx(exact[0, 1] / -1j, rel=precision * 10, abs=1e-300)


@pytest.mark.interpreted
def test_closed_exponential_does_not_overflow() -> None:
    # Omega = i decay: one of the two levels does not decay at all.
    cosine, sine = damped_cosine_sine(2j, 2.0, 1e6)
    assert cosine == 0.5
    assert sine == 0.25


def first_jumps(machine: Compiled, n: int, plan: Plan | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Time and channel of the first jump of those of n trajectories that had one."""
    sampled = machine.sample(n, capacity=1, plan=plan)
    jumped = sampled.record_length > 0
    return sampled.record_times[jumped, 0], sampled.record_channels[jumped, 0]


def stretch(machine: Compiled, times: np.ndarray) -> np.ndarray:
    """Unnormalised states (n, d) at the end of no-jump stretches from the start, by dense exponentials."""
    psi = machine.start.vectors[:, int(np.argmax(machine.start.probabilities))]
    return expm(-1j * machine.model.effective_hamiltonian * times[:, None, None]) @ psi


def law_of_the_first_jump(machine: Compiled, n: int, plan: Plan | None = None) -> tuple[float, float]:
    """Compare first jump times with S(t) = ||exp(-i H_eff t) psi||^2.

    Returns the Kolmogorov-Smirnov distance of (S(t) - S(T))/(1 - S(T)) from uniform, times the root of the sample size,
    and the number of trajectories with a jump, in standard deviations from n (1 - S(T)).
    """
    times, _ = first_jumps(machine, n, plan)
    survived = np.linalg.norm(stretch(machine, machine.times[-1:])) ** 2
    uniform = np.sort((np.linalg.norm(stretch(machine, times), axis=1) ** 2 - survived) / (1 - survived))
    steps = np.arange(len(times) + 1) / len(times)
    distance = max(np.max(steps[1:] - uniform), np.max(uniform - steps[:-1])) * math.sqrt(len(times))
    return float(distance), float((len(times) - n * (1 - survived)) / math.sqrt(n * survived * (1 - survived)))


def from_state(model: Model, psi: list[complex], duration: float) -> Compiled:
    return Compiled(model, pure(psi), np.array([duration]))


FIRST = {
    SCALAR: from_state(diamond(beta_A=-1.0, beta_S=1.0), [0, 1, 1, 0], 0.4),
    CLOSED: from_state(driven_qubit(rabi=3.0), [0.6, 0.8j], 2.0),
    EIGEN: from_state(random_model(3, 2, 1), [1, 0.5j, -0.3], 0.2),
    GRID: from_state(threefold_exceptional_point(), [1, 0, 2j], 2.0),
}
N = 20_000
# P(sqrt(n) D > 2.7) < 2 exp(-2 * 2.7^2) = 1e-6, and a normal number is beyond 5 with probability 6e-7.
TOO_FAR, TOO_MANY = 2.7, 5.0


@compiled_only
@pytest.mark.parametrize("method", FIRST)
def test_first_jump_times_follow_the_norm(method: int) -> None:
    machine = FIRST[method]
    assert machine.plan.sectors[machine.start.sector[np.argmax(machine.start.probabilities)], METHOD] == method
    distance, excess = law_of_the_first_jump(machine, N)
    assert distance < TOO_FAR
    assert abs(excess) < TOO_MANY
    # Control: an engine whose rates are half as high again.
    fast = Compiled(faster(machine.model), machine.rho, machine.times)
    distance, excess = law_of_the_first_jump(machine, N, fast.plan)
    assert distance > TOO_FAR or abs(excess) > TOO_MANY


def faster(model: Model) -> Model:
    channels = [Channel(c.name, np.sqrt(1.5) * c.operator, c.reservoir, c.quantum, c.partner) for c in model.channels]
    bases = {name: (basis, labels) for name, (basis, labels) in model.bases.items()}
    return Model(model.hamiltonian, channels, model.reservoirs, bases=bases, pair=None)


def channel_excess(machine: Compiled, n: int, plan: Plan | None = None) -> float:
    """Largest excess of a channel among first jumps, in standard deviations, given when each jump came."""
    times, channels = first_jumps(machine, n, plan)
    states = stretch(machine, times)
    rates = np.linalg.norm(np.einsum("kab,nb->kna", machine.model.operators, states), axis=2) ** 2
    probabilities = rates / rates.sum(axis=0)
    largest = 0.0
    for k, p in enumerate(probabilities):
        variance = np.sum(p * (1 - p))
        if variance > 1e-9:
            largest = max(largest, abs(np.sum(channels == k) - p.sum()) / math.sqrt(variance))
        else:
            assert np.sum(channels == k) == pytest.approx(p.sum())
    return float(largest)


@compiled_only
@pytest.mark.parametrize("method", FIRST)
def test_channels_have_the_probabilities_of_their_rates(method: int) -> None:
    machine = FIRST[method]
    assert channel_excess(machine, N) < 5  # at most five numbers: probability below 3e-6
    # Control: the channel numbers of the first two slots of every sector are exchanged.
    slots = machine.plan.slots.copy()
    for first, last in machine.plan.sectors[:, 4:6]:
        if last - first > 1:
            slots[[first, first + 1], CHANNEL] = slots[[first + 1, first], CHANNEL]
    assert channel_excess(machine, N, machine.plan._replace(slots=slots)) > 5


@compiled_only
@pytest.mark.parametrize("levels", [2, 3])
def test_a_dark_state_never_jumps_however_long_the_run(levels: int) -> None:
    """From one of n levels with one bright superposition, the dark part 1 - 1/n of the norm stays for ever."""
    psi = [0.0] * (levels + 1)
    psi[1] = 1.0
    machine = from_state(bright_and_dark(levels), psi, 1e7)
    assert EIGEN in machine.plan.sectors[:, METHOD]
    dark = 1 - 1 / levels

    def excess(sampled: Sampled) -> float:
        return float((np.mean(sampled.record_length == 0) - dark) / math.sqrt(dark * (1 - dark) / N))

    sampled = machine.sample(N, capacity=1)
    assert abs(excess(sampled)) < 5
    assert sampled.record_length.max() == 1
    # Those that jump do so within the bright state's lifetime, 1/rate = 1.
    assert sampled.record_times.max() < 40
    waiting = sampled.record_length == 0
    left = machine.states(sampled)[waiting, -1]
    expected = np.array(psi) - np.concatenate([[0.0], np.ones(levels)]) / levels
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(np.abs(left @ expected), 1.0, rtol=1e-12)
    # Control: a start with more of the bright state.
    brighter = from_state(bright_and_dark(levels), [0.0, 1.0, 0.2] + [0.0] * (levels - 2), 1e7)
    assert abs(excess(brighter.sample(N))) > 5


@pytest.mark.interpreted
def test_without_any_loss_nothing_happens() -> None:
    machine = from_state(bright_and_dark(2), [1, 0, 0], 1e12)
    assert machine.sample(20).record_length.max() == 0


@compiled_only
def test_no_jump_is_found_where_the_rate_vanishes_for_a_moment() -> None:
    """Strong driving: the norm falls in steps, and the rate is zero at the start and once in each Rabi cycle."""
    machine = from_state(driven_qubit(rabi=400.0, detuning=0.0, down=0.05, up=1e-9), [1, 0], 100.0)
    distance, excess = law_of_the_first_jump(machine, N)
    assert distance < TOO_FAR
    assert abs(excess) < TOO_MANY


@compiled_only
def test_the_rate_of_jumps_is_not_biased_in_a_long_run() -> None:
    """Resonance fluorescence, 10^5 jumps long: with Rabi frequency 2 and decay rate 1 the rate of jumps is 4/9.

    Excited population Omega^2/(Gamma^2 + 2 Omega^2).
    """
    duration = 2e5

    def excess(model: Model) -> float:
        count = from_state(model, [1, 0], duration).sample(4).record_length
        expected = duration * 4 / 9
        # Mandel's Q = -6 Omega^2 Gamma^2/(Gamma^2 + 2 Omega^2)^2 = -24/81 narrows the distribution.
        return float((count.mean() - expected) / math.sqrt(expected * (1 - 24 / 81) / 4))

    model = driven_qubit(rabi=2.0, detuning=0.0, down=1.0, up=1e-12)
    assert abs(excess(model)) < 5
    assert abs(excess(faster(model))) > 5


def test_compiled_machines_are_what_they_are_called() -> None:
    assert GRID in compiled("threefold exceptional point").plan.sectors[:, METHOD]
    assert EIGEN in compiled("decay into the dark").plan.sectors[:, METHOD]
