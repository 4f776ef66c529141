"""The result file: one self-describing HDF5 file that a kill at any instant leaves usable.

Layout (P sweep points, S slots, T sample times, Q quantities, C of them with co-moments, D the size of the blocks of
rho, H histograms; all numbers little-endian):

  /                       attributes: format "trajectories result", format_version, created (ISO 8601, UTC), and what
                          it was created with: program, git, python, numpy, numba, scipy, h5py, cpu
  /run                    attributes: digest (of all that determines the numbers), seed, groups G (group of block b of
                          a point: b mod G)
  /run/text               the run file's text
  /run/meta               JSON: the run in canonical form, models, sectors, quantities
  /run/blocks             (P,) blocks asked for at each point
  /model, /plan           attributes: points P, sha256 over all arrays below (checked on opening)
  /model/*, /plan/*       one array per name with a leading axis of points, of length 1 where all points have the same
                          (compressed where there are many points); where its shape differs a group of
                          values, shapes (P, ndim) and offsets (P + 1,): point p has
                          values[offsets[p]:offsets[p + 1]] reshaped to shapes[p]
  /directory/heads        (P, 2) {sequence, length, checksum} of the two directories of each point
  /directory/entries      (P, 2, capacity) {slot, group, level, checksum, index}: the first ``length`` count
  /blocks/count           (S,) trajectories n of the node in this slot
  /blocks/mean            (S, T, Q) means; m2, m3, m4 likewise: sums of powers of the deviations from the mean
  /blocks/comoment        (S, T, C, C) sums of products of deviations
  /blocks/density         (S, T, D) sums of |psi><psi|, sector by sector
  /blocks/histogram       (S, H, bins + 2) counts, first underflow, last overflow
  /blocks/infinite        (S, T) trajectories with infinite entropy production
  /blocks/log_weight      (S, T, 3) largest ln w, sum of w / largest, sum of its square
  /sessions               (64,) JSON: time, versions, ranks and threads of each change of machine, software or ranks
  /records/*              optional jump records: point, trajectory, initial, final, offsets, times, channels

A node (group, level, index) is the merge of the 2^level blocks b = group + G j, j = index 2^level + (0, 1, ...).  Slots
are shared by all points.  Of a point's two directories the one with a right checksum (CRC-32 of point, sequence,
length and entries) and the higher sequence holds; an entry's checksum is the CRC-32 of its node's bytes, field after
field in the order above (count, mean, m2, m3, m4, comoment, density, histogram, infinite, log_weight).

A commit writes new nodes into slots that no valid directory uses, syncs, writes the OTHER directory, syncs: before the
last write the old directory holds, after it the new one.  Nothing is resized and HDF5's own structures are never
written again; a larger file is built under a temporary name beside it and moved into place.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.errors import InputError
from trajectories.results import container
from trajectories.results.container import ENTRY, HEAD, SESSION_BYTES, SESSIONS, Extent, Header, Records
from trajectories.results.provenance import Environment, environment
from trajectories.results.raw_file import remove_leftovers, replacing
from trajectories.results.reader import Reader, keys_of, read
from trajectories.sampling.reduction_tree import Key
from trajectories.sampling.statistics import Block

__all__ = ["Header", "Reader", "Records", "Store", "read"]

_TOGETHER = 256  # points moved with one pair of syncs


class Store(Reader):
    """Write access to a result file; there must be one at a time (see ``ownership``).

    ``guard``, if given, is called before every write that could damage another writer's work, and raises to forbid it.
    """

    _writable = True

    def __init__(self, path: Path, guard: Callable[[], None] | None = None) -> None:
        self._guard = guard or (lambda: None)
        # A link stays a link when the file it points to is replaced.
        super().__init__(Path(os.path.realpath(path)))

    def _attach(self) -> None:
        super()._attach()
        used = np.zeros(self._contents.extent.slots, bool)
        for entries in self._entries:
            used[entries["slot"]] = True
        self._free = np.flatnonzero(~used)[::-1].tolist()

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        header: Header,
        template: Block,
        groups: int,
        blocks: ArrayLike,
        guard: Callable[[], None] | None = None,
        ranks: int = 1,
    ) -> Store:
        """Create a result file and open it for writing.

        template  a Block of the shapes to be stored      groups  G
        blocks    blocks asked for, of each point (P,) or one number for all ``len(header.plans)`` points
        ranks     that sample it, noted under /sessions

        Raises InputError if ``path`` exists already or its folder cannot be written.
        """
        target = Path(os.path.realpath(path))
        if os.path.exists(target):  # False, where Path.exists raises, in a folder that one may not look into
            raise InputError(f"{target}: exists already; choose another name (-o) or remove it")
        asked = np.broadcast_to(np.asarray(blocks, dtype=np.int64), (len(header.plans),))
        extent = container.extent_for(template, groups, asked)
        remove_leftovers(target)
        with replacing(target, guard or (lambda: None)) as temporary:
            container.write(temporary, header, extent, [_session(ranks)])
        return cls(target, guard)

    @classmethod
    def open(cls, path: str | os.PathLike[str], guard: Callable[[], None] | None = None, ranks: int = 1) -> Store:
        """Open an existing result for writing; a changed environment is noted under /sessions."""
        store = cls(Path(path), guard)
        remove_leftovers(store.path)
        store._note_session(ranks)
        return store

    def commit(self, point: int, nodes: Mapping[Key, Block]) -> None:
        """Make ``nodes`` (all of ``Forest.nodes()``) what the file holds of this point; as ``commit_points``."""
        self.commit_points({point: nodes})

    def commit_points(self, points: Mapping[int, Mapping[Key, Block]]) -> None:
        """Make ``points[p]`` what the file holds of point p, for several points with two syncs in all.

        A node that is in the file already is not written again: its content is a function of its key.  Killed on the
        way, each point holds either what it held before or what it was given.  InputError if the disk is full or
        fails; what was committed before is intact.
        """
        known = {point: self._known(point) for point in points}
        fresh = sum(len(nodes.keys() - known[point].keys()) for point, nodes in points.items())
        longest = max((len(nodes) for nodes in points.values()), default=0)
        if fresh > len(self._free) or longest > self._contents.extent.capacity:
            self._grow(fresh, longest)
            known = {point: self._known(point) for point in points}
        self._guard()
        directories = {
            point: self._write_nodes(nodes, known[point])
            for point, nodes in points.items()
            if nodes.keys() != known[point].keys()
        }
        if not directories:
            return
        self._file.sync()
        self._guard()
        for point, entries in directories.items():
            self._write_directory(point, entries)
        self._file.sync()
        for point in directories:
            kept = points[point].keys()
            self._free += [slot for key, (slot, _) in known[point].items() if key not in kept]

    def extend(self, blocks: ArrayLike, header: Header | None = None) -> None:
        """Ask for ``blocks`` blocks at each point, (P,) or one number; a new header takes the old one's place."""
        asked = np.broadcast_to(np.asarray(blocks, dtype=np.int64), (self.points,))
        if header is None and np.array_equal(asked, self._contents.extent.blocks):
            return
        old = self._contents.extent
        extent = container.extent_for(self.empty(), self.groups, asked, old.slots, old.capacity)
        self._rebuild(extent, header or self.header, self.records())

    def begin_again(self, blocks: ArrayLike, header: Header) -> None:
        """Ask for ``blocks`` blocks at each point, of the size that ``header`` says, and drop those that are there."""
        asked = np.broadcast_to(np.asarray(blocks, dtype=np.int64), (self.points,))
        extent = container.extent_for(self.empty(), self.groups, asked)
        self._rebuild(extent, header, self.records(), keep=False)

    def write_records(self, records: Records) -> None:
        """Store jump records, in the place of any there are."""
        self._rebuild(self._contents.extent, self.header, records)

    def _known(self, point: int) -> dict[Key, tuple[int, int]]:
        """Slot and checksum of each node in the file."""
        entries = self._entries[point]
        places = zip(entries["slot"].tolist(), entries["checksum"].tolist(), strict=True)
        return dict(zip(keys_of(entries), places, strict=True))

    def _write_nodes(self, nodes: Mapping[Key, Block], known: Mapping[Key, tuple[int, int]]) -> NDArray:
        rows = []
        for key, block in nodes.items():
            if key in known:
                slot, checksum = known[key]
            else:
                slot = self._free.pop()
                checksum = self._write_node(slot, block)
            group, level, index = key
            rows.append((slot, group, level, checksum, index))
        return np.array(rows, ENTRY)

    def _write_node(self, slot: int, block: Block) -> int:
        checksum = 0
        for (name, field), value in zip(self._contents.fields.items(), block, strict=True):
            if np.shape(value) != field.shape:
                raise ValueError(f"Block field {name} has shape {np.shape(value)}; this file stores {field.shape}")
            raw = np.ascontiguousarray(value, dtype=field.dtype).tobytes()
            checksum = zlib.crc32(raw, checksum)
            self._file.write(raw, field.offset + slot * field.size)
        return checksum

    def _write_directory(self, point: int, entries: NDArray) -> None:
        side = 1 - int(self._sides[point])
        head = np.zeros((), HEAD)
        sequence = int(self._heads[point]["sequence"]) + 1
        head["sequence"], head["length"] = sequence, len(entries)
        head["checksum"] = container.directory_checksum(point, sequence, entries)
        self._file.write(entries.tobytes(), self._entries_offset(point, side))
        self._file.write(head.tobytes(), self._heads_offset(point, side))
        self._heads[point], self._sides[point], self._entries[point] = head, side, entries

    def _grow(self, fresh: int, longest: int) -> None:
        """Move to a larger file: blocks came so much out of order that there is no room for their nodes."""
        old = self._contents.extent
        slots = max(old.slots + old.slots // 2, old.slots + fresh)
        capacity = old.capacity if longest <= old.capacity else longest + longest // 2
        self._rebuild(Extent(old.groups, old.blocks, slots, capacity, old.shapes), self.header, self.records())

    def _rebuild(self, extent: Extent, header: Header, records: Records | None, keep: bool = True) -> None:
        """Put another file in this one's place; keep: with all nodes."""
        self._guard()
        with replacing(self.path, self._guard) as temporary:
            container.write(temporary, header, extent, self.sessions, records)
            with Store(temporary) as larger:
                for first in range(0, self.points if keep else 0, _TOGETHER):
                    some = range(first, min(first + _TOGETHER, self.points))
                    larger.commit_points({point: self.load(point) for point in some})
        self._file.close()
        self._attach()

    def _note_session(self, ranks: int) -> None:
        sessions, here = self.sessions, _session(ranks)
        if {**sessions[-1], "time": ""} == {**here, "time": ""}:
            return
        row = min(len(sessions), SESSIONS - 1)
        self._guard()
        raw = json.dumps(here).encode().ljust(SESSION_BYTES, b"\0")
        self._file.write(raw, self._contents.sessions + row * SESSION_BYTES)
        self._file.sync()


def _session(ranks: int) -> Environment:
    hands = {"ranks": str(ranks), "threads": os.environ.get("NUMBA_NUM_THREADS", "1")}
    return {"time": datetime.now(UTC).isoformat(timespec="seconds")} | environment() | hands
