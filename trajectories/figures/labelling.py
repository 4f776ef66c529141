"""The words of a [figure] table on a picture, and what sampled points are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trajectories.errors import InputError, show
from trajectories.figures.figure_data import Axis, Map, Panel, Part, Picture
from trajectories.figures.typography import words
from trajectories.runfiles.figure_section import Figure


def sampled_label(trajectories: int, of: str = "") -> str:
    """Return the legend entry of sampled points, "" where no trajectories were sampled; of: such as " per point"."""
    return f"sampled, ± 1 standard error (N = {trajectories:,} trajectories{of})" if trajectories else ""


def relabelled(picture: Picture, settings: Figure) -> Picture:
    """Return the picture with the axis labels and scales that its run asks for.

    Raises InputError for a list of labels or scales that has not one for each panel (or for each quantity's maps).
    """
    curves = [part for part in picture.parts if isinstance(part, Panel)]
    exact = [part for part in picture.parts if isinstance(part, Map) and part.kind == "exact"]
    count = len(curves) or len(exact)
    ylabels, zlabels = (_each(getattr(settings, key), count, key) for key in ("ylabel", "zlabel"))
    scales = _each(settings.yscale, count, "yscale")
    place = -1

    def changed(part: Part) -> Part:
        nonlocal place
        if not isinstance(part, Panel | Map):
            return part
        place += isinstance(part, Panel) or part.kind == "exact"
        part = replace(part, x=_axis(part.x, settings.xlabel, settings.xscale))
        part = replace(part, y=_axis(part.y, ylabels[place], scales[place]))
        if isinstance(part, Map) and part.kind != "z" and zlabels[place]:
            end = ", sampled" if part.kind == "sampled" else ""
            part = replace(part, z=Axis(words(zlabels[place]) + end))
        return part

    return replace(picture, rows=tuple(tuple(map(changed, row)) for row in picture.rows))


def _axis(axis: Axis, label: str, scale: str) -> Axis:
    return Axis(words(label) if label else axis.label, scale or axis.scale)


def _each(given: Sequence[str], count: int, key: str) -> Sequence[str]:
    """Return one text for each of `count` panels."""
    if len(given) > 1 and len(given) != count:
        wanted = f"must be one text, or {count}: one for each panel of curves or quantity of maps"
        raise InputError(f"[figure] {key} = {show(list(given))}: {wanted}")
    return given if len(given) > 1 else (*given, "")[:1] * max(count, 1)
