"""What samples that have missed rare trajectories, or have too many of them, are told by the exact moments."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import planted
import pytest
from sampled import disagreeing, judged, point_of
from zoo import MACHINES, rare_bath

from trajectories.master.lindblad import Master
from trajectories.report.judge import judge
from trajectories.report.report import function_rows, rows_of
from trajectories.report.rows import ensemble_functions
from trajectories.runfiles.job import Job
from trajectories.runfiles.run import load
from trajectories.running.stopping_rule import Target
from trajectories.sampling.preparation import prepare
from trajectories.systems import common_bath, local_engine

RUNS = Path(__file__).parents[2] / "runs"
MIXED = np.eye(4) / 4


def test_a_rare_bath_sampled_ten_thousand_times_too_often_is_caught() -> None:
    """.01 of its jumps are expected in all trajectories, a hundred come: no error bar is needed to see that."""
    honest, fast = (prepare(rare_bath(rate), np.array([10.0]), None, 1000) for rate in (1e-6, 1e-2))
    rare = [k for k, channel in enumerate(honest.model.channels) if channel.reservoir == "r"]
    master = Master(honest.model, honest.sectors)
    assert 1000 * 10.0 * master.jump_rates(master.steady_blocks)[rare].sum() < 0.05
    wrong = dataclasses.replace(honest, plan=fast.plan)
    assert "heat_current" in disagreeing(judged([point_of(honest, 1000, 3, engine=wrong)]))
    assert disagreeing(judged([point_of(honest, 1000, 3)])) == set()


def test_no_stopping_rule_is_met_by_a_sample_that_looks_calm() -> None:
    """Of 8192 trajectories .8 bright ones are expected: they carry the spread, and where none comes it looks small."""
    preparation, calm = MACHINES["metastable, two baths"].prepare(), 0
    for seed in range(8):
        rows = rows_of(point_of(preparation, 8192, seed))
        row = next(row for row in rows if row.quantity == "activity")
        assert row.estimate is not None and row.standard_error is not None
        calm += row.standard_error < 0.03 * row.estimate
        assert not Target.parse("activity=3%").met(rows)
    assert calm >= 2  # by their own errors these would have stopped


def test_the_stopping_rule_takes_the_larger_error() -> None:
    preparation = MACHINES["nearly degenerate"].prepare()
    rows = rows_of(point_of(preparation, 4096, 1))
    row = next(row for row in rows if row.quantity == "activity" and row.status == "judged")
    assert row.exact_error is not None and row.standard_error is not None
    larger = max(row.exact_error, row.standard_error)
    calm = [dataclasses.replace(one, standard_error=larger / 100) if one is row else one for one in rows]
    at_the_end = [one for one in calm if one.quantity == "activity" and one.time == row.time]
    target = Target.parse(f"activity={0.9 * min(row.exact_error, larger)}")
    assert all(not target._small(one) for one in at_the_end)


def test_the_purity_of_a_wrong_engine_is_called_wrong() -> None:
    """Reports do not show the purity; scripts that draw it have its verdict from here."""
    machine = MACHINES["flux qubits, rare 11"]
    preparation = machine.prepare()
    (purity,) = (f for f in ensemble_functions(preparation, reported=False) if f.quantity.name == "purity")
    statuses = {}
    for name, engine in (("right", preparation), ("half the loss", planted.loss(preparation))):
        point = point_of(preparation, machine.trajectories, 1, engine=engine)
        statuses[name] = judge(function_rows(point, purity))[-1].status
    assert statuses == {"right": "agree", "half the loss": "disagree"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_double_dots_concurrence_is_judged(seed: int) -> None:
    """Its rarest population is met twelve times, but the coherence that carries the concurrence is resolved.

    Once the populations stand (14 of the 16 times), all but a few rows, whose sample has less than half the spread.
    """
    preparation = Job.of(load(RUNS / "double_dot.toml")).prepare()
    late = preparation.times > 450
    rows = [row for row in judged([point_of(preparation, 200_000, seed)]) if row.quantity == "concurrence"]
    statuses = [row.status for row, kept in zip(rows, late, strict=True) if kept]
    assert "disagree" not in statuses and statuses.count("agree") >= 11
    visits = 200_000 * float(np.diag(preparation.sectors.unflatten(preparation.exact.density[-1])).real.min())
    assert 5 < visits < 20


def test_rare_channels_between_log_spaced_times_are_not_judged_by_their_absence() -> None:
    """At t = .01 fewer than one cold jump is expected: ln p(n0) and ln p(nT) cancel on all trajectories that come."""
    engine = local_engine(T_h=1.0, T_c=0.1, g=1.6e-3, gamma_h=1e-3, gamma_c=1.1e-2)
    preparation = prepare(engine, np.geomspace(0.01, 10.0, 7), np.diag([1.0, 0, 0, 0]).astype(complex), 10_000)
    rows = judged([point_of(preparation, 10_000, 7)])
    first = [row for row in rows if row.time == preparation.times[0] and row.quantity.startswith("entropy")]
    assert first and {row.status for row in first} == {"unresolved"}
    assert all(row.note for row in first)
    assert disagreeing(rows) == set()


@pytest.mark.parametrize("T_C", [0.13, 0.21])
def test_a_concurrence_whose_events_are_not_met_is_not_judged(T_C: float) -> None:
    """Superconducting qubits at T = .05: .01 and 1.3 double excitations are expected in 50,000 trajectories.

    One more trajectory in each level changes the concurrence by many of its error bars, which say 2e-4: with z = 23 a
    correct engine was called wrong. Where a thousand are expected the same machine is judged.
    """
    bath = {"epsilon_A": 1.0, "epsilon_B": 1.0, "Omega": 0.7, "dephasing": 3.5e-5}
    rates = dict.fromkeys(("gamma_A", "gamma_B", "gamma_C_A", "gamma_C_B"), 0.01)
    statuses = {}
    for T, own in ((0.05, T_C), (0.45, 0.69)):
        preparation = prepare(
            common_bath(T_A=T, T_B=T, T_C=own, **bath, **rates), np.array([1500.0]), MIXED, 50_000, pair=(0, 1)
        )
        rows = judge(rows_of(point_of(preparation, 50_000, 1)))
        statuses[T] = {row.status for row in rows if row.quantity == "concurrence"}
    assert statuses == {0.05: {"unresolved"}, 0.45: {"agree"}}
