"""Asking a result for more trajectories, and for fewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trajectories
from trajectories.report.result import ResultData, open_result
from trajectories.results.reader import read
from trajectories.results.storage import Store
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.running.stopping_rule import Rule
from trajectories.sampling.statistics import Block
from trajectories.systems import diamond


def run_of(count: int, sweep: list[float] | None = None, **ensemble: Any) -> Run:
    system = {"name": "diamond", "beta_A": -1.0, "pump": 1.0} | ({} if sweep else {"beta_S": 1.0})
    return Run.from_mapping(
        {
            "system": system,
            "ensemble": {"trajectories": count, "duration": 1.0, "samples": 2, **ensemble},
            **({"sweep": {"beta_S": sweep}} if sweep else {}),
        },
        name="diamond",
    )


def assert_same_bits(found: ResultData, wanted: ResultData) -> None:
    assert found.meta["run"] == wanted.meta["run"] and found.meta["preparations"] == wanted.meta["preparations"]
    for point, other in zip(found.points, wanted.points, strict=True):
        assert point.trajectories == other.trajectories
        for one, two in zip(point.groups, other.groups, strict=True):
            for name, a, b in zip(Block._fields, one, two, strict=True):
                np.testing.assert_array_equal(a, b, err_msg=name)


def forget_half(path: Path, points: range = range(1)) -> int:
    """Leave the first half of the blocks of some points, as a run that was stopped; returns how many."""
    with Store(path) as store:
        for point in points:
            nodes = store.load(point)
            few = dict(list(nodes.items())[: len(nodes) // 2])
            store.commit({point: few})
        return store.blocks_done(points[0])


@pytest.mark.parametrize("sweep", [None, [0.5, 1.0]])
def test_a_small_first_request_does_not_slow_its_extension(tmp_path: Path, sweep: list[float] | None) -> None:
    """The same file comes out as if all had been asked for at once, with as few blocks."""
    output, heard = tmp_path / "a.h5", []
    execute(jobs_of(run_of(100, sweep, records=3)), output)
    assert open_result(output).points[0].preparation.block_size == 1
    found = execute(jobs_of(run_of(60_000, sweep)), output, say=heard.append)
    wanted = execute(jobs_of(run_of(60_000, sweep)), tmp_path / "fresh.h5")
    assert_same_bits(found, wanted)
    assert found.points[0].preparation.block_size == 512
    assert len(heard) == 1 and "60,000 trajectories are sampled anew, in larger blocks (512 instead of 1)" in heard[0]
    records = found.jump_records
    assert records is not None and len(records.initial) == 3 * len(found.points)
    assert output.stat().st_size < 1.1 * (tmp_path / "fresh.h5").stat().st_size
    # It is complete, and is extended without another word.
    execute(jobs_of(run_of(60_000, sweep)), output, say=heard.append)
    execute(jobs_of(run_of(62_000, sweep)), output, say=heard.append)
    assert len(heard) == 1


def test_what_is_there_is_kept_where_adding_to_it_is_faster(tmp_path: Path) -> None:
    output, heard = tmp_path / "a.h5", []
    first = execute(jobs_of(run_of(8192)), output)
    more = execute(jobs_of(run_of(16_384)), output, say=heard.append)
    assert more.points[0].preparation.block_size == first.points[0].preparation.block_size == 128
    assert more.trajectories == 16_384 and not heard


def test_points_that_a_rule_has_ended_are_not_begun_again(tmp_path: Path) -> None:
    output, rule, heard = tmp_path / "a.h5", Rule.parse(["population.G=0.05"]), []
    first = execute(jobs_of(run_of(2000)), output, rule=rule)
    again = execute(jobs_of(run_of(200_000)), output, say=heard.append, rule=rule)
    assert again.trajectories == first.trajectories < 2000 and not heard


def test_fewer_than_an_unfinished_result_was_asked_for(tmp_path: Path) -> None:
    """It ends at the number asked for now; what was asked for first can be had still, with the same bits."""
    output, heard = tmp_path / "a.h5", []
    wanted = execute(jobs_of(run_of(16_384)), tmp_path / "whole.h5")
    execute(jobs_of(run_of(16_384)), output)
    done = forget_half(output) * 256
    assert done == 8192
    found = execute(jobs_of(run_of(10_000)), output, say=heard.append)
    assert found.trajectories == 10_240
    words = "was asked for 16,384 trajectories before, for 10,000 now: ends at 10,240"
    assert len(heard) == 1 and words in heard[0] and "ask for 16,384 again" in heard[0]
    execute(jobs_of(run_of(10_000)), output, say=heard.append)
    assert len(heard) == 1
    assert_same_bits(execute(jobs_of(run_of(16_384)), output, say=heard.append), wanted)
    assert len(heard) == 1


def test_fewer_than_there_are(tmp_path: Path) -> None:
    """Nothing is thrown away, and the file is complete with what it holds."""
    output, heard = tmp_path / "a.h5", []
    execute(jobs_of(run_of(16_384)), output)
    forget_half(output)
    found = execute(jobs_of(run_of(1000)), output, say=heard.append)
    assert found.trajectories == 8192
    assert "for 1,000 now: ends at 8,192 (never below what it holds)" in heard.pop()
    with read(output) as reader:
        assert reader.blocks.tolist() == [reader.blocks_done(0)] == [32]
    before = output.read_bytes()
    execute(jobs_of(run_of(1000)), output, say=heard.append)
    assert "1,000 trajectories are asked for, but it holds 8,192: all of them are taken" in heard.pop()
    assert output.read_bytes() == before


def test_holes_are_filled_before_a_run_ends_early(tmp_path: Path) -> None:
    """Several ranks leave blocks behind that are not the first ones: all up to the last of them are sampled."""
    output = tmp_path / "a.h5"
    execute(jobs_of(run_of(16_384)), output)
    with Store(output) as store:
        nodes = list(store.load(0).items())
        store.commit({0: dict(nodes[10:20])})
    assert execute(jobs_of(run_of(100)), output).trajectories == 20 * 256
    with read(output) as reader:
        assert reader.blocks_done(0) == reader.end(0) == 20


def test_fewer_at_the_points_of_a_sweep(tmp_path: Path) -> None:
    """Points that are complete stay so; the others end where they are asked to now."""
    output, heard, sweep = tmp_path / "a.h5", [], [0.5, 1.0, 2.0]
    execute(jobs_of(run_of(16_384, sweep)), output)
    forget_half(output, range(1, 3))
    found = execute(jobs_of(run_of(1000, sweep)), output, say=heard.append)
    assert [point.trajectories for point in found.points] == [16_384, 8192, 8192]
    assert "was asked for 16,384 trajectories at each point before, for 1,000 now" in heard[0]


def test_from_python_a_warning_tells(tmp_path: Path) -> None:
    output = tmp_path / "a.h5"
    trajectories.run(diamond(0, 1), duration=1.0, trajectories=640, seed=1, output=output)
    with pytest.warns(UserWarning, match="it holds 640: all of them are taken"):
        assert trajectories.run(diamond(0, 1), duration=1.0, trajectories=64, seed=1, output=output).trajectories == 640
