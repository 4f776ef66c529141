"""Rows of a report -> curves: one for each quantity and its label or reservoir, over time or a swept parameter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from trajectories.figures.figure_data import Curve, Points
from trajectories.figures.style import PALETTE
from trajectories.report.rows import Row

MOST_CURVES = len(PALETTE)

Placed = tuple[float, str, Row]  # position along the axis, value of the other swept parameter, row
Kind = tuple[str, str | None]


def kind_of(row: Row) -> Kind:
    """Return the quantity of a row, and its label or reservoir."""
    return row.quantity, row.label or row.reservoir


def over_time(rows: Iterable[Row]) -> list[Placed]:
    """Return rows at their sample times."""
    return [(row.time, "", row) for row in rows]


def curves_of(
    points: Iterable[Placed], lines: Iterable[Placed], quantities: Sequence[str], labels: Sequence[str] = ()
) -> list[Curve]:
    """Return the curves of `quantities` in that order, none that has neither points nor a line.

    points, lines: rows with estimates, rows with exact values. labels: only these, where any are given. Of more
    (quantity, label) pairs than there are colours, those that reach highest are kept.
    """
    found: dict[tuple[Kind, str], tuple[list[Placed], list[Placed]]] = {}
    for placed, place in ((lines, 1), (points, 0)):
        for x, value, row in placed:
            kind = kind_of(row)
            if row.quantity not in quantities or (labels and kind[1] not in labels):
                continue
            if (row.exact if place else row.estimate) is not None:
                found.setdefault((kind, value), ([], []))[place].append((x, value, row))
    order = list(quantities)
    curves = [
        Curve(*kind, (drawn or sampled)[0][2].unit, _line(drawn), _points(sampled), value)
        for (kind, value), (sampled, drawn) in sorted(found.items(), key=lambda item: order.index(item[0][0][0]))
    ]
    highest = sorted(curves, key=lambda curve: curve.reach, reverse=True)
    kept = list(dict.fromkeys((curve.quantity, curve.which) for curve in highest))[:MOST_CURVES]
    return [curve for curve in curves if (curve.quantity, curve.which) in kept]


def _line(rows: Sequence[Placed]) -> np.ndarray:
    """Return positions, in rising order, and exact values (2, n)."""
    line = np.array([(x, row.exact) for x, _, row in rows], float).reshape(-1, 2).T
    return line[:, np.argsort(line[0], kind="stable")]


def _points(rows: Sequence[Placed]) -> Points:
    """Return the sampled values of rows; nan where a number does not exist."""
    x, estimate, error = np.array([(x, row.estimate, row.standard_error) for x, _, row in rows], float).reshape(-1, 3).T
    return Points(x, estimate, error, np.array([row.status for _, _, row in rows], dtype=str))
