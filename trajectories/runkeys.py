"""The tables of a run file one by one: which keys each has, and what their values may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.errors import InputError
from trajectories.schema import Table, complex_entries, is_number, kind, listing, plain, show

SECTIONS = {
    "system": None,
    "ensemble": ("trajectories", "duration", "samples", "times", "initial", "seed", "records", "burn_in", "pair"),
    "observables": None,
    "sweep": None,
    "figure": ("title", "quantities", "histogram", "trajectory", "formats"),
}
QUANTITIES = (
    *(
        "concurrence",
        "negativity",
        "population",
        "energy",
        "energy_current",
        "heat_current",
        "coupling_work",
        "activity",
    ),
    *(
        "entropy_production",
        "entropy_production_rate",
        "integral_fluctuation_theorem",
        "projection_energy",
        "observable",
    ),
)
FORMATS = ("png", "pdf")
SAMPLES = 10
MOST_TRAJECTORIES = 10**15


@dataclass(frozen=True)
class Figure:
    """What the picture of a run shows. quantities (): those that suit the model; trajectory: index of the one that
    is drawn.
    """

    title: str = ""
    quantities: tuple[str, ...] = ()
    histogram: bool = True
    trajectory: int = 0
    formats: tuple[str, ...] = ("png",)


def system(table: Table) -> dict[str, Any]:
    """Check the [system] table: which model, and parameters that are numbers, strings, booleans or lists of numbers."""
    values = {key: plain(value) for key, value in table.values.items()}
    if ("name" in values) == ("file" in values):
        both = "name and file are both given" if "name" in values else "name is missing"
        raise InputError(
            f'{table.where("name")}: {both}: must have either name = "diamond" (see `trajectories systems`) '
            'or file = "own_model.py" and function = "build"'
        )
    if "file" in values:
        table.text("file", wanted="the path of a Python file, relative to the run file")
        table.text("function", wanted='the name of a function in that file that returns a Model, such as "build"')
    else:
        table.text("name", wanted='the name of a system, such as "diamond" (see `trajectories systems`)')
    for key, value in values.items():
        values[key] = (
            [_parameter(table, key, entry) for entry in value]
            if isinstance(value, list)
            else _parameter(table, key, value)
        )
    return values


def _parameter(table: Table, key: str, value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise InputError(
            f"{table.where(key)}: {show(value)} is {kind(value)}: must be a number, a string, true or false"
        )
    if value != value or (isinstance(value, int) and abs(value) >= 2**1023):
        raise InputError(
            f"{table.where(key)}: {show(value)}: must be a number (inf and -inf where the system takes them)"
        )
    # JSON has no infinity: this is how a result file gives back what it stored.
    return float(value) if value in ("inf", "+inf", "-inf") else value


def ensemble(table: Table) -> dict[str, Any]:
    """Check the [ensemble] table and return its values under the names they have in a Run, defaults filled in."""
    duration = table.number("duration", "a number > 0")
    if duration <= 0:
        table.refuse("duration", "a number > 0")
    wanted = f"a number >= 0 and < duration = {show(duration)}"
    burn_in = table.number("burn_in", wanted, 0.0)
    if not 0 <= burn_in < duration:
        table.refuse("burn_in", wanted)
    times = _times(table, duration)
    if burn_in > 0:
        times = tuple(sorted({*times, burn_in}))
    return {
        "trajectories": table.integer("trajectories", 1, MOST_TRAJECTORIES, top="10^15"),
        "duration": duration,
        "times": times,
        "initial": _initial(table),
        "seed": table.integer("seed", 0, 2**63 - 1, 1, top="2^63-1"),
        "records": table.integer("records", 0, 10**9, 0, top="10^9"),
        "burn_in": burn_in,
        "pair": _pair(table),
    }


def _times(table: Table, duration: float) -> tuple[float, ...]:
    if "times" not in table.values:
        samples = table.integer("samples", 1, 100_000, SAMPLES)
        return (*(duration * (j / samples) for j in range(1, samples)), duration)
    if "samples" in table.values:
        raise InputError(f"{table.where('samples')}: samples and times are both given: must be only one of them")
    wanted = f"an increasing list of times from 0 to duration = {show(duration)}"
    table.values = {**table.values, "times": plain(table.values["times"])}
    times = table.numbers("times", wanted)
    for before, after in zip((0.0, *times), (*times, duration), strict=True):
        if before > after or (before == after and before not in (0.0, duration)):
            raise InputError(f"{table.where('times')}: {show(before)} is followed by {show(after)}: must be {wanted}")
    times = times if times and times[-1] == duration else (*times, duration)
    if len(set(times)) < len(times):
        raise InputError(f"{table.where('times')}: a time is given twice: must be {wanted}")
    return times


def _initial(table: Table) -> str | tuple[Any, ...]:
    value = plain(table.values.get("initial", "steady"))
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        table.refuse("initial", '"steady", "ground", "mixed", the label of a basis state, a vector or a density matrix')
    return _frozen(complex_entries(value, table.where("initial")))


def _pair(table: Table) -> tuple[int, int] | None:
    value = plain(table.values.get("pair"))
    if value is None:
        return None
    integers = isinstance(value, list) and all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in value)
    if not integers or len(value) != 2 or value[0] == value[1]:
        table.refuse("pair", "two different subsystems counted from 1, such as [1, 2]")
    return value[0] - 1, value[1] - 1


def observables(table: Table) -> dict[str, str | tuple[Any, ...]]:
    """Check the [observables] table: name -> expression or rows of a matrix; what they mean needs the model."""
    found: dict[str, str | tuple[Any, ...]] = {}
    for name, given in table.values.items():
        value, where = plain(given), table.where(name)
        if not name or not name.isprintable() or "/" in name or len(name) > 60:
            raise InputError(f"{where}: must be a name of 1 to 60 printable characters without /")
        if name in QUANTITIES:
            raise InputError(
                f"{where}: is already the name of a quantity: must be another name than {listing(QUANTITIES)}"
            )
        if isinstance(value, str):
            found[name] = value
            continue
        entries = complex_entries(value, where) if isinstance(value, list) else []
        if not entries or not isinstance(entries[0], list):
            table.refuse(name, 'an expression such as "n1 + n2", or a Hermitian matrix as a list of rows')
        found[name] = _frozen(entries)
    return found


def sweep(table: Table) -> dict[str, tuple[float, ...]]:
    """Check the [sweep] table: one or two parameters of [system], each a list or a range, and return their values."""
    if len(table.values) > 2:
        raise InputError(f"{table.where(list(table.values)[2])}: a sweep has one or two parameters, not more")
    return {key: _swept(table, key) for key in table.values}


def _swept(table: Table, key: str) -> tuple[float, ...]:
    wanted = 'a list of different numbers, or a range such as { from = 0, to = 3, points = 7, scale = "linear" }'
    value = plain(table.values[key])
    if isinstance(value, Mapping):
        spelt = Table(value, f"sweep.{key}", table.source, ("from", "to", "points", "scale"))
        first, last = spelt.number("from", "a number"), spelt.number("to", "a number")
        count, scale = spelt.integer("points", 2, 10**6), spelt.text("scale", "linear")
        if scale not in ("linear", "log"):
            spelt.refuse("scale", '"linear" or "log"')
        if scale == "log" and not (first > 0 and last > 0):
            spelt.refuse("from", "positive, as `to`, where the scale is logarithmic")
        steps = [j / (count - 1) for j in range(count)]
        if scale == "log":
            value = [first * (last / first) ** step for step in steps]
        else:
            value = [first + (last - first) * step for step in steps]
        value = [*value[:-1], last]
    if not isinstance(value, list) or not value or not all(is_number(entry) and entry == entry for entry in value):
        table.refuse(key, wanted)
    if len(set(value)) < len(value):
        raise InputError(f"{table.where(key)}: a value is given twice: must be {wanted}")
    return tuple(value)


def figure(table: Table, title: str, observed: tuple[str, ...]) -> Figure:
    """Check the [figure] table. title: the run's, used where the figure has none; observed: names of the
    observables.
    """
    return Figure(
        title=table.text("title", title),
        quantities=table.words("quantities", (), (*QUANTITIES, *observed), "a list of quantities"),
        histogram=table.flag("histogram", True),
        trajectory=table.integer("trajectory", 0, MOST_TRAJECTORIES, 0, top="10^15"),
        formats=table.words("formats", ("png",), FORMATS, 'a list of "png" and "pdf"'),
    )


def _frozen(entries: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_frozen(entry) if isinstance(entry, list) else entry for entry in entries)
