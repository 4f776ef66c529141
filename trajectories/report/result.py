"""What a run found: its sampled statistics beside what the master equation says, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.report.report import rows_of
from trajectories.report.rows import Row
from trajectories.report.tables import Report
from trajectories.results.container import Records
from trajectories.results.points import Point, StoredPoints
from trajectories.results.reader import Reader, read
from trajectories.sampling.preparation import LARGE_SWEEP


class Estimate(NamedTuple):
    """A sampled quantity at the times of `times` (T,): estimate, standard error, exact value and status.

    Each has the shape (T,), from `Result.arrays` the shape (*sweep axes, T).
    """

    times: np.ndarray
    estimate: np.ndarray
    standard_error: np.ndarray
    exact: np.ndarray
    status: np.ndarray


class Result:
    """The result of a run.

    points: one for each sweep point. seed, trajectories: per point. times (T,). text: the run file as it was given.
    `result["heat_current", "h"]` (quantity, and label or reservoir where there are several) gives an Estimate;
    `result.states` the sampled ensemble states (T, d, d); `result.report()` the comparison with the master equation;
    `result.records` the jump records of the first trajectories where the run kept some.
    """

    def __init__(
        self,
        points: Sequence[Point],
        *,
        name: str,
        seed: int,
        text: str,
        meta: dict[str, Any],
        path: Path | None = None,
        records: Records | None = None,
    ) -> None:
        self.points = points
        self.name, self.seed, self.text, self.meta, self.path, self.records = name, seed, text, meta, path, records
        self._looked_at: tuple[int, list[Row]] | None = None

    @property
    def times(self) -> np.ndarray:
        return self.points[0].preparation.times

    @property
    def trajectories(self) -> int:
        return self.points[0].trajectories

    @property
    def states(self) -> np.ndarray:
        return self.points[0].states

    def quantities(self, point: int = 0) -> list[tuple[str, str | None]]:
        """Return the (quantity, label or reservoir) pairs that can be asked for."""
        rows = self._rows(point)
        return list(dict.fromkeys((row.quantity, row.label or row.reservoir) for row in rows))

    def estimate(self, quantity: str, which: str | None = None, point: int = 0) -> Estimate:
        """Return estimate, standard error and exact value of a quantity at its times; nan where there is none.

        `which` is a label or a reservoir, needed where the quantity has several. Raises InputError for an unknown
        one, with the list.
        """
        rows = [row for row in self._rows(point) if row.quantity == quantity]
        found = [row for row in rows if which is None or which in (row.label, row.reservoir)]
        kinds = {(row.label, row.reservoir) for row in found}
        if len(kinds) != 1:
            known = ", ".join(f"{q} {w or ''}".strip() for q, w in self.quantities(point))
            raise InputError(f"no single quantity {' '.join(filter(None, (quantity, which)))!r}: choose one of {known}")
        return _estimate(found)

    @cached_property
    def sweep(self) -> dict[str, np.ndarray]:
        """Values (n,) of each swept parameter along its axis, in the order of the axes; empty without a sweep."""
        return {name: np.unique([point.swept[name] for point in self.points]) for name in self.points[0].swept}

    def arrays(self, name: str) -> Estimate:
        """Return a quantity at all points of a sweep: arrays (*sweep axes, T).

        name: "concurrence", "heat_current.h", "population.11": a quantity, and a reservoir or label after a dot.
        Points that have not been begun are nan. Raises InputError for an unknown name, with the list.
        """
        quantity, _, which = name.partition(".")
        report = self.report()
        shape = tuple(len(values) for values in self.sweep.values())
        columns: Estimate | None = None
        for i, point in enumerate(self.points):
            rows = [row for row in report.point_rows(i) if row.quantity == quantity]
            if which:
                rows = [row for row in rows if which in (row.label, row.reservoir)]
            if not rows or len({(row.label, row.reservoir) for row in rows}) > 1:
                known = ", ".join(".".join(filter(None, pair)) for pair in self.quantities())
                raise InputError(f"no single quantity {name!r}: choose one of {known}")
            here = _estimate(rows)
            if columns is None:
                empty = [np.full((*shape, len(rows)), np.nan) for _ in range(3)]
                columns = Estimate(here.times, *empty, status=np.full((*shape, len(rows)), "", dtype="<U16"))
            at = tuple(int(np.searchsorted(axis, point.swept[key])) for key, axis in self.sweep.items())
            for filled, values in zip(columns[1:], here[1:], strict=True):
                filled[at] = values
        assert columns is not None
        return columns

    def _rows(self, point: int) -> list[Row]:
        """Return the rows of one point, which hold no verdict yet; the last point looked at is remembered."""
        if not 0 <= point < len(self.points):
            raise InputError(f"point {point}: must be a point from 0 to {len(self.points) - 1}")
        if self._looked_at is None or self._looked_at[0] != point:
            self._looked_at = point, rows_of(self.points[point])
        return self._looked_at[1]

    def __getitem__(self, key: str | tuple[str, str]) -> Estimate:
        return self.estimate(key) if isinstance(key, str) else self.estimate(*key)

    def covariance(self, point: int = 0) -> np.ndarray:
        """Return the sample covariance (T, C, C) of the tallied counts (`linear_forms`) and Delta S in (from, t]."""
        block = self.points[point].total
        return block.comoment / (int(block.count) - 1)

    def histogram(self, row: int = 0, point: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return (edges (bins+1,), counts (bins+2,)) at the end of the run.

        Row 0 is Delta S with the outcome drawn, the others are the counted heats.

        The first count lies below all edges, the last above (trajectories with infinite Delta S among them).
        """
        found = self.points[point]
        return found.preparation.ledger.edges[row], found.total.histogram[row]

    @cached_property
    def _report(self) -> Report:
        return Report.of(self.points, name=self.name, seed=self.seed, meta=self.meta)

    def report(self) -> Report:
        """Return the comparison of every quantity with the master equation; it prints as a table."""
        return self._report

    def __repr__(self) -> str:
        points = f"{len(self.points)} point{'s' * (len(self.points) > 1)}"
        return (
            f"<Result {self.name}: {points}, {self.trajectories:,} trajectories each, seed {self.seed}, "
            f"times up to {self.times[-1]:g}>"
        )


def _estimate(rows: Sequence[Row]) -> Estimate:
    """Return the rows of one quantity, one for each time, as arrays; nan where a row has no number."""
    names = ("time", "estimate", "standard_error", "exact")
    numbers = [np.array([np.nan if (v := getattr(row, n)) is None else v for row in rows]) for n in names]
    return Estimate(*numbers, status=np.array([row.status for row in rows], dtype="<U16"))


def open_result(path: str | Path) -> Result:
    """Read a result file, also while it is being written; of a sweep, the points that have been begun.

    The points of a large sweep are read when they are asked for, and again when they are asked for again.
    Raises InputError for anything that is not one, or one without a block.
    """
    return result_of(read(path))


def result_of(reader: Reader) -> Result:
    """Return the result that an opened file holds; the file stays open as long as it is needed."""
    path = reader.path
    points: Sequence[Point] = StoredPoints(reader)
    if not points:
        raise InputError(
            f"{path}: no block is finished yet: must be the result of a run that has begun; run it again to continue"
        )
    header, records, sessions = reader.header, reader.records(), reader.sessions
    if reader.points <= LARGE_SWEEP:
        points = tuple(points)
        reader.close()
    meta = dict(header.meta) | {"sessions": sessions}
    return Result(points, name=meta["name"], seed=header.seed, text=header.text, meta=meta, path=path, records=records)
