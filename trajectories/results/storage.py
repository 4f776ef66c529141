"""Writing a result: each commit is a whole file, written beside the old one and moved into its place (see `layout`).

A kill at any instant therefore leaves the old file or the new one, and a reader sees one or the other.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.errors import InputError
from trajectories.results.layout import Header, Records
from trajectories.results.provenance import Environment, environment
from trajectories.results.reader import Reader, open_hdf5
from trajectories.results.writer import NodeWriter, copy_header, new_result, write_header, write_records, write_run
from trajectories.sampling.reduction_tree import Key
from trajectories.sampling.statistics import Block

MOST_SESSIONS = 64
SECONDS_BETWEEN_COMMITS = 1.0
WAIT_PER_DURATION = 20.0  # so that writing takes at most a twentieth of the time
Guard = Callable[[], None]


class Store(Reader):
    """Write access to a result file; there must be one at a time (see `ownership`)."""

    def __init__(self, path: str | os.PathLike[str], guard: Guard | None = None, ranks: int = 1) -> None:
        """Open an existing result.

        guard: called before every write that could damage another writer's work; raises to forbid it. ranks: number
        of processes that sample, noted under /sessions by the next commit if machine, software or ranks have changed.
        """
        # A link stays a link when the file behind it is replaced.
        super().__init__(Path(os.path.realpath(path)))
        self._guard = guard or (lambda: None)
        self._session, self._due = _session(ranks), time.monotonic()

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        header: Header,
        template: Block,
        groups: int,
        blocks: ArrayLike,
        guard: Guard | None = None,
        ranks: int = 1,
    ) -> Store:
        """Create a result file and open it for writing.

        template: a Block of the shapes to be stored. groups: number of groups G. blocks: wanted at each point, (P,) or
        one number for all. guard, ranks: as for opening.

        Raises InputError if ``path`` exists already or its folder cannot be written.
        """
        target = Path(os.path.realpath(path))
        if os.path.exists(target):  # False, where Path.exists raises, in a folder that one may not look into
            raise InputError(f"{target}: exists already; choose another name (-o) or remove it")
        shapes = {name: np.shape(value) for name, value in template._asdict().items()}
        with new_result(target, guard or (lambda: None)) as file:
            write_header(file, header)
            write_run(file, groups, _of_points(blocks, len(header.plans)), [_session(ranks)])
            NodeWriter(file, shapes, 0)
        return cls(target, guard, ranks)

    @property
    def due(self) -> bool:
        """Whether it is time for the next commit: 20 times the duration of the last one has passed, and a second."""
        return time.monotonic() >= self._due

    def commit(self, points: Mapping[int, Mapping[Key, Block]]) -> None:
        """Make ``points[p]`` (all of ``Forest.nodes()``) the nodes of point p in the file, for each p.

        Killed on the way, the file holds what it held before or all that was given. InputError if the disk is full
        or fails; what was committed before is intact.
        """
        changed = {point: nodes for point, nodes in points.items() if set(nodes) != set(self.keys(point))}
        if changed:
            self._replace(changed)

    def extend(self, blocks: ArrayLike, header: Header | None = None) -> None:
        """Want ``blocks`` blocks at each point, (P,) or one number; a new header takes the old one's place."""
        wanted = _of_points(blocks, self.points)
        if header is not None or not np.array_equal(wanted, self.blocks):
            self._replace({}, wanted, header)

    def begin_again(self, blocks: ArrayLike, header: Header) -> None:
        """Want ``blocks`` blocks at each point, of the size that ``header`` says, and drop the existing ones."""
        self._replace(dict.fromkeys(range(self.points), {}), _of_points(blocks, self.points), header)

    def write_records(self, records: Records) -> None:
        """Store jump records, in the place of existing ones."""
        self._replace({}, records=records)

    def _replace(
        self,
        changed: Mapping[int, Mapping[Key, Block]],
        blocks: NDArray[np.int64] | None = None,
        header: Header | None = None,
        records: Records | None = None,
    ) -> None:
        """Put a new file into the place of this one; what is not given is copied over."""
        begin = time.monotonic()
        self._guard()
        with new_result(self.path, self._guard) as file:
            if header is None:
                copy_header(self._file, file)
            else:
                write_header(file, header)
            write_run(file, self.groups, self.blocks if blocks is None else blocks, self._sessions_now())
            if records is not None:
                write_records(file, records)
            elif "records" in self._file:
                self._file.copy("records", file)
            self._write_nodes(file, changed)
        self.close()
        if header is None:
            self._file = open_hdf5(self.path)
            self._read_index()
        else:
            super().__init__(self.path)
        self._due = time.monotonic() + max(SECONDS_BETWEEN_COMMITS, WAIT_PER_DURATION * (time.monotonic() - begin))

    def _write_nodes(self, file: h5py.File, changed: Mapping[int, Mapping[Key, Block]]) -> None:
        kept = np.ones(len(self._keys), bool)
        for point in changed:
            kept[slice(*self._rows[point])] = False
        edges = np.flatnonzero(np.diff(kept, prepend=False, append=False)).reshape(-1, 2)
        rows = int(kept.sum()) + sum(map(len, changed.values()))
        with NodeWriter(file, self.shapes, rows) as writer:
            for first, last in edges.tolist():
                with self._damage_named():
                    writer.copy(self._nodes, first, last)
            for point, nodes in sorted(changed.items()):
                writer.append(point, nodes)

    def _sessions_now(self) -> list[Environment]:
        """Return the sessions of the file and, if different from the last one, this one."""
        if {**self.sessions[-1], "time": ""} == {**self._session, "time": ""}:
            return self.sessions
        return [*self.sessions[: MOST_SESSIONS - 1], self._session]


def _of_points(blocks: ArrayLike, points: int) -> NDArray[np.int64]:
    return np.broadcast_to(np.asarray(blocks, dtype=np.int64), (points,))


def _session(ranks: int) -> Environment:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"time": now} | environment() | {"ranks": str(ranks), "threads": os.environ.get("NUMBA_NUM_THREADS", "1")}
