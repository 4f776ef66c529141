"""The panels that are more than curves: the integral theorem, the histogram of Delta S, and one trajectory in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from trajectories.errors import InputError
from trajectories.figures.panels import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PALETTE,
    POINT,
    SHADE,
    SKY,
    VERMILLION,
    Curve,
    Style,
    bars,
    draw_points,
    legend,
    power_of_ten,
)
from trajectories.figures.typography import ket, short, unit_of
from trajectories.report.rows import Row
from trajectories.sampling.replay import Replay

MOST_JUMPS = 80  # in one strip as wide as a page
MOST_CHANNELS = 6
LARGEST_DIMENSION = 64
STATES, MOST_STATES = 400, 4000  # instants at which a state is drawn
PER_TURN = 16  # of them, of the fastest oscillation
SMALL = 16  # dimension up to which so many are taken
RATE_BINS = 200  # of a count rate, in one strip
RESOLVED, UNRESOLVED = Style(BLUE, "o"), Style(VERMILLION, "s")


def draw_theorem(axes: Axes, curve: Curve, several_times: bool) -> None:
    """Draw <exp(-Delta S)>: resolved points apart from unresolved ones, the region that cannot be resolved shaded."""
    resolved = tuple(row for row in curve.points if row.status != "unresolved")
    unresolved = tuple(row for row in curve.points if row.status == "unresolved")
    handles, names = [], []
    for rows, style, face, name in (
        (resolved, RESOLVED, BLUE, "resolved"),
        (unresolved, UNRESOLVED, "white", "unresolved"),
    ):
        if rows:
            draw_points(axes, replace(curve, which=name, points=rows), style, mfc=face)
            handles.append(Line2D([], [], color=style.colour, ls="", marker=style.marker, **(POINT | {"mfc": face})))
            names.append(name)
    time, exact = curve.exact
    lowered = bool(exact.min(initial=1.0) < 1 - 1e-9)
    axes.axhline(1.0, color=GREY, lw=0.8, ls=(0, (4, 2)) if lowered else "-", zorder=1)
    if several_times:
        axes.plot(time, exact, color=BLACK, lw=1.2, label="master equation", zorder=2)
    else:
        axes.axhline(exact[-1], color=BLACK, lw=1.2, label="master equation", zorder=2)
        axes.set_xticks(time[-1:])
    handles.append(Line2D([], [], color=BLACK, lw=1.2))
    names.append(r"$1-\lambda$" if lowered else "1")
    legend(axes, handles, names)
    _theorem_limits(axes, resolved, unresolved, exact)
    if unresolved:
        _shade(axes, curve)


def _theorem_limits(axes: Axes, resolved: Sequence[Row], unresolved: Sequence[Row], exact: np.ndarray) -> None:
    """Choose the range by what can be trusted; arrows stand for the points above it."""
    trusted = [*exact, 1.0]
    for row in resolved:
        value, error = row.estimate or 0.0, row.standard_error or 0.0
        trusted += [value - error, value + error]
    low, high = min(trusted), max(trusted)
    ceiling = high + max(0.5, 2 * (high - low))
    values = [(row.time, row.estimate) for row in unresolved if row.estimate is not None]
    low = min([low, *(value for _, value in values)])
    high = max([high, *(value for _, value in values if value <= ceiling)])
    pad = 0.08 * (high - low) or 0.01
    axes.set_ylim(low - pad, high + pad)
    above = [time for time, value in values if value > ceiling]
    arrows: dict[str, Any] = {"marker": "^", "s": 9, "color": VERMILLION, "transform": axes.get_xaxis_transform()}
    axes.scatter(above, [0.96] * len(above), label="beyond", zorder=4, **arrows)


def _shade(axes: Axes, curve: Curve) -> None:
    """Shade the stretches of time that hold only unresolved points, halfway to the neighbours."""
    times = np.array([row.time for row in curve.points])
    low, high = axes.get_xlim()
    edges = np.concatenate([[low], 0.5 * (times[1:] + times[:-1]), [high]])
    for begin, end, row in zip(edges[:-1], edges[1:], curve.points, strict=True):
        if row.status == "unresolved":
            axes.axvspan(begin, end, color=SHADE, lw=0, zorder=0)
    axes.set_xlim(low, high)


def draw_histogram(
    axes: Axes, edges: np.ndarray, counts: np.ndarray, total: int, mean: Row | None, infinite: float
) -> None:
    """Draw the density of Delta S at the end of the run, with Poisson error bars.

    edges (bins+1,), counts (bins+2,): below all edges first, above them last. total: trajectories. mean: the row of
    <Delta S>, if it exists. infinite: the share of trajectories whose Delta S is infinite.
    """
    width = np.diff(edges)
    density, error = counts[1:-1] / (total * width), np.sqrt(counts[1:-1]) / (total * width)
    filled = np.flatnonzero(counts[1:-1])
    axes.stairs(density, edges, fill=True, color=SKY, alpha=0.45, lw=0, label="density")
    centres = (0.5 * (edges[1:] + edges[:-1]))[filled]
    bars(
        axes, centres, density[filled], error[filled], Style(BLUE, "o"), "histogram", ms=1.6, mew=0, mfc=BLUE, capsize=0
    )
    if len(filled):
        seen = density[filled]
        logarithmic = seen.max() > 100 * seen.min()
        axes.set_yscale("log" if logarithmic else "linear")
        axes.set_ylim(
            0.4 * seen.min() if logarithmic else 0, (2.5 * seen if logarithmic else 1.06 * (density + error)).max()
        )
        axes.set_xlim(min(edges[filled[0]], 0.0) - 1.5 * width[0], max(edges[filled[-1] + 1], 0.0) + 1.5 * width[0])
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, r"no trajectory with finite $\Delta S$", transform=axes.transAxes, ha="center")
    axes.axvline(0, color=GREY, lw=0.6, zorder=1)
    handles, names = [], []
    if mean is not None and mean.exact is not None and mean.estimate is not None:
        axes.axvline(mean.exact, color=BLACK, lw=1.2, zorder=2, label="mean, master equation")
        look: dict[str, Any] = {"xerr": [mean.standard_error or 0.0], "transform": axes.get_xaxis_transform()}
        bars(axes, [mean.estimate], [0.93], None, Style(BLACK, "D"), "mean", zorder=4, **look)
        handles.append(Line2D([], [], color=BLACK, lw=1.2, marker="D", **POINT))
        names.append(rf"mean $\langle\Delta S\rangle$ = {mean.exact:.4g}")
    outside = max(0.0, (counts[0] + counts[-1]) / total - infinite)
    for share, name in ((infinite, r"$\Delta S=\infty$"), (outside, "outside the bins")):
        if share > 0:
            handles.append(Line2D([], [], ls=""))
            names.append(f"{name}: {100 * share:.3g} %")
    if handles:
        legend(axes, handles, names)


def stretch(found: Replay, window: tuple[float, float] | None) -> tuple[float, float]:
    """Return the stretch of a trajectory that is shown: that asked for, or up to the last jump that has room.

    Raises InputError for a window that does not lie in the run.
    """
    if window is not None:
        begin, end = window
        if not 0.0 <= begin < end <= found.duration:
            raise InputError(
                f"--window {begin:g}:{end:g}: must be FROM:TO with FROM before TO, both from 0 to {found.duration:g}"
            )
        return begin, end
    if len(found.jump_times) <= MOST_JUMPS:
        return 0.0, found.duration
    return 0.0, 0.5 * float(found.jump_times[MOST_JUMPS - 1] + found.jump_times[MOST_JUMPS])


def inside(found: Replay, begin: float, end: float) -> np.ndarray:
    """Return which jumps (N,) come from `begin` to `end`."""
    return (found.jump_times >= begin) & (found.jump_times <= end)


def draw_jumps(axes: Axes, found: Replay, begin: float, end: float) -> None:
    """Draw a tick for each jump from `begin` to `end`, in a row for each channel (or reservoir, where they are many).

    Of more jumps than can be told apart, each row shows how many there are per time, in RATE_BINS bins.
    """
    model, chosen = found.preparation.model, inside(found, begin, end)
    rows, names = found.channels, [channel.name for channel in model.channels]
    if len(names) > MOST_CHANNELS:
        rows, names = model.reservoir_index[found.channels], [reservoir.name for reservoir in model.reservoirs]
    if chosen.sum() > MOST_JUMPS:
        _draw_rates(axes, [found.jump_times[chosen & (rows == i)] for i in range(len(names))], names, begin, end)
    else:
        for i in range(len(names)):
            times = found.jump_times[chosen & (rows == i)]
            axes.vlines(times, i - 0.38, i + 0.38, color=PALETTE[i % len(PALETTE)], lw=1.1, label=names[i])
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    for i, text in enumerate(axes.get_yticklabels()):
        text.set_color(PALETTE[i % len(PALETTE)])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(begin, end)


def _draw_rates(axes: Axes, times: Sequence[np.ndarray], names: Sequence[str], begin: float, end: float) -> None:
    """Draw the number of jumps per time in bins, each row from zero to its largest value, which stands beside it."""
    edges = np.linspace(begin, end, RATE_BINS + 1)
    for i, (own, name) in enumerate(zip(times, names, strict=True)):
        rate = np.histogram(own, edges)[0] / (edges[1] - edges[0])
        most, colour = float(rate.max()) or 1.0, PALETTE[i % len(PALETTE)]
        axes.stairs(i + 0.38 - 0.76 * rate / most, edges, baseline=i + 0.38, fill=True, color=colour, lw=0, label=name)
        look: dict[str, Any] = {"fontsize": 6.5, "color": colour, "ha": "left", "va": "top", "annotation_clip": False}
        axes.annotate(f"{rate.max():.3g}", (end, i - 0.38), xytext=(3, 2), textcoords="offset points", **look)


@dataclass(frozen=True)
class Followed:
    """What is shown of the state along a trajectory: the name of an operator A, times (n,), <psi|A|psi> (n,)."""

    name: str
    times: np.ndarray
    values: np.ndarray


def _instants(found: Replay, begin: float, end: float) -> np.ndarray:
    """Return times (n,) from `begin` to `end` that resolve the oscillations between jumps, as far as they can be."""
    count = STATES
    if found.preparation.model.dimension <= SMALL:
        turns = found.fastest * (end - begin) / (2 * np.pi)
        count = int(np.clip(PER_TURN * turns, STATES, MOST_STATES))
    jumps = found.jump_times[inside(found, begin, end)]
    # A state is asked for just after its time: the float below a jump's time is before the jump.
    return np.unique(np.concatenate([np.linspace(begin, end, count), np.nextafter(jumps, 0.0), jumps]))


def follow(found: Replay, begin: float, end: float) -> Followed | None:
    """Return <psi|A|psi> from `begin` to `end`, both sides of every jump included, or None where states are too large.

    A is the energy; where the driving makes it the same in all states, the first observable or population that changes.
    """
    preparation = found.preparation
    if preparation.model.dimension > LARGEST_DIMENSION:
        return None
    moments = _instants(found, begin, end)
    states = found.states(moments)
    operators = preparation.sectors.unflatten(preparation.ledger.static)
    columns = preparation.columns[-len(operators) :]
    candidates = []
    for quantity in ("energy", "observable", "population"):
        for column, operator in zip(columns, operators, strict=True):
            if column is not None and column.quantity == quantity:
                values = np.einsum("ta,ab,tb->t", states.conj(), operator, states, optimize=True).real
                label = column.label or ""
                name = {"energy": "energy", "population": ket(label)}.get(quantity, short(label))
                candidates.append((Followed(name, moments, values), float(np.abs(operator).max())))
    changing = [curve for curve, scale in candidates if np.ptp(curve.values) > 1e-9 * scale]
    return (changing or [candidates[0][0]])[0]


def draw_state(axes: Axes, followed: Followed) -> None:
    """Draw what is shown of the state along a trajectory."""
    axes.plot(followed.times, followed.values, color=BLACK, lw=0.9, label=followed.name)
    _roomy(axes, followed.values)
    axes.set_ylabel(followed.name + unit_of("1", power_of_ten(axes)))


def draw_entropy(axes: Axes, found: Replay, begin: float, end: float) -> None:
    """Draw ln p(n0) + sum of Delta s along the trajectory; a circle at its end is Delta S, with -ln p(nT) added.

    A jump without a reversal partner makes it infinite: the line ends there.
    """
    reached = found.jump_times <= end
    jumps, steps = found.jump_times[reached], found.preparation.model.entropy_steps[found.channels[reached]]
    finite = int(np.argmax(~np.isfinite(steps))) if not np.isfinite(steps).all() else len(steps)
    start = float(np.log(found.spectra[0].probabilities[found.start]))
    values = start + np.concatenate([[0.0], np.cumsum(steps[:finite])])
    stop = end if finite == len(steps) else float(jumps[finite])
    times = np.concatenate([[0.0], jumps[:finite], [stop]])
    axes.step(times, np.append(values, values[-1]), where="post", color=GREEN, lw=1.1, label="entropy")
    values = values[np.searchsorted(jumps[:finite], begin, side="right") :]  # from the one that holds at `begin`
    if finite < len(steps):
        axes.plot([stop], [values[-1]], "^", color=GREEN, ms=4, clip_on=False)
        axes.annotate("∞", (stop, values[-1]), xytext=(4, 2), textcoords="offset points", color=GREEN, fontsize=9)
    elif end == found.duration:
        look: dict[str, Any] = {"color": GREEN, "ms": 3.5, "mfc": "white", "mew": 1.0, "clip_on": False, "zorder": 4}
        axes.plot([end], [found.entropy], "o", label="Delta S", **look)
        values = np.append(values, found.entropy)
    axes.axhline(0, color=GREY, lw=0.6, zorder=1)
    axes.set_ylabel("entropy\n(nat)")
    _roomy(axes, values)


def _roomy(axes: Axes, values: np.ndarray) -> None:
    """Choose a range with a margin, and not one of rounding errors where the values are constant."""
    low, high = float(values.min()), float(values.max())
    pad = 0.12 * (high - low) if high - low > 1e-9 * max(1.0, abs(high)) else 0.5
    axes.set_ylim(low - pad, high + pad)
