"""Measured click records from CSV files, NumPy files and result files, checked row by row."""

from __future__ import annotations

import csv
import math
import zipfile
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.errors import InputError, listing, nearest, show
from trajectories.model.argument_types import file_path, number
from trajectories.report.result import ResultData, open_result
from trajectories.results.kept_trajectories import JumpRecords

FIRST, LAST = "first click", "last click"

Edge = float | str | Mapping[str, float] | None


@dataclass(frozen=True, eq=False)
class ClickRecord:
    """The clicks of one observation.

    Parameters
    ----------
    name : str
        Of the record, such as "0".
    times : (N,) array
        Times of the clicks, not falling.
    clicks : (N,) array of str
        Detector, or channel, of each click.
    start, end : float
        Of the observation.

    Examples
    --------
    >>> record = trajectories.read_records(([0.2, 0.9], ["up", "down"]), end=2.0)[0]
    >>> record.duration, record.clicks.tolist()
    (2.0, ['up', 'down'])
    """

    name: str
    times: np.ndarray
    clicks: np.ndarray
    start: float
    end: float

    @property
    def duration(self) -> float:
        """Time for which the detectors were watched; `times - start` are the clicks' times in it."""
        return self.end - self.start


def read_records(
    source: Any,
    *,
    start: Edge = 0.0,
    end: Edge = None,
    detectors: Sequence[str] | None = None,
) -> list[ClickRecord]:
    """Return measured click records.

    Parameters
    ----------
    source : str, Path, Result, or pair of (N,) arrays
        A CSV file with a line of titles, `time` and `detector` (or `channel`), and for several records `record`; an
        .npz file with arrays of these names; a result file, or a Result, that has kept records; or the times and the
        detectors of one record.
    start : float, str or mapping of str to float, default 0
        Start of the observation: of all records, by the name of the record, or "first click".
    end : float, str or mapping of str to float
        End of the observation, likewise, or "last click". Needed, except for results, which know their duration.
    detectors : sequence of str, optional
        The detectors that exist: another one is refused with its row.

    Returns
    -------
    list of ClickRecord
        In the order in which they begin in the file.

    Raises
    ------
    InputError
        With the file and the row, for times that are no numbers, fall within a record or lie outside it, and for
        unknown detectors.

    Examples
    --------
    >>> with open("clicks.csv", "w") as file:
    ...     _ = file.write("record,time,detector\\n0,0.2,up\\n0,0.9,down\\n1,0.4,up\\n")
    >>> [(record.name, record.times.tolist()) for record in trajectories.read_records("clicks.csv", end=2.0)]
    [('0', [0.2, 0.9]), ('1', [0.4])]
    """
    if isinstance(source, ResultData):
        return _of_result(source, source.name)
    if isinstance(source, tuple) and len(source) == 2:
        rows = _table({"time": source[0], "detector": source[1]}, "clicks")
        return _collected(rows, "clicks", "entry", start, end, detectors)
    path = file_path("source", source)
    if path.suffix in (".h5", ".hdf5"):
        return _of_result(open_result(path), str(path))
    if path.suffix == ".npz":
        return _collected(_npz(path), str(path), "entry", start, end, detectors)
    return _collected(_csv(path), str(path), "row", start, end, detectors)


Row = tuple[int, str, object, str]
"""Number of the row, record, time, detector."""


def _csv(path: Path) -> Iterator[Row]:
    """Yield the rows of a CSV file, the line of titles being row 1."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            titles = [title.strip().lower() for title in next(lines, [])]
            record, time, detector = _columns(titles, str(path))
            for cells in lines:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(titles):
                    raise InputError(
                        f"{path}, row {lines.line_num}: has {len(cells)} cells: must have {len(titles)}, "
                        f"{', '.join(titles)}"
                    )
                name = "0" if record is None else cells[record].strip()
                yield lines.line_num, name, cells[time].strip(), cells[detector].strip()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read as a table of clicks: {reason}") from None


def _npz(path: Path) -> Iterator[Row]:
    """Yield the entries of the arrays of an .npz file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            given = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read as arrays of clicks: {reason}") from None
    yield from _table(given, str(path))


def _table(given: Mapping[str, Any], where: str) -> Iterator[Row]:
    """Yield the entries of arrays record, time and detector or channel, counted from 1."""
    titles = list(given)
    record, time, detector = _columns(titles, where)
    columns = [None if i is None else np.asarray(given[titles[i]]) for i in (record, time, detector)]
    lengths = {column.shape for column in columns if column is not None}
    if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
        shapes = ", ".join(f"{title} {np.shape(given[title])}" for title in titles)
        raise InputError(f"{where}: arrays of the shapes {shapes}: must all be (N,)")
    names, times, detectors = (None if column is None else column.tolist() for column in columns)
    assert times is not None and detectors is not None
    for i, (when, which) in enumerate(zip(times, detectors, strict=True)):
        yield i + 1, "0" if names is None else str(names[i]), when, str(which)


def _columns(titles: Sequence[str], where: str) -> tuple[int | None, int, int]:
    """Return the columns of record, time and detector."""
    found = [title for title in ("detector", "channel") if title in titles]
    if "time" not in titles or len(found) != 1:
        raise InputError(
            f"{where}: has the columns {listing(titles) or 'none'}: must have time, detector (or channel), and for "
            "several records record"
        )
    return titles.index("record") if "record" in titles else None, titles.index("time"), titles.index(found[0])


@dataclass
class _Growing:
    """A record that is being read: times, numbers of detectors, and the rows they stand in."""

    times: array = field(default_factory=lambda: array("d"))
    clicks: array = field(default_factory=lambda: array("i"))
    rows: array = field(default_factory=lambda: array("q"))


def _collected(
    rows: Iterable[Row], where: str, word: str, start: Edge, end: Edge, detectors: Sequence[str] | None
) -> list[ClickRecord]:
    """Return the records of rows after checking each."""
    known: dict[str, int] = {name: i for i, name in enumerate(detectors or ())}
    growing: dict[str, _Growing] = {}
    for row, name, given, detector in rows:
        here = f"{where}, {word} {row}"
        try:
            time = float(given)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            time = math.nan
        if not math.isfinite(time):
            raise InputError(f"{here}: the time is {show(given)}: must be a finite number")
        if detectors is not None and detector not in known:
            raise InputError(
                f"{here}: there is no detector {show(detector)}; {nearest(detector, known)}the detectors are "
                f"{listing(known)}"
            )
        if not detector:
            raise InputError(f"{here}: the detector is missing: must be a name")
        record = growing.setdefault(name, _Growing())
        if record.times and time < record.times[-1]:
            raise InputError(f"{here}: the time {time:.9g} comes after {record.times[-1]:.9g}: times must not fall")
        record.times.append(time)
        record.clicks.append(known.setdefault(detector, len(known)))
        record.rows.append(row)
    if not growing:
        raise InputError(f"{where}: has no clicks: must have at least one")
    names = np.array(list(known), dtype=object)
    return [_finished(name, record, names, f"{where}, {word}", start, end) for name, record in growing.items()]


def _finished(name: str, record: _Growing, names: np.ndarray, where: str, start: Edge, end: Edge) -> ClickRecord:
    """Return a record with its start and end."""
    times, clicks = np.array(record.times), names[np.array(record.clicks)]
    first = _edge("start", start, FIRST, float(times[0]), name)
    last = _edge("end", end, LAST, float(times[-1]), name)
    outside = np.flatnonzero((times < first) | (times > last))
    if len(outside):
        i = int(outside[0])
        raise InputError(
            f"{where} {record.rows[i]}: the time {times[i]:.9g} is outside its record: must be from {first:.9g} to "
            f"{last:.9g}"
        )
    if not last > first:
        raise InputError(f"{where} {record.rows[0]}: record {name} lasts from {first:.9g} to {last:.9g}: must last")
    return ClickRecord(name, times, clicks.astype(str), first, last)


def _edge(what: str, value: Edge, word: str, own: float, name: str) -> float:
    """Return start or end of a record; word: that means its own first or last click."""
    if isinstance(value, Mapping):
        if name not in value:
            raise InputError(f"{what}: record {name} is missing: must be given for every record, or be one number")
        value = value[name]
    if isinstance(value, str):
        if value != word:
            raise InputError(f'{what} = {show(value)}: must be a number or "{word}"')
        return own
    if value is None:
        raise InputError(f'{what}: is missing: must be when the detectors were switched off, or "{word}"')
    result = number(what, value)
    if not math.isfinite(result):
        raise InputError(f"{what} = {result}: must be finite")
    return float(result)


def _of_result(data: ResultData, where: str) -> list[ClickRecord]:
    """Return the kept jumps of a result; the detectors are its channels."""
    kept = JumpRecords(data.jump_records, data.points, data.name, data.seed)
    if not len(kept):
        raise InputError(f"{where}: has kept no records: must be a result of a run with records, such as records = 100")
    found = []
    for i, replay in enumerate(kept):
        found.append(
            ClickRecord(
                str(i), np.array(replay.jump_times), np.array(replay.channel_names, str), 0.0, float(replay.duration)
            )
        )
    return found
