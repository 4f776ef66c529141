"""How often is a correct engine called wrong? Many reports on machines that no paper has, each with a seed of its own.

    python runs/benchmarks/false_alarms.py [--command report|theorems|counting|records] [--reports 5000] [--seed0 S]
        [--processes 2] [--machines NAME ...] [--folder DIR] [--rows] [--list]

Each machine of tests/zoo.py is prepared once and sampled with many seeds; every sample is judged by the functions that
the command itself calls. Printed are, machine by machine and in all, the share of reports that disagree with its exact
binomial 95 % interval, how often 95 % bars of judged rows cover, what became of the rows, and Kolmogorov-Smirnov tests:
of z against the normal (or Student's) distribution and of p-values against the uniform one, by one judged row of each
report, drawn at random. Over all rows, which hang together, only the largest distance is given.

Reports go to DIR/COMMAND.csv and sums over them, row by row, to DIR/COMMAND_rows.csv, chunk by chunk; started again it
goes on where it was, and more --reports are added. --rows prints the rows that were wrong most often.
Exit status 1: reports disagree more often than 1 in 1000, by the lower end of the interval.
A report takes about 0.02 s, with `theorems` and `records` up to 0.3 s.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy is imported
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from scipy import special, stats  # noqa: E402

# In the place of this file's folder, whose coverage.py would be taken for the package that Numba looks for.
TESTS = str(Path(__file__).parents[2] / "tests")
if TESTS not in sys.path:
    sys.path[0] = TESTS

from verdicts import COMMANDS, coverage, name_of, rows_of_report, seed_of, studentised, wrong  # noqa: E402
from zoo import MACHINES  # noqa: E402

from trajectories.report.judge import FALSE_ALARM_RATE  # noqa: E402

CHUNK = 10  # reports of one machine between two writes
BINS = 50  # of the distributions of z and p over all rows
STATUSES = ("agree", "disagree", "unresolved", "exact", "unchecked", "irreversible")
REPORTS = ("machine", "number", "seed", "wrong", "seconds", *STATUSES, "judged", "covered", "row", "phi", "p", "worst",
           "worst_z", "worst_p", "phi_bins", "p_bins")  # fmt: skip
ROWS = ("machine", "chunk", "row", "exact", "reports", "judged", "covered", "disagree", "sum_z", "sum_z2")
Line = dict[str, Any]
Task = tuple[str, str, list[int]]  # command, machine, numbers of the reports


# Sampling


def chunk(task: Task) -> tuple[list[Line], list[Line]]:
    """Return the lines of both files for some reports of one machine."""
    command, machine, numbers = task
    reports: list[Line] = []
    sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(6))
    exact: dict[str, float | None] = {}
    for number in numbers:
        started = time.process_time()
        rows = rows_of_report(command, machine, number)
        seconds = time.process_time() - started
        judged = {id(one.row): one for one in studentised(rows, MACHINES[machine].trajectories)}
        for row in rows:
            one = judged.get(id(row))
            z = row.z if one is not None and row.z is not None else 0.0
            counts = (1, one is not None, one is not None and one.covered, row.status == "disagree", z, z * z)
            sums[name_of(row)] += np.array(counts, float)
            exact[name_of(row)] = row.exact
        tested = [row for row in rows if row.p_value is not None]
        worst = min(tested, key=lambda row: row.p_value or 0.0, default=None)
        line = {"machine": machine, "number": number, "seed": seed_of(machine, number), "wrong": int(wrong(rows))}
        line |= {"seconds": f"{seconds:.3f}"} | {status: 0 for status in STATUSES} | Counter(r.status for r in rows)
        if worst is not None:
            z = "" if worst.z is None else f"{worst.z:.4g}"
            line |= {"worst": name_of(worst), "worst_z": z, "worst_p": f"{worst.p_value:.3g}"}
        reports.append(line | _distributed(list(judged.values()), line["seed"]))
    where = {"machine": machine, "chunk": numbers[0]}
    added = {key: dict(zip(ROWS[4:], (f"{x:g}" for x in own), strict=True)) for key, own in sums.items()}
    return reports, [where | {"row": key, "exact": exact[key]} | own for key, own in added.items()]


def _distributed(judged: list, seed: int) -> Line:
    """Return what a report's judged rows say of the distributions of z and p; one is drawn with the report's seed."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    phi, p = np.histogram([one.phi for one in judged], edges)[0], [one.row.p_value for one in judged]
    found = {
        "judged": len(judged),
        "covered": sum(one.covered for one in judged),
        "phi_bins": " ".join(map(str, phi)),
        "p_bins": " ".join(map(str, np.histogram(p, edges)[0])),
    }
    if judged:
        chosen = judged[int(np.random.default_rng(seed).integers(len(judged)))]
        found |= {"row": name_of(chosen.row), "phi": f"{chosen.phi:.6g}", "p": f"{chosen.row.p_value:.6g}"}
    return found


def campaign(command: str, machines: Sequence[str], reports: int, seed0: int, processes: int, folder: Path) -> None:
    """Make the reports that the folder does not have yet, the same number of every machine."""
    each = -(-reports // len(machines))
    done = {(line["machine"], int(line["number"])) for line in lines_of(folder / f"{command}.csv")}
    missing = {name: [i for i in range(seed0, seed0 + each) if (name, i) not in done] for name in machines}
    # Machine after machine in turn, so that what there is so far tells of all of them.
    tasks: list[Task] = []
    for first in range(0, each, CHUNK):
        tasks += [(command, name, own[first : first + CHUNK]) for name, own in missing.items() if own[first:]]
    if not tasks:
        return
    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    # A chunk is in the folder when its reports are: the sums over its rows are written before.
    with get_context("spawn").Pool(processes) as pool:
        found = pool.imap_unordered(chunk, tasks)
        for own, sums in tqdm(found, total=len(tasks), unit=" chunks", disable=not sys.stderr.isatty()):
            append(folder / f"{command}_rows.csv", ROWS, sums)
            append(folder / f"{command}.csv", REPORTS, own)


# Files


def append(path: Path, fields: Sequence[str], lines: list[Line]) -> None:
    """Add lines to a CSV file, with a header where it is new."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields, restval="", lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(lines)


def lines_of(path: Path) -> list[Line]:
    """Return the lines of a CSV file; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# What is printed


def interval(count: int, n: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a binomial probability (Clopper and Pearson, Biometrika 26, 404 (1934))."""
    low = float(special.betaincinv(count, n - count + 1, 0.025)) if count else 0.0
    high = float(special.betaincinv(count + 1, n - count, 0.975)) if count < n else 1.0
    return low, high


def table(lines: list[Line]) -> Iterator[str]:
    """Yield the table, machine by machine and in all."""
    yield (
        f"{'machine':34}{'wrong':>7}{'of':>7}  {'P':>8} {'95 % bars':>13}{'judged':>9}"
        f"{'unres.':>8}{'exact':>7}{'other':>7}{'s':>7}   row that is wrong most often"
    )
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line["machine"]].append(line)
    for name, own in [*groups.items(), ("all", lines)]:
        count, n = sum(int(line["wrong"]) for line in own), len(own)
        total = {key: sum(int(line[key]) for line in own) for key in (*STATUSES, "judged", "covered")}
        rows = max(sum(total[status] for status in STATUSES), 1)
        other = total["unchecked"] + total["irreversible"]
        tested = total["agree"] + total["disagree"]
        share, error = coverage(*([int(line[key]) for line in own] for key in ("judged", "covered")))
        covered = f"{100 * share:.1f}({100 * error:.1f}) %" if total["judged"] else "-"
        shares = "".join(f"{100 * x / rows:7.1f}%" for x in (tested, total["unresolved"], total["exact"], other))
        common = Counter(line["worst"] for line in own if int(line["wrong"])).most_common(1)
        p = float(special.bdtrc(count - 1, n, FALSE_ALARM_RATE)) if count else 1.0
        seconds = np.mean([float(line["seconds"]) for line in own])
        which = f"{common[0][0]} ({common[0][1]})" if common and name != "all" else ""
        yield f"{name[:33]:34}{count:7}{n:7}  {p:8.2g} {covered:>13} {shares}{seconds:7.3f}   {which}"


def distributions(lines: list[Line]) -> Iterator[str]:
    """Yield the tests of the distributions of z and of p."""
    for name, expected in (("phi", "z of one judged row per report, normal"), ("p", "its p-value, uniform")):
        drawn = np.array([float(line[name]) for line in lines if line[name]])
        if not len(drawn):
            continue
        test = stats.kstest(drawn, "uniform")
        bins = sum(np.array(line[f"{name}_bins"].split(), float) for line in lines)
        distance = float(np.abs(np.cumsum(bins) / bins.sum() - np.arange(1, BINS + 1) / BINS).max())
        yield (
            f"{expected}: KS distance {test.statistic:.4f} in {len(drawn)}, p = {test.pvalue:.3g}; "
            f"all {int(bins.sum()):,} rows: {distance:.4f}"
        )


def worst_rows(lines: list[Line], most: int = 40) -> Iterator[str]:
    """Yield the rows that disagreed most often, and those whose bars cover least for their number of reports."""
    sums: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(6))
    for line in lines:
        sums[line["machine"], line["row"]] += np.array([float(line[key]) for key in ROWS[4:]])

    def key(item: tuple[Any, np.ndarray]) -> tuple[float, float]:
        _, judged, covered, disagree, _, _ = item[1]
        return disagree, (0.95 * judged - covered) / np.sqrt(max(0.0475 * judged, 1.0))

    yield f"{'machine':34}{'row':60}{'wrong':>7}{'judged':>8}{'of':>7}{'covered':>10}{'mean z':>9}{'rms z':>9}"
    for (machine, row), own in sorted(sums.items(), key=key, reverse=True)[:most]:
        reports, judged, covered, disagree, z, z2 = own
        share = f"{100 * covered / judged:.1f} %" if judged else "-"
        mean, rms = (z / judged, np.sqrt(z2 / judged)) if judged else (0.0, 0.0)
        yield (
            f"{machine[:33]:34}{row[:59]:60}{disagree:7.0f}{judged:8.0f}{reports:7.0f}{share:>10}{mean:9.2g}{rms:9.3g}"
        )


def verdict_line(command: str, lines: list[Line]) -> tuple[str, bool]:
    """Return what the campaign says, and whether it is good."""
    count, n = sum(int(line["wrong"]) for line in lines), len(lines)
    low, high = interval(count, n)
    good = low <= FALSE_ALARM_RATE
    said = "consistent with" if good else "MORE OFTEN than"
    said = "less often than" if high < FALSE_ALARM_RATE else said
    return (
        f"{command}: {count} of {n} correct engines called wrong: {1000 * count / n:.2f} in 1000 "
        f"(95 %: {1000 * low:.2f} to {1000 * high:.2f}): {said} {1000 * FALSE_ALARM_RATE:g} in 1000"
    ), good


def main() -> int:
    chosen = [name for name, machine in MACHINES.items() if not machine.slow]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--command", choices=COMMANDS, default="report")
    parser.add_argument("--reports", type=int, default=5000, help="of all machines together (default 5000)")
    parser.add_argument("--seed0", type=int, default=0, help="number of each machine's first seed (default 0)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--machines", nargs="+", choices=MACHINES, default=chosen, metavar="NAME")
    parser.add_argument("--folder", type=Path, default=Path("build/false_alarms"), help="default build/false_alarms")
    parser.add_argument("--rows", action="store_true", help="print the rows that are wrong most often")
    parser.add_argument("--list", action="store_true", help="list the machines and stop")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(f"{name}{'   (slow: by name alone)' * MACHINES[name].slow}" for name in MACHINES))
        return 0
    if min(asked.reports, asked.processes) < 1 or asked.seed0 < 0:
        parser.error("--reports and --processes must be 1 or more, --seed0 0 or more")
    campaign(asked.command, asked.machines, asked.reports, asked.seed0, asked.processes, asked.folder)
    every = lines_of(asked.folder / f"{asked.command}.csv")
    lines = [line for line in every if line["machine"] in asked.machines]
    print(*table(lines), "", *distributions(lines), sep="\n")
    if asked.rows:
        sums = lines_of(asked.folder / f"{asked.command}_rows.csv")
        print("", *worst_rows([line for line in sums if line["machine"] in asked.machines]), sep="\n")
    said, good = verdict_line(asked.command, lines)
    print("", said, sep="\n")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
