"""What several ranks gain and cost: efficiency, start-up, memory, messages; and a large run acted out on this machine.

    python runs/benchmarks/ranks.py

Efficiency: runs of one rank and of two in turn, the best of each. Start-up: a run of 64 trajectories. The large run:
blocks of the main job as 512 ranks would send them go through rank 0's receiving, merging and writing, with a stand-in
for the network, which gives the time that rank 0 spends on one of them.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from trajectories.results.layout import Header  # noqa: E402
from trajectories.results.ownership import read_status  # noqa: E402
from trajectories.results.storage import Store  # noqa: E402
from trajectories.runfiles.job import jobs_of  # noqa: E402
from trajectories.runfiles.run import load  # noqa: E402
from trajectories.running.manager import Manager  # noqa: E402
from trajectories.running.schedule import Schedule, Task, tasks  # noqa: E402
from trajectories.running.signals import Stop  # noqa: E402
from trajectories.running.sweep_point import unstarted_points  # noqa: E402
from trajectories.running.tasks import prepare_point, sample_task  # noqa: E402
from trajectories.running.worker import DONE, IDLE, SAMPLE  # noqa: E402
from trajectories.sampling.statistics import Block  # noqa: E402

MAIN = ROOT / "runs/diamond.toml"
MPIEXEC = Path(sys.executable).parent / "mpiexec"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trajectories", type=float, default=1e7)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=512, help="of the run that is acted out")
    parser.add_argument("--nodes", type=int, default=20_000, help="messages that rank 0 gets in it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), int(arguments.trajectories), arguments.repetitions)
        found |= acted_out(Path(folder), arguments.ranks, arguments.nodes)
    print(json.dumps(found, indent=1))
    return 0


def measured(folder: Path, trajectories: int, repetitions: int) -> dict[str, float]:
    """Seconds and memory of runs on one rank and on two, in turn; the best of each."""
    run(folder, 2, 64)  # fills the caches
    small = {n: min(run(folder, n, 64)[0] for _ in range(repetitions)) for n in (1, 2)}
    pairs = [{n: run(folder, n, trajectories) for n in (1, 2)} for _ in range(repetitions)]
    best = {n: min(pair[n][0] for pair in pairs) for n in (1, 2)}
    said = read_status(folder / "run.h5")
    spent = said.rank_0 if said is not None and said.rank_0 is not None else {}
    return {
        **{f"share of rank 0's time on {name}": spent[name] / spent["total"] for name in list(spent)[:-1]},
        "trajectories": trajectories,
        "seconds on 1 rank": best[1],
        "seconds on 2 ranks": best[2],
        "gain": best[1] / best[2],
        "gain of the sampling alone": (best[1] - small[1]) / (best[2] - small[2]),
        "start-up and report on 1 rank": small[1],
        "start-up and report on 2 ranks": small[2],
        "largest memory of a rank in MiB, 64 trajectories": run(folder, 2, 64)[1],
        "largest memory of a rank in MiB, all": max(pair[2][1] for pair in pairs),
    }


PROGRAM = """
import resource, sys
from trajectories.cli import main as cli
status = cli.main()
open(sys.argv[-1] + ".memory", "a").write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\\n")
sys.exit(status)
"""


def run(folder: Path, size: int, trajectories: int) -> tuple[float, float]:
    """Seconds of a run from nothing to its report, and MiB of the largest of its ranks."""
    output = folder / "run.h5"
    for path in folder.glob("run.h5*"):
        path.unlink()
    launcher = [str(MPIEXEC), "-n", str(size)] if size > 1 else []
    command = [*launcher, sys.executable, "-c", PROGRAM, "run", str(MAIN), "--trajectories", str(trajectories)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "UCX_TLS": "self,sm"}
    begin = time.perf_counter()
    done = subprocess.run([*command, "--no-figure", "--quiet", "-o", str(output)], env=environment)
    seconds = time.perf_counter() - begin
    assert done.returncode in (0, 3), done
    lines = Path(f"{output}.memory").read_text().split()
    return seconds, max(map(int, lines)) / 1024


class StandIn:
    """A communicator whose other ranks finish, at once and for ever, what they are given."""

    rank = 0

    def __init__(self, size: int, template: Block) -> None:
        self.size, self.here = size, [0]
        self.template = template
        self.orders: list[tuple[int, list[Task]]] = []
        self.messages = self.bytes = 0
        self.greeted = False

    def send(self, to: int, message: tuple) -> None:
        if message[0] == SAMPLE:
            self.orders.append((to, message[1]))

    def receive(self) -> list[tuple[int, tuple]]:
        if not self.greeted:
            self.greeted = True
            return [(rank, (IDLE,)) for rank in range(1, self.size)]
        found: list[tuple[int, tuple]] = []
        for rank, order in self.orders[:4]:
            # As they would travel: one pickle to a message.
            raw = [pickle.dumps((task, {(task.group, task.level, task.node): self.template})) for task in order]
            self.messages += len(raw)
            self.bytes += sum(map(len, raw))
            found += [(rank, (DONE, [pickle.loads(one) for one in raw])), (rank, (IDLE,))]
        del self.orders[:4]
        return found

    def wait(self) -> None:
        """Nothing to wait for."""


def acted_out(folder: Path, size: int, nodes: int) -> dict[str, float]:
    """Rank 0's seconds per node: receiving, merging along the tree, writing every second."""
    jobs = jobs_of(load(str(MAIN), ["ensemble.trajectories=1_000_000"]))
    (work,) = unstarted_points(jobs, [prepare_point(jobs.spec(0))])
    work.blocks = nodes
    (template,) = sample_task(work.sampler, Task(0, 0, 0, 0, 0.0), lambda: None).values()
    header = Header("", "0", 1, {}, [work.arrays])
    stand_in = StandIn(size, template)
    begin = time.perf_counter()
    with Store.create(folder / "acted.h5", header, template, work.groups, [nodes]) as store:
        forest, committed, commits, writing = work.forest, time.monotonic(), 0, 0.0
        manager = Manager(Stop())
        manager.world = stand_in  # type: ignore[assignment]
        # Rank 0 itself samples nothing here: what is measured is what its other work takes.
        seconds = work.seconds_per_block
        manager._schedule = Schedule(tasks(0, forest, nodes, seconds), nodes * seconds, size)
        received = 0
        while received < nodes:
            manager.handle_messages()
            for _, sampled in manager._pop_results():
                for key, block in sampled.items():
                    forest.add_node(*key, block)
                    received += 1
            if time.monotonic() - committed > 1.0:
                start = time.perf_counter()
                store.commit({0: forest.nodes()})
                writing, commits, committed = writing + time.perf_counter() - start, commits + 1, time.monotonic()
    seconds = time.perf_counter() - begin
    return {
        "ranks acted out": size,
        "nodes": received,
        "bytes per node": stand_in.bytes / received,
        "microseconds of rank 0 per node": 1e6 * (seconds - writing) / received,
        "commits": commits,
        "milliseconds per commit": 1e3 * writing / max(1, commits),
    }


if __name__ == "__main__":
    sys.exit(main())
