"""Run an ensemble: prepare the sweep points, sample them on all ranks, store the blocks, stop and resume.

The checkpoint is the result file, and resuming is running the same command again: blocks in the file are not sampled
again. A block is a pure function of (run, seed, point, block number), so the final bits depend neither on how often a
run was stopped nor on the number of ranks. Only where a first request was so small that its small blocks would slow the
extension is everything sampled anew, in larger blocks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from trajectories.errors import Interrupted
from trajectories.model.conversion import json_value
from trajectories.report.result import ResultData, open_result
from trajectories.results.layout import Records
from trajectories.results.ownership import Ownership
from trajectories.results.points import Point, parameters_of
from trajectories.results.reader import read
from trajectories.results.storage import Store
from trajectories.runfiles.job import Jobs
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
    jobs: Jobs,
    output: Path | None = None,
    progress: Progress = lambda done, total: None,
    say: Say = lambda message: None,
    stop: Stop | None = None,
    rule: Rule | None = None,
) -> ResultData:
    """Sample the points of a run and return the result; with `output`, keep it there, resume, extend it.

    progress: called with (done, total) trajectories. say: called with messages for the user. stop: signals and deadline
    that end the run early. rule: targets for standard errors (with an `output` only). Raises InputError for a file that
    belongs to another run, Interrupted when a signal or the deadline stopped the run (finished blocks are then in the
    file or, without one, in the exception's `result`), ownership.Busy when another process is writing the file.
    """
    rule = rule or Rule()
    if rule.targets:
        jobs = jobs.with_stopping_rule()
    if output is not None and output.exists() and jobs.run.optimise is not None:
        with read(output) as reader:
            jobs = jobs.with_couplings(reader.header.meta)
    with (stop or Stop()).listening() as stop:
        manager = Manager(stop)
        tell = _preparation_messages(jobs, say)
        if output is None:
            return _in_memory(jobs, manager, progress, tell)
        # A run that must be refused is refused before anything is written, the ownership file included.
        fresh = None
        if output.exists():
            with stop.interruptible():
                finished = complete(jobs, output, rule, say)
            if finished is not None:
                done = _trajectories(finished, len(jobs))
                progress(done, done)
                return finished
        else:
            fresh = prepared_points(jobs, manager, tell)
            rule.check(unpack(fresh[0].meta, fresh[0].arrays))
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


def _trajectories(finished: ResultData, points: int) -> int:
    """Return the number of trajectories of a complete result; its points are read one by one only if they are few."""
    if points > LARGE_SWEEP:
        return finished.trajectories * points
    return sum(point.trajectories for point in finished.points)


def _in_memory(jobs: Jobs, manager: Manager, progress: Progress, tell: Callable[[int], None]) -> ResultData:
    """Sample without a file; an Interrupted that comes meanwhile takes the finished blocks along as `result`."""
    packed = prepared_points(jobs, manager, tell)
    work = unstarted_points(jobs, packed)
    pace = Pace(work)
    try:
        for task, nodes in _sampled(work, manager, progress, pace):
            for (group, level, index), block in nodes.items():
                work[task.point].forest.add_node(group, level, index, block)
                pace.add(work[task.point], 1 << level)
        records = records_of(jobs[0].records, work, manager.stop.poll) if jobs[0].records else None
    except Interrupted as stopped:
        stopped.result = _result(jobs, packed, work, None) if pace.blocks else None
        raise
    return _result(jobs, packed, work, records)


def _preparation_messages(jobs: Jobs, say: Say) -> Callable[[int], None]:
    """Return a callback that reports how far the preparation of a large sweep is, every few seconds."""
    last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if len(jobs) > LARGE_SWEEP and (time.monotonic() - last > SECONDS_BETWEEN_MESSAGES or done == len(jobs)):
            last = time.monotonic()
            say(f"prepared {done:,} of {len(jobs):,} points")

    return tell


class _Sampling:
    """Sample the missing blocks of a result file and commit them to it."""

    def __init__(
        self,
        jobs: Jobs,
        store: Store,
        work: list[SweepPoint],
        ownership: Ownership,
        manager: Manager,
        rule: Rule,
    ) -> None:
        rule.check(work[0].preparation)
        self.jobs, self.store, self.work = jobs, store, work
        self.ownership, self.manager, self.rule = ownership, manager, rule
        self.gates: dict[int, PrefixGate] = {}
        self.pace = Pace(work)
        self.changed: set[int] = set()
        self.begun, self.merging, self.writing = time.perf_counter(), 0.0, 0.0
        manager.seconds = 0.0

    def run(self, progress: Progress) -> None:
        """Sample all missing blocks; however the sampling ends, finished blocks are committed."""
        try:
            for task, nodes in _sampled(self.work, self.manager, progress, self.pace, bool(self.rule.targets)):
                self.keep(task.point, nodes)
                if self.store.due:
                    self.commit()
                self.beat()
        finally:
            for task, nodes in self.manager.cancel():
                self.keep(task.point, nodes)
            self.commit()
            self.beat()
        self.write_rule()
        if wants_records(self.jobs, self.store.records()):
            self.store.write_records(records_of(self.jobs[0].records, self.work, self.manager.stop.poll))
        self.ownership.release("complete", self.pace.of_blocks, self.pace.of_blocks, self.times_spent())

    def gate(self, point: int) -> PrefixGate:
        """Return the gate through which nodes come into a point's Forest."""
        if point not in self.gates:
            self.gates[point] = PrefixGate(self.work[point], self.rule)
        return self.gates[point]

    def times_spent(self) -> dict[str, float]:
        """Return the seconds spent by rank 0 on messages, merging and writing, and in total, since sampling began."""
        total = time.perf_counter() - self.begun
        return {"messages": self.manager.seconds, "merging": self.merging, "writing": self.writing, "total": total}

    def keep(self, point: int, nodes: Mapping[Key, Block]) -> None:
        """Add sampled nodes to a point."""
        begin = time.perf_counter()
        gate = self.gate(point)
        self.changed.add(point)
        for (group, level, index), block in nodes.items():
            asked, ended = gate.work.blocks, gate.stopped is not None
            self.pace.add(gate.work, 0 if ended else 1 << level)
            gate.add(group, level, index, block)
            if gate.stopped is not None and not ended:
                self.pace.shorten(gate.work, asked, gate.taken)
        self.merging += time.perf_counter() - begin

    def commit(self) -> None:
        """Write the points that have changed to the file."""
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
            self.store.extend([point.blocks for point in self.work], header)


def _sampled(
    work: Sequence[SweepPoint], manager: Manager, progress: Progress, pace: Pace, ruled: bool = False
) -> Iterator[tuple[Task, dict[Key, Block]]]:
    """Yield the missing nodes as (task, nodes by key): in order on one rank, as they arrive with more ranks."""
    seconds = sum(point.seconds for point in work)
    whole = len(work) > LARGE_SWEEP and not ruled
    schedule = Schedule(_missing(work, manager.ranks, whole), seconds, manager.ranks)
    about_hundred = work[:: 1 + len(work) // 100]
    manager.patience = max(LONGEST_SILENCE, max(20 * point.seconds_per_block for point in about_hundred))
    progress(pace.done, pace.total)
    for task, nodes in manager.sample(schedule, lambda point: work[point].sampler):
        yield task, nodes
        progress(pace.done, pace.total)


def _missing(work: Sequence[SweepPoint], ranks: int, whole: bool) -> Iterator[Task]:
    """Yield the tasks that are missing; whole: an unstarted point of low cost becomes one task."""
    blocks = sum(point.missing for point in work)
    for place, point in enumerate(work):
        if not point.missing:
            continue
        if whole and not point.blocks_done and point.seconds <= PORTION_SECONDS:
            yield Task(place, 0, WHOLE, point.blocks, point.seconds)
            continue
        level = highest_level(point.seconds_per_block, min(blocks, point.blocks), ranks, point.groups)
        for task in tasks(place, point.forest, point.blocks, point.seconds_per_block, level):
            if (task.node << task.level) * point.groups >= point.blocks:
                break  # the stopping rule has ended the point meanwhile
            yield task


def _result(
    jobs: Jobs, packed: Sequence[PackedPoint], work: Sequence[SweepPoint], records: Records | None
) -> ResultData:
    """Return the result of a run without a file: the points that have a block."""
    points = [
        Point(parameters_of(p.preparation, p.swept), p.preparation, p.forest, p.number, dict(p.swept))
        for p in work
        if p.blocks_done
    ]
    first = jobs[0]
    meta = {"name": first.name, "run": json_value(dict(first.mapping)), "stopping": None}
    write = partial(_write, jobs, packed, work, records)
    return ResultData(
        points, name=first.name, seed=first.seed, text=first.text, meta=meta, records=records, write=write
    )


def _write(
    jobs: Jobs,
    packed: Sequence[PackedPoint],
    work: Sequence[SweepPoint],
    records: Records | None,
    output: Path,
) -> None:
    """Write what was sampled in memory to a new result file, which a run can resume and extend."""
    with Ownership.acquire(output) as ownership:
        store, _ = create(jobs, output, packed, ownership, 1)
        with store:
            store.commit({place: point.forest.nodes() for place, point in enumerate(work) if point.blocks_done})
            if records is not None:
                store.write_records(records)
        done, total = (sum(getattr(point, name) for point in work) for name in ("blocks_done", "blocks"))
        ownership.release("complete" if done == total else "stopped", done, total)
