"""The [figure] table of a run file: what its picture shows.

title, formats     the picture's title, and ["png"], ["pdf"] or both
quantities         which of a report's quantities are drawn where nothing below is given
histogram, trajectory   of a run without a sweep: whether Delta S is shown, and which trajectory is told

A figure of a paper, over parameters that are swept or that [figure.fine] gives:

x = "T_h"          the parameter along the axis
y = "concurrence"  what is drawn: a formula; a list of them makes panels; in a list inside the list they share a panel.
                   Instead of a text: { of = "formula", label = "in the legend", style = "red dashed", where = "formula
                   that is > 0 where the curve exists" }
curves = "T_c"     the parameter that tells curves apart, curve_label = "$T_c$ = {value:g}"; its values take the colours
                   that no style names
panels = "T_A"     a column of panels for each value of this parameter, panel_label likewise
z = "concurrence"  maps: then y is the parameter along the vertical axis
contours           maps: [{ of = "concurrence", level = 0.333, style = "red dashed", label = "$C = 1/3$" }, ...]
guides             lines across all panels or maps: { x = 0 } upright, { y = 0 } level, { y = "2*T_h" } a formula of the
                   parameter along x; each with style and label
marks              a formula: an arrow points at each curve where it goes through zero
xlabel, ylabel, zlabel   axis labels; a list where there are several formulas
xscale, yscale     "linear" or "log"; xlim, ylim, zlim = [low, high]; of several panels yscale and ylim may be lists
legend             "best", "above", "none", or a place such as "upper left"
caption            stands below; "chosen, not printed" belongs here
sampled            false: nothing is sampled, and [ensemble] may be left out
[figure.fine]      parameter = range or list: where the master equation is solved, as in [sweep]
[figure.lines.NAME]      a variant: changes of [system]; NAME.concurrence is its concurrence in any formula
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from trajectories.errors import InputError, kind, listing, nearest, show
from trajectories.model.conversion import toml_value
from trajectories.runfiles.figure_spec import ContourLine, Drawn, Figure, GuideLine, Paper
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.schema import Table, axis_values

COLOURS = ("black", "blue", "red", "green", "orange", "purple", "sky", "yellow", "grey", "white")
DASHES = ("solid", "dashed", "dotted", "dashdot")
SCALES = ("linear", "log")
PLACES = (
    *("best", "above", "none", "upper left", "upper right", "lower left", "lower right", "center left"),
    *("center right", "upper center", "lower center", "center"),
)
OLD = ("title", "quantities", "histogram", "trajectory", "formats")
KEYS = (
    *OLD,
    *("x", "y", "z", "curves", "curve_label", "panels", "panel_label", "contours", "guides", "marks"),
    *("xlabel", "ylabel", "zlabel", "xscale", "yscale", "xlim", "ylim", "zlim", "legend", "caption", "sampled"),
    *("fine", "lines"),
)
FORMATS = ("png", "pdf")
NUMBER_FORMAT = r"[-+ #0]*\d{0,2}(\.\d{1,2})?[eEfFgGn%]?"
MOST_TRAJECTORIES = 10**15
EXAMPLES = {"contours": '[{ of = "concurrence", level = 0.5 }]', "guides": "[{ x = 0 }, { y = 0 }]"}
A_FORMULA = 'a formula such as "concurrence" or "2*heat_current.h"'


def figure(table: Table, title: str, known: tuple[str, ...]) -> Figure:
    """Check the [figure] table. title: the run's, used where the figure has none; known: the quantities of a report."""
    paper = _paper(table) if "x" in table.values else None
    if paper is not None:
        _roles(table, "z" in table.values)
    for key in KEYS:
        if paper is None and key in table.values and key not in OLD:
            raise InputError(f'{table.where(key)}: is given without x: must have x = "parameter along the axis" too')
    formats = table.words("formats", ("png",), FORMATS, 'a list of "png" and "pdf"')
    if not formats:
        table.refuse("formats", 'a list of "png" and "pdf", with one of them at least')
    return Figure(
        title=table.text("title", title),
        quantities=table.words("quantities", (), known, "a list of quantities"),
        histogram=table.flag("histogram", True),
        trajectory=table.integer("trajectory", 0, MOST_TRAJECTORIES, 0, top="10^15"),
        formats=formats,
        sampled=table.flag("sampled", True),
        paper=paper,
    )


def _paper(table: Table) -> Paper:
    maps = "z" in table.values
    formulas = _panels(table, "z" if maps else "y")
    lines = _variants(table)
    return Paper(
        x=table.text("x"),
        upward=table.text("y", wanted="the parameter along the vertical axis of maps") if maps else "",
        formulas=formulas,
        curves=table.text("curves", ""),
        curve_label=_template(table, "curve_label"),
        panels=table.text("panels", ""),
        panel_label=_template(table, "panel_label"),
        labels=_labels(table, "zlabel" if maps else "ylabel", len(formulas)),
        xlabel=table.text("xlabel", ""),
        upward_label=table.text("ylabel", "") if maps else "",
        scales=(_one_of(table, "xscale", SCALES, ""), *_upright_scales(table, len(formulas))),
        limits=(_limits(table, "xlim"), _limits(table, "zlim"), *_upright_limits(table, len(formulas))),
        contours=tuple(_contour(table, entry) for entry in _entries(table, "contours")),
        guides=tuple(_guide(table, entry) for entry in _entries(table, "guides")),
        marks=Formula.parse(table.text("marks"), table.where("marks")) if "marks" in table.values else None,
        legend=_one_of(table, "legend", PLACES, "best"),
        caption=table.text("caption", ""),
        fine=_fine(table),
        lines=lines,
        table={key: _deep(value) for key, value in table.values.items() if key not in OLD},
    )


def _roles(table: Table, maps: bool) -> None:
    """Refuse a parameter with two places in the figure, and what curves or maps do not have."""
    named = [(key, table.values.get(key)) for key in ("x", *(("y",) if maps else ()), "curves", "panels")]
    for i, (key, name) in enumerate(named):
        for other, same in named[:i]:
            if isinstance(name, str) and name and name == same:
                raise InputError(f"{table.where(key)} = {show(name)}: is {other} too: must be another parameter")
    for key in ("curves", "curve_label", "marks") if maps else ("contours", "zlabel", "zlim"):
        if key in table.values:
            kind_of, instead = ("maps", "without") if maps else ("curves", "with")
            raise InputError(f"{table.where(key)}: is not of {kind_of}: must be in a figure {instead} z")


def _panels(table: Table, key: str) -> tuple[tuple[Drawn, ...], ...]:
    if key not in table.values:
        raise InputError(f"{table.where(key)} is missing: must be {A_FORMULA}, or a list of them")
    given = toml_value(table.values[key])
    panels = given if isinstance(given, list) else [given]
    if not panels or [] in panels:
        table.refuse(key, f"{A_FORMULA}, or a list of them")
    return tuple(
        tuple(_drawn(table, key, entry) for entry in (panel if isinstance(panel, list) else [panel]))
        for panel in panels
    )


def _drawn(table: Table, key: str, entry: Any) -> Drawn:
    if isinstance(entry, Mapping):
        spelt = Table(entry, f"figure.{key}", table.source, ("of", "label", "style", "where"))
        where = Formula.parse(spelt.text("where"), spelt.where("where")) if "where" in entry else None
        formula = Formula.parse(spelt.text("of", wanted=A_FORMULA), spelt.where("of"))
        return Drawn(formula, spelt.text("label", ""), _style(spelt), where)
    if not isinstance(entry, str):
        raise InputError(f"{table.where(key)}: {show(entry)} is {kind(entry)}: must be {A_FORMULA}")
    return Drawn(Formula.parse(entry, table.where(key)))


def _style(table: Table) -> str:
    words = table.text("style", "")
    for word in words.split():
        if word not in COLOURS + DASHES:
            hint = nearest(word, COLOURS + DASHES)
            raise InputError(
                f"{table.where('style')}: unknown word {word}; {hint}known are {listing(COLOURS + DASHES)}"
            )
    return str(words)


def _entries(table: Table, key: str) -> list[Mapping[str, Any]]:
    given = toml_value(table.values.get(key, []))
    if not isinstance(given, list) or not all(isinstance(entry, Mapping) for entry in given):
        table.refuse(key, f"a list of tables such as {EXAMPLES[key]}")
    return given


def _contour(table: Table, entry: Mapping[str, Any]) -> ContourLine:
    spelt = Table(entry, "figure.contours", table.source, ("of", "level", "style", "label"))
    formula = Formula.parse(spelt.text("of", wanted=A_FORMULA), spelt.where("of"))
    return ContourLine(formula, spelt.number("level", "a number"), _style(spelt), spelt.text("label", ""))


def _guide(table: Table, entry: Mapping[str, Any]) -> GuideLine:
    spelt = Table(entry, "figure.guides", table.source, ("x", "y", "style", "label"))
    if ("x" in entry) == ("y" in entry):
        raise InputError(f"{table.where('guides')}: {show(dict(entry))}: must have either x or y")
    y: float | Formula | None = None
    if isinstance(entry.get("y"), str):
        y = Formula.parse(entry["y"], spelt.where("y"))
    elif "y" in entry:
        y = spelt.number("y", "a number, or a formula of the parameter along x")
    x = spelt.number("x", "a number") if "x" in entry else None
    return GuideLine(x, y, _style(spelt), spelt.text("label", ""))


def _labels(table: Table, key: str, count: int) -> tuple[str, ...]:
    """Axis labels of the formulas, "" where none is given."""
    given = toml_value(table.values.get(key, [""] * count))
    labels = [given] if isinstance(given, str) else given
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels) or len(labels) != count:
        table.refuse(key, f"a text, or a list of {count}: one for each panel")
    return tuple(labels)


def _template(table: Table, key: str) -> str:
    text = table.text(key, "")
    try:
        for _, name, how, conversion in Formatter().parse(text):
            if name is not None and (name != "value" or conversion or not re.fullmatch(NUMBER_FORMAT, how or "")):
                raise ValueError
        text.format(value=1.0)
    except ValueError:
        table.refuse(key, 'a text with the value in it, such as "$T_c$ = {value:g}"; braces of formulas are doubled')
    return str(text)


def _one_of(table: Table, key: str, known: tuple[str, ...], default: str) -> str:
    word = table.text(key, default)
    if word != default and word not in known:
        table.refuse(key, "one of " + listing(known))
    return str(word)


def _upright_scales(table: Table, count: int) -> tuple[str, ...]:
    """yscale of each panel."""
    given = toml_value(table.values.get("yscale", ""))
    if not isinstance(given, list):
        return (_one_of(table, "yscale", SCALES, ""),) * count
    if len(given) != count or any(word not in SCALES for word in given):
        table.refuse("yscale", f"one of {listing(SCALES)}, or a list of {count} of them: one for each panel")
    return tuple(given)


def _upright_limits(table: Table, count: int) -> tuple[tuple[float, float] | None, ...]:
    """ylim of each panel; [] for none."""
    given = toml_value(table.values.get("ylim", []))
    if not isinstance(given, list) or not any(isinstance(entry, list) for entry in given):
        return (_limits(table, "ylim"),) * count
    if len(given) != count or not all(isinstance(entry, list) for entry in given):
        table.refuse("ylim", f"[lowest, highest], or a list of {count} of them, [] for none: one for each panel")
    each = [Table({"ylim": entry} if entry else {}, "figure", table.source, ("ylim",)) for entry in given]
    return tuple(_limits(one, "ylim") for one in each)


def _limits(table: Table, key: str) -> tuple[float, float] | None:
    if key not in table.values:
        return None
    found = table.numbers(key, "[lowest, highest]")
    if len(found) != 2 or found[0] == found[1]:
        table.refuse(key, "[lowest, highest]")
    return found[0], found[1]


def _fine(table: Table) -> dict[str, tuple[float, ...]]:
    given = _subtable(table, "fine", None)
    return {key: axis_values(given, key) for key in given.values}


def _subtable(table: Table, key: str, known: tuple[str, ...] | None) -> Table:
    given = table.values.get(key, {})
    if not isinstance(given, Mapping):
        table.refuse(key, f"a table [figure.{key}]")
    return Table(given, f"figure.{key}", table.source, known)


def _variants(table: Table) -> dict[str, dict[str, Any]]:
    found = {}
    for name in (given := _subtable(table, "lines", None)).values:
        if not re.fullmatch(r"[^\W\d]\w*", name):
            raise InputError(f"{given.where(name)}: must be a name of letters, digits and _")
        one = Table(_subtable(given, name, None).values, f"figure.lines.{name}", table.source, None)
        for key in ("name", "file", "function"):
            one.text(key, "")
        if ("file" in one.values) != ("function" in one.values):
            raise InputError(f"{one.where('file')}: must have both, file and function, or none of them")
        for key, value in one.values.items():
            if isinstance(value, int) and abs(value) >= 2**1023:
                one.refuse(key, "a number")
        if "optimise" in one.values and one.values["optimise"] is not False:
            if not isinstance(one.values["optimise"], Mapping):
                one.refuse("optimise", "false, or a table as [optimise]")
        found[name] = {key: toml_value(value) for key, value in one.values.items()}
    return found


def _deep(value: Any) -> Any:
    """A value as JSON can hold it: plain lists and tables inside, infinities as "inf" and "-inf"."""
    value = toml_value(value)
    if isinstance(value, Mapping):
        return {key: _deep(entry) for key, entry in value.items()}
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    return [_deep(entry) for entry in value] if isinstance(value, list) else value
