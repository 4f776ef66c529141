"""How a run goes: prepared, sampled by all ranks, kept in its file, stopped and taken up again.

The checkpoint is the result file, and resuming is running the same command again: blocks that are in the file are not
sampled again, and a block is a pure function of (run, seed, its point and number), so the bits at the end depend
neither on how often a run was stopped nor on how many ranks it had. Only where a first request was so small that its
blocks would slow the rest is everything sampled anew, in larger ones.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trajectories.model.conversion import json_value
from trajectories.report.result import Result, open_result
from trajectories.results.ownership import Ownership
from trajectories.results.points import Point, loading, parameters_of
from trajectories.results.reader import read
from trajectories.results.storage import Records, Store
from trajectories.runfiles.job import Job, early, optimised, swept_of, with_couplings
from trajectories.running.manager import LONGEST_SILENCE, Crew
from trajectories.running.progress import Pace
from trajectories.running.recording import records_of
from trajectories.running.result_file import complete, create, reopen, wants_records
from trajectories.running.schedule import ORDER_SECONDS, WHOLE, Handout, Task, highest_level, tasks
from trajectories.running.signals import Patience, Stop
from trajectories.running.stopping_rule import Gate, Rule
from trajectories.running.sweep_point import Work, settled, work_of
from trajectories.sampling.preparation import LARGE_SWEEP
from trajectories.sampling.reduction_tree import Key
from trajectories.sampling.serialised_preparation import unpack
from trajectories.sampling.statistics import Block

SECONDS_BETWEEN_WORDS = 5.0
SECONDS_BETWEEN_COMMITS = 1.0
Progress = Callable[[int, int], None]
Say = Callable[[str], None]


def execute(
    jobs: Job | Sequence[Job],
    output: Path | None = None,
    progress: Progress = lambda done, total: None,
    say: Say = lambda message: None,
    stop: Stop | None = None,
    rule: Rule | None = None,
) -> Result:
    """Sample a job, or the jobs of a sweep, and return the Result; with `output`, keep it there, resume it, extend it.

    `progress(done, total)` hears of finished trajectories, `say` of what the run is waiting for. `stop` says when to
    end before the end, `rule` (for an `output` only) when a point's errors are small enough. Raises InputError for a
    file that belongs to another run, Interrupted when a signal or the time stopped the run (everything finished is
    then in the file), ownership.Busy when another process is writing the file.
    """
    jobs, rule = (jobs,) if isinstance(jobs, Job) else jobs, rule or Rule()
    if rule.targets:
        jobs = early(jobs)
    if output is not None and output.exists() and optimised(jobs):
        with read(output) as reader:
            jobs = with_couplings(jobs, reader.header.meta)
    with (stop or Stop()).listening() as stop:
        crew = Crew(stop)
        tell = _telling(jobs, say)
        if output is None:
            work = work_of(jobs, settled(jobs, crew, tell), swept_of(jobs))
            pace = Pace(work)
            for task, result in _sampled(work, crew, progress, pace):
                for (group, level, node), block in nodes_of(task, result):
                    work[task.point].forest.add_node(group, level, node, block)
                    pace.add(work[task.point], 1 << level)
            return _result(jobs, work, _records(jobs, work, stop) if jobs[0].records else None)
        # Whatever can be refused is refused before anything is written, a claim on the file included.
        fresh = None if output.exists() else settled(jobs, crew, tell)
        with stop.at_once():
            found = complete(jobs, output, rule, say) if fresh is None else None
        if fresh is not None:
            rule.check(unpack(fresh[0].meta, fresh[0].arrays))
        if found is not None:
            done = (
                sum(point.trajectories for point in found.points)
                if len(jobs) <= LARGE_SWEEP
                else found.trajectories * len(jobs)
            )
            progress(done, done)
            return found
        with Ownership.acquire(output, ranks=crew.ranks, waiting=Patience(stop, say)) as ownership:
            if output.exists():
                store, work = reopen(jobs, output, ownership, rule, crew.ranks, say)
            else:
                store, work = create(jobs, output, fresh or settled(jobs, crew, tell), ownership, crew.ranks)
            del fresh
            with store:
                _Sampling(jobs, store, work, ownership, crew, rule).run(progress)
    return open_result(output)


def _telling(jobs: Sequence[Job], say: Say) -> Callable[[int], None]:
    """Tell how far the preparation of a large sweep is, every few seconds."""
    said = time.monotonic()

    def tell(done: int) -> None:
        nonlocal said
        if len(jobs) > LARGE_SWEEP and (time.monotonic() - said > SECONDS_BETWEEN_WORDS or done == len(jobs)):
            said = time.monotonic()
            say(f"prepared {done:,} of {len(jobs):,} points")

    return tell


def nodes_of(task: Task, result: Block | dict[Key, Block]) -> Iterable[tuple[Key, Block]]:
    """Return what has come of a task, by the keys of the point's forest."""
    return result.items() if isinstance(result, dict) else [((task.group, task.level, task.node), result)]


class _Sampling:
    """What is missing of a file, on its way into it."""

    def __init__(
        self,
        jobs: Sequence[Job],
        store: Store,
        work: list[Work],
        ownership: Ownership,
        crew: Crew,
        rule: Rule,
    ) -> None:
        rule.check(work[0].preparation)
        self.jobs, self.store, self.work, self.ownership, self.crew, self.rule = (
            jobs,
            store,
            work,
            ownership,
            crew,
            rule,
        )
        self.gates: dict[int, Gate] = {}
        self.pace = Pace(work)
        self.changed: set[int] = set()
        self.begun, self.merging, self.writing = time.perf_counter(), 0.0, 0.0
        crew.seconds = 0.0

    def run(self, progress: Progress) -> None:
        """Sample; whatever stops it, what is finished is written."""
        committed = -math.inf
        try:
            for task, result in _sampled(self.work, self.crew, progress, self.pace, bool(self.rule.targets)):
                self.keep(task, result)
                if time.monotonic() - committed > SECONDS_BETWEEN_COMMITS:
                    self.commit()
                    committed = time.monotonic()
        finally:
            for task, result in self.crew.drop():
                self.keep(task, result)
            self.commit()
        self.note_rule()
        if wants_records(self.jobs, self.store.records()):
            self.store.write_records(_records(self.jobs, self.work, self.crew.stop))
        self.ownership.release("complete", self.pace.of_blocks, self.pace.of_blocks, self.spent())

    def gate(self, point: int) -> Gate:
        if point not in self.gates:
            self.gates[point] = Gate(self.work[point], self.rule)
        return self.gates[point]

    def spent(self) -> dict[str, float]:
        """What rank 0 has spent its time on since it began to sample, in seconds."""
        total = time.perf_counter() - self.begun
        return {"messages": self.crew.seconds, "merging": self.merging, "writing": self.writing, "total": total}

    def keep(self, task: Task, result: Block | dict[Key, Block]) -> None:
        begin = time.perf_counter()
        gate = self.gate(task.point)
        for (group, level, node), block in nodes_of(task, result):
            asked, ended = gate.work.blocks, gate.stopped is not None
            self.pace.add(gate.work, 0 if ended else 1 << level)
            gate.add(group, level, node, block)
            self.changed.add(task.point)
            if gate.stopped is not None and not ended:
                self.pace.shorten(gate.work, asked, gate.taken)
        self.merging += time.perf_counter() - begin

    def commit(self) -> None:
        begin = time.perf_counter()
        if self.changed:
            self.store.commit_points({p: self.work[p].forest.nodes() for p in sorted(self.changed)})
            self.forget(point for point in self.changed if not self.work[point].missing)
            self.changed.clear()
        self.writing += time.perf_counter() - begin
        pace = self.pace
        self.ownership.beat(pace.blocks, pace.of_blocks, pace.rate, pace.expected_end, self.spent())

    def forget(self, points: Iterable[int]) -> None:
        """Let go of finished points of a large sweep: memory does not grow with their number."""
        if len(self.work) > LARGE_SWEEP and not self.rule.targets:
            for point in points:
                self.work[point].release(loading(self.store, point))
                self.gates.pop(point, None)

    def note_rule(self) -> None:
        """Write into the file by which rule its points ended."""
        before = self.store.header
        meta = {name: value for name, value in before.meta.items() if name != "stopping"}
        if self.rule.targets:
            meta["stopping"] = self.rule.meta([self.gate(point) for point in range(len(self.work))])
        if meta != before.meta:
            header = replace(before, meta=meta)
            self.store.extend([one.blocks for one in self.work], header)


def _sampled(
    work: Sequence[Work], crew: Crew, progress: Progress, pace: Pace, ruled: bool = False
) -> Iterator[tuple[Task, Any]]:
    """Yield the nodes that are still missing, as (task, block): alone in order, with more ranks as they come."""
    seconds = sum(one.seconds for one in work)
    whole = len(work) > LARGE_SWEEP and not ruled
    handout = Handout(_missing(work, crew.ranks, whole), seconds, crew.ranks)
    some = work[:: 1 + len(work) // 100]
    crew.patience = max(LONGEST_SILENCE, max(100 * one.seconds_per_block / one.size for one in some))
    progress(pace.done, pace.total)
    for task, block in crew.sample(handout, lambda point: work[point].sampler):
        yield task, block
        progress(pace.done, pace.total)


def _missing(work: Sequence[Work], ranks: int, whole: bool) -> Iterator[Task]:
    """What is still to be done; whole: light points of which nothing is done as one task each."""
    blocks = sum(one.missing for one in work)
    for point, one in enumerate(work):
        if not one.missing:
            continue
        if whole and not one.blocks_done and one.seconds <= ORDER_SECONDS:
            yield Task(point, 0, WHOLE, one.blocks, one.seconds)
            continue
        level = highest_level(one.seconds_per_block, min(blocks, one.blocks), ranks, one.groups)
        for task in tasks(point, one.forest, one.blocks, one.seconds_per_block, level):
            if (task.node << task.level) * one.groups >= one.blocks:
                break  # the point has ended earlier than it was to
            yield task


def _records(jobs: Sequence[Job], work: Sequence[Work], stop: Stop) -> Records:
    return records_of(jobs[0].records, work, stop.poll)


def _result(jobs: Sequence[Job], work: Sequence[Work], records: Records | None) -> Result:
    """What a run without a file has found."""
    points = [
        Point(parameters_of(one.preparation, one.swept), one.preparation, one.forest, one.number, dict(one.swept))
        for one in work
    ]
    first = jobs[0]
    meta = {"name": first.name, "run": json_value(dict(first.mapping)), "stopping": None}
    return Result(points, name=first.name, seed=first.seed, text=first.text, meta=meta, records=records)
