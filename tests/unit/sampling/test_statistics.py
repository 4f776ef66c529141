"""Moments, weights, errors and intervals, against scipy, exact arithmetic and known distributions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from intervals import confidence_interval
from scipy import stats

from trajectories.sampling.statistics import (
    Block,
    block_of,
    effective_sample_size,
    largest_weight_share,
    merge,
    p_value,
    skewness_of_mean,
    standard_error,
)


def make(x: np.ndarray, covariant: int = 0, log_w: np.ndarray | None = None) -> Block:
    n, times, _ = x.shape
    logs = np.zeros((n, times)) if log_w is None else log_w
    density = np.full((times, 3), n + 1j * n)
    return block_of(x, covariant, density, np.full((2, 5), n), np.full(times, n), logs)


def assert_close(a: Block, b: Block, rtol: float) -> None:
    for name, x, y in zip(Block._fields, a, b, strict=True):
        scale = np.abs(y[np.isfinite(y)]).max(initial=1e-300)
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol * scale, err_msg=name)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 2), (777, 3, 5), (5000, 1, 2), (40, 50, 30), (2048, 2, 7)])
def test_moments_agree_with_scipy(shape: tuple[int, int, int]) -> None:
    x = np.random.default_rng(1).exponential(size=shape) - 0.3
    block = make(x, covariant=shape[2])
    n = shape[0]
    for order, sums in ((2, block.m2), (3, block.m3), (4, block.m4)):
        expected = n * stats.moment(x, order, axis=0)
        np.testing.assert_allclose(sums, expected, rtol=1e-11, atol=1e-11 * n)
    np.testing.assert_allclose(block.mean, x.mean(axis=0), rtol=1e-13, atol=1e-15)
    d = x - x.mean(axis=0)
    np.testing.assert_allclose(block.comoment, np.einsum("nta,ntb->tab", d, d), rtol=1e-11, atol=1e-11 * n)
    assert int(block.count) == n
    if n > 2:
        np.testing.assert_allclose(skewness_of_mean(block), stats.skew(x, axis=0) / np.sqrt(n), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(n * block.m4 / block.m2**2, stats.kurtosis(x, axis=0, fisher=False), rtol=1e-10)
        np.testing.assert_allclose(standard_error(block), stats.sem(x, axis=0), rtol=1e-12)


@pytest.mark.parametrize("shape", [(0, 2, 3), (5, 0, 3), (5, 2, 0)])
def test_nothing_to_average(shape: tuple[int, int, int]) -> None:
    block = make(np.zeros(shape))
    assert block.mean.shape == block.m4.shape == shape[1:]
    assert block.comoment.shape == (shape[1], 0, 0)
    whole = merge(block, make(np.ones(shape)))
    assert int(whole.count) == 2 * shape[0]


def test_an_empty_block_is_neutral() -> None:
    block = make(np.random.default_rng(2).normal(size=(10, 2, 3)), covariant=2)
    empty = make(np.zeros((0, 2, 3)), covariant=2)
    assert merge(block, empty) is block
    assert merge(empty, block) is block


def test_a_large_mean_costs_no_digits_where_sums_of_squares_lose_all() -> None:
    x = 1e8 + np.random.default_rng(3).normal(size=1000)
    exact = [Fraction(float(v)) for v in x]
    mean = sum(exact) / len(exact)
    second = float(sum((v - mean) ** 2 for v in exact))
    fourth = float(sum((v - mean) ** 4 for v in exact))
    parts = [make(part[:, None, None], covariant=1) for part in np.split(x, [1, 17, 500])]
    merged = parts[0]
    for part in parts[1:]:
        merged = merge(merged, part)
    # A mean near 1e8 is a double to 1.5e-8: merging sees differences of means to so many digits, one block does not.
    for block, digits in ((make(x[:, None, None], covariant=1), 1e-12), (merged, 2e-9)):
        assert block.m2[0, 0] == pytest.approx(second, rel=digits)
        assert block.comoment[0, 0, 0] == pytest.approx(second, rel=digits)
        assert block.m4[0, 0] == pytest.approx(fourth, rel=10 * digits)
    naive = float((x * x).sum() - len(x) * x.mean() ** 2)
    assert naive != pytest.approx(second, rel=1e-3)  # the control: what the textbook formula makes of it


def test_merging_in_any_order_is_the_whole_to_rounding() -> None:
    rng = np.random.default_rng(4)
    x = rng.exponential(size=(600, 2, 4)) * [1.0, 10.0, 1e-3, 1e3]
    logs = 40 * rng.normal(size=(600, 2))
    whole = make(x, 3, logs)
    for trial in range(5):
        cuts = np.sort(rng.choice(np.arange(1, 600), size=9, replace=False))
        parts = [make(a, 3, b) for a, b in zip(np.split(x, cuts), np.split(logs, cuts), strict=True)]
        while len(parts) > 1:
            i = int(rng.integers(len(parts) - 1)) if trial else 0
            parts[i : i + 2] = [merge(parts[i + 1], parts[i]) if trial % 2 else merge(parts[i], parts[i + 1])]
        assert_close(parts[0], whole, rtol=1e-12)


def test_a_block_is_a_function_of_its_numbers_not_of_their_layout() -> None:
    x = np.random.default_rng(5).normal(size=(500, 3, 4))
    other = np.asfortranarray(x)
    shifted = np.empty(x.size + 1)[1:].reshape(x.shape)
    shifted[...] = x
    for same in (other, shifted, x.astype(object).astype(float)):
        for a, b in zip(make(x, 2), make(same, 2), strict=True):
            assert a.tobytes() == b.tobytes()


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="covariant must lie in 0..3"):
        make(np.zeros((5, 2, 3)), covariant=4)
    with pytest.raises(ValueError, match=r"log_w \(n, T\)"):
        make(np.zeros((5, 2, 3)), log_w=np.zeros((5, 3)))


def test_weights_in_logarithms() -> None:
    # Column 0: equal weights e^800 (n = 4, no share above 1/4); column 1: one weight carries all; column 2: no weight;
    # column 3: weights 3 and 1 (share 3/4, sample size 16/10) beside two zeros.
    log_w = np.array(
        [[800.0, -900.0, -np.inf, np.log(3.0)], [800.0, -1e6, -np.inf, -np.inf], [800.0, -1e6, -np.inf, 0.0],
         [800.0, -np.inf, -np.inf, -np.inf]]
    )  # fmt: skip
    x = np.zeros((4, 4, 1))
    pair = merge(make(x[:1], log_w=log_w[:1]), make(x[1:], log_w=log_w[1:]))
    for block in (make(x, log_w=log_w), pair):
        np.testing.assert_allclose(effective_sample_size(block), [4.0, 1.0, 0.0, 1.6])
        np.testing.assert_allclose(largest_weight_share(block), [0.25, 1.0, 0.0, 0.75])
        np.testing.assert_array_equal(block.log_weight[2], [-np.inf, 0.0, 0.0])
        np.testing.assert_allclose(block.log_weight[:, 0], [800.0, -900.0, -np.inf, np.log(3.0)])


def test_errors_without_spread_or_with_one_trajectory() -> None:
    assert np.isnan(standard_error(make(np.ones((1, 1, 1))))).all()
    constant = make(np.full((100, 1, 1), 0.1))
    assert standard_error(constant)[0, 0] < 1e-17
    assert np.abs(skewness_of_mean(make(np.ones((100, 1, 1))))[0, 0]) == 0.0


def test_p_values_are_tail_areas() -> None:
    # 2 (1 - Phi(1.959964)) = 0.05 and, for 10 degrees of freedom, P(|t| > 2.228139) = 0.05 (tables).
    assert float(p_value(1.959964)) == pytest.approx(0.05, abs=1e-7)
    assert float(p_value(-2.228139, degrees_of_freedom=10)) == pytest.approx(0.05, abs=1e-7)
    # Hall's polynomial at z = 2, g = 0.3: 2 + 0.4 + 0.09 * 8 / 27 + 0.05 = 2.47666...
    assert float(p_value(2.0, 0.3)) == pytest.approx(2 * stats.norm.sf(2.4766666666666666), rel=1e-12)
    np.testing.assert_allclose(p_value([0.0, 1.0, 40.0]), [1.0, 0.3173105078629141, 0.0], atol=1e-12)


@pytest.mark.parametrize("g", [0.0, 1e-9, 0.2, -0.7])
@pytest.mark.parametrize("freedom", [None, 15])
def test_intervals_are_what_p_values_do_not_reject(g: float, freedom: int | None) -> None:
    low, high = confidence_interval(3.0, 0.5, 0.9, freedom, g)
    for end in (low, high):
        assert float(p_value((3.0 - end) / 0.5, g, freedom)) == pytest.approx(0.1, rel=1e-9)
    assert low < 3.0 < high


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_outside_0_to_1_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        confidence_interval(0.0, 1.0, level)


def misses(x: np.ndarray, mean: float, freedom: int | None, hall: bool) -> tuple[float, float]:
    """Fractions of samples (columns) whose 95 % interval lies wholly below, wholly above the mean."""
    block = make(x[:, :, None])
    g = skewness_of_mean(block) if hall else 0.0
    low, high = confidence_interval(block.mean, standard_error(block), 0.95, freedom, g)
    return float((high < mean).mean()), float((low > mean).mean())


def test_intervals_of_normal_samples_cover() -> None:
    """8 normal numbers, 20,000 times: Student's interval is exact, coverage 95 % +- 0.154 %; 5 errors: 6e-7."""
    x = np.random.default_rng(6).normal(size=(8, 20_000))
    below, above = misses(x, 0.0, 7, hall=False)
    assert abs(below + above - 0.05) < 5 * 0.00154
    below, above = misses(x, 0.0, None, hall=False)
    assert below + above > 0.05 + 5 * 0.00154  # the control: the normal quantile is too narrow for 8 numbers


def test_halls_transformation_makes_skewed_samples_miss_evenly() -> None:
    """60 exponential numbers, 20,000 times: each side 2.5 %, up to O(1/n); 5 errors of 0.11 % (6e-7) beside 0.5 %."""
    x = np.random.default_rng(7).exponential(size=(60, 20_000))
    sides = misses(x, 1.0, None, hall=True)
    assert max(abs(side - 0.025) for side in sides) < 5 * 0.0011 + 0.005
    below, above = misses(x, 1.0, None, hall=False)
    assert below > 0.025 + 5 * 0.0011 + 0.005  # the control: without it the interval misses on one side
    assert above < 0.025 - 5 * 0.0011 - 0.005
