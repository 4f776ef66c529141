"""How the mean of what a theorem speaks of is judged."""

from __future__ import annotations

from dataclasses import replace

from .rows import Row
from .statistics import p_value

FEWEST = 1000  # trajectories for the mean of an unbounded number to be judged by its own standard error
NO_SPREAD = 1e-12


def judged_mean(row: Row, estimate: float, standard_error: float, count: int, skewness: float = 0.0) -> Row:
    """Return the row with the mean of `count` values and its p-value against row.exact.

    skewness: of the mean, from the sample. Without spread the row is "exact" or "disagree"; below 1000 values it is
    "unresolved".
    """
    row = replace(row, estimate=estimate, standard_error=standard_error)
    assert row.exact is not None
    if count < FEWEST:
        return replace(row, status="unresolved", note=f"fewer than {FEWEST} trajectories")
    if not standard_error > NO_SPREAD:
        same = abs(estimate - row.exact) <= NO_SPREAD * max(1.0, abs(row.exact))
        return replace(row, standard_error=0.0, status="exact" if same else "disagree")
    return studentised(row, skewness)


def studentised(row: Row, skewness: float = 0.0) -> Row:
    """Return the row with z and p-value from its estimate, standard error and exact value."""
    assert row.estimate is not None and row.exact is not None and row.standard_error is not None
    z = (row.estimate - row.exact) / row.standard_error
    return replace(row, z=float(z), p_value=float(p_value(z, skewness)), status="judged")
