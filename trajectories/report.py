"""The comparison of a result with the master equation: rows of estimate, error, exact value, and one verdict.

Every row is judged by a two-sided p-value; it *disagrees* below 10^-3 / (number of rows judged), so that a correct
engine is called wrong in at most one report out of a thousand, however many rows there are. A row is *unresolved*
where its error bar cannot be trusted (too few events, an exponential average beyond its resolvable time), *exact*
where there is no spread, *irreversible* where the entropy production is infinite, *unchecked* where the master
equation gives no value.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .exact import trajectories_needed
from .kernels.ledger import FIRST_STATIC, WEIGHT
from .results import Point
from .rows import Row, entanglement_measures, entanglement_row, exact_row, irreversible_row, span
from .statistics import jackknife, p_value, skewness_of_mean, standard_error

FALSE_ALARM_RATE = 1e-3
MOST_SKEWED = 0.5
NO_SPREAD = 1e-12
INITIAL_DRAW = "steady start: tests the initial draw only"


def rows_of(point: Point) -> list[Row]:
    """Return every comparison of one sweep point, not yet judged."""
    rows: list[Row] = []
    block = point.total
    errors, skewness = standard_error(block), skewness_of_mean(block)
    for q in range(len(point.preparation.columns)):
        rows += _column_rows(point, q, errors[:, q], skewness[:, q])
    rows += _irreversible_rows(point)
    rows += _entanglement_rows(point)
    return rows


def verdict(rows: list[Row]) -> str:
    """Return "disagree" if any row does, "agree" if any row is resolved and none disagrees, otherwise "unresolved"."""
    statuses = {row.status for row in rows}
    if "disagree" in statuses:
        return "disagree"
    return "agree" if statuses & {"agree", "exact"} else "unresolved"


def _column_rows(point: Point, q: int, errors: np.ndarray, skewness: np.ndarray) -> list[Row]:
    preparation, block = point.preparation, point.total
    column, n_linear = preparation.columns[q], len(preparation.ledger.linear)
    rows = []
    for t, time in enumerate(preparation.times):
        row = exact_row(preparation, q, t)
        if row is None or column is None:
            continue
        if row.status != "irreversible":
            width = span(preparation, column, float(time))
            row = replace(row, estimate=float(block.mean[t, q] / width), standard_error=float(errors[t] / width))
            if q == n_linear + WEIGHT:
                row = _theorem(row, point, t, float(skewness[t]))
            else:
                expected = float(preparation.exact.skewness[t, q])
                row = _mean(row, int(block.count), float(skewness[t]), _widest(point, q, t) / width, expected)
            if q >= n_linear + FIRST_STATIC and preparation.steady:
                row = replace(row, note=INITIAL_DRAW)
        rows.append(row)
    return rows


def _mean(row: Row, n: int, skewness: float, widest: float, expected: float = 0.0) -> Row:
    """Judge a mean: studentised where its distribution is close to normal, by a bound on its range elsewhere.

    skewness: of the mean, from the sample; expected: of one value, beforehand; widest: range of one value.
    """
    if row.estimate is None or row.exact is None or row.standard_error is None:
        return row
    estimate, exact, error = row.estimate, row.exact, row.standard_error
    scale = max(1.0, abs(exact))
    deviation = abs(estimate - exact)
    if not error > NO_SPREAD * scale / np.sqrt(n):
        row = replace(row, standard_error=0.0 if n > 1 else None)
        if deviation <= NO_SPREAD * scale:
            return replace(row, status="exact")
        # All n values are equal although the mean lies elsewhere: at most (1 - deviation / widest)^n.
        return _bounded(row, float(np.exp(-n * deviation / widest)))
    z = (estimate - exact) / error
    if max(abs(skewness), expected / np.sqrt(n)) > MOST_SKEWED:
        # Hoeffding's bound holds whatever the distribution inside its range.
        return _bounded(replace(row, z=z), float(2 * np.exp(-2 * n * (deviation / widest) ** 2)))
    return replace(row, z=z, p_value=float(p_value(z, skewness)), status="judged")


def _bounded(row: Row, bound: float) -> Row:
    """A row whose p-value is at most `bound`: it can disagree, but it cannot agree."""
    return replace(row, p_value=min(bound, 1.0), status="bounded")


def _theorem(row: Row, point: Point, t: int, skewness: float) -> Row:
    """Judge <exp(-Delta S)>: only where its exact moments say that so many trajectories can resolve it."""
    exact = point.preparation.exact
    needed = trajectories_needed(exact, float(exact.mean[t, point.weight_column]), t)
    lowered = row.exact is not None and row.exact < 1 - 1e-9
    why = "one-way channels" if point.preparation.ledger.one_way.any() else "start without full rank"
    note = f"1 - lambda, below one: {why}" if lowered else ""
    if point.trajectories < needed:
        wanted = f"takes {needed:.2g} trajectories" if needed < 1e300 else "takes more than 1e+300 trajectories"
        return replace(row, status="unresolved", note="; ".join(filter(None, (note, wanted))))
    return _mean(replace(row, note=note), point.trajectories, skewness, np.inf)


def _widest(point: Point, q: int, t: int) -> float:
    """Return how far one trajectory's value can lie from another's: certain for states, beyond ten sigma for counts."""
    preparation = point.preparation
    n_linear = len(preparation.ledger.linear)
    if q >= n_linear + FIRST_STATIC:
        operator = preparation.sectors.unflatten(preparation.ledger.static[q - n_linear - FIRST_STATIC])
        return float(np.ptp(np.linalg.eigvalsh(operator))) or 1.0
    jumps = max(float(preparation.exact.mean[t, 0]), 0.0)
    most = jumps + 10 * np.sqrt(jumps) + 10
    energies = float(np.ptp(np.linalg.eigvalsh(preparation.model.hamiltonian))) or 1.0
    steps = np.abs(preparation.ledger.linear[q]).max() if q < n_linear else 0.0
    entropies = np.abs(preparation.ledger.pair_entropy).max(initial=0.0) + np.abs(preparation.ledger.log_start).max()
    return float(most * max(steps, 1e-300) if q < n_linear else most * max(energies, entropies))


def _irreversible_rows(point: Point) -> list[Row]:
    preparation, block = point.preparation, point.total
    if not (preparation.model.entropy and preparation.ledger.one_way.any()):
        return []
    rows = []
    n = int(block.count)
    for t in range(len(preparation.times)):
        share = float(block.infinite[t]) / n
        error = np.sqrt(share * (1 - share) / max(n - 1, 1))
        skewness = (1 - 2 * share) / np.sqrt(n * share * (1 - share)) if 0 < share < 1 else 0.0
        row = replace(irreversible_row(preparation, t), estimate=share, standard_error=float(error))
        rows.append(_mean(row, n, float(skewness), 1.0))
    return rows


def _entanglement_rows(point: Point) -> list[Row]:
    """Concurrence and negativity of the pair: nonlinear in the ensemble state, so by the jackknife over groups."""
    preparation = point.preparation
    sums = np.array([group.density for group in point.groups])
    counts = np.array([int(group.count) for group in point.groups])
    rows = []
    for name, measure in entanglement_measures(preparation).items():
        found = jackknife(measure, sums, counts)
        exact = measure(preparation.exact.density)
        for t in range(len(preparation.times)):
            estimate = float(found.estimate[t])
            row = entanglement_row(preparation, name, t, float(exact[t]))
            row = replace(row, estimate=max(0.0, estimate), standard_error=float(found.standard_error[t]))
            row = _nonlinear(row, estimate - float(exact[t]), float(found.bias[t]), found.degrees_of_freedom)
            rows.append(replace(row, note=INITIAL_DRAW) if preparation.steady else row)
    return rows


def _nonlinear(row: Row, deviation: float, bias: float, degrees: int) -> Row:
    """Judge a jackknifed value before its cut at zero, where it is smooth; not where its bias rivals its error."""
    error = row.standard_error
    if error is None or not np.isfinite(error):
        return replace(
            row, standard_error=None, status="unresolved", note="too few groups of trajectories for an error bar"
        )
    if error <= NO_SPREAD:
        return replace(row, status="exact" if abs(deviation) <= 1e-9 else "disagree", standard_error=0.0)
    z = deviation / error
    if abs(bias) > 0.5 * error:
        return replace(row, z=z, status="unresolved", note="too few trajectories: the bias is as large as the error")
    return replace(row, z=z, p_value=float(p_value(z, degrees_of_freedom=degrees)), status="judged")


def judge(rows: list[Row]) -> list[Row]:
    """Turn p-values into statuses at the family-wise false-alarm rate (Bonferroni)."""
    judged = sum(row.status in ("judged", "bounded") for row in rows)
    threshold = FALSE_ALARM_RATE / max(judged, 1)

    def status(row: Row) -> str:
        if row.p_value is None or row.status not in ("judged", "bounded"):
            return row.status
        if row.p_value < threshold:
            return "disagree"
        return "agree" if row.status == "judged" else "unresolved"

    return [replace(row, status=status(row)) for row in rows]
