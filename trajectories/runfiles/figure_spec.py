"""What the [figure] table of a run file comes to; `figure_section` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trajectories.runfiles.formulas import Formula


@dataclass(frozen=True)
class Drawn:
    """One formula of a panel; where: another one, positive where the curve exists."""

    of: Formula
    label: str = ""
    style: str = ""
    where: Formula | None = None


@dataclass(frozen=True)
class ContourLine:
    """Where a formula has the value `level`."""

    of: Formula
    level: float
    style: str = ""
    label: str = ""


@dataclass(frozen=True)
class GuideLine:
    """A line at x, at y, or along y as a formula of the parameter along x."""

    x: float | None = None
    y: float | Formula | None = None
    style: str = ""
    label: str = ""


@dataclass(frozen=True)
class Paper:
    """A figure of a paper, as `figure_section` describes it.

    formulas: for each panel those that share it. upward: the vertical parameter of maps, "" for curves. fine: for each
    parameter its values. lines: for each variant its changes of [system]. labels: of the formulas' axes. scales: of x,
    and of y in each panel; limits: of x, of z, and of y in each panel. table: the keys as they were given.
    """

    x: str
    upward: str
    formulas: tuple[tuple[Drawn, ...], ...]
    curves: str
    curve_label: str
    panels: str
    panel_label: str
    labels: tuple[str, ...]
    xlabel: str
    upward_label: str
    scales: tuple[str, ...]
    limits: tuple[tuple[float, float] | None, ...]
    contours: tuple[ContourLine, ...]
    guides: tuple[GuideLine, ...]
    marks: Formula | None
    legend: str
    caption: str
    fine: Mapping[str, tuple[float, ...]]
    lines: Mapping[str, Mapping[str, Any]]
    table: Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """What the picture of a run shows.

    quantities (): those that suit the model; trajectory: index of the one that is drawn. sampled: whether the run
    samples anything. paper: None where the picture is the report's.
    """

    title: str = ""
    quantities: tuple[str, ...] = ()
    histogram: bool = True
    trajectory: int = 0
    formats: tuple[str, ...] = ("png",)
    sampled: bool = True
    paper: Paper | None = field(default=None, compare=False)

    def mapping(self) -> dict[str, Any]:
        """Return the table as it was given, defaults of the first five keys filled in."""
        return {
            "title": self.title,
            "quantities": list(self.quantities),
            "histogram": self.histogram,
            "trajectory": self.trajectory,
            "formats": list(self.formats),
            **(dict(self.paper.table) if self.paper is not None else {}),
        }
