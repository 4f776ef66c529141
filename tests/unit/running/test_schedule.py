"""Tasks are handed out fairly, whatever they cost, and cover what is missing exactly."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from trajectories.errors import InputError
from trajectories.report.rows import Row
from trajectories.running.schedule import PORTION_SECONDS, WHOLE, Schedule, Task, highest_level, tasks
from trajectories.running.signals import seconds_of
from trajectories.running.stopping_rule import JUDGEABLE, Target
from trajectories.running.sweep_point import blocks_for
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.statistics import Block, block_of, merge


def leaf(index: int) -> Block:
    x = np.random.default_rng([3, index]).normal(size=(4, 1, 1))
    return block_of(x, 0, np.zeros((1, 1)), np.zeros((1, 3)), np.zeros(1), np.zeros((4, 1)))


def node(group: int, level: int, index: int, groups: int) -> Block:
    if level == 0:
        return leaf(group + groups * index)
    return merge(*(node(group, level - 1, child, groups) for child in (2 * index, 2 * index + 1)))


@pytest.mark.parametrize("level", [0, 1, 3, 9])
@pytest.mark.parametrize(("blocks", "groups"), [(1, 4), (37, 4), (128, 16), (200, 1)])
def test_missing_nodes_are_what_is_missing(blocks: int, groups: int, level: int) -> None:
    """From any state, added in any order: every block once, and the bits of a forest filled block by block."""
    rng = np.random.default_rng(blocks + level)
    whole = Forest(groups)
    for index in range(blocks):
        whole.add(index, leaf(index))
    for there in (0.0, 0.3, 1.0):
        forest = Forest(groups)
        for index in np.flatnonzero(rng.random(blocks) < there):
            forest.add(int(index), leaf(int(index)))
        missing = list(forest.missing_nodes(blocks, level))
        assert sum(1 << key[1] for key in missing) == blocks - forest.blocks_done
        for i in rng.permutation(len(missing)):
            forest.add_node(*missing[i], node(*missing[i], groups))
        assert forest.nodes().keys() == whole.nodes().keys() and forest.end() == blocks
        assert all(np.array_equal(a, b) for a, b in zip(forest.total(), whole.total(), strict=True))


def test_every_prefix_is_made_of_whole_nodes() -> None:
    for groups in (16, 64):
        for group, level, index in Forest(groups).missing_nodes(4096, 5):
            first, last = (group + groups * ((index << level) + step) for step in (0, (1 << level) - 1))
            assert first.bit_length() == last.bit_length() or last < 64


def test_blocks_are_merged_before_they_travel_where_rank_0_would_be_swamped() -> None:
    assert highest_level(0.02, 10_000, 2, 64) == 0
    assert highest_level(0.02, 10_000_000, 512, 64) >= 5
    assert highest_level(0.02, 600, 512, 64) == 0  # nobody would have enough to do
    # A node's blocks are all of one group: of 100 or 128 blocks in 64 groups each group has 1 or 2.
    assert highest_level(1e-4, 100, 2, 64) == 0
    assert highest_level(1e-4, 128, 2, 64) == 1


def makespan(every: list[Task], ranks: int) -> tuple[float, float, list[int]]:
    """Act out a run by the clock of its costs: when the last rank ends, the fair share, tasks of each rank."""
    fair = sum(task.seconds for task in every) / ranks
    schedule, clock, done = Schedule(every, fair * ranks, ranks), [(0.0, rank) for rank in range(ranks)], [0] * ranks
    seen: list[Task] = []
    while True:
        now, rank = heapq.heappop(clock)
        portion = schedule.take()
        if not portion:
            break
        seen += portion
        done[rank] += len(portion)
        heapq.heappush(clock, (now + sum(task.seconds for task in portion), rank))
    assert sorted(seen) == sorted(every)
    return max(when for when, _ in [*clock, (now, rank)]), fair, done


@pytest.mark.parametrize("ranks", [2, 7, 64])
def test_points_of_a_hundredfold_cost_are_shared_fairly(ranks: int) -> None:
    """No rank works longer than its share and one portion of the end, which is a third of what was left for each."""
    costs = [0.001 * 100 ** (p / 29) for p in range(30)]
    every = [task for p, cost in enumerate(costs) for task in tasks(p, Forest(16), 512, cost)]
    end, fair, done = makespan(every, ranks)
    longest = fair + max(costs) + min(PORTION_SECONDS, fair / 3) * (1 / 8)
    assert end <= longest
    assert min(done) > 0
    # The control: with points handed out whole, the last one keeps its rank busy while the others wait.
    end, same, _ = makespan([Task(p, 0, WHOLE, 512, 512 * cost) for p, cost in enumerate(costs)], ranks)
    assert same == pytest.approx(fair) and end > 2 * longest - fair


# What is written on the command line.


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("3h50m", 13800), ("1:30:00", 5400), ("50:00", 3000), ("1d12h", 129600), ("2-12:00:00", 216000)],
)
def test_time_spans(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "3h50", "-5s", "0s", "soon", "1:2:3:4"])
def test_what_is_no_time_span(text: str) -> None:
    with pytest.raises(InputError, match="3h50m"):
        seconds_of(text)


def test_targets() -> None:
    assert Target.parse("heat_current.A=1e-3") == Target("heat_current", "A", 1e-3, False, "heat_current.A=1e-3")
    assert Target.parse("activity = 0.5%") == Target("activity", None, 0.005, True, "activity=0.5%")


@pytest.mark.parametrize("estimate", [-2.0, 2.0])
def test_a_relative_target_is_one_of_the_size(estimate: float) -> None:
    """1 % of a heat that flows out, and of one that flows in."""
    target = Target.parse("heat_current.c=1%")

    def row(error: float | None, time: float = 1.0, bath: str = "c", status: str = JUDGEABLE[0]) -> Row:
        return Row("heat_current", None, bath, 0.0, time, "energy/time", 0.0, estimate, error, status=status)

    assert target.met([row(0.019), row(0.5, time=0.5), row(0.5, bath="h")])
    assert not target.met([row(0.021)])
    assert not target.met([row(None)]) and not target.met([row(0.019, status="unresolved")])
    absolute = Target.parse("heat_current.c=0.01")
    assert absolute.met([row(0.009)]) and not absolute.met([row(0.019)])


@pytest.mark.parametrize(("trajectories", "blocks"), [(4096, 64), (4097, 65), (1, 1), (63, 1), (64, 1), (65, 2)])
def test_blocks_hold_at_least_what_was_asked_for(trajectories: int, blocks: int) -> None:
    assert blocks_for(trajectories, 64) == blocks


@pytest.mark.parametrize("text", ["", "heat_current", "=1", "activity=0", "activity=-1", "activity=inf", "activity=x%"])
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(InputError, match="heat_current.A=1e-3"):
        Target.parse(text)
