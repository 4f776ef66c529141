"""Numbers and rows as text, for all tables of the command line."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Any

from trajectories.report.rows import Row

HEADER = ("quantity", "of", "(from, time]", "estimate", "exact", "z", "status", "")
LAST_PLACE = -13  # power of ten of the last digit that is written out
LONGEST, LONGEST_ROUNDED = 1e12, 1e5  # numbers from here on have exponents; the second where the last digits are zeros


def comma_separated(records: Iterable[dict[str, Any]]) -> str:
    """Return records with the same names as comma-separated values with a header line."""
    out, writer = io.StringIO(), None
    for record in records:
        if writer is None:
            writer = csv.DictWriter(out, list(record), lineterminator="\n")
            writer.writeheader()
        writer.writerow(record)
    return out.getvalue()


def with_error(estimate: float | None, error: float | None) -> str:
    """Return 0.17383(12) or 51.7 ± 1.8: two digits of the standard error, the estimate rounded to the same place.

    An error below 1 stands in brackets, in units of the estimate's last digit. Numbers too large or too small to be
    written out have exponents. Without an error, or with one that is zero or not finite, eight digits, as `number`.
    """
    if estimate is None or not error or not math.isfinite(error) or not math.isfinite(estimate):
        return number(estimate)
    # The error is rounded first: .00996 is .010, and moves the last place.
    digits = Decimal(f"{error:.1e}")
    last = Decimal((0, (1,), digits.adjusted() - 1))
    rounded = Decimal(estimate).quantize(last, context=Context(prec=1000))
    place, size = last.adjusted(), max(abs(estimate), error)
    if place < LAST_PLACE or size >= (LONGEST if place <= 0 else LONGEST_ROUNDED):
        shown = f"{rounded:.{rounded.adjusted() - place}e}" if rounded else "0"
        return f"{shown} ± {digits:.1e}"
    shown = f"{rounded if rounded else abs(rounded):f}"
    return f"{shown}({digits.scaleb(-place):.0f})" if digits < 1 else f"{shown} ± {digits.quantize(last):f}"


def aligned(cells: list[tuple[str, ...]]) -> list[str]:
    """Return lines with the cells in columns."""
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def interval(row: Row) -> str:
    """Return the time, or the interval of an average, of a row."""
    return f"{row.time:g}" if row.start is None else f"({row.start:g}, {row.time:g}]"


def number(value: float | None) -> str:
    """Return a number to eight digits, a dash for none."""
    return "-" if value is None else f"{value:.8g}"


def described(parameters: dict[str, Any]) -> str:
    """Return parameters as a line."""
    return ", ".join(
        f"{name} = {value:g}" if isinstance(value, float) else f"{name} = {value}" for name, value in parameters.items()
    )


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as the cells under HEADER."""
    return (
        row.quantity,
        row.label or row.reservoir or "",
        interval(row),
        with_error(row.estimate, row.standard_error),
        number(row.exact),
        "-" if row.z is None else f"{row.z:+.2f}",
        row.status,
        row.note,
    )
