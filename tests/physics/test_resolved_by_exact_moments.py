"""What samples that have missed rare trajectories, or have too many of them, are told by the exact moments."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sampled import disagreeing, judged, point_of
from zoo import MACHINES, rare_bath

from trajectories.figures.sampled_side import SampledSide
from trajectories.report.report import rows_of
from trajectories.report.result import Result
from trajectories.runfiles.job import Job
from trajectories.runfiles.run import load
from trajectories.running.stopping_rule import Target
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.systems import local_engine

RUNS = Path(__file__).parents[2] / "runs"


def other_rates(preparation: Preparation, model_of_engine: object) -> Preparation:
    """The preparation whose plan is that of another model with the same sectors."""
    own = prepare(model_of_engine, preparation.times, None, 1000)  # type: ignore[arg-type]
    return dataclasses.replace(preparation, plan=own.plan)


def test_a_rare_bath_sampled_ten_thousand_times_too_often_is_caught() -> None:
    """.01 of its jumps are expected in all trajectories, a hundred come: no error bar is needed to see that."""
    honest = prepare(rare_bath(1e-6), np.array([10.0]), None, 1000)
    rare = [k for k, channel in enumerate(honest.model.channels) if channel.reservoir == "r"]
    counts = np.diff(np.concatenate([[0.0], honest.exact.mean[-1:, 0]]))
    assert counts[-1] > 1 and 1000 * 10 * 1e-6 * len(rare) < 0.05
    wrong = other_rates(honest, rare_bath(1e-2))
    assert "heat_current" in disagreeing(judged([point_of(honest, 1000, 3, engine=wrong)]))
    assert disagreeing(judged([point_of(honest, 1000, 3)])) == set()


@pytest.mark.parametrize("seed", range(8))
def test_no_stopping_rule_is_met_by_a_sample_that_looks_calm(seed: int) -> None:
    """Of 8192 trajectories .8 bright ones are expected, which carry the spread: often none, and the error looks small.

    A tenth of the exact error is asked for; the sample alone would be content on some of these seeds.
    """
    preparation = MACHINES["metastable, two baths"].prepare()
    rows = rows_of(point_of(preparation, 8192, seed))
    exact = next(row.exact_error for row in rows if row.quantity == "activity")
    assert exact is not None
    assert not Target.parse(f"activity={exact / 10}").met(rows)
    assert not Target.parse("activity=3%").met(rows)


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


def test_a_purity_that_is_wrong_is_called_wrong() -> None:
    machine = MACHINES["flux qubits, rare 11"]
    preparation = machine.prepare()
    point = point_of(preparation, machine.trajectories, 1)
    result = Result([point], name="", seed=1, text="", meta={})
    assert SampledSide.of(result).rows[0]["purity"].status in ("agree", "unresolved")
    exact = preparation.exact
    density = exact.density.copy()
    density[-1] = 0.5 * density[-1] + 0.5 * np.roll(density[-1], 0)
    density[-1] *= 0.8
    wrong = dataclasses.replace(preparation, exact=exact._replace(density=density))
    false = Result([dataclasses.replace(point, preparation=wrong)], name="", seed=1, text="", meta={})
    found = SampledSide.of(false).rows[0]["purity"]
    assert found.status == "disagree" and found.z is not None and found.z > 10


def test_the_double_dots_concurrence_is_judged() -> None:
    """Its rarest population is met twelve times, but the coherence that carries the concurrence is resolved."""
    preparation = Job.of(load(RUNS / "double_dot.toml")).prepare()
    point = point_of(preparation, 200_000, 1)
    last = float(preparation.times[-1])
    rows = {row.quantity: row for row in judged([point]) if row.time == last and row.quantity == "concurrence"}
    assert rows["concurrence"].status == "agree"
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
