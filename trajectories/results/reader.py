"""Reading a result file (see `layout`)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import h5py
import numpy as np

from trajectories.errors import InputError
from trajectories.results.layout import FORMAT, FORMAT_VERSION, KEY_FIELDS, NODE_TYPES, Header, Records, texts_of
from trajectories.results.per_point_arrays import read_sets
from trajectories.results.provenance import Environment
from trajectories.results.writer import Shapes
from trajectories.sampling.reduction_tree import Forest, Key, end_of
from trajectories.sampling.statistics import Block

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def read(path: str | os.PathLike[str]) -> Reader:
    """Open a result for reading only, also while a run is writing it; InputError if it cannot be used."""
    return Reader(Path(path))


class Reader:
    """Read access to one snapshot of a result: its header, and the nodes of each point.

    The snapshot stays readable after a run has put a newer one into its place; `read` again for the newer one.

    groups: number of groups G into which the blocks of a point are folded. blocks (P,): number of blocks wanted at
    each point. shapes: of each field of a stored Block. sessions: versions and processor of the creating session and
    of every later one that differed, oldest first.
    """

    header: Header

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_hdf5(path)
        try:
            with self._damage_named():
                self._read_header()
        except BaseException:
            # A file left open would answer for what is restored in its place: HDF5 shares what it has read of it.
            self.close()
            raise

    def _read_header(self) -> None:
        _check_format(self.path, self._file)
        self._read_index()
        run = self._file["run"]
        (text,), (meta,) = texts_of(run["text"]), texts_of(run["meta"])
        plans = read_sets(self._file["plan"])
        self.header = Header(text, str(run.attrs["digest"]), int(run.attrs["seed"]), json.loads(meta), plans)

    def _read_index(self) -> None:
        """Read what changes from one commit to the next, the statistics of the nodes excepted."""
        self._nodes = {name: self._file["nodes"][name] for name in NODE_TYPES}
        self._keys = np.stack([self._nodes[name][()] for name in KEY_FIELDS[1:]], axis=1)
        self.shapes: Shapes = {name: self._nodes[name].shape[1:] for name in Block._fields}
        self.groups, self.blocks = int(self._file["run"].attrs["groups"]), self._file["run/blocks"][()]
        self.sessions: list[Environment] = [json.loads(text) for text in texts_of(self._file["sessions"])]
        points = self._nodes["point"][()]
        begun, first, number = np.unique(points, return_index=True, return_counts=True)
        self._rows = np.zeros((self.points, 2), np.int64)  # of each point: the first and one more than the last
        self._rows[begun] = np.stack([first, first + number], axis=1)
        self._done = np.bincount(points, 2.0 ** self._keys[:, 1], self.points).astype(np.int64)
        scattered = np.count_nonzero(np.diff(points)) >= max(1, len(begun))
        if scattered or len({len(table) for table in self._nodes.values()}) > 1:
            raise ValueError("the tables of /nodes do not fit each other")

    @property
    def points(self) -> int:
        """Number of sweep points P."""
        return len(self.blocks)

    @property
    def nodes(self) -> int:
        """Number of nodes N of all points."""
        return len(self._keys)

    def keys(self, point: int) -> list[Key]:
        """Return the keys (group, level, index) of the nodes of a point."""
        first, last = self._rows[point]
        return [(group, level, index) for group, level, index in self._keys[first:last].tolist()]

    def blocks_done(self, point: int) -> int:
        """Return the number of blocks of a point in the file."""
        return int(self._done[point])

    def end(self, point: int) -> int:
        """Return one more than the highest block of a point in the file; 0 if there is none."""
        return end_of(self.keys(point), self.groups)

    def load(self, point: int) -> dict[Key, Block]:
        """Return the nodes of a point by (group, level, index); InputError if a checksum does not match."""
        first, last = self._rows[point]
        with self._damage_named(f"nodes of point {point}: "):
            columns = [self._nodes[name][first:last] for name in Block._fields]
        return {key: Block(*(column[i, ...] for column in columns)) for i, key in enumerate(self.keys(point))}

    def forest(self, point: int) -> Forest:
        """Return the reduction tree of a point; InputError if a checksum does not match."""
        return Forest(self.groups, self.load(point))

    def records(self) -> Records | None:
        """Return the jump records, None if none are stored."""
        with self._damage_named():
            if "records" not in self._file:
                return None
            return Records(**{name: self._file["records"][name][()] for name in Records._fields})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _damage_named(self, where: str = "") -> Iterator[None]:
        """Turn whatever a damaged file makes h5py raise into an InputError of one line."""
        try:
            yield
        except InputError:
            raise
        except (OSError, KeyError, IndexError, ValueError, TypeError, AttributeError, RuntimeError) as error:
            raise _damaged(self.path, where, error) from error


def _damaged(path: Path, where: str, error: Exception) -> InputError:
    reason = where + " ".join(str(error).split())
    return InputError(f"{path}: the file is damaged or incomplete ({reason}); restore it or run anew")


def open_hdf5(path: Path) -> h5py.File:
    """Return the HDF5 file at `path`, opened for reading; InputError if it is none or cannot be read."""
    try:
        with open(path, "rb") as plain:
            signature = plain.read(len(_SIGNATURE))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; the path of a result file is expected") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder; the path of a result file is expected") from None
    except PermissionError:
        raise InputError(f"{path}: reading it is not permitted; check who owns it (ls -l)") from None
    except OSError as error:
        raise _damaged(path, "", error) from error
    if not signature:
        raise InputError(f"{path}: the file is empty; a result file (HDF5) is expected")
    if signature != _SIGNATURE:
        raise InputError(f"{path}: not an HDF5 file; a result file of this program is expected")
    try:
        # No lock: some file systems have none, and nobody changes a file that is in place.
        return h5py.File(path, "r", locking=False)
    except (OSError, RuntimeError) as error:
        raise _damaged(path, "", error) from error


def _check_format(path: Path, file: h5py.File) -> None:
    name, version = file.attrs.get("format"), file.attrs.get("format_version")
    if name != FORMAT or version is None:
        raise InputError(
            f"{path}: an HDF5 file, but no result of this program: its attribute 'format' is {name!r}, not {FORMAT!r}"
        )
    if int(version) != FORMAT_VERSION:
        age = "newer" if int(version) > FORMAT_VERSION else "older"
        raise InputError(
            f"{path}: format version {version} is {age} than this program reads ({FORMAT_VERSION}): it was written by "
            "another version; use that one, or run anew into another file"
        )
