"""The judge: rows made by hand for every rule, both sides of each threshold, and laws whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from trajectories.report import judge as module
from trajectories.report.judge import FALSE_ALARM_RATE, judge, judge_mean, judge_share, judge_smooth, verdict
from trajectories.report.law import Law, normal_score
from trajectories.report.rows import Row
from trajectories.sampling.statistics import Jackknife

NORMAL = Law(1.0, 0.0, 0.0)


def row(estimate: float, exact: float = 0.0, error: float | None = 0.1) -> Row:
    return Row("activity", None, None, 0.0, 1.0, "1/time", exact, estimate, error)


def jackknife(error: float, groups: int = 64, bias: float = 0.0) -> Jackknife:
    return Jackknife(np.array(0.0), np.array(error), np.array(bias), groups - 1)


def test_one_command_in_a_thousand() -> None:
    assert FALSE_ALARM_RATE == 1e-3


def test_bounded_rows_share_the_rate_too() -> None:
    judged = replace(row(0.0), p_value=0.7e-3, status="judged")
    assert judge([judged])[0].status == "disagree"
    assert judge([judged, replace(judged, status="bounded", p_value=1.0)])[0].status == "agree"
    # What has no p-value takes no part.
    assert judge([judged, replace(judged, status="exact", p_value=None)])[0].status == "disagree"


def test_the_exact_law_gives_z() -> None:
    found = judge_mean(row(0.3, error=0.05), 100, NORMAL)  # the sample's error bar is half the exact one
    assert found.status == "judged" and found.z == pytest.approx(3.0) and found.exact_error == pytest.approx(0.1)
    assert found.p_value == pytest.approx(2 * special.ndtr(-3.0))


def test_a_sample_that_looks_calm_is_said_to_be() -> None:
    assert "exact standard error" in judge_mean(row(0.3, error=0.01), 100, NORMAL).note
    assert judge_mean(row(0.3, error=0.1), 100, NORMAL).note == ""


@pytest.mark.parametrize(
    ("law", "least"),
    [
        (Law(1.0, 1.0, 1.0), 25),  # skewness 1/sqrt n <= .2
        (Law(1.0, 0.0, 6.0), 100),  # excess 6/n <= .06: symmetric rare events have no skewness
        (Law(4.0, 8.0, 16.0), 25),  # the same in other units
    ],
)
def test_few_events_are_not_judged_by_an_error_bar(law: Law, least: int) -> None:
    assert law.needed() == pytest.approx(least)
    size = np.sqrt(law.variance)
    assert judge_mean(row(0.1 * size), least, law).status == "judged"
    few = judge_mean(row(0.1 * size), least - 1, law)
    assert few.status == "bounded" and f"takes about {least:.0e}".replace("e+0", "e+0") in few.note


def test_a_mean_far_out_is_condemned_without_an_error_bar() -> None:
    # .01 events expected, 30 seen (a rare channel that fires 3000 times too often).
    rare = Law(1e-6, 1e-6, 1e-6)
    found = judge([judge_mean(row(3e-3, 1e-6, 1e-4), 10_000, rare)])[0]
    assert found.status == "disagree"
    # The bound is one: Poisson's own probability is far smaller.
    bounded = judge_mean(row(3e-3, 1e-6, 1e-4), 10_000, rare)
    assert bounded.p_value is not None and bounded.p_value > stats.poisson.sf(29, 0.01)
    # One event where .01 are expected is no contradiction.
    assert judge([judge_mean(row(1e-4, 1e-6, 1e-4), 10_000, rare)])[0].status == "unresolved"


def test_tails_bound_what_moments_do_not() -> None:
    # 20 events expected, none seen: e^-20, where the fourth moment gives about 1e-2.
    law = Law(20e-4, 20e-4, 20e-4, tail=lambda value: np.exp(-20.0))
    found = judge_mean(row(0.0, 20e-4, None), 10_000, law)
    assert found.status == "bounded" and found.p_value == pytest.approx(2 * np.exp(-20.0))
    assert judge_mean(row(0.0, 20e-4, None), 10_000, replace(law, tail=None)).p_value > 1e-3  # type: ignore[operator]


def test_ten_trajectories_of_a_wrong_engine_are_condemned_by_the_range() -> None:
    # All ten values are 1 where the mean of numbers between 0 and 1 is .2; no spread, no moments.
    found = judge_mean(row(1.0, 0.2, 0.0), 10, Law(exact=False, width=1.0))
    assert found.p_value == pytest.approx(2 * np.exp(-2 * 10 * 0.8**2))
    assert judge([found])[0].status == "disagree"
    near = judge_mean(row(0.4, 0.2, 0.0), 10, Law(exact=False, width=1.0))
    assert judge([near])[0].status == "unresolved"


def test_bounds_judge_by_the_sample_where_no_value_weighs_much() -> None:
    law = Law(exact=False, width=1.0)
    n = 2500
    # w^2/(s^2 n) = .04: standard deviation s = .1, error .002.
    assert judge_mean(row(0.001, error=0.00201), n, law).status == "judged"
    assert judge_mean(row(0.001, error=0.00199), n, law).status == "bounded"
    assert judge_mean(row(0.001, error=0.5), 29, law).status == "bounded"  # too few values for an error bar
    # The fourth moment of measured outcomes: 25 events of probability p.
    share = Law.of_share(0.01, n)
    bound = replace(share, exact=False, width=np.inf, tail=None)
    error = float(np.sqrt(0.01 * 0.99 / n))
    assert judge_mean(row(0.011, 0.01, error), n + 50, bound).status == "judged"
    assert judge_mean(row(0.011, 0.01, error), n - 50, bound).status == "bounded"


def test_a_kurtosis_known_beforehand() -> None:
    law = Law(exact=False, kurtosis=4.0)
    assert judge_mean(row(0.1), 100, law).status == "judged"
    assert judge_mean(row(0.1), 99, law).status == "bounded"


def test_what_is_not_known_is_unchecked_with_the_reason() -> None:
    found = judge_mean(row(5.0), 1000, Law(missing="its exact spread would take a year"))
    assert judge([found])[0].status == "unchecked" and "a year" in found.note
    assert verdict(judge([found])) == "unresolved"


def test_no_spread() -> None:
    still = Law(0.0, 0.0, 0.0, rounding=1e-12)
    assert judge_mean(row(1.0, 1.0, 0.0), 10, still).status == "exact"
    assert judge_mean(row(1.0 + 1e-9, 1.0, 0.0), 10, still).status == "disagree"
    # Correct values differ: a sample of equal ones proves nothing.
    assert judge_mean(row(0.0, 0.0, 0.0), 10, Law(1e-6, 1e-6, 1e-6)).status == "bounded"
    # Only bounds are known: they may be equal.
    assert judge_mean(row(0.0, 0.0, 0.0), 10, Law(1e-6, 1e-6, 1e-6, exact=False)).status == "exact"


def test_a_variance_below_its_rounding_is_not_believed() -> None:
    law = Law(1e-16, 0.0, 0.0, noise=1e-17)
    found = judge_mean(row(3e-8, 0.0, 1e-9), 100, law)
    assert found.status == "bounded" and "rounding" in found.note
    assert judge_mean(row(3e-8, 0.0, 1e-9), 100, replace(law, noise=1e-19)).status == "judged"


def test_estimates_beyond_first_order() -> None:
    # Of a mean to first order only: the second order is beyond/n.
    law = Law(1.0, 0.0, 0.0, beyond=10.0)
    assert judge_mean(row(0.1), 20_000, law).status == "judged"
    assert judge_mean(row(0.1), 5_000, law).status == "bounded"


@pytest.mark.parametrize("p", [0.3, 0.01, 1e-4])
def test_a_share_by_the_binomial_law(p: float) -> None:
    n = 10_000
    for count in (0, round(n * p), round(n * p + 8 * np.sqrt(n * p) + 8)):
        found = judge([judge_share(replace(row(0.0, p)), count, n)])[0]
        tail = 2 * (stats.binom.sf(count - 1, n, p) if count > n * p else stats.binom.cdf(count, n, p))
        resolved = n * p * (1 - p) >= 25
        assert found.status == ("disagree" if tail < 1e-3 else "agree" if resolved else "unresolved")


def normal_p(z: float, skewness: float, excess: float) -> float:
    """Return the two-sided p-value of a standardised mean."""
    return float(2 * stats.norm.sf(abs(normal_score(z, skewness, excess))))


def test_p_values_of_gamma_and_poisson_numbers() -> None:
    # Rule 2's limits: a gamma number of skewness .2, and far into both tails of it.
    shape = 100.0
    for z in (-3.5, -2.0, 1.0, 3.0, 5.0):
        side = stats.gamma.sf if z > 0 else stats.gamma.cdf
        own = float(side(shape + z * np.sqrt(shape), shape))
        assert normal_p(z, 2 / np.sqrt(shape), 6 / shape) / 2 == pytest.approx(own, rel=0.05)
    k = 25.0
    for count in (5, 45, 55):  # Poisson numbers have thinner tails: the p-value errs to the side of doubt
        own = stats.poisson.sf(count - 1, k) if count > k else stats.poisson.cdf(count, k)
        found = normal_p((count - k) / np.sqrt(k), 1 / np.sqrt(k), 1 / k) / 2
        assert 0.3 * own < found < 3 * own


def test_symmetric_rare_events_have_heavy_tails() -> None:
    # The difference of two Poisson numbers of 12.5: no skewness, excess .04 = 1/25.
    law = stats.skellam(12.5, 12.5)
    for d in (15, 20, 25):
        own = float(law.sf(d - 1))
        found = normal_p((d - 0.5) / 5.0, 0.0, 0.04) / 2
        assert own / 2 < found < 3 * own
    p = [normal_p(z, 0.0, 0.06) for z in np.linspace(0, 20, 200)]
    assert (np.diff(p) < 0).all()


# Smooth functions of means -------------------------------------------------------------------------------------------


def test_a_jackknife_is_judged_by_student() -> None:
    found = judge_smooth(row(0.0, error=0.01), 0.04, jackknife(0.01), 10_000, Law(1.0, 0.0, 0.0, exact=False))
    assert found.status == "judged"
    assert found.p_value == pytest.approx(2 * special.stdtr(63, -4.0))


@pytest.mark.parametrize(
    ("groups", "smooth", "bias", "kurtosis", "status"),
    [
        (16, True, 0.0, 3.0, "judged"),
        (15, True, 0.0, 3.0, "unresolved"),
        (64, False, 0.0, 3.0, "unresolved"),
        (64, True, 0.006, 3.0, "bounded"),
        (64, True, 0.0, 500.0, "bounded"),
    ],
)
def test_what_a_jackknife_needs(groups: int, smooth: bool, bias: float, kurtosis: float, status: str) -> None:
    law = Law(1.0, 0.0, kurtosis - 3.0, exact=False)
    found = judge_smooth(row(0.0, error=0.01), 0.001, jackknife(0.01, groups, bias), 10_000, law, smooth)
    assert found.status == status and (status == "judged" or found.note)


def test_far_away_even_few_rare_events_condemn() -> None:
    law = Law(1.0, 0.0, 497.0, exact=False)
    assert judge([judge_smooth(row(0.0, error=0.01), 0.5, jackknife(0.01), 10_000, law)])[0].status == "disagree"


def test_no_rule_lets_a_wide_deviation_pass() -> None:
    # Whatever rule a law of unit variance falls under, a mean 100 exact standard errors away is wrong.
    for law in (NORMAL, Law(1.0, 40.0, 2000.0), Law(1.0, 0.0, 1e5), Law(1.0, 0.0, 0.0, exact=False, width=10.0)):
        assert judge([judge_mean(row(1.0, error=0.01), 10_000, law)])[0].status == "disagree"
    assert module.MOST_SKEWED == 0.2
