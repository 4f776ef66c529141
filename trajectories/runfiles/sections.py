"""The tables of a run file: the keys of each and their allowed values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.errors import InputError, kind, listing, show
from trajectories.model.conversion import toml_value
from trajectories.runfiles import figure_section
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.schema import Table, axis_values, complex_entries, is_number
from trajectories.sampling.quantity_names import reported_names

SECTIONS = {
    "system": None,
    "ensemble": ("trajectories", "duration", "samples", "times", "initial", "seed", "records", "burn_in", "pair"),
    "observables": None,
    "sweep": None,
    "derived": None,
    "optimise": ("maximise", "over"),
    "figure": figure_section.KEYS,
}
MODEL_KEYS = ("name", "file", "function")
MOST_OPTIMISED = 4
SAMPLES = 10
MOST_TRAJECTORIES = 10**15


def system(table: Table) -> dict[str, Any]:
    """Check the [system] table: which model, and parameters that are numbers, strings, booleans or lists of numbers."""
    values = {key: toml_value(value) for key, value in table.values.items()}
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
    """Check the [ensemble] table and return its values under their names in a Run, with defaults."""
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
    table.values = {**table.values, "times": toml_value(table.values["times"])}
    times = table.numbers("times", wanted)
    for before, after in zip((0.0, *times), (*times, duration), strict=True):
        if before > after or (before == after and before not in (0.0, duration)):
            raise InputError(f"{table.where('times')}: {show(before)} is followed by {show(after)}: must be {wanted}")
    times = times if times and times[-1] == duration else (*times, duration)
    if len(set(times)) < len(times):
        raise InputError(f"{table.where('times')}: a time is given twice: must be {wanted}")
    return times


def _initial(table: Table) -> str | tuple[Any, ...]:
    value = toml_value(table.values.get("initial", "steady"))
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        table.refuse("initial", '"steady", "ground", "mixed", the label of a basis state, a vector or a density matrix')
    return _frozen(complex_entries(value, table.where("initial")))


def _pair(table: Table) -> tuple[int, int] | None:
    value = toml_value(table.values.get("pair"))
    if value is None:
        return None
    integers = isinstance(value, list) and all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in value)
    if not integers or len(value) != 2 or value[0] == value[1]:
        table.refuse("pair", "two different subsystems counted from 1, such as [1, 2]")
    return value[0] - 1, value[1] - 1


def observables(table: Table) -> dict[str, str | tuple[Any, ...]]:
    """Check the [observables] table: name -> expression or rows of a matrix; they are evaluated with the model."""
    definitions: dict[str, str | tuple[Any, ...]] = {}
    for name, given in table.values.items():
        value, where = toml_value(given), table.where(name)
        if not name or not name.isprintable() or "/" in name or len(name) > 60:
            raise InputError(f"{where}: must be a name of 1 to 60 printable characters without /")
        if name in reported_names():
            raise InputError(
                f"{where}: is already the name of a quantity: must be another name than {listing(reported_names())}"
            )
        if isinstance(value, str):
            definitions[name] = value
            continue
        entries = complex_entries(value, where) if isinstance(value, list) else []
        if not entries or not isinstance(entries[0], list):
            table.refuse(name, 'an expression such as "n1 + n2", or a Hermitian matrix as a list of rows')
        definitions[name] = _frozen(entries)
    return definitions


def derived(table: Table, system: Mapping[str, Any], swept: Mapping[str, Any]) -> dict[str, str]:
    """Check the [derived] table: name -> formula, none of them given elsewhere; a number is a formula too."""
    formulas = {}
    for key in table.values:
        value = table.values[key]
        text = repr(value) if is_number(value) else table.text(key, wanted='a formula such as "0.16 * p_c"')
        Formula.parse(text, table.where(key))
        for section, names in (("system", system), ("sweep", swept)):
            if key in names:
                raise InputError(f"{table.where(key)}: is in [{section}] too: must be given only once")
        if not key.isidentifier():
            raise InputError(f"{table.where(key)}: must be a name of letters, digits and _")
        formulas[key] = text
    return formulas


@dataclass(frozen=True)
class Optimise:
    """A search at each point: the quantity to maximise, and (parameter, lower, upper bound); None: default bound."""

    maximise: str
    over: tuple[tuple[str, float | None, float | None], ...]

    def mapping(self) -> dict[str, Any]:
        return {
            "maximise": self.maximise,
            "over": {name: [] if low is None else [low, high] for name, low, high in self.over},
        }


def optimise(table: Table, taken: Sequence[str]) -> Optimise | None:
    """Check the [optimise] table. taken: swept or derived names, which cannot be searched over."""
    if not table.values:
        return None
    wanted = "a table such as { g = [1e-6, 1e-2], p_h = [] }, [] for the default bounds, or a list of names"
    maximise = table.text("maximise", wanted='a quantity of the steady state such as "concurrence"')
    Formula.parse(maximise, table.where("maximise"))
    over = toml_value(table.values.get("over"))
    if isinstance(over, list) and all(isinstance(name, str) for name in over):
        over = dict.fromkeys(over, [])
    if not isinstance(over, Mapping) or not 1 <= len(over) <= MOST_OPTIMISED:
        raise InputError(f"{table.where('over')} = {show(over)}: must be {wanted}; one to four parameters")
    bounds: list[tuple[str, float | None, float | None]] = []
    for name, ends in over.items():
        ends = toml_value(ends)
        if name in taken:
            raise InputError(f"{table.where('over')}: {name} is in [sweep] or [derived] too: must be in one of them")
        if ends == []:
            bounds.append((name, None, None))
            continue
        if not (isinstance(ends, list) and len(ends) == 2 and all(map(is_number, ends)) and ends[0] < ends[1]):
            raise InputError(f"{table.where('over')}: {name} = {show(ends)}: must be two numbers [lower, upper]")
        low, high = (_float(end) for end in ends)
        if not (math.isfinite(low) and math.isfinite(high) and (low <= 0 or math.isfinite(high / low))):
            raise InputError(f"{table.where('over')}: {name} = {show(ends)}: bounds must be finite, and their ratio")
        bounds.append((name, low, high))
    return Optimise(maximise, tuple(bounds))


def _float(number: float) -> float:
    """Return the nearest float; infinity for an integer that is too large."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def search_changes(maximise: str | None, over: str | None) -> list[str]:
    """Return the changes of a run file for `--maximise concurrence --over g=1e-6:1e-2,p_h`, as `--set` takes them.

    Raises InputError where one of the two is missing, or a bound is no number.
    """
    if maximise is None and over is None:
        return []
    if maximise is None or over is None:
        missing, given = ("--over g,p_h", "--maximise") if over is None else ("--maximise concurrence", "--over")
        raise InputError(f"{given} without {missing.split()[0]}: must be given together, such as {missing}")
    bounds: dict[str, list[float]] = {}
    for item in over.split(","):
        name, equals, ends = (part.strip() for part in item.partition("="))
        try:
            numbers = [float(end) for end in ends.split(":")] if equals else []
        except ValueError:
            numbers = [math.nan]
        if not name or name in bounds or len(numbers) not in (0, 2) or not all(map(math.isfinite, numbers)):
            raise InputError(f"--over {over}: must be names such as g,p_h, each once, or with bounds g=1e-6:1e-2,p_h")
        bounds[name] = numbers
    table = ", ".join(f"{json.dumps(name)} = {ends}" for name, ends in bounds.items())
    return [f"optimise.maximise={json.dumps(maximise)}", f"optimise.over={{ {table} }}"]


def sweep(table: Table) -> dict[str, tuple[float, ...]]:
    """Check the [sweep] table: one or two parameters of [system], each a list or a range, and return their values."""
    if len(table.values) > 2:
        raise InputError(f"{table.where(list(table.values)[2])}: a sweep has one or two parameters, not more")
    return {key: axis_values(table, key) for key in table.values}


def _frozen(entries: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_frozen(entry) if isinstance(entry, list) else entry for entry in entries)


def refuse_without_effect(
    system: Table, sweep: Mapping[str, Any], derived: Mapping[str, Any], optimise: Optimise | None
) -> None:
    """Raise InputError for a `--set system.NAME` that another table overrides at every point."""
    over = [name for name, _, _ in optimise.over] if optimise else []
    rulers = {"sweep": sweep, "derived": derived, "optimise": over}
    for key in sorted(system.changed):
        for section, names in rulers.items():
            if key in names:
                place = "optimise.over" if section == "optimise" else f"{section}.{key}"
                raise InputError(
                    f"{system.where(key)}: has no effect, [{section}] gives {key} its values: must be set there, --set "
                    f"{place}=..."
                )
