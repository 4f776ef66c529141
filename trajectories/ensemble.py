"""Which blocks are sampled, in which order, and how a run is stopped and taken up again.

The checkpoint is the result file, and resuming is running the same command again: blocks that are in the file are not
sampled again, and a block is a pure function of (run, seed, its number), so the bits at the end do not depend on how
often a run was stopped.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from .errors import InputError, Interrupted
from .forest import Forest
from .job import Job
from .ownership import Ownership
from .packing import pack, unpack
from .preparation import GROUPS, Preparation
from .results import Point, Result
from .sampling import JUMPS_PER_CALL, empty_block, sample, sample_block
from .statistics import Block
from .storage import Header, Records, Store, read

SECONDS_BETWEEN_COMMITS = 1.0


class Stop:
    """Hears SIGINT, SIGTERM and SIGUSR1 while a run is under way; `poll` raises Interrupted once one has come."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)

    def __init__(self) -> None:
        self.heard: int | None = None

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard = number

    def poll(self) -> None:
        if self.heard is not None:
            raise Interrupted(f"stopped by {signal.Signals(self.heard).name}")

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        previous = {number: signal.signal(number, self._hear) for number in self.SIGNALS}
        try:
            yield self
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def blocks_for(trajectories: int, preparation: Preparation) -> int:
    """Return the number of whole blocks that hold at least so many trajectories."""
    return -(-trajectories // preparation.block_size)


def execute(
    job: Job,
    output: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    say: Callable[[str], None] = lambda message: None,
) -> Result:
    """Sample a job to its end and return the Result; with `output`, keep it in that file, resume it, or extend it.

    `progress(done, total)` hears of finished trajectories, `say` of what the run is waiting for. Raises
    InputError for a file that belongs to another run, Interrupted when a signal stopped the run (everything finished is
    then in the file), ownership.Busy when another process is writing the file.
    """
    with Stop().listening() as stop:
        if output is None:
            preparation = job.prepare()
            forest = Forest(GROUPS)
            blocks = blocks_for(job.trajectories, preparation)
            for index, block in _sampled(job, preparation, forest, blocks, stop, progress):
                forest.add(index, block)
            records = records_of(job, preparation, stop.poll) if job.records else None
            return result_of(job, preparation, forest, None, records)
        # Whatever can be refused is refused before anything is written, a claim on the file included.
        fresh = None if output.exists() else job.prepare()
        if fresh is None:
            complete = _complete(job, output, progress)
            if complete is not None:
                return complete
        with Ownership.acquire(output, waiting=_Patience(stop, say)) as ownership:
            return _execute_in_file(job, output, fresh, ownership, stop, progress)


class _Patience:
    """Polls for signals while another process is writing the file, and says once what is being waited for."""

    def __init__(self, stop: Stop, say: Callable[[str], None]) -> None:
        self.stop, self.say, self.said = stop, say, False

    def __call__(self, message: str) -> None:
        self.stop.poll()
        if not self.said:
            self.say(f"waiting: {message}")
        self.said = True


def _complete(job: Job, output: Path, progress: Callable[[int, int], None]) -> Result | None:
    """Return the result if the file holds all of it, so that nothing need be written; refuse another run's file."""
    with read(output) as reader:
        _check(job, reader.header, output)
        records = reader.records()
        asked = blocks_for(job.trajectories, _unpacked(reader.header, output))
        total = max(asked, int(reader.blocks[0]))
        if reader.blocks_done(0) < total or job.records > _kept(records):
            return None
    found = open_result(output)
    progress(found.trajectories, found.trajectories)
    return found


def _kept(records: Records | None) -> int:
    return 0 if records is None else len(records.initial)


def _execute_in_file(
    job: Job,
    output: Path,
    fresh: Preparation | None,
    ownership: Ownership,
    stop: Stop,
    progress: Callable[[int, int], None],
) -> Result:
    store, preparation, forest = _open_or_create(job, output, fresh, ownership)
    with store:
        blocks = max(blocks_for(job.trajectories, preparation), int(store.blocks[0]))
        before, committed = forest.blocks_done, time.monotonic()
        try:
            for index, block in _sampled(job, preparation, forest, blocks, stop, progress):
                forest.add(index, block)
                if time.monotonic() - committed > SECONDS_BETWEEN_COMMITS:
                    store.commit(0, forest.nodes())
                    ownership.beat(forest.blocks_done, blocks)
                    committed = time.monotonic()
        finally:
            if forest.blocks_done > before:
                store.commit(0, forest.nodes())
        if job.records > _kept(store.records()):
            store.write_records(records_of(job, preparation, stop.poll))
        ownership.release("complete", forest.blocks_done, blocks)
        records = store.records()
    return result_of(job, preparation, forest, output, records)


def _open_or_create(
    job: Job, output: Path, fresh: Preparation | None, ownership: Ownership
) -> tuple[Store, Preparation, Forest]:
    """Open the result of this job, or create it from `fresh`; a larger request makes room in a copy."""
    if not output.exists():
        preparation = fresh or job.prepare()
        meta, arrays = pack(preparation)
        header = Header(job.text, job.digest, job.seed, _meta(job) | {"preparation": meta}, [arrays])
        blocks = blocks_for(job.trajectories, preparation)
        store = Store.create(output, header, template(preparation), GROUPS, blocks, ownership.check)
        return store, preparation, Forest(GROUPS)
    store = Store.open(output, ownership.check)
    _check(job, store.header, output)
    preparation = _unpacked(store.header, output)
    blocks = blocks_for(job.trajectories, preparation)
    if blocks > store.blocks[0]:
        store.extend(blocks)
    return store, preparation, Forest(GROUPS, store.load(0))


def _check(job: Job, header: Header, path: Path) -> None:
    """Raise InputError unless the file is this job's and of this version's making."""
    job.refuse_other(header.meta.get("fingerprints", {}), str(path))
    _unpacked(header, path)


def _unpacked(header: Header, path: Path) -> Preparation:
    try:
        return unpack(header.meta["preparation"], header.plans[0])
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"{path}: was written by another version of this program ({error}): must be run anew"
        ) from None


def template(preparation: Preparation) -> Block:
    """Return a Block of the shapes that this preparation's blocks have."""
    return empty_block(preparation.ledger)


def _meta(job: Job) -> dict[str, Any]:
    from .layout import plain

    return {
        "name": job.name,
        "fingerprints": job.fingerprints(),
        "run": plain(dict(job.mapping)),
    }


def _sampled(
    job: Job, preparation: Preparation, forest: Forest, blocks: int, stop: Stop, progress: Callable[[int, int], None]
) -> Iterator[tuple[int, Block]]:
    """Yield those of the first `blocks` blocks that are still missing, in index order."""
    size = preparation.block_size
    for done, index in enumerate(forest.missing(blocks), start=forest.blocks_done):
        progress(done * size, blocks * size)
        stop.poll()
        first = index * size
        block = sample_block(
            preparation.plan, preparation.ledger, job.seed, 0, first, size, preparation.jumps_per_trajectory, stop.poll
        )
        yield index, block
    progress(blocks * size, blocks * size)


def records_of(job: Job, preparation: Preparation, poll: Callable[[], None] = lambda: None) -> Records:
    """Return the jump records of the first `job.records` trajectories.

    A trajectory is a pure function of its number, so its record is sampled anew rather than carried along.
    """
    n = min(job.records, blocks_for(job.trajectories, preparation) * preparation.block_size)
    per_call = max(1, int(JUMPS_PER_CALL / max(1.0, preparation.jumps_per_trajectory)))
    parts: list[tuple[np.ndarray, ...]] = []
    # Only the end is looked at: sample times do not change a trajectory.
    plan = preparation.plan._replace(times=preparation.plan.times[-1:].copy())
    for first in range(0, n, per_call):
        size = min(per_call, n - first)
        lengths = sample(plan, preparation.ledger, job.seed, 0, first, size).record_length
        capacity = max(1, int(lengths.max()))
        found = sample(plan, preparation.ledger, job.seed, 0, first, size, capacity)
        inside = np.arange(capacity) < lengths[:, None]
        channels = found.record_channels[inside].astype(np.int32)
        parts.append((found.initial, found.final, lengths, found.record_times[inside], channels))
        poll()
    initial, final, lengths, times, channels = (np.concatenate(part) for part in zip(*parts, strict=True))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Records(np.zeros(n, np.int64), np.arange(n), initial, final, offsets, times, channels)


def result_of(job: Job, preparation: Preparation, forest: Forest, path: Path | None, records: Records | None) -> Result:
    """Return the Result of what has been sampled."""
    point = Point(dict(job.model.parameters), preparation, forest)
    meta = _meta(job)
    return Result([point], name=job.name, seed=job.seed, text=job.text, meta=meta, path=path, records=records)


def open_result(path: str | Path) -> Result:
    """Read a result file, also while it is being written.

    Raises InputError for anything that is not one, or one without a block.
    """
    path = Path(path)
    with read(path) as reader:
        header = reader.header
        forest = Forest(reader.groups, reader.load(0))
        records = reader.records()
    if forest.blocks_done == 0:
        raise InputError(
            f"{path}: no block is finished yet: must be the result of a run that has begun; run it again to continue"
        )
    preparation = _unpacked(header, path)
    point = Point(dict(preparation.model.parameters), preparation, forest)
    return Result(
        [point],
        name=header.meta["name"],
        seed=header.seed,
        text=header.text,
        meta=dict(header.meta),
        path=path,
        records=records,
    )
