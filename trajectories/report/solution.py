"""The master equation's values of a run file, without trajectories: text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.counting.optimum import Optimum
from trajectories.model.conversion import json_value
from trajectories.report.rows import Row, by_state, exact_rows
from trajectories.report.text import aligned, described, interval, number
from trajectories.runfiles.job import Job

NAMES = ("quantity", "label", "reservoir", "from", "time", "unit", "exact", "note")
HEADER = ("quantity", "of", "(from, time]", "exact", "unit", "")


@dataclass(frozen=True)
class PointSolution:
    """The exact rows of one sweep point, with what describes it.

    absent: quantities that are not reported, and why. optimum: of [optimise], None where nothing was optimised.
    """

    parameters: dict[str, Any]
    rows: tuple[Row, ...]
    summary: tuple[str, ...]
    absent: dict[str, str]
    optimum: Optimum | None

    @classmethod
    def of(cls, job: Job) -> PointSolution:
        """Solve the master equation of a job."""
        preparation = job.prepare()
        parameters = dict(job.model.parameters) | dict(job.swept)
        rows = tuple(by_state(exact_rows(preparation), job.model))
        return cls(parameters, rows, tuple(preparation.summary), preparation.absent, job.optimum)

    def json(self) -> dict[str, Any]:
        """Return parameters, rows, absent quantities and the optimum by name."""
        point = {
            "parameters": json_value(self.parameters),
            "rows": json_value([{name: row.json()[name] for name in NAMES} for row in self.rows]),
            "not_reported": self.absent,
        }
        return point if self.optimum is None else point | {"maximum": self.optimum.json()}

    def lines(self) -> list[str]:
        """Return a table of the last sample time, with the parameters and the summary above."""
        last = max(row.time for row in self.rows)
        table = [
            (row.quantity, row.label or row.reservoir or "", interval(row), number(row.exact), row.unit, row.note)
            for row in self.rows
            if row.time == last
        ]
        optimum = [] if self.optimum is None else [self.optimum.text()]
        return [
            described(self.parameters),
            *("  " + line for line in (*self.summary, *optimum)),
            *aligned([HEADER, *table]),
        ]


@dataclass(frozen=True, repr=False)
class Solution:
    """The master equation's values alone, for each point of a sweep."""

    title: str
    points: tuple[PointSolution, ...]

    @classmethod
    def of(cls, jobs: Sequence[Job]) -> Solution:
        """Solve the master equation of a job, or of every point of a sweep."""
        return cls(jobs[0].name, tuple(map(PointSolution.of, jobs)))

    def json(self) -> dict[str, Any]:
        """Return {"points": [{"parameters", "rows": [{"quantity", "reservoir", "exact", ...}], "not_reported"}]}."""
        return {"points": [point.json() for point in self.points]}

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Return a table of the last sample time for every point."""
        lines = [f"{self.title}: master equation"]
        for point in self.points:
            lines += [*([""] if len(self.points) > 1 else []), *point.lines()]
        return "\n".join(lines)
