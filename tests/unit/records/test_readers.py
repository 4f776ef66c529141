"""Click records from files: what is read, and bad data refused with file and row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trajectories
from trajectories import InputError, exact, read_records
from trajectories.systems import diamond

TABLE = """record, time, detector
a, 0.2, up
b, 0.1, down

a, 0.9, down
b, 0.1, up
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "clicks.csv"
    file.write_text(TABLE)
    return file


def shown(records: list[Any]) -> list[tuple[Any, ...]]:
    return [(one.name, one.times.tolist(), one.clicks.tolist(), one.start, one.end) for one in records]


def test_a_table_of_two_records(path: Path) -> None:
    a, b = ("a", [0.2, 0.9], ["up", "down"]), ("b", [0.1, 0.1], ["down", "up"])
    assert shown(read_records(path, end=2)) == [(*a, 0, 2), (*b, 0, 2)]
    by_name = read_records(str(path), start={"a": 0.1, "b": -1}, end={"a": 1.0, "b": 3.0}, detectors=["down", "up"])
    assert shown(by_name) == [(*a, 0.1, 1), (*b, -1, 3)] and by_name[1].duration == 4
    path.write_text(TABLE.replace("0.1, up", "0.3, up"))
    edges = read_records(path, start="first click", end="last click")
    assert [(one.start, one.end) for one in edges] == [(0.2, 0.9), (0.1, 0.3)]


def test_arrays_and_one_record_without_a_column_of_records(tmp_path: Path) -> None:
    wanted = [("0", [0.2, 0.9], ["up", "down"], 0.0, 2.0)]
    assert shown(read_records(([0.2, 0.9], ["up", "down"]), end=2.0)) == wanted
    np.savez(tmp_path / "clicks.npz", time=[0.2, 0.9], channel=["up", "down"])
    assert shown(read_records(tmp_path / "clicks.npz", end=2.0)) == wanted
    (tmp_path / "clicks.csv").write_text("time,channel\n0.2,up\n0.9,down\n", encoding="utf-8-sig")
    assert shown(read_records(tmp_path / "clicks.csv", end=2.0)) == wanted


def test_records_of_a_result(tmp_path: Path) -> None:
    model = diamond(beta_A=-2, beta_S=3)
    result = trajectories.run(model, duration=2, trajectories=640, seed=1, records=9)
    records = read_records(result)
    assert shown(records) == shown(read_records(result.save(tmp_path / "diamond.h5")))
    assert len(records) == 9 and records[7].end == 2.0
    assert records[7].clicks.tolist() == result.records[7].channel_names
    ln = exact.log_likelihood(model, records[7].times, records[7].clicks, records[7].duration)
    assert np.isfinite(ln)
    with pytest.raises(InputError, match="has kept no records: must be a result of a run with records"):
        read_records(trajectories.run(model, duration=2, trajectories=640, seed=1))


@pytest.mark.parametrize(
    ("text", "given", "wanted"),
    [
        (TABLE.replace("0.9", "0.1"), {}, r"clicks\.csv, row 5: the time 0\.1 comes after 0\.2: times must not fall"),
        (TABLE.replace("0.9", "nan"), {}, r'row 5: the time is "nan": must be a finite number'),
        (TABLE.replace("0.9", "soon"), {}, r'row 5: the time is "soon": must be a finite number'),
        (TABLE.replace("0.9, down", "0.9, dwn"), {"detectors": ["up", "down"]}, 'row 5: .* did you mean "down"'),
        (TABLE.replace("0.9, down", "0.9,"), {}, "row 5: the detector is missing"),
        (TABLE.replace("0.9, down", "0.9"), {}, "row 5: has 2 cells: must have 3, record, time, detector"),
        (TABLE.replace("detector", "level"), {}, "has the columns record, time, level: must have time, detector"),
        (TABLE, {"end": 0.5}, r"row 5: the time 0\.9 is outside its record: must be from 0 to 0\.5"),
        (TABLE, {"start": 0.15}, r"row 3: the time 0\.1 is outside its record: must be from 0\.15 to 2"),
        (TABLE, {"end": None}, 'end: is missing: must be .* or "last click"'),
        (TABLE, {"end": "last"}, 'end = "last": must be a number or "last click"'),
        (TABLE, {"end": {"a": 2}}, "end: record b is missing"),
        (TABLE, {"start": "first click", "end": "last click"}, r"row 3: record b lasts from 0\.1 to 0\.1: must last"),
        ("time,detector\n", {}, "has no clicks"),
        ("", {}, "has the columns none"),
    ],
)
def test_what_is_refused(path: Path, text: str, given: dict[str, Any], wanted: str) -> None:
    path.write_text(text)
    with pytest.raises(InputError, match=wanted) as caught:
        read_records(path, **{"end": 2, **given})
    assert "\n" not in str(caught.value) and (given.get("end", 2) != 2 or str(path) in str(caught.value))


def test_files_that_are_none(tmp_path: Path) -> None:
    for source, wanted in (
        (tmp_path / "none.csv", "none.csv: cannot be read as a table of clicks: No such file"),
        (tmp_path / "none.npz", "none.npz: cannot be read as arrays of clicks: No such file"),
        (3, "source: is an integer: must be the name of a file"),
        (([0.1], ["up", "down"]), r"clicks: arrays of the shapes time \(1,\), detector \(2,\): must all be \(N,\)"),
    ):
        with pytest.raises(InputError, match=wanted):
            read_records(source, end=1)
    (tmp_path / "other.csv").write_bytes(b"time,detector\n\xff\xfe\n")
    with pytest.raises(InputError, match="cannot be read as a table of clicks"):
        read_records(tmp_path / "other.csv", end=1)
