"""`bench` as a command: what it measures is there, and QuTiP is no part of it where it is not installed."""

from __future__ import annotations

import json
import sys

import pytest

from trajectories.cli import benchmark
from trajectories.cli.main import main


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qutip", None)
    monkeypatch.setattr(benchmark, "JUMPS", 2.0)
    monkeypatch.setattr(benchmark.bench, "__defaults__", (1,))


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in found["models"]] == ["diamond", "local_engine", "local_engine, detuned"]
    for model in found["models"]:
        assert model["jumps_per_second"] > 0 and "ratio" not in model
    assert list(found["memory"]) == ["16384 trajectories", "262144 trajectories"]
    assert 0 < found["memory"]["16384 trajectories"] <= found["memory"]["262144 trajectories"]


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["model", "jumps/s"]
    assert sum(line.endswith("not installed") for line in lines) == 3
    assert sum(line.startswith("peak memory after ") for line in lines) == 2


def test_a_rival_is_measured_beside() -> None:
    """The table with a ratio, from numbers."""
    row = {"name": "diamond", "jumps_per_second": 2e6, "qutip_jumps_per_second": 1e4, "qutip_method": "vern7"}
    line = benchmark.text({"models": [row | {"ratio": 200.0}], "memory": {}}).splitlines()[1]
    assert line.split() == ["diamond", "2e+06", "1e+04", "vern7", "200"]
