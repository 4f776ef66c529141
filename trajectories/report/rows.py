"""The rows of a report: what is compared, when, in which unit, and the master equation's value of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trajectories.master.entanglement import reduce_pair
from trajectories.model import Model
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.quantities import QUANTITIES
from trajectories.sampling.quantity import (
    AVERAGE,
    CUMULATIVE,
    Column,
    Function,
    PairFunction,
    Quantity,
    Share,
    StateFunction,
)
from trajectories.sampling.quantity_names import dotted_names

ROUNDING = 1e-14  # of a quantity's natural size: exact zeros come out of sums of that size
IRREVERSIBLE = "absolutely irreversible: {:.6g} % of all trajectories have infinite entropy production"


@dataclass(frozen=True)
class Row:
    """One comparison. Counted quantities are averages over (start, time]; None where a number does not exist.

    p_value is None for a row that is not judged. status: agree, disagree, unresolved, exact, irreversible or unchecked.
    exact_error: standard error of the estimate by exact moments, None where these are not known. z: the deviation in
    exact standard errors where they are known, otherwise in the sample's.
    """

    quantity: str
    label: str | None
    reservoir: str | None
    start: float | None
    time: float
    unit: str
    exact: float | None
    estimate: float | None = None
    standard_error: float | None = None
    z: float | None = None
    p_value: float | None = None
    status: str = "unchecked"
    note: str = ""
    exact_error: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the row in formulas: heat_current.h, population.G, concurrence; an observable's label too."""
        return dotted_names(self.quantity, self.label, self.reservoir)

    def json(self) -> dict[str, Any]:
        """Return the row as JSON's types, `from` for the start of the interval; null for what does not exist."""
        names = (
            "quantity",
            "label",
            "reservoir",
            "time",
            "unit",
            "estimate",
            "standard_error",
            "exact_error",
            "exact",
            "z",
            "status",
            "note",
        )
        return {"from": self.start} | {name: getattr(self, name) for name in names}


def span(preparation: Preparation, column: Column, time: float) -> float:
    """Return the divisor of a tallied number: the time over which a counted quantity is averaged, otherwise 1."""
    return time - preparation.counting_from if column.kind == AVERAGE else 1.0


def exact_row(preparation: Preparation, q: int, t: int) -> Row | None:
    """Return the row of column q at sample time t without an estimate; None where that number does not exist."""
    column, time = preparation.columns[q], float(preparation.times[t])
    if not column.reported or (column.kind == AVERAGE and time <= preparation.counting_from):
        return None
    row = replace(_empty_row(preparation, column.described, t), label=column.label, reservoir=column.reservoir)
    if column.measure.diverges and preparation.observables.one_way.any():
        note = IRREVERSIBLE.format(100 * preparation.exact.irreversible[t])
        return replace(row, status="irreversible", note=note)
    width = span(preparation, column, time)
    value = float(preparation.exact.mean[t, q] / width)
    rounding = ROUNDING * float(preparation.exact.scale[-1, q]) / width
    return replace(row, exact=(0.0 if abs(value) <= rounding else value) if np.isfinite(value) else None)


def share_rows(preparation: Preparation, quantity: Quantity) -> list[Row]:
    """Return the rows of a share of the trajectories at the sample times; none where it has no meaning."""
    if not isinstance(quantity.measure, Share) or not quantity.measure.defined(preparation.model):
        return []
    shares = quantity.measure.exact(preparation.exact)
    return [replace(_empty_row(preparation, quantity, t), exact=float(share)) for t, share in enumerate(shares)]


def _empty_row(preparation: Preparation, quantity: Quantity, t: int) -> Row:
    start = {AVERAGE: preparation.counting_from, CUMULATIVE: 0.0}.get(quantity.kind)
    return Row(quantity.name, None, None, start, float(preparation.times[t]), quantity.unit, None)


def by_state(rows: Sequence[Row], model: Model) -> list[Row]:
    """Return rows with populations in the order of the model's basis states, which sectors may have changed."""
    order: dict[str, int] = {}
    for labels in (model.states, *(labels for _, labels in model.bases.values())):
        order |= {label: i for i, label in enumerate(labels)}
    places = [i for i, row in enumerate(rows) if row.quantity == "population"]
    ordered = list(rows)
    for i, row in zip(places, sorted((rows[i] for i in places), key=lambda row: order[row.label or ""]), strict=True):
        ordered[i] = row
    return ordered


@dataclass(frozen=True)
class EnsembleFunction:
    """A quantity that is a function of the ensemble state, for the model and the pair of one sweep point.

    value: function of the pair's states (..., m, m), or of flattened states (..., D) where pair is False.
    kink: likewise, the distance from the value's kink; None where none is known.
    gradient: function of flattened states (..., D) with values (..., D); None where it is not known.
    """

    quantity: Quantity
    preparation: Preparation
    pair: bool
    value: Function
    kink: Function | None = None
    gradient: Function | None = None

    def states(self, blocks: np.ndarray) -> np.ndarray:
        """Return the arguments of `value` from flattened states (..., D), in which they are linear."""
        preparation = self.preparation
        if not self.pair or preparation.pair is None:
            return blocks
        return reduce_pair(preparation.sectors.unflatten(blocks), preparation.model.dims, preparation.pair)

    def rows(self) -> list[Row]:
        """Return the rows at the sample times with their exact values, not below zero where a quantity never is."""
        exact = self.value(self.states(self.preparation.exact.density))
        pair = self.preparation.pair if self.pair else None
        label = f"{pair[0] + 1}-{pair[1] + 1}" if pair else None
        return [
            replace(_empty_row(self.preparation, self.quantity, t), label=label, exact=self.cut(float(value)))
            for t, value in enumerate(exact)
        ]

    def cut(self, value: float) -> float:
        """Return a value as reports show it: not below zero where the quantity never is."""
        return max(0.0, value) if self.quantity.nonnegative else value


def ensemble_functions(preparation: Preparation, reported: bool = True) -> list[EnsembleFunction]:
    """Return the functions of the ensemble state that a sweep point has, those of reports or the others."""
    functions = []
    for quantity in QUANTITIES.values():
        measure = quantity.measure
        if quantity.reported != reported:
            continue
        if isinstance(measure, StateFunction):
            functions.append(EnsembleFunction(quantity, preparation, False, measure.value, None, measure.gradient))
        elif isinstance(measure, PairFunction) and preparation.pair is not None:
            first, second = preparation.pair
            pair_function = measure.of_levels((preparation.model.dims[first], preparation.model.dims[second]))
            if pair_function is not None:
                functions.append(EnsembleFunction(quantity, preparation, True, *pair_function))
    return functions


def exact_rows(preparation: Preparation) -> list[Row]:
    """Return every row with the master equation's value alone."""
    times = range(len(preparation.times))
    rows = [
        row for q in range(len(preparation.columns)) for t in times if (row := exact_row(preparation, q, t)) is not None
    ]
    for quantity in QUANTITIES.values():
        rows += share_rows(preparation, quantity)
    for function in ensemble_functions(preparation):
        rows += function.rows()
    return rows
