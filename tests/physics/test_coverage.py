"""An error bar is a promise: over 1000 repeated runs the 95 % intervals cover 91 to 99 %.

A correct interval leaves that band with probability 2*10^-8 per quantity (binomial, 1000 runs). The full check with
4000 runs is runs/benchmarks/interval_coverage.py. Control: a stream used for two trajectories makes the error bars too
small by sqrt(2): 83 % are covered.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from trajectories.sampling.preparation import Preparation
from trajectories.sampling.statistics import Block

RUNS = 1000


def _script() -> ModuleType:
    path = Path(__file__).parents[2] / "runs" / "benchmarks" / "interval_coverage.py"
    spec = importlib.util.spec_from_file_location("coverage_script", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()
COUNTED = {"activity", "entropy_production", "entropy_production_rate", "energy"}
BATHS = {"heat_current A", "heat_current S", "energy_current A", "energy_current S"}
BELL = {"population G", "population S", "population A", "population E"}
# What each case must test: a quantity resolved in some runs only would be judged on a selection.
EXPECTED = {
    "diamond (-2, 3), relaxing": COUNTED | BATHS | BELL | {"concurrence 1-2", "negativity 1-2"},
    "diamond (0, 1), steady": COUNTED | BATHS | BELL | {"integral_fluctuation_theorem"},
    "engine, relaxing": COUNTED
    | {"heat_current h", "heat_current c", "energy_current h", "energy_current c"}
    | {"population 00", "population 01", "population 10", "population 11"},
}


@pytest.mark.parametrize("case", ["diamond (-2, 3), relaxing", "diamond (0, 1), steady", "engine, relaxing"])
def test_intervals_cover_what_they_promise(case: str) -> None:
    found = SCRIPT.coverage(SCRIPT.cases()[case], RUNS)
    assert set(found) == EXPECTED[case]
    assert not {name: share for name, share in found.items() if not 0.91 <= share <= 0.99}


def one_stream_for_two(preparation: Preparation, seed: int, index: int) -> Block:
    """Give every second block the streams of the one before it."""
    return SCRIPT.honest(preparation, seed, index // 2)


def test_a_stream_used_twice_is_caught() -> None:
    found = SCRIPT.coverage(SCRIPT.cases()["diamond (-2, 3), relaxing"], 300, one_stream_for_two)
    # Expected 0.834; 0.91 lies 3.5 standard errors of 300 runs above it, for each quantity.
    assert max(found.values()) < 0.91
