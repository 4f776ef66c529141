"""Uncertainty ratios: closed forms, classical bounds over random rates, and where they mean nothing."""

from __future__ import annotations

import numpy as np
import pytest
from closed_forms.diamond_counting import diamond_counting
from small_models import LOWER, one_way_model, thermal_qubit

from trajectories.counting import counted_currents
from trajectories.counting.uncertainty_relations import uncertainty
from trajectories.errors import InputError
from trajectories.master.entanglement import concurrence
from trajectories.master.lindblad import Master
from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import diamond, double_dot, reset_engine


@pytest.mark.parametrize("betas", [(0.0, 1.0), (0.0, 2.0), (-1.0, 1.0), (-2.0, 3.0), (-1.0, -2.0)])
def test_the_diamond_in_closed_form(betas: tuple[float, float]) -> None:
    solver, expected = Master(diamond(*betas)), diamond_counting(*betas)
    found = uncertainty(solver, counted_currents.quanta(solver.model, "S"))
    assert found.tur_ratio == pytest.approx(expected["uncertainty_ratio"], rel=1e-12)
    assert found.kur_ratio == pytest.approx(expected["variance"] * found.activity / expected["mean"] ** 2, rel=1e-12)


def test_ratios_do_not_depend_on_the_unit_of_the_count() -> None:
    solver = Master(diamond(-1.0, 1.0))
    count = counted_currents.quanta(solver.model, "S")
    np.testing.assert_allclose(uncertainty(solver, -3.7 * count)[4:], uncertainty(solver, count)[4:], rtol=1e-13)


def test_a_constant_rate_saturates_the_kinetic_relation() -> None:
    # Resets come at a constant rate: their number has D = A = J.
    solver = Master(reset_engine(T_c=0.5, T_h=2.0, g=1.6e-2, p_c=1e-2, p_h=1.1e-2))
    assert uncertainty(solver, counted_currents.jumps(solver.model)).kur_ratio == pytest.approx(1.0, rel=1e-11)


def classical(seed: int) -> Model:
    """Four states and random rates between all of them, every pair with its own entropy."""
    rng = np.random.default_rng(seed)
    channels, reservoirs = [], []
    for i in range(4):
        for j in range(i):
            jump = np.zeros((4, 4))
            jump[i, j] = np.exp(rng.normal())
            step, name = 2 * rng.normal(), f"{j}{i}"
            channels.append(Channel(f"{name}_on", jump, name, None, f"{name}_back"))
            channels.append(Channel(f"{name}_back", np.exp(-step / 2) * jump.T, name, None, f"{name}_on"))
            reservoirs.append(Reservoir(name))
    return Model(np.diag(rng.normal(size=4)), channels, reservoirs, pair=None)


@pytest.mark.parametrize("seed", range(8))
def test_classical_rates_obey_both_relations(seed: int) -> None:
    model = classical(seed)
    solver = Master(model)
    assert solver.classical
    for weights in np.random.default_rng(seed).normal(size=(5, 6)):
        # What changes sign under reversal, as the thermodynamic relation wants it.
        found = uncertainty(solver, np.stack([weights, -weights], axis=1).ravel())
        assert found.tur_ratio >= 1.0
        assert found.kur_ratio >= 1.0


def test_the_best_classical_count_comes_close_to_one_near_equilibrium() -> None:
    # Linear response with the entropy production as the count saturates the relation: D sigma/(2 J^2) -> 1.
    solver = Master(diamond(1.0, 1.001))
    assert uncertainty(solver, counted_currents.quanta(solver.model, "S")).tur_ratio == pytest.approx(1.0, abs=1e-6)


def test_a_coherent_machine_violates_the_thermodynamic_relation() -> None:
    solver = Master(double_dot(T_c=0.9, T_h=1000.0, g=0.65, gamma_c=1.0, gamma_h=1.0, U=0.0))
    assert uncertainty(solver, counted_currents.quanta(solver.model, "h")).tur_ratio < 1.0
    # The same rates with the coherence dephased away are classical: a control that the violation is the coherence's.
    model = solver.model
    dephasing = [
        Channel(name, 30.0 * np.diag(levels), "noise", None, name)
        for name, levels in (("z_c", [0.0, 0.0, 1.0, 1.0]), ("z_h", [0.0, 1.0, 0.0, 1.0]))
    ]
    noisy = Master(Model(model.hamiltonian, [*model.channels, *dephasing], [*model.reservoirs, Reservoir("noise")]))
    assert uncertainty(noisy, counted_currents.quanta(noisy.model, "h")).tur_ratio > 1.0


def test_where_the_ratios_mean_nothing() -> None:
    balanced = uncertainty(Master(diamond(1.0, 1.0)), counted_currents.quanta(diamond(1.0, 1.0), "S"))
    assert np.isnan(balanced.tur_ratio)
    assert np.isnan(balanced.kur_ratio)
    still = uncertainty(Master(thermal_qubit()), [1.0, -1.0])
    assert np.isnan(still.tur_ratio)
    one_way = diamond(-np.inf, 1.0)
    found = uncertainty(Master(one_way), counted_currents.quanta(one_way, "S"))
    assert found.entropy_production == np.inf
    assert found.tur_ratio == np.inf
    assert 1.0 < found.kur_ratio < np.inf
    silent = one_way_model(np.diag([0.0, 1.0]), [LOWER, LOWER.T], entropy=False)
    found = uncertainty(Master(silent), [1.0, 0.0])
    assert np.isnan(found.tur_ratio)
    assert found.kur_ratio > 0.0
    with pytest.raises(InputError, match="count weights"):
        uncertainty(Master(one_way), [1.0])


def test_the_double_dot_is_not_entangled_where_it_violates_the_bound() -> None:
    # Reference value of the violation: 0.991335 at T_c = 0.9, g = 0.65.
    violating, entangled = set(), set()
    for T_c in (0.1, 0.2, 0.4, 0.7, 0.9, 1.3):
        for g in (0.1, 0.2, 0.4, 0.65, 0.9):
            solver = Master(double_dot(T_c=T_c, T_h=1000.0, g=g, gamma_c=1.0, gamma_h=1.0, U=0.0))
            if uncertainty(solver, counted_currents.heat(solver.model, "c")).tur_ratio < 1.0 - 1e-9:
                violating.add((T_c, g))
            if concurrence(solver.steady_state()) > 1e-9:
                entangled.add((T_c, g))
    assert (0.9, 0.65) in violating and (0.1, 0.2) in entangled
    assert len(violating) >= 4 and len(entangled) >= 3 and not violating & entangled
