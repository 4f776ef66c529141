"""Entropy production along trajectories: what holds for each one, and averages whose exact values are known.

Averages are judged by `report`'s rule as one family, false-alarm rate 10^-3; wrong engines for each of these
quantities are in test_negative_controls.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from sampled import disagreeing, judged, point_of
from small_models import random_model, random_state

import trajectories
from trajectories.runfiles.run import Run
from trajectories.sampling.preparation import prepare
from trajectories.sampling.replay import Replay
from trajectories.studies import replay
from trajectories.systems import diamond, local_engine

GROUND = np.diag([1.0, 0, 0, 0]).astype(complex)


@pytest.mark.parametrize("beta", [-1.0, 0.0, 1.0, 3.0])
def test_at_equal_temperatures_nothing_is_produced_on_any_trajectory(beta: float) -> None:
    """Delta S = 0 to 1e-12: jumps give the reservoirs exactly what the boundary term takes."""
    result = trajectories.run(diamond(beta_A=beta, beta_S=beta), times=[0.5, 2.0], trajectories=10_000, seed=1)
    block = result.points[0].total
    column = len(result.points[0].preparation.observables.linear)
    assert np.abs(block.mean[:, column]).max() < 1e-12
    assert np.sqrt(block.m2[:, column] / int(block.count)).max() < 1e-12
    assert {row.status for row in result.report().rows if row.quantity.startswith("entropy")} == {"exact"}


@pytest.mark.parametrize(("beta_S", "expected"), [(0.0, 0.895864), (1.0, 0.785010), (3.0, 0.680309)])
def test_one_way_pump(beta_S: float, expected: float) -> None:
    """Bath A only pumps (beta_A = -inf): <e^{-Delta S}> at t = 0.2, reference values to six digits."""
    preparation = prepare(diamond(beta_A=-np.inf, beta_S=beta_S), np.array([0.2]), None, 200_000)
    point = point_of(preparation, 200_000, seed=1)
    rows = judged([point], lambda row: row.quantity in ("integral_fluctuation_theorem", "irreversible_fraction"))
    assert disagreeing(rows) == set()
    exact = {row.quantity: row.exact for row in rows}
    assert exact["integral_fluctuation_theorem"] == pytest.approx(expected, abs=5e-7)


def test_a_start_without_full_rank_is_finite_but_below_one() -> None:
    """Diamond (-2, 3) from |00>, t = 0.2: <e^{-Delta S}> = 0.572952, <Delta S> = 1.684049 (reference values)."""
    result = trajectories.run(
        diamond(beta_A=-2.0, beta_S=3.0), duration=0.2, trajectories=200_000, initial="ground", seed=1
    )
    rows = {row.quantity: row for row in result.report().rows if row.reservoir is None and row.label is None}
    assert rows["integral_fluctuation_theorem"].exact == pytest.approx(0.572952, abs=5e-7)
    assert rows["entropy_production"].exact == pytest.approx(1.684049, abs=5e-7)
    assert rows["entropy_production"].status == "agree"
    assert "irreversible_fraction" not in rows
    assert result.points[0].total.infinite.tolist() == [0]


def test_the_point_that_tells_wrong_bases_apart() -> None:
    """Engine T_h=2, T_c=.3, g=.02, t=100: <Delta S> = .684384 (reference value, cut off); a wrong basis adds .0182."""
    model = local_engine(T_h=2.0, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011)
    result = trajectories.run(model, duration=100.0, trajectories=200_000, seed=1)
    found = result["entropy_production"]
    assert np.floor(found.exact[0] * 1e6) / 1e6 == 0.684384  # the reference is cut off after six digits, not rounded
    assert abs(found.estimate[0] - found.exact[0]) < 4 * found.standard_error[0]  # 6e-5 of all seeds fail
    assert 4 * found.standard_error[0] < 0.0182


def test_coupling_work_of_a_detuned_engine() -> None:
    """Counted heats add up to -delta I, not to zero: I = 4 g^2 Gamma X / chi quanta per time (Khandelwal et al.)."""
    parameters = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011, "delta": 0.05}
    result = trajectories.run(local_engine(**parameters), duration=200.0, trajectories=100_000, seed=1)
    work, hot, cold = result["coupling_work"], result["heat_current", "h"], result["heat_current", "c"]
    # gamma_j^+ = gamma_j n_j and gamma_j^- = gamma_j (1 + n_j), at the energies 1 and 1.05.
    n_h, n_c = 1 / np.expm1(1.0 / 2.0), 1 / np.expm1(1.05 / 0.3)
    rate_h, rate_c = 0.01 * (1 + 2 * n_h), 0.011 * (1 + 2 * n_c)  # Gamma_j
    total, bias = rate_h + rate_c, 0.01 * 0.011 * (n_h - n_c)
    chi = (4 * 0.02**2 + rate_h * rate_c) * total**2 + 4 * 0.05**2 * rate_h * rate_c
    current = 4 * 0.02**2 * total * bias / chi
    assert hot.exact[0] == pytest.approx(current, rel=1e-9)
    assert cold.exact[0] == pytest.approx(-1.05 * current, rel=1e-9)
    assert work.exact[0] == pytest.approx(-0.05 * current, rel=1e-9)
    rows = [row for row in result.report().rows if row.quantity in ("coupling_work", "heat_current")]
    assert {row.status for row in rows} == {"agree"}


def models() -> dict[str, Run]:
    """Runs whose trajectories are looked at one by one."""

    def run(model: trajectories.Model, **ensemble: object) -> Run:
        return Run.from_mapping({"ensemble": {"trajectories": 100, **ensemble}}, model=model)

    state = random_state(np.random.default_rng(5), 3)
    rows = [[[element.real, element.imag] for element in row] for row in state.tolist()]
    return {
        "diamond": run(diamond(beta_A=-1.0, beta_S=1.0), duration=3.0),
        "engine": run(local_engine(T_h=2.0, T_c=0.3, g=0.3, gamma_h=0.5, gamma_c=0.4, delta=0.1), duration=8.0),
        "tunnelling": run(local_engine(T_h=2.0, T_c=0.3, g=0.3, gamma_h=0.5, gamma_c=0.4, kappa_h=0.2), duration=8.0),
        "random": run(random_model(3, 2, seed=3, dephasing=True), duration=1.0, initial=rows),
    }


@pytest.mark.parametrize("name", ["diamond", "engine", "tunnelling", "random"])
def test_three_ways_to_the_entropy_and_the_first_law_on_each_trajectory(name: str) -> None:
    machine = models()[name]
    jumps = 0
    for number in range(12):
        told: Replay = replay(machine, number)
        jumps += len(told.channels)
        assert told.paths.entropy == pytest.approx(told.entropy, abs=1e-9)
        ends = told.energies(np.array([0.0, told.duration]))
        assert sum(told.energy_heat.values()) == pytest.approx(ends[1] - ends[0], abs=1e-9)
    assert jumps > 12


def test_replay_is_the_trajectory_that_was_sampled() -> None:
    """Records, replay and the counts that were averaged are one and the same trajectory."""
    model = local_engine(T_h=2.0, T_c=0.3, g=0.3, gamma_h=0.5, gamma_c=0.4)
    result = trajectories.run(model, duration=8.0, trajectories=64, records=64, initial="mixed", seed=1)
    records = result.jump_records
    assert records is not None
    total = 0
    for number in (0, 7, 63):
        told = replay(result, number)
        one = slice(records.offsets[number], records.offsets[number + 1])
        np.testing.assert_array_equal(told.jump_times, records.times[one])
        np.testing.assert_array_equal(told.channels, records.channels[one])
        assert (told.start, told.end) == (records.initial[number], records.final[number])
        total += len(told.channels)
    assert total > 0
    assert int(records.offsets[-1]) == round(float(result.points[0].total.mean[-1, 0]) * 64)
