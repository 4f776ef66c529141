"""The command line: what it prints, what it writes, how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from trajectories import Interrupted, __version__
from trajectories.cli import commands
from trajectories.cli.main import main

ROOT = Path(__file__).parents[3]
COMMANDS = (
    "run",
    "merge",
    "status",
    "report",
    "solve",
    "figure",
    "replay",
    "counting",
    "theorems",
    "rare",
    "systems",
    "bench",
)
RUN = """
[system]
name = "diamond"
beta_A = -2.0
beta_S = 3.0
[ensemble]
trajectories = 4096
duration = 1.0
samples = 2
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own with small.toml in it, as the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(RUN)
    return tmp_path


def shell(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """`python -m trajectories` with the checkout importable from anywhere."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "trajectories", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, **options)


# What is printed


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"usage: trajectories {command}" in text
    assert "--json" in text or command == "figure"
    assert f"trajectories {command} " in text


def test_help_lists_commands_and_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(f"\n    {command} " in text for command in COMMANDS)
    assert all(word in text for word in ("1  disagrees", "2  bad input", "3  nothing resolved", "75  stopped before"))


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out == f"trajectories {__version__}\n"


def test_help_costs_less_than_three_tenths_of_a_second() -> None:
    def seconds(*arguments: str) -> float:
        """CPU time of a Python process, the least of five."""
        found = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(found)

    assert seconds("-m", "trajectories", "--help") - seconds("-c", "pass") < 0.3


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], "COMMAND"),
        (["rum"], "'rum'"),
        (["run"], "RUN.toml"),
        (["run", "small.toml", "--trajectories", "many"], "--trajectories"),
        (["run", "small.toml", "--trajectories", "1.5"], "whole number"),
        # by their own names, not by that of the change of the run file that stands behind them
        (["run", "small.toml", "--trajectories", "0"], "--trajectories: 0: must be a whole number from 1 to 10^15"),
        (["run", "small.toml", "--trajectories", "1e16"], "--trajectories: 1e16: must be a whole number from 1"),
        (["run", "small.toml", "--trajectories", "inf"], "--trajectories: inf: must be"),
        (["run", "small.toml", "--seed", "-1"], "--seed: -1: must be a whole number from 0 to 2^63-1"),
        (["run", "small.toml", "--seed", str(2**63)], f"--seed: {2**63}: must be"),
        (["run", "small.toml", "--sed", "3"], "--sed"),
        (["replay", "small.toml"], "--trajectory"),
        (["report", "a.h5", "b.h5"], "b.h5"),
    ],
)
def test_usage_errors_are_one_line(
    arguments: list[str], wanted: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert err.startswith("trajectories: error: ") and err.count("\n") == 1 and wanted in err


# How it ends


@pytest.mark.parametrize(
    ("raised", "status", "line"),
    [
        (
            Interrupted("stopped by SIGTERM"),
            75,
            "trajectories: stopped by SIGTERM (unfinished: run the same command again)\n",
        ),
        (
            Interrupted("w.h5 is being written; run the same command again when it has ended"),
            75,
            "trajectories: w.h5 is being written; run the same command again when it has ended\n",
        ),
        (KeyboardInterrupt(), 130, "trajectories: interrupted\n"),
        (OSError(28, "No space left on device", "out.h5"), 2, "trajectories: error: out.h5: No space left on device\n"),
    ],
    ids=["interrupted", "another writer", "ctrl-c", "disk full"],
)
def test_endings(
    raised: BaseException, status: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(arguments: Namespace) -> NoReturn:
        raise raised

    monkeypatch.setattr(commands, "systems", ended)
    assert main(["systems"]) == status
    assert capsys.readouterr() == ("", line)


def test_bugs_are_not_hidden(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(arguments: Namespace) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "systems", broken)
    assert main(["systems"]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "trajectories", "systems", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, timeout=120)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


# What is written


@pytest.mark.parametrize("name", ["x.txt", "x", "x.png", "x.toml", "x.5"])
def test_a_result_has_the_name_of_one(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["run", "small.toml", "-o", name], ["merge", "small.h5", "-o", name]):
        assert main(words) == 2
        err = capsys.readouterr().err
        assert f"-o {name}: " in err and "must be a result file such as x.h5" in err and err.count("\n") == 1
    assert not (here / name).exists()


def test_populations_stand_in_the_order_of_the_states(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Qubits that exchange excitations keep their number: 011, 101 and 110 are a sector, 100 is of another."""
    chain = str(ROOT / "runs" / "three_qubit_chain.toml")
    assert main(["solve", chain, "--json"]) == 0
    for point in json.loads(capsys.readouterr().out)["points"]:
        last = point["rows"][-1]["time"]
        labels = [row["label"] for row in point["rows"] if row["quantity"] == "population" and row["time"] == last]
        assert labels == sorted(labels) and len(labels) == 8


def test_run_reports_and_writes_beside_the_user(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "small.toml"]) == 0
    out = capsys.readouterr().out
    assert "verdict: agree" in out and "seed 1" in out and "small.h5" in out and "small.png" in out
    assert (here / "small.png").read_bytes()[:4] == b"\x89PNG"
    first = (here / "small.h5").read_bytes()

    # The same command again has nothing left to do, says so, and changes nothing.
    assert main(["run", "small.toml", "--no-figure"]) == 0
    assert "small.h5 is complete" in capsys.readouterr().out
    assert (here / "small.h5").read_bytes() == first
    # More trajectories extend it, another seed is another run.
    assert main(["run", "small.toml", "--no-figure", "--trajectories", "8192"]) == 0
    assert "small.h5 held 4,096 of 8,192 trajectories" in capsys.readouterr().out
    assert main(["report", "small.h5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["points"][0]["trajectories"] == 8192
    assert main(["run", "small.toml", "--no-figure", "--seed", "2"]) == 2
    err = capsys.readouterr().err
    assert "small.h5" in err and "seed" in err and err.count("\n") == 1


@pytest.mark.interpreted
def test_json_has_the_rows_that_were_promised(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "small.toml", "--json", "-o", "other.h5", "--no-figure", "--set", "system.beta_A=-inf"]) == 0
    out = capsys.readouterr().out
    found = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    assert {path.name for path in here.iterdir()} >= {"small.toml", "other.h5"} and not (here / "small.h5").exists()
    (point,) = found["points"]
    assert point["parameters"]["beta_A"] == "-inf" and point["trajectories"] == 4096
    wanted = {
        "quantity",
        "label",
        "reservoir",
        "from",
        "time",
        "unit",
        "estimate",
        "standard_error",
        "exact",
        "z",
        "status",
    }
    assert all(wanted <= set(row) for row in point["rows"])
    statuses = {"agree", "disagree", "unresolved", "exact", "irreversible", "unchecked"}
    assert {row["status"] for row in point["rows"]} <= statuses
    names = {row["quantity"] for row in point["rows"]}
    assert {"concurrence", "negativity", "heat_current", "activity", "population"} <= names


@pytest.mark.interpreted
def test_csv_is_the_report(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "small.toml", "--quiet", "--no-figure"])
    assert capsys.readouterr() == ("", "")
    main(["report", "small.h5", "--csv", "-"])
    printed = capsys.readouterr().out
    main(["report", "small.h5", "--csv", "rows.csv"])
    assert (here / "rows.csv").read_text() == printed
    capsys.readouterr()
    main(["report", "small.h5", "--json"])
    rows = json.loads(capsys.readouterr().out)["points"][0]["rows"]
    read = list(csv.DictReader(io.StringIO(printed)))
    assert [line["quantity"] for line in read] == [row["quantity"] for row in rows]
    assert float(read[0]["estimate"]) == rows[0]["estimate"]


def test_plan_spends_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "small.toml", "--plan"]) == 0
    assert "jumps per trajectory" in capsys.readouterr().out
    assert main(["run", "small.toml", "--plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    # 5.876177619 jumps per unit of time at (-2, 3): activity of the diamond's closed form.
    assert plan["jumps_per_trajectory"] == pytest.approx(5.876177619, rel=1e-9)
    assert {"sectors", "seconds", "memory", "file_size", "resolvable_times"} <= set(plan)
    assert [path.name for path in here.iterdir()] == ["small.toml"]


def test_solve_gives_the_closed_form(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "small.toml", "--json", "--set", "system.beta_A=0"]) == 0
    found = json.loads(capsys.readouterr().out)
    (point,) = found["points"]
    exact = {(row["quantity"], row["reservoir"], row.get("time")): row["exact"] for row in point["rows"]}
    # Reference values of the closed form at (0, 3).
    assert exact["concurrence", None, 1.0] == pytest.approx(0.06559612619, rel=1e-9)
    assert exact["heat_current", "A", 1.0] == pytest.approx(1.203255833, rel=1e-9)
    assert exact["entropy_production_rate", None, 1.0] == pytest.approx(3.609767498, rel=1e-9)
    assert main(["solve", "small.toml"]) == 0
    assert "concurrence" in capsys.readouterr().out
    assert [path.name for path in here.iterdir()] == ["small.toml"]


@pytest.mark.interpreted
def test_replay_tells_the_same_trajectory_from_file_and_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "small.toml", "--quiet", "--no-figure"])
    assert main(["replay", "small.toml", "--trajectory", "17", "--json"]) == 0
    from_run = json.loads(capsys.readouterr().out)
    assert main(["replay", "small.h5", "--trajectory", "17", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == from_run
    assert from_run["log_ratio"] == pytest.approx(from_run["entropy_production"], abs=1e-9)
    assert main(["replay", "small.h5", "--trajectory", "17"]) == 0
    assert "trajectory 17" in capsys.readouterr().out


def test_figures_of_results_and_of_run_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "small.toml", "--quiet", "--no-figure"])
    assert main(["figure", "small.h5", "-o", "a.pdf"]) == 0
    assert (here / "a.pdf").read_bytes()[:4] == b"%PDF"
    assert main(["figure", "small.toml", "--exact", "--set", "figure.formats=['png', 'pdf']"]) == 0
    assert (here / "small.png").exists() and (here / "small.pdf").exists()


def test_systems_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems"]) == 0
    text = capsys.readouterr().out
    assert "diamond" in text and "local_engine" in text
    assert main(["systems", "diamond"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("beta_A", "beta_S", "pump", "omega", "rates", "default 1.0"))
    assert main(["systems", "diamond", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["parameters"]) == {"beta_A", "beta_S", "pump", "omega", "rates"}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["run", "small.toml", "-o", "a.png"], "a.png: is the name of a picture: must be a result file such as a.h5"),
        (["merge", "a.h5", "-o", "a.csv"], "a.csv: is the name of a table: must be a result file such as a.h5"),
        (["theorems", "small.h5", "-o", "a.txt"], "a.txt: has the ending '.txt': must be .png or .pdf"),
        (["counting", "small.h5", "-o", "a.txt"], "a.txt: has the ending '.txt': must be .png or .pdf"),
        (["counting", "small.h5", "-o", "a.png"], "a.png: nothing to draw: ask for --waiting"),
        (["figure", "small.h5", "-o", "a.h5"], "a.h5: has the ending '.h5': must be .png or .pdf"),
        (["report", "small.h5", "--csv", "small.h5"], "--csv small.h5: is the file that is read: must be another one"),
        (["report", "small.h5", "--set", "ensemble.seed=2"], "--set"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, list) else "",
)
def test_names_that_cannot_be_meant_are_refused(
    arguments: list[str], wanted: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", "small.toml", "--quiet", "--no-figure"])
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    try:
        status = main(arguments)
    except SystemExit as ended:  # what the parser itself refuses
        status = ended.code
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("trajectories: error: ") and wanted in err
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


def test_python_m_is_the_same_command(here: Path) -> None:
    done = shell("run", "missing.toml", cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == "trajectories: error: missing.toml: cannot be read: No such file or directory: must be a run file (TOML)\n"
    )
