"""Exact sides and kernels of what jump records say: closed forms, other roads to the same number, slow loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from small_models import LOWER, one_way_model, thermal_qubit

from trajectories.counting import time_correlations
from trajectories.counting.counted_currents import jump_operator, quanta
from trajectories.counting.entropy_statistics import jump_average
from trajectories.counting.finite_time_cumulants import finite_time
from trajectories.counting.first_passage import PassageSpace
from trajectories.counting.model_counts import counts_of
from trajectories.errors import InputError
from trajectories.kernels import records as kernels
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.report.judge import judge
from trajectories.report.record_rows import Moments, sampled_rows
from trajectories.report.recorded_first_passages import FirstPassage
from trajectories.report.recorded_spectrum import PowerSpectrum, finite_time_spectrum, slow_lines
from trajectories.report.recorded_waiting_times import Bins, Coincidences, WaitingTimes
from trajectories.sampling.jump_records import record_stream
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.systems import diamond, local_engine

ENGINE = local_engine(T_h=2.0, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011, delta=0.013)
GROUND = np.diag([1.0, 0.0, 0.0, 0.0]).astype(complex)


def steady(model, duration: float) -> Preparation:
    return prepare(model, np.array([duration]), None, 1000)


# Exact sides


@pytest.mark.parametrize(
    ("model", "duration", "pair"),
    [(diamond(0.0, 1.0), 6.0, ("A_up", "S_down")), (ENGINE, 900.0, ("h_up", "h_up"))],
    ids=["diamond", "engine"],
)
def test_in_the_steady_state_they_are_the_known_densities(model, duration: float, pair: tuple[str, str]) -> None:
    preparation, solver = steady(model, duration), Master(model)
    waits = WaitingTimes(preparation, "", *pair, Bins(longest=0.4 * duration))
    assert waits.edges[-1] == pytest.approx(0.4 * duration)
    shares = np.diff(time_correlations.waiting_time_distribution(solver, *pair, waits.edges))
    np.testing.assert_allclose(waits.mean[1:-1] / waits.mean[0], shares, rtol=1e-9, atol=1e-13)
    lasting = quad(
        lambda tau: 1 - time_correlations.waiting_time_distribution(solver, *pair, [tau])[0],
        0,
        waits.edges[-1],
        epsrel=1e-9,
    )[0]
    assert waits.mean[-1] / waits.mean[0] == pytest.approx(lasting, rel=1e-8)
    together = Coincidences(preparation, "", *pair, Bins(longest=0.3 * duration))
    edges = together.edges
    for j in (0, 7):
        average = quad(lambda tau: time_correlations.g2(solver, pair[0], [tau], pair[1])[0], edges[j], edges[j + 1])[0]
        ratio = together.ratios[j]
        exact = ratio.scale * together.mean[1 + j] / (together.mean[0] * together.mean[-1])
        assert exact == pytest.approx(average / (edges[j + 1] - edges[j]), rel=1e-8)
        assert ratio.row.long_time == pytest.approx(exact, rel=1e-9)


def test_bins_of_any_width_hold_the_same_density() -> None:
    """Logarithmic bins, many bins, one bin: each is the difference of the exact distribution at its edges."""
    model, duration, pair = diamond(0.0, 1.0), 6.0, ("A_up", "S_down")
    preparation, solver = steady(model, duration), Master(model)
    for bins in (Bins(7, True), Bins(50, True, 2.0), Bins(50), Bins(1), Bins(1, True)):
        waits = WaitingTimes(preparation, "", *pair, bins)
        assert len(waits.edges) == bins.number + 1 == len(waits.ratios) and waits.edges[0] == 0.0
        shares = np.diff(time_correlations.waiting_time_distribution(solver, *pair, waits.edges))
        np.testing.assert_allclose(waits.mean[1:-1] / waits.mean[0], shares, rtol=1e-8, atol=1e-13)
        if bins.logarithmic and bins.number > 1:
            np.testing.assert_allclose(np.diff(np.log(waits.edges[1:]), 2), 0.0, atol=1e-9)
        together = Coincidences(preparation, "", *pair, bins)
        assert len(together.edges) == len(together.ratios) + 1 == bins.number + 1
        assert together.mean[1:-1].sum() > 0


def shelved(up: float = 0.02, down: float = 0.01) -> Model:
    """A driven transition whose excited state is left for a dark one, for 1/down on average."""
    ground, excited, dark = np.eye(3)
    drive = 1.5 * (np.outer(ground, excited) + np.outer(excited, ground))
    jumps = [np.outer(ground, excited), np.sqrt(up) * np.outer(dark, excited), np.sqrt(down) * np.outer(ground, dark)]
    return one_way_model(drive, jumps, entropy=False)


def test_logarithmic_bins_reach_the_longest_waits() -> None:
    # From photon to photon: a dark period is left at 0.01, and then the next jump is a photon with probability 1/1.02.
    preparation = steady(shelved(), 20_000.0)
    usual = WaitingTimes(preparation, "", "c0", "c0").edges
    wide = WaitingTimes(preparation, "", "c0", "c0", Bins(logarithmic=True)).edges
    assert usual[-1] < 30 and wide[-1] == pytest.approx(5 * 1.02 / 0.01, rel=1e-3)
    assert wide[1] == pytest.approx(0.1 / 1.02, rel=1e-9)  # the excited state's lifetime is 1/(1 + 0.02)


@pytest.mark.parametrize("omega", [1.0, 3.0, 30.0])
def test_usual_frequencies_hold_the_dip_of_fluorescence(omega: float) -> None:
    # Optical Bloch equations at resonance, gamma = 1: -3/4 +- i sqrt(Omega^2 - 1/16) and -1/2.
    model = one_way_model(omega / 2 * np.array([[0.0, 1.0], [1.0, 0.0]]), [LOWER], entropy=False)
    found = PowerSpectrum(steady(model, 100.0), counts_of(model)[-1])
    line = np.sqrt(omega**2 - 1 / 16)
    assert np.abs(found.frequencies - line).min() < 1e-6
    assert {0.0, 0.5, 8.0} <= set(np.round(found.frequencies, 9))
    drawn, curve = found.curve
    dip = time_correlations.power_spectrum(
        Master(model), counts_of(model)[-1].weights, np.linspace(0.6, 1.4, 801) * line
    )
    inside = (drawn > 0.6 * line) & (drawn < 1.4 * line)
    # Points as far from each other as a quarter of the half width miss less than (1/8)^2 of a Lorentzian's height.
    assert abs(curve[inside].min() - dip.min()) < np.ptp(dip) / 64
    assert len(slow_lines(Master(diamond(0.0, 1.0)), 1e9)) == 0


def test_the_spectrum_at_finite_time_in_the_steady_state() -> None:
    # K + 2 Re Tr[G (-A^-1 + A^-2 (e^{AT} - 1)/T) Q G rho], A = L - i omega: the transform of (1 - tau/T) F(tau).
    solver, weights, duration = Master(ENGINE), quanta(ENGINE, "h"), 150.0
    rho = solver.steady_blocks
    rates = solver.jump_rates(rho)
    for omega in (0.0, 0.01, 0.3):
        inverse = solver.drazin(1j * omega)
        kicked = jump_operator(solver, weights) @ rho
        kicked = kicked - rho * (solver.trace_row @ kicked)
        once = inverse.solve(kicked)
        twice = inverse.solve(once)
        propagator = solver.propagator(solver.generator, trace=solver.trace_row)
        moved = propagator.advance(twice, duration)[0] * np.exp(-1j * omega * duration)
        inside = -once + (moved - twice) / duration
        expected = weights**2 @ rates + 2 * ((weights @ solver.space.losses).conj() @ inside).real
        found, amplitude = finite_time_spectrum(solver, weights, omega, rho, duration, rates * duration)
        assert found == pytest.approx(expected, rel=1e-10)
        mean = weights @ rates
        flat = duration if omega == 0 else (1 - np.exp(-1j * omega * duration)) / (1j * omega)
        assert amplitude == pytest.approx(mean * flat, rel=1e-10)


def test_at_frequency_zero_it_is_the_variance_from_any_start() -> None:
    model = diamond(0.0, 1.0)
    preparation = prepare(model, np.array([0.3, 2.0]), GROUND, 1000, None, 0.3)
    count = counts_of(model)[0]
    found = PowerSpectrum(preparation, count, [0.0])
    burnt = Master(model).blocks(GROUND, np.array([0.3]))[0]
    exact = finite_time(Master(model), count.weights, [1.7], burnt)
    assert found.mean[0] == pytest.approx(exact.covariance[0] / 1.7, rel=1e-10)
    assert found._amplitude[0] == pytest.approx(exact.mean[0], rel=1e-10)


def test_first_passages_of_a_two_level_atom() -> None:
    # Up at a = 0.1, down at b = 0.6. The first jump: a mixture of exponentials; the second is over after both.
    a, b = 0.1, 0.6
    model = thermal_qubit(0.2, 0.5)
    preparation, times = steady(model, 20.0), np.array([0.5, 3.0, 20.0])
    rho = Master(model).steady_blocks
    for bound, survival, mean in (
        (1.0, lambda t: (b * math.exp(-a * t) + a * math.exp(-b * t)) / (a + b), (b / a + a / b) / (a + b)),
        (2.0, lambda t: (b * math.exp(-a * t) - a * math.exp(-b * t)) / (b - a), 1 / a + 1 / b),
    ):
        space = PassageSpace(Master(model, preparation.sectors), np.ones((2, 2)), -np.inf, bound)
        left, lasting = space.left(rho, times)
        np.testing.assert_allclose(1 - left.sum(axis=1), [survival(t) for t in times], rtol=1e-12)
        assert left[:, 1].max() < 1e-14
        assert lasting == pytest.approx(quad(survival, 0, 20.0)[0], rel=1e-9)
        assert space.mean_time(rho) == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("model", [ENGINE, diamond(0.0, 1.0)], ids=["engine", "diamond"])
def test_the_first_count_is_the_end_of_silence(model) -> None:
    preparation = steady(model, 5.0 / np.abs(model.loss).max())
    count = counts_of(model)[0]
    found = FirstPassage(preparation, count, -1.0, 1.0)
    solver = Master(model, preparation.sectors)
    silent = jump_average(solver, np.where(count.weights != 0, 0.0, 1.0), solver.steady_blocks, found.times)
    np.testing.assert_allclose(found.mean[: len(found.times)], silent, rtol=1e-10)


def test_delta_s_is_told_apart_by_its_values() -> None:
    """With detailed balance Delta S of a steady start is zero at all times: no bound is ever reached."""
    preparation = steady(diamond(1.0, 1.0), 3.0)
    found = FirstPassage(preparation, None, -1e-3, 1e-3)
    np.testing.assert_allclose(found.mean[:12], 1.0, rtol=1e-12)
    assert found.ratios[-1].row.long_time is None


def relaxing() -> Preparation:
    return prepare(diamond(0.0, 1.0), np.array([3.0]), np.eye(4) / 4, 64)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: FirstPassage(p, None, -1.0, 1.0), "only where all sectors have dimension 1"),
        (lambda _: FirstPassage(relaxing(), None, -1.0, 1.0), "Delta S: must start in the steady state"),
        (lambda _: FirstPassage(steady(diamond(-np.inf, 1.0), 3.0), None, -1.0, 1.0), "not defined, or not finite"),
        (lambda p: FirstPassage(p, counts_of(p.model)[0], 1.0, 3.0), "must have 0 between them"),
        (lambda p: FirstPassage(p, counts_of(p.model)[0], -1e6, 1e6), "a bound closer to 0"),
        (lambda p: WaitingTimes(p, "x", "h_up", "h_up", Bins(longest=1e9)), "must lie between 0 and"),
        (lambda p: WaitingTimes(p, "x", "h_upp", "h_up"), "no channel 'h_upp'"),
        (lambda p: PowerSpectrum(p, counts_of(p.model)[0], [np.nan]), "finite"),
    ],
)
def test_bad_input_is_refused(make, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make(steady(ENGINE, 100.0))


# Kernels


def test_the_kernels_do_what_slow_loops_do() -> None:
    preparation = steady(diamond(0.0, 1.0), 3.0)
    records = next(record_stream(preparation, 7, 0, 40))
    # Bins as they come: equal ones are among those that the physics tests use.
    starts, stops, edges = np.array([1, 0, 0, 0]), np.array([0, 1, 0, 1]), np.array([0.0, 0.01, 0.05, 0.2, 0.3, 1.0])
    shape, layout = (40, 7), (records.offsets, records.times, records.channels)
    waits, pairs, sums, arrived = np.zeros(shape), np.zeros(shape), np.zeros((40, 4)), np.zeros((40, 2))
    weights, omegas = np.array([1.0, -1.0, 0.5, 0.0]), np.array([0.0, 1.7])
    kernels.waits(*layout, starts, stops, 0.4, 2.0, edges, waits)
    kernels.pairs(*layout, starts, stops, 0.4, 2.0, edges, pairs)
    kernels.fourier(*layout, weights, 0.4, omegas, sums)
    steps = np.repeat(weights[:, None], 1, axis=1)
    kernels.passages(*layout, np.zeros(40, int), np.zeros((4, 1), int), steps, 0.4, -1.0, 1.0, arrived)
    for i in range(40):
        own = slice(records.offsets[i], records.offsets[i + 1])
        t, k = records.times[own], records.channels[own]
        begun = [u for u, c in zip(t, k, strict=True) if starts[c] and 0.4 < u <= 2.0]
        ends = np.array([u for u, c in zip(t, k, strict=True) if stops[c]])
        gaps = [min((e - u for e in ends if e > u), default=np.inf) for u in begun]
        distances = [e - u for u in begun for e in ends if e > u]
        assert waits[i, 0] == pairs[i, 0] == len(begun)
        np.testing.assert_array_equal(waits[i, 1:-1], np.histogram(gaps, edges)[0])
        np.testing.assert_array_equal(pairs[i, 1:-1], np.histogram(distances, edges)[0])
        assert waits[i, -1] == pytest.approx(sum(min(gap, 1.0) for gap in gaps), rel=1e-12)
        assert pairs[i, -1] == (ends > 0.4).sum()
        late = t > 0.4
        for f, omega in enumerate(omegas):
            z = (weights[k] * np.exp(-1j * omega * (t - 0.4)))[late].sum()
            assert complex(*sums[i, 2 * f : 2 * f + 2]) == pytest.approx(z, abs=1e-12)
        walked = np.cumsum(weights[k][late])
        out = np.flatnonzero(np.abs(walked) >= 1.0)
        assert arrived[i, 0] == (t[late][out[0]] if len(out) else np.inf)
        assert arrived[i, 1] == bool(len(out) and walked[out[0]] > 0)


def test_waits_that_are_all_cut_have_no_error_bar() -> None:
    """Hardly one of 2000 x 15 waits is shorter than 1e-9: the mean wait is 1e-9 to the last digit, and not wrong."""
    preparation = steady(diamond(0.0, 1.0), 3.0)
    waits = WaitingTimes(preparation, "any", ["A_up", "S_up"], ["A_down", "S_down"], Bins(longest=1e-9))
    late = FirstPassage(preparation, counts_of(preparation.model)[0], -60.0, 60.0)
    for statistic in (waits, late):
        rows = judge(sampled_rows(preparation, [statistic], 1, 0, 2000)[0])
        mean = rows[-1]
        assert mean.quantity.startswith("mean_") and mean.status in ("exact", "unresolved")
        assert "disagree" not in {row.status for row in rows}


def test_moments_merge() -> None:
    x = np.random.default_rng(3).exponential(size=(500, 3))
    found = Moments(3)
    for piece in np.split(x, [1, 7, 300]):
        found.add(piece)
    d = x - x.mean(axis=0)
    np.testing.assert_allclose(found.mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.m2, (d**2).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.m3, (d**3).sum(axis=0), rtol=1e-10)
