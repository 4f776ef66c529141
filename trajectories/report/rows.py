"""The rows of a report: what is compared, when, in which unit, and the master equation's value of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trajectories.kernels.ledger import ENTROPY, ENTROPY_SINCE
from trajectories.master.entanglement import (
    concurrence_gap,
    concurrence_signed,
    negativity,
    negativity_gap,
    negativity_signed,
    reduce_pair,
)
from trajectories.model import Model
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.quantities import Column, measures_entropy

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
    """Return what a tallied number is divided by: the time over which a counted quantity is averaged, otherwise 1."""
    return time - preparation.counting_from if column.kind == "average" else 1.0


def exact_row(preparation: Preparation, q: int, t: int) -> Row | None:
    """Return the row of column q at sample time t without an estimate; None where that number does not exist."""
    column, time = preparation.columns[q], float(preparation.times[t])
    if column is None or (column.kind == "average" and time <= preparation.counting_from):
        return None
    start = {"average": preparation.counting_from, "cumulative": 0.0}.get(column.kind)
    row = Row(column.quantity, column.label, column.reservoir, start, time, column.unit, None)
    n_linear = len(preparation.ledger.linear)
    if q in (n_linear + ENTROPY, n_linear + ENTROPY_SINCE) and preparation.ledger.one_way.any():
        note = IRREVERSIBLE.format(100 * preparation.exact.irreversible[t])
        return _replaced(row, status="irreversible", note=note)
    width = span(preparation, column, time)
    value = float(preparation.exact.mean[t, q] / width)
    rounding = ROUNDING * float(preparation.exact.scale[-1, q]) / width
    return _replaced(row, exact=(0.0 if abs(value) <= rounding else value) if np.isfinite(value) else None)


def irreversible_row(preparation: Preparation, t: int) -> Row:
    """Return the row of the fraction of trajectories with a one-way jump before sample time t."""
    exact = float(preparation.exact.irreversible[t])
    return Row("irreversible_fraction", None, None, 0.0, float(preparation.times[t]), "1", exact)


def by_state(rows: Sequence[Row], model: Model) -> list[Row]:
    """Return rows with populations in the order of the model's basis states, which sectors may have changed."""
    order: dict[str, int] = {}
    for labels in (model.states, *(labels for _, labels in model.bases.values())):
        order |= {label: i for i, label in enumerate(labels)}
    places = [i for i, row in enumerate(rows) if row.quantity == "population"]
    found = list(rows)
    for i, row in zip(places, sorted((rows[i] for i in places), key=lambda row: order[row.label or ""]), strict=True):
        found[i] = row
    return found


Measure = Callable[[np.ndarray], np.ndarray]


def entanglement_measures(preparation: Preparation) -> dict[str, tuple[Measure, Measure | None]]:
    """Return the entanglement measures of the pair as functions of its states (..., m, m), not cut at zero.

    With each one the distance from its kink, None where none is known.
    """
    if preparation.pair is None:
        return {}
    a, b = (preparation.model.dims[i] for i in preparation.pair)
    if (a, b) == (2, 2):
        return {
            "concurrence": (concurrence_signed, concurrence_gap),
            "negativity": (negativity_signed, negativity_gap),
        }
    return {"negativity": (lambda rho: negativity(rho, (a, b)), None)}


def pair_states(preparation: Preparation, blocks: np.ndarray) -> np.ndarray:
    """Return the states (..., m, m) of the pair in flattened states (..., D)."""
    assert preparation.pair is not None
    return reduce_pair(preparation.sectors.unflatten(blocks), preparation.model.dims, preparation.pair)


def entanglement_row(preparation: Preparation, name: str, t: int, exact: float) -> Row:
    """Return the row of an entanglement measure at sample time t; `exact` is its value before the cut at zero."""
    first, second = preparation.pair or (0, 1)
    return Row(name, f"{first + 1}-{second + 1}", None, None, float(preparation.times[t]), "1", max(0.0, exact))


def exact_rows(preparation: Preparation) -> list[Row]:
    """Return every row with the master equation's value alone."""
    times = range(len(preparation.times))
    rows = [
        row for q in range(len(preparation.columns)) for t in times if (row := exact_row(preparation, q, t)) is not None
    ]
    if measures_entropy(preparation.model) and preparation.ledger.one_way.any():
        rows += [irreversible_row(preparation, t) for t in times]
    for name, (measure, _) in entanglement_measures(preparation).items():
        exact = measure(pair_states(preparation, preparation.exact.density))
        rows += [entanglement_row(preparation, name, t, float(exact[t])) for t in times]
    return rows


def _replaced(row: Row, **changes: Any) -> Row:
    return Row(**(row.__dict__ | changes))
