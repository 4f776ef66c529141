"""Content of the picture of one run: rows, lines, histogram and trajectory, and the curves of each panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trajectories.figures.curves import curves_of, over_time
from trajectories.figures.exact_curves import logarithmic, smooth
from trajectories.figures.figure_data import Curve
from trajectories.report.rows import Row, by_state, exact_rows
from trajectories.runfiles.figure_section import Figure
from trajectories.runfiles.job import Job
from trajectories.runfiles.run import Run
from trajectories.runfiles.sections import MODEL_KEYS
from trajectories.sampling.quantities import measures_entropy
from trajectories.sampling.quantity_names import panel_groups, reported_names

if TYPE_CHECKING:
    from trajectories.report.result import ResultData
    from trajectories.sampling.replay import Replay

MOST_PANELS = 6


@dataclass(frozen=True)
class Histogram:
    """Delta S at the end of `total` trajectories: edges (bins+1,), counts (bins+2,), share of infinite values."""

    edges: np.ndarray
    counts: np.ndarray
    total: int
    infinite: float


@dataclass(frozen=True)
class Content:
    """Everything that the picture of one run shows.

    points: the rows of a report; lines: those of the master equation, on a fine grid. trajectories: 0 where none were
    sampled. several_times: whether there is a time axis. window: the stretch of the trajectory that is shown; None:
    chosen.
    """

    settings: Figure
    name: str
    parameters: dict[str, Any]
    seed: int
    lines: tuple[Row, ...]
    log_time: bool
    trajectories: int = 0
    points: tuple[Row, ...] = ()
    several_times: bool = True
    histogram: Histogram | None = None
    replay: Replay | None = None
    window: tuple[float, float] | None = None


def sampled_content(result: ResultData, window: tuple[float, float] | None = None) -> Content:
    """Return the content of a result's picture.

    window: times from which and to which its trajectory is shown, None for the first jumps.
    """
    from trajectories.sampling.replay import Replay

    content = exact_content(result)
    point, settings = result.points[0], content.settings
    histogram = None
    if settings.histogram and measures_entropy(point.preparation.model):
        edges, counts = result.histogram()
        total = int(point.total.count)
        histogram = Histogram(edges, counts, total, float(point.total.infinite[-1]) / total)
    return replace(
        content,
        trajectories=point.trajectories,
        points=result.report().point_rows(0),
        several_times=len(point.preparation.times) > 1,
        histogram=histogram,
        replay=Replay.of(point.preparation, settings.trajectory, name=result.name, seed=result.seed, point=point.index),
        window=window,
    )


def exact_content(source: ResultData | Run) -> Content:
    """Return the content of the picture of the master equation alone, for a result's model or a run's."""
    if isinstance(source, Run):
        table, preparation, seed = source.mapping(), Job.of(source).prepare(), source.seed
    else:
        table, preparation, seed = source.meta.get("run", {}), source.points[0].preparation, source.seed
    given = {key: item for key, item in table.get("system", {}).items() if key not in MODEL_KEYS}
    return Content(
        settings=Figure.of(table.get("figure", {})),
        name=source.name,
        parameters=dict(preparation.model.parameters) or given,
        seed=seed,
        lines=tuple(by_state(exact_rows(smooth(preparation)), preparation.model)),
        log_time=logarithmic(preparation.times),
    )


def panel_curves(content: Content) -> list[list[Curve]]:
    """Return the curves of each panel: those that the run asks for, or those that suit its model."""
    asked = content.settings.quantities
    panels = _asked(content, asked) if asked else _suitable(content)
    return _fitting([curves for curves in panels if curves], MOST_PANELS - (content.histogram is not None))


def group_of(quantity: str) -> tuple[str, ...]:
    """Return the quantities that share a panel with this one."""
    return next((group for group in panel_groups() if quantity in group), (quantity,))


def _asked(content: Content, asked: tuple[str, ...]) -> list[list[Curve]]:
    """Return the curves asked for, in that order; what belongs together shares a panel."""
    labels = [name for name in asked if name not in reported_names()]
    quantities = ["observable" if name in labels else name for name in asked]
    panels = []
    for group in dict.fromkeys(map(group_of, quantities)):
        only = labels if group == ("observable",) and "observable" not in asked else ()
        panels.append(_curves(content, [name for name in group if name in quantities], only))
    return panels


def _suitable(content: Content) -> list[list[Curve]]:
    """Return the curves that suit a model: where it has no counted heat, energy currents; where no entropy, jumps."""
    present = {row.quantity for row in (*content.lines, *content.points)}
    without = {"coupling_work", "energy_current" if "heat_current" in present else ""}
    groups = panel_groups() + ([] if "integral_fluctuation_theorem" in present else [("energy",), ("activity",)])
    panels = [_curves(content, [name for name in group if name not in without]) for group in groups]
    return [curves for curves in panels if not _flat_zero(curves)]


def _curves(content: Content, quantities: list[str], labels: Sequence[str] = ()) -> list[Curve]:
    return curves_of(over_time(content.points), over_time(content.lines), quantities, labels)


def _flat_zero(curves: list[Curve]) -> bool:
    """Return whether this is entanglement or an energy that is always 0: not worth a panel unless it is asked for."""
    small = ("concurrence", "negativity", "energy")
    return all(curve.quantity in small and curve.reach <= 1e-9 for curve in curves)


def _fitting(panels: list[list[Curve]], most: int) -> list[list[Curve]]:
    """Leave out what is worth least: an integral theorem that is nowhere resolved, or the mean the histogram shows."""
    if len(panels) > most:
        theorem = next((curves for curves in panels if curves[0].quantity == "integral_fluctuation_theorem"), None)
        hopeless = theorem is not None and bool((theorem[0].points.status == "unresolved").all())
        least = "integral_fluctuation_theorem" if hopeless else "entropy_production"
        panels = [curves for curves in panels if curves[0].quantity != least]
    return panels[:most]
