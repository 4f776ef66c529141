"""Names of quantities and parameters, numbers and texts as they are written in a picture."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.mathtext import MathTextParser

from trajectories.sampling.quantities import QUANTITIES

CAPITALS = frozenset("Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split())
GREEK = frozenset("alpha beta gamma delta epsilon eta theta kappa lambda mu nu omega phi rho sigma tau xi zeta".split())
SHORT_GREEK = {"eps": "varepsilon"}
UNITS = {"1": "", "of the operator": ""}


def words(text: str) -> str:
    """Return a user's text as it can be drawn: formulas between $ signs where valid, else the signs as such."""
    if text.count("$") >= 2:
        try:
            MathTextParser("path").parse(text)
            return text
        except ValueError:
            pass
    return text.replace("$", r"\$")


def short(text: str) -> str:
    """Return the name of a channel, a reservoir or an observable, no longer than can stand beside others."""
    return words(text if len(text) <= 24 else text[:23] + "…")


def quantity_name(quantity: str) -> str:
    """Return the name of a quantity on an axis or in a legend."""
    return QUANTITIES[quantity].title if quantity in QUANTITIES else short(quantity)


def short_quantity_name(quantity: str) -> str:
    """Return the name of a quantity in a legend beside others."""
    return (QUANTITIES[quantity].short_title if quantity in QUANTITIES else "") or quantity_name(quantity)


def unit_of(unit: str, power: int = 0) -> str:
    """Return a unit in brackets, with the power of ten that the numbers beside it lack; nothing for pure numbers."""
    parts = [rf"$10^{{{power}}}$"] if power else []
    parts += [UNITS.get(unit, unit)] if UNITS.get(unit, unit) else []
    return f" ({' '.join(parts)})" if parts else ""


def with_power(label: str, power: int) -> str:
    """Return an axis label with the power of ten that its numbers lack, in the brackets at its first line's end."""
    head, end, rest = label.partition("\n")
    unit = re.search(r" \(([^()]*)\)$", head)
    head = f"{head[: unit.start()]}{unit_of(unit[1], power)}" if unit and power else head + unit_of("1", power)
    return head + end + rest


def fitting(label: str, letters: float) -> str:
    """Return an axis label, the brackets at its end on a line of their own where it is longer than `letters`."""
    head, bracket, unit = label.rpartition(" (")
    return f"{head}\n({unit}" if bracket and length(label) > letters and "\n" not in label else label


def length(text: str) -> int:
    """Return about how many letters wide a text with formulas is drawn."""
    return len(re.sub(r"[${}_^]", "", re.sub(r"\\[a-zA-Z]+", "x", text.replace(r"\mathrm", ""))))


def ket(label: str) -> str:
    """Return |label> as a formula; labels that are no plain letters and digits as they are."""
    if "_" in label:
        letter = parameter(label)
        return rf"$|{letter[1:-1]}\rangle$" if letter.startswith("$") else short(label)
    return rf"$|{label}\rangle$" if re.fullmatch(r"[\w+-]+", label) else short(label)


def parameter(name: str) -> str:
    """Return a parameter's name as a formula: beta_A as a Greek letter with an index, long names as they are."""
    head, *indices = name.split("_")
    head = SHORT_GREEK.get(head, head)
    greek = head in GREEK or head in CAPITALS or head in SHORT_GREEK.values()
    if (not greek and len(head) > 1) or not re.fullmatch(r"[a-zA-Z0-9]*", head + "".join(indices)):
        return short(name)
    letter = f"\\{head}" if greek else head
    index = ",".join(indices)
    return rf"${letter}_{{\mathrm{{{index}}}}}$" if index else f"${letter}$"


def value(number: Any) -> str:
    """Return a parameter's value, short, with the minus sign that letters have."""
    if isinstance(number, list | tuple):
        return f"({', '.join(map(value, number))})"
    if isinstance(number, bool) or not isinstance(number, int | float):
        return short(str(number))
    return f"{number:.6g}".replace("inf", "∞").replace("-", "−")


def described(parameters: Mapping[str, Any], facts: list[str], width: int) -> str:
    """Return parameters and further facts in lines of about `width` characters, two at most."""
    given = {name: item for name, item in parameters.items() if item is not None}
    lines: list[list[str]] = [[]]
    for item in [*(f"{parameter(name)} = {value(item)}" for name, item in given.items()), *facts]:
        if lines[-1] and sum(length(other) + 4 for other in lines[-1]) + length(item) > width:
            lines.append([])
        lines[-1].append(item)
    if len(lines) > 2:
        lines = [lines[0], [*lines[1], "…"]]
    return "\n".join(",   ".join(line) for line in lines)


def wrapped(title: str, width: int) -> str:
    """Return a title on at most two lines."""
    lines = textwrap.wrap(words(title), width) or [""]
    return "\n".join(lines[:2]) + (" …" if len(lines) > 2 else "")


def paragraph(text: str, width: float) -> str:
    """Return a text with formulas in lines of about `width` letters; no line ends inside a formula."""
    lines: list[str] = []
    for item in re.findall(r"(?:\$[^$]*\$|[^\s$])+", words(text)):
        if lines and length(lines[-1]) + 1 + length(item) <= width:
            lines[-1] += f" {item}"
        else:
            lines.append(item)
    return "\n".join(lines)
