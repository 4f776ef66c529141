"""Heat, energy, activity and entropy as rates of the ensemble."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import LOWER, derivative, one_way_model, random_model, random_state, thermal_qubit

from trajectories.errors import InputError
from trajectories.master import currents
from trajectories.master.currents import von_neumann_entropy
from trajectories.master.lindblad import Master
from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import local_engine

ENGINE = {"T_h": 0.7, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}


def test_energy_rates_are_the_adjoint_dissipators_on_the_hamiltonian() -> None:
    model, rho = random_model(4, 2, seed=51, dephasing=True), random_state(np.random.default_rng(5), 4)
    rates = currents.energy_rates(model)
    np.testing.assert_array_equal(rates, rates.conj().swapaxes(1, 2))
    for r in range(3):
        expected = 0.0
        for jump in model.operators[model.reservoir_index == r]:
            loss = jump.conj().T @ jump
            change = jump @ rho @ jump.conj().T - (loss @ rho + rho @ loss) / 2
            expected += np.trace(model.hamiltonian @ change).real
        assert np.trace(rates[r] @ rho).real == pytest.approx(expected, rel=1e-12)
    first_law = np.trace(model.hamiltonian @ derivative(model, rho)).real
    assert np.trace(rates.sum(axis=0) @ rho).real == pytest.approx(first_law, rel=1e-12)


def test_counted_heat_is_quanta_times_jumps() -> None:
    model = thermal_qubit(n=0.2, gamma=0.5, energy=1.3)
    ground, excited = np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
    (heat,) = currents.heat_rates(model)
    assert np.trace(heat @ ground).real == pytest.approx(0.5 * 0.2 * 1.3)
    assert np.trace(heat @ excited).real == pytest.approx(-0.5 * 1.2 * 1.3)
    np.testing.assert_allclose(heat, currents.energy_rates(model)[0], atol=1e-15)


def test_a_channel_without_quantum_has_no_counted_heat() -> None:
    assert np.isnan(currents.heat_rates(random_model(3, 1, seed=6))).all()


def test_activity_counts_every_jump() -> None:
    model, rho = random_model(3, 2, seed=7), random_state(np.random.default_rng(8), 3)
    expected = sum(np.trace(jump @ rho @ jump.conj().T).real for jump in model.operators)
    assert np.trace(model.loss @ rho).real == pytest.approx(expected, rel=1e-13)
    solver = Master(model)
    assert solver.jump_rates(solver.sectors.flatten(rho)).sum() == pytest.approx(expected, rel=1e-13)


def test_entropy_production_of_a_qubit_in_one_bath_is_the_relative_entropy_lost() -> None:
    # With one thermal bath <Delta S> = D(rho(0)|tau) - D(rho(t)|tau), D(rho|tau) = Tr rho (ln rho - ln tau).
    model = thermal_qubit(n=0.3)
    solver = Master(model)
    tau = np.diag(solver.steady_state()).real

    def relative_entropy(rho: np.ndarray) -> float:
        return float(-von_neumann_entropy(rho) - np.diag(rho).real @ np.log(tau))

    times = np.array([0.0, 0.4, 2.0, 50.0])
    for rho0 in (np.diag([1.0, 0.0]), np.diag([0.3, 0.7]), random_state(np.random.default_rng(3), 2)):
        lost = [relative_entropy(rho0) - relative_entropy(rho) for rho in solver.states(rho0, times)]
        np.testing.assert_allclose(currents.entropy_production(solver, rho0, times), lost, atol=1e-13)


def test_entropy_production_of_a_steady_state_grows_at_its_rate() -> None:
    model = random_model(3, 2, seed=12)
    solver = Master(model)
    rho = solver.steady_state()
    jumps = [np.trace(jump @ rho @ jump.conj().T).real for jump in model.operators]
    rate = float(model.entropy_steps @ jumps)
    assert rate > 0.1
    assert currents.steady_entropy_production_rate(solver) == pytest.approx(rate, rel=1e-12)
    times = np.array([0.5, 10.0])
    np.testing.assert_allclose(currents.entropy_production(solver, rho, times), rate * times, rtol=1e-12)


def one_way_jumps(solver: Master) -> float:
    """Jumps of channels without partner per time in the steady state."""
    return float(solver.jump_rates(solver.steady_blocks)[solver.model.partner < 0].sum())


def test_entropy_production_is_infinite_once_a_one_way_channel_can_fire() -> None:
    model = local_engine(**(ENGINE | {"T_c": 0.0}))
    solver = Master(model)
    rho = solver.steady_state()
    assert one_way_jumps(solver) > 0
    assert currents.steady_entropy_production_rate(solver) == np.inf
    np.testing.assert_array_equal(currents.entropy_production(solver, rho, [0.0, 1.0]), [0.0, np.inf])


def test_a_one_way_channel_that_hardly_ever_fires_is_enough() -> None:
    """Its rate is 1e-9 of the largest: far above rounding, which is what may be neglected."""
    model = local_engine(**(ENGINE | {"T_c": 0.0, "gamma_c": 1e-9 * ENGINE["gamma_h"]}))
    solver = Master(model)
    rate = one_way_jumps(solver)
    assert 1e-10 < rate / np.abs(model.loss).max() < 1e-8
    assert currents.steady_entropy_production_rate(solver) == np.inf
    assert currents.entropy_production(solver, solver.steady_state(), [1.0])[0] == np.inf


def test_a_one_way_channel_that_never_fires_is_harmless() -> None:
    # The level that would decay is never populated.
    decay = np.zeros((3, 3))
    decay[1, 2] = 1.0
    channels = [
        Channel("down", np.pad(LOWER, (0, 1)), "bath", None, "up"),
        Channel("up", 0.5 * np.pad(LOWER.T, (0, 1)), "bath", None, "down"),
        Channel("decay", decay, "vacuum", None, "none"),
    ]
    model = Model(np.diag([0.0, 1.0, 2.0]), channels, [Reservoir("bath"), Reservoir("vacuum")], pair=None)
    solver = Master(model)
    assert currents.steady_entropy_production_rate(solver) == pytest.approx(0.0, abs=1e-15)
    found = currents.entropy_production(solver, solver.steady_state(), [3.0])
    np.testing.assert_allclose(found, 0.0, atol=1e-14)


def test_without_entropy_accounting_there_is_no_entropy_production() -> None:
    model = one_way_model(np.diag([0.0, 1.0]), [LOWER, 0.3 * LOWER.T], entropy=False)
    solver = Master(model)
    rho = solver.steady_state()
    with pytest.raises(InputError, match="no entropy accounting"):
        currents.steady_entropy_production_rate(solver)
    with pytest.raises(InputError, match="no entropy accounting"):
        currents.entropy_production(solver, rho, [1.0])
