"""Which blocks are sampled, in which order, and how a run is stopped and taken up again.

The checkpoint is the result file, and resuming is running the same command again: blocks that are in the file are not
sampled again, and a block is a pure function of (run, seed, its point and number), so the bits at the end do not depend
on how often a run was stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import InputError
from .forest import Forest
from .job import Job, compact, digest_of, fingerprints_of, refuse_other
from .ownership import Ownership
from .packing import pack, unpack
from .preparation import GROUPS, Preparation
from .recording import records_of
from .results import Point, Result
from .sampling import empty_block, sample_block
from .statistics import Block
from .stopping import Patience, Stop
from .storage import Header, Records, Store, read

SECONDS_BETWEEN_COMMITS = 1.0
Progress = Callable[[int, int], None]
Say = Callable[[str], None]


@dataclass
class Work:
    """One sweep point under way: what was prepared, the blocks that are done, and how many there should be."""

    job: Job
    preparation: Preparation
    forest: Forest
    blocks: int

    @property
    def size(self) -> int:
        return self.preparation.block_size


def groups_for(points: int) -> int:
    """Return the number of groups per point into which blocks fold: fewer in large sweeps, so that files stay small."""
    return GROUPS if points <= 32 else 32 if points <= 256 else 16


def blocks_for(trajectories: int, preparation: Preparation) -> int:
    """Return the number of whole blocks that hold at least so many trajectories."""
    return -(-trajectories // preparation.block_size)


def execute(
    jobs: Job | Sequence[Job],
    output: Path | None = None,
    progress: Progress = lambda done, total: None,
    say: Say = lambda message: None,
) -> Result:
    """Sample a job, or the jobs of a sweep, and return the Result; with `output`, keep it there, resume it, extend it.

    `progress(done, total)` hears of finished trajectories, `say` of what the run is waiting for. Raises InputError for
    a file that belongs to another run, Interrupted when a signal stopped the run (everything finished is then in the
    file), ownership.Busy when another process is writing the file.
    """
    jobs = (jobs,) if isinstance(jobs, Job) else tuple(jobs)
    with Stop().listening() as stop:
        if output is None:
            work = _fresh(jobs, stop)
            for point, index, block in _sampled(work, stop, progress):
                work[point].forest.add(index, block)
            return _result(work, None, _records(work, stop) if jobs[0].records else None)
        # Whatever can be refused is refused before anything is written, a claim on the file included.
        fresh = None if output.exists() else _fresh(jobs, stop)
        complete = _complete(jobs, output, progress) if fresh is None else None
        if complete is not None:
            return complete
        with Ownership.acquire(output, waiting=Patience(stop, say)) as ownership:
            return _execute_in_file(jobs, output, fresh, ownership, stop, progress)


def _fresh(jobs: Sequence[Job], stop: Stop) -> list[Work]:
    """Prepare every point; they share a file, so their numbers must have the same shapes."""
    work = []
    for job in jobs:
        preparation = job.prepare()
        work.append(Work(job, preparation, Forest(groups_for(job.points)), blocks_for(job.trajectories, preparation)))
        shapes = [[part.shape for part in empty_block(one.preparation.ledger)] for one in (work[0], work[-1])]
        if shapes[0] != shapes[1]:
            raise InputError(
                f"[sweep]: {_spelt(job)} has other sectors or channels than {_spelt(jobs[0])}: points of one sweep "
                "must have the same; make two runs of it"
            )
        stop.poll()
    return work


def _spelt(job: Job) -> str:
    return ", ".join(f"{name} = {value}" for name, value in job.swept.items())


def _complete(jobs: Sequence[Job], output: Path, progress: Progress) -> Result | None:
    """Return the result if the file holds all of it, so that nothing need be written; refuse another run's file."""
    with read(output) as reader:
        preparations = _checked(jobs, reader.header, output)
        for point, (job, preparation) in enumerate(zip(jobs, preparations, strict=True)):
            asked = max(blocks_for(job.trajectories, preparation), int(reader.blocks[point]))
            if reader.blocks_done(point) < asked:
                return None
        if _wants_records(jobs, preparations, reader.records()):
            return None
    found = open_result(output)
    done = sum(point.trajectories for point in found.points)
    progress(done, done)
    return found


def _wants_records(jobs: Sequence[Job], preparations: Sequence[Preparation], kept: Records | None) -> bool:
    return sum(job.records for job in jobs) > (0 if kept is None else len(kept.initial))


def _execute_in_file(
    jobs: Sequence[Job],
    output: Path,
    fresh: list[Work] | None,
    ownership: Ownership,
    stop: Stop,
    progress: Progress,
) -> Result:
    store, work = _open_or_create(jobs, output, fresh, ownership, stop)
    with store:
        changed: set[int] = set()
        total, committed = sum(one.blocks for one in work), time.monotonic()

        def commit() -> None:
            store.commit_points({point: work[point].forest.nodes() for point in sorted(changed)})
            changed.clear()

        try:
            for point, index, block in _sampled(work, stop, progress):
                work[point].forest.add(index, block)
                changed.add(point)
                if time.monotonic() - committed > SECONDS_BETWEEN_COMMITS:
                    commit()
                    ownership.beat(sum(one.forest.blocks_done for one in work), total)
                    committed = time.monotonic()
        finally:
            if changed:
                commit()
        if _wants_records(jobs, [one.preparation for one in work], store.records()):
            store.write_records(_records(work, stop))
        ownership.release("complete", sum(one.forest.blocks_done for one in work), total)
        records = store.records()
    return _result(work, output, records)


def _open_or_create(
    jobs: Sequence[Job], output: Path, fresh: list[Work] | None, ownership: Ownership, stop: Stop
) -> tuple[Store, list[Work]]:
    """Open the result of these jobs, or create it from `fresh`; a larger request makes room in a copy."""
    groups = groups_for(jobs[0].points)
    if not output.exists():
        work = fresh or _fresh(jobs, stop)
        packed = [pack(one.preparation) for one in work]
        meta = _meta(jobs) | {"preparations": [description for description, _ in packed]}
        header = Header(jobs[0].text, digest_of(jobs), jobs[0].seed, meta, [arrays for _, arrays in packed])
        blocks = [one.blocks for one in work]
        return Store.create(output, header, template(work[0].preparation), groups, blocks, ownership.check), work
    store = Store.open(output, ownership.check)
    preparations = _checked(jobs, store.header, output)
    kept = store.blocks.tolist()
    asked = [blocks_for(job.trajectories, found) for job, found in zip(jobs, preparations, strict=True)]
    blocks = [max(pair) for pair in zip(asked, kept, strict=True)]
    if blocks != kept:
        store.extend(blocks)
    work = [
        Work(job, found, Forest(groups, store.load(point)), blocks[point])
        for point, (job, found) in enumerate(zip(jobs, preparations, strict=True))
    ]
    return store, work


def _checked(jobs: Sequence[Job], header: Header, path: Path) -> list[Preparation]:
    """Return the preparations in the file; raise InputError unless it is these jobs' and of this version's making."""
    refuse_other(jobs, header.meta.get("fingerprints", {}), str(path))
    return _unpacked(header, path)


def _unpacked(header: Header, path: Path) -> list[Preparation]:
    try:
        described = header.meta["preparations"]
        return [unpack(meta, arrays) for meta, arrays in zip(described, header.plans, strict=True)]
    except (KeyError, TypeError, IndexError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: was written by another version of this program ({error}): must be run anew"
        ) from None


def template(preparation: Preparation) -> Block:
    """Return a Block of the shapes that this preparation's blocks have."""
    return empty_block(preparation.ledger)


def _meta(jobs: Sequence[Job]) -> dict[str, Any]:
    from .layout import plain

    return {
        "name": jobs[0].name,
        "fingerprints": fingerprints_of(jobs),
        "each": compact([job.fingerprints() for job in jobs]),
        "points": [job.point for job in jobs],
        "of": jobs[0].points,
        "swept": [dict(job.swept) for job in jobs],
        "run": plain(dict(jobs[0].mapping)),
    }


def _sampled(work: Sequence[Work], stop: Stop, progress: Progress) -> Iterator[tuple[int, int, Block]]:
    """Yield the blocks that are still missing, as (point, index, block), in this order."""
    done = sum(one.forest.blocks_done * one.size for one in work)
    total = sum(one.blocks * one.size for one in work)
    for point, one in enumerate(work):
        found = one.preparation
        for index in one.forest.missing(one.blocks):
            progress(done, total)
            stop.poll()
            first, jumps = index * one.size, found.jumps_per_trajectory
            block = sample_block(
                found.plan, found.ledger, one.job.seed, one.job.point, first, one.size, jumps, stop.poll
            )
            done += one.size
            yield point, index, block
    progress(done, total)


def _parameters(preparation: Preparation, swept: Mapping[str, float]) -> dict[str, Any]:
    """Return the model's parameters, and those of the sweep that it does not show itself."""
    return dict(preparation.model.parameters) | {
        name: value for name, value in swept.items() if name not in preparation.model.parameters
    }


def _records(work: Sequence[Work], stop: Stop) -> Records:
    return records_of(
        [one.job for one in work], [one.preparation for one in work], [one.blocks for one in work], stop.poll
    )


def _result(work: Sequence[Work], path: Path | None, records: Records | None) -> Result:
    jobs = [one.job for one in work]
    points = [
        Point(
            _parameters(one.preparation, one.job.swept), one.preparation, one.forest, one.job.point, dict(one.job.swept)
        )
        for one in work
    ]
    first = jobs[0]
    return Result(
        points, name=first.name, seed=first.seed, text=first.text, meta=_meta(jobs), path=path, records=records
    )


def open_result(path: str | Path) -> Result:
    """Read a result file, also while it is being written; of a sweep, the points that have been begun.

    Raises InputError for anything that is not one, or one without a block.
    """
    path = Path(path)
    with read(path) as reader:
        header = reader.header
        forests = [Forest(reader.groups, reader.load(point)) for point in range(reader.points)]
        records = reader.records()
    if not any(forest.blocks_done for forest in forests):
        raise InputError(
            f"{path}: no block is finished yet: must be the result of a run that has begun; run it again to continue"
        )
    meta = dict(header.meta)
    numbers = meta.get("points", range(len(forests)))
    points = [
        Point(_parameters(preparation, swept), preparation, forest, index, dict(swept))
        for preparation, forest, swept, index in zip(
            _unpacked(header, path), forests, meta["swept"], numbers, strict=True
        )
        if forest.blocks_done
    ]
    return Result(points, name=meta["name"], seed=header.seed, text=header.text, meta=meta, path=path, records=records)
