"""Progress of a run, during it or afterwards: from RESULT.h5.run and the result file, both only read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajectories.model.conversion import json_value
from trajectories.report.judge import judge_groups
from trajectories.report.report import rows_of
from trajectories.report.result import result_of
from trajectories.report.tables import stopping_lines
from trajectories.report.text import aligned, described, with_error
from trajectories.results.ownership import Status, read_status
from trajectories.results.reader import read
from trajectories.sampling.quantity_names import headline_names

if TYPE_CHECKING:
    from trajectories.report.rows import Row

MOST_POINTS = 10  # whose errors are shown: evenly chosen among those that have been begun


@dataclass(frozen=True)
class RunStatus:
    """Progress of a run as `trajectories status` shows it.

    done, asked: blocks; points_done, points: of a sweep. rows: at the last time, of at most MOST_POINTS points, evenly
    chosen among those begun, by their numbers.
    """

    path: Path
    owner: Status | None
    done: int
    asked: int
    points_done: int
    points: int
    begun: int
    rows: dict[int, tuple[dict[str, Any], tuple[Row, ...]]]
    stopping: tuple[str, ...]

    @classmethod
    def of(cls, path: str | Path) -> RunStatus:
        """Read the status of a result; InputError where there is none."""
        path = Path(path)
        reader = read(path)
        asked = reader.blocks.tolist()
        done = [reader.blocks_done(point) for point in range(reader.points)]
        rows: dict[int, tuple[dict[str, Any], tuple[Row, ...]]] = {}
        stopping: tuple[str, ...] = ()
        if any(done):
            result = result_of(reader)
            stopping = tuple(stopping_lines(result.meta))
            n, headlines = len(result.points), headline_names()
            chosen = range(n) if n <= MOST_POINTS else [i * (n - 1) // (MOST_POINTS - 1) for i in range(MOST_POINTS)]
            shown_points = [result.points[i] for i in chosen]
            for point, judged in zip(shown_points, judge_groups(map(rows_of, shown_points)), strict=True):
                last = max(row.time for row in judged)
                shown = tuple(row for row in judged if row.time == last and row.quantity in headlines)
                rows[point.index] = (point.swept, shown)
        finished = sum(d >= a for d, a in zip(done, asked, strict=True))
        begun = sum(map(bool, done))
        return cls(path, read_status(path), sum(done), sum(asked), finished, len(asked), begun, rows, stopping)

    @property
    def state(self) -> str:
        """complete, running, or stopped (killed without a word included)."""
        if self.owner is not None and self.owner.active():
            return "running"
        return "complete" if self.points_done == self.points else "stopped"

    def json(self) -> dict[str, Any]:
        """Return the progress as JSON's types; null for unknown numbers."""
        owner = self.owner if self.state == "running" else None
        return {
            "file": str(self.path),
            "state": self.state,
            "blocks_done": self.done,
            "blocks": self.asked,
            "points_done": self.points_done,
            "points_begun": self.begun,
            "points_of_sweep": self.points,
            "rank_0_seconds": None if self.owner is None else self.owner.rank_0,
            "trajectories_per_second": None if owner is None else owner.rate,
            "ranks": None if self.owner is None else self.owner.ranks,
            "host": None if owner is None else owner.host,
            "expected_end": None if owner is None else owner.expected_end,
            "heartbeat_age": None if owner is None else owner.age,
            "stopping": list(self.stopping),
            "points": [
                {"point": point, "parameters": json_value(swept), "rows": [json_value(row.json()) for row in rows]}
                for point, (swept, rows) in self.rows.items()
            ],
        }

    def text(self) -> str:
        """Return a few lines, and the errors so far."""
        done, asked = self.done, self.asked
        lines = [f"{self.path}: {self.state}, {done:,} of {asked:,} blocks ({100 * done / max(asked, 1):.0f} %)"]
        if self.points > 1:
            lines[0] += f", {self.points_done:,} of {self.points:,} points done"
        owner = self.owner
        if owner is not None and self.state == "running":
            rate = "" if owner.rate is None else f", {owner.rate:,.0f} trajectories/s"
            ranks = f"{owner.ranks} rank{'s' * (owner.ranks > 1)}"
            lines.append(f"{ranks}, rank 0 on {owner.host}{rate}, heard of {owner.age:.0f} s ago")
            if owner.expected_end is not None:
                lines.append(f"expected end: {clock(owner.expected_end)}")
        if self.state == "stopped":
            lines.append("unfinished: the command that began it goes on with it")
        lines += self.stopping
        table: list[tuple[str, ...]] = [("point", "quantity", "of", "estimate")]
        for point, (swept, rows) in self.rows.items():
            name = described(swept) if swept else str(point)
            for row in rows:
                value = with_error(row.estimate, row.standard_error)
                table.append((name, row.quantity, row.label or row.reservoir or "", value))
        if len(table) > 1:
            lines += ["", *aligned(table)]
        if self.begun > len(self.rows):
            lines.append(
                f"{len(self.rows)} of {self.begun:,} points begun, evenly chosen; `trajectories report` has all"
            )
        return "\n".join(lines)


def clock(when: float) -> str:
    """Return a time as the clock on the wall shows it, with the date where it is not today."""
    moment = datetime.fromtimestamp(when)
    return moment.strftime("%H:%M:%S" if when - time.time() < 12 * 3600 else "%Y-%m-%d %H:%M")
