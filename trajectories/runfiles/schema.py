"""Checks on the tables of a run file: known keys, and numbers as people write them.

Every complaint is one line of the form `FILE: [table] key = value: must be ...`, so that the place and the remedy
are both in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from trajectories.errors import InputError, kind, listing, nearest, show
from trajectories.model.conversion import toml_value

REQUIRED: Any = object()  # a default that is none: the key must be given


def is_number(value: object) -> bool:
    """Return True for an integer or a float (a boolean is neither)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def canonical_value(value: Any) -> Any:
    """Return a value for JSON, equal for equal numbers: 1 and 1.0, 0.5 and "0.5+0j"; infinities as "inf", "-inf"."""
    if isinstance(value, Mapping):
        return {key: canonical_value(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [canonical_value(entry) for entry in value]
    if isinstance(value, complex):
        return str(value).strip("()") if value.imag else value.real + 0.0
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    # An integer too large for a float stays exact; adding 0.0 turns -0.0 into 0.0.
    return value + 0.0 if is_number(value) and abs(value) <= 2**53 else value


class Table:
    """One table of a run file: the keys it may have are checked at once, the values as they are read.

    source: how the run file is called in messages; name: the table's name ("" for the top level);
    known: every key the table may have, or None where any key is allowed; changed: keys that came from `--set`.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        name: str,
        source: str,
        known: Sequence[str] | None = None,
        changed: Iterable[str] = (),
    ) -> None:
        self.values, self.name, self.source = values, name, source
        self.changed = frozenset(changed)
        for key in values if known is not None else ():
            if key not in (known or ()):
                hint = nearest(key, known or ())
                where = f"[{name}]" if name else "the top level"
                raise InputError(f"{self.where(key)}: unknown key; {hint}{where} has {listing(known or ())}")

    def where(self, key: str) -> str:
        """Return the location of `key`: the run file's table, or the command line."""
        if key in self.changed:
            return f"--set {self.name}.{key}" if self.name else f"--set {key}"
        prefix = f"{self.source}: " if self.source else ""
        return f"{prefix}[{self.name}] {key}" if self.name else f"{prefix}{key}"

    def refuse(self, key: str, wanted: str) -> NoReturn:
        """Raise InputError for the value of `key`, which must be `wanted`."""
        raise InputError(f"{self.where(key)} = {show(self.values[key])}: must be {wanted}")

    def _get(self, key: str, default: Any, wanted: str) -> tuple[bool, Any]:
        if key in self.values:
            return True, self.values[key]
        if default is REQUIRED:
            raise InputError(f"{self.where(key)} is missing: must be {wanted}")
        return False, default

    def _type(self, key: str, wanted: str) -> NoReturn:
        value = self.values[key]
        raise InputError(f"{self.where(key)} = {show(value)} is {kind(value)}: must be {wanted}")

    def text(self, key: str, default: Any = REQUIRED, wanted: str = "a string") -> Any:
        """Return a string, on any number of lines."""
        given, value = self._get(key, default, wanted)
        if given and not isinstance(value, str):
            self._type(key, wanted)
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        given, value = self._get(key, default, "true or false")
        if given and not isinstance(value, bool):
            self._type(key, "true or false")
        return bool(value)

    def integer(self, key: str, low: int, high: int, default: Any = REQUIRED, top: str = "") -> int:
        """Return an integer in [low, high]; `top` spells a high bound that is unwieldy in digits."""
        wanted = f"an integer from {low} to {top or high}"
        given, value = self._get(key, default, wanted)
        if given and (isinstance(value, bool) or not isinstance(value, int)):
            self._type(key, wanted)
        if given and not low <= value <= high:
            self.refuse(key, wanted)
        return int(value)

    def number(self, key: str, wanted: str, default: Any = REQUIRED) -> float:
        """Return a finite number, as a float; `wanted` names the range that the caller goes on to check."""
        given, value = self._get(key, default, wanted)
        if given and not is_number(value):
            self._type(key, wanted)
        return self._finite(key, value, wanted)

    def numbers(self, key: str, wanted: str) -> tuple[float, ...]:
        """Return a list of finite numbers, as floats."""
        value = self.values[key]
        if not isinstance(value, list | tuple):
            self._type(key, wanted)
        for entry in value:
            if not is_number(entry):
                raise InputError(f"{self.where(key)}: entry {show(entry)} is {kind(entry)}: must be {wanted}")
        return tuple(self._finite(key, entry, wanted) for entry in value)

    def _finite(self, key: str, value: Any, wanted: str) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise InputError(f"{self.where(key)}: {show(value)} is not finite: must be {wanted}")
        return number

    def words(self, key: str, default: Sequence[str], known: Sequence[str], wanted: str) -> tuple[str, ...]:
        """Return a list of strings out of `known`, without repetition."""
        given, value = self._get(key, default, wanted)
        if given and not isinstance(value, list | tuple):
            self._type(key, wanted)
        for word in value:
            if not isinstance(word, str) or word not in known:
                hint = nearest(word, known) if isinstance(word, str) else ""
                raise InputError(f"{self.where(key)}: unknown entry {show(word)}; {hint}known are {listing(known)}")
        if len(set(value)) != len(value):
            self.refuse(key, wanted + " without repetition")
        return tuple(value)


def complex_number(entry: Any, where: str) -> complex:
    """Return a complex number written as 0.5, "0.5-0.5j" or [0.5, -0.5].

    Raises InputError for anything else and for infinite or undefined parts.
    """
    try:
        if isinstance(entry, str):
            value = complex(entry.replace(" ", ""))
        elif isinstance(entry, list | tuple) and len(entry) == 2 and all(map(is_number, entry)):
            value = complex(*entry)
        elif isinstance(entry, complex) or is_number(entry):
            value = complex(entry)
        else:
            raise ValueError
    except (ValueError, OverflowError):
        raise InputError(f'{where}: {show(entry)} must be a number, "0.5-0.5j" or [re, im]') from None
    if not (math.isfinite(value.real) and math.isfinite(value.imag)):
        raise InputError(f"{where}: {show(entry)} must be finite")
    return value


def complex_entries(value: Any, where: str) -> list[complex] | list[list[complex]]:
    """Return a vector (list of numbers) or a square matrix (list of rows) of complex numbers.

    A list of n pairs, n different from 2, is a vector of [re, im] entries. A list of two pairs is a 2x2 matrix:
    wherever such a list is a valid state under both readings (real, symmetric, trace 1, rank 1), the two states are
    the same one.
    """
    if not isinstance(value, list | tuple) or not value:
        raise InputError(f"{where}: {show(value)} must be a list of numbers (vector) or a list of rows (matrix)")
    rows = [entry for entry in value if isinstance(entry, list | tuple)]
    pairs = all(len(row) == 2 and all(map(is_number, row)) for row in rows)
    if len(rows) < len(value) or (pairs and len(value) != 2):
        return [complex_number(entry, f"{where}, entry {i + 1}") for i, entry in enumerate(value)]
    for i, row in enumerate(rows):
        if len(row) != len(rows):
            raise InputError(
                f"{where}: row {i + 1} has {len(row)} entries, but there are {len(rows)} rows: must be a square matrix"
            )
    return [
        [complex_number(entry, f"{where}, row {i + 1}, column {j + 1}") for j, entry in enumerate(row)]
        for i, row in enumerate(rows)
    ]


def axis_values(table: Table, key: str) -> tuple[float, ...]:
    """Return the values of a parameter: [0, 1, 2], or { from = 0.1, to = 10, points = 21, scale = "log" }.

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
        values = [first * (last / first) ** step for step in steps]
    else:
        values = [first + (last - first) * step for step in steps]
    return [*values[:-1], last]
