"""Merging result files of one run: points of a sweep computed by an array of jobs, or blocks of one point.

Each part keeps the numbers of its points in the whole sweep, which key their random streams, and a node of a point's
reduction tree is a function of its key. The merged file therefore has the bits of a sweep run by one job.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from trajectories.errors import InputError
from trajectories.results.layout import Header, Records
from trajectories.results.merge_inputs import (
    Holders,
    Part,
    holders_of,
    refuse_missing,
    refuse_other,
    refuse_other_points,
)
from trajectories.results.ownership import Ownership
from trajectories.results.provenance import Environment
from trajectories.results.reader import read
from trajectories.results.storage import MOST_SESSIONS
from trajectories.results.writer import NodeWriter, new_result, write_header, write_records, write_run
from trajectories.runfiles.fingerprints import compact, digest, joint_fingerprint
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.serialised_preparation import described


@dataclass(frozen=True)
class Merged:
    """Summary of a merge: numbers of files, of points written and of the sweep, of blocks finished and wanted."""

    path: Path
    parts: int
    points: int
    of_points: int
    done: int
    asked: int

    def json(self) -> dict[str, Any]:
        """Return the same as a mapping."""
        return vars(self) | {"path": str(self.path)}

    def text(self) -> str:
        """Return one line."""
        state = "complete" if (self.points, self.done) == (self.of_points, self.asked) else "incomplete"
        return (
            f"{self.path}: {self.points} of {self.of_points} point{'s' * (self.of_points > 1)}, "
            f"{self.done} of {self.asked} blocks, from {self.parts} file{'s' * (self.parts > 1)}: {state}"
        )


def merge(paths: Sequence[str | Path], output: str | Path, partial: bool = False) -> Merged:
    """Merge the result files of one run into one, which is resumed, extended, reported and drawn like any other.

    output: path of the merged file; an existing result of the same run is one more part. partial: whether points or
    blocks may be missing. A block that several files hold counts once.

    Raises InputError for files of different runs, naming the file and what differs, and for missing points or blocks,
    naming them; then nothing is written.
    """
    output = Path(output)
    files = list({os.path.realpath(path): Path(path) for path in paths}.values())
    # Whatever can be refused is refused before anything is written, a claim on the file included.
    collected = _collected(files, output, partial)
    with Ownership.acquire(output) as ownership:
        if output.exists():
            collected = _collected(files, output, partial)  # its owner, now gone, may have added blocks
        parts, holders, asked = collected
        with new_result(Path(os.path.realpath(output)), ownership.check) as file:
            done = _write(file, parts, holders, asked)
            if not partial and done < sum(asked.values()):
                raise InputError(
                    f"the files hold {done} of {sum(asked.values())} blocks together: run them to the end, or take "
                    "what there is: --partial"
                )
        ownership.release("complete" if len(holders) == parts[0].of_points else "stopped", done, sum(asked.values()))
    return Merged(output, len(parts), len(holders), parts[0].of_points, done, sum(asked.values()))


def _collected(files: Sequence[Path], output: Path, partial: bool) -> tuple[list[Part], Holders, Mapping[int, int]]:
    """Return the parts (the output too if it exists), the holders of each point and the blocks wanted at each point.

    Raises InputError for files that do not fit together.
    """
    exists = output.exists() and os.path.realpath(output) not in map(os.path.realpath, files)
    parts = [Part(path) for path in (*files, *([output] if exists else []))]
    for part in parts[1:]:
        refuse_other(parts[0], part)
    holders = holders_of(parts)
    refuse_other_points(parts, holders)
    asked = {number: max(int(parts[i].blocks[place]) for i, place in held) for number, held in holders.items()}
    if not partial:
        refuse_missing(parts, holders, asked)
    return parts, holders, asked


def _write(file: h5py.File, parts: Sequence[Part], holders: Holders, wanted: Mapping[int, int]) -> int:
    """Write the merged file; return the number of blocks in it."""
    places = {number: place for place, number in enumerate(holders)}
    write_header(file, _header(parts, holders))
    write_run(file, parts[0].groups, np.array(list(wanted.values())), _sessions(parts))
    records = _records(parts, holders)
    if records is not None:
        write_records(file, records)
    done = 0
    with NodeWriter(file, parts[0].shapes, sum(part.nodes for part in parts)) as writer:
        for i, part in enumerate(parts):
            with read(part.path) as reader:
                for place, number in enumerate(part.numbers):
                    if holders[number][0] == (i, place):
                        forest = Forest(part.groups, reader.load(place))
                        others = holders[number][1:] if forest.blocks_done < wanted[number] else ()
                        for j, other in others:
                            _add(forest, parts[j].path, other)
                        writer.append(places[number], forest.nodes())
                        done += forest.blocks_done
    return done


def _add(forest: Forest, path: Path, place: int) -> None:
    """Add the nodes of a point of another file, as far as the forest has none of their blocks."""
    with read(path) as reader:
        for (group, level, index), block in reader.load(place).items():
            # Where some blocks of a node are known already, only time is lost by leaving all of them out.
            with suppress(ValueError):
                forest.add_node(group, level, index, block)


def _header(parts: Sequence[Part], holders: Holders) -> Header:
    """Return the header that a run of all these points would have written."""
    chosen = [(parts[held[0][0]], held[0][1]) for held in holders.values()]
    each, numbers, first = [part.fingerprints(place) for part, place in chosen], list(holders), parts[0]
    fingerprints = joint_fingerprint(each[0], first.header.meta["run"], numbers, first.of_points)
    kept = {name: value for name, value in first.header.meta.items() if name != "stopping"}
    meta = kept | {
        "fingerprints": fingerprints,
        "points": numbers,
        "each": compact(each),
        "swept": [part.header.meta["swept"][place] for part, place in chosen],
        "preparations": described([part.descriptions[place] for part, place in chosen]),
    }
    meta |= _stopping(chosen)
    plans = [part.header.plans[place] for part, place in chosen]
    return Header(first.header.text, digest(fingerprints), first.header.seed, json.loads(json.dumps(meta)), plans)


def _stopping(chosen: Sequence[tuple[Part, int]]) -> dict[str, Any]:
    """Return the stopping rule (--target-error) that ended all points; empty unless they had the same one."""
    rules: list[dict[str, Any]] = [part.header.meta.get("stopping") or {} for part, _ in chosen]
    if not all(rule.get("targets") and rule["targets"] == rules[0]["targets"] for rule in rules):
        return {}
    return {
        "stopping": rules[0] | {"blocks": [rule["blocks"][at] for rule, (_, at) in zip(rules, chosen, strict=True)]}
    }


def _sessions(parts: Sequence[Part]) -> list[Environment]:
    """Return every environment that worked on a part, oldest first."""
    sessions = sorted((session for part in parts for session in part.sessions), key=lambda session: session["time"])
    different = {json.dumps({**session, "time": ""}, sort_keys=True): session for session in reversed(sessions)}
    return list(reversed(different.values()))[:MOST_SESSIONS]


def _records(parts: Sequence[Part], holders: Holders) -> Records | None:
    """Return the jump records of all points, in the order of the points; None unless every file has some."""
    stored: dict[int, Records] = {}
    for i in {held[0][0] for held in holders.values()}:
        with read(parts[i].path) as reader:
            records = reader.records()
        if records is None:
            return None
        stored[i] = records
    pieces = [_of_point(stored[held[0][0]], number) for number, held in holders.items()]
    joined = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in Records._fields}
    lengths = np.concatenate([np.diff(piece.offsets) for piece in pieces])
    return Records(**joined | {"offsets": np.concatenate([[0], np.cumsum(lengths)])})


def _of_point(records: Records, number: int) -> Records:
    """Return the records of one point."""
    first, last = np.searchsorted(records.point, [number, number + 1])
    inside = slice(records.offsets[first], records.offsets[last])
    rows = {name: getattr(records, name)[first:last] for name in ("point", "trajectory", "initial", "final")}
    return Records(
        **rows,
        offsets=records.offsets[first : last + 1] - records.offsets[first],
        times=records.times[inside],
        channels=records.channels[inside],
    )
