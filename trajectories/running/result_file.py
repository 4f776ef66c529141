"""The result file of a run: created, or opened again for the same run only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from trajectories.errors import InputError
from trajectories.model.conversion import json_value
from trajectories.report.result import ResultData, open_result
from trajectories.results.layout import Header, Records
from trajectories.results.ownership import Ownership
from trajectories.results.points import descriptions_of
from trajectories.results.reader import Reader, read
from trajectories.results.storage import Store
from trajectories.runfiles.fingerprints import (
    OPERATORS,
    at_point,
    compact,
    describe_differences,
    differing_names,
    digest,
    joint_fingerprint,
    operator_difference,
    stored_model,
)
from trajectories.runfiles.job import Jobs
from trajectories.running.stopping_rule import Rule
from trajectories.running.sweep_point import SweepPoint, blocks_for, unstarted_points
from trajectories.running.tasks import PackedPoint, template
from trajectories.sampling import serialised_preparation
from trajectories.sampling.preparation import LARGE_SWEEP

Say = Callable[[str], None]


def complete(jobs: Jobs, output: Path, rule: Rule, say: Say) -> ResultData | None:
    """Return the result if the file holds all wanted blocks, otherwise None.

    `say` is told where fewer trajectories are wanted than the file holds or than were wanted before. Raises
    InputError for the file of another run.
    """
    with read(output) as reader:
        check(jobs, reader.header, output)
        asked = _wanted_blocks(jobs, reader, rule)
        _announce_fewer(jobs, reader, rule, asked, say)
        if asked != reader.blocks.tolist():
            return None
        if any(reader.blocks_done(point) < wanted for point, wanted in enumerate(asked)):
            return None
        if wants_records(jobs, reader.records()):
            return None
    return open_result(output)


def _wanted_blocks(jobs: Jobs, reader: Reader, rule: Rule) -> list[int]:
    """Return the number of blocks wanted at each point: fewer than requested where the rule ended the point.

    Never less than the file holds: no finished block is dropped.
    """
    asked = jobs[0].trajectories
    wanted = [blocks_for(asked, int(meta["block_size"])) for meta in descriptions_of(reader.header, reader.path)]
    stopped = rule.stopped_before(reader.header.meta, len(jobs))
    return [
        max(blocks, reader.end(point)) if end is None else end
        for point, (blocks, end) in enumerate(zip(wanted, stopped, strict=True))
    ]


def _announce_fewer(jobs: Jobs, reader: Reader, rule: Rule, blocks: Sequence[int], say: Say) -> None:
    """Tell the user where a run ends of which more trajectories were wanted before."""
    asked = jobs[0].trajectories
    sizes = [int(meta["block_size"]) for meta in descriptions_of(reader.header, reader.path)]
    stopped = rule.stopped_before(reader.header.meta, len(jobs))
    fewer = [
        (old * size, new * size)
        for old, new, size, end in zip(reader.blocks.tolist(), blocks, sizes, stopped, strict=True)
        if end is None and old > blocks_for(asked, size)
    ]
    if not fewer:
        return
    before, after = (max(numbers) for numbers in zip(*fewer, strict=True))
    at = " at each point" if len(jobs) > 1 else ""
    if all(old == new for old, new in fewer):
        words = f"{asked:,} trajectories are asked for{at}, but it holds {before:,}: all of them are taken"
    else:
        words = f"was asked for {before:,} trajectories{at} before, for {asked:,} now: ends at {after:,}"
        words += f" (never below what it holds); ask for {before:,} again to go on to that"
    say(f"{reader.path}: {words}")


def wants_records(jobs: Jobs, kept: Records | None) -> bool:
    """Return whether the jobs want more jump records than are stored."""
    return jobs[0].records * len(jobs) > (0 if kept is None else len(kept.initial))


def create(
    jobs: Jobs, output: Path, packed: Sequence[PackedPoint], ownership: Ownership, ranks: int
) -> tuple[Store, list[SweepPoint]]:
    """Create the result of these jobs."""
    work = unstarted_points(jobs, packed)
    meta = meta_of(jobs, packed) | {"preparations": serialised_preparation.described([point.meta for point in packed])}
    header = Header(jobs[0].text, digest(meta["fingerprints"]), jobs[0].seed, meta, [point.arrays for point in packed])
    blocks = [point.blocks for point in work]
    first = template(work[0].preparation)
    return Store.create(output, header, first, work[0].groups, blocks, ownership.check, ranks), work


def reopen(
    jobs: Jobs, output: Path, ownership: Ownership, rule: Rule, ranks: int, say: Say
) -> tuple[Store, list[SweepPoint]]:
    """Open the result of these jobs for writing, with the number of blocks that they want now."""
    store = Store(output, ownership.check, ranks)
    check(jobs, store.header, output)
    before, blocks = store.blocks.tolist(), _wanted_blocks(jobs, store, rule)
    work = _stored_points(store, blocks)
    if blocks != before:
        stopped = any(end is not None for end in rule.stopped_before(store.header.meta, len(jobs)))
        anew = [] if stopped else _larger_block_sizes(jobs, work, before)
        if anew:
            say(
                f"{output}: {jobs[0].trajectories:,} trajectories are sampled anew, in larger blocks "
                f"({anew[0]:,} instead of {work[0].size:,}): faster than going on"
            )
            blocks = [blocks_for(jobs[0].trajectories, size) for size in anew]
            store.begin_again(blocks, _header_of_sizes(jobs, store, anew))
        else:
            store.extend(blocks)
        work = _stored_points(store, blocks)
    return store, work


def _stored_points(store: Store, blocks: Sequence[int]) -> list[SweepPoint]:
    metas, meta = descriptions_of(store.header, store.path), store.header.meta
    return [
        SweepPoint(
            meta["points"][point],
            store.header.seed,
            meta["swept"][point],
            metas[point],
            store.header.plans[point],
            store.groups,
            blocks[point],
            store.blocks_done(point),
            partial(store.forest, point),
        )
        for point in range(store.points)
    ]


def _larger_block_sizes(jobs: Jobs, work: Sequence[SweepPoint], before: Sequence[int]) -> list[int]:
    """Return the larger block size of each point, if sampling everything anew is faster than adding small blocks.

    The first request fixes the block size; blocks of few trajectories cost more than the trajectories in them.
    before: blocks wanted so far. The number of finished ones is not used, so that kills do not change the answer.
    """
    if any(point.blocks < old for point, old in zip(work, before, strict=True)):
        return []
    fresh = [point.blocks_if_fresh(jobs[0].trajectories, jobs[0].fewest_blocks) for point in work]
    added = sum((point.blocks - old) * point.seconds_per_block for point, old in zip(work, before, strict=True))
    return [size for size, _ in fresh] if sum(seconds for _, seconds in fresh) < added else []


def _header_of_sizes(jobs: Jobs, store: Store, sizes: Sequence[int]) -> Header:
    """Return the header that a run with blocks of these sizes from the start would have."""
    metas = descriptions_of(store.header, store.path)
    meta = {name: value for name, value in store.header.meta.items() if name != "stopping"}
    sized = [{**description, "block_size": size} for description, size in zip(metas, sizes, strict=True)]
    meta |= {"run": json_value(dict(jobs[0].mapping)), "preparations": serialised_preparation.described(sized)}
    return replace(store.header, text=jobs[0].text, meta=meta)


def check(jobs: Jobs, header: Header, path: Path) -> None:
    """Raise InputError, naming the differences, unless this version of the program wrote the file for these jobs.

    Models are built, and compared, at all points of small sweeps, and at the first, middle and last one of large ones.
    """
    stored, wanted = header.meta.get("fingerprints", {}), jobs.fingerprints()
    metas = descriptions_of(header, path)
    names = [name for name in differing_names(stored, wanted) if name != OPERATORS]
    if "points" in names:
        raise InputError(
            f"{path} holds other points of a sweep than those asked for (--points); give another file with -o, "
            "or merge the two: trajectories merge"
        )
    runs = header.meta["run"], jobs[0].mapping
    if names:
        raise _other_run(path, describe_differences(names, stored, wanted, *runs))
    last = len(jobs) - 1
    for point in range(last + 1) if last < LARGE_SWEEP else sorted({0, last // 2, last}):
        job, kept = jobs[point], at_point(header.meta["each"], point)
        wanted_here = job.fingerprints()
        names = [name for name in differing_names(kept, wanted_here) if name != OPERATORS]
        words = describe_differences(names, kept, wanted_here, *runs)
        if not names and kept[OPERATORS] != wanted_here[OPERATORS]:
            words = operator_difference(stored_model(metas[point], header.plans[point]), job.model.pack())
            machine = f"{job.system['function']} in {job.system['file']}" if "file" in job.system else job.model.name
            same = "[system] is" if job.text else "the parameters are"
            words = words and f"the operators of {machine} differ although {same} the same: {words}"
        if words:
            raise _other_run(path, f"at point {job.point}, {words}" if job.points > 1 else words)


def _other_run(path: Path, words: str) -> InputError:
    return InputError(
        f"{path} holds the result of a different run: {words}; give another file with -o, or remove this one"
    )


def meta_of(jobs: Jobs, packed: Sequence[PackedPoint]) -> dict[str, Any]:
    """Return the description of a run: name, fingerprints, run as tables, parameters and number of each point."""
    first, numbers = jobs[0], [point.number for point in packed]
    return {
        "name": first.name,
        "fingerprints": joint_fingerprint(packed[0].fingerprints, first.mapping, numbers, first.points),
        "each": compact([point.fingerprints for point in packed]),
        "points": numbers,
        "of": first.points,
        "swept": jobs.swept(),
        "run": json_value(dict(first.mapping)),
    }
