"""Kill ranks of a run at random instants, go on with other numbers of ranks, and compare with an undisturbed run.

    python runs/benchmarks/kill_ranks.py --kills 100

At every kill one rank, or mpiexec with all of them, gets SIGKILL at a random instant, on 1, 2 and 4 ranks in turn; the
same command is given again and again, and finally left alone. Its numbers must have the bits of the undisturbed run,
blocks that were in the file must stay there, and no process may be left behind. Exit status 0 if all that holds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import trajectories
from trajectories.results.reader import read

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
initial = "ground"
records = 20
"""
RANKS = (1, 2, 4)
MPIEXEC = Path(sys.executable).parent / "mpiexec"


def main() -> int:
    """Kill, finish, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = trial(Path(folder), arguments.kills, random.Random(arguments.seed))
    print(json.dumps(found) if arguments.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    sound = found["same bits"] and not found["committed blocks lost"] and not found["ranks left behind"]
    return 0 if sound else 1


def trial(folder: Path, kills: int, chance: random.Random) -> dict[str, int | bool]:
    """Return what happened."""
    run, output, wanted = folder / "run.toml", folder / "killed.h5", folder / "undisturbed.h5"
    run.write_text(RUN.format(trajectories=2**18 * max(12, kills)))
    found: dict[str, int | bool] = {
        "killed": 0,
        "while sampling": 0,
        "committed blocks lost": 0,
        "ranks left behind": 0,
    }
    held = 0
    for attempt in range(10 * kills):
        if found["killed"] == kills:
            break
        process = start(RANKS[attempt % len(RANKS)], run, output)
        before = held
        wait_until_sampling(process, output, chance)
        victims = ranks_of(process.pid)
        shared = segments_of(victims)
        alive = process.poll() is None and bool(victims)
        if alive:
            os.kill(chance.choice([*victims, process.pid]), signal.SIGKILL)
        process.wait()
        found["ranks left behind"] += left_behind(victims)
        for segment in shared:  # what they have not removed themselves
            segment.unlink(missing_ok=True)
        held = blocks_in(output)
        found["killed"] += alive
        found["while sampling"] += alive and held > before
        found["committed blocks lost"] += max(0, before - held)
    start(2, run, output).wait()
    subprocess.run(command(run, wanted), env=environment(), check=True)
    found["same bits"] = same(output, wanted)
    return found


def wait_until_sampling(process: subprocess.Popen[bytes], output: Path, chance: random.Random) -> None:
    """Mostly wait for the first block of this start, then a random time; sometimes kill while it is starting."""
    begin, held = time.monotonic(), blocks_in(output)
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0.1, 1.5))
        return
    while process.poll() is None and time.monotonic() - begin < 30 and blocks_in(output) <= held:
        time.sleep(0.01)
    time.sleep(chance.uniform(0.0, 0.3))


def start(ranks: int, run: Path, output: Path) -> subprocess.Popen[bytes]:
    launcher = [str(MPIEXEC), "-n", str(ranks)]
    own = environment() | {"TMPDIR": str(run.parent)}  # for what mpiexec leaves when it is killed
    return subprocess.Popen(
        [*launcher, *command(run, output)], env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def command(run: Path, output: Path) -> list[str]:
    return [sys.executable, "-m", "trajectories", "run", str(run), "-o", str(output), "--no-figure", "--quiet"]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[1:]), "UCX_TLS": "self,sm"}


def ranks_of(pid: int) -> list[int]:
    """Process numbers of the Python programs under mpiexec."""
    found = []
    for child in children(pid):
        try:
            python = b"trajectories" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        # mpiexec's own helper names the program among its arguments too; the ranks are what it has started.
        found += [child] if python and not children(child) else ranks_of(child)
    return found


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def segments_of(pids: list[int]) -> set[Path]:
    """Return the shared memory that these processes have mapped: ranks that are killed do not remove it."""
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            words = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
            found |= {Path(line[5]) for line in words if len(line) == 6 and line[5].startswith("/dev/shm/")}
    return found


def left_behind(pids: list[int]) -> int:
    """Return how many of these processes are still there five seconds later, and end them."""
    deadline = time.monotonic() + 5
    while (alive := [pid for pid in pids if lives(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    return len(alive)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def blocks_in(path: Path) -> int:
    if not path.exists():
        return 0
    with read(path) as reader:
        return sum(reader.blocks_done(point) for point in range(reader.points))


def same(left: Path, right: Path) -> bool:
    one, other = trajectories.open(left), trajectories.open(right)
    pairs = [
        *(
            (a, b)
            for p, q in zip(one.points, other.points, strict=True)
            for a, b in zip(p.groups, q.groups, strict=True)
        ),
        (one.jump_records, other.jump_records),
    ]
    return all(np.array_equal(x, y, equal_nan=True) for a, b in pairs for x, y in zip(a, b, strict=True))


if __name__ == "__main__":
    sys.exit(main())
