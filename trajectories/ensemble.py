"""How a run goes: prepared, sampled by all ranks, kept in its file, stopped and taken up again.

The checkpoint is the result file, and resuming is running the same command again: blocks that are in the file are not
sampled again, and a block is a pure function of (run, seed, its point and number), so the bits at the end depend
neither on how often a run was stopped nor on how many ranks it had.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .crew import Crew
from .handout import Handout, Task, highest_level, tasks
from .job import Job
from .ownership import Ownership
from .recording import records_of
from .resultfile import complete, meta_of, open_or_create, open_result, parameters_of, wants_records
from .results import Point, Result
from .statistics import Block
from .stopping import Patience, Stop
from .storage import Records, Store
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
) -> Result:
    """Sample a job, or the jobs of a sweep, and return the Result; with `output`, keep it there, resume it, extend it.

    `progress(done, total)` hears of finished trajectories, `say` of what the run is waiting for, `stop` says when to
    end early. Raises InputError for a file that belongs to another run, Interrupted when a signal or the time stopped
    the run (everything finished is then in the file), ownership.Busy when another process is writing the file.
    """
    jobs = (jobs,) if isinstance(jobs, Job) else tuple(jobs)
    with (stop or Stop()).listening() as stop:
        crew = Crew(stop)
        if output is None:
            work = prepared(jobs, crew)
            for task, block in _sampled(work, crew, progress):
                work[task.point].forest.add_node(task.group, task.level, task.index, block)
            return _result(work, None, _records(work, stop) if jobs[0].records else None)
        # Whatever can be refused is refused before anything is written, a claim on the file included.
        fresh = None if output.exists() else prepared(jobs, crew)
        found = complete(jobs, output) if fresh is None else None
        if found is not None:
            done = sum(point.trajectories for point in found.points)
            progress(done, done)
            return found
        with Ownership.acquire(output, ranks=crew.ranks, waiting=Patience(stop, say)) as ownership:
            store, work = open_or_create(jobs, output, fresh, ownership, crew)
            with store:
                return _sample_into(store, work, ownership, crew, progress)


def _sample_into(store: Store, work: list[Work], ownership: Ownership, crew: Crew, progress: Progress) -> Result:
    """Sample what is missing into the file; whatever stops it, what is finished is written."""
    changed: set[int] = set()
    total, committed = sum(one.blocks for one in work), time.monotonic()

    def keep(task: Task, block: Block) -> None:
        work[task.point].forest.add_node(task.group, task.level, task.index, block)
        changed.add(task.point)

    def commit() -> None:
        store.commit_points({point: work[point].forest.nodes() for point in sorted(changed)})
        changed.clear()

    try:
        for task, block in _sampled(work, crew, progress):
            keep(task, block)
            if time.monotonic() - committed > SECONDS_BETWEEN_COMMITS:
                commit()
                ownership.beat(sum(one.forest.blocks_done for one in work), total)
                committed = time.monotonic()
    finally:
        for task, block in crew.drop():
            keep(task, block)
        if changed:
            commit()
    if wants_records([one.job for one in work], store.records()):
        store.write_records(_records(work, crew.stop))
    ownership.release("complete", sum(one.forest.blocks_done for one in work), total)
    return _result(work, store.path, store.records())


def _sampled(work: Sequence[Work], crew: Crew, progress: Progress) -> Iterator[tuple[Task, Block]]:
    """Yield the nodes that are still missing, as (task, block): alone in order, with more ranks as they come."""
    done = sum(one.forest.blocks_done * one.size for one in work)
    total = sum(one.blocks * one.size for one in work)
    seconds = sum(one.seconds for one in work)
    handout = Handout(_missing(work, crew.ranks), seconds, crew.ranks)
    progress(done, total)
    for task, block in crew.sample(handout, lambda point: work[point].sampler()):
        done += work[task.point].size << task.level
        yield task, block
        progress(done, total)


def _missing(work: Sequence[Work], ranks: int) -> Iterator[Task]:
    blocks = sum(one.missing for one in work)
    for point, one in enumerate(work):
        level = highest_level(one.seconds_per_block, min(blocks, one.blocks), ranks, one.forest.groups)
        yield from tasks(point, one.forest, one.blocks, one.seconds_per_block, level)


def _records(work: Sequence[Work], stop: Stop) -> Records:
    jobs = [one.job for one in work]
    return records_of(jobs, [one.preparation for one in work], [one.blocks for one in work], stop.poll)


def _result(work: Sequence[Work], path: Path | None, records: Records | None) -> Result:
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
    first = jobs[0]
    return Result(
        points, name=first.name, seed=first.seed, text=first.text, meta=meta_of(jobs), path=path, records=records
    )
