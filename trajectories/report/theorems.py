"""The fluctuation theorems of a result: integral, detailed and windowed, each judged only where it can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trajectories.errors import InputError
from trajectories.kernels.observable_table import ENTROPY
from trajectories.model.conversion import json_value
from trajectories.report.entropy_histograms import Running, Weighted, gather
from trajectories.report.entropy_parts import EntropyParts
from trajectories.report.fluctuation_theorems import Bins, bins_of, compared_bins, detailed_row, windowed_row
from trajectories.report.judge import Judged, judge_groups, judge_mean, judge_share
from trajectories.report.law import NO_SPREAD
from trajectories.report.report import law_at, rows_of
from trajectories.report.rows import Row
from trajectories.report.text import HEADER, aligned, cells, described, with_error
from trajectories.report.theorem_curves import Curves, curves_of
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.quantities import infinite_entropy
from trajectories.sampling.reversed_ensemble import (
    Direction,
    asymmetry,
    backward,
    expected_entropy,
    forward,
    reversed_cumulants,
    survival,
)

if TYPE_CHECKING:
    from trajectories.report.result import ResultData
    from trajectories.results.points import Point

SAME = 1e-10
NOT_COMPUTED = "would take too long to compute"
PILOT_SHARE = 4  # one trajectory that only settles the bins for so many that are judged
INTEGRAL = "integral_fluctuation_theorem"


@dataclass(frozen=True)
class PointTheorems:
    """The fluctuation theorems of one sweep point.

    rows: judged. forward, backward: weighted histograms in the bins of `edges` (bins+1,). bins: both sides of the
    detailed theorem, None without a bin to compare. running: of e^{-Delta S}. error: exact standard deviation of one
    e^{-Delta S}, inf where it overflows. average: exact <e^{-Delta S}>. breaking: a line naming the part that Theta
    changes, None where it leaves the process and its steady state as they are. curves: lambda(u) or None.
    """

    parameters: dict[str, Any]
    rows: tuple[Row, ...]
    edges: np.ndarray
    forward: Weighted
    backward: Weighted
    bins: Bins | None
    running: Running
    error: float
    average: float
    breaking: str | None
    entropy_parts: EntropyParts
    curves: Curves | None

    def json(self) -> dict[str, Any]:
        """Return rows, weights, the compared bins and the slope, which is an illustration and not judged."""
        point: dict[str, Any] = {
            "parameters": self.parameters,
            "trajectories": {"forward": self.forward.count, "reversed": self.backward.count},
            "rows": [row.json() | {"p_value": row.p_value} for row in self.rows],
            "effective_sample_size": self.forward.effective,
            "largest_weight_share": self.forward.largest_share,
            "exact_error_of_average": self.error / np.sqrt(self.forward.count),
            "time_reversal": self.breaking or "symmetric",
            "scgf": None if self.curves is None else self.curves.json(),
        } | self.entropy_parts.json()
        if self.bins is not None:
            ratio, error = self.bins.log_ratio
            slope, uncertainty = self.bins.slope
            point["log_ratio_slope"] = {"estimate": slope, "standard_error": uncertainty}
            point["bins"] = {
                "delta_S": self.bins.delta,
                "weighted_forward": self.bins.weighted,
                "mirrored_reversed": self.bins.mirrored,
                "log_ratio": ratio,
                "standard_error": error,
            }
        return point

    def lines(self) -> list[str]:
        """Return the table of a point and the lines below it."""
        theorem = [row for row in self.rows if row.quantity == INTEGRAL]
        resolved = [row for row in theorem if row.status != "unresolved"]
        shown = [row for row in self.rows if row.quantity != INTEGRAL or row in (*resolved[-1:], theorem[-1])]
        size = np.sqrt(self.forward.count)
        below = [
            f"integral theorem at t = {theorem[-1].time:g}, {self.forward.count:,} trajectories: effective number "
            f"{self.forward.effective:.3g}, largest weight {100 * self.forward.largest_share:.2g} % of the average, "
            f"exact standard error {'not computed' if np.isnan(self.error) else format(self.error / size, '.2g')}"
        ]
        if self.bins is not None and len(self.bins.delta) > 1:
            slope, error = self.bins.slope
            below.append(f"slope of the log ratio {with_error(slope, error)} (illustration, not judged)")
        below.append(f"time reversal: {self.breaking or 'leaves the process and its steady state as they are'}")
        below += self.entropy_parts.lines()
        return [described(self.parameters), *aligned([HEADER, *(cells(row) for row in shown)]), *below]


@dataclass(frozen=True, repr=False)
class Theorems(Judged):
    """The fluctuation theorems of all points of a result, judged as one family."""

    title: str
    points: tuple[PointTheorems, ...]

    @property
    def rows(self) -> list[Row]:
        return [row for point in self.points for row in point.rows]

    def json(self) -> dict[str, Any]:
        """Return {"points": [...], "verdict", "false_alarm_rate"}; null for numbers that do not exist."""
        points = [json_value(point.json()) for point in self.points]
        return {"points": points} | self._verdict_json()

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Return the table and the verdict."""
        lines = [self.title]
        for point in self.points:
            lines += ["", *point.lines()]
        return "\n".join([*lines, "", self._verdict_line()])


def theorems(
    result: ResultData,
    trajectories: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Theorems:
    """Test the fluctuation theorems of a result, with `trajectories` forward and as many reversed ones.

    By default as many as the result has, which are then the same ones: they are sampled anew, being functions of their
    numbers, as are the reversed ones, in streams of their own. progress: called with the numbers of trajectories done
    and in all, every tenth of a second or so. Raises InputError where the model has no entropy accounting or
    `trajectories` is below 1.
    """
    for point in result.points:
        if infinite := infinite_entropy(point.preparation.model):
            raise InputError(f"{result.name}: there is no fluctuation theorem to test: {infinite[0]}")
    n = result.trajectories if trajectories is None else trajectories
    if n < 1:
        raise InputError(f"trajectories = {n}: must be 1 or more")
    parts = [EntropyParts.of(point.preparation) for point in result.points]
    tick = _ticker(sum(2 * n + 2 * _pilot(n) + n * part.defined for part in parts), progress)
    tested = [
        point_theorems(point, result.seed, point.index, n, parts=part, tick=tick)
        for point, part in zip(result.points, parts, strict=True)
    ]
    judged = judge_groups(point.rows for point in tested)
    points = tuple(replace(point, rows=rows) for point, rows in zip(tested, judged, strict=True))
    title = f"{result.name}: fluctuation theorems, {n:,} trajectories forward and {n:,} reversed, seed {result.seed}"
    return Theorems(title, points)


def _ticker(total: int, progress: Callable[[int, int], None]) -> Callable[[int], None]:
    """Return a function to be called with every number of trajectories sampled."""
    done = 0

    def tick(n: int) -> None:
        nonlocal done
        done += n
        progress(done, total)

    return tick


def _pilot(n: int) -> int:
    """Return the number of trajectories that choose the bins and are not judged."""
    return max(1, n // PILOT_SHARE)


def point_theorems(
    point: Point,
    seed: int,
    number: int,
    n: int,
    reverse: Direction | None = None,
    ahead: Direction | None = None,
    parts: EntropyParts | None = None,
    tick: Callable[[int], None] = lambda done: None,
) -> PointTheorems:
    """Return the theorems of one sweep point, not yet judged. reverse, ahead: other processes, for controls.

    parts: of Delta S, where they have been made already. tick: called with every number of trajectories sampled.
    """
    preparation = point.preparation
    ahead, reverse = ahead or forward(preparation), reverse or backward(preparation)
    edges, block = preparation.observables.edges[0], preparation.block_size
    bins = settled_bins((ahead, reverse), edges, seed, number, n, block, tick)
    forward_sample, running = gather(ahead, edges, seed, number, 0, n, block, tick)
    reversed_sample, _ = gather(reverse, edges, seed, number, 0, n, block, tick)
    parts = (parts or EntropyParts.of(preparation)).sampled(seed, number, n, tick)
    breaking = asymmetry(preparation)
    time, compared = float(preparation.times[-1]), bins_of(forward_sample, reversed_sample, bins)
    average = float(preparation.exact.mean[-1, point.weight_column])
    rows = [row for row in rows_of(point) if row.quantity == INTEGRAL]
    rows += [
        _generating_row(preparation, average),
        detailed_row(compared, time),
        windowed_row(forward_sample, reversed_sample, edges, breaking is None, time),
        *_mean_rows(preparation, forward_sample, reversed_sample),
        *parts.rows(),
    ]
    return PointTheorems(
        point.parameters,
        tuple(rows),
        edges,
        forward_sample,
        reversed_sample,
        compared,
        running,
        _deviation_of_weight(preparation, average),
        average,
        breaking,
        parts,
        curves_of(preparation, forward_sample, reversed_sample),
    )


def _deviation_of_weight(preparation: Preparation, average: float) -> float:
    """Return the exact standard deviation of one e^{-Delta S}: inf where it overflows, nan where it is not known."""
    second = float(preparation.exact.second[-1])
    if np.isnan(preparation.exact.third[-1]):
        return np.nan  # of <w^2> only a bound is known, if anything
    return float(np.sqrt(max(second - average**2, 0.0))) if np.isfinite(second) else np.inf


def settled_bins(
    directions: tuple[Direction, Direction],
    edges: np.ndarray,
    seed: int,
    number: int,
    n: int,
    block: int,
    tick: Callable[[int], None] = lambda done: None,
) -> list[slice]:
    """Return the bins that the detailed theorem compares, from trajectories n, n+1, ..., which are never judged."""
    pilot = _pilot(n)
    expected = [
        gather(direction, edges, seed, number, n, pilot, block, tick)[0].bins * (n / pilot) for direction in directions
    ]
    return compared_bins(edges, *expected)


def _generating_row(preparation: Preparation, average: float) -> Row:
    """Return the row of G(1, T), by the forward tilted generator and by the reversed process's survival: no sample."""
    row = Row("generating_function", "G(1,T)", None, 0.0, float(preparation.times[-1]), "1", None)
    if np.isnan(average):
        return replace(row, note=NOT_COMPUTED)
    surviving = survival(preparation)
    row = replace(row, exact=surviving)
    difference = abs(average - surviving)
    lowered = "" if average > 1 - 1e-9 else "1 - lambda: "
    note = f"{lowered}forward generator against the reversed process, difference {difference:.1e}"
    return replace(row, estimate=average, status="exact" if difference <= SAME else "disagree", note=note)


def _mean_rows(preparation: Preparation, forward_sample: Weighted, reversed_sample: Weighted) -> list[Row]:
    """Return the rows of <Delta S> with the outcome drawn and of <Delta S~>, or of the reversed survival."""
    time = float(preparation.times[-1])
    column = len(preparation.observables.linear) + ENTROPY
    rounding = NO_SPREAD * float(preparation.exact.scale[-1, column])
    rows = []
    if not preparation.observables.one_way.any():
        row = Row(
            "entropy_production", "outcome drawn", None, 0.0, time, "nat", float(preparation.exact.mean[-1, column])
        )
        row = replace(row, estimate=forward_sample.mean, standard_error=forward_sample.standard_error)
        # Of the outcomes themselves, not of averages over them.
        law = replace(law_at(preparation.moments.column(column), -1), exact=True, rounding=rounding)
        rows.append(judge_mean(row, forward_sample.count, law))
    reversed_exact = expected_entropy(preparation)
    if np.isfinite(reversed_exact):
        row = Row("reversed_entropy_production", None, None, 0.0, time, "nat", reversed_exact)
        row = replace(row, estimate=reversed_sample.mean, standard_error=reversed_sample.standard_error)
        law = replace(law_at(reversed_cumulants(preparation), -1), rounding=rounding)
        return [*rows, judge_mean(row, reversed_sample.count, law)]
    lost = "reversed trajectories that undo a forward one; the others take a one-way jump or end outside its start"
    row = Row("reversed_survival", None, None, 0.0, time, "1", survival(preparation), note=lost)
    return [*rows, judge_share(row, reversed_sample.count - reversed_sample.infinite, reversed_sample.count)]
