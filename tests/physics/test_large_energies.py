"""Energies many orders above couplings and rates: what commutes with everything must cost no digit of the physics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_models import LOWER, complex_matrix

import trajectories
from trajectories.errors import InputError
from trajectories.master.batched_steady_states import steady_states
from trajectories.master.currents import energy_rates, heat_rates
from trajectories.master.eigenensemble import spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import find_sectors
from trajectories.model import Channel, Model, Reservoir
from trajectories.sampling.plan import unravel
from trajectories.systems import diamond, local_engine

FIRST, SECOND = np.kron(LOWER, np.eye(2)), np.kron(np.eye(2), LOWER)
OCCUPATION = {"h": 0.5, "c": 0.1}


def exchange(omega: float, g: float, *, frame: float = 0.0, tunnelling: float = 0.0) -> Model:
    """Two qubits of the energy omega - frame with exchange g, each at a bath of rate 1 that counts quanta omega."""
    hamiltonian = g * (FIRST.T @ SECOND + SECOND.T @ FIRST) + tunnelling * (FIRST + FIRST.T)
    hamiltonian = hamiltonian + (omega - frame) * (FIRST.T @ FIRST + SECOND.T @ SECOND)
    channels, baths = [], []
    for (name, n), lower in zip(OCCUPATION.items(), (FIRST, SECOND), strict=True):
        channels.append(Channel(f"{name}_up", np.sqrt(n) * lower.T, name, omega))
        channels.append(Channel(f"{name}_down", np.sqrt(1 - n) * lower, name, -omega))
        baths.append(Reservoir(name, np.log((1 - n) / n) / omega))
    return Model(hamiltonian, channels, baths, dims=(2, 2), name="exchange")


def current(g: float) -> float:
    """Quanta per time from h: I = 4 g^2 Gamma X/chi of `local_engine` at Gamma_h = Gamma_c = 1, X = n_h - n_c."""
    return 8 * g**2 * (OCCUPATION["h"] - OCCUPATION["c"]) / (4 * (4 * g**2 + 1))


@pytest.mark.parametrize("omega", [1e3, 1e10, 1e13, 1e15])
@pytest.mark.parametrize("g", [1.0, 0.3])
def test_the_master_equation_is_that_of_the_rotating_frame(omega: float, g: float) -> None:
    given, rotating = Master(exchange(omega, g)), Master(exchange(omega, g, frame=omega))
    assert given.sectors.dimensions.tolist() == [1, 2, 1]
    rho = given.steady_state()
    np.testing.assert_allclose(rho, rotating.steady_state(), atol=1e-14)
    batch = steady_states(given.model.hamiltonian[None], given.model.operators[None])
    assert batch.sure[0]
    np.testing.assert_allclose(batch.rho[0], rho, atol=1e-12)
    for rates in (heat_rates, energy_rates):
        heat = np.einsum("rab,ba->r", rates(given.model), rho).real / omega
        np.testing.assert_allclose(heat, [current(g), -current(g)], rtol=1e-11)
    start = np.zeros((4, 4))
    start[1:3, 1:3] = 0.5
    times = np.array([0.1, 1.0, 10.0])
    np.testing.assert_allclose(given.states(start, times), rotating.states(start, times), atol=1e-13)


@pytest.mark.parametrize("omega", [1e10, 1e13, 1e15])
def test_the_unravelling_is_that_of_the_rotating_frame(omega: float) -> None:
    plans = []
    for frame in (0.0, omega):
        model = exchange(omega, 0.3, frame=frame)
        preparation = trajectories.run(model, duration=1.0, trajectories=1).points[0].preparation
        plans.append(unravel(model, preparation.sectors, *preparation.spectra, np.array([1.0])))
    for name, given, rotating in zip(plans[0]._fields, *plans, strict=True):
        np.testing.assert_allclose(given, rotating, atol=1e-13, err_msg=name)


def test_a_detuning_keeps_its_digits() -> None:
    # 2^40 and 2^40 + 1/4 are exact, and so is the traceless part of their block.
    omega, delta = 2.0**40, 0.25
    blocks = []
    for energy in (omega, 0.0):
        hamiltonian = energy * (FIRST.T @ FIRST + SECOND.T @ SECOND) + delta * SECOND.T @ SECOND
        jumps = [Channel(name, jump, "b", None, "none") for name, jump in (("f", FIRST), ("s", 0.1 * SECOND))]
        model = Model(hamiltonian + FIRST.T @ SECOND + SECOND.T @ FIRST, jumps, [Reservoir("b")], dims=(2, 2))
        sectors = find_sectors(model)
        start = np.eye(4) / 4
        found = spectrum(sectors.flatten(start), model.hamiltonian, sectors)
        blocks.append(unravel(model, sectors, found, found, np.array([1.0])))
    np.testing.assert_array_equal(blocks[0].matrices[:2], blocks[1].matrices[:2])
    np.testing.assert_array_equal(blocks[0].eigenvalues, blocks[1].eigenvalues)


@pytest.mark.parametrize(("omega", "g"), [(1e13, 1.0), (1e10, 0.3)])
def test_sampled_heat_is_not_zero(omega: float, g: float) -> None:
    heat = trajectories.run(exchange(omega, g), duration=10.0, trajectories=4000)["heat_current", "h"]
    assert heat.exact[0] == pytest.approx(omega * current(g), rel=1e-11)
    # A normal deviation of five standard errors: once in 2e6.
    assert abs(heat.estimate[0] - heat.exact[0]) < 5 * heat.standard_error[0] < 0.5 * heat.exact[0]


def test_a_replay_is_that_of_the_rotating_frame(tmp_path: Path) -> None:
    """Also where one trajectory is drawn: sectors a phase of 10^11 apart, which no record can show."""
    lifted, rotating = (
        trajectories.run(exchange(omega, 0.3, frame=frame), duration=5, trajectories=64, seed=3, initial="ground")
        for omega, frame in ((1e10, 0.0), (1e10, 1e10))
    )
    times = np.linspace(0.0, 5.0, 7)
    for number in range(8):
        ours, theirs = lifted.replay(number), rotating.replay(number)
        np.testing.assert_allclose(ours.jump_times, theirs.jump_times, rtol=1e-9)
        overlap = np.einsum("ti,ti->t", ours.states(times).conj(), theirs.states(times))
        np.testing.assert_allclose(np.abs(overlap), 1.0, atol=1e-9)
        assert ours.paths.forward == pytest.approx(theirs.paths.forward, abs=1e-8)
        assert ours.paths.reverse == pytest.approx(theirs.paths.reverse, abs=1e-8)
    lifted.figure(tmp_path / "lifted.png")


def test_phases_beyond_double_precision_are_refused() -> None:
    # Tunnelling makes one sector of everything: there the slow exchange would be lost beside the energies.
    model = exchange(1e13, 0.3, tunnelling=0.1)
    start = np.eye(4) / 4
    with pytest.raises(InputError, match=r"differ by 2e\+13, a phase of 2e\+14 over the duration 10: must be at most"):
        Master(model).states(start, np.array([10.0]))
    with pytest.raises(InputError, match="rotating frame"):
        trajectories.run(model, duration=10.0, trajectories=1)
    # Just below, slow rates are right: the tunnelling's own effect is of order (0.1/omega)^2 omega t.
    slow, rotating = exchange(1e9, 0.3, tunnelling=0.1), exchange(1e9, 0.3, frame=1e9)
    times = np.array([1.0, 10.0])
    np.testing.assert_allclose(Master(slow).states(start, times), Master(rotating).states(start, times), atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [diamond(beta_A=-1.0, beta_S=2.0), local_engine(T_h=0.7, T_c=0.0, g=0.02, gamma_h=0.05, gamma_c=0.1)],
    ids=("diamond", "one-way engine"),
)
def test_rounding_in_matrices_as_given_costs_sectors_and_no_digits(model: Model) -> None:
    """Matrices that come back from another basis have no zeros left; what is rounding, nobody can tell: all counts."""
    rng = np.random.default_rng(3)
    unitary = np.linalg.qr(complex_matrix(rng, 4))[0]

    def there_and_back(matrix: np.ndarray) -> np.ndarray:
        return unitary.conj().T @ (unitary @ matrix @ unitary.conj().T) @ unitary

    jumps = [replace(c, operator=there_and_back(c.operator)) for c in model.channels]
    noisy = Model(there_and_back(model.hamiltonian), jumps, model.reservoirs, dims=(2, 2), name="noisy")
    assert find_sectors(noisy).dimensions.tolist() == [4]
    np.testing.assert_allclose(Master(noisy).steady_state(), Master(model).steady_state(), atol=1e-13)
    result = trajectories.run(noisy, times=[5.0, 50.0], trajectories=1000, initial="ground")
    exact = trajectories.run(model, times=[5.0, 50.0], trajectories=1, initial="ground")
    for quantity in ("activity", "energy", "projection_energy"):
        found, wanted = result.estimate(quantity), exact.estimate(quantity)
        np.testing.assert_allclose(found.exact, wanted.exact, rtol=1e-9, atol=1e-12)
        # Six standard errors of a mean, once in 5e8; nothing where nothing varies.
        assert (np.abs(found.estimate - found.exact) <= 6 * found.standard_error + 1e-9).all()
