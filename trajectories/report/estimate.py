"""One quantity of a result as arrays over its times: estimate, standard error and exact value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from trajectories.report.rows import Row

UNJUDGED = ("judged", "bounded")  # statuses of rows before `judge` has compared their p-values


class Estimate(NamedTuple):
    """A sampled quantity beside its exact value.

    Attributes
    ----------
    times : (T,) array
        Sample times.
    estimate, standard_error, exact : array
        Sampled value, its standard error, and the master equation's value, nan where one does not exist. Shape (T,);
        from `Result.arrays` (*sweep axes, T).
    status : array of str
        "agree", "disagree", "unresolved", "exact", "unchecked" or "irreversible", as in the report; "" where the
        verdict depends on other points of a sweep (`Result.arrays` has it) and for points without a block.
    """

    times: np.ndarray
    estimate: np.ndarray
    standard_error: np.ndarray
    exact: np.ndarray
    status: np.ndarray


def chosen_rows(rows: Sequence[Row], quantity: str, which: str | None) -> list[Row]:
    """Return the rows of a quantity, those of `which` label or reservoir; none where several kinds would be meant."""
    chosen = [row for row in rows if row.quantity == quantity]
    chosen = [row for row in chosen if which is None or which in (row.label, row.reservoir)]
    return chosen if len({(row.label, row.reservoir) for row in chosen}) == 1 else []


def estimate_of(rows: Sequence[Row]) -> Estimate:
    """Return the rows of one quantity, one for each time, as arrays; nan where a row has no number."""
    names = ("time", "estimate", "standard_error", "exact")
    numbers = (np.array([np.nan if (v := getattr(row, n)) is None else v for row in rows]) for n in names)
    times, estimate, error, exact = numbers
    return Estimate(
        times,
        estimate,
        error,
        exact,
        np.array(["" if row.status in UNJUDGED else row.status for row in rows], dtype="<U16"),
    )
