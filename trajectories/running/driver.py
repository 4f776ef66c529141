"""Run an ensemble: prepare the sweep points, sample them on all ranks, store the blocks, stop and resume.

The checkpoint is the result file, and resuming is running the same command again: blocks in the file are not sampled
again. A block is a pure function of (run, seed, point, block number), so the final bits depend neither on how often a
run was stopped nor on the number of ranks. Only where a first request was so small that its small blocks would slow the
extension is everything sampled anew, in larger blocks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from trajectories.errors import Interrupted
from trajectories.model.conversion import json_value
from trajectories.report.result import ResultData, open_result
from trajectories.results.layout import Records
from trajectories.results.ownership import Ownership
from trajectories.results.points import Point, parameters_of
from trajectories.results.reader import read
from trajectories.results.storage import Store
from trajectories.runfiles.job import Job, optimised, swept_of, with_couplings, with_stopping_rule
from trajectories.running.manager import LONGEST_SILENCE, Manager
from trajectories.running.progress import Pace
from trajectories.running.recording import records_of
from trajectories.running.result_file import complete, create, reopen, wants_records
from trajectories.running.schedule import PORTION_SECONDS, WHOLE, Schedule, Task, highest_level, tasks
from trajectories.running.signals import Stop, WaitForOwner
from trajectories.running.stopping_rule import PrefixGate, Rule
from trajectories.running.sweep_point import SweepPoint, prepared_points, unstarted_points
from trajectories.running.tasks import PackedPoint
from trajectories.sampling.preparation import LARGE_SWEEP
from trajectories.sampling.reduction_tree import Key
from trajectories.sampling.serialised_preparation import unpack
from trajectories.sampling.statistics import Block

SECONDS_BETWEEN_MESSAGES = 5.0
Progress = Callable[[int, int], None]
Say = Callable[[str], None]


def execute(
    jobs: Job | Sequence[Job],
    output: Path | None = None,
    progress: Progress = lambda done, total: None,
    say: Say = lambda message: None,
    stop: Stop | None = None,
    rule: Rule | None = None,
) -> ResultData:
    """Sample a job, or the jobs of a sweep, and return the result; with `output`, keep it there, resume, extend it.

    progress: called with (done, total) trajectories. say: called with messages for the user. stop: signals and deadline
    that end the run early. rule: targets for standard errors (with an `output` only). Raises InputError for a file that
    belongs to another run, Interrupted when a signal or the deadline stopped the run (finished blocks are then in the
    file or, without one, in the exception's `result`), ownership.Busy when another process is writing the file.
    """
    jobs, rule = (jobs,) if isinstance(jobs, Job) else jobs, rule or Rule()
    if rule.targets:
        jobs = with_stopping_rule(jobs)
    if output is not None and output.exists() and optimised(jobs):
        with read(output) as reader:
            jobs = with_couplings(jobs, reader.header.meta)
    with (stop or Stop()).listening() as stop:
        manager = Manager(stop)
        tell = _preparation_messages(jobs, say)
        if output is None:
            return _in_memory(jobs, manager, progress, tell)
        # A run that must be refused is refused before anything is written, the ownership file included.
        fresh = None if output.exists() else prepared_points(jobs, manager, tell)
        with stop.interruptible():
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
        with Ownership.acquire(output, ranks=manager.ranks, waiting=WaitForOwner(stop, say)) as ownership:
            if output.exists():
                store, work = reopen(jobs, output, ownership, rule, manager.ranks, say)
            else:
                store, work = create(
                    jobs, output, fresh or prepared_points(jobs, manager, tell), ownership, manager.ranks
                )
            del fresh
            with store:
                _Sampling(jobs, store, work, ownership, manager, rule).run(progress)
    return open_result(output)


def _in_memory(jobs: Sequence[Job], manager: Manager, progress: Progress, tell: Callable[[int], None]) -> ResultData:
    """Sample without a file; an Interrupted that comes meanwhile takes the finished blocks along as `result`."""
    every = prepared_points(jobs, manager, tell)
    work = unstarted_points(jobs, every, swept_of(jobs))
    pace = Pace(work)
    try:
        for task, result in _sampled(work, manager, progress, pace):
            for (group, level, node), block in nodes_of(task, result):
                work[task.point].forest.add_node(group, level, node, block)
                pace.add(work[task.point], 1 << level)
        records = _records(jobs, work, manager.stop) if jobs[0].records else None
    except Interrupted as stopped:
        stopped.result = _result(jobs, every, work, None) if pace.blocks else None
        raise
    return _result(jobs, every, work, records)


def _preparation_messages(jobs: Sequence[Job], say: Say) -> Callable[[int], None]:
    """Return a callback that reports how far the preparation of a large sweep is, every few seconds."""
    last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if len(jobs) > LARGE_SWEEP and (time.monotonic() - last > SECONDS_BETWEEN_MESSAGES or done == len(jobs)):
            last = time.monotonic()
            say(f"prepared {done:,} of {len(jobs):,} points")

    return tell


def nodes_of(task: Task, result: Block | dict[Key, Block]) -> Iterable[tuple[Key, Block]]:
    """Return the nodes that a task has sampled, with their keys in the point's Forest."""
    return result.items() if isinstance(result, dict) else [((task.group, task.level, task.node), result)]


class _Sampling:
    """Sample the missing blocks of a result file and commit them to it."""

    def __init__(
        self,
        jobs: Sequence[Job],
        store: Store,
        work: list[SweepPoint],
        ownership: Ownership,
        manager: Manager,
        rule: Rule,
    ) -> None:
        rule.check(work[0].preparation)
        self.jobs, self.store, self.work, self.ownership, self.manager, self.rule = (
            jobs,
            store,
            work,
            ownership,
            manager,
            rule,
        )
        self.gates: dict[int, PrefixGate] = {}
        self.pace = Pace(work)
        self.changed: set[int] = set()
        self.begun, self.merging, self.writing = time.perf_counter(), 0.0, 0.0
        manager.seconds = 0.0

    def run(self, progress: Progress) -> None:
        """Sample all missing blocks; however the sampling ends, finished blocks are committed."""
        try:
            for task, result in _sampled(self.work, self.manager, progress, self.pace, bool(self.rule.targets)):
                self.keep(task, result)
                if self.store.due:
                    self.commit()
                self.beat()
        finally:
            for task, result in self.manager.cancel():
                self.keep(task, result)
            self.commit()
            self.beat()
        self.write_rule()
        if wants_records(self.jobs, self.store.records()):
            self.store.write_records(_records(self.jobs, self.work, self.manager.stop))
        self.ownership.release("complete", self.pace.of_blocks, self.pace.of_blocks, self.times_spent())

    def gate(self, point: int) -> PrefixGate:
        if point not in self.gates:
            self.gates[point] = PrefixGate(self.work[point], self.rule)
        return self.gates[point]

    def times_spent(self) -> dict[str, float]:
        """Return the seconds spent by rank 0 on messages, merging and writing, and in total, since sampling began."""
        total = time.perf_counter() - self.begun
        return {"messages": self.manager.seconds, "merging": self.merging, "writing": self.writing, "total": total}

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
            self.store.commit({p: self.work[p].forest.nodes() for p in sorted(self.changed)})
            self.free(point for point in self.changed if not self.work[point].missing)
            self.changed.clear()
        self.writing += time.perf_counter() - begin

    def beat(self) -> None:
        """Note in RESULT.h5.run, every two seconds, how far the run is."""
        pace = self.pace
        self.ownership.beat(pace.blocks, pace.of_blocks, pace.rate, pace.expected_end, self.times_spent())

    def free(self, points: Iterable[int]) -> None:
        """Free the memory of finished points of a large sweep, so that memory does not grow with their number."""
        if len(self.work) > LARGE_SWEEP and not self.rule.targets:
            for point in points:
                self.work[point].release(partial(self.store.forest, point))
                self.gates.pop(point, None)

    def write_rule(self) -> None:
        """Write the stopping rule and the blocks at which it ended each point into the file."""
        before = self.store.header
        meta = {name: value for name, value in before.meta.items() if name != "stopping"}
        if self.rule.targets:
            meta["stopping"] = self.rule.meta([self.gate(point) for point in range(len(self.work))])
        if meta != before.meta:
            header = replace(before, meta=meta)
            self.store.extend([one.blocks for one in self.work], header)


def _sampled(
    work: Sequence[SweepPoint], manager: Manager, progress: Progress, pace: Pace, ruled: bool = False
) -> Iterator[tuple[Task, Any]]:
    """Yield the missing nodes as (task, block): in order on one rank, as they arrive with more ranks."""
    seconds = sum(one.seconds for one in work)
    whole = len(work) > LARGE_SWEEP and not ruled
    schedule = Schedule(_missing(work, manager.ranks, whole), seconds, manager.ranks)
    some = work[:: 1 + len(work) // 100]
    manager.patience = max(LONGEST_SILENCE, max(20 * one.seconds_per_block for one in some))
    progress(pace.done, pace.total)
    for task, block in manager.sample(schedule, lambda point: work[point].sampler):
        yield task, block
        progress(pace.done, pace.total)


def _missing(work: Sequence[SweepPoint], ranks: int, whole: bool) -> Iterator[Task]:
    """Yield the tasks that are missing; whole: an unstarted point of low cost becomes one task."""
    blocks = sum(one.missing for one in work)
    for point, one in enumerate(work):
        if not one.missing:
            continue
        if whole and not one.blocks_done and one.seconds <= PORTION_SECONDS:
            yield Task(point, 0, WHOLE, one.blocks, one.seconds)
            continue
        level = highest_level(one.seconds_per_block, min(blocks, one.blocks), ranks, one.groups)
        for task in tasks(point, one.forest, one.blocks, one.seconds_per_block, level):
            if (task.node << task.level) * one.groups >= one.blocks:
                break  # the stopping rule has ended the point meanwhile
            yield task


def _records(jobs: Sequence[Job], work: Sequence[SweepPoint], stop: Stop) -> Records:
    return records_of(jobs[0].records, work, stop.poll)


def _result(
    jobs: Sequence[Job], every: Sequence[PackedPoint], work: Sequence[SweepPoint], records: Records | None
) -> ResultData:
    """Return the result of a run without a file: the points that have a block."""
    points = [
        Point(parameters_of(one.preparation, one.swept), one.preparation, one.forest, one.number, dict(one.swept))
        for one in work
        if one.blocks_done
    ]
    first = jobs[0]
    meta = {"name": first.name, "run": json_value(dict(first.mapping)), "stopping": None}
    write = partial(_write, jobs, every, work, records)
    return ResultData(
        points, name=first.name, seed=first.seed, text=first.text, meta=meta, records=records, write=write
    )


def _write(
    jobs: Sequence[Job], every: Sequence[PackedPoint], work: Sequence[SweepPoint], records: Records | None, output: Path
) -> None:
    """Write what was sampled in memory to a new result file, which a run can resume and extend."""
    with Ownership.acquire(output) as ownership:
        store, _ = create(jobs, output, every, ownership, 1)
        with store:
            store.commit({p: one.forest.nodes() for p, one in enumerate(work) if one.blocks_done})
            if records is not None:
                store.write_records(records)
        done, total = (sum(getattr(one, name) for one in work) for name in ("blocks_done", "blocks"))
        ownership.release("complete" if done == total else "stopped", done, total)
