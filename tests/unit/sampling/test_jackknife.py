"""The jackknife over groups, against closed forms and simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from intervals import confidence_interval
from scipy.special import digamma

from trajectories.sampling.statistics import jackknife


def square(mean: np.ndarray) -> np.ndarray:
    return mean**2


def test_a_linear_function_has_no_bias_and_the_error_of_its_mean() -> None:
    """Delete-m_j variance of a mean: (1/G) sum_j m_j / (n - m_j) (mean_j - mean)^2; equal groups: s^2 / G."""
    rng = np.random.default_rng(1)
    counts = np.array([5, 9, 2, 7, 7])
    sums = np.array([rng.normal(size=m).sum() for m in counts])
    found = jackknife(lambda mean: mean, sums, counts)
    n, mean = counts.sum(), sums.sum() / counts.sum()
    variance = (counts / (n - counts) * (sums / counts - mean) ** 2).mean()
    assert found.estimate == pytest.approx(mean, rel=1e-13)
    assert found.bias == pytest.approx(0.0, abs=1e-15)
    assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-12)
    assert found.degrees_of_freedom == 4
    equal = jackknife(lambda mean: mean, sums, np.full(5, 6))
    assert equal.standard_error == pytest.approx((sums / 6).std(ddof=1) / np.sqrt(5), rel=1e-12)


def test_the_bias_of_a_square_is_removed_exactly() -> None:
    """E[mean^2] = mu^2 + s^2/G; with equal groups the jackknife estimate is mean^2 - s_G^2 / G, s_G^2 unbiased."""
    values = np.random.default_rng(2).normal(2.0, 1.0, size=12)
    found = jackknife(square, 4 * values, np.full(12, 4))
    removed = values.var(ddof=1) / 12
    assert found.bias == pytest.approx(removed, rel=1e-9)
    assert found.estimate == pytest.approx(values.mean() ** 2 - removed, rel=1e-12)


def samples(counts: np.ndarray, repeats: int, seed: int) -> np.ndarray:
    """(repeats, G, 2) group sums of exponential x (mean 1) and y = 2 + x / 2 + uniform (mean 3)."""
    rng = np.random.default_rng(seed)
    x = rng.exponential(size=(repeats, int(counts.sum())))
    y = 2 + x / 2 + rng.uniform(size=x.shape)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.stack([np.add.reduceat(v, starts, axis=1) for v in (x, y)], axis=2)


@pytest.mark.parametrize("counts", [np.full(16, 20), np.array([40] * 6 + [8] * 10)], ids=["equal", "unequal"])
def test_a_ratio_is_covered_with_students_t(counts: np.ndarray) -> None:
    """R = <x>/<y> = 1/3, 4000 times: coverage 95 % +- 0.34 %; 4 errors (6e-5) and 1 % for finite groups."""
    sums = samples(counts, 4000, 3)
    found = [jackknife(lambda mean: mean[0] / mean[1], part, counts) for part in sums]
    estimate = np.array([f.estimate for f in found])
    error = np.array([f.standard_error for f in found])
    low, high = confidence_interval(estimate, error, 0.95, found[0].degrees_of_freedom)
    coverage = ((low <= 1 / 3) & (1 / 3 <= high)).mean()
    assert abs(coverage - 0.95) < 4 * 0.0034 + 0.01
    # The reported variance is that of the estimate, within 4 standard errors of both (false alarm 6e-5).
    spread = np.hypot(((estimate - estimate.mean()) ** 2).std(), (error**2).std()) / np.sqrt(len(estimate))
    assert abs((error**2).mean() - estimate.var()) < 4 * spread
    # The control: unequal groups taken for equal ones, as a plain delete-one jackknife does.
    if len(set(counts)) > 1:
        plain = [jackknife(lambda mean: mean[0] / mean[1], part / counts[:, None], np.ones(16)) for part in sums]
        assert np.mean([f.standard_error**2 for f in plain]) > 1.3 * estimate.var()


def test_the_bias_of_a_logarithm_is_known_and_removed() -> None:
    """ln of a mean of n exponentials has the bias digamma(n) - ln n = -1/(2n) + O(n^-2): -0.01254 for n = 40."""
    counts = np.full(8, 5)
    x = np.random.default_rng(4).exponential(size=(20_000, 8, 5)).sum(axis=2)
    found = [jackknife(np.log, sums, counts) for sums in x]
    estimate = np.array([f.estimate for f in found])
    raw = np.log(x.sum(axis=1) / 40)
    error = raw.std() / np.sqrt(len(raw))  # 0.0011
    assert abs(estimate.mean()) < 4 * error  # false alarm 6e-5
    assert raw.mean() == pytest.approx(-0.01254, abs=4 * error)
    assert raw.mean() < -4 * error  # the control: without the correction the bias is seen
    # What is taken off has a closed form too: 7 times the change of bias from 40 values to the 35 of 7 groups.
    removed = np.array([f.bias for f in found])
    expected = 7 * ((digamma(35) - np.log(35)) - (digamma(40) - np.log(40)))
    assert abs(removed.mean() - expected) < 4 * removed.std() / np.sqrt(len(removed))  # false alarm 6e-5


def test_arrays_complex_sums_and_empty_groups() -> None:
    rng = np.random.default_rng(5)
    sums = rng.normal(size=(6, 3, 2)) + 1j * rng.normal(size=(6, 3, 2))
    counts = np.array([3, 0, 4, 5, 0, 2])
    found = jackknife(lambda mean: np.abs(mean), sums, counts)
    assert found.estimate.shape == found.standard_error.shape == (3, 2)
    assert found.degrees_of_freedom == 3
    kept = jackknife(lambda mean: np.abs(mean[1, 0]), sums[counts > 0], counts[counts > 0])
    assert found.estimate[1, 0] == pytest.approx(float(kept.estimate), rel=1e-14)


def test_one_group_has_no_error_and_none_is_refused() -> None:
    found = jackknife(square, np.array([6.0, 0.0]), [3, 0])
    assert found.estimate == 4.0
    assert np.isnan(found.standard_error)
    assert found.degrees_of_freedom == 0
    with pytest.raises(ValueError, match="at least one trajectory"):
        jackknife(square, np.zeros(2), [0, 0])
