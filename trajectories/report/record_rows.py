"""Statistics of jump records beside their exact values: streamed, with error bars over trajectories.

A statistic gives every trajectory a row of numbers x (Q,) whose expectations are known exactly; the reported value is a
ratio of means, R = c <x_a>/(<x_b> <x_c> ...). It is tested by its influence function with the exact expectations,

    h = c/(E_b E_c ...) [x_a - E_a (x_b/E_b + x_c/E_c + ... - m + 1)],    m denominators,

whose expectation is R exactly, whatever the number of trajectories and however the numbers of one trajectory hang
together; its spread over trajectories is the error bar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from trajectories.report.counting_rows import CountingRow
from trajectories.report.judge import judge_mean
from trajectories.report.law import NO_SPREAD, Law
from trajectories.sampling.jump_records import Recorded, record_stream
from trajectories.sampling.preparation import Preparation


@dataclass(frozen=True)
class Ratio:
    """One row to be reported: scale <x_column>/prod <x_per>. row: without numbers but the value at long times.

    kurtosis: bound on mu_4/kappa_2^2 of one trajectory's number, 1/(its number of independent events), known
    beforehand. width: range of one trajectory's number, where it has one.
    """

    row: CountingRow
    column: int
    per: tuple[int, ...] = ()
    scale: float = 1.0
    kurtosis: float = np.inf
    width: float = np.inf
    share: bool = False


class Statistic(Protocol):
    """Numbers of each trajectory with the exact expectations mean (Q,), and the ratios of means to be reported."""

    mean: np.ndarray
    ratios: list[Ratio]

    def measure(self, records: Recorded) -> np.ndarray:
        """Return x (n, Q) of some trajectories."""
        ...


class Moments:
    """Mean, and central sums of the second and third order, of columns: merged piece by piece."""

    def __init__(self, columns: int) -> None:
        self.count = 0
        self.mean, self.m2, self.m3 = np.zeros((3, columns))

    def add(self, x: np.ndarray) -> None:
        """Add rows x (n, Q)."""
        n, m = self.count, len(x)
        mean = x.mean(axis=0)
        d = x - mean
        m2, m3 = (d**2).sum(axis=0), (d**3).sum(axis=0)
        total, delta = n + m, mean - self.mean
        self.m3 += m3 + delta**3 * n * m * (n - m) / total**2 + 3 * delta * (n * m2 - m * self.m2) / total
        self.m2 += m2 + delta**2 * n * m / total
        self.mean += delta * m / total
        self.count = total


def sampled_rows(
    preparation: Preparation,
    statistics: Sequence[Statistic],
    seed: int,
    point: int,
    trajectories: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[tuple[CountingRow, ...], ...]:
    """Sample the records of the first trajectories of a point again; return the rows of each statistic, not judged.

    Memory is that of one piece of the stream, and does not grow with the number of trajectories.
    """
    raw = [Moments(len(statistic.mean)) for statistic in statistics]
    tests = [Moments(len(statistic.ratios)) for statistic in statistics]
    for records in record_stream(preparation, seed, point, trajectories, progress=progress):
        for statistic, moments, test in zip(statistics, raw, tests, strict=True):
            x = statistic.measure(records)
            moments.add(x)
            test.add(_influence(statistic, x))
    return tuple(_rows(*sample) for sample in zip(statistics, raw, tests, strict=True))


def exact_rows(statistic: Statistic) -> tuple[CountingRow, ...]:
    """Return the rows of a statistic with their exact values alone."""
    return tuple(replace(ratio.row, exact=_exact(statistic, ratio), status="exact") for ratio in statistic.ratios)


def _exact(statistic: Statistic, ratio: Ratio) -> float:
    return float(ratio.scale * statistic.mean[ratio.column] / statistic.mean[list(ratio.per)].prod())


def _influence(statistic: Statistic, x: np.ndarray) -> np.ndarray:
    """Return h (n, R) of all ratios."""
    h = np.zeros((len(x), len(statistic.ratios)))
    for r, ratio in enumerate(statistic.ratios):
        expected = statistic.mean[list(ratio.per)]
        below = (x[:, list(ratio.per)] / expected).sum(axis=1) - len(ratio.per) if ratio.per else 0.0
        h[:, r] = (x[:, ratio.column] - statistic.mean[ratio.column] * below) * ratio.scale / expected.prod()
    return h


def _rows(statistic: Statistic, raw: Moments, test: Moments) -> tuple[CountingRow, ...]:
    """Return the rows of a statistic from the moments of its numbers and of its influence functions."""
    n, rows = raw.count, []
    error = np.sqrt(test.m2 / (n * max(n - 1, 1)))
    spread = test.m2 > 0
    skewness = np.where(spread, test.m3 / np.where(spread, test.m2, 1.0) ** 1.5, 0.0)
    for r, ratio in enumerate(statistic.ratios):
        exact = _exact(statistic, ratio)
        below = raw.mean[list(ratio.per)].prod()
        estimate = float(ratio.scale * raw.mean[ratio.column] / below) if below != 0 else None
        standard_error = float(error[r])
        if not np.isfinite(test.mean[r] + standard_error):
            rows.append(replace(ratio.row, exact=exact, estimate=estimate, status="unresolved", note="overflow"))
            continue
        expected, above = float(statistic.mean[ratio.column]), float(raw.mean[ratio.column])
        markov = min(1.0, expected / above) if above > expected else 1.0
        law = Law(
            exact=False,
            width=ratio.width * abs(ratio.scale),
            kurtosis=ratio.kurtosis,
            rounding=NO_SPREAD * max(abs(exact), abs(ratio.scale)),
            tail=lambda value, bound=markov: bound / 2,  # type: ignore[misc]  # the judge doubles one side's bound
        )
        if ratio.share:
            law = Law.of_share(exact, n)
        tested = replace(ratio.row, exact=exact, estimate=float(test.mean[r]))
        tested = replace(tested, standard_error=standard_error if n > 1 else None)
        rows.append(replace(judge_mean(tested, n, law, float(skewness[r])), estimate=estimate))
    return tuple(rows)
