"""The [figure] table of a run file: what its picture shows.

title, caption     words above and below the picture (title: that of the run where it is left out)
quantities         which of a report's quantities are drawn; left out: those that suit the model
x                  of a sweep over two parameters, the one along the axis: curves are drawn, one for each value of the
                   other parameter; left out: maps
xlabel, ylabel, zlabel   axis labels, zlabel that of a map's colours
xscale, yscale     "linear" or "log"; left out: as the values are spaced
formats            ["png"], ["pdf"] or both
histogram, trajectory    of a run without a sweep: whether Delta S is shown, and which trajectory

ylabel, yscale and zlabel are one text for all panels, or a list with one for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from trajectories.errors import InputError, listing
from trajectories.model.conversion import toml_value
from trajectories.runfiles.schema import Table

SCALES = ("linear", "log")
FORMATS = ("png", "pdf")
MOST_TRAJECTORIES = 10**15
REMOVED = (
    *("y", "z", "curves", "curve_label", "panels", "panel_label", "contours", "guides", "marks"),
    *("xlim", "ylim", "zlim", "legend", "sampled", "fine", "lines"),
)


@dataclass(frozen=True)
class Figure:
    """The keys of the [figure] table; lists as tuples.

    An empty text or tuple stands for a choice by the program. trajectory: number of the one that is drawn.
    """

    title: str = ""
    quantities: tuple[str, ...] = ()
    histogram: bool = True
    trajectory: int = 0
    formats: tuple[str, ...] = FORMATS[:1]
    caption: str = ""
    x: str = ""
    xlabel: str = ""
    ylabel: tuple[str, ...] = ()
    zlabel: tuple[str, ...] = ()
    xscale: str = ""
    yscale: tuple[str, ...] = ()

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> Figure:
        """Return the figure of a stored table, without the keys that only other versions of the program know."""
        known = {field.name for field in fields(cls)} & mapping.keys()
        given: dict[str, Any] = {name: mapping[name] for name in known}
        given = {name: tuple(item) if isinstance(item, list) else item for name, item in given.items()}
        return cls(**given)

    def mapping(self) -> dict[str, Any]:
        """Return the table as JSON can hold it: the first five keys, and the others where they are not empty."""
        table = {field.name: getattr(self, field.name) for field in fields(self)}
        kept = {key: item for i, (key, item) in enumerate(table.items()) if i < 5 or item}
        return {key: list(item) if isinstance(item, tuple) else item for key, item in kept.items()}


KEYS = tuple(field.name for field in fields(Figure))


def figure(table: Table, title: str, known: tuple[str, ...], swept: tuple[str, ...]) -> Figure:
    """Check the [figure] table and return what the picture shows.

    title: the run's, used where the figure has none. known: the quantities of a report. swept: parameters in [sweep].
    Raises InputError for an unknown key or value.
    """
    formats = table.words("formats", ("png",), FORMATS, 'a list of "png" and "pdf"')
    if not formats:
        table.refuse("formats", 'a list of "png" and "pdf", with one of them at least')
    x = table.text("x", "")
    if x and x not in swept:
        wanted = f"one of the parameters in [sweep], {listing(swept)}" if swept else "left out, as there is no [sweep]"
        table.refuse("x", wanted)
    return Figure(
        title=table.text("title", title),
        quantities=table.words("quantities", (), known, "a list of quantities"),
        histogram=table.flag("histogram", True),
        trajectory=table.integer("trajectory", 0, MOST_TRAJECTORIES, 0, top="10^15"),
        formats=formats,
        caption=table.text("caption", ""),
        x=x,
        xlabel=table.text("xlabel", ""),
        ylabel=_texts(table, "ylabel"),
        zlabel=_texts(table, "zlabel"),
        xscale="".join(_scales(table, "xscale")),
        yscale=_scales(table, "yscale"),
    )


def refuse_removed(values: Mapping[str, Any], source: str) -> None:
    """Raise InputError for a key of [figure] that earlier versions had, naming what takes its place."""
    for key in REMOVED:
        if key in values:
            where = f"{source}: [figure] {key}" if source else f"[figure] {key}"
            instead = {
                "sampled": "`trajectories figure --exact` samples nothing",
                "z": "of two swept parameters maps are drawn",
                "curves": "of two swept parameters the one that is not x tells curves apart",
            }.get(key, "the scripts in runs/papers show how to draw such a figure")
            raise InputError(f"{where}: is no longer a key of [figure]: must be left out; {instead}")


def _texts(table: Table, key: str) -> tuple[str, ...]:
    """Return one text, or a list of them, as a tuple; () where the key is missing."""
    given = toml_value(table.values.get(key, []))
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        table.refuse(key, "a text, or a list of texts: one for each panel")
    return tuple(texts)


def _scales(table: Table, key: str) -> tuple[str, ...]:
    """Return "linear" or "log", or of yscale a list of them, as a tuple; () where the key is missing."""
    scales = _texts(table, key)
    several = isinstance(toml_value(table.values.get(key)), list)
    if any(scale not in SCALES for scale in scales) or (several and key == "xscale"):
        table.refuse(key, f"one of {listing(SCALES)}" + " or a list of them: one for each panel" * (key == "yscale"))
    return scales
