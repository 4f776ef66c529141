"""Layout of a result file, which any HDF5 viewer shows, and the two records that a caller hands over to be stored.

P sweep points, N nodes, T sample times, Q quantities, C of them with co-moments, D numbers of the blocks of rho,
H histograms, R jump records; all numbers little-endian:

    /                   attributes: format "trajectories result", format_version, created (ISO 8601, UTC), and versions
                        at the creation: program, git, python, numpy, numba, scipy, h5py, cpu, ranks, threads
    /sessions           (S,) JSON: time, versions, ranks and threads of each change of machine, software or ranks
    /run                attributes: digest (of all that determines the numbers), seed, groups G
    /run/text           (1,) the run file's text
    /run/meta           (1,) JSON: the run in canonical form, parameters and description of each point
    /run/blocks         (P,) number of blocks wanted at each point
    /plan               attribute: points P
    /plan/NAME          (P, ...) compiled plan of each point; (1, ...) where all points have the same.
                        Where its shape differs from point to point, a group instead:
    /plan/NAME/values   (V,) point p has values[offsets[p]:offsets[p + 1]] reshaped to shapes[p]
    /plan/NAME/shapes   (P, dimensions)
    /plan/NAME/offsets  (P + 1,)
    /nodes/point        (N,) number of the point in this file; the rows of one point follow each other
    /nodes/group        (N,) with level and index: the node's place in the reduction tree of its point
    /nodes/level        (N,)
    /nodes/index        (N,)
    /nodes/count        (N,) number of trajectories n
    /nodes/mean         (N, T, Q) means
    /nodes/m2           (N, T, Q) sums of squared deviations from the mean
    /nodes/m3           (N, T, Q) sums of their third powers
    /nodes/m4           (N, T, Q) sums of their fourth powers
    /nodes/comoment     (N, T, C, C) sums of products of deviations
    /nodes/density      (N, T, D) sums of |psi><psi|, sector by sector
    /nodes/histogram    (N, H, bins + 2) counts, first underflow, last overflow
    /nodes/infinite     (N, T) trajectories with infinite entropy production
    /nodes/log_weight   (N, T, 3) largest ln w, sum of w / largest, sum of its square
    /records/point      (R,) number of the point in the whole sweep; /records is missing where no records are kept
    /records/trajectory (R,) number of the trajectory
    /records/initial    (R,) outcome of the first measurement
    /records/final      (R,) outcome of the last measurement
    /records/offsets    (R + 1,) record i has times[offsets[i]:offsets[i + 1]], channels likewise
    /records/times      (jumps,) times of the jumps
    /records/channels   (jumps,) numbers of the channels

Block b of a point belongs to group b mod G.  Node (group, level, index) is the merge of the 2^level blocks
b = group + G j, j = index 2^level + (0, 1, ...).  Each dataset that is not empty carries HDF5's Fletcher-32 checksum
and is verified on reading.

The file is never changed: a commit writes a new one beside it and moves the new one into its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.sampling.statistics import Block

FORMAT = "trajectories result"
FORMAT_VERSION = 5
CHUNK_BYTES = 2**17
KEY_FIELDS = ("point", "group", "level", "index")
NODE_TYPES = (
    dict.fromkeys(KEY_FIELDS, "<i8")
    | dict.fromkeys(Block._fields, "<f8")
    | dict.fromkeys(("count", "histogram", "infinite"), "<i8")
    | {"density": "<c16"}
)


@dataclass(frozen=True)
class Header:
    """Description of a run, the same in every snapshot of its result.

    text: the run file's text. digest: of everything that determines the numbers. seed: 0 <= seed < 2^64.
    meta: anything JSON can hold (no NaN, no Infinity). plans: one mapping name -> array per sweep point, with the
    same names and types at every point.
    """

    text: str
    digest: str
    seed: int
    meta: Mapping[str, Any]
    plans: Sequence[Mapping[str, NDArray]]


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


RECORD_TYPES = dict.fromkeys(Records._fields, "<i8") | {"times": "<f8", "channels": "<i4"}


def put(group: h5py.Group, name: str, values: ArrayLike, compress: bool = False) -> None:
    """Write an array as a dataset with a checksum, in chunks along the first axis.

    compress: whether to compress the dataset (for what is written once, not at every commit)
    """
    array = np.asarray(values)
    options: dict[str, Any] = {}
    if array.size:
        options = {"chunks": chunks_of(array.shape, array.dtype), "fletcher32": True}
        options |= {"compression": "gzip", "compression_opts": 1, "shuffle": True} if compress else {}
    group.create_dataset(name, data=array, **options)


def chunks_of(shape: tuple[int, ...], dtype: np.dtype) -> tuple[int, ...]:
    """Return the shape of the chunks of a dataset: whole rows of about 128 KiB together."""
    row = dtype.itemsize * math.prod(shape[1:])
    return (max(1, min(shape[0], CHUNK_BYTES // max(row, 1))), *shape[1:])


def put_texts(group: h5py.Group, name: str, texts: Sequence[str]) -> None:
    """Write texts as a dataset of UTF-8 strings of fixed length, which carry a checksum unlike those of any length."""
    encoded = [text.encode() for text in texts]
    length = max(1, *map(len, encoded))
    put(group, name, np.array(encoded, h5py.string_dtype(length=length)))


def texts_of(dataset: h5py.Dataset) -> list[str]:
    """Return the texts written by `put_texts`."""
    return [raw.decode() for raw in dataset[()].tolist()]
