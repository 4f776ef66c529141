"""Path probabilities: against their twin, and their ratio against the entropy production of each trajectory."""

from __future__ import annotations

import naive
import numba
import numpy as np
import pytest
from compiled import Compiled, Sampled
from machines import engine_state
from small_models import complex_matrix, random_model, random_state
from test_jumps import ensemble

from trajectories.errors import InputError
from trajectories.kernels.reverse import log_path_probability
from trajectories.model import Channel, Model, Reservoir
from trajectories.model.time_reversal import reversed_model
from trajectories.sampling import path_probability
from trajectories.sampling.path_probability import Paths, path_probabilities
from trajectories.systems import diamond, local_engine

N = 2 if numba.config.DISABLE_JIT else 12  # trajectories


def with_theta(model: Model, seed: int = 3) -> Model:
    """The same process for a time reversal Theta = U K with a random symmetric U, which is as good as any."""
    v = np.linalg.qr(complex_matrix(np.random.default_rng(seed), model.dimension))[0]
    return Model(model.hamiltonian, model.channels, model.reservoirs, time_reversal=v @ v.T, pair=None)


def relaxing(model: Model, rho: np.ndarray, duration: float) -> Compiled:
    """Start in rho, measure in the eigenbasis of the ensemble state that it has become."""
    machine = Compiled(model, rho, np.array([duration]))
    machine.rho_T = ensemble(machine, duration)
    return machine


def state(seed: int, d: int) -> np.ndarray:
    return random_state(np.random.default_rng(seed), d)


RATES = {"g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
MACHINES = {
    "diamond": relaxing(diamond(beta_A=-2, beta_S=3), np.diag([0.4, 0.3, 0.2, 0.1]), 1.5),
    "engine": relaxing(local_engine(T_h=1.0, T_c=0.1, **RATES), engine_state(), 3000.0),
    "detuned engine": relaxing(local_engine(T_h=1.0, T_c=0.3, delta=0.01, **RATES), engine_state(), 2000.0),
    "engine with tunnelling": relaxing(
        local_engine(T_h=1.0, T_c=0.3, delta=0.01, kappa_h=0.07, kappa_c=0.05, **RATES), state(1, 4), 500.0
    ),
    "random, d = 3": relaxing(random_model(3, 2, 1, dephasing=True), state(2, 3), 0.8),
    "random, d = 4": relaxing(random_model(4, 2, 2), state(3, 4), 0.3),
    "random, d = 3, other Theta": relaxing(with_theta(random_model(3, 2, 4)), state(4, 3), 0.6),
}
# Those whose H, L and states are not real in the computational basis: there Theta matters.
COMPLEX = ("random, d = 3", "random, d = 4", "random, d = 3, other Theta")


def records(machine: Compiled) -> tuple[Sampled, list[tuple[np.ndarray, np.ndarray]]]:
    sampled = machine.sample(N, capacity=300)
    cut = zip(sampled.record_times, sampled.record_channels, sampled.record_length, strict=True)
    return sampled, [(times[:length], channels[:length]) for times, channels, length in cut]


def worst(machine: Compiled, backwards: Model | None = None) -> float:
    """Largest |ln P/P~ - (ln p(n0) - ln p(nT) + sum Delta s)| of N trajectories."""
    model, start, finish = machine.model, machine.start, machine.finish
    backwards = reversed_model(model) if backwards is None else backwards
    sampled, found = records(machine)
    largest = 0.0
    for n0, nT, (times, channels) in zip(sampled.initial, sampled.final, found, strict=True):
        log_p0, log_pT = np.log(start.probabilities[n0]), np.log(finish.probabilities[nT])
        vectors = start.vectors[:, n0], finish.vectors[:, nT]
        both = path_probabilities(
            model, vectors[0], log_p0, vectors[1], log_pT, times, channels, machine.times[-1], backwards
        )
        entropy = log_p0 - log_pT + model.entropy_steps[channels].sum()
        largest = max(largest, abs(both.entropy - entropy))
    return largest


@pytest.mark.interpreted
@pytest.mark.parametrize("name", MACHINES)
def test_entropy_is_the_logarithm_of_the_ratio_on_every_trajectory(name: str) -> None:
    assert worst(MACHINES[name]) < 1e-9


@pytest.mark.parametrize(
    ("times", "channels", "said"),
    [
        ([0.5, 0.2], [0, 1], "not fall"),
        ([0.5, 9.0], [0, 1], "from 0 to its duration"),
        ([-0.5, 0.2], [0, 1], "from 0 to its duration"),
        ([np.nan], [0], "from 0 to its duration"),
        ([0.5], [4], "numbers from 0 to 3"),
        ([0.5], [-1], "numbers from 0 to 3"),
        ([0.5], [1.5], "numbers from 0 to 3"),
        ([0.5], [0, 1], "one channel for each time"),
    ],
)
def test_what_is_no_record_has_no_probability(times: list[float], channels: list[float], said: str) -> None:
    psi = np.eye(4)[0]
    with pytest.raises(InputError, match=said):
        path_probabilities(diamond(0.0, 1.0), psi, 0.0, psi, 0.0, np.array(times), np.array(channels), 1.0)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", MACHINES)
def test_twin_agrees(name: str) -> None:
    machine = MACHINES[name]
    h_eff, operators = machine.model.effective_hamiltonian, machine.model.operators
    sampled, found = records(machine)
    for n0, nT, (times, channels) in zip(sampled.initial, sampled.final, found, strict=True):
        vectors = machine.start.vectors[:, n0], machine.finish.vectors[:, nT]
        duration = float(machine.times[-1])
        ours = log_path_probability(
            *(np.array(array, complex, order="C") for array in (h_eff, operators, vectors[0])),
            -0.5,
            times.copy(),
            channels.copy(),
            duration,
            np.array(vectors[1], complex, order="C"),
        )
        twin = naive.log_path_probability(h_eff, operators, vectors[0], -0.5, times, channels, duration, vectors[1])
        assert ours == pytest.approx(twin, abs=1e-9)


# Mutants: each must break the agreement on complex models by far more than the 1e-9 that the honest one keeps.
VISIBLE = 1e-3


@pytest.mark.parametrize("name", COMPLEX)
def test_reversal_without_theta_is_noticed(name: str) -> None:
    """The forward operators, undone by their partners, but nothing conjugated."""
    machine = MACHINES[name]
    assert worst(machine, backwards=machine.model) > VISIBLE


@pytest.mark.parametrize("name", [*COMPLEX, "engine", "detuned engine"])
def test_conjugating_the_operators_but_not_the_states_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_probability, "time_reversed", lambda model, psi: psi)
    assert worst(MACHINES[name]) > VISIBLE


@pytest.mark.parametrize("name", MACHINES)
def test_swapped_partners_are_noticed(name: str) -> None:
    """The reversal of a jump undone by the same jump again."""
    machine = MACHINES[name]
    backwards = reversed_model(machine.model)
    exchanged = Model(
        backwards.hamiltonian,
        [
            Channel(c.name, backwards.operators[p], c.reservoir, None, "none")
            for c, p in zip(backwards.channels, machine.model.partner, strict=True)
        ],
        [Reservoir(r.name) for r in backwards.reservoirs],
        pair=None,
    )
    assert worst(machine, backwards=exchanged) > VISIBLE


@pytest.mark.parametrize("name", COMPLEX)
def test_ending_in_the_wrong_basis_is_noticed(name: str) -> None:
    """The reversed run has to end in Theta |n0>: here it ends in another basis."""
    machine = MACHINES[name]
    basis = np.linalg.qr(complex_matrix(np.random.default_rng(8), machine.model.dimension))[0]
    model = machine.model
    sampled, found = records(machine)
    backwards = reversed_model(model)
    differences = []
    for n0, nT, (times, channels) in zip(sampled.initial, sampled.final, found, strict=True):
        common = (0.0, machine.finish.vectors[:, nT], 0.0, times, channels, machine.times[-1], backwards)
        honest = path_probabilities(model, machine.start.vectors[:, n0], *common)
        other = path_probabilities(model, basis[:, n0], *common)
        differences.append(abs(honest.forward - other.reverse - model.entropy_steps[channels].sum()))
    assert max(differences) > VISIBLE


@pytest.mark.interpreted
def test_no_jump_at_all_and_impossible_records() -> None:
    machine = MACHINES["random, d = 3"]
    start, finish = machine.start.vectors[:, 0], machine.finish.vectors[:, 1]
    none = path_probabilities(machine.model, start, -1.0, finish, -2.0, np.zeros(0), np.zeros(0, int), 0.4)
    assert none.entropy == pytest.approx(1.0, abs=1e-12)
    qubit = Model(
        np.diag([0.0, 1.0]),
        [Channel("down", [[0, 1], [0, 0]], "bath", None, "none")],
        [Reservoir("bath")],
        pair=None,
    )
    ground, excited = np.eye(2)
    once = path_probabilities(qubit, excited, 0.0, ground, 0.0, np.array([0.3]), np.array([0]), 1.0)
    # One decay at rate 1 at time 0.3, which nothing undoes.
    assert once == Paths(pytest.approx(-0.3), -np.inf)
    assert once.entropy == np.inf
    twice = path_probabilities(qubit, excited, 0.0, ground, 0.0, np.array([0.3, 0.4]), np.array([0, 0]), 1.0)
    assert twice.forward == -np.inf


@pytest.mark.interpreted
def test_a_long_run_neither_underflows_nor_loses_digits() -> None:
    """A qubit that decays at rate 1 and is never seen to: ln P = -T, far beyond the smallest number."""
    h_eff = np.diag([0.0, 7.0 - 0.5j]).astype(complex)
    excited = np.array([0, 1], complex)
    none = np.zeros(0), np.zeros(0, np.int64)
    found = log_path_probability(h_eff, np.zeros((1, 2, 2), complex), excited, 0.0, *none, 5e3, excited)
    assert found == pytest.approx(-5e3, rel=1e-12)


def test_one_reversed_model_serves_many_records() -> None:
    machine = MACHINES["random, d = 4"]
    sampled, found = records(machine)
    times, channels = found[0]
    arguments = (machine.start.vectors[:, 0], 0.0, machine.finish.vectors[:, 0], 0.0, times, channels, 0.3)
    once = path_probabilities(machine.model, *arguments)
    assert once == path_probabilities(machine.model, *arguments, reversed_model(machine.model))
