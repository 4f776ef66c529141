"""The engine from Python: what it refuses, and what a Result says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

import trajectories
from trajectories import InputError
from trajectories.report.result import ResultData
from trajectories.systems import diamond

MODEL = diamond(0.0, 1.0)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "small.h5"
    trajectories.run(MODEL, duration=1.0, trajectories=256, seed=7, output=path)
    return path


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"model": 3}, "model: is an integer: must be a Model"),
        ({"model": "diamond"}, "diamond: cannot be read: .* must be a run file"),
        ({"observables": [np.eye(4)]}, "observables: is a list: must be a mapping of names to operators"),
        ({"observables": {1: np.eye(4)}}, "observables: must be named by strings"),
        ({"output": "x" * 300}, "output = 'xxx"),
        ({"output": "a\0b"}, "must be the name of a file: .*null"),
    ],
)
def test_what_run_refuses(arguments: dict, wanted: str) -> None:
    with pytest.raises(InputError, match=wanted) as caught:
        trajectories.run(**({"model": MODEL, "duration": 1.0, "trajectories": 64} | arguments))
    assert "\n" not in str(caught.value) and len(str(caught.value)) <= 200


def test_a_file_is_opened_as_it_was_written(stored: Path) -> None:
    found = trajectories.open(stored)
    assert repr(found) == "<Result diamond: 1 point, 256 trajectories each, seed 7, times up to 1>"
    assert found["activity"].estimate.shape == (1,)
    assert found["heat_current", "A"].exact[0] == pytest.approx(-found["heat_current", "S"].exact[0])


@pytest.mark.parametrize("asked", [("heat",), ("heat_current",), ("heat_current", "B"), ("activity", "A")])
def test_an_unknown_quantity_is_refused_with_those_there_are(stored: Path, asked: tuple[str, ...]) -> None:
    wanted = f"no single quantity '{' '.join(asked)}': choose one of activity, heat_current A,"
    with pytest.raises(InputError, match=wanted):
        trajectories.open(stored).estimate(*asked)


def with_meta(path: Path, copy: Path, *gone: str) -> Path:
    """A copy of a result whose description lacks a key, as an older or a newer program may leave it."""
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy, "r+") as file:
        meta = json.loads(file["run/meta"][0])
        table = meta
        for name in gone[:-1]:
            table = table[name]
        del table[gone[-1]]
        del file["run/meta"]
        file["run/meta"] = [json.dumps(meta)]
    return copy


@pytest.mark.parametrize("gone", [("preparations",), ("preparations", "first"), ("preparations", "first", "gap")])
def test_a_file_of_another_version_says_so(stored: Path, tmp_path: Path, gone: tuple[str, ...]) -> None:
    copy = with_meta(stored, tmp_path / "other.h5", *gone)

    def report(path: Path) -> ResultData:
        found = trajectories.open(path)
        found.report()
        return found

    with pytest.raises(
        InputError, match=r"other.h5: was written by another version of this program \('\w+'\)"
    ) as caught:
        report(copy)
    assert "\n" not in str(caught.value)
