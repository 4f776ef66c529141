"""Numbers and rows as text: what all tables of the command line are made of."""

from __future__ import annotations

import math
from typing import Any

from .rows import Row

HEADER = ("quantity", "of", "(from, time]", "estimate", "exact", "z", "status", "")


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: infinite numbers as text, nan as null, arrays as lists."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, complex):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


def with_error(estimate: float | None, error: float | None) -> str:
    """Return 0.17383(12): the estimate to two digits of its standard error, which stands in brackets."""
    if estimate is None:
        return "-"
    if not error or not math.isfinite(error):
        return number(estimate)
    digits = max(0, 1 - math.floor(math.log10(error)))
    if digits > 12:
        return f"{estimate:.6e} ± {error:.1e}"
    return f"{estimate:.{digits}f}({round(error * 10**digits):d})" if error < 1 else f"{estimate:.6g} ± {error:.2g}"


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
