"""The two-qubit engine by three master equations: where the local and the global one agree with one that makes no
secular approximation, and that one against the Bloch-Redfield equation, built here from its definition.
"""

from __future__ import annotations

import local_global
import numpy as np
import pytest
from steady_values import steady_values

from trajectories.master.lindblad import Master
from trajectories.model.operators import Array, dagger, embed, number, sigma_minus
from trajectories.systems import nonsecular_engine

DIMS = (2, 2)
ENGINE = {"T_h": 1.0, "T_c": 0.3, "gamma_h": 1e-3, "gamma_c": 2e-3}


def redfield(T: dict[str, float], rates: dict[str, float], g: float, delta: float) -> tuple[Array, float]:
    """Steady state of the Bloch-Redfield equation without shifts, and the energy current of bath h.

    D_j rho = [E rho, s+] + [s, rho E+] + [P+ rho, s] + [s+, rho P],  s = s_-^j, with E the part of s at each
    transition energy w of H times gamma (n(w) + 1)/2, and P times gamma n(w)/2.
    """
    lower = {"h": embed(sigma_minus(), 0, DIMS), "c": embed(sigma_minus(), 1, DIMS)}
    exchange = dagger(lower["h"]) @ lower["c"]
    hamiltonian = embed(number(), 0, DIMS) + (1 + delta) * embed(number(), 1, DIMS) + g * (exchange + dagger(exchange))
    levels, basis = np.linalg.eigh(hamiltonian)
    gaps = levels[None, :] - levels[:, None]
    one = np.eye(4)

    def acting(left: Array, right: Array) -> Array:
        return np.kron(left, right.T)

    dissipators = {}
    for bath, s in lower.items():
        inside = dagger(basis) @ s @ basis
        with np.errstate(all="ignore"):
            mean = np.where(np.abs(inside) > 1e-12, 1.0 / np.expm1(gaps / T[bath]), 0.0)
        emit, absorb = (basis @ (rates[bath] / 2 * share * inside) @ dagger(basis) for share in (mean + 1, mean))
        half = acting(emit, dagger(s)) - acting(dagger(s) @ emit, one)
        half = half + acting(dagger(absorb), s) - acting(s @ dagger(absorb), one)
        half = half + acting(s, dagger(emit)) - acting(one, dagger(emit) @ s)
        dissipators[bath] = half + acting(dagger(s), absorb) - acting(one, absorb @ dagger(s))
    matrix = -1j * (acting(hamiltonian, one) - acting(one, hamiltonian)) + sum(dissipators.values())
    matrix[0], known = one.reshape(-1), np.eye(16)[0]
    vector = np.linalg.solve(matrix, known)
    return vector.reshape(4, 4), float(np.trace(hamiltonian @ (dissipators["h"] @ vector).reshape(4, 4)).real)


@pytest.mark.parametrize("delta", [0.0, -0.15, 0.002])
@pytest.mark.parametrize("g", [2e-4, 2e-3, 0.03, 0.5])
def test_it_is_the_bloch_redfield_equation_up_to_the_order_of_the_rates(g: float, delta: float) -> None:
    """Both leave out terms of the order of the rates, 2e-3 (n + 1): a tenth of the rates must differ by a tenth."""
    T = {"h": ENGINE["T_h"], "c": ENGINE["T_c"]}
    for scale in (1.0, 0.1):
        engine = ENGINE | {"gamma_h": scale * 1e-3, "gamma_c": scale * 2e-3, "g": g, "delta": delta}
        known, heat = redfield(T, {"h": scale * 1e-3, "c": scale * 2e-3}, g, delta)
        np.testing.assert_allclose(Master(nonsecular_engine(**engine)).steady_state(), known, atol=2e-3 * scale)
        found = steady_values({"name": "nonsecular_engine", **engine}, ["energy_current.h", "energy_current.c"])
        assert found["energy_current.h"][0] == pytest.approx(heat, rel=5e-3 * scale)
        assert found["energy_current.c"][0] == pytest.approx(-found["energy_current.h"][0], rel=1e-9)


def machine(name: str, g: float, delta: float = 0.0) -> np.ndarray:
    """Steady state by one of the three equations, at equal rates: 2 Gamma = gamma."""
    if name == "common_bath":
        system = {"T_A": 1.0, "T_B": 0.3, "epsilon_A": 1.0, "epsilon_B": 1.0 + delta, "gamma_A": 5e-4, "gamma_B": 1e-3}
        table = {"name": name, "Omega": g, **system}
    else:
        table = {"name": name, "g": g, "delta": delta, **ENGINE}
    names = [f"population.{state}" for state in ("00", "01", "10", "11")]
    return np.array([v[0] for v in steady_values(table, [*names, "concurrence_signed"]).values()])


def test_each_equation_holds_on_its_own_side() -> None:
    """Weak coupling of resonant qubits is local, strong coupling is global, and neither is the other."""
    weak, strong = 2e-4, 0.5
    reference = {g: machine("nonsecular_engine", g) for g in (weak, strong)}
    np.testing.assert_allclose(machine("local_engine", weak), reference[weak], atol=2e-4)
    np.testing.assert_allclose(machine("common_bath", strong), reference[strong], atol=1e-3)
    assert np.abs(machine("common_bath", weak) - reference[weak]).max() > 0.05
    assert np.abs(machine("local_engine", strong) - reference[strong]).max() > 0.05


def test_detuned_qubits_break_the_second_law_of_the_local_energy_current_alone() -> None:
    """Reference values at g = 1.6e-3: -sum Q/T = -3.7e-9 of the local energy current, sigma = 1.88e-9 counted."""
    *_, energies, counted, _ = local_global.curves(np.array([1.6e-3, *local_global.G]))
    local, other, reference = energies
    assert local[0] == pytest.approx(-3.7e-9, abs=0.05e-9)
    assert (local < 0).all() and (other > 0).all() and (reference > 0).all()
    assert counted[0][0] == pytest.approx(1.88e-9, abs=0.005e-9)
    assert (np.array(counted) > 0).all()
    # The global equation counts the energies of H. Net currents are differences of gross ones of about gamma_c.
    rounding = np.finfo(float).eps * ENGINE["gamma_c"] / ENGINE["T_c"]
    np.testing.assert_allclose(counted[1], other, rtol=1e-9, atol=rounding)
