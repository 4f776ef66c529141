"""Content of one run -> picture: panels of curves over time, the entropy production, and one trajectory in full."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes

from trajectories.figures.entropy_panels import draw_histogram, draw_theorem
from trajectories.figures.figure_data import Axis, Curve, Drawing, Panel, Part, Picture, in_rows
from trajectories.figures.labelling import relabelled, sampled_label
from trajectories.figures.panels import finish
from trajectories.figures.run_content import Content, panel_curves
from trajectories.figures.trajectory_strip import trajectory_strip
from trajectories.figures.typography import quantity_name, short, unit_of

TIME = "time $t$ (1/energy)"
THEOREM = "integral_fluctuation_theorem"


def run_picture(content: Content) -> Picture:
    """Return the picture: up to six panels in rows, and a trajectory in full width below them."""
    parts: list[Part] = [_panel(curves, content) for curves in panel_curves(content)]
    if content.histogram is not None:
        parts.append(Drawing((partial(_draw_histogram, content=content),)))
    rows = in_rows(parts)
    if content.replay is not None:
        rows = (*rows, (trajectory_strip(content.replay, content.window, TIME),))
    seed = (f"seed {content.seed}",) if content.trajectories else ()
    picture = Picture(
        title=content.settings.title or content.name,
        rows=rows,
        parameters=content.parameters,
        facts=(*seed, r"ħ = k$_\mathrm{B}$ = 1"),
        caption=content.settings.caption,
        sampled=sampled_label(content.trajectories),
        formats=content.settings.formats,
    )
    return relabelled(picture, content.settings)


def _panel(curves: list[Curve], content: Content) -> Panel | Drawing:
    if curves[0].quantity == THEOREM:
        return Drawing((partial(_draw_theorem, curve=curves[0], content=content),))
    scale = "log" if content.log_time and content.several_times else "linear"
    time = Axis(TIME if content.several_times else "", scale)
    start = min((row.start for row in content.lines if row.start is not None), default=0.0)
    return Panel(time, Axis(ylabel_of(curves, start)), tuple(curves), side_by_side=not content.several_times)


def ylabel_of(curves: Sequence[Curve], start: float | None = None) -> str:
    """Return name and unit of the quantities that the curves of a panel show.

    start: time from which counted quantities are averaged, None where the label leaves this out.
    """
    first, names = curves[0], {curve.quantity for curve in curves}
    name = quantity_name(first.quantity)
    if first.quantity in ("concurrence", "negativity"):
        pair = (first.which or "").replace("-", "–")
        name = f"{name if len(names) == 1 else 'entanglement'}, pair {pair}"
    elif first.quantity == "observable":
        name = short(first.which or "") if len({curve.which for curve in curves}) == 1 else "observables"
    if first.quantity not in ("heat_current", "coupling_work", "activity", "entropy_production_rate"):
        return name + unit_of(first.unit)
    counted = ""
    if len(names) > 1:
        name = "currents" if "energy_current" in names else "energy per time"
        counted = "heat and work " if "coupling_work" in names else "heat "
    average = "" if start is None else f"\n{counted}averaged over ({start:g}, $t\\,$]"
    return f"{name}{unit_of(first.unit)}{average}"


def _draw_theorem(axes: Axes, curve: Curve, content: Content) -> None:
    if content.log_time and content.several_times:
        axes.set_xscale("log")
    draw_theorem(axes, curve, content.several_times)
    axes.set_xlabel(TIME)
    finish(axes, ylabel_of([curve]))


def _draw_histogram(axes: Axes, content: Content) -> None:
    shown = content.histogram
    assert shown is not None
    means = [row for row in content.points if row.quantity == "entropy_production"]
    draw_histogram(axes, shown.edges, shown.counts, shown.total, means[-1] if means else None, shown.infinite)
    axes.set_xlabel(f"$\\Delta S$ at $t$ = {means[-1].time:g} (nat)" if means else r"$\Delta S$ at the end (nat)")
    axes.set_ylabel("probability density (1/nat)")
