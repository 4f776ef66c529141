"""Named arrays, one set per sweep point, in few HDF5 datasets however many points there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from trajectories.lazy_sequence import LazySequence
from trajectories.results.layout import put

MANY = 256  # points: beyond, arrays that differ from point to point are compressed


class Ragged(NamedTuple):
    """Arrays of different shapes: point p's is values[offsets[p]:offsets[p + 1]] with shape shapes[p]."""

    values: NDArray
    shapes: NDArray[np.int64]
    offsets: NDArray[np.int64]


class PerPoint(LazySequence[Mapping[str, NDArray]]):
    """Point p's arrays by name, for p = 0..length-1, cut out of the stacked ones when asked for."""

    def __init__(self, stacked: Mapping[str, NDArray | Ragged], length: int) -> None:
        self._stacked, self._length = stacked, length

    def __len__(self) -> int:
        return self._length

    def _item(self, place: int) -> Mapping[str, NDArray]:
        return {name: _cut(array, place) for name, array in self._stacked.items()}


def _cut(array: NDArray | Ragged, point: int) -> NDArray:
    if isinstance(array, Ragged):
        return array.values[array.offsets[point] : array.offsets[point + 1]].reshape(array.shapes[point])
    return np.asarray(array[point if len(array) > 1 else 0])


def _stack(sets: Sequence[Mapping[str, NDArray]]) -> PerPoint:
    names = set(sets[0]) if sets else set()
    if any(set(arrays) != names for arrays in sets):
        raise ValueError(f"every point needs the same arrays; point 0 has {sorted(names)}")
    stacked = {name: _stack_one(name, [np.asarray(arrays[name]) for arrays in sets]) for name in names}
    return PerPoint(stacked, len(sets))


def _stack_one(name: str, arrays: list[NDArray]) -> NDArray | Ragged:
    if any(a.dtype != arrays[0].dtype or a.ndim != arrays[0].ndim for a in arrays):
        raise ValueError(f"array {name!r} must have one type and number of dimensions at every point")
    if all(a.shape == arrays[0].shape for a in arrays):
        first = arrays[0].tobytes()
        # Identity first: points of a large sweep share equal arrays.
        same = all(a is arrays[0] or a.tobytes() == first for a in arrays)
        return arrays[0][None] if same else np.stack(arrays)
    offsets = np.cumsum([0] + [a.size for a in arrays], dtype=np.int64)
    shapes = np.array([a.shape for a in arrays], dtype=np.int64)
    return Ragged(np.concatenate([a.reshape(-1) for a in arrays]), shapes, offsets)


def write_sets(group: h5py.Group, sets: Sequence[Mapping[str, NDArray]]) -> None:
    """Store the sets under ``group``: a dataset (points, ...) per name, (1, ...) where all points have the same.

    Where shapes differ, it is a group of three.
    """
    stacked = sets if isinstance(sets, PerPoint) else _stack(sets)
    for name, array in stacked._stacked.items():
        if isinstance(array, Ragged):
            parts = group.create_group(name)
            for part, values in array._asdict().items():
                put(parts, part, values)
        else:
            put(group, name, array, compress=len(array) > MANY)  # plans of sparse matrices shrink to a third
    group.attrs["points"] = len(stacked)


def read_sets(group: h5py.Group) -> PerPoint:
    """Return the sets stored under ``group``."""
    stacked: dict[str, NDArray | Ragged] = {}
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            stacked[name] = Ragged(*(item[part][()] for part in Ragged._fields))
        else:
            stacked[name] = item[()]
    return PerPoint(stacked, int(group.attrs["points"]))
