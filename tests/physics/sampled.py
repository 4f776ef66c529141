"""Runs for the physics tests: an honest engine, and engines with one thing wrong.

A control changes what the engine is given (a plan, a table of observables, a stream), never the formula that judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from trajectories.model import Model
from trajectories.report.judge import judge
from trajectories.report.report import Row, rows_of
from trajectories.results.points import Point
from trajectories.sampling.block import sample_block
from trajectories.sampling.preparation import GROUPS, Preparation, prepare
from trajectories.sampling.reduction_tree import Forest

Change = Callable[[Preparation], Preparation]


def point_of(preparation: Preparation, trajectories: int, seed: int, *, engine: Preparation | None = None) -> Point:
    """Sample whole blocks with `engine` (by default the preparation itself), beside the preparation's exact values."""
    engine = engine or preparation
    forest = Forest(GROUPS)
    size = preparation.block_size
    for index in range(-(-trajectories // size)):
        block = sample_block(
            engine.plan, engine.observables, seed, 0, index * size, size, preparation.jumps_per_trajectory
        )
        forest.add(index, block)
    return Point(dict(preparation.model.parameters), preparation, forest)


def judged(points: Iterable[Point], keep: Callable[[Row], bool] = lambda row: True) -> list[Row]:
    """Return the chosen rows of all points, judged as one family with a false-alarm rate of 10^-3."""
    return judge([row for point in points for row in rows_of(point) if keep(row)])


def disagreeing(rows: Iterable[Row]) -> set[str]:
    """Return the names of the quantities with a row that disagrees."""
    return {row.quantity for row in rows if row.status == "disagree"}


def controlled(
    model: Model,
    times: Iterable[float],
    initial: np.ndarray | None,
    trajectories: int,
    change: Change,
    observables: dict[str, np.ndarray] | None = None,
) -> set[str]:
    """Return the quantities in which an engine with `change` is caught."""
    preparation = prepare(model, np.array(list(times)), initial, trajectories, observables, pair=(0, 1))
    return disagreeing(judged([point_of(preparation, trajectories, 1, engine=change(preparation))]))
