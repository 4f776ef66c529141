"""Creating and parsing the HDF5 file behind ``storage``, where its layout is documented path by path.

HDF5 itself is used twice only: to create a file at its final extent, and to find out on opening where in the file the
datasets lie.  What is written later is written past HDF5, as plain bytes at those places, so that nothing can tear
HDF5's own bookkeeping.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.results.per_point_arrays import PerPoint, read_sets, write_sets
from trajectories.results.provenance import Environment
from trajectories.results.raw_file import PatientFile
from trajectories.sampling.statistics import Block

FORMAT = "trajectories result"
FORMAT_VERSION = 4
HEAD = np.dtype([("sequence", "<u8"), ("length", "<u4"), ("checksum", "<u4")])
ENTRY = np.dtype([("slot", "<u4"), ("group", "<u4"), ("level", "<u4"), ("checksum", "<u4"), ("index", "<u8")])
_BEGINNING = struct.Struct("<QQQ")
SESSIONS, SESSION_BYTES = 64, 1024
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_BLOCK_TYPES = {"count": "<i8", "density": "<c16", "histogram": "<i8", "infinite": "<i8"}  # the others: "<f8"


@dataclass(frozen=True)
class Header:
    """What a result says about itself, fixed when it is created.

    text    the run file's text                     digest  of everything that determines the numbers
    seed    0 <= seed < 2^64                         meta    anything JSON can hold (no NaN, no Infinity)
    plans, models  one mapping name -> array per sweep point, the same names and types at every point;
                   without models there are none
    """

    text: str
    digest: str
    seed: int
    meta: Mapping[str, Any]
    plans: Sequence[Mapping[str, NDArray]]
    models: Sequence[Mapping[str, NDArray]] = ()


class Records(NamedTuple):
    """Jump records of n trajectories; those of record i are ``times[offsets[i]:offsets[i + 1]]``, channels likewise.

    point, trajectory, initial, final  (n,) int64; offsets (n + 1,) int64; times (jumps,) float64;
    channels (jumps,) int32
    """

    point: NDArray[np.int64]
    trajectory: NDArray[np.int64]
    initial: NDArray[np.int64]
    final: NDArray[np.int64]
    offsets: NDArray[np.int64]
    times: NDArray[np.float64]
    channels: NDArray[np.int32]


_RECORD_TYPES = dict.fromkeys(Records._fields, "<i8") | {"times": "<f8", "channels": "<i4"}


@dataclass(frozen=True)
class Extent:
    """The sizes that are fixed when a file is created: P points, S slots, at most ``capacity`` nodes per point."""

    groups: int
    blocks: NDArray[np.int64]  # (P,) blocks asked for
    slots: int
    capacity: int
    shapes: dict[str, tuple[int, ...]]  # of each Block field

    @property
    def points(self) -> int:
        return len(self.blocks)


class Field(NamedTuple):
    """Where in the file slot s of a Block field lies: ``size`` bytes at offset + s * size."""

    offset: int
    size: int
    dtype: np.dtype
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Contents:
    """An opened file: what it says, and where its parts lie (byte offsets)."""

    header: Header
    extent: Extent
    fields: dict[str, Field]
    heads: int
    entries: int
    sessions: int
    inode: tuple[int, int]


def directory_checksum(point: int, sequence: int, entries: NDArray) -> int:
    """CRC-32 over everything a directory says."""
    return zlib.crc32(entries.tobytes(), zlib.crc32(_BEGINNING.pack(point, sequence, len(entries))))


def extent_for(template: Block, groups: int, blocks: NDArray[np.int64], slots: int = 0, capacity: int = 0) -> Extent:
    """The extent that holds a run of ``blocks[p]`` blocks at point p; at least ``slots`` and ``capacity``.

    A group of b leaves has at most one node per level when its blocks come in order, and never more than (b + 1) / 2.
    Slots: what is left at the end, and twice the most of a point (live nodes and their successors) for up to 64
    points in progress.  A run that needs more moves to a larger file by itself.
    """
    most = int(-(-blocks.max() // groups))
    per_group = min((most + 1) // 2, most.bit_length() + 2)
    capacity = max(capacity, groups * per_group)
    final = sum(_nodes(int(b), groups) for b in blocks)
    slots = max(slots, min(2 * capacity * len(blocks), final + 2 * capacity * 64))
    shapes = {name: np.shape(value) for name, value in template._asdict().items()}
    return Extent(groups, blocks, slots, capacity, shapes)


def _nodes(blocks: int, groups: int) -> int:
    """How many nodes are left of so many blocks."""
    each, more = divmod(blocks, groups)
    return more * (each + 1).bit_count() + (groups - more) * each.bit_count()


def block_dtype(name: str) -> np.dtype:
    """The type in which a Block field is stored, little-endian on every machine."""
    return np.dtype(_BLOCK_TYPES.get(name, "<f8"))


def write(
    path: Path, header: Header, extent: Extent, sessions: Sequence[Environment], records: Records | None = None
) -> None:
    """Create ``path``, which must not exist, with everything but nodes; sessions[0] is the one that creates it."""
    if len(header.plans) != extent.points or len(header.models) not in (0, extent.points):
        raise ValueError(f"{extent.points} points, but {len(header.models)} models and {len(header.plans)} plans")
    with PatientFile(path) as plain:
        with h5py.File(plain, "w") as file:
            _write_all(file, header, extent, sessions, records)
        plain.finish()


def _write_all(
    file: h5py.File, header: Header, extent: Extent, sessions: Sequence[Environment], records: Records | None
) -> None:
    file.attrs.update(format=FORMAT, format_version=FORMAT_VERSION)
    file.attrs["created"] = sessions[0]["time"]
    file.attrs.update({name: value for name, value in sessions[0].items() if name != "time"})
    run = file.create_group("run")
    run["text"], run["meta"] = header.text, json.dumps(header.meta, allow_nan=False)
    run.attrs.update(digest=header.digest, seed=np.uint64(header.seed), groups=extent.groups)
    run["blocks"] = extent.blocks
    write_sets(file.create_group("model"), header.models)
    write_sets(file.create_group("plan"), header.plans)
    blocks = file.create_group("blocks")
    for name, shape in extent.shapes.items():
        _preallocate(blocks, name, (extent.slots, *shape), block_dtype(name))
    heads = np.zeros((extent.points, 2), HEAD)
    none = np.zeros(0, ENTRY)
    heads["checksum"] = [[directory_checksum(point, 0, none)] * 2 for point in range(extent.points)]
    directory = file.create_group("directory")
    _preallocate(directory, "heads", heads.shape, HEAD)[...] = heads
    _preallocate(directory, "entries", (*heads.shape, extent.capacity), ENTRY)
    said = np.zeros(SESSIONS, f"S{SESSION_BYTES}")
    rows = [json.dumps(session).encode() for session in sessions]
    said[: len(rows)] = rows[:SESSIONS]
    _preallocate(file, "sessions", said.shape, said.dtype)[...] = said
    if records is not None:
        group = file.create_group("records")
        for name, dtype in _RECORD_TYPES.items():
            group[name] = np.asarray(getattr(records, name), dtype=dtype)


def _preallocate(group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype) -> h5py.Dataset:
    """A dataset whose place in the file is fixed at once and never filled (unused slots stay holes on disk)."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.CONTIGUOUS)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    plist.set_obj_track_times(False)
    kind = h5py.h5t.py_create(dtype, logical=True)
    return h5py.Dataset(h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create_simple(shape), plist))


@contextmanager
def opened(path: Path) -> Iterator[tuple[h5py.File, os.stat_result]]:
    """The file at ``path`` for reading; InputError with one line if it is no readable result of this program."""
    try:
        # A plain file under HDF5: no lock, which some file systems lack and another h5py user may hold differently.
        with open(path, "rb") as plain:
            signature = plain.read(len(_SIGNATURE))
            if not signature:
                raise InputError(f"{path}: the file is empty; a result file (HDF5) is expected")
            if signature != _SIGNATURE:
                raise InputError(f"{path}: not an HDF5 file; a result file of this program is expected")
            with h5py.File(plain, "r") as file:
                _check_format(path, file)
                yield file, os.fstat(plain.fileno())
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; the path of a result file is expected") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder; the path of a result file is expected") from None
    except PermissionError:
        raise InputError(f"{path}: reading it is not permitted; check who owns it (ls -l)") from None
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: the file is damaged or incomplete ({reason}); restore it or run anew") from error


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


def read(path: Path) -> Contents:
    """Everything but nodes and records; InputError if the file cannot be used."""
    with opened(path) as (file, status):
        models, plans = _verified(path, file, "model"), _verified(path, file, "plan")
        run, blocks = file["run"], file["blocks"]
        header = Header(
            run["text"].asstr()[()], str(run.attrs["digest"]), int(run.attrs["seed"]),
            json.loads(run["meta"].asstr()[()]), plans, models,
        )  # fmt: skip
        fields = {name: _field(path, blocks[name], name, status.st_size) for name in Block._fields}
        shapes = {name: field.shape for name, field in fields.items()}
        entries = file["directory/entries"]
        extent = Extent(int(run.attrs["groups"]), run["blocks"][()], len(blocks["count"]), entries.shape[2], shapes)
        heads, sessions = file["directory/heads"], file["sessions"]
        if heads.shape != (extent.points, 2) or heads.dtype != HEAD or entries.dtype != ENTRY:
            raise ValueError("the directory has another shape than the run")
        return Contents(
            header, extent, fields, heads.id.get_offset(), entries.id.get_offset(),
            sessions.id.get_offset(), (status.st_dev, status.st_ino),
        )  # fmt: skip


def _verified(path: Path, file: h5py.File, group: str) -> PerPoint:
    arrays = read_sets(file[group])
    if arrays.digest() != file[group].attrs["sha256"]:
        raise InputError(
            f"{path}: the arrays under /{group} do not match their stored checksum: the file is damaged; "
            "restore it or run anew"
        )
    return arrays


def _field(path: Path, dataset: h5py.Dataset, name: str, file_size: int) -> Field:
    dtype, shape = block_dtype(name), dataset.shape[1:]
    size = dtype.itemsize * int(np.prod(shape))
    offset = dataset.id.get_offset() if dataset.size else 0
    if offset is None or dataset.dtype != dtype or offset + size * dataset.shape[0] > file_size:
        raise InputError(f"{path}: /blocks/{name} is not stored as this program stores it: the file is damaged")
    return Field(offset, size, dtype, shape)


def read_records(path: Path) -> Records | None:
    """The jump records, or None where the file has none."""
    with opened(path) as (file, _):
        if "records" not in file:
            return None
        return Records(**{name: file["records"][name][()] for name in Records._fields})
