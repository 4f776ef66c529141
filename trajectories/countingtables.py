"""The counting report as people and programs read it: text, JSON, exit status."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from .countingexact import ExactCounting
from .countingreport import CountingRow, counting_rows
from .job import Job
from .layout import aligned, described, interval, number, with_error
from .master import Master
from .report import FALSE_ALARM_RATE, judge, verdict
from .results import Result
from .rows import Row
from .sectors import find_sectors
from .steadycounting import CUMULANTS, RATIOS, SteadyCounting
from .tables import EXIT_STATUS

HEADER = ("quantity", "of", "(from, time]", "estimate", "exact", "z", "long time", "unit", "status", "")


@dataclass(frozen=True)
class CountingPoint:
    """One sweep point: the steady state's counting statistics, and the sampled rows where there are any."""

    parameters: dict[str, Any]
    trajectories: int | None
    steady: SteadyCounting
    rows: tuple[CountingRow, ...]


@dataclass(frozen=True)
class Counting:
    """The counting report of a run file (exact values alone) or of a result (sampled beside exact)."""

    title: str
    points: tuple[CountingPoint, ...]
    every_scgf: bool

    @classmethod
    def of_job(cls, job: Job, every_scgf: bool = False) -> Counting:
        """Compute the steady state's counting statistics of a job's model. Raises InputError where it is not unique."""
        steady = SteadyCounting.of(Master(job.model, find_sectors(job.model)), every_scgf)
        point = CountingPoint(dict(job.model.parameters), None, steady, ())
        return cls(f"{job.name}: counting statistics of the steady state", (point,), every_scgf)

    @classmethod
    def of_result(cls, result: Result, every_scgf: bool = False) -> Counting:
        """Compare a Result's counts with the exact ones; all rows of all points are judged as one family."""
        points = []
        for point in result.points:
            model = point.preparation.model
            steady = SteadyCounting.of(Master(model, find_sectors(model)), every_scgf)
            rows = tuple(counting_rows(point, ExactCounting.of(point.preparation, steady)))
            points.append(CountingPoint(point.parameters, point.trajectories, steady, rows))
        judged = iter(judge([found.row for point in points for found in point.rows]))
        points = [
            replace(point, rows=tuple(replace(found, row=next(judged)) for found in point.rows)) for point in points
        ]
        title = f"{result.name}: counting statistics, {result.trajectories:,} trajectories, seed {result.seed}"
        return cls(title, tuple(points), every_scgf)

    @property
    def sampled(self) -> bool:
        return any(point.trajectories is not None for point in self.points)

    @property
    def rows(self) -> list[Row]:
        return [found.row for point in self.points for found in point.rows]

    @property
    def verdict(self) -> str | None:
        """agree, disagree or unresolved; None where nothing was sampled."""
        return verdict(self.rows) if self.sampled else None

    @property
    def exit_status(self) -> int:
        """0 agree or nothing sampled, 1 disagree, 3 nothing resolved."""
        return 0 if self.verdict is None else EXIT_STATUS[self.verdict]

    def json(self) -> dict[str, Any]:
        """Return {"points": [{"parameters", "trajectories", "steady", "rows"}], "verdict", "false_alarm_rate"}."""
        points = [
            {
                "parameters": point.parameters,
                "trajectories": point.trajectories,
                "steady": point.steady.json(),
                "rows": [found.json() for found in point.rows],
            }
            for point in self.points
        ]
        return {"points": points, "verdict": self.verdict, "false_alarm_rate": FALSE_ALARM_RATE}

    def text(self) -> str:
        """Return the tables; of sampled rows, those of the last sample time."""
        lines = [self.title]
        for point in self.points:
            lines += ["", described(point.parameters), "", *_steady_lines(point.steady, self.every_scgf)]
            if point.rows:
                lines += ["", *_row_lines(point.rows)]
        if self.verdict is not None:
            judged = sum(row.p_value is not None for row in self.rows)
            lines += ["", f"verdict: {self.verdict} ({judged} rows judged together: a correct engine is called wrong "
                      f"once in {1 / FALSE_ALARM_RATE:.0f} reports)"]  # fmt: skip
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()


def _steady_lines(steady: SteadyCounting, every_scgf: bool) -> list[str]:
    rates = [
        (count.name, *(_value(getattr(own, name)) for name in (*CUMULANTS, *RATIOS)), count.unit)
        for count, own in zip(steady.counts, steady.rates, strict=True)
    ]
    names = [count.name for count in steady.counts]
    matrix = [(name, *map(_value, row)) for name, row in zip(names, steady.covariance, strict=True)]
    waits = steady.waiting_times
    times = [(name, *map(_value, row)) for name, row in zip(waits.channels, waits.mean, strict=True)]
    lines = [
        "steady state at long times, cumulants per time",
        *_indented([("count", *CUMULANTS, *RATIOS, "unit"), *rates]),
        f"entropy production rate {_value(steady.entropy_production)}, jumps per time {_value(steady.activity)}",
        "",
        "covariances per time",
        *_indented([("", *names), *matrix]),
        "",
        "mean waiting time from a jump of one channel (row) to the next jump of another (column)",
        *_indented([("", *waits.channels), *times]),
        "",
        *_symmetry_lines(steady),
    ]
    return lines + (["", *_scgf_lines(steady)] if every_scgf else [])


def _symmetry_lines(steady: SteadyCounting) -> list[str]:
    found = steady.scgf
    which = "required" if found.symmetry_required else "not required"
    deviation = "" if found.largest_deviation is None else f"; largest deviation {found.largest_deviation:.2g}"
    return [f"lambda(u) = lambda(1-u) of the entropy production: {which} ({found.reason}){deviation}"]


def _scgf_lines(steady: SteadyCounting) -> list[str]:
    found = steady.scgf
    columns = ({} if found.entropy is None else {"entropy production": found.entropy}) | found.counts
    rows = [
        (f"{u:.1f}", *(_value(values[i]) for values in columns.values())) for i, u in enumerate(found.u)
    ]  # fmt: skip
    return ["lambda(u) = lim ln <exp(-u N)>/t", *_indented([("u", *columns), *rows])]


def _row_lines(rows: tuple[CountingRow, ...]) -> list[str]:
    last = max(found.row.time for found in rows)
    cells = [
        (
            found.row.quantity,
            found.row.label or "",
            interval(found.row),
            with_error(found.row.estimate, found.row.standard_error),
            number(found.row.exact),
            "-" if found.row.z is None else f"{found.row.z:+.2f}",
            number(found.long_time),
            found.row.unit,
            found.row.status,
            found.row.note,
        )
        for found in rows
        if found.row.time == last
    ]
    head = "sampled at finite time: estimate and exact over (from, time], cumulants and covariances per time"
    return [head, *_indented([HEADER, *cells])]


def _indented(cells: list[tuple[str, ...]]) -> list[str]:
    return ["  " + line for line in aligned(cells)]


def _value(value: float) -> str:
    return "-" if math.isnan(value) else number(float(value))
