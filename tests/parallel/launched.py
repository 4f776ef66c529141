"""Starting the program on several ranks, with the mpiexec that the extra `test` brings."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import trajectories
from trajectories.results.reader import read
from trajectories.sampling.statistics import Block

ROOT = Path(__file__).parents[2]
MPIEXEC = Path(sys.executable).parent / "mpiexec"
MISSING = [
    name for name, there in (("mpi4py", importlib.util.find_spec("mpi4py")), ("mpich", MPIEXEC.exists())) if not there
]
needs_mpi = pytest.mark.skipif(
    bool(MISSING), reason=f"needs the package {' and '.join(MISSING)}: pip install '.[test]'"
)
SECONDS = 90
HUNG = (124, 137)  # exit statuses of `timeout`: the time is over, and it had to use SIGKILL


def environment(**more: str) -> dict[str, str]:
    """This process's environment with the checkout importable, and without what a launcher of its own may have left."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PMI", "OMPI", "SLURM", "MPI"))}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    # Ranks talk through shared memory: no sockets to the outside.
    return kept | {"PYTHONPATH": path, "UCX_TLS": "self,sm", "OMP_NUM_THREADS": "1"} | more


def start(ranks: int, *arguments: str, program: str = "", **more: str) -> subprocess.Popen[str]:
    """Start `trajectories ...` on so many ranks (0: without mpiexec); program: Python code to run in its place."""
    python = [sys.executable, "-c", program] if program else [sys.executable, "-m", "trajectories"]
    launcher = ["timeout", "-k", "5", str(SECONDS), str(MPIEXEC), "-n", str(ranks)] if ranks else []
    return subprocess.Popen(
        [*launcher, *python, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**more),
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait; return exit status, stdout, stderr. What hangs is ended by `timeout`, and fails here."""
    out, err = process.communicate(timeout=SECONDS + 10)
    assert process.returncode not in HUNG, err
    return process.returncode, out, err


def run(ranks: int, *arguments: str, program: str = "", **more: str) -> tuple[int, str, str]:
    """Start and wait."""
    return finish(start(ranks, *arguments, program=program, **more))


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until there is a result of at least one block."""
    deadline = time.monotonic() + SECONDS
    while not has_block(path):
        assert process.poll() is None and time.monotonic() < deadline, finish(process)
        time.sleep(0.02)


def has_block(path: Path) -> bool:
    if not path.exists():
        return False
    with read(path) as reader:
        return any(reader.blocks_done(point) for point in range(reader.points))


def mpiexec_of(process: subprocess.Popen[str]) -> int:
    """The process number of mpiexec, which `timeout` has started."""
    return children(process.pid)[0]


def ranks_of(process: subprocess.Popen[str]) -> dict[int, int]:
    """Process numbers of the ranks that are there, by rank."""
    found = {}
    for pid in descendants(process.pid):
        try:
            said = dict(item.partition("=")[::2] for item in Path(f"/proc/{pid}/environ").read_text().split("\0"))
            if "PMI_RANK" in said and b"python" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found[int(said["PMI_RANK"])] = pid
        except OSError:
            continue
    return found


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [other for child in found for other in descendants(child)]


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def assert_same_bits(found: Path, wanted: Path) -> None:
    """Statistics of all groups of all points, and jump records, bit by bit."""
    one, other = trajectories.open(found), trajectories.open(wanted)
    assert len(one.points) == len(other.points)
    for left, right in zip(one.points, other.points, strict=True):
        assert left.trajectories == right.trajectories
        for a, b in zip(left.groups, right.groups, strict=True):
            for name, x, y in zip(Block._fields, a, b, strict=True):
                np.testing.assert_array_equal(x, y, err_msg=name)
        for name, x, y in zip(
            left.preparation.plan._fields, left.preparation.plan, right.preparation.plan, strict=True
        ):
            np.testing.assert_array_equal(x, y, err_msg=name)
    assert (one.jump_records is None) == (other.jump_records is None)
    if one.jump_records is not None:
        for name, x, y in zip(one.jump_records._fields, one.jump_records, other.jump_records, strict=True):
            np.testing.assert_array_equal(x, y, err_msg=name)
