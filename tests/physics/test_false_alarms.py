"""A correct engine is called wrong at most once in 1000 reports, by every command, on machines that no paper has.

A few reports of each machine of the zoo, with fixed seeds; runs/benchmarks/false_alarms.py makes 5000. With n reports
each called wrong with probability 10^-3 at most, more than MOST come once in 4000 or less (Poisson: 0.36 expected in
report, 3 allowed; 0.13 and less in the others, 2 allowed). The distribution of z is tested at 10^-4, coverage at four
standard errors (6*10^-5). Controls: with a budget of 1 in 2 more than MOST reports are wrong, for every command; and
streams that are used four times over, which halve error bars, are caught. That wrong engines are caught is shown by
test_negative_controls.py.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import verdicts
from sampled import judged, point_of
from scipy import stats
from verdicts import COMMANDS, Coverage, alarm, coverage, rows_of_report, seed_of, studentised, wrong
from zoo import MACHINES

from trajectories.model import Model
from trajectories.report.judge import verdict
from trajectories.report.rows import Row
from trajectories.sampling.preparation import prepare
from trajectories.systems import diamond

EACH = {"report": 8, "theorems": 2, "counting": 3, "records": 3}  # reports of each machine: about ten seconds a command
MOST = {"report": 3, "theorems": 2, "counting": 2, "records": 2}
DEAR = {  # a second and more, for what they have in common with cheaper ones
    "report": (),
    "theorems": ("dense, d = 12", "double dot, log times", "diamond, log times", "diamond, 300 relaxation times"),
    "counting": ("dense, d = 12",),
    "records": ("dense, d = 12",),
}


@cache
def reports(command: str) -> list[tuple[str, int, list[Row]]]:
    """Return machine, number and judged rows of some reports of every machine."""
    names = [name for name, machine in MACHINES.items() if not machine.slow and name not in DEAR[command]]
    return [(name, i, rows_of_report(command, name, i)) for name in names for i in range(EACH[command])]


def covered(command: str) -> Coverage:
    """Return the coverage of the 95 % bars of all judged rows."""
    found = [studentised(rows, MACHINES[name].trajectories) for name, _, rows in reports(command)]
    return coverage(map(len, found), (sum(one.covered for one in own) for own in found))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_correct_engine_is_hardly_ever_called_wrong(command: str) -> None:
    found = [(name, i) for name, i, rows in reports(command) if wrong(rows)]
    assert len(found) <= MOST[command], found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_judge_that_cries_wolf_is_caught(command: str) -> None:
    """Control: the same p-values held against a budget of 1 in 2; bounds, and rows that hang together, halve it."""
    assert sum(alarm(rows, 0.5) for _, _, rows in reports(command)) > MOST[command]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_hundred_times_the_budget_is_kept(command: str) -> None:
    """At 1 in 10; that more reports are wrong has the probability 10^-4 at most (binomial)."""
    found, n = sum(alarm(rows, 0.1) for _, _, rows in reports(command)), len(reports(command))
    assert stats.binom.sf(found - 1, n, 0.1) > 1e-4, (found, n)


@pytest.mark.parametrize("command", COMMANDS)
def test_judged_rows_are_normal(command: str) -> None:
    """z of one judged row of each report, drawn at random."""
    drawn = []
    for name, i, rows in reports(command):
        if own := studentised(rows, MACHINES[name].trajectories):
            drawn.append(own[int(np.random.default_rng(seed_of(name, i)).integers(len(own)))].phi)
    assert len(drawn) > 0.5 * len(reports(command))
    assert stats.kstest(drawn, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("command", COMMANDS)
def test_bars_cover_what_they_promise(command: str) -> None:
    share, error = covered(command)
    assert abs(share - 0.95) < 4 * error, (share, error)


def test_streams_used_four_times_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: error bars too small by two call a third of these reports wrong."""
    honest, machine = verdicts.sample_block, "nearly degenerate"

    def repeated(plan, observables, seed, point, first, size, *rest):
        return honest(plan, observables, seed, point, first // (4 * size) * size, size, *rest)

    monkeypatch.setattr(verdicts, "sample_block", repeated)
    assert sum(wrong(rows_of_report("report", machine, i)) for i in range(40)) > MOST["report"]


@pytest.mark.parametrize("trajectories", [1, 2])
def test_what_is_too_few_resolves_nothing(trajectories: int) -> None:
    model: Model = diamond(beta_A=-2.0, beta_S=3.0)
    preparation = prepare(model, np.array([1.0]), None, trajectories, pair=(0, 1))
    assert verdict(judged([point_of(preparation, trajectories, 1)])) == "unresolved"
