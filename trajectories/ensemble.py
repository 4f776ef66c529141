"""How a run goes: prepared, sampled by all ranks, kept in its file, stopped and taken up again.

The checkpoint is the result file, and resuming is running the same command again: blocks that are in the file are not
sampled again, and a block is a pure function of (run, seed, its point and number), so the bits at the end depend
neither on how often a run was stopped nor on how many ranks it had.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from .crew import LONGEST_SILENCE, Crew
from .handout import Handout, Task, highest_level, tasks
from .job import Job
from .ownership import Ownership
from .pace import Pace
from .recording import records_of
from .resultfile import complete, meta_of, open_or_create, open_result, parameters_of, wants_records
from .results import Point, Result
from .statistics import Block
from .stopping import Patience, Stop
from .storage import Records, Store
from .targets import Gate, Rule
from .work import Work, blocks_for, groups_for, prepared, template

__all__ = ["blocks_for", "execute", "groups_for", "open_result", "template"]

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
    jobs, rule = (jobs,) if isinstance(jobs, Job) else tuple(jobs), rule or Rule()
    with (stop or Stop()).listening() as stop:
        crew = Crew(stop)
        if output is None:
            work = prepared(jobs, crew)
            pace = Pace(work)
            for task, block in _sampled(work, crew, progress, pace):
                work[task.point].forest.add_node(task.group, task.level, task.node, block)
                pace.add(work[task.point], 1 << task.level)
            return _result(work, None, _records(work, stop) if jobs[0].records else None)
        # Whatever can be refused is refused before anything is written, a claim on the file included.
        fresh = None if output.exists() else prepared(jobs, crew)
        found = complete(jobs, output, rule) if fresh is None else None
        if fresh is not None:
            rule.check(fresh[0])
        if found is not None:
            done = sum(point.trajectories for point in found.points)
            progress(done, done)
            return found
        with Ownership.acquire(output, ranks=crew.ranks, waiting=Patience(stop, say)) as ownership:
            store, work = open_or_create(jobs, output, fresh, ownership, crew, rule)
            with store:
                return _Sampling(store, work, ownership, crew, rule).run(progress)


class _Sampling:
    """What is missing of a file, on its way into it."""

    def __init__(self, store: Store, work: list[Work], ownership: Ownership, crew: Crew, rule: Rule) -> None:
        rule.check(work[0])
        self.store, self.work, self.ownership, self.crew, self.rule = store, work, ownership, crew, rule
        self.gates = [Gate(one, rule) for one in work]
        self.pace = Pace(work)
        self.changed: set[int] = set()

    def run(self, progress: Progress) -> Result:
        """Sample; whatever stops it, what is finished is written."""
        committed = -math.inf
        try:
            for task, block in _sampled(self.work, self.crew, progress, self.pace):
                self.keep(task, block)
                if time.monotonic() - committed > SECONDS_BETWEEN_COMMITS:
                    self.commit()
                    committed = time.monotonic()
        finally:
            for task, block in self.crew.drop():
                self.keep(task, block)
            self.commit()
        self.note_rule()
        if wants_records([one.job for one in self.work], self.store.records()):
            self.store.write_records(_records(self.work, self.crew.stop))
        self.ownership.release("complete", self.pace.of_blocks, self.pace.of_blocks)
        return _result(self.work, self.store.path, self.store.records(), self.store)

    def keep(self, task: Task, block: Block) -> None:
        gate = self.gates[task.point]
        asked, ended = gate.work.blocks, gate.stopped is not None
        self.pace.add(gate.work, 0 if ended else 1 << task.level)
        gate.add(task.group, task.level, task.node, block)
        self.changed.add(task.point)
        if gate.stopped is not None and not ended:
            self.pace.shorten(gate.work, asked, gate.taken)

    def commit(self) -> None:
        if self.changed:
            self.store.commit_points({p: self.work[p].forest.nodes() for p in sorted(self.changed)})
            self.changed.clear()
        self.ownership.beat(self.pace.blocks, self.pace.of_blocks, self.pace.rate, self.pace.expected_end)

    def note_rule(self) -> None:
        """Write into the file by which rule its points ended."""
        before = self.store.header
        meta = {name: value for name, value in before.meta.items() if name != "stopping"}
        if self.rule.targets:
            meta["stopping"] = self.rule.meta(self.gates)
        if meta != before.meta:
            header = replace(before, meta=meta)
            self.store.extend([one.blocks for one in self.work], header)


def _sampled(work: Sequence[Work], crew: Crew, progress: Progress, pace: Pace) -> Iterator[tuple[Task, Block]]:
    """Yield the nodes that are still missing, as (task, block): alone in order, with more ranks as they come."""
    seconds = sum(one.seconds for one in work)
    handout = Handout(_missing(work, crew.ranks), seconds, crew.ranks)
    crew.patience = max(LONGEST_SILENCE, max(100 * one.seconds_per_block / one.size for one in work))
    progress(pace.done, pace.total)
    for task, block in crew.sample(handout, lambda point: work[point].sampler()):
        yield task, block
        progress(pace.done, pace.total)


def _missing(work: Sequence[Work], ranks: int) -> Iterator[Task]:
    blocks = sum(one.missing for one in work)
    for point, one in enumerate(work):
        level = highest_level(one.seconds_per_block, min(blocks, one.blocks), ranks, one.forest.groups)
        for task in tasks(point, one.forest, one.blocks, one.seconds_per_block, level):
            if (task.node << task.level) * one.forest.groups >= one.blocks:
                break  # the point has ended earlier than it was to
            yield task


def _records(work: Sequence[Work], stop: Stop) -> Records:
    jobs = [one.job for one in work]
    return records_of(jobs, [one.preparation for one in work], [one.blocks for one in work], stop.poll)


def _result(work: Sequence[Work], path: Path | None, records: Records | None, store: Store | None = None) -> Result:
    jobs = [one.job for one in work]
    points = [
        Point(
            parameters_of(one.preparation, one.job.swept),
            one.preparation,
            one.forest,
            one.job.point,
            dict(one.job.swept),
        )
        for one in work
    ]
    first, meta = jobs[0], meta_of(jobs)
    if store is not None:
        meta |= {"sessions": store.sessions, "stopping": store.header.meta.get("stopping")}
    return Result(points, name=first.name, seed=first.seed, text=first.text, meta=meta, path=path, records=records)
