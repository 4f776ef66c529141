"""Kill a process that writes result files, over and over, and compare what is left with what must be there.

A child creates a result, commits block after block in a random order, extends it, adds records; the parent kills it
with SIGKILL after 10 to 150 ms and reads the file: every node must have the bits of an uninterrupted run, nothing that
was committed may be missing, and the next child continues from there.  With --in-place the child overwrites the file
where it stands, which must be found damaged: the control that shows what the test can see.

    python runs/benchmarks/kill_storage.py --kills 2000
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402  (after the number of threads is set)

from trajectories.errors import InputError  # noqa: E402
from trajectories.results.layout import Header, Records  # noqa: E402
from trajectories.results.ownership import Ownership, read_status  # noqa: E402
from trajectories.results.provenance import environment  # noqa: E402
from trajectories.results.reader import read  # noqa: E402
from trajectories.results.storage import Store  # noqa: E402
from trajectories.sampling.reduction_tree import Forest, Key  # noqa: E402
from trajectories.sampling.statistics import Block, block_of, merge  # noqa: E402

POINTS, GROUPS, FIRST, EXTENDED = 3, 4, 48, 80
PHASES = ("start", "create or open", "commit", "extend", "records", "end")


class InPlace(Store):
    """The control: a commit overwrites the file where it stands, piece by piece."""

    def commit(self, points: Mapping[int, Mapping[Key, Block]]) -> None:
        target = self.path
        self.path = target.with_name("copy.h5")
        super().commit(points)
        with open(target, "r+b") as plain:
            for first in range(0, len(raw := self.path.read_bytes()), 2**12):
                plain.write(raw[first : first + 2**12])
                os.fsync(plain.fileno())
        self.path.unlink()
        self.path = target


@cache
def leaf(point: int, index: int) -> Block:
    """Some block that is a function of its place alone."""
    rng = np.random.default_rng([point, index])
    x, log_w = rng.normal(size=(16, 2, 5)), rng.normal(size=(16, 2))
    return block_of(x, 3, rng.normal(size=(2, 6)) + 1j, rng.integers(9, size=(2, 34)), rng.integers(9, size=2), log_w)


@cache
def node(point: int, group: int, level: int, index: int) -> Block:
    """What must be in the file under this key."""
    if level == 0:
        return leaf(point, group + GROUPS * index)
    return merge(node(point, group, level - 1, 2 * index), node(point, group, level - 1, 2 * index + 1))


def header() -> Header:
    return Header("text", "digest", 1, {"n": [1, 2]}, [{"a": np.arange(p + 2.0)} for p in range(POINTS)])


def records() -> Records:
    n = np.arange(10)
    return Records(n, n, n, n, np.arange(11) * 3, np.linspace(0, 1, 30), np.arange(30) % 4)


def work(path: Path, kind: type[Store], order_seed: int, said: mmap.mmap) -> None:
    """The child: continue the file to its end. ``said`` holds the phase and the blocks committed at each point."""
    with Ownership.acquire(path, wait=0) as owner:
        said[0] = 1
        if not path.exists():
            kind.create(path, header(), leaf(0, 0), GROUPS, FIRST, owner.check).close()
        with kind(path, owner.check) as store:
            forests = [Forest(GROUPS, store.load(point)) for point in range(POINTS)]
            for total in (FIRST, EXTENDED):
                said[0] = 3
                if store.blocks.max() < total:
                    store.extend(total)
                said[0] = 2
                missing = [
                    (point, group + GROUPS * index)
                    for point in range(POINTS)
                    for group, _, index in forests[point].missing_nodes(total)
                ]
                random.Random(order_seed).shuffle(missing)
                for step, (point, b) in enumerate(missing):
                    forests[point].add(b, leaf(point, b))
                    if step % 3 == 2 or step == len(missing) - 1:  # several points in one commit, as in a sweep
                        store.commit({p: forests[p].nodes() for p in range(POINTS)})
                        said[1 : 1 + POINTS] = bytes(forest.blocks_done for forest in forests)
                    owner.beat(step, total)
            said[0] = 4
            if store.records() is None:
                store.write_records(records())
        said[0] = 5
        owner.release("complete")


def child_killed(path: Path, kind: type[Store], order_seed: int, said: mmap.mmap) -> bool:
    """Start a child and kill it after 10 to 150 ms; False if it had ended by itself.

    One time in five the time counts from its start, else from when it begins to commit.
    """
    pid = os.fork()
    if pid == 0:
        try:
            work(path, kind, order_seed, said)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if random.random() < 0.8:
        deadline = time.monotonic() + 5.0  # a child that has nothing to commit any more
        while said[0] < 2 and time.monotonic() < deadline:
            time.sleep(0.0002)
    time.sleep(random.uniform(0.010, 0.150))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError("the writing process failed")
    return os.WIFSIGNALED(status)


def verdict(path: Path, said: mmap.mmap) -> str:
    """ "good", "damaged" (the reader says so), "lost" (committed blocks are missing) or "wrong" (other bits)."""
    if not path.exists():
        return "lost" if any(said[1 : 1 + POINTS]) else "good"
    try:
        with read(path) as file:
            if file.header.plans[1]["a"].tolist() != [0, 1, 2] or file.header.meta != {"n": [1, 2]}:
                return "wrong"
            for point in range(POINTS):
                if file.blocks_done(point) < said[1 + point]:
                    return "lost"
                for key, block in file.load(point).items():
                    if not same(block, node(point, *key)):
                        return "wrong"
    except InputError:
        return "damaged"
    return "good"


def same(a: Block, b: Block) -> bool:
    return all(np.asarray(x).tobytes() == np.asarray(y).tobytes() for x, y in zip(a, b, strict=True))


def finished_as_if_never_killed(path: Path) -> bool:
    with read(path) as file:
        stored = file.records()
        whole = [Forest(GROUPS) for _ in range(POINTS)]
        for point, forest in enumerate(whole):
            for b in range(EXTENDED):
                forest.add(b, leaf(point, b))
        totals = all(same(Forest(GROUPS, file.load(p)).total(), whole[p].total()) for p in range(POINTS))
        status = read_status(path)
        return (
            totals
            and stored is not None
            and all(np.array_equal(a, b) for a, b in zip(stored, records(), strict=True))
            and status is not None
            and status.state == "complete"
            and sorted(os.listdir(path.parent)) == [path.name, path.name + ".run"]
        )


def run(kills: int, kind: type[Store], folder: Path, seed: int) -> Counter:
    """Kill so many times; counts of verdicts, of kills by phase, of files finished."""
    random.seed(seed)
    found: Counter = Counter()
    said = mmap.mmap(-1, 1 + POINTS)
    environment()  # found once, here, and not by every child
    for point in range(POINTS):
        for b in range(EXTENDED):
            leaf(point, b)
    file_number = 0
    while found["kills"] < kills:
        path = folder / f"{file_number}" / "r.h5"
        path.parent.mkdir(exist_ok=True)
        said[0] = 0  # the phase; the blocks committed stay
        if child_killed(path, kind, file_number, said):
            found["kills"] += 1
            found[f"killed at {PHASES[said[0]]}"] += 1
            result = verdict(path, said)
        else:
            result = "good" if finished_as_if_never_killed(path) else "wrong"
            found["files finished"] += 1
            file_number += 1
            said[:] = bytes(len(said))
        found[result] += 1
        if result != "good" and said[0]:
            file_number += 1
            said[:] = bytes(len(said))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument(
        "--in-place", action="store_true", help="the control: overwrite the file instead of replacing it"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = run(asked.kills, InPlace if asked.in_place else Store, Path(folder), asked.seed)
    result = dict(sorted(found.items())) | {"seconds": round(time.monotonic() - started, 1)}
    print(json.dumps(result) if asked.json else "\n".join(f"{name:20s} {value}" for name, value in result.items()))
    bad = found["damaged"] + found["lost"] + found["wrong"]
    return int(bad == 0) if asked.in_place else int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
