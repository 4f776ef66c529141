"""Values of a parameter as run files give them: a list, or a range with even steps or even ratios."""

from __future__ import annotations

from collections.abc import Mapping

from trajectories.errors import InputError
from trajectories.model.conversion import toml_value
from trajectories.runfiles.schema import Table, is_number


def values(table: Table, key: str) -> tuple[float, ...]:
    """Return the values of `key`: [0, 1, 2], or { from = 0.1, to = 10, points = 21, scale = "log" }.

    Raises InputError for anything else, and for a value that is given twice.
    """
    wanted = 'a list of different numbers, or a range such as { from = 0, to = 3, points = 7, scale = "linear" }'
    value = toml_value(table.values[key])
    if isinstance(value, Mapping):
        value = _range(Table(value, f"{table.name}.{key}", table.source, ("from", "to", "points", "scale")))
    if isinstance(value, list):
        # JSON has no infinity: this is how a result file gives back what it stored.
        value = [float(entry) if entry in ("inf", "-inf") else entry for entry in value]
    if (
        not isinstance(value, list)
        or not value
        or not all(
            is_number(entry) and entry == entry and (isinstance(entry, float) or abs(entry) < 2**1023)
            for entry in value
        )
    ):
        table.refuse(key, wanted)
    if len(set(value)) < len(value):
        raise InputError(f"{table.where(key)}: a value is given twice: must be {wanted}")
    return tuple(value)


def _range(spelt: Table) -> list[float]:
    first, last = spelt.number("from", "a number"), spelt.number("to", "a number")
    count, scale = spelt.integer("points", 2, 10**6), spelt.text("scale", "linear")
    if scale not in ("linear", "log"):
        spelt.refuse("scale", '"linear" or "log"')
    if scale == "log" and not (first > 0 and last > 0):
        spelt.refuse("from", "positive, as `to`, where the scale is logarithmic")
    steps = [j / (count - 1) for j in range(count)]
    if scale == "log":
        found = [first * (last / first) ** step for step in steps]
    else:
        found = [first + (last - first) * step for step in steps]
    return [*found[:-1], last]
