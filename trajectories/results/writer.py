"""Writing the parts of a result file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from trajectories.results.atomic_file import replacement
from trajectories.results.layout import (
    FORMAT,
    FORMAT_VERSION,
    KEY_FIELDS,
    NODE_TYPES,
    RECORD_TYPES,
    Header,
    Records,
    chunks_of,
    put,
    put_texts,
)
from trajectories.results.per_point_arrays import write_sets
from trajectories.results.provenance import Environment
from trajectories.sampling.reduction_tree import Key
from trajectories.sampling.statistics import Block

BUFFER_BYTES = 2**22
Shapes = Mapping[str, tuple[int, ...]]


@contextmanager
def new_result(path: Path, guard: Callable[[], None]) -> Iterator[h5py.File]:
    """Yield a new, empty HDF5 file, which takes the place of `path` when the body ends; see `replacement`."""
    # Metadata of HDF5 1.10 and later carry checksums, the indices of chunks included.
    with replacement(path, guard) as plain, h5py.File(plain, "w", libver=("v110", "v110")) as file:
        yield file


def write_header(file: h5py.File, header: Header) -> None:
    """Write text, description and plans of a run."""
    run = file.require_group("run")
    put_texts(run, "text", [header.text])
    put_texts(run, "meta", [json.dumps(header.meta, allow_nan=False)])
    run.attrs.update(digest=header.digest, seed=np.uint64(header.seed))
    write_sets(file.create_group("plan"), header.plans)


def copy_header(source: h5py.File, file: h5py.File) -> None:
    """Copy text, description and plans of a run from one snapshot to the next."""
    source.copy("plan", file)
    run = file.require_group("run")
    for name in ("text", "meta"):
        source.copy(f"run/{name}", run)
    run.attrs.update({name: source["run"].attrs[name] for name in ("digest", "seed")})


def write_run(file: h5py.File, groups: int, blocks: NDArray[np.int64], sessions: Sequence[Environment]) -> None:
    """Write number of groups, (P,) blocks wanted at each point and the sessions, of which the first created the file.

    The format is written last: a file without it is not taken for a result.
    """
    put(file.require_group("run"), "blocks", blocks.astype("<i8"))
    file["run"].attrs["groups"] = groups
    put_texts(file, "sessions", [json.dumps(session) for session in sessions])
    created = {"created" if name == "time" else name: value for name, value in sessions[0].items()}
    file.attrs.update(created | {"format": FORMAT, "format_version": FORMAT_VERSION})


def write_records(file: h5py.File, records: Records) -> None:
    """Write jump records."""
    group = file.create_group("records")
    for name, dtype in RECORD_TYPES.items():
        put(group, name, np.asarray(getattr(records, name), dtype=dtype))


class NodeWriter:
    """Table /nodes of a new file, written from the top to the bottom; a context manager."""

    def __init__(self, file: h5py.File, shapes: Shapes, rows: int) -> None:
        """Create the table.

        shapes: of each field of a Block. rows: of the table; the remaining ones are cut off at the end.
        """
        self._row, self._buffered, self._shapes = 0, 0, shapes
        self._buffer: list[tuple[int, Key, Block]] = []
        group = file.create_group("nodes")
        self._datasets = {}
        for name, kind in NODE_TYPES.items():
            shape, dtype = (rows, *shapes.get(name, ())), np.dtype(kind)
            options: dict[str, Any] = {}
            if math.prod(shape):
                options = {"chunks": chunks_of(shape, dtype), "maxshape": shape, "fletcher32": True}
            self._datasets[name] = group.create_dataset(name, shape, dtype, **options)

    def append(self, point: int, nodes: Mapping[Key, Block]) -> None:
        """Add the nodes of one point."""
        for key, block in nodes.items():
            for name, value in block._asdict().items():
                if np.shape(value) != (stored := self._shapes[name]):
                    raise ValueError(f"Block field {name} has shape {np.shape(value)}; this file stores {stored}")
            self._buffer.append((point, key, block))
            self._buffered += sum(np.asarray(value).nbytes for value in block)
            if self._buffered > BUFFER_BYTES:
                self._flush()

    def copy(self, tables: Mapping[str, h5py.Dataset], first: int, last: int) -> None:
        """Add rows first..last-1 of the table of another file."""
        self._flush()
        row = sum(dataset.dtype.itemsize * math.prod(dataset.shape[1:]) for dataset in tables.values())
        step = max(1, BUFFER_BYTES // row)
        for start in range(first, last, step):
            self._write({name: dataset[start : min(start + step, last)] for name, dataset in tables.items()})

    def _flush(self) -> None:
        if not self._buffer:
            return
        keys = np.array([(point, *key) for point, key, _ in self._buffer], np.int64)
        columns = dict(zip(KEY_FIELDS, keys.T, strict=True))
        for name in Block._fields:
            columns[name] = np.stack([getattr(block, name) for _, _, block in self._buffer])
        self._buffer, self._buffered = [], 0
        self._write(columns)

    def _write(self, columns: Mapping[str, NDArray]) -> None:
        end = self._row + len(columns["point"])
        for name, dataset in self._datasets.items():
            if dataset.size:
                dataset[self._row : end] = columns[name]
        self._row = end

    def __enter__(self) -> NodeWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return
        self._flush()
        for dataset in self._datasets.values():
            if dataset.chunks and len(dataset) > self._row:
                dataset.resize(self._row, axis=0)
