"""The result file of a run: created, opened again for the same run only, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .crew import Crew
from .errors import InputError
from .forest import Forest
from .job import Job, compact, digest_of, fingerprints_of, refuse_other
from .ownership import Ownership
from .packing import pack, unpack
from .preparation import Preparation
from .results import Point, Result
from .storage import Header, Reader, Records, Store, read
from .targets import Rule
from .work import Work, blocks_for, groups_for, prepared, template


def complete(jobs: Sequence[Job], output: Path, rule: Rule) -> Result | None:
    """Return the result if the file holds all of it, so that nothing need be written; refuse another run's file."""
    with read(output) as reader:
        preparations = checked(jobs, reader.header, output)
        asked = _asked(jobs, preparations, reader, rule)
        if any(reader.blocks_done(point) < wanted for point, wanted in enumerate(asked)):
            return None
        if wants_records(jobs, reader.records()):
            return None
    return open_result(output)


def _asked(jobs: Sequence[Job], preparations: Sequence[Preparation], reader: Reader, rule: Rule) -> list[int]:
    """Return the number of blocks of each point: what is asked for now or was before, less where the rule ended it."""
    wanted = [blocks_for(job.trajectories, found) for job, found in zip(jobs, preparations, strict=True)]
    stopped = rule.stopped_before(reader.header.meta, len(jobs))
    kept = reader.blocks.tolist()
    return [max(pair) if end is None else end for *pair, end in zip(wanted, kept, stopped, strict=True)]


def wants_records(jobs: Sequence[Job], kept: Records | None) -> bool:
    """Return whether the jobs ask for more jump records than there are."""
    return sum(job.records for job in jobs) > (0 if kept is None else len(kept.initial))


def open_or_create(
    jobs: Sequence[Job], output: Path, fresh: list[Work] | None, ownership: Ownership, crew: Crew, rule: Rule
) -> tuple[Store, list[Work]]:
    """Open the result of these jobs, or create it from `fresh`; a larger request makes room in a copy."""
    groups = groups_for(jobs[0].points)
    if not output.exists():
        work = fresh or prepared(jobs, crew)
        packed = [pack(one.preparation) for one in work]
        meta = meta_of(jobs) | {"preparations": [description for description, _ in packed]}
        header = Header(jobs[0].text, digest_of(jobs), jobs[0].seed, meta, [arrays for _, arrays in packed])
        blocks = [one.blocks for one in work]
        return Store.create(output, header, template(work[0].preparation), groups, blocks, ownership.check), work
    store = Store.open(output, ownership.check)
    preparations = checked(jobs, store.header, output)
    blocks = _asked(jobs, preparations, store, rule)
    if blocks != store.blocks.tolist():
        store.extend(blocks)
    work = [
        Work(job, found, Forest(groups, store.load(point)), blocks[point])
        for point, (job, found) in enumerate(zip(jobs, preparations, strict=True))
    ]
    return store, work


def checked(jobs: Sequence[Job], header: Header, path: Path) -> list[Preparation]:
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


def meta_of(jobs: Sequence[Job]) -> dict[str, Any]:
    """Return what a result says of its run: name, fingerprints, run as tables; of each point its parameters, number."""
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


def parameters_of(preparation: Preparation, swept: Mapping[str, float]) -> dict[str, Any]:
    """Return the model's parameters, and those of the sweep that it does not show itself."""
    return dict(preparation.model.parameters) | {
        name: value for name, value in swept.items() if name not in preparation.model.parameters
    }


def open_result(path: str | Path) -> Result:
    """Read a result file, also while it is being written; of a sweep, the points that have been begun.

    Raises InputError for anything that is not one, or one without a block.
    """
    path = Path(path)
    with read(path) as reader:
        header = reader.header
        forests = [Forest(reader.groups, reader.load(point)) for point in range(reader.points)]
        records, sessions = reader.records(), reader.sessions
    if not any(forest.blocks_done for forest in forests):
        raise InputError(
            f"{path}: no block is finished yet: must be the result of a run that has begun; run it again to continue"
        )
    meta = dict(header.meta) | {"sessions": sessions}
    numbers = meta.get("points", range(len(forests)))
    points = [
        Point(parameters_of(preparation, swept), preparation, forest, number, dict(swept))
        for number, preparation, forest, swept in zip(
            numbers, _unpacked(header, path), forests, meta["swept"], strict=True
        )
        if forest.blocks_done
    ]
    return Result(points, name=meta["name"], seed=header.seed, text=header.text, meta=meta, path=path, records=records)
