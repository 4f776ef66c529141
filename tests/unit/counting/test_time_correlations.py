"""Spectra, g2 and waiting times, against two-time correlations in the full space, closed forms and sum rules."""

from __future__ import annotations

import full_space
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm
from small_models import random_model, thermal_qubit

from trajectories.counting import counted_currents, long_time_cumulants, time_correlations
from trajectories.errors import InputError
from trajectories.master import block_generator, linear_solvers
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.systems import diamond, local_engine, reset_engine

MODELS = {
    "random": random_model(3, 2, seed=5, dephasing=True),
    "engine": local_engine(T_h=2.0, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011, delta=0.013),
    "diamond": diamond(-1.0, 1.0),
}
TIMES = np.array([0.0, 0.05, 0.4, 1.5, 4.0])


def unit(model: Model) -> float:
    """A time of the order of the fastest jumps."""
    return 1.0 / float(np.abs(model.loss).max())


def all_of(model: Model) -> list[str]:
    return [channel.name for channel in model.channels]


def two_times(
    model: Model, first: np.ndarray, second: np.ndarray, times: np.ndarray, between: np.ndarray
) -> np.ndarray:
    """Tr[G_second e^{L' t} G_first rho] in the full space, L' with the jump of channel k times between[k]."""
    trace, rho = np.eye(model.dimension).reshape(-1), Master(model).steady_state().reshape(-1)
    start, finish = full_space.jump(model, first) @ rho, trace @ full_space.jump(model, second)
    generator = full_space.tilted(model, between)
    return np.array([(finish @ expm(generator * t) @ start).real for t in times])


# Power spectrum --------------------------------------------------------------------------------------------------


def by_correlations(model: Model, count: np.ndarray, omega: float) -> float:
    """K + 2 int_0^inf cos(omega t) F(t) dt, F from the eigenvectors of the full generator."""
    trace, rho = np.eye(model.dimension).reshape(-1), Master(model).steady_state().reshape(-1)
    generator, kick = full_space.tilted(model, np.ones(len(count))), full_space.jump(model, count)
    values, vectors = np.linalg.eig(generator)
    # The steady state carries J^2, which is no part of F.
    decaying = np.abs(values) > 1e-10 * np.abs(values).max()
    amplitudes = (trace @ kick @ vectors) * np.linalg.solve(vectors, kick @ rho)
    rates, parts = -values[decaying], amplitudes[decaying]
    shot = (trace @ full_space.jump(model, count**2) @ rho).real
    return float(shot + 2 * (parts * rates / (rates**2 + omega**2)).sum().real)


@pytest.mark.parametrize("name", MODELS)
def test_the_spectrum_is_the_transform_of_the_two_time_correlation(name: str) -> None:
    model = MODELS[name]
    count = np.random.default_rng(91).normal(size=len(model.channels))
    omegas = np.array([0.0, -0.2, 0.2, 1.0, 3.0]) / unit(model)
    found = time_correlations.power_spectrum(Master(model), count, omegas)
    np.testing.assert_allclose(found, [by_correlations(model, count, omega) for omega in omegas], rtol=1e-10)
    assert found[1] == pytest.approx(found[2], rel=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_the_spectrum_of_all_jumps_is_the_integral_of_their_g2(name: str) -> None:
    model = MODELS[name]
    solver, count = Master(model), np.ones(len(model.channels))
    end, omega = 30.0 / solver.gap(), 0.7 / unit(model)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.linspace(0.0, end, 200)
    times = (edges[:-1, None] + 0.5 * (nodes + 1) * np.diff(edges)[:, None]).ravel()
    rate = long_time_cumulants.cumulants(solver, count, 1)[0]
    values = rate**2 * (time_correlations.g2(solver, all_of(model), times) - 1.0) * np.cos(omega * times)
    integral = float((values.reshape(-1, 40) @ weights * 0.5 * np.diff(edges)).sum())
    shot = float(count**2 @ solver.jump_rates(solver.steady_blocks))
    assert time_correlations.power_spectrum(solver, count, [omega])[0] == pytest.approx(shot + 2 * integral, rel=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_noise_at_zero_and_shot_noise_at_infinity(name: str) -> None:
    solver = Master(MODELS[name])
    count = np.random.default_rng(94).normal(size=len(solver.model.channels))
    found = time_correlations.power_spectrum(solver, count, [0.0, 1e-12, 1e9])
    assert found[0] == pytest.approx(long_time_cumulants.cumulants(solver, count, 2)[1], rel=1e-12)
    assert found[1] == pytest.approx(found[0], rel=1e-9)
    assert found[2] == pytest.approx(float(count**2 @ solver.jump_rates(solver.steady_blocks)), rel=1e-9)


def test_the_spectrum_of_a_two_level_atom() -> None:
    # Upward jumps at a, downward at b: S = J (1 - 2ab/((a+b)^2 + omega^2)), J = ab/(a+b).
    a, b = 0.1, 0.6
    omegas = np.array([0.0, 0.3, 2.0])
    expected = a * b / (a + b) * (1 - 2 * a * b / ((a + b) ** 2 + omegas**2))
    found = time_correlations.power_spectrum(Master(thermal_qubit(0.2, 0.5)), [0.0, 1.0], omegas)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_resolvent_of_the_wrong_sign_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = linear_solvers.Drazin.solve
    monkeypatch.setattr(linear_solvers.Drazin, "solve", lambda self, vector: -honest(self, vector))
    model = MODELS["engine"]
    found = time_correlations.power_spectrum(Master(model), counted_currents.quanta(model, "h"), [0.01])[0]
    assert abs(found - by_correlations(model, counted_currents.quanta(model, "h"), 0.01)) > 0.01 * found


def test_qutip_agrees() -> None:
    qutip = pytest.importorskip("qutip")
    model = MODELS["random"]
    solver, omegas = Master(model), [0.0, 0.7, 3.0]
    jumps = [qutip.Qobj(operator) for operator in model.operators]
    generator = qutip.liouvillian(qutip.Qobj(model.hamiltonian), jumps)
    maps = [qutip.sprepost(jump, jump.dag()) for jump in jumps]
    rho = qutip.Qobj(solver.steady_state())
    noise = qutip.countstat_current_noise(
        generator, [], wlist=omegas, rhoss=rho, J_ops=[maps[0] + maps[1]], I_ops=[maps[0] - maps[1]]
    )[1]
    found = time_correlations.power_spectrum(solver, [1, -1, 0, 0, 0], omegas)
    np.testing.assert_allclose(found, np.real(noise)[0, 0], rtol=1e-9)


# g2 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_g2_is_the_ratio_in_the_full_space_and_tends_to_one(name: str) -> None:
    model = MODELS[name]
    solver, times = Master(model), TIMES * unit(model)
    rates, channels = solver.jump_rates(solver.steady_blocks), np.eye(len(model.channels))
    everything = np.ones(len(model.channels))
    for k, other in ((0, 0), (0, 3), (3, 1)):
        found = time_correlations.g2(solver, k, times, all_of(model)[other])
        expected = two_times(model, channels[k], channels[other], times, everything) / (rates[k] * rates[other])
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
        assert time_correlations.g2(solver, k, [60 / solver.gap()], other)[0] == pytest.approx(1.0, abs=1e-12)
    pair = time_correlations.g2(solver, [0, 3], times)
    joint = two_times(model, channels[0] + channels[3], channels[0] + channels[3], times, everything)
    np.testing.assert_allclose(pair, joint / (rates[0] + rates[3]) ** 2, rtol=1e-10)


def test_one_atom_never_emits_twice_at_once() -> None:
    a, b = 0.1, 0.6
    found = time_correlations.g2(Master(thermal_qubit(0.2, 0.5)), "down", [0.0, 0.5, 4.0])
    np.testing.assert_allclose(found, 1 - np.exp(-(a + b) * np.array([0.0, 0.5, 4.0])), atol=1e-15)


# Waiting times ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("every", [True, False])
def test_waiting_times_in_the_full_space(name: str, every: bool) -> None:
    model = MODELS[name]
    solver, times = Master(model), TIMES * unit(model)
    rates, channels = solver.jump_rates(solver.steady_blocks), np.eye(len(model.channels))
    for k, other in ((0, 0), (0, 3), (3, 1)):
        between = np.zeros(len(channels)) if every else 1.0 - channels[other]
        ends = all_of(model) if every else None
        found = time_correlations.waiting_time_density(solver, k, other, times, ends)
        expected = two_times(model, channels[k], channels[other], times, between) / rates[k]
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13 * rates[other])


@pytest.mark.parametrize("name", MODELS)
def test_densities_are_normalised_and_have_their_moments(name: str) -> None:
    model = MODELS[name]
    solver = Master(model)
    for start, stop, ends in ((0, 3, None), (2, [0, 1], None), (1, 2, all_of(model)), ([0, 2], 3, [1, 3])):
        exact = time_correlations.mean_waiting_time(solver, start, stop, ends)
        if ends is None:
            assert exact.probability == pytest.approx(1.0, rel=1e-12)
        end = exact.mean + 60 * exact.standard_deviation
        assert end < 1e7 * unit(model)
        edges = np.concatenate([[0.0], np.geomspace(1e-6 * end, end, 60)])
        nodes, weights = np.polynomial.legendre.leggauss(20)
        times = (edges[:-1, None] + 0.5 * (nodes + 1) * np.diff(edges)[:, None]).ravel()
        density = time_correlations.waiting_time_density(solver, start, stop, times, ends)
        measure = (weights * 0.5 * np.diff(edges)[:, None]).ravel() * density
        assert measure.sum() == pytest.approx(exact.probability, rel=1e-8)
        assert measure @ times / measure.sum() == pytest.approx(exact.mean, rel=1e-8)
        spread = np.sqrt(measure @ (times - exact.mean) ** 2 / measure.sum())
        assert spread == pytest.approx(exact.standard_deviation, rel=1e-6)
        shares = time_correlations.waiting_time_distribution(solver, start, stop, edges, ends)
        np.testing.assert_allclose(np.diff(shares), measure.reshape(-1, 20).sum(axis=1), atol=1e-9)
        assert shares[0] == 0.0


@pytest.mark.parametrize("name", MODELS)
def test_mean_waiting_times_belong_to_the_activity(name: str) -> None:
    model = MODELS[name]
    solver, names = Master(model), all_of(model)
    rates = solver.jump_rates(solver.steady_blocks)
    every = time_correlations.mean_waiting_time(solver, names, names)
    assert every.mean == pytest.approx(1 / rates.sum(), rel=1e-12)
    for k, rate in enumerate(rates):
        # From one jump of a channel to its next: the inverse of how often it fires.
        assert time_correlations.mean_waiting_time(solver, k, k).mean == pytest.approx(1 / rate, rel=1e-11)
    follow = [[time_correlations.mean_waiting_time(solver, k, n, names) for n in names] for k in names]
    chain = np.array([[wait.probability for wait in row] for row in follow])
    np.testing.assert_allclose(chain.sum(axis=1), 1.0, rtol=1e-12)
    # The sequence of channels is stationary, and its mean waits add up.
    np.testing.assert_allclose(rates @ chain, rates, rtol=1e-11)
    means = np.array([[wait.mean for wait in row] for row in follow])
    assert (rates / rates.sum()) @ np.nansum(chain * means, axis=1) == pytest.approx(every.mean, rel=1e-11)


def test_waits_of_a_two_level_atom() -> None:
    # From a jump up at once to a jump down at the rate b; from up to up after both, b then a.
    a, b = 0.1, 0.6
    solver, times = Master(thermal_qubit(0.2, 0.5)), np.array([0.0, 0.7, 30.0])
    np.testing.assert_allclose(
        time_correlations.waiting_time_density(solver, "up", "down", times), b * np.exp(-b * times), rtol=1e-13
    )
    both = a * b / (b - a) * (np.exp(-a * times) - np.exp(-b * times))
    np.testing.assert_allclose(
        time_correlations.waiting_time_density(solver, "up", "up", times), both, rtol=1e-12, atol=1e-16
    )
    wait = time_correlations.mean_waiting_time(solver, "up", "up")
    np.testing.assert_allclose(wait, [1.0, 1 / a + 1 / b, np.hypot(1 / a, 1 / b)], rtol=1e-13)
    never = time_correlations.mean_waiting_time(solver, "up", "up", ["up", "down"])
    assert never.probability == 0.0
    assert np.isnan(never.mean)


def test_resets_wait_exponentially() -> None:
    solver = Master(reset_engine(T_c=0.5, T_h=2.0, g=1.6e-2, p_c=1e-2, p_h=1.1e-2))
    names, times, rate = all_of(solver.model), np.array([0.0, 30.0, 500.0]), 2.1e-2
    found = time_correlations.waiting_time_density(solver, names, names, times)
    np.testing.assert_allclose(found, rate * np.exp(-rate * times), rtol=1e-12)
    wait = time_correlations.mean_waiting_time(solver, names, names)
    np.testing.assert_allclose(wait, [1.0, 1 / rate, 1 / rate], rtol=1e-12)


def test_jumps_left_in_the_evolution_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: with half of the jumps left in the evolution, waits go on behind every other end, and count twice."""
    solver = Master(thermal_qubit(0.2, 0.5))
    honest = Master.tilted

    def total() -> float:
        return quad(lambda t: time_correlations.waiting_time_density(solver, "up", "up", [t])[0], 0, 400, limit=400)[0]

    assert total() == pytest.approx(1.0, abs=1e-7)
    monkeypatch.setattr(time_correlations, "jump_operator", lambda m, w: honest(m, w) - honest(m, 0 * w))
    monkeypatch.setattr(Master, "tilted", lambda self, weights: honest(self, np.maximum(weights, 0.5)))
    assert total() == pytest.approx(2.0, abs=1e-7)


def test_sparse_generators_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, times = MODELS["random"], TIMES * unit(MODELS["random"])

    def everything() -> list[np.ndarray]:
        solver = Master(model)
        return [
            time_correlations.power_spectrum(solver, [1, -1, 0, 2, 0], [0.0, 0.3]),
            time_correlations.g2(solver, 0, times, 2),
            time_correlations.waiting_time_density(solver, 0, 2, times),
            time_correlations.waiting_time_distribution(solver, 0, 2, times),
            np.array(time_correlations.mean_waiting_time(solver, 0, 2)),
        ]

    dense = everything()
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    for found, expected in zip(everything(), dense, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_bad_input_is_refused() -> None:
    solver = Master(MODELS["diamond"])
    with pytest.raises(InputError, match="frequencies"):
        time_correlations.power_spectrum(solver, np.ones(4), [0.0, np.inf])
    with pytest.raises(InputError, match="no channel 'x'"):
        time_correlations.g2(solver, "x", [0.0])
    with pytest.raises(InputError, match="'S_up' is to stop the wait, but is not among those that end it"):
        time_correlations.waiting_time_density(solver, "S_up", "S_up", [0.0], ends="S_down")
    with pytest.raises(InputError, match="not falling"):
        time_correlations.waiting_time_distribution(solver, 0, 0, [1.0, 0.0])
    idle = Master(diamond(rates=(0.0, 1.0, 0.0, 1.0)))
    with pytest.raises(InputError, match="A_down never fires in the steady state"):
        time_correlations.mean_waiting_time(idle, "A_down", "S_down")
