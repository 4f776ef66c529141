"""[derived] and [optimise] in run files: what they give at each point, how runs go on with them, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from steady_values import steady_values

from trajectories.cli.main import main
from trajectories.counting import optimum
from trajectories.errors import InputError
from trajectories.report.result import open_result
from trajectories.report.solution import Solution
from trajectories.runfiles import optimised
from trajectories.runfiles.derived import resolve
from trajectories.runfiles.fingerprints import differing_names
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run, load
from trajectories.runfiles.system_table import SystemTable
from trajectories.running.driver import execute

SYSTEM = {"name": "reset_engine", "T_c": 0.1, "T_h": 2.0, "p_c": 1e-2}


def run_of(system: dict[str, Any] | None = None, trajectories: int = 64, **tables: Any) -> Run:
    ensemble = {"trajectories": trajectories, "duration": 100.0, "samples": 1}
    return Run.from_mapping({"system": system or SYSTEM, "ensemble": ensemble, **tables}, source="run.toml")


def test_derived_numbers_in_any_order_and_names_that_are_no_parameters() -> None:
    derived = {"g": "half * 2", "half": "share * p_c * energy", "p_h": "ratio * p_c"}
    run = run_of({**SYSTEM, "share": 0.08}, derived=derived, sweep={"ratio": [0.1, 0.2]})
    jobs = jobs_of(run)
    found = [{name: job.model.parameters[name] for name in ("g", "p_h", "half", "share", "ratio")} for job in jobs]
    for one, ratio in zip(found, (0.1, 0.2), strict=True):
        wanted = {"g": 1.6e-3, "p_h": ratio * 1e-2, "half": 8e-4, "share": 0.08, "ratio": ratio}
        assert one == pytest.approx(wanted, rel=1e-14)
    plain = jobs_of(run_of({**SYSTEM, "g": found[0]["g"], "p_h": found[0]["p_h"]}))
    assert jobs[0].fingerprints() == plain[0].fingerprints()
    assert differing_names(jobs[1].fingerprints(), plain[0].fingerprints()) == ["system.p_h", "operators"]


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"derived": {"g": "x", "x": "2*y", "y": "g"}}, "g -> x -> y -> g"),
        ({"derived": {"g": "g"}}, "g -> g"),
        ({"derived": {"g": "0.1 * p_d"}}, 'unknown name p_d; did you mean "p_c"'),
        ({"derived": {"T_c": "1"}}, r"\[system\] too"),
        ({"derived": {"g": "1e-3"}, "sweep": {"g": [1e-3, 2e-3]}}, r"\[sweep\] too"),
        ({"derived": {"g": "sqrt(0.05 - T_c)", "p_h": "1"}}, "has no value"),
        ({"derived": {"g": True}}, "formula"),
        ({"derived": {"g": "1e-3", "p_h": "1e-3", "unused": "1"}}, "unknown parameter 'unused'"),
        ({"sweep": {"rate": [1, 2]}, "derived": {"g": "1e-3", "p_h": "1e-3"}}, "unknown parameter 'rate'"),
        ({"optimise": {"maximise": "concurence", "over": ["g", "p_h"]}}, 'did you mean "concurrence"'),
        ({"optimise": {"maximise": "concurrence", "over": ["g", "p_x"]}}, "no parameter"),
        ({"optimise": {"maximise": "concurrence", "over": {"g": [2, 1]}}}, "lower, upper"),
        ({"optimise": {"maximise": "concurrence", "over": {"g": [1, "a"]}}}, "lower, upper"),
        ({"optimise": {"maximise": "concurrence", "over": {}}}, "one to four"),
        ({"optimise": {"maximise": "concurrence", "over": {"g": [1, 10**400], "p_h": []}}}, "finite"),
        ({"optimise": {"maximise": "concurrence", "over": {"g": [1e-300, 1e300], "p_h": []}}}, "their ratio"),
        ({"optimise": {"maximise": "0/0", "over": ["g", "p_h"]}}, r"\[optimise\] maximise = .* no value"),
        ({"sweep": {"T_h": [1, 10**400]}, "derived": {"g": "1", "p_h": "1"}}, "list of different numbers"),
        ({"optimise": {"maximise": "concurrence"}}, "over"),
        ({"optimise": {"over": ["g"]}}, "maximise is missing"),
        ({"optimise": {"maximise": "concurrence", "over": ["g"]}, "sweep": {"g": [1, 2]}}, "one of them"),
    ],
)
def test_what_is_refused(tables: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named) as caught:
        jobs_of(run_of(**tables))
    assert "\n" not in str(caught.value)


def test_a_long_chain_of_formulas() -> None:
    chain = {f"a{i}": f"a{i + 1}" for i in range(3000)} | {"a3000": "1e-3", "g": "a0", "p_h": "a0"}
    (job,) = jobs_of(run_of(derived=chain))
    assert job.model.parameters["g"] == 1e-3


def test_a_run_with_derived_numbers_is_read_resumed_and_extended(tmp_path: Path) -> None:
    text = (
        '[system]\nname = "reset_engine"\nT_c = 0.1\np_c = 1e-2\n[ensemble]\ntrajectories = 64\nduration = 50\n'
        'samples = 1\n[sweep]\nT_h = [1, 2]\n[derived]\nhalf = "0.5*p_c"\np_h = "0.2*half"\n'
        '[optimise]\nmaximise = "concurrence"\nover = { g = [] }\n'
    )
    (tmp_path / "run.toml").write_text(text)
    run = load(tmp_path / "run.toml")
    output = tmp_path / "run.h5"
    first = execute(jobs_of(run), output)
    couplings = [point.parameters["g"] for point in first.points]
    assert couplings[0] != couplings[1] and first.points[0].parameters["half"] == 5e-3
    again = open_result(output)
    assert [point.parameters for point in again.points] == [point.parameters for point in first.points]
    stored = Run.from_mapping(json.loads(json.dumps(again.meta["run"])))
    assert jobs_of(stored).fingerprints() == jobs_of(run).fingerprints()
    more = execute(jobs_of(load(tmp_path / "run.toml", ["ensemble.trajectories=128"])), output)
    assert [point.trajectories for point in more.points] == [128, 128]
    header = next(line for line in more.report().text().splitlines() if line.startswith("T_h"))
    assert header.split()[:2] == ["T_h", "g"]  # what is optimised has a column, not the value of the first point
    shown = more.report().json()["points"][1]["parameters"]
    assert shown["half"] == 5e-3 and shown["g"] == couplings[1]
    execute(jobs_of(load(tmp_path / "run.toml", ["derived.half=5e-1 * (p_c)"])), output)
    with pytest.raises(InputError, match=r"derived\.half: 0\.5 \* p_c in the file, 0\.6 \* p_c asked for"):
        execute(jobs_of(load(tmp_path / "run.toml", ["derived.half=0.6*p_c"])), output)


def test_a_resumed_run_has_the_couplings_that_were_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another search, which finds others, changes nothing of a run that has its couplings in the file."""
    tables = {"sweep": {"T_h": [1.0, 2.0]}, "optimise": {"maximise": "concurrence", "over": {"g": []}}}
    system, output = {**SYSTEM, "p_h": 1e-3}, tmp_path / "run.h5"
    first = execute(jobs_of(run_of(system, **tables)), output)
    couplings = [point.parameters["g"] for point in first.points]

    def other(*arguments: Any) -> Any:
        best = maximum(*arguments)
        return replace(best, parameters={name: 1.01 * value for name, value in best.parameters.items()})

    maximum = optimum.maximum
    monkeypatch.setattr(optimum, "maximum", other)
    monkeypatch.setattr(optimised, "_searched", {})
    more = execute(jobs_of(run_of(system, 128, **tables)), output)
    assert [point.trajectories for point in more.points] == [128, 128]
    assert [point.parameters["g"] for point in more.points] == couplings
    elsewhere = execute(jobs_of(run_of(system, **tables)), tmp_path / "other.h5")
    assert [point.parameters["g"] for point in elsewhere.points] == pytest.approx([1.01 * g for g in couplings])


def test_optimised_couplings_are_those_of_a_direct_search() -> None:
    """At T_c = 0, T_h = inf and p_c = 1e-2 the best couplings are 0.160596 p_c and 0.113433 p_c (reference value)."""
    system = {"name": "reset_engine", "T_c": 0.0, "T_h": float("inf"), "p_c": 1e-2}
    point = resolve(run_of(system, optimise={"maximise": "concurrence", "over": ["g", "p_h"]}))
    assert point.system["g"] == pytest.approx(1.60596e-3, abs=5e-9)
    assert point.system["p_h"] == pytest.approx(1.13433e-3, abs=5e-9)
    assert point.optimum is not None and point.optimum.value == pytest.approx(0.05410901, abs=5e-9)
    assert not point.optimum.active and not point.optimum.zero


def test_optimising_what_formulas_use() -> None:
    """g and p_h as multiples of p_c: the same maximum over the multiples."""
    tables = {
        "derived": {"g": "x * p_c", "p_h": "y * p_c"},
        "optimise": {"maximise": "concurrence", "over": {"x": [1e-4, 1], "y": [1e-4, 1]}},
    }
    system = {"name": "reset_engine", "T_c": 0.0, "T_h": float("inf"), "p_c": 3e-3}
    (job,) = jobs_of(run_of(system, **tables))
    assert job.model.parameters["x"] == pytest.approx(0.160596, abs=1e-6)
    assert job.model.parameters["g"] == job.model.parameters["x"] * 3e-3


def test_a_formula_of_quantities_is_maximised_and_bounds_are_named() -> None:
    optimise = {"maximise": "heat_current.h - 1e-9*T_h", "over": {"T_h": [0.5, 4.0]}}
    point = resolve(run_of({**SYSTEM, "g": 1e-3, "p_h": 1e-3}, optimise=optimise))
    assert point.system["T_h"] == 4.0 and point.optimum.active == {"T_h": "upper"}
    point = resolve(run_of({**SYSTEM, "g": 1e-3, "p_h": 1e-3}, optimise={**optimise, "maximise": "-activity"}))
    assert point.optimum.value == pytest.approx(-1.1e-2)  # resets come at p_c + p_h, whatever T_h


def test_only_the_chosen_points_of_a_sweep_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {"sweep": {"T_h": [1.1, 2.1, 3.1, 4.1]}, "optimise": {"maximise": "concurrence", "over": ["g", "p_h"]}}
    every = [job.model.parameters for job in jobs_of(run_of(**tables))]
    searched = []

    def search(machine: Any, table: Any, *others: Any) -> Any:
        searched.append(table["T_h"])
        return found(machine, table, *others)

    found = optimised._search
    monkeypatch.setattr(optimised, "_search", search)
    monkeypatch.setattr(optimised, "_searched", {})
    jobs = jobs_of(run_of(**tables), "1::2")
    list(jobs)
    assert searched == [2.1, 4.1]
    assert [job.point for job in jobs] == [1, 3] and [job.points for job in jobs] == [4, 4]
    assert [job.model.parameters for job in jobs] == every[1::2]


def test_where_nothing_is_entangled_it_says_so() -> None:
    optimise = {"maximise": "concurrence", "over": ["g", "p_h"]}
    runs = [run_of({**SYSTEM, "T_c": T_c, "T_h": 1.0}, optimise=optimise) for T_c in (0.178, 0.2)]
    found = Solution.of([jobs_of(run)[0] for run in runs]).json()["points"]
    assert not found[0]["maximum"]["zero"] and found[0]["maximum"]["value"] > 0
    assert found[1]["maximum"]["zero"] and found[1]["maximum"]["value"] == 0.0
    assert "= 0 everywhere" in Solution.of(jobs_of(runs[1])).text()
    places = [one["maximum"]["over"]["g"]["value"] for one in found]
    assert 0.1 < places[0] / places[1] < 10  # next to where entanglement ends, the couplings are next to each other


def test_the_command_line_maximises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.toml"
    file.write_text(
        '[system]\nname="reset_engine"\nT_c=0\nT_h=inf\np_c=1e-2\ng=1e-3\np_h=1e-3\n'
        "[ensemble]\ntrajectories=10\nduration=1\nsamples=1\n"
    )
    command = ["solve", str(file), "--maximise", "concurrence", "--over"]
    assert main([*command, "g=1e-5:1e-3, p_h", "--json"]) == 0
    point = json.loads(capsys.readouterr().out)["points"][0]
    assert point["maximum"]["over"]["g"] == {"value": 1e-3, "from": 1e-5, "to": 1e-3, "bound": "upper"}
    assert point["maximum"]["over"]["p_h"]["to"] == 1e-2 and point["parameters"]["g"] == 1e-3
    row = next(row for row in point["rows"] if row["quantity"] == "concurrence")
    assert row["exact"] == pytest.approx(point["maximum"]["value"], rel=1e-12)
    assert main([*command, "g,p_c,p_h"]) == 0
    assert "p_c = 0.01 (on its upper bound)" in capsys.readouterr().out
    for wrong in (["--maximise", "concurrence"], ["--over", "g"], [*command[2:], "g=1"], [*command[2:], "g,g"]):
        assert main(["solve", str(file), *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_tables_of_a_whole_grid_at_once() -> None:
    run = run_of(derived={"g": "0.16*p_c", "p_h": "ratio*p_c"}, sweep={"ratio": [0.1, 0.2]})
    grid = np.linspace(0.05, 0.3, 7)
    system = {**run.system, "T_h": 3.0}
    table, _ = SystemTable(system, run.derived, run.directory, "").at({**system, "ratio": grid}, 7)
    np.testing.assert_allclose(table["p_h"], grid * 1e-2, rtol=1e-14)
    assert table["T_h"] == 3.0 and "ratio" not in table
    whole = steady_values(table, ["concurrence"])["concurrence"]
    one = steady_values({**table, "p_h": float(table["p_h"][3]), "g": 1.6e-3}, ["concurrence"])["concurrence"]
    assert whole.shape == (7,) and whole[3] == pytest.approx(one[0], rel=1e-12)


def test_what_is_not_of_two_qubits_is_maximised_too(tmp_path: Path) -> None:
    """Two qutrits: a negativity that vanishes everywhere has no margin to go by, and the first of the grid is taken."""
    (tmp_path / "own.py").write_text(
        "import numpy as np\nfrom trajectories import Channel, Model, Reservoir\n\n"
        "def build(rate):\n"
        "    lower = np.kron(np.diag([1.0, 1.0], 1), np.eye(3))\n"
        "    other = np.kron(np.eye(3), np.diag([1.0, 1.0], 1))\n"
        "    channels = [Channel('a', np.sqrt(rate) * lower, 'x'), Channel('b', other, 'x')]\n"
        "    channels += [Channel('c', lower.T, 'x'), Channel('d', other.T, 'x')]\n"
        "    return Model(np.zeros((9, 9)), channels, [Reservoir('x')], dims=(3, 3), entropy=False)\n"
    )
    tables = {"system": {"file": "own.py", "function": "build"}, "ensemble": {"trajectories": 1, "duration": 1.0}}
    optimise = {"maximise": "negativity", "over": {"rate": [1.0, 2.0]}}
    point = resolve(Run.from_mapping({**tables, "optimise": optimise}, directory=tmp_path))
    assert point.optimum.zero and point.optimum.value == 0.0
    optimise = {"maximise": "population.00", "over": {"rate": [1.0, 2.0]}}
    point = resolve(Run.from_mapping({**tables, "optimise": optimise}, directory=tmp_path))
    assert point.optimum.active == {"rate": "upper"}
    with pytest.raises(InputError, match="default bounds"):
        resolve(Run.from_mapping({**tables, "optimise": {**optimise, "over": ["rate"]}}, directory=tmp_path))


@pytest.mark.parametrize(
    ("name", "change", "place"),
    [
        ("diamond_sweep", "system.beta_S=1", "sweep.beta_S"),
        ("papers/brask_fig2a", "system.g=1e-3", "optimise.over"),
    ],
)
def test_a_change_that_another_table_would_overrule_is_refused(name: str, change: str, place: str) -> None:
    path = Path(__file__).parents[3] / f"runs/{name}.toml"
    with pytest.raises(InputError, match=f"has no effect.*{place}"):
        load(path, [change])
    load(path, [])
