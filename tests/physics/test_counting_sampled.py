"""Sampled counting statistics against exact ones at the same finite time, up to the fourth cumulant.

Honest runs agree at a family-wise false-alarm rate of 10^-3. The error bars are shown to be right by repeating small
runs. An engine with a wrong rate, one with the right mean waiting times but the wrong spread, and a stream used twice
are caught, each in the noise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from intervals import confidence_interval
from sampled import point_of

from trajectories.counting.steady_counting import SteadyCounting
from trajectories.kernels.observable_table import ENTROPY_SINCE
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.report.counting_rows import counting_rows
from trajectories.report.exact_counting import ExactCounting
from trajectories.report.judge import judge
from trajectories.report.rows import Row
from trajectories.results.points import Point
from trajectories.sampling import block as sampling
from trajectories.sampling.block import sample_block
from trajectories.sampling.preparation import GROUPS, Preparation, prepare
from trajectories.sampling.reduction_tree import Forest
from trajectories.systems import diamond, local_engine

GROUND = np.diag([1.0, 0.0, 0.0, 0.0]).astype(complex)
# The control point of the engine has a complex coherence: its counts come from sectors of dimension 2.
ENGINE = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
# model, sample times, start, burn-in
CASES: dict[str, tuple[Model, tuple[float, ...], np.ndarray | None, float]] = {
    "diamond": (diamond(0.0, 1.0), (0.5, 2.0), None, 0.0),
    "engine": (local_engine(**ENGINE), (50.0, 150.0), None, 0.0),
    "diamond, relaxing": (diamond(0.0, 1.0), (0.5, 1.5), GROUND, 0.0),
    "diamond, after a burn-in": (diamond(0.0, 1.0), (0.3, 1.5), GROUND, 0.3),
}
TRAJECTORIES = 131_072
SMALL = 4096
RUNS = 250


@cache
def prepared(case: str, trajectories: int) -> tuple[Preparation, ExactCounting]:
    model, times, initial, burn_in = CASES[case]
    preparation = prepare(model, np.array(times), initial, trajectories, None, burn_in)
    return preparation, ExactCounting.of(preparation, SteadyCounting.of(Master(model)))


def compared(case: str, engine: Preparation | None = None) -> list[Row]:
    """The judged rows of a run, whose blocks come from `engine` (by default an honest one)."""
    preparation, exact = prepared(case, TRAJECTORIES)
    point = point_of(preparation, TRAJECTORIES, 11, engine=engine)
    return judge(counting_rows(point, exact))


def disagreeing(rows: list[Row]) -> set[tuple[str, str | None]]:
    return {(row.quantity, row.label) for row in rows if row.status == "disagree"}


@pytest.mark.parametrize("case", CASES)
def test_cumulants_to_fourth_order_agree(case: str) -> None:
    rows = compared(case)
    assert {row.status for row in rows} == {"agree"}
    last = max(row.time for row in rows)
    for quantity in ("noise", "third_cumulant", "fourth_cumulant"):
        assert len([row for row in rows if row.quantity == quantity and row.time == last]) == 4
    # The comparison resolves the variance to half a per cent: its finite-time constant, some per cent, is tested.
    noise = [row for row in rows if row.quantity == "noise"]
    assert all((row.standard_error or 1.0) < 0.01 * (row.exact or 0.0) for row in noise)


def test_the_constant_of_the_variance_is_seen() -> None:
    """Control: judged by the long-time rates alone, the same sample disagrees."""
    preparation, exact = prepared("diamond", TRAJECTORIES)
    found = counting_rows(point_of(preparation, TRAJECTORIES, 11), exact)
    noise = [own for own in found if own.quantity == "noise" and own.label == "quanta from S"]
    for own in noise:
        assert own.long_time is not None and own.estimate is not None and own.standard_error is not None
        assert own.estimate - own.long_time > 5 * own.standard_error


def test_the_uncertainty_ratios_are_those_of_the_tallied_means() -> None:
    preparation, exact = prepared("diamond", TRAJECTORIES)
    point = point_of(preparation, TRAJECTORIES, 11)
    rows = {(own.quantity, own.label, own.time): own for own in counting_rows(point, exact)}
    block = point.total
    mean, variance = block.mean[1, 2], block.m2[1, 2] / (int(block.count) - 1)
    entropy = block.mean[1, len(preparation.observables.linear) + ENTROPY_SINCE]
    thermodynamic, kinetic = (rows[q, "quanta from S", 2.0].estimate for q in ("tur_ratio", "kur_ratio"))
    # The bias that the jackknife removes is some 3 Var/(n <N>^2): 6e-5 of the ratio.
    assert thermodynamic == pytest.approx(variance * entropy / (2 * mean**2), rel=1e-3)
    assert kinetic == pytest.approx(variance * block.mean[1, 0] / mean**2, rel=1e-3)


# Error bars


def coverage(case: str, twice: bool = False) -> dict[tuple[str, str | None], float]:
    """The share of 95 % intervals that hold the exact value; `twice`: every second block repeats the one before."""
    preparation, exact = prepared(case, SMALL)
    size = preparation.block_size
    inside: dict[tuple[str, str | None], list[bool]] = {}
    for seed in range(RUNS):
        forest = Forest(GROUPS)
        for index in range(SMALL // size):
            first = (index // 2 if twice else index) * size
            forest.add(index, sample_block(preparation.plan, preparation.observables, 500 + seed, 0, first, size, 1.0))
        for row in counting_rows(Point({}, preparation, forest), exact):
            if row.time < preparation.times[-1]:
                continue
            assert row.estimate is not None and row.standard_error is not None
            low, high = confidence_interval(row.estimate, row.standard_error, 0.95, GROUPS - 1)
            inside.setdefault((row.quantity, row.label), []).append(bool(low <= (row.exact or 0.0) <= high))
    return {key: float(np.mean(found)) for key, found in inside.items()}


@pytest.mark.parametrize("case", ["diamond", "engine"])
def test_intervals_cover_what_they_promise(case: str) -> None:
    # Of 250 correct intervals fewer than 0.89 cover in 7e-5 of all cases, more than 0.992 in 4e-5 (binomial). The
    # quantities are 25, two or three of them independent in effect.
    found = coverage(case)
    assert len(found) == 25
    assert not {key: share for key, share in found.items() if not 0.89 <= share <= 0.992}


def test_a_stream_used_twice_is_caught() -> None:
    """Control: half as many independent trajectories as counted make error bars too small by sqrt(2)."""
    found = coverage("diamond", twice=True)
    # Expected are 0.83 and below; 0.89 lies 2.5 standard errors above that.
    assert all(found["noise", count] < 0.89 for count in ("quanta from A", "quanta from S", "jumps"))


# Engines made wrong


def test_a_wrong_rate_is_caught() -> None:
    """Control: all rates two per cent too large."""
    _, times, initial, burn_in = CASES["diamond"]
    wrong = prepare(diamond(0.0, 1.0, pump=1.02), np.array(times), initial, TRAJECTORIES, None, burn_in)
    caught = disagreeing(compared("diamond", wrong))
    assert {("noise", "jumps"), ("covariance", "quanta from A, quanta from S")} <= caught


@pytest.mark.parametrize("case", ["diamond", "engine"])
def test_the_wrong_spread_of_waiting_times_is_caught(
    monkeypatch: pytest.MonkeyPatch, uniform_waiting_times: Callable[..., None], case: str
) -> None:
    """Control: a uniform number of the right mean in place of the exponential one makes jumps too regular."""
    monkeypatch.setattr(sampling, "jumps", uniform_waiting_times)
    caught = disagreeing(compared(case))
    assert ("noise", "jumps") in caught
