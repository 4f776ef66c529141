"""Sweep points of a result: preparation and block statistics of each, in memory or in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.errors import InputError
from trajectories.kernels.observable_table import WEIGHT
from trajectories.lazy_sequence import LazySequence
from trajectories.results.layout import Header
from trajectories.results.reader import Reader
from trajectories.sampling import serialised_preparation
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.statistics import Block


@dataclass(frozen=True)
class Point:
    """One sweep point: its Preparation and the statistics of its finished blocks.

    index: number of the point in the whole sweep. swept: the parameters that differ from point to point.
    """

    parameters: dict[str, Any]
    preparation: Preparation
    forest: Forest
    index: int = 0
    swept: dict[str, float] = field(default_factory=dict)

    @cached_property
    def groups(self) -> list[Block]:
        """Statistics of each group of blocks, for the jackknife."""
        return [block for block in self.forest.group_totals() if block is not None]

    @cached_property
    def total(self) -> Block:
        """Statistics of all finished blocks."""
        return self.forest.total()

    @property
    def trajectories(self) -> int:
        """Number of finished trajectories."""
        return self.forest.blocks_done * self.preparation.block_size

    @property
    def weight_column(self) -> int:
        """Column of exp(-Delta S) among the quantities of a Block."""
        return len(self.preparation.observables.linear) + WEIGHT

    @property
    def states(self) -> np.ndarray:
        """Sampled ensemble states (T, d, d) in the computational basis."""
        return self.preparation.sectors.unflatten(self.total.density / int(self.total.count))


def descriptions_of(header: Header, path: Path) -> list[dict[str, Any]]:
    """Return the descriptions of the points' preparations. Raises InputError for a file of another version."""
    try:
        return serialised_preparation.descriptions(header.meta["preparations"])
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path}: was written by another version of this program ({error}): must be run anew"
        ) from None


def parameters_of(preparation: Preparation, swept: Mapping[str, float]) -> dict[str, Any]:
    """Return the parameters of the model, and those of the sweep that are not among them."""
    return dict(preparation.model.parameters) | {
        name: value for name, value in swept.items() if name not in preparation.model.parameters
    }


class StoredPoints(LazySequence[Point]):
    """Points of a result file with at least one finished block; only the last one read is in memory."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._meta = reader, reader.header.meta
        self._metas = descriptions_of(reader.header, reader.path)
        self._places = [point for point in range(reader.points) if reader.blocks_done(point)]

    def __len__(self) -> int:
        return len(self._places)

    def _item(self, place: int) -> Point:
        reader, place = self._reader, self._places[place]
        try:
            preparation = serialised_preparation.unpack(self._metas[place], reader.header.plans[place])
        except (KeyError, TypeError, IndexError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{reader.path}: was written by another version of this program ({error}): must be run anew"
            ) from None
        swept = self._meta["swept"][place]
        return Point(
            parameters_of(preparation, swept),
            preparation,
            reader.forest(place),
            self._meta["points"][place],
            dict(swept),
        )
