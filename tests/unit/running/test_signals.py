"""Signals and the walltime are heard while a run is prepared; a second signal ends everything; faults have a status."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import trajectories
from trajectories import systems
from trajectories.errors import Interrupted
from trajectories.running.signals import Stop

SLOW = """
import time
import numpy as np
from trajectories.systems import diamond

def build(how="python"):
    print("building", flush=True)
    if how == "python":  # and what a user catches for his own ends
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                sum(range(1000))
            except Exception:
                pass
    elif how == "library":
        a = np.random.default_rng(1).normal(size=(700, 700))
        np.linalg.eigvals(np.kron(np.eye(6), a))  # minutes, without returning to Python
    return diamond(0.0, 1.0)
"""
RUN = """
[system]
file = "slow.py"
function = "build"
how = "{how}"
[ensemble]
trajectories = 100_000_000
duration = 10.0
"""
TOO_LONG = 8.0  # seconds, on a busy machine; what is prepared takes a minute


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "slow.py").write_text(SLOW)
    for how in ("python", "library", "fast"):
        (tmp_path / f"{how}.toml").write_text(RUN.format(how=how))
    return tmp_path


def begun(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command and return once it builds its model."""
    command = [sys.executable, "-m", "trajectories", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=folder, **pipes)
    assert process.stdout is not None and process.stdout.readline() == "building\n"
    time.sleep(0.3)
    return process


def ending(process: subprocess.Popen[str]) -> tuple[int, str, float]:
    """Return exit status, what was said, and the seconds it took to end."""
    begin = time.monotonic()
    try:
        _, err = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, err, time.monotonic() - begin


@pytest.mark.parametrize(("how", "number"), [("python", signal.SIGINT), ("library", signal.SIGTERM)])
def test_a_signal_ends_the_building_of_a_model(folder: Path, how: str, number: signal.Signals) -> None:
    process = begun(folder, "run", f"{how}.toml")
    process.send_signal(number)
    status, err, seconds = ending(process)
    assert (status, err) == (
        75,
        f"trajectories: stopped by {number.name} (unfinished: run the same command again)\n",
    )
    assert seconds < TOO_LONG
    assert not list(folder.glob("*.h5*"))


@pytest.mark.parametrize(
    "arguments",
    [("run", "python.toml", "--plan"), ("counting", "python.toml"), ("rare", "python.toml")],
    ids=lambda arguments: arguments[0],
)
def test_every_command_hears_signals(folder: Path, arguments: tuple[str, ...]) -> None:
    process = begun(folder, *arguments)
    process.send_signal(signal.SIGTERM)
    status, err, seconds = ending(process)
    assert status == 75 and err.startswith("trajectories: stopped by SIGTERM") and seconds < TOO_LONG


@pytest.mark.parametrize("how", ["python", "library"])
def test_the_walltime_is_heard_while_a_model_is_built(folder: Path, how: str) -> None:
    begin = time.monotonic()
    process = begun(folder, "run", f"{how}.toml", "--walltime", "6s")
    status, err, _ = ending(process)
    assert (status, err) == (75, "trajectories: the walltime is over (unfinished: run the same command again)\n")
    assert time.monotonic() - begin < 6 + TOO_LONG


def test_a_second_signal_ends_a_run_at_once(folder: Path) -> None:
    """The first one is not heard, as in one call of hours; those within a moment are one (`timeout` sends two)."""
    holding = (
        "import signal, sys, time; from trajectories.running.signals import Stop\n"
        "with Stop(own=True).listening():\n"
        "    print('building', flush=True); end = time.monotonic() + 60\n"
        "    while time.monotonic() < end: pass\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holding], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "building\n"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    time.sleep(1.0)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    status, err, seconds = ending(process)
    assert (status, err) == (130, "trajectories: ended by a second signal, SIGINT\n") and seconds < TOO_LONG


def test_in_a_process_of_somebody_else_signals_are_exceptions() -> None:
    before = [signal.getsignal(number) for number in (*Stop.SIGNALS, signal.SIGALRM)]
    with pytest.raises(Interrupted, match="stopped by SIGUSR1"), Stop().listening() as stop, stop.interruptible():
        os.kill(os.getpid(), signal.SIGUSR1)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            pass
    assert time.monotonic() < end
    with pytest.raises(KeyboardInterrupt), Stop().listening():
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(5)
    assert [signal.getsignal(number) for number in (*Stop.SIGNALS, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_of_the_caller_is_left_alone() -> None:
    heard: list[int] = []
    previous = signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        trajectories.run(systems.diamond(0.0, 1.0), duration=1.0, trajectories=64)
        time.sleep(0.3)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
    assert heard == [signal.SIGALRM]


def test_a_terminal_is_told_what_is_prepared_after_two_seconds(folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "trajectories", "solve", "python.toml"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=theirs, text=True)
    assert process.stdout is not None and process.stdout.readline() == "building\n"
    begin, said = time.monotonic(), ""
    os.close(theirs)
    while "\n" not in said:
        said += os.read(ours, 1000).decode()
    assert said.strip() == "preparing: what `solve` shows" and time.monotonic() - begin > 0.5
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 75
    process.stdout.close()
    os.close(ours)


def test_a_fault_has_a_status_of_its_own_and_one_line(folder: Path) -> None:
    broken = (
        "import sys; from trajectories.cli import main as cli; from trajectories.cli import commands\n"
        "def bug(arguments): raise IndexError('list index out of range')\n"
        "commands.systems = bug; sys.exit(cli.main(['systems']))\n"
    )
    arguments: dict[str, object] = {"capture_output": True, "text": True}
    environment = {name: value for name, value in os.environ.items() if name != "TRAJECTORIES_TRACEBACK"}
    done = subprocess.run([sys.executable, "-c", broken], env=environment, **arguments)
    assert done.returncode == 70 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "IndexError: list index out of range" in done.stderr and "TRAJECTORIES_TRACEBACK=1" in done.stderr
    done = subprocess.run(
        [sys.executable, "-c", broken], env=environment | {"TRAJECTORIES_TRACEBACK": "1"}, **arguments
    )
    assert done.returncode == 70 and done.stderr.count("Traceback (most recent call last)") == 1


def test_statuses_are_the_ones_that_help_lists() -> None:
    from trajectories import errors
    from trajectories.cli import help_texts

    first = [line.split()[0] for line in help_texts.EPILOG.splitlines() if line.split()]
    listed = [int(word) for word in first if word.isdigit()]
    names = ("AGREES", "DISAGREES", "BAD_INPUT", "UNRESOLVED", "FAULT", "UNFINISHED", "CTRL_C", "BROKEN_PIPE")
    assert listed == [getattr(errors, name) for name in names] and len(set(listed)) == len(names)
