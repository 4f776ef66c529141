"""The counting report as people and programs read it: text, JSON, exit status."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trajectories.counting.steady_counting import CUMULANTS, FACTORS, RATIOS, SteadyCounting
from trajectories.errors import InputError
from trajectories.master.lindblad import Master
from trajectories.master.sectors import find_sectors
from trajectories.report.counting_requests import RecordedStatistic, RecordRequest
from trajectories.report.counting_rows import CountingRow, counting_rows
from trajectories.report.exact_counting import ExactCounting
from trajectories.report.judge import Judged, judge_groups
from trajectories.report.record_rows import exact_rows, sampled_rows
from trajectories.report.result import ResultData
from trajectories.report.rows import Row
from trajectories.report.text import aligned, comma_separated, described, interval, number, with_error
from trajectories.results.points import Point
from trajectories.runfiles.job import Job
from trajectories.sampling.quantity_names import absence_lines

NO_RECORDS = RecordRequest()
HEADER = ("quantity", "of", "(from, time]", "estimate", "exact", "z", "long time", "unit", "status", "")
RECORDS = ("quantity", "of", "interval", *HEADER[3:6], "steady, T = inf", *HEADER[7:])


@dataclass(frozen=True)
class CountingPoint:
    """One sweep point: the steady state's counting statistics, and the sampled rows where there are any.

    statistics: of the jump records of `recorded` trajectories. records: the rows of each of them.
    """

    parameters: dict[str, Any]
    trajectories: int | None
    steady: SteadyCounting
    rows: tuple[CountingRow, ...]
    statistics: tuple[RecordedStatistic, ...] = ()
    records: tuple[tuple[CountingRow, ...], ...] = ()
    recorded: int = 0

    @property
    def tables(self) -> list[tuple[str, Sequence[CountingRow]]]:
        """All rows by table, the steady state's values at long times among them."""
        settled = [
            CountingRow(quantity, of, None, None, math.inf, unit, None, status="exact", long_time=value)
            for quantity, of, unit, value in self.steady.values()
            if not math.isnan(value)
        ]
        return [("long times", settled), ("counts", self.rows), *(("records", rows) for rows in self.records)]


@dataclass(frozen=True)
class Counting(Judged):
    """The counting report of a run file (exact values alone) or of a result (sampled beside exact)."""

    title: str
    points: tuple[CountingPoint, ...]
    every_scgf: bool

    @classmethod
    def of_jobs(cls, jobs: Sequence[Job], every_scgf: bool = False, request: RecordRequest = NO_RECORDS) -> Counting:
        """Compute the steady state's counting statistics of jobs' models, and those of jump records, exactly.

        Raises InputError where a steady state is not unique, or for a channel or a count that does not exist.
        """
        points = tuple(_exact_point(job, every_scgf, request) for job in jobs)
        return cls(f"{jobs[0].name}: counting statistics of the steady state", points, every_scgf)

    @classmethod
    def of_result(
        cls,
        result: ResultData,
        every_scgf: bool = False,
        request: RecordRequest = NO_RECORDS,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Counting:
        """Compare a Result's counts with the exact ones; all rows of all points are judged as one family.

        request: for statistics of the jump records, which are sampled anew. progress: called with the numbers of
        trajectories done and in all. Raises InputError for a point, a channel or a count that does not exist.
        """
        chosen = _chosen(result, request.point)
        points = [_sampled_point(result, point, every_scgf, request, progress) for point in chosen]
        judged = iter(judge_groups(rows for point in points for rows in (point.rows, *point.records)))
        points = [replace(p, rows=next(judged), records=tuple(next(judged) for _ in p.records)) for p in points]
        title = f"{result.name}: counting statistics, {result.trajectories:,} trajectories, seed {result.seed}"
        return cls(title, tuple(points), every_scgf)

    @property
    def sampled(self) -> bool:
        return any(point.trajectories is not None for point in self.points)

    @property
    def rows(self) -> list[Row]:
        return [row for point in self.points for rows in (point.rows, *point.records) for row in rows]

    @property
    def verdict(self) -> str | None:  # type: ignore[override]
        """agree, disagree or unresolved; None where nothing was sampled."""
        return super().verdict if self.sampled else None

    @property
    def exit_status(self) -> int:
        """0 agree or nothing sampled, 1 disagree, 3 nothing resolved."""
        return super().exit_status if self.sampled else 0

    def json(self) -> dict[str, Any]:
        """Return {"points": [{"parameters", "trajectories", "steady", "rows", "records"}], "verdict", ...}."""
        points = [
            {
                "parameters": point.parameters,
                "trajectories": point.trajectories,
                "steady": point.steady.json(),
                "rows": [row.json() for row in point.rows],
                "record_trajectories": point.recorded,
                "records": [row.json() for rows in point.records for row in rows],
            }
            for point in self.points
        ]
        return {"points": points} | self._verdict_json()

    def csv(self) -> str:
        """Return all numbers of all points as comma-separated values with a header line.

        Column table: "long times", whose values stand under long_time; "counts", sampled over (from, time]; "records",
        whose from and time are those of a bin, or of the time counted. Without a sample there is no estimate.
        """
        return comma_separated(
            {name: point.parameters.get(name) for name in self.points[0].parameters} | {"table": table} | row.json()
            for point in self.points
            for table, rows in point.tables
            for row in rows
        )

    def text(self) -> str:
        """Return the tables; of sampled rows, those of the last sample time."""
        lines = [self.title]
        for point in self.points:
            lines += ["", described(point.parameters), "", *_steady_lines(point.steady, self.every_scgf)]
            if point.rows:
                lines += ["", *_row_lines(point.rows)]
            for rows in point.records:
                lines += ["", *_record_lines(rows, point.recorded)]
        if self.verdict is not None:
            lines += ["", self._verdict_line()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()


def _steady_lines(steady: SteadyCounting, every_scgf: bool) -> list[str]:
    """Return the tables of the steady state's counting statistics."""
    rates = [
        (count.name, *(_value(getattr(rate, name)) for name in (*CUMULANTS, *FACTORS, *RATIOS)), count.unit)
        for count, rate in zip(steady.counts, steady.rates, strict=True)
    ]
    names = [count.name for count in steady.counts]
    matrix = [(name, *map(_value, row)) for name, row in zip(names, steady.covariance, strict=True)]
    waits = steady.waiting_times
    times = [(name, *map(_value, row)) for name, row in zip(waits.channels, waits.mean, strict=True)]
    lines = [
        "steady state at long times, cumulants per time; fano_factor = noise/|current|, mandel_q = fano_factor - 1",
        *_indented([("count", *CUMULANTS, *FACTORS, *RATIOS, "unit"), *rates]),
        f"entropy production rate {_value(steady.entropy_production)}, jumps per time {_value(steady.activity)}",
        "",
        "covariances per time",
        *_indented([("", *names), *matrix]),
        "",
        "mean waiting time from a jump of one channel (row) to the next jump of another (column)",
        *_indented([("", *waits.channels), *times]),
        "",
        *_symmetry_lines(steady),
        *absence_lines(steady.absent),
    ]
    return lines + (["", *_scgf_lines(steady)] if every_scgf else [])


def _symmetry_lines(steady: SteadyCounting) -> list[str]:
    curve = steady.scgf
    which = "required" if curve.symmetry_required else "not required"
    deviation = "" if curve.largest_deviation is None else f"; largest deviation {curve.largest_deviation:.2g}"
    return [f"lambda(u) = lambda(1-u) of the entropy production: {which} ({curve.reason}){deviation}"]


def _scgf_lines(steady: SteadyCounting) -> list[str]:
    """Return the table of lambda(u)."""
    curve = steady.scgf
    columns = ({} if curve.entropy is None else {"entropy production": curve.entropy}) | curve.counts
    rows = [
        (f"{u:.1f}", *(_value(values[i]) for values in columns.values())) for i, u in enumerate(curve.u)
    ]  # fmt: skip
    return ["lambda(u) = lim ln <exp(-u N)>/t", *_indented([("u", *columns), *rows])]


def _chosen(result: ResultData, number: int | None) -> list[Point]:
    """Return one point of a sweep, or all."""
    if number is None:
        return list(result.points)
    points = [point for point in result.points if point.index == number]
    if not points:
        raise InputError(f"--point {number}: {result.name} has the points 0 to {len(result.points) - 1}")
    return points


def _exact_point(job: Job, every_scgf: bool, request: RecordRequest) -> CountingPoint:
    """Return the exact values of one job."""
    steady = SteadyCounting.of(Master(job.model, find_sectors(job.model)), every_scgf)
    statistics = tuple(request.statistics(job.prepare())) if request.needs_records else ()
    parameters = dict(job.model.parameters) | dict(job.swept)
    return CountingPoint(parameters, None, steady, (), statistics, tuple(map(exact_rows, statistics)))


def _sampled_point(
    result: ResultData, point: Point, every_scgf: bool, request: RecordRequest, progress: Callable[[int, int], None]
) -> CountingPoint:
    """Return the sampled rows of one point, not yet judged, beside the exact values."""
    model = point.preparation.model
    steady = SteadyCounting.of(Master(model, find_sectors(model)), every_scgf)
    rows = tuple(counting_rows(point, ExactCounting.of(point.preparation, steady)))
    statistics = tuple(request.statistics(point.preparation))
    if not statistics:
        return CountingPoint(point.parameters, point.trajectories, steady, rows)
    n = point.trajectories if request.trajectories is None else request.trajectories
    if n < 1:
        raise InputError(f"--trajectories {n}: must be 1 or more")
    records = sampled_rows(point.preparation, statistics, result.seed, point.index, n, progress)
    return CountingPoint(point.parameters, point.trajectories, steady, rows, statistics, records, n)


def _record_lines(rows: tuple[CountingRow, ...], recorded: int) -> list[str]:
    """Return a statistic's table; intervals are those of the waiting time or distance, or of the time counted."""
    of = f"from the jump records of {recorded:,} trajectories" if recorded else "of jump records as long as the run's"
    return [f"{rows[0].quantity} {of}", *_indented([RECORDS, *map(_cells, rows)])]


def _row_lines(rows: tuple[CountingRow, ...]) -> list[str]:
    """Return the table of the last sample time."""
    last = max(row.time for row in rows)
    cells = [_cells(row) for row in rows if row.time == last]
    head = "sampled at finite time: estimate and exact over (from, time], cumulants and covariances per time"
    return [head, *_indented([HEADER, *cells])]


def _cells(row: CountingRow) -> tuple[str, ...]:
    """Return a row as the cells under HEADER."""
    return (
        row.quantity,
        row.label or "",
        interval(row),
        with_error(row.estimate, row.standard_error),
        number(row.exact),
        "-" if row.z is None else f"{row.z:+.2f}",
        number(row.long_time),
        row.unit,
        row.status,
        row.note,
    )


def _indented(cells: list[tuple[str, ...]]) -> list[str]:
    return ["  " + line for line in aligned(cells)]


def _value(value: float) -> str:
    return "-" if math.isnan(value) else number(float(value))
