"""How many trajectories does it take to catch a wrong engine? Faults planted one at a time, and the N that shows them.

    python runs/benchmarks/power.py                               (every fault, engine and diamond, 10^3 to 3*10^5)
    python runs/benchmarks/power.py --to 1e7 --seeds 5 --out power          (the full table: hours)
    python runs/benchmarks/power.py --faults partners,nothing --machines engine --judges report

The sampled side is that of the faulty engine (another plan, observables or kernel), the exact side that of the right
model. N rises by about 3 from --from to --to; each fault is sampled with each seed until a judge says "disagree".
The table gives the smallest N of the median seed, and of the quickest and the slowest; "-" where a judge never said so.
"nothing" is no fault: a "disagree" there is a false alarm, which one run in a thousand may have. --out NAME writes
NAME.md (the table) and NAME.csv (a line for each machine, fault, seed and judge, with the quantities that disagreed).
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

HERE, TESTS = Path(__file__).resolve().parent, Path(__file__).resolve().parents[2] / "tests"
# Numba imports a package named coverage where there is one; the script beside this one is none.
sys.path[:] = [str(TESTS), str(TESTS / "physics"), *(path for path in sys.path if path != str(HERE))]

import planted  # noqa: E402  (the faults, which the tests share)
from mutants import mutant, sampler  # noqa: E402
from sampled import point_of  # noqa: E402

from trajectories.model import Model  # noqa: E402
from trajectories.report.entropy_parts import EntropyParts  # noqa: E402
from trajectories.report.judge import judge  # noqa: E402
from trajectories.report.result import ResultData  # noqa: E402
from trajectories.report.theorems import point_theorems  # noqa: E402
from trajectories.sampling import block as sampling  # noqa: E402
from trajectories.sampling import reversed_ensemble  # noqa: E402
from trajectories.sampling.preparation import Preparation, prepare  # noqa: E402
from trajectories.systems import diamond, local_engine  # noqa: E402


class Machine(NamedTuple):
    model: Model
    times: tuple[float, ...]
    initial: np.ndarray | None


def machines() -> dict[str, Machine]:
    """An engine with few jumps, whose <Delta S> a wrong basis changes, and the diamond: from |00> and steady."""
    ground, times = np.diag([1.0, 0, 0, 0]).astype(complex), (50.0, 100.0)
    engine = local_engine(T_h=2.0, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011)
    return {
        "engine": Machine(engine, times, ground),
        "engine-steady": Machine(engine, times, None),
        "diamond": Machine(diamond(beta_A=0.0, beta_S=1.0), (0.4, 0.8), ground),
        "diamond-steady": Machine(diamond(beta_A=0.0, beta_S=1.0), (0.4, 0.8), None),
    }


def channel_by_waiting_time(kernel: planted.Kernel, block: int) -> planted.Kernel:
    """A jump's channel is drawn with the number that its waiting time was drawn with."""
    line = "k = draw(n + 1, stream, scratch)"
    return _kernel_with(line, f"{line}\n        u1[k] = u0[k]")


@cache
def _kernel_with(old: str, new: str) -> planted.Kernel:
    """Compile a copy of the kernels with one change (half a minute)."""
    with tempfile.TemporaryDirectory() as folder:
        return sampler(mutant(Path(folder), "jumps.py", old, new))


class Fault(NamedTuple):
    """A mistake in the plan or the observables, or in how the kernel is called."""

    words: str
    change: planted.Change = planted.nothing
    kernel: Callable[[planted.Kernel, int], planted.Kernel] = planted.right


FAULTS = {
    "nothing": Fault("no fault"),
    "rate": Fault("a rate 1 % high", planted.rate),
    "coupling": Fault("the coupling 1 % high", planted.coupling),
    "entropy-step": Fault("a Delta s 1 % high", planted.entropy_step),
    "final-basis": Fault("the wrong final basis", planted.final_basis),
    "partners": Fault("partners swapped", planted.partners),
    "jumps-missed": Fault("one jump in a thousand missed", kernel=planted.jumps_missed),
    "streams-twice": Fault("every stream used twice", kernel=planted.streams_twice),
    "streams-of-one-block": Fault("the streams of one block in all", kernel=planted.streams_of_one_block),
    "times": Fault("times off by 1e-3", planted.times),
    "heat-sign": Fault("heat of the wrong sign in one channel", planted.heat_sign),
    "loss": Fault("the loss of one sector halved", planted.loss),
    "weights": Fault("initial weights that add up to 1.01", planted.weights),
    "channel-by-waiting-time": Fault("channel by the waiting time's number", kernel=channel_by_waiting_time),
}


def report_disagrees(preparation: Preparation, faulty: Preparation, n: int, seed: int) -> set[str]:
    """Return the quantities in which the report of n trajectories of the faulty engine disagrees."""
    point = point_of(preparation, n, seed, engine=faulty)
    rows = ResultData([point], name="power", seed=seed, text="", meta={}).report().rows
    return {row.quantity for row in rows if row.status == "disagree"}


def theorems_disagree(preparation: Preparation, faulty: Preparation, n: int, seed: int) -> set[str]:
    """Return the rows of `theorems` that disagree. The reversed ensemble is that of the same observables and kernel."""
    point = point_of(preparation, n, seed, engine=faulty)
    reverse, ahead = reversed_ensemble.backward(faulty), reversed_ensemble.forward(faulty)
    rows = point_theorems(point, seed, 0, n, reverse=reverse, ahead=ahead, parts=EntropyParts.of(faulty)).rows
    return {row.quantity for row in judge(list(rows)) if row.status == "disagree"}


JUDGES = {"report": report_disagrees, "theorems": theorems_disagree}


def disagreeing(machine: Machine, fault: Fault, judge_name: str, n: int, seed: int) -> set[str] | None:
    """Return what a judge finds wrong with n trajectories; None where the fault cannot be made in this machine."""
    preparation = prepare(machine.model, np.array(machine.times), machine.initial, n, pair=(0, 1))
    faulty = fault.change(preparation)
    if faulty is None:
        return None
    kernel = fault.kernel(sampling.jumps, preparation.block_size)
    with mock.patch.object(sampling, "jumps", kernel), mock.patch.object(reversed_ensemble, "jumps", kernel):
        return JUDGES[judge_name](preparation, faulty, n, seed)


class Found(NamedTuple):
    """The least N at which a judge disagreed, with the quantities; n = inf: never, nan: not to be had here."""

    machine: str
    fault: str
    judge: str
    seed: int
    n: float
    quantities: str = ""


def ladder(least: float, most: float) -> list[int]:
    """N = 1, 3, 10, 30, ... from least to most."""
    return [n for k in range(12) for n in (10**k, 3 * 10**k) if least <= n <= most]


def search(
    names: Iterable[str], faults: Iterable[str], judges: Sequence[str], ns: list[int], seeds: int
) -> Iterator[Found]:
    """Yield the least N of every machine, fault, judge and seed."""
    known = machines()
    for name in names:
        for fault in faults:
            for judge_name in judges:
                for seed in range(1, seeds + 1):
                    yield _least(name, known[name], fault, judge_name, ns, seed)


def _least(name: str, machine: Machine, fault: str, judge_name: str, ns: list[int], seed: int) -> Found:
    for n in ns:
        found = disagreeing(machine, FAULTS[fault], judge_name, n, seed)
        if found is None:
            return Found(name, fault, judge_name, seed, np.nan)
        if found:
            return Found(name, fault, judge_name, seed, n, " ".join(sorted(found)))
    return Found(name, fault, judge_name, seed, np.inf)


def table(found: Sequence[Found]) -> str:
    """Return the least N of the median seed (quickest ... slowest) in Markdown, a line for each fault."""
    columns = list(dict.fromkeys((one.machine, one.judge) for one in found))
    lines = ["| fault | " + " | ".join(f"{machine}: {judged}" for machine, judged in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for fault in dict.fromkeys(one.fault for one in found):
        cells = [_cell([x.n for x in found if (x.fault, x.machine, x.judge) == (fault, *own)]) for own in columns]
        lines.append(f"| {FAULTS[fault].words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(ns: list[float]) -> str:
    def word(n: float) -> str:
        return "-" if np.isinf(n) else f"{n:.0e}".replace("e+0", "e")

    if not ns or np.isnan(ns[0]):
        return ""
    low, middle, high = min(ns), sorted(ns)[len(ns) // 2], max(ns)
    return word(middle) if low == high else f"{word(middle)} ({word(low)} ... {word(high)})"


def _chosen(text: str, known: Iterable[str], what: str) -> list[str]:
    names = list(known) if text == "all" else text.split(",")
    if unknown := set(names) - set(known):
        raise SystemExit(f"--{what}: {', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    return names


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--machines", default="engine,engine-steady,diamond-steady", help="or all: " + ", ".join(machines())
    )
    parser.add_argument("--faults", default="all", help=", ".join(FAULTS))
    parser.add_argument("--judges", default="report", help=", ".join(JUDGES))
    parser.add_argument("--from", dest="least", type=float, default=1e3)
    parser.add_argument("--to", dest="most", type=float, default=3e5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    chosen = (
        _chosen(given.machines, machines(), "machines"),
        _chosen(given.faults, FAULTS, "faults"),
        _chosen(given.judges, JUDGES, "judges"),
    )
    found: list[Found] = []
    for one in search(*chosen, ladder(given.least, given.most), given.seeds):
        found.append(one)
        print(f"{one.machine} {one.fault} {one.judge} seed {one.seed}: {one.n:g} {one.quantities}", file=sys.stderr)
        if given.out:
            _write(given.out, found)
    print(table(found))
    return 0


def _write(out: Path, found: list[Found]) -> None:
    out.with_suffix(".md").write_text(table(found) + "\n")
    with out.with_suffix(".csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Found._fields)
        writer.writerows(found)


if __name__ == "__main__":
    raise SystemExit(main())
