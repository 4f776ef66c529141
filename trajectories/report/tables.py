"""A report as people and programs read it: text, JSON, CSV, exit status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trajectories.model.conversion import json_value
from trajectories.report.judge import Judged, judge_groups
from trajectories.report.report import rows_of
from trajectories.report.rows import Row, by_state
from trajectories.report.text import HEADER, aligned, cells, comma_separated, described, with_error
from trajectories.sampling.quantity_names import absence_lines, headline_names
from trajectories.sampling.statistics import effective_sample_size, largest_weight_share

if TYPE_CHECKING:
    from trajectories.results.points import Point

MOST_COLUMNS = 5  # headline quantities in the table of a sweep
MOST_LINES = 200


@dataclass(frozen=True)
class PointReport:
    """The rows of one sweep point, with what describes it."""

    parameters: dict[str, Any]
    trajectories: int
    swept: dict[str, float]
    rows: tuple[Row, ...]
    summary: tuple[str, ...]
    weights: tuple[float, float]  # effective sample size and largest weight's share at the end
    absent: dict[str, str]  # quantities that are not reported, and why

    @classmethod
    def of(cls, point: Point, rows: tuple[Row, ...]) -> PointReport:
        """Return the report of a point from its judged rows."""
        weights = (float(effective_sample_size(point.total)[-1]), float(largest_weight_share(point.total)[-1]))
        preparation = point.preparation
        summary, absent = tuple(preparation.summary), preparation.absent
        return cls(point.parameters, point.trajectories, point.swept, rows, summary, weights, absent)


@dataclass(frozen=True)
class Report(Judged):
    """The comparison of a result with the master equation, with one verdict for all rows; prints as a table.

    Attributes
    ----------
    title : str
    points : tuple of PointReport
        Rows and parameters of each sweep point.
    rows : list of Row
        Of all points.
    verdict : str
        "agree", "disagree", or "unresolved".
    exit_status : int
        0 agree, 1 disagree, 3 nothing resolved.

    Examples
    --------
    >>> report = example().report()
    >>> {row.status for row in report.rows} <= {"agree", "exact", "unresolved"}
    True
    """

    title: str
    points: tuple[PointReport, ...]

    @classmethod
    def of(cls, points: Sequence[Point], *, name: str, seed: int, meta: Mapping[str, Any]) -> Report:
        """Compare a result's points with the master equation; all rows of all points are judged as one family.

        name, seed, meta: of the result.
        """
        unjudged = [by_state(rows_of(point), point.preparation.model) for point in points]
        reports = [PointReport.of(*judged) for judged in zip(points, judge_groups(unjudged), strict=True)]
        title = "\n".join([f"{name}: {_amount(points, meta)}, seed {seed}", *stopping_lines(meta)])
        return cls(title, tuple(reports))

    @property
    def rows(self) -> list[Row]:
        """Rows of all points."""
        return [row for point in self.points for row in point.rows]

    def point_rows(self, point: int) -> tuple[Row, ...]:
        """Return the rows of one point.

        Parameters
        ----------
        point : int
            Place among `points`.

        Returns
        -------
        tuple of Row

        Examples
        --------
        >>> example().report().point_rows(0)[0].quantity
        'activity'
        """
        return self.points[point].rows

    def json(self) -> dict[str, Any]:
        """Return all rows for programs.

        Returns
        -------
        dict
            {"points": [{"parameters", "trajectories", "rows", "not_reported"}], "verdict", "false_alarm_rate"} of
            JSON's types; null for numbers that do not exist, not_reported: {quantity: reason}.

        Examples
        --------
        >>> example().report().json()["verdict"]
        'agree'
        """
        points = [
            {
                "parameters": json_value(point.parameters),
                "trajectories": point.trajectories,
                "rows": [json_value(row.json()) for row in point.rows],
                "not_reported": point.absent,
            }
            for point in self.points
        ]
        return {"points": points} | self._verdict_json()

    def csv(self) -> str:
        """Return the rows of all points as comma-separated values.

        Returns
        -------
        str
            With a header line.

        Examples
        --------
        >>> example().report().csv().startswith("beta_A,beta_S")
        True
        """
        parameters = list(self.points[0].parameters)
        return comma_separated(
            {name: point.parameters.get(name) for name in parameters} | row.json()
            for point in self.points
            for row in point.rows
        )

    def text(self, every_time: bool = False) -> str:
        """Return a table and the verdict.

        Parameters
        ----------
        every_time : bool
            Show every sample time, not only the last.

        Returns
        -------
        str

        Examples
        --------
        >>> print(example().report().text().partition(":")[0])
        diamond
        """
        lines = [self.title]
        if len(self.points) > 1 and not every_time:
            lines += ["", *_sweep_lines(self.points)]
        else:
            for point in self.points:
                lines += ["", *_point_lines(point, every_time)]
        counts = {
            status: sum(row.status == status for row in self.rows)
            for status in dict.fromkeys(row.status for row in self.rows)
        }
        lines += ["", f"{len(self.rows)} rows: " + ", ".join(f"{n} {status}" for status, n in counts.items())]
        lines.append(self._verdict_line())
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()


def stopping_lines(meta: Mapping[str, Any]) -> list[str]:
    """Return lines on the stopping rule, the number of blocks at which a run ended, and its ranks."""
    lines = []
    rule = meta.get("stopping")
    if rule:
        ended = [f"n = {n}" if n is not None else "not met" for n in rule["blocks"]]
        counts = ", ".join(f"{end}{f' ({ended.count(end)} points)' * (len(ended) > 1)}" for end in dict.fromkeys(ended))
        lines.append(
            f"stopping rule: standard errors {', '.join(rule['targets'])}, looked at after the first n = "
            f"{rule['first_look']} blocks and whenever n had doubled; ended at: {counts}"
        )
    sessions = meta.get("sessions") or []
    ranks = list(dict.fromkeys(session.get("ranks", "1") for session in sessions))
    if ranks not in ([], ["1"]):
        threads = "/".join(dict.fromkeys(session.get("threads", "1") for session in sessions))
        single = threads == "1"
        lines.append(f"sampled on {' and '.join(ranks)} ranks, {threads} thread{'s' * (not single)} each")
    return lines


def _amount(points: Sequence[Point], meta: Mapping[str, Any]) -> str:
    """Return the number of trajectories as text, with the number asked for where blocks rounded it up."""
    sampled = points[0].trajectories
    asked = meta.get("run", {}).get("ensemble", {}).get("trajectories", sampled)
    text = f"{sampled:,} trajectories"
    if asked < sampled < asked + points[0].preparation.block_size:
        text += f" ({asked:,} asked for, rounded up to whole blocks)"
    return text


def _sweep_lines(points: Sequence[PointReport]) -> list[str]:
    """Return a line for each point of a sweep: swept parameters, headline quantities at the end, the worst row."""
    last = [[row for row in point.rows if row.time == point.rows[-1].time] for point in points]
    headlines = headline_names()
    kinds = dict.fromkeys((row.quantity, row.label, row.reservoir) for row in last[0] if row.quantity in headlines)
    columns = sorted(kinds, key=lambda kind: headlines.index(kind[0]))[:MOST_COLUMNS]
    fixed = {name: value for name, value in points[0].parameters.items() if name not in points[0].swept}
    # What is derived or optimised differs from point to point as well.
    varying = [name for name in fixed if any(point.parameters.get(name) != fixed[name] for point in points)]
    names = [" ".join(filter(None, column)) for column in columns]
    header = (*points[0].swept, *varying, *names, "worst z", "rows disagree")
    table = [header]
    for point, rows in zip(points, last, strict=True):
        by_kind = {(row.quantity, row.label, row.reservoir): row for row in rows}
        shown = [by_kind.get(column) for column in columns]
        values = ["-" if row is None else with_error(row.estimate, row.standard_error) for row in shown]
        # A z of too few events says nothing: its row is unresolved.
        decided = [row for row in point.rows if row.status in ("agree", "disagree")]
        worst = max((abs(row.z) for row in decided if row.z is not None), default=0.0)
        wrong = sum(row.status == "disagree" for row in point.rows)
        parameters = [*point.swept.values(), *(point.parameters.get(name) for name in varying)]
        leading = [f"{value:g}" if isinstance(value, int | float) else str(value) for value in parameters]
        table.append((*leading, *values, f"{worst:.2f}", str(wrong)))
    fixed = {name: value for name, value in fixed.items() if name not in varying}
    head = [*points[0].summary[:2], *absence_lines(points[0].absent)]
    lines = [described(fixed), *("  " + line for line in head)]
    if len(points) > MOST_LINES:
        far = sorted(range(len(points)), key=lambda i: float(table[i + 1][-2]), reverse=True)[:MOST_LINES]
        table = [header, *(table[i + 1] for i in sorted(far))]
        lines.append(f"the {MOST_LINES} points with the largest z, of {len(points):,} (--csv FILE has all)")
    return [*lines, *aligned(table)]


def _point_lines(point: PointReport, every_time: bool) -> list[str]:
    """Return the table of one point and a line on the integral fluctuation theorem."""
    lines = [described(point.parameters), *("  " + line for line in point.summary)]
    last = max(row.time for row in point.rows)
    theorem = [row for row in point.rows if row.quantity == "integral_fluctuation_theorem"]
    resolved = [row for row in theorem if row.status != "unresolved"]
    shown = [row for row in point.rows if every_time or row.time == last or row in resolved[-1:]]
    lines += aligned([HEADER, *(cells(row) for row in shown)])
    if theorem:
        until = f"up to t = {resolved[-1].time:g}" if resolved else "at no sample time"
        size, share = point.weights
        known = f"integral fluctuation theorem: resolved {until}; at t = {last:g} "
        if size == 0:
            lines.append(f"{known}no trajectory has a finite Delta S, and exp(-Delta S) is 0 for all of them")
        else:
            lines.append(
                f"{known}the effective number of trajectories is {size:.3g}, and the largest weight exp(-Delta S) "
                f"carries {100 * share:.2g} % of the average"
            )
    return lines
