"""Points of a sweep run on their own, and merged: the bits of the sweep run in one go; misfits and gaps by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trajectories.cli.main import main
from trajectories.errors import InputError, spans
from trajectories.report.result import ResultData, open_result
from trajectories.results.merge import merge
from trajectories.results.reader import read
from trajectories.results.storage import Store
from trajectories.runfiles.job import chosen_points, jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.running.stopping_rule import Rule
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.statistics import Block

POINTS = 3


def run_of(trajectories_wanted: int = 256, beta_A: float = -2.0, **ensemble: object) -> Run:
    mapping = {
        "system": {"name": "diamond", "beta_A": beta_A},
        "ensemble": {
            "trajectories": trajectories_wanted,
            "duration": 1.0,
            "samples": 1,
            "initial": "ground",
            "records": 3,
            **ensemble,
        },
        "sweep": {"beta_S": [0, 1, 2]},
    }
    return Run.from_mapping(mapping, name="sweep")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ResultData:
    """The sweep run in one go."""
    return execute(jobs_of(run_of()), tmp_path_factory.mktemp("whole") / "sweep.h5")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each point run on its own."""
    folder = tmp_path_factory.mktemp("parts")
    paths = [folder / f"{point}.h5" for point in range(POINTS)]
    for point, path in enumerate(paths):
        execute(jobs_of(run_of(), str(point)), path)
    return paths


def assert_same(found: ResultData, wanted: ResultData) -> None:
    for name in ("name", "fingerprints", "each", "points", "of", "swept", "run"):
        assert found.meta[name] == wanted.meta[name]
    assert_same_numbers(found, wanted)


def assert_same_numbers(found: ResultData, wanted: ResultData) -> None:
    for point, other in zip(found.points, wanted.points, strict=True):
        assert (point.index, point.swept, point.parameters) == (other.index, other.swept, other.parameters)
        for one, two in zip(point.groups, other.groups, strict=True):
            for name, a, b in zip(Block._fields, one, two, strict=True):
                np.testing.assert_array_equal(a, b, err_msg=name)
    for a, b in zip(found.jump_records or (), wanted.jump_records or (), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("chosen", "points"),
    [("", range(15)), ("3", range(3, 4)), ("0:4", range(4)), ("2::6", range(2, 15, 6)), ("12:99", range(12, 15))],
)
def test_what_can_be_chosen(chosen: str, points: range) -> None:
    assert list(chosen_points(chosen, 15)) == list(points)


@pytest.mark.parametrize("chosen", ["15", "-1", "a", "3:3", "::0", "1:2:3:4", "-3:", "1.5"])
def test_what_cannot_be_chosen(chosen: str) -> None:
    with pytest.raises(InputError, match=r"15 points \(0 to 14\)"):
        chosen_points(chosen, 15)


def test_parts_merged_have_the_bits_of_the_whole(tmp_path: Path, kept: list[Path], whole: ResultData) -> None:
    for order in ([0, 1, 2], [2, 0, 1]):
        output = tmp_path / f"merged{order[0]}.h5"
        assert merge([kept[i] for i in order], output).text().endswith("from 3 files: complete")
        assert_same(open_result(output), whole)
    # It is the sweep's own file: running the sweep finds nothing to do, asking for more extends it.
    before = output.read_bytes()
    assert_same(execute(jobs_of(run_of()), output), whole)
    assert output.read_bytes() == before
    assert [point.trajectories for point in execute(jobs_of(run_of(512)), output).points] == [512] * POINTS


def test_another_point_has_other_trajectories(kept: list[Path], whole: ResultData) -> None:
    """The control: the number in the whole sweep matters, the same parameters at point 0 are other bits."""
    alone = run_of()
    again = Run.from_mapping({**alone.mapping(), "sweep": {"beta_S": [1, 2]}})
    moved = execute(jobs_of(again, "0")).points[0]
    assert moved.parameters == whole.points[1].parameters
    assert not np.array_equal(moved.total.mean, whole.points[1].total.mean)


def test_a_gap_is_named_and_can_be_taken(tmp_path: Path, kept: list[Path], whole: ResultData) -> None:
    output = tmp_path / "merged.h5"
    with pytest.raises(InputError, match="point 1 is missing, of 0-2"):
        merge([kept[0], kept[2]], output)
    assert list(tmp_path.iterdir()) == []
    assert merge([kept[0], kept[2]], output, partial=True).text().endswith("incomplete")
    assert [point.index for point in open_result(output).points] == [0, 2]
    with pytest.raises(InputError, match="other points of a sweep"):
        execute(jobs_of(run_of()), output)
    # What comes later is added to what is there.
    merge([kept[1]], output)
    assert_same(open_result(output), whole)


def test_a_point_that_is_not_finished_is_named(tmp_path: Path, kept: list[Path], whole: ResultData) -> None:
    unfinished = tmp_path / "1.h5"
    unfinished.write_bytes(kept[1].read_bytes())
    with Store(unfinished) as store:
        nodes = store.load(0)
        store.commit({0: dict(list(nodes.items())[: len(nodes) // 2])})
    output = tmp_path / "merged.h5"
    with pytest.raises(InputError, match=r"1\.h5: point 1 has 32 of 64 blocks"):
        merge([kept[0], unfinished, kept[2]], output)
    assert merge([kept[0], unfinished, kept[2]], output, partial=True).done == 160
    # Two files of one point: blocks of the one and of the other, each once.
    assert_same(execute(jobs_of(run_of()), output), whole)
    merge([kept[0], unfinished, kept[1], kept[2]], tmp_path / "both.h5")
    assert_same(open_result(tmp_path / "both.h5"), whole)


def test_disjoint_blocks_of_one_point_are_united(tmp_path: Path, kept: list[Path]) -> None:
    halves = [tmp_path / "even.h5", tmp_path / "odd.h5"]
    with read(kept[0]) as reader:
        nodes = reader.load(0)
    for first, half in enumerate(halves):
        half.write_bytes(kept[0].read_bytes())
        with Store(half) as store:
            store.commit({0: dict(list(nodes.items())[first::2])})
    found = merge(halves, tmp_path / "merged.h5", partial=True)
    assert found.done == found.asked == Forest(64, nodes).blocks_done
    with read(tmp_path / "merged.h5") as reader:
        assert reader.load(0).keys() == nodes.keys()


def test_points_that_ended_by_a_rule_keep_it(tmp_path: Path) -> None:
    """Each point ends where its error is small enough; merged, that is the end of the run as well."""
    rule = Rule.parse(
        ["population.G=0.0045"]
    )  # sqrt(p (1 - p) / n): 0.0055 to 0.0078 at n = 4096, for p from 1/7 to 1/2
    first, jobs = (jobs_of(run_of(count, records=0)) for count in (4096, 16384))
    execute(first, tmp_path / "whole.h5")
    wanted = execute(jobs, tmp_path / "whole.h5", rule=rule)
    paths = [tmp_path / f"{job.point}.h5" for job in jobs]
    for point, path in enumerate(paths):
        few, many = (jobs_of(run_of(count, records=0), str(point)) for count in (4096, 16384))
        execute(few, path)  # small blocks, of which there are more later
        execute(many, path, rule=rule)
    output = tmp_path / "merged.h5"
    merge(paths, output)
    found = open_result(output)
    assert_same_numbers(found, wanted)
    assert found.meta["stopping"] == open_result(tmp_path / "whole.h5").meta["stopping"]
    assert any(4096 < point.trajectories < 16384 for point in found.points)
    before = output.read_bytes()
    execute(jobs, output, rule=rule)
    assert output.read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"beta_A": -1.0}, "system.beta_A"), ({"seed": 2}, "ensemble.seed"), ({"duration": 2.0}, "ensemble.duration")],
)
def test_parts_of_different_runs_are_refused(tmp_path: Path, kept: list[Path], changed: dict, named: str) -> None:
    other = tmp_path / "other.h5"
    execute(jobs_of(run_of(**changed), "1"), other)
    with pytest.raises(InputError, match=named):
        merge([kept[0], other, kept[2]], tmp_path / "merged.h5")
    # The same for a result that is there under the output's name: it is not touched.
    before = other.read_bytes()
    with pytest.raises(InputError, match=named):
        merge(kept, other)
    assert other.read_bytes() == before
    assert not (tmp_path / "merged.h5").exists()


def test_the_same_point_in_other_blocks_is_refused(tmp_path: Path, kept: list[Path]) -> None:
    other = tmp_path / "other.h5"
    execute(jobs_of(run_of(4096), "1"), other)
    with pytest.raises(InputError, match="trajectories per block"):
        merge([*kept, other], tmp_path / "merged.h5")


def test_from_the_command_line(
    tmp_path: Path, kept: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = list(map(str, kept))
    assert main(["merge", *names, "-o", "merged.h5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["points"] == POINTS
    assert main(["merge", names[0], "-o", "less.h5"]) == 2
    assert "points 1-2 are missing" in capsys.readouterr().err
    assert main(["merge", *names, "-o", "merged.png"]) == 2
    (tmp_path / "notes.h5").write_text("mine")
    assert main(["merge", *names, "-o", "notes.h5"]) == 2
    assert (tmp_path / "notes.h5").read_text() == "mine"


def test_spans() -> None:
    assert spans([0, 3, 4, 5, 9]) == "0, 3-5, 9"
    assert spans(list(range(0, 100, 2))).endswith(", 22, ...")
