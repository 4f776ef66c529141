"""`rare` as a command: its table, its JSON, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trajectories.cli.main import main
from trajectories.sampling import cloning
from trajectories.sampling.cloning_population import Setup
from trajectories.sampling.tilted_propagation import Target

RUN = """
title = "mild"
[system]
name = "diamond"
beta_A = 0.0
beta_S = 1.0
[ensemble]
trajectories = 1
duration = 2.0
seed = 3
"""
SMALL = ("--u", "0.25", "--u", "1.5", "--population", "200", "--repetitions", "8", "--windows", "16")


@pytest.fixture
def run(tmp_path: Path) -> str:
    (tmp_path / "mild.toml").write_text(RUN)
    return str(tmp_path / "mild.toml")


def test_text(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rare", run, *SMALL]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("mild: rare events by cloning, 8 repetitions of 200 trajectories, T = 2 in 16 windows")
    assert lines[1] == "beta_A = 0, beta_S = 1, pump = 1, omega = 1"
    assert [line.split()[0] for line in lines[4:6]] == ["0.25", "1.5"]
    assert "integral fluctuation theorem" in out and "verdict: agree" in out


def test_json(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rare", run, *SMALL, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "agree" and [row["u"] for row in found["rows"]] == [0.25, 1.5]
    for row in [*found["rows"], found["integral_fluctuation_theorem"]]:
        assert (row["population"], row["repetitions"], row["windows"], row["duration"]) == (200, 8, 16, 2.0)
        assert row["scgf_z"] == pytest.approx((row["scgf"] - row["exact_scgf"]) / row["scgf_error"])


def test_wrong_weights_end_with_status_1(
    run: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = cloning._setup

    def wrong(target: Target, exponent: float) -> Setup:
        setup = honest(target, exponent)
        return setup._replace(growth=1.5 * setup.growth)

    monkeypatch.setattr(cloning, "_setup", wrong)
    assert main(["rare", run, *SMALL]) == 1
    assert "verdict: disagree" in capsys.readouterr().out


def test_nobody_left_ends_with_status_3(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A bath that only lifts, for so long that each of eight trajectories has had a jump that cannot be undone."""
    hopeless = ["--set", "system.beta_A=-inf", "--set", "ensemble.duration=20", "--u", "1"]
    assert main(["rare", run, *hopeless, "--population", "4", "--repetitions", "2", "--windows", "4", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "unresolved" and found["rows"][0]["log_average"] == "-inf"
    assert found["rows"][0]["z"] is None


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (("--population", "3"), "population is 3: must be between 4 and"),
        (("--repetitions", "1"), "repetitions is 1: must be between 2 and"),
        (("--set", "system.beta_A=-inf", "--u", "-1"), "for u < 0 the average is infinite"),
    ],
)
def test_refused(run: str, more: tuple[str, ...], wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rare", run, *more]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("trajectories: error: ") and err.count("\n") == 1 and wanted in err
