"""Reading a result file past HDF5, at the places where its datasets lie (layout: see ``storage``)."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.results import container
from trajectories.results.container import ENTRY, HEAD, SESSION_BYTES, SESSIONS, Header, Records
from trajectories.results.provenance import Environment
from trajectories.results.raw_file import RawFile
from trajectories.sampling.reduction_tree import Key, end_of
from trajectories.sampling.statistics import Block

_ATTEMPTS = 50
_TOGETHER = 256  # points whose directories are read at once


def read(path: str | os.PathLike[str]) -> Reader:
    """Open a result for reading only, also while a run is writing it; InputError if it cannot be used."""
    return Reader(Path(path))


class Reader:
    """Read access to a result file: what it says about itself, and the nodes of each point."""

    _writable = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._attach()

    def _attach(self) -> None:
        for _ in range(_ATTEMPTS):
            contents = container.read(self.path)
            file = RawFile(self.path, self._writable)
            if file.inode == contents.inode:
                break
            file.close()  # replaced between the two looks at it
        else:
            raise InputError(f"{self.path}: the file is being replaced over and over; wait for the run that does so")
        self._contents, self._file = contents, file
        self._heads = np.zeros(contents.extent.points, HEAD)
        self._sides = np.zeros(contents.extent.points, np.int64)
        self._entries: list[NDArray] = [np.zeros(0, ENTRY)] * contents.extent.points
        for first in range(0, contents.extent.points, _TOGETHER):
            self._load_directories(first, min(first + _TOGETHER, contents.extent.points))

    @property
    def header(self) -> Header:
        """Run text, digest, seed, meta, models and plans."""
        return self._contents.header

    @property
    def points(self) -> int:
        """Number of sweep points P."""
        return self._contents.extent.points

    @property
    def groups(self) -> int:
        """Number of groups G into which the blocks of a point are folded."""
        return self._contents.extent.groups

    @property
    def blocks(self) -> NDArray[np.int64]:
        """(P,) blocks asked for at each point."""
        return self._contents.extent.blocks.copy()

    @property
    def sessions(self) -> list[Environment]:
        """Versions and processor of the creating session and of every later one that differed, oldest first."""
        rows = self._file.read(SESSIONS * SESSION_BYTES, self._contents.sessions)
        lines = [rows[i : i + SESSION_BYTES].rstrip(b"\0") for i in range(0, len(rows), SESSION_BYTES)]
        return [json.loads(line) for line in lines if line.endswith(b"}")]

    def blocks_done(self, point: int) -> int:
        """Blocks of this point in the file, without reading them."""
        return sum(1 << level for level in self._entries[point]["level"].tolist())

    def end(self, point: int) -> int:
        """One more than the highest block of this point in the file, without reading them; 0 if there is none."""
        return end_of(keys_of(self._entries[point]), self.groups)

    def load(self, point: int) -> dict[Key, Block]:
        """The nodes of one point by (group, level, index); InputError if one does not match its checksum."""
        for _ in range(_ATTEMPTS):
            nodes, bad = self._read_nodes(self._entries[point])
            if not bad:
                return nodes
            before = self._heads[point]["sequence"]
            self._load_directory(point)
            if self._heads[point]["sequence"] == before:  # nobody is writing: the slot was not reused
                break
        raise InputError(
            f"{self.path}: node (group {bad[0][0]}, level {bad[0][1]}, index {bad[0][2]}) of point {point} does not "
            "match its checksum: the file is damaged; restore it or run anew"
        )

    def records(self) -> Records | None:
        """The jump records, None if none are stored."""
        return container.read_records(self.path)

    def empty(self) -> Block:
        """A Block of zeros, of the shapes and types that the file stores."""
        return Block(*(np.zeros(field.shape, field.dtype) for field in self._contents.fields.values()))

    def close(self) -> None:
        """Close the file; nothing can be lost by not doing so."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load_directories(self, first: int, last: int) -> None:
        """As _load_directory for points first..last-1, with two reads where nobody is writing."""
        capacity, n = self._contents.extent.capacity, last - first
        heads = np.frombuffer(self._file.read(2 * n * HEAD.itemsize, self._heads_offset(first)), HEAD).reshape(n, 2)
        raw = self._file.read(2 * n * capacity * ENTRY.itemsize, self._entries_offset(first, 0))
        entries = np.frombuffer(raw, ENTRY).reshape(n, 2, capacity)
        sides = (heads["sequence"][:, 1] > heads["sequence"][:, 0]).astype(int).tolist()
        lengths, sequences, checksums = (heads[name].tolist() for name in ("length", "sequence", "checksum"))
        for i, side in enumerate(sides):
            found = entries[i, side, : lengths[i][side]].copy()
            point = first + i
            if container.directory_checksum(point, sequences[i][side], found) == checksums[i][side]:
                self._heads[point], self._sides[point], self._entries[point] = heads[i, side], side, found
            else:
                self._load_directory(point)

    def _load_directory(self, point: int) -> None:
        for _ in range(_ATTEMPTS):
            for side in self._sides_by_age(point):
                head, entries = self._read_directory(point, side)
                if entries is not None:
                    self._heads[point], self._sides[point], self._entries[point] = head, side, entries
                    return
        raise InputError(f"{self.path}: both directories of point {point} are damaged; restore the file or run anew")

    def _heads_offset(self, point: int, side: int = 0) -> int:
        return self._contents.heads + (2 * point + side) * HEAD.itemsize

    def _entries_offset(self, point: int, side: int) -> int:
        return self._contents.entries + (2 * point + side) * self._contents.extent.capacity * ENTRY.itemsize

    def _sides_by_age(self, point: int) -> tuple[int, int]:
        heads = np.frombuffer(self._file.read(2 * HEAD.itemsize, self._heads_offset(point)), HEAD)
        return (1, 0) if heads["sequence"][1] > heads["sequence"][0] else (0, 1)

    def _read_directory(self, point: int, side: int) -> tuple[NDArray, NDArray | None]:
        head = np.frombuffer(self._file.read(HEAD.itemsize, self._heads_offset(point, side)), HEAD)[0]
        if head["length"] > self._contents.extent.capacity:
            return head, None
        raw = self._file.read(int(head["length"]) * ENTRY.itemsize, self._entries_offset(point, side))
        entries = np.frombuffer(raw, ENTRY)
        right = container.directory_checksum(point, int(head["sequence"]), entries) == head["checksum"]
        return head, entries if right else None

    def _read_nodes(self, entries: NDArray) -> tuple[dict[Key, Block], list[Key]]:
        """The nodes of a directory, in its order, and the keys of those that do not match their checksums."""
        order = np.argsort(entries["slot"])
        slots = entries["slot"][order].astype(np.int64)
        # Neighbouring slots are read at once: a sweep's file has very many small nodes.
        cuts = np.flatnonzero(np.diff(slots) != 1) + 1
        runs = [(int(run[0]), len(run)) for run in np.split(slots, cuts) if len(run)]
        checksums = [0] * len(slots)
        columns = []
        for field in self._contents.fields.values():
            offset, size = field.offset, field.size
            raw = memoryview(b"".join(self._file.read(n * size, offset + first * size) for first, n in runs))
            checksums = [zlib.crc32(raw[i * size : (i + 1) * size], value) for i, value in enumerate(checksums)]
            values = np.frombuffer(raw, field.dtype).reshape(len(slots), *field.shape)
            columns.append(values.astype(field.dtype.newbyteorder("=")))
        place = np.argsort(order).tolist()
        keys = keys_of(entries)
        nodes = {key: Block(*(column[i, ...] for column in columns)) for key, i in zip(keys, place, strict=True)}
        wrong = np.array(checksums, np.uint32)[place] != entries["checksum"]
        return nodes, [keys[i] for i in np.flatnonzero(wrong)]


def keys_of(entries: NDArray) -> list[Key]:
    """The Forest's keys of a directory's entries."""
    return list(zip(*(entries[name].tolist() for name in ("group", "level", "index")), strict=True))
