"""Sweeps: what a run file may ask for, and points that share a file but not their random numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trajectories
from trajectories.cli.main import main
from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.report.result import ResultData, open_result
from trajectories.report.solution import Solution
from trajectories.report.status import RunStatus
from trajectories.runfiles.job import Job, jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.sampling.preparation import groups_for
from trajectories.sampling.statistics import Block
from trajectories.studies import replay


def run_of(sweep: object, trajectories_wanted: int = 640, **ensemble: object) -> Run:
    mapping = {
        "system": {"name": "diamond", "beta_A": -2.0},
        "ensemble": {
            "trajectories": trajectories_wanted,
            "duration": 1.0,
            "samples": 1,
            "initial": "ground",
            **ensemble,
        },
        "sweep": sweep,
    }
    return Run.from_mapping(mapping, name="sweep")


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ([0, 1.5, 3], [0, 1.5, 3]),
        ({"from": 0, "to": 1, "points": 5}, [0, 0.25, 0.5, 0.75, 1]),
        ({"from": 0.1, "to": 10, "points": 3, "scale": "log"}, [0.1, 1, 10]),
    ],
)
def test_values_of_a_parameter(sweep: object, values: list[float]) -> None:
    np.testing.assert_allclose(run_of({"beta_S": sweep}).sweep["beta_S"], values, rtol=1e-14)


def test_two_parameters_make_a_grid_the_last_one_fastest() -> None:
    jobs = jobs_of(run_of({"beta_S": [0, 1], "pump": [1, 2, 3]}))
    assert [tuple(job.swept.values()) for job in jobs] == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]
    assert [job.model.parameters["pump"] for job in jobs] == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize(
    ("sweep", "named"),
    [
        ({"beta_S": []}, "beta_S"),
        ({"beta_S": "0"}, "beta_S"),
        ({"beta_S": [1, 1]}, "twice"),
        ({"beta_S": [1, "a"]}, "beta_S"),
        ({"beta_S": {"from": 0, "to": 1}}, "points"),
        ({"beta_S": {"from": 0, "to": 1, "points": 1}}, "points"),
        ({"beta_S": {"from": 0, "to": 1, "points": 3, "scale": "log"}}, "positive"),
        ({"beta_S": {"from": 1, "to": 2, "points": 3, "scale": "lin"}}, "linear"),
        ({"beta_S": {"from": 1, "to": 2, "point": 3}}, 'did you mean "points"'),
        ({"beta_S": [1, 2], "pump": [1, 2], "omega": [1, 2]}, "one or two"),
    ],
)
def test_what_a_sweep_cannot_be(sweep: object, named: str) -> None:
    with pytest.raises(InputError, match=named):
        run_of(sweep)


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(InputError, match="beta_T"):
        jobs_of(run_of({"beta_T": [1, 2]}))


def test_one_point_is_not_a_sweep() -> None:
    with pytest.raises(InputError, match="one point"):
        Job.of(run_of({"beta_S": [1, 2]}))


def test_points_that_do_not_fit_together_are_refused() -> None:
    """beta_A = -inf has a channel less, and a plan of another shape is fine; other sectors are not."""
    mapping = {
        "system": {"name": "local_engine", "T_h": 2.0, "T_c": 0.3, "g": 0.1, "gamma_h": 0.1, "gamma_c": 0.1},
        "ensemble": {"trajectories": 64, "duration": 1.0},
        "sweep": {"kappa_h": [0.0, 0.05]},
    }
    with pytest.raises(InputError, match="other sectors"):
        execute(jobs_of(Run.from_mapping(mapping)))


def groups(result: ResultData) -> list[list[Block]]:
    return [point.groups for point in result.points]


def assert_same(found: ResultData, wanted: ResultData) -> None:
    for one, other in zip(groups(found), groups(wanted), strict=True):
        for a, b in zip(one, other, strict=True):
            for name, left, right in zip(Block._fields, a, b, strict=True):
                np.testing.assert_array_equal(left, right, err_msg=name)


def test_a_stopped_sweep_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    jobs = jobs_of(run_of({"beta_S": [0, 1, 2]}))
    wanted = execute(jobs)
    output = tmp_path / "sweep.h5"

    class Enough(Exception):
        pass

    def stop_after(share: float):
        def progress(done: int, total: int) -> None:
            if done >= share * total:
                raise Enough

        return progress

    for share in (0.2, 0.5, 0.9):
        with pytest.raises(Enough):
            execute(jobs, output, stop_after(share))
    begun = open_result(output)
    assert [point.index for point in begun.points] == [0, 1, 2] and begun.points[2].trajectories < 640
    assert_same(execute(jobs, output), wanted)
    assert_same(open_result(output), wanted)
    assert [point.swept for point in open_result(output).points] == [{"beta_S": 0}, {"beta_S": 1}, {"beta_S": 2}]


def test_points_have_streams_of_their_own() -> None:
    """The same parameters at another place of a sweep are other trajectories, and at the same place the same."""
    first = execute(jobs_of(run_of({"beta_S": [1, 2]})))
    second = execute(jobs_of(run_of({"beta_S": [2, 1]})))
    third = execute(jobs_of(run_of({"beta_S": [5, 2]})))
    assert not np.array_equal(first.points[0].total.mean, second.points[1].total.mean)
    np.testing.assert_array_equal(first.points[1].total.mean, third.points[1].total.mean)
    one = trajectories.run(first.points[0].preparation.model, duration=1.0, trajectories=640, initial="ground", seed=1)
    np.testing.assert_array_equal(first.points[0].total.mean, one.points[0].total.mean)


def test_another_sweep_is_refused_and_more_trajectories_extend(tmp_path: Path) -> None:
    output = tmp_path / "sweep.h5"
    execute(jobs_of(run_of({"beta_S": [0, 1]})), output)
    with pytest.raises(InputError, match=r"sweep\.beta_S\[1\]: 1 in the file, 2 asked for"):
        execute(jobs_of(run_of({"beta_S": [0, 2]})), output)
    more = execute(jobs_of(run_of({"beta_S": [0, 1]}, 1280)), output)
    assert [point.trajectories for point in more.points] == [1280, 1280]


def test_records_and_replay_know_the_point() -> None:
    result = execute(jobs_of(run_of({"beta_S": [0, 3]}, records=5)))
    assert result.jump_records is not None
    assert result.jump_records.point.tolist() == [0] * 5 + [1] * 5
    told = replay(result, 2, point=1)
    own = slice(result.jump_records.offsets[7], result.jump_records.offsets[8])
    np.testing.assert_array_equal(told.jump_times, result.jump_records.times[own])
    with pytest.raises(InputError, match="point 2"):
        replay(result, 0, point=2)


def test_report_and_solution_have_every_point() -> None:
    run = run_of({"beta_S": [0, 1, 2]})
    report = execute(jobs_of(run)).report()
    found = json.loads(json.dumps(report.json(), allow_nan=False))
    assert [point["parameters"]["beta_S"] for point in found["points"]] == [0, 1, 2]
    assert report.text().count("\n") < 20 and "beta_S" in report.text()
    assert len(report.csv().splitlines()) == 1 + len(report.rows)
    solved = Solution.of(jobs_of(run)).json()
    exact = {(row["quantity"], row["reservoir"]): row["exact"] for row in solved["points"][1]["rows"]}
    sampled = {(row["quantity"], row["reservoir"]): row["exact"] for row in found["points"][1]["rows"]}
    assert exact == sampled


def test_the_command_line_runs_and_draws_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, sweep in (("curves", "beta_S = [0, 2, 4]"), ("maps", "beta_S = [0, 2]\npump = [1, 2]")):
        text = '[system]\nname = "diamond"\nbeta_A = -2\n[ensemble]\ntrajectories = 128\nduration = 1\nsamples = 1\n'
        Path(f"{name}.toml").write_text(f"{text}[sweep]\n{sweep}\n")
        assert main(["run", f"{name}.toml", "--quiet"]) in (0, 3)
        assert Path(f"{name}.png").stat().st_size > 10_000
        assert main(["figure", f"{name}.toml", "--exact", "-o", "exact.pdf"]) == 0
        assert main(["run", f"{name}.toml", "--plan"]) == 0
        assert main(["replay", f"{name}.h5", "--trajectory", "1", "--point", "1"]) == 0


def test_commands_that_take_one_point_of_a_sweep_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sweep.toml"
    text = '[system]\nname = "diamond"\nbeta_A = 0\n[ensemble]\ntrajectories = 64\nduration = 0.5\n'
    path.write_text(f"{text}[sweep]\nbeta_S = [0.5, 1, 1.0000001]\n")
    one = tmp_path / "one.toml"
    one.write_text(text.replace("beta_A = 0", "beta_A = 0\nbeta_S = 1"))
    small = ["--u", "0.5", "--population", "64", "--repetitions", "4", "--windows", "4", "--json"]

    def rare(file: Path, *words: str) -> dict[str, Any]:
        assert main(["rare", str(file), *words, *small]) in (0, 3)
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    second, third, alone = rare(path, "--point", "1"), rare(path, "--point", "2"), rare(one)
    assert second["parameters"] == alone["parameters"] and second["parameters"]["beta_S"] == 1
    key = "exact_log_average"
    assert second["rows"][0][key] == alone["rows"][0][key] == pytest.approx(third["rows"][0][key], rel=1e-5)
    # Points of a sweep have random streams of their own: with the same ones, estimates would be as near.
    estimates = np.sort([found["rows"][0]["log_average"] for found in (second, third, alone)])
    assert np.diff(estimates).min() > 1e-4 * abs(estimates).max()
    wrong = [
        (["rare", str(path)], "choose it with --point"),
        (["rare", str(path), "--point", "3"], "--point 3: chooses none of the 3 points (0 to 2)"),
        (["rare", str(path), "--point", "-1"], "--point -1"),
        (["counting", str(path), "--point", "7"], "--point 7: chooses none of the 3 points (0 to 2)"),
        (["replay", str(path), "--trajectory", "0", "--point", "7"], "point 7: sweep has the points 0-2"),
    ]
    for words, said in wrong:
        assert main(words) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1


def test_groups_become_fewer_in_large_sweeps() -> None:
    assert [groups_for(n) for n in (1, 32, 33, 4096, 4097, 10**4)] == [64, 64, 32, 32, 16, 16]


# Large sweeps.


def large(points: int = 20) -> Run:
    axis = {"from": -2, "to": 2, "points": points}
    return run_of({"beta_S": axis, "pump": {"from": 1, "to": 2, "points": points}}, 200)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 points, stopped twice and finished."""
    output = tmp_path_factory.mktemp("large") / "sweep.h5"

    class Enough(Exception):
        pass

    def until(share: float):
        def progress(done: int, total: int) -> None:
            if done >= share * total:
                raise Enough

        return progress

    for share in (0.3, 0.7):
        with pytest.raises(Enough):
            execute(jobs_of(large()), output, until(share))
    execute(jobs_of(large()), output)
    return output


def test_a_large_sweep_stopped_and_resumed_has_the_bits_of_its_points_alone(many: Path) -> None:
    result = open_result(many)
    assert len(result.points) == 400
    for place in (0, 123, 399):
        (alone,) = execute(jobs_of(large(), str(place))).points
        found = result.points[place]
        assert (found.index, found.swept, found.parameters) == (place, alone.swept, alone.parameters)
        for a, b in zip(found.groups, alone.groups, strict=True):
            for name, left, right in zip(Block._fields, a, b, strict=True):
                np.testing.assert_array_equal(left, right, err_msg=name)
        for left, right in zip(found.preparation.plan, alone.preparation.plan, strict=True):
            np.testing.assert_array_equal(left, right)


def test_a_large_sweep_takes_little_space_and_builds_few_models(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert many.stat().st_size < 400 * 60_000
    before, built = many.read_bytes(), []
    build = Run.build_model
    monkeypatch.setattr(Run, "build_model", lambda run: built.append(run) or build(run))
    execute(jobs_of(large()), many)
    assert len(built) <= 5 and many.read_bytes() == before


def test_status_of_a_large_sweep_shows_some_points(many: Path) -> None:
    found = RunStatus.of(many)
    assert (found.points, found.points_done, found.begun, len(found.rows)) == (400, 400, 400, 10)
    assert {0, 399} <= found.rows.keys() and "10 of 400 points" in found.text()
    assert found.json()["rank_0_seconds"]["total"] > 0


def test_a_large_sweep_whose_models_have_changed_is_refused(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run file says the same, but what it names gives other operators where pump = 2."""
    before, build = many.read_bytes(), Run.build_model

    def other(run: Run) -> Model:
        changed = {**run.system, "omega": 1.1 if run.system.get("pump") == 2 else 1.0}
        return build(replace(run, system=changed))

    monkeypatch.setattr(Run, "build_model", other)
    with pytest.raises(InputError, match="at point 199, the operators of diamond differ"):
        execute(jobs_of(large()), many)
    assert many.read_bytes() == before


def test_blocks_are_small_enough_to_stop_early_only_under_a_rule() -> None:
    """Without one the default: at least 64 blocks; with one, the first look is at a sixteenth of what is asked for."""
    run = run_of({"beta_S": [0]}, 1_000_000)
    (usual,), (ruled,) = jobs_of(run), jobs_of(run).with_stopping_rule()
    assert usual.prepare().block_size == 8192
    assert ruled.prepare().block_size == 512
