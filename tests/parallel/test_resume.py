"""A run that is killed, stopped or extended ends with the same bits as one that was left alone."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import trajectories
from trajectories.sampling.statistics import Block

RUN = """
[system]
name = "local_engine"
T_h = 2.0
T_c = 0.3
g = 0.02
gamma_h = 0.01
gamma_c = 0.011

[ensemble]
trajectories = {trajectories}
duration = 400.0
times = [200.0]
initial = "ground"
records = 20
"""
TRAJECTORIES = 2**21  # half of them fill the same largest blocks
KILLS = 8


def command(run: Path, output: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "trajectories", "run", str(run), "-o", str(output), "--no-figure", "--quiet", *more]


def write_run(folder: Path, trajectories_wanted: int = TRAJECTORIES) -> Path:
    path = folder / "engine.toml"
    path.write_text(RUN.format(trajectories=trajectories_wanted))
    return path


def blocks(path: Path) -> list[Block]:
    return trajectories.open(path).points[0].groups


def assert_same_bits(found: Path, wanted: Path) -> None:
    left, right = blocks(found), blocks(wanted)
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        for name, a, b in zip(Block._fields, one, other, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
    records, expected = trajectories.open(found).jump_records, trajectories.open(wanted).jump_records
    for name, a, b in zip(expected._fields, records, expected, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    output = folder / "engine.h5"
    assert subprocess.run(command(write_run(folder), output), timeout=300).returncode == 0
    return output


def test_sigkill_at_any_instant_changes_no_bit(tmp_path: Path, undisturbed: Path) -> None:
    output, run, chance = tmp_path / "engine.h5", write_run(tmp_path), random.Random(1)
    killed = done = 0
    for attempt in range(KILLS):
        process = subprocess.Popen(command(run, output))
        while attempt % 4 and process.poll() is None and not output.exists():
            time.sleep(0.01)
        time.sleep(chance.uniform(0.3, 1.3))
        killed += process.poll() is None
        process.kill()
        process.wait()
        done = trajectories.open(output).trajectories if output.exists() and _has_block(output) else done
    assert killed >= 3 and done > 0  # otherwise nothing has been tried
    assert subprocess.run(command(run, output), timeout=300).returncode == 0
    assert_same_bits(output, undisturbed)


def _has_block(path: Path) -> bool:
    try:
        return trajectories.open(path).trajectories > 0
    except trajectories.InputError as error:
        assert "no block is finished yet" in str(error)
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_a_run_cleanly(tmp_path: Path, undisturbed: Path, number: signal.Signals) -> None:
    output, run = tmp_path / "engine.h5", write_run(tmp_path)
    process = subprocess.Popen(command(run, output), stderr=subprocess.PIPE, text=True)
    while not output.exists():
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(number)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "Traceback" not in message and "again" in message
    assert subprocess.run(command(run, output), timeout=300).returncode == 0
    assert_same_bits(output, undisturbed)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of a running process need Linux")
def test_a_full_disk_is_one_line_and_costs_nothing_committed(tmp_path: Path, undisturbed: Path) -> None:
    """A limit on the size of files, set while the run is under way, stands in for the disk that fills up."""
    output, run = tmp_path / "engine.h5", write_run(tmp_path)
    process = subprocess.Popen(command(run, output), stderr=subprocess.PIPE, text=True)
    while not (output.exists() and _has_block(output)):
        time.sleep(0.02)
        assert process.poll() is None
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    _, message = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "cannot write the file" in message and "committed before is intact" in message
    assert len(message.splitlines()) == 1
    assert _has_block(output)
    assert subprocess.run(command(run, output), timeout=300).returncode == 0
    assert_same_bits(output, undisturbed)


def test_asking_for_more_extends(tmp_path: Path, undisturbed: Path) -> None:
    output = tmp_path / "engine.h5"
    first = write_run(tmp_path, TRAJECTORIES // 2)
    assert subprocess.run(command(first, output), timeout=300).returncode == 0
    half = trajectories.open(output).trajectories
    assert subprocess.run(command(first, output, "--trajectories", str(TRAJECTORIES)), timeout=300).returncode == 0
    assert trajectories.open(output).trajectories == 2 * half
    assert_same_bits(output, undisturbed)


@pytest.mark.parametrize(
    ("change", "named"),
    [("system.T_h=1.5", "system"), ("ensemble.seed=2", "seed"), ("ensemble.initial=mixed", "initial")],
)
def test_another_run_is_refused_by_name(tmp_path: Path, undisturbed: Path, change: str, named: str) -> None:
    before = undisturbed.read_bytes()
    found = subprocess.run(
        command(write_run(tmp_path), undisturbed, "--set", change), capture_output=True, text=True, timeout=120
    )
    assert found.returncode == 2
    assert named in found.stderr and len(found.stderr.splitlines()) == 1
    assert undisturbed.read_bytes() == before
