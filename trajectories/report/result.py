"""The data of a result: sampled statistics beside the master equation's values, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.errors import InputError, kind
from trajectories.report.estimate import Estimate, chosen_rows, estimate_of
from trajectories.report.report import rows_of
from trajectories.report.rows import Row
from trajectories.report.tables import Report
from trajectories.results.layout import Records
from trajectories.results.points import Point, StoredPoints
from trajectories.results.reader import Reader, read
from trajectories.sampling.preparation import LARGE_SWEEP


class ResultData:
    """The points of a result with their estimates and report; `trajectories.Result` adds what draws, counts and saves.

    points: one for each sweep point that has been begun. name, seed, text: of the run; text is the run file as given.
    meta: what the result file says of the run. path: the result file, None in memory. records: jump records of the
    first trajectories, None where none are kept. write: writes an in-memory result to a path.
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
        write: Callable[[Path], None] | None = None,
    ) -> None:
        self.points = points
        self.name, self.seed, self.text, self.meta, self.path = name, seed, text, meta, path
        self.jump_records, self.write = records, write
        self._last_rows: tuple[int, list[Row]] | None = None

    @property
    def times(self) -> np.ndarray:
        """Sample times (T,) in the model's unit of time."""
        return self.points[0].preparation.times

    @property
    def trajectories(self) -> int:
        """Number of sampled trajectories of the first point."""
        return self.points[0].trajectories

    @property
    def states(self) -> np.ndarray:
        """Sampled ensemble states rho(t) of the first point, (T, d, d) complex, in the computational basis."""
        return self.points[0].states

    def quantities(self, point: int = 0) -> list[tuple[str, str | None]]:
        """Return the names of the quantities that were sampled.

        Parameters
        ----------
        point : int, default 0
            Place among `points`.

        Returns
        -------
        list of (str, str or None)
            Quantity, and label or reservoir where there are several.

        Examples
        --------
        >>> result = example()
        >>> ("heat_current", "S") in result.quantities()
        True
        """
        return list(dict.fromkeys((row.quantity, row.label or row.reservoir) for row in self._rows(point)))

    def estimate(self, quantity: str, which: str | None = None, point: int = 0) -> Estimate:
        """Return a quantity of one point at its times; `result["heat_current", "S"]` is short for it.

        Parameters
        ----------
        quantity : str
            Such as "activity", "heat_current" or "population".
        which : str, optional
            Label or reservoir, needed where the quantity has several.
        point : int, default 0
            Place among `points`.

        Returns
        -------
        Estimate
            Arrays (T,).

        Raises
        ------
        InputError
            For a point or a quantity that the result does not have.

        Examples
        --------
        >>> heat = example().estimate("heat_current", "S")
        >>> bool(abs(heat.estimate[-1] - heat.exact[-1]) < 5 * heat.standard_error[-1])
        True
        """
        _text(quantity)
        rows = self._rows(point) if len(self.points) > 1 else self._judged_rows(point)
        chosen = chosen_rows(rows, quantity, which)
        if not chosen:
            known = ", ".join(f"{q} {w or ''}".strip() for q, w in self.quantities(point))
            raise InputError(f"no single quantity {' '.join(filter(None, (quantity, which)))!r}: choose one of {known}")
        return estimate_of(chosen)

    @cached_property
    def sweep(self) -> dict[str, np.ndarray]:
        """Values (n,) of each swept parameter in the order of the sweep's axes; empty without a sweep."""
        if not self.points[0].swept:
            return {}
        axes = self.meta["run"]["sweep"]
        return {name: np.array([float(value) for value in axes[name]]) for name in self.points[0].swept}

    def arrays(self, name: str) -> Estimate:
        """Return a quantity at all points of a sweep.

        Parameters
        ----------
        name : str
            A quantity, with a reservoir or label after a dot where there are several: "concurrence",
            "heat_current.h", "population.11".

        Returns
        -------
        Estimate
            `times` (T,); the others have the shape (*axes, T), with the axes of `sweep` in their order. nan (and
            status "") at points that have no block yet.

        Raises
        ------
        InputError
            For a quantity that the result does not have, with the list.

        Examples
        --------
        >>> result = trajectories.sweep("diamond", over={"beta_S": [1, 2, 3]}, beta_A=-1,
        ...                             duration=2, trajectories=640, seed=1)
        >>> result.sweep["beta_S"]
        array([1., 2., 3.])
        >>> result.arrays("heat_current.S").estimate.shape
        (3, 1)
        """
        quantity, _, which = _text(name).partition(".")
        shape = tuple(len(values) for values in self.sweep.values())
        columns: Estimate | None = None
        for i, point in enumerate(self.points):
            rows = chosen_rows(self._judged_rows(i), quantity, which or None)
            if not rows:
                known = ", ".join(".".join(filter(None, pair)) for pair in self.quantities())
                raise InputError(f"no single quantity {name!r}: choose one of {known}")
            values = estimate_of(rows)
            if columns is None:
                blank = np.full((*shape, len(rows)), np.nan)
                status = np.full(blank.shape, "", dtype="<U16")
                columns = Estimate(values.times, blank, blank.copy(), blank.copy(), status)
            place = np.unravel_index(point.index, shape) if shape else ()
            for array, value in zip(columns[1:], values[1:], strict=True):
                array[place] = value
        assert columns is not None
        return columns

    def _judged_rows(self, point: int) -> Sequence[Row]:
        """Return the rows of one point with the report's verdicts."""
        self._check(point)
        return self.report().point_rows(point)

    def _rows(self, point: int) -> list[Row]:
        """Return the rows of one point without verdicts; those of the last point are remembered."""
        self._check(point)
        if self._last_rows is None or self._last_rows[0] != point:
            self._last_rows = point, rows_of(self.points[point])
        return self._last_rows[1]

    def _check(self, point: int) -> None:
        if not 0 <= point < len(self.points):
            raise InputError(f"point {point}: must be a point from 0 to {len(self.points) - 1}")

    def __getitem__(self, key: str | tuple[str, str]) -> Estimate:
        """Return `estimate(key)`, or `estimate(*key)` of a pair (quantity, label or reservoir)."""
        return self.estimate(*key) if isinstance(key, tuple) and len(key) == 2 else self.estimate(key)

    def covariance(self, point: int = 0) -> np.ndarray:
        """Return the sample covariance of the counts of one trajectory.

        Parameters
        ----------
        point : int, default 0
            Place among `points`.

        Returns
        -------
        (T, C, C) array
            Of the tallied counts (`sampling.quantities.linear_forms` has their order) and, last, of Delta S since the
            end of the burn-in.

        Examples
        --------
        >>> covariance = example().covariance()
        >>> covariance.shape[1] == covariance.shape[2]
        True
        """
        block = self.points[point].total
        return block.comoment / (int(block.count) - 1)

    def histogram(self, row: int = 0, point: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return the histogram of Delta S or of a counted heat at the end of the run.

        Parameters
        ----------
        row : int, default 0
            0: Delta S, with the final outcome drawn; 1, 2, ...: the counted heats.
        point : int, default 0
            Place among `points`.

        Returns
        -------
        edges : (bins + 1,) array
        counts : (bins + 2,) array
            Numbers of trajectories; the first lies below all edges, the last above (infinite Delta S among them).

        Examples
        --------
        >>> edges, counts = example().histogram()
        >>> int(counts.sum()) == example().trajectories
        True
        """
        chosen = self.points[point]
        return chosen.preparation.observables.edges[row], chosen.total.histogram[row]

    @cached_property
    def _report(self) -> Report:
        return Report.of(self.points, name=self.name, seed=self.seed, meta=self.meta)

    def report(self) -> Report:
        """Compare every quantity with the master equation.

        Returns
        -------
        Report
            Prints as a table; `.verdict`, `.json()` and `.csv()` are for programs.

        Examples
        --------
        >>> example().report().verdict
        'agree'
        """
        return self._report

    def __repr__(self) -> str:
        wanted = len(self.meta.get("points", self.points))
        points = f"{len(self.points)}" + (f" of {wanted}" if wanted > len(self.points) else "")
        points += f" point{'s' * (wanted > 1)}"
        return (
            f"<Result {self.name}: {points}, {self.trajectories:,} trajectories each, seed {self.seed}, "
            f"times up to {self.times[-1]:g}>"
        )


def _text(quantity: object) -> str:
    """Return a quantity's name; InputError where it is no text."""
    if not isinstance(quantity, str):
        raise InputError(f'quantity: is {kind(quantity)}: must be a name such as "activity", or a pair of names')
    return quantity


def open_result(path: str | Path) -> ResultData:
    """Read a result file, also while it is being written; of a sweep, the points that have been begun.

    The points of a large sweep are read when they are asked for, and again when they are asked for again.
    Raises InputError for anything that is not one, or one without a block.
    """
    return result_of(read(path))


def result_of(reader: Reader) -> ResultData:
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
    return ResultData(
        points, name=meta["name"], seed=header.seed, text=header.text, meta=meta, path=path, records=records
    )
