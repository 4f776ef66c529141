"""The file layer under SIGKILL: the script of runs/benchmarks/kill_storage.py, with few kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def kill(*arguments: str) -> tuple[int, dict[str, int]]:
    command = [sys.executable, str(ROOT / "runs/benchmarks/kill_storage.py"), "--json", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_no_kill_damages_a_file_or_loses_what_was_committed() -> None:
    status, found = kill("--kills", "80", "--seed", "5")
    assert status == 0, found
    assert found["kills"] == 80
    assert {"damaged", "lost", "wrong"}.isdisjoint(found)
    assert found["killed at commit"] >= 10  # otherwise nothing was tried


def test_overwriting_in_place_is_damaged_by_kills_and_found_out() -> None:
    """The control: without replacement kills damage the file, lose blocks, or mix old and new datasets."""
    status, found = kill("--kills", "60", "--seed", "5", "--in-place")
    assert status == 0, found
    assert found.get("damaged", 0) + found.get("lost", 0) + found.get("wrong", 0) >= 1
