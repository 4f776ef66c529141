"""Cumulants of counts, against the full space, closed forms, QuTiP, and engines made wrong on purpose."""

from __future__ import annotations

import asymptotes
import full_space
import numpy as np
import pytest
from closed_forms.diamond_counting import diamond_counting
from small_models import LOWER, one_way_model, random_model, random_state, thermal_qubit

from trajectories.counting import counted_currents, finite_time_cumulants, long_time_cumulants, scgf
from trajectories.errors import InputError
from trajectories.master import block_generator, linear_solvers
from trajectories.master.lindblad import Master
from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import cavity, diamond, local_engine, reset_engine

ENGINE = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
MODELS = {
    "random": random_model(3, 2, seed=5, dephasing=True),
    "engine": local_engine(**ENGINE, delta=0.013),
    "diamond": diamond(-1.0, 1.0),
    "reset": reset_engine(T_c=0.5, T_h=2.0, g=1.6e-2, p_c=1e-2, p_h=1.1e-2),
}


def random_counts(model: Model, seed: int, number: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(number, len(model.channels)))


def agrees(model: Model, count: np.ndarray) -> bool:
    """Whether the four cumulant rates are those of the full space, to 1e-9 of the largest."""
    found, expected = long_time_cumulants.cumulants(Master(model), count), full_space.cumulant_rates(model, count)
    return bool(np.abs(found - expected).max() < 1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("name", MODELS)
def test_four_cumulants_are_derivatives_of_the_leading_eigenvalue(name: str) -> None:
    assert agrees(MODELS[name], random_counts(MODELS[name], 71)[0])


def test_by_real_finite_differences() -> None:
    # Plain central differences: theta(x) at -2h ... 2h; the error of the second one is h^4 c_6/90 and rounding/h^2.
    model, h = MODELS["random"], 2e-3
    count = random_counts(model, 72)[0]
    theta = [full_space.leading(full_space.tilted(model, np.exp(j * h * count))).real for j in range(-2, 3)]
    first = (theta[0] - 8 * theta[1] + 8 * theta[3] - theta[4]) / (12 * h)
    second = (-theta[0] + 16 * theta[1] - 30 * theta[2] + 16 * theta[3] - theta[4]) / (12 * h * h)
    solver = Master(model)
    assert long_time_cumulants.cumulants(solver, count, 1)[0] == pytest.approx(first, rel=1e-9)
    assert long_time_cumulants.cumulants(solver, count, 2)[1] == pytest.approx(second, rel=1e-7)


def test_a_two_level_atom_is_the_textbook_one() -> None:
    # Upward jumps at rate a, downward at b: J = ab/(a+b), D/J = (a^2+b^2)/(a+b)^2 and
    # c_3/J = (a^4 - 2a^3 b + 6a^2 b^2 - 2ab^3 + b^4)/(a+b)^4. Bagrets, Nazarov, PRB 67, 085316 (2003).
    a, b = 0.5 * 0.2, 0.5 * 1.2
    current, total = a * b / (a + b), a + b
    third = (a**4 - 2 * a**3 * b + 6 * a**2 * b**2 - 2 * a * b**3 + b**4) / total**4
    found = long_time_cumulants.cumulants(Master(thermal_qubit(0.2, 0.5)), [0.0, 1.0], 3)
    np.testing.assert_allclose(found, current * np.array([1, (a * a + b * b) / total**2, third]), rtol=1e-13)


def test_jumps_at_a_constant_rate_are_poissonian() -> None:
    # Resets come at the rate p_c + p_h whatever the state: all cumulants of their number are equal.
    model = MODELS["reset"]
    found = long_time_cumulants.cumulants(Master(model), counted_currents.jumps(model), 6)
    np.testing.assert_allclose(found, 2.1e-2, rtol=1e-11)


@pytest.mark.parametrize("betas", [(0.0, 1.0), (-2.0, 3.0), (-20.0, 20.0), (-30.0, 30.0)])
def test_the_diamond_whatever_the_spread_of_its_rates(betas: tuple[float, float]) -> None:
    solver, expected = Master(diamond(*betas)), diamond_counting(*betas)
    both = [counted_currents.quanta(solver.model, "S"), counted_currents.quanta(solver.model, "A")]
    np.testing.assert_allclose(
        long_time_cumulants.cumulants(solver, both[0], 2), [expected["mean"], expected["variance"]], rtol=1e-13
    )
    # What enters at S leaves at A: one count fixes the other, but for what is in between.
    np.testing.assert_allclose(
        long_time_cumulants.covariance(solver, both), expected["variance"] * np.array([[1, -1], [-1, 1]]), rtol=1e-12
    )


@pytest.mark.parametrize("name", MODELS)
def test_the_covariance_of_several_counts(name: str) -> None:
    model = MODELS[name]
    solver, rows = Master(model), random_counts(model, 73, 3)
    found = long_time_cumulants.covariance(solver, rows)
    np.testing.assert_allclose(found, found.T, rtol=1e-13)
    for a in range(3):
        for b in range(3):
            both, difference = (
                long_time_cumulants.cumulants(solver, rows[a] + sign * rows[b], 2)[1] for sign in (1, -1)
            )
            assert found[a, b] == pytest.approx(0.25 * (both - difference), rel=1e-10, abs=1e-12 * found.max())
    everything = long_time_cumulants.covariance(solver, np.eye(len(model.channels)))
    assert np.linalg.eigvalsh(everything)[0] > -1e-13 * everything.max()
    np.testing.assert_allclose(rows @ everything @ rows.T, found, atol=1e-12 * everything.max())


def test_sparse_generators_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MODELS["random"]
    count, start = random_counts(model, 74)[0], random_state(np.random.default_rng(75), 3)
    dense = Master(model)
    expected = (
        long_time_cumulants.cumulants(dense, count),
        finite_time_cumulants.finite_time(dense, count, [0.5, 2.0], start),
    )
    higher = finite_time_cumulants.finite_time_cumulants(dense, count, [0.5], start)
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    monkeypatch.setattr(finite_time_cumulants, "SMALL_ENOUGH", 0)
    solver = Master(model)
    assert not isinstance(solver.generator, np.ndarray)
    np.testing.assert_allclose(long_time_cumulants.cumulants(solver, count), expected[0], rtol=1e-11)
    found = finite_time_cumulants.finite_time(solver, count, [0.5, 2.0], start)
    np.testing.assert_allclose(found.covariance, expected[1].covariance, rtol=1e-11)
    np.testing.assert_allclose(
        finite_time_cumulants.finite_time_cumulants(solver, count, [0.5], start), higher, rtol=1e-10
    )


def test_a_cavity_by_its_sectors() -> None:
    # 64 levels, but the blocks of the density matrix have 244 elements; 4096^2 are never made.
    small, count = cavity(p=0.05, gamma=0.02, kappa=2.0, n_max=1), np.array([0.0, 0.0, 0.3, 0.0, 1.0])
    assert agrees(small, count)
    large, larger = (Master(cavity(p=5e-3, gamma=1e-3, kappa=2.0, n_max=n_max)) for n_max in (15, 18))
    assert large.generator.shape == (244, 244)
    photons = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    found = long_time_cumulants.cumulants(large, photons)
    np.testing.assert_allclose(found, long_time_cumulants.cumulants(larger, photons), rtol=1e-9)
    slope = np.diff(scgf.scgf(large, [1e-4, -1e-4], photons)) / 2e-4
    assert slope[0] == pytest.approx(found[0], rel=1e-6)


# Controls: engines made wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_without_the_higher_jump_terms_it_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, count = counted_currents.jump_operator, random_counts(MODELS[name], 71)[0]

    def mutant(master: Master, weights: np.ndarray) -> np.ndarray:
        return honest(master, weights) * float(np.array_equal(weights, count))

    monkeypatch.setattr(long_time_cumulants, "jump_operator", mutant)
    assert not agrees(MODELS[name], count)


@pytest.mark.parametrize("name", MODELS)
def test_the_wrong_sign_of_the_inverse_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = linear_solvers.Drazin.solve
    monkeypatch.setattr(linear_solvers.Drazin, "solve", lambda self, vector: -honest(self, vector))
    assert not agrees(MODELS[name], random_counts(MODELS[name], 71)[0])


@pytest.mark.parametrize("name", ["random", "engine", "diamond"])
def test_an_inverse_that_keeps_a_steady_part_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The noise survives a multiple of rho in r_1; the third cumulant does not.
    honest = linear_solvers.Drazin.solve
    monkeypatch.setattr(linear_solvers.Drazin, "solve", lambda self, vector: honest(self, vector) + 0.1 * self.rho)
    assert not agrees(MODELS[name], random_counts(MODELS[name], 71)[0])


# Finite times ----------------------------------------------------------------------------------------------------


def starts(model: Model) -> dict[str, np.ndarray]:
    pure = np.zeros((model.dimension,) * 2)
    pure[1, 1] = 1.0
    steady = Master(model).steady_state()
    return {"steady": steady, "pure": pure, "coherent": random_state(np.random.default_rng(76), model.dimension)}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("start", ["steady", "pure", "coherent"])
def test_cumulants_at_finite_times_are_derivatives_of_the_generating_function(name: str, start: str) -> None:
    model, rho0 = MODELS[name], starts(MODELS[name])[start]
    count, unit = random_counts(model, 77)[0], 1.0 / float(np.abs(model.loss).max())
    times = np.array([0.3, 2.0, 12.0]) * unit
    given = None if start == "steady" else rho0
    found = finite_time_cumulants.finite_time(Master(model), count, times, given)
    higher = finite_time_cumulants.finite_time_cumulants(Master(model), count, times, given)
    for j, time in enumerate(times):
        expected = full_space.cumulants_at(model, count, rho0, time)
        np.testing.assert_allclose([found.mean[j], found.covariance[j]], expected[:2], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(higher[j], expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("start", ["steady", "pure", "coherent"])
def test_at_long_times_the_constants_remain(start: str) -> None:
    model, rows = MODELS["random"], random_counts(MODELS["random"], 78, 2)
    given = None if start == "steady" else starts(model)[start]
    solver = Master(model)
    late = 60.0 / solver.gap()
    line = asymptotes.long_time(solver, rows, given)
    found = finite_time_cumulants.finite_time(solver, rows, [0.0, late], given)
    np.testing.assert_allclose(found.mean[0], 0.0, atol=1e-13)
    np.testing.assert_allclose(found.covariance[0], 0.0, atol=1e-13)
    np.testing.assert_allclose(found.mean[1], line.mean_rate * late + line.mean_offset, rtol=1e-12)
    expected = line.covariance_rate * late + line.covariance_offset
    np.testing.assert_allclose(found.covariance[1], expected, rtol=1e-11)
    # The constant is what a comparison at the rate alone would miss.
    assert np.abs(line.covariance_offset).max() > 1e-3
    single = asymptotes.long_time(solver, rows[0], given)
    assert single.covariance_offset == pytest.approx(line.covariance_offset[0, 0], rel=1e-12)


def test_the_constant_is_the_intercept_of_the_full_space() -> None:
    model, count = MODELS["engine"], counted_currents.quanta(MODELS["engine"], "h")
    solver = Master(model)
    times = np.array([20.0, 21.0]) / solver.gap()
    exact = [full_space.cumulants_at(model, count, solver.steady_state(), t, 2, 0.02)[1] for t in times]
    slope = (exact[1] - exact[0]) / (times[1] - times[0])
    line = asymptotes.long_time(solver, count)
    assert line.covariance_rate == pytest.approx(slope, rel=1e-6)
    assert line.covariance_offset == pytest.approx(exact[0] - slope * times[0], rel=1e-4)
    assert line.mean_offset == 0.0


# What goes in ----------------------------------------------------------------------------------------------------


def test_counts_by_name() -> None:
    model = diamond(-1.0, 2.0, omega=1.5)
    names = [channel.name for channel in model.channels]
    np.testing.assert_array_equal(counted_currents.quanta(model, "S"), [0, 0, 1, -1])
    np.testing.assert_array_equal(counted_currents.heat(model, "A"), [1.5, -1.5, 0, 0])
    np.testing.assert_allclose(counted_currents.entropy(model), [1.0, -1.0, -2.0, 2.0])
    np.testing.assert_array_equal(counted_currents.jumps(model), 1.0)
    assert names == ["A_up", "A_down", "S_up", "S_down"]
    np.testing.assert_array_equal(counted_currents.members(model, "S_up"), [False, False, True, False])
    np.testing.assert_array_equal(counted_currents.members(model, [0, "S_down"]), [True, False, False, True])


def test_bad_input_is_refused() -> None:
    model = diamond(-1.0, 2.0)
    solver = Master(model)
    with pytest.raises(InputError, match="no reservoir 'hot'; it has A, S"):
        counted_currents.quanta(model, "hot")
    with pytest.raises(InputError, match="no channel 'S'; it has A_up"):
        counted_currents.members(model, ["S_up", "S"])
    with pytest.raises(InputError, match="no channel 4"):
        counted_currents.members(model, 4)
    with pytest.raises(InputError, match="no channel of diamond is named"):
        counted_currents.members(model, [])
    with pytest.raises(InputError, match="no channel of reservoir noise has a quantum"):
        counted_currents.heat(MODELS["random"], "noise")
    with pytest.raises(InputError, match="no channel of reservoir bath0 has a quantum"):
        counted_currents.heat(MODELS["random"], "bath0")
    with pytest.raises(InputError, match="'S_down' is one-way"):
        counted_currents.entropy(diamond(rates=(1.0, 1.0, 0.0, 1.0)))
    with pytest.raises(InputError, match="no entropy accounting"):
        counted_currents.entropy(one_way_model(np.diag([0.0, 1.0]), [LOWER], entropy=False))
    with pytest.raises(InputError, match="shape \\(3,\\); diamond has 4 channels"):
        long_time_cumulants.cumulants(solver, [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="that of channel 'S_up' is not finite"):
        long_time_cumulants.cumulants(solver, [1.0, 2.0, np.nan, 0.0], 2)
    with pytest.raises(ValueError, match="order"):
        long_time_cumulants.cumulants(solver, np.ones(4), 0)
    with pytest.raises(InputError, match="not falling"):
        finite_time_cumulants.finite_time(solver, np.ones(4), [1.0, 0.5])
    dark = Model(np.zeros((2, 2)), [Channel("z", np.diag([1.0, -1.0]), "noise")], [Reservoir("noise")], pair=None)
    with pytest.raises(InputError, match="not unique"):
        long_time_cumulants.cumulants(Master(dark), [1.0], 2)


# QuTiP -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_qutip_agrees(name: str) -> None:
    qutip = pytest.importorskip("qutip")
    model = MODELS[name]
    solver = Master(model)
    jumps = [qutip.Qobj(operator) for operator in model.operators]
    # Without rhoss QuTiP adds the collapse operators to a generator that has them already.
    rho = qutip.Qobj(solver.steady_state())
    maps = [qutip.sprepost(jump, jump.dag()) for jump in jumps]
    generator = qutip.liouvillian(qutip.Qobj(model.hamiltonian), jumps)
    current, noise, skewness = qutip.countstat_current_noise(generator, jumps, rhoss=rho, J_ops=maps)
    channels = np.eye(len(jumps))
    rates = np.array([long_time_cumulants.cumulants(solver, count, 3) for count in channels])
    np.testing.assert_allclose(rates[:, 0], np.real(current), rtol=1e-9)
    np.testing.assert_allclose(
        long_time_cumulants.covariance(solver, channels), np.real(noise)[:, :, 0], atol=1e-9 * rates.max()
    )
    np.testing.assert_allclose(rates[:, 2], np.real(skewness)[:, 0], rtol=1e-9)
    # A net count: I_ops carry w_k, J_ops w_k^2.
    count = channels[0] - channels[1]
    net, total = maps[0] - maps[1], maps[0] + maps[1]
    current, noise, skewness = qutip.countstat_current_noise(generator, [], rhoss=rho, J_ops=[total], I_ops=[net])
    found = long_time_cumulants.cumulants(solver, count, 3)
    expected = [np.real(current)[0], np.real(noise)[0, 0, 0], np.real(skewness)[0, 0]]
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(found).max())
