"""One statistic of sampled jump records as arrays: waiting times, g2, a power spectrum or first passages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from trajectories.report.counting_report import Counting
from trajectories.report.rows import Row

COLUMNS = ("estimate", "standard_error", "exact")


class RecordStatistic(NamedTuple):
    """A statistic of jump records beside its exact value, at n places.

    Attributes
    ----------
    x : (n,) array
        Middles of bins (time), frequencies (1/time) or times.
    estimate, standard_error, exact : (n,) array
        Sampled value, its standard error, and the exact value for this start and duration.
    steady : (n,) array
        Value in the steady state over infinitely long times; nan where there is none.
    status : (n,) array of str
        "agree", "disagree", "unresolved" or "exact".
    edges : (n + 1,) array or None
        Edges of the bins.
    table : Counting
        The whole report, with means and shares besides; it prints as a table.
    """

    x: np.ndarray
    estimate: np.ndarray
    standard_error: np.ndarray
    exact: np.ndarray
    steady: np.ndarray
    status: np.ndarray
    edges: np.ndarray | None
    table: Counting


def statistic_of(table: Counting) -> RecordStatistic:
    """Return the main quantity of a table that holds a single statistic of jump records."""
    point = table.points[0]
    (statistic,), (rows,) = point.statistics, point.records
    main = [row for row in rows if row.quantity == rows[0].quantity]
    edges = getattr(statistic, "edges", None)
    if edges is not None:
        x = 0.5 * (edges[:-1] + edges[1:])
    else:
        x = getattr(statistic, "frequencies", np.array([row.time for row in main]))
    estimate, error, exact = (_column(main, name) for name in COLUMNS)
    steady = np.array([np.nan if row.long_time is None else row.long_time for row in main])
    status = np.array([row.status for row in main])
    return RecordStatistic(x, estimate, error, exact, steady, status, edges, table)


def _column(rows: Sequence[Row], name: str) -> np.ndarray:
    return np.array([np.nan if (value := getattr(row, name)) is None else value for row in rows])
