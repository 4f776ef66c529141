"""What a figure cannot show, said before it is drawn: formulas without values, logarithms of what has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .errors import InputError, show

if TYPE_CHECKING:
    from .paperfigure import PaperFigure


def check(figure: PaperFigure) -> None:
    """Raise InputError where a formula has no value on the whole grid, or none that its axis can show."""
    paper = figure.paper
    for i, panel in enumerate(paper.formulas):
        positive = not paper.upward and paper.scales[1 + i] == "log"
        for drawn in panel:
            values = figure.on_grid(drawn.of, drawn.where)
            if not (values[np.isfinite(values)] > (0.0 if positive else -np.inf)).any():
                wanted = "a positive value on a logarithmic axis" if positive else "a value"
                raise InputError(f"{drawn.of.where} = {show(drawn.of.text)}: must have {wanted} somewhere")
    for line in paper.contours:
        if np.isnan(figure.on_grid(line.of)).all():
            raise InputError(f"{line.of.where} = {show(line.of.text)}: must have a value somewhere")
    upright = paper.scales[1:]
    if paper.upward:
        upright = (figure.axis(paper.upward, "", paper.scales[1])[1],)
    scales = (figure.axis(paper.x, "", paper.scales[0])[1], *upright)
    limits = (paper.limits[0], *paper.limits[2:])
    for i, (scale, ends) in enumerate(zip(scales, limits, strict=False)):
        if scale == "log" and ends and min(ends) <= 0:
            key = "ylim" if i else "xlim"
            raise InputError(f"{figure.where} {key} = {list(ends)}: must be positive on a logarithmic axis")
