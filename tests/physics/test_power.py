"""A wrong engine is caught: faults planted one at a time, each with the N that runs/benchmarks/power.py says it takes.

The script's table goes to 10^7 trajectories; here the faults that it catches early, and ten- to sixtyfold enlargements
of those that it catches late, since N falls with the square of the size. That the right engine passes is the other
half.
"""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path
from types import ModuleType

import planted
import pytest
from mutants import mutant, sampler


def _script() -> ModuleType:
    path = Path(__file__).parents[2] / "runs" / "benchmarks" / "power.py"
    spec = importlib.util.spec_from_file_location("power_script", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()
FAULTS = SCRIPT.FAULTS
MACHINES = SCRIPT.machines()
SEEDS = (1, 2)
N = 30_000


def larger(change: planted.Change, off: float) -> object:
    return SCRIPT.Fault(f"{change.__name__} off by {off}", partial(change, off=off))


# Name, fault, N at which the report and the theorems must see it (None: they cannot, or not yet), and where.
CAUGHT = {
    "rate": (larger(planted.rate, 0.1), N, None, ("engine", "engine-steady", "diamond-steady")),
    "coupling": (larger(planted.coupling, 0.15), N, None, ("engine",)),
    "entropy step": (larger(planted.entropy_step, 0.2), N, None, ("engine",)),
    "times": (larger(planted.times, 0.06), N, None, ("engine", "engine-steady", "diamond-steady")),
    "weights": (larger(planted.weights, 0.1), 10_000, N, ("engine-steady", "diamond-steady")),
    "jumps missed": (
        SCRIPT.Fault("", kernel=partial(planted.jumps_missed, share=0.05)),
        N,
        None,
        ("engine", "diamond-steady"),
    ),
    "loss": (FAULTS["loss"], 3000, 10_000, ("engine", "engine-steady", "diamond-steady")),
    "final basis": (FAULTS["final-basis"], 10_000, None, ("engine",)),
    "partners": (FAULTS["partners"], 3000, 3000, ("engine", "engine-steady", "diamond-steady")),
    "heat sign": (FAULTS["heat-sign"], 3000, None, ("engine", "engine-steady", "diamond-steady")),
    "streams": (FAULTS["streams-of-one-block"], 3000, 3000, ("engine", "engine-steady", "diamond-steady")),
}


@pytest.mark.parametrize(("name", "machine"), [(name, where) for name in CAUGHT for where in CAUGHT[name][3]])
def test_a_wrong_engine_is_caught_where_statistics_allow(name: str, machine: str) -> None:
    fault, by_report, by_theorems, _ = CAUGHT[name]
    for judge, n in (("report", by_report), ("theorems", by_theorems)):
        if n is not None:
            assert all(SCRIPT.disagreeing(MACHINES[machine], fault, judge, n, seed) for seed in SEEDS), judge


@pytest.mark.parametrize("judge", ["report", "theorems"])
@pytest.mark.parametrize("machine", ["engine", "engine-steady", "diamond-steady"])
def test_the_right_engine_is_not(machine: str, judge: str) -> None:
    """Twelve reports, each wrongly judged with probability 10^-3: once in 80 choices of seeds."""
    assert not any(SCRIPT.disagreeing(MACHINES[machine], FAULTS["nothing"], judge, N, seed) for seed in SEEDS)


def test_one_number_for_waiting_time_and_channel_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The script compiles this kernel; plain Python is quicker for so few trajectories."""

    def interpreted(old: str, new: str) -> planted.Kernel:
        return sampler(mutant(tmp_path, "jumps.py", old, new, interpreted=True))

    monkeypatch.setattr(SCRIPT, "_kernel_with", interpreted)
    assert SCRIPT.disagreeing(MACHINES["engine"], FAULTS["channel-by-waiting-time"], "report", 3000, 1)


def test_the_table_has_a_line_for_each_fault_and_says_where_none_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--seeds", "1", "--to", "3e3", "--faults", "nothing,partners,final-basis", "--out", str(tmp_path / "power")]
    assert SCRIPT.main(["--machines", "engine,diamond-steady", *out]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:4] == ["| no fault | - | - |", "| partners swapped | 1e3 | 1e3 |"]
    assert lines[4].endswith("|  |"), "no other basis in sectors of one level"
    assert (tmp_path / "power.md").read_text().splitlines() == lines
    assert "engine,partners,report,1,1000,entropy_production" in (tmp_path / "power.csv").read_text()
    with pytest.raises(SystemExit, match="--faults: such: choose from nothing, rate"):
        SCRIPT.main(["--faults", "such"])
