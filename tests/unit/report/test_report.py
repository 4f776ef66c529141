"""How rows are judged: every status for its own reason, and nothing in JSON that JSON does not have."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from small_models import LOWER

import trajectories
from trajectories.model import Channel, Model, Reservoir
from trajectories.report.judge import FALSE_ALARM_RATE, judge, verdict
from trajectories.report.result import ResultData
from trajectories.report.rows import Row
from trajectories.report.text import with_error
from trajectories.systems import common_bath, diamond, local_engine


def row(p: float | None, status: str = "judged") -> Row:
    return Row("activity", None, None, 0.0, 1.0, "1/time", 1.0, 1.0, 0.1, 0.0, p, status)


def test_the_false_alarm_rate_is_shared_by_all_rows() -> None:
    limit = FALSE_ALARM_RATE / 10
    rows = judge([row(1.01 * limit)] * 9 + [row(0.99 * limit)])
    assert [found.status for found in rows] == ["agree"] * 9 + ["disagree"]
    assert judge([row(0.99 * limit)])[0].status == "disagree"  # alone its threshold is the whole rate


def test_a_bound_can_condemn_but_not_acquit() -> None:
    assert [found.status for found in judge([row(1e-9, "bounded"), row(0.5, "bounded")])] == ["disagree", "unresolved"]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["agree", "disagree"], "disagree"),
        (["agree", "unresolved", "unchecked"], "agree"),
        (["exact", "irreversible"], "agree"),
        (["unresolved", "irreversible"], "unresolved"),
        ([], "unresolved"),
    ],
)
def test_the_verdict(statuses: list[str], expected: str) -> None:
    assert verdict([replace(row(None), status=status) for status in statuses]) == expected


@pytest.fixture(scope="module")
def one_way() -> ResultData:
    model = local_engine(T_h=1.0, T_c=0.0, g=0.3, gamma_h=0.7, gamma_c=0.9)
    return trajectories.run(model, times=[0.0, 0.5, 1.0], duration=1.0, trajectories=20_000, seed=1)


def test_one_way_channels_are_reported_as_irreversible(one_way: ResultData) -> None:
    rows = [found for found in one_way.report().rows if found.time == 1.0]
    by_name = {found.quantity: found for found in rows if found.reservoir is None and found.label is None}
    for quantity in ("entropy_production", "entropy_production_rate"):
        found = by_name[quantity]
        assert (found.status, found.estimate, found.exact) == ("irreversible", None, None)
        assert "absolutely irreversible" in found.note
    assert by_name["irreversible_fraction"].status == "agree"
    assert 0 < (by_name["irreversible_fraction"].exact or 0) < 1
    theorem = by_name["integral_fluctuation_theorem"]
    assert theorem.exact is not None and theorem.exact < 1 and "1 - lambda" in theorem.note


def test_json_has_neither_nan_nor_infinity(one_way: ResultData) -> None:
    text = json.dumps(one_way.report().json(), allow_nan=False)
    found = json.loads(text)
    assert set(found) >= {"points", "verdict"} and found["verdict"] == "agree"
    keys = {
        "quantity",
        "label",
        "reservoir",
        "from",
        "time",
        "unit",
        "estimate",
        "standard_error",
        "exact",
        "z",
        "status",
    }
    for record in found["points"][0]["rows"]:
        assert keys <= set(record)
        assert record["status"] in ("agree", "disagree", "unresolved", "exact", "irreversible", "unchecked")
    assert found["points"][0]["trajectories"] == one_way.trajectories


def test_csv_is_the_same_table(one_way: ResultData) -> None:
    report = one_way.report()
    records = list(csv.DictReader(io.StringIO(report.csv())))
    assert len(records) == len(report.rows)
    assert [record["quantity"] for record in records] == [found.quantity for found in report.rows]
    assert float(records[-1]["estimate"]) == report.rows[-1].estimate


def test_a_steady_start_is_marked_where_it_tests_the_initial_draw_only() -> None:
    model = diamond(beta_A=0.0, beta_S=1.0)
    steady = trajectories.run(model, duration=1.0, trajectories=1000, seed=1).report()
    relaxing = trajectories.run(model, duration=1.0, trajectories=1000, initial="ground", seed=1).report()
    marked = {found.quantity for found in steady.rows if "initial draw only" in found.note}
    assert marked == {"energy", "energy_current", "population", "concurrence", "negativity"}
    assert not any("initial draw only" in found.note for found in relaxing.rows)


def test_a_rare_state_that_was_never_seen_is_no_disagreement() -> None:
    """p = 5e-5, N = 2000: most samples have never been there, and their small spread must not be taken at its word."""
    channels = [
        Channel("up", np.sqrt(1e-4) * LOWER.T, "bath", 1.0, "down"),
        Channel("down", LOWER, "bath", -1.0, "up"),
    ]
    model = Model(np.diag([0.0, 1.0]), channels, [Reservoir("bath", beta=float(-np.log(1e-4)))], pair=None)
    for seed in range(30):
        report = trajectories.run(model, duration=0.5, trajectories=2000, seed=seed, initial="ground").report()
        assert report.verdict != "disagree", report.text()


def test_few_trajectories_resolve_nothing_and_say_so() -> None:
    report = trajectories.run(diamond(beta_A=-2.0, beta_S=3.0), duration=1.0, trajectories=1, seed=1).report()
    assert report.verdict in ("unresolved", "agree")
    assert json.dumps(report.json(), allow_nan=False)


@pytest.mark.parametrize(
    ("estimate", "error", "expected"),
    [
        (0.173826, 0.00117, "0.1738(12)"),
        (52.0468, 0.0164, "52.047(16)"),
        (5.87861, 0.00996, "5.879(10)"),  # the error is rounded first
        (0.5, 0.996, "0.5 ± 1.0"),
        (0.5, 0.994, "0.50(99)"),
        (51.6665, 1.8, "51.7 ± 1.8"),
        (51.6665, 9.96, "52 ± 10"),
        (15.0927, 23.0, "15 ± 23"),
        (-0.0003, 0.5, "0.00(50)"),
        (12345.6, 210.0, "12350 ± 210"),
        (588702.0, 2.6e5, "5.9e+5 ± 2.6e+5"),
        (1.0, 2.6e5, "0 ± 2.6e+5"),
        (2.199420e-22, 2.1e-22, "2.2e-22 ± 2.1e-22"),
        (-1.2345678e-15, 2.14e-20, "-1.234568e-15 ± 2.1e-20"),
        (3e-24, 2.1e-22, "0 ± 2.1e-22"),
        (1.0, 0.0, "1"),
        (1.0, None, "1"),
        (1.0, float("inf"), "1"),
        (None, None, "-"),
        (-1.7e-26, 0.0, "-1.7e-26"),
        (0.17393021234, None, "0.17393021"),
    ],
)
def test_estimates_are_written_with_their_error(estimate: float | None, error: float | None, expected: str) -> None:
    assert with_error(estimate, error) == expected


def test_what_is_written_is_two_digits_of_the_error_and_the_estimate_to_the_same_place() -> None:
    """Read back: the error is right to its second digit, the estimate to half a unit of the error's last place."""
    rng = np.random.default_rng(5)
    for _ in range(2000):
        error = 10 ** rng.uniform(-30, 10)
        estimate = rng.normal() * error * 10 ** rng.uniform(-3, 8)
        text = with_error(estimate, error)
        if "(" in text:
            shown, digits = text.rstrip(")").split("(")
            unit = Decimal(1).scaleb(Decimal(shown).as_tuple().exponent)
            read, last = Decimal(digits) * unit, unit
            assert len(digits) == 2
        else:
            shown, bar = text.split(" ± ")
            read = Decimal(bar)
            last = Decimal(1).scaleb(read.adjusted() - 1)
        assert abs(read - Decimal(error)) <= last / 2 * Decimal("1.000001")
        assert abs(Decimal(shown) - Decimal(estimate)) <= last / 2 * Decimal("1.000001"), text
        assert len(shown.lstrip("-").replace(".", "").split("e")[0].lstrip("0")) <= 18


@pytest.mark.parametrize(("T", "T_C", "status"), [(3.0, 7.0, "unresolved"), (6.0, 5.0, "agree")])
def test_no_error_bar_at_a_kink_of_a_measure(T: float, T_C: float, status: str) -> None:
    """At (3, 7) the two largest l of the concurrence, sqrt(p_00 p_11) = .0339 and sqrt(p_01 p_10) + |c| = .0352, are as
    good as equal to the sample: over sixty seeds, errors by the jackknife are too small by a factor of 2.3 there.
    """
    model = common_bath(T, T, 20.0, 20.0, 10.0, 1.0, 1.0, T_C, 1.0, 1.0)
    result = trajectories.run(model, duration=15.0, times=[15.0], trajectories=200_000, initial="mixed", seed=7)
    (row,) = (row for row in result.report().rows if row.quantity == "concurrence")
    assert row.status == status
    assert ("kink" in (row.note or "")) == (status == "unresolved")
