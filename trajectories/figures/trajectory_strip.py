"""One trajectory in full: its jumps, its energy or another observable, its entropy, one strip above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from trajectories.errors import InputError
from trajectories.figures.figure_data import Drawing
from trajectories.figures.panels import power_of_ten
from trajectories.figures.style import BLACK, GREEN, GREY, PALETTE
from trajectories.figures.typography import ket, short, unit_of, value
from trajectories.sampling.quantities import measures_entropy

if TYPE_CHECKING:
    from trajectories.sampling.replay import Replay

HEIGHT = 2.5  # inches
MOST_JUMPS = 80  # in one strip as wide as a page
MOST_CHANNELS = 6
LARGEST_DIMENSION = 64
STATES, MOST_STATES = 400, 4000  # instants at which a state is drawn
PER_TURN = 16  # of them, of the fastest oscillation
SMALL = 16  # dimension up to which so many are taken
RATE_BINS = 200  # of a count rate, in one strip


def trajectory_strip(replay: Replay, window: tuple[float, float] | None, xlabel: str) -> Drawing:
    """Return the drawing of one trajectory; window: the stretch that is shown, None for the first jumps.

    Raises InputError for a window that does not lie in the run.
    """
    begin, end = shown_interval(replay, window)
    seen = int(inside(replay, begin, end).sum())
    curve = state_curve(replay, begin, end) if seen <= MOST_JUMPS else None
    entropic = measures_entropy(replay.preparation.model)
    parts = [partial(draw_jumps, replay=replay, begin=begin, end=end)]
    words = [f"trajectory {replay.number}: {_which_jumps(len(replay.jump_times), seen, begin)}"]
    if seen > MOST_JUMPS:
        words.append(f"jumps per time in bins of {(end - begin) / RATE_BINS:.3g}, the largest at the right")
    if curve is not None:
        parts.append(partial(draw_state, curve=curve))
        words.append(rf"{curve.name} in the state $\psi(t)$")
    if entropic:
        parts.append(partial(draw_entropy, replay=replay, begin=begin, end=end))
        words.append(r"entropy $\ln p(n_0)+\Sigma\Delta s$")
        if end == replay.duration and np.isfinite(replay.entropy):
            words.append(rf"circle: $\Delta S$ = {value(float(f'{replay.entropy:.4g}'))}")

    def last(axes: Axes, draw: Any = parts[-1]) -> None:
        draw(axes)
        axes.set_xlabel(xlabel)

    return Drawing((*parts[:-1], last), ",   ".join(words), HEIGHT)


def _which_jumps(count: int, seen: int, begin: float) -> str:
    if seen == count:
        return f"{count:,} jump{'s' * (count != 1)}"
    return f"the first {seen:,} of {count:,} jumps" if begin == 0 else f"{seen:,} of {count:,} jumps"


def shown_interval(replay: Replay, window: tuple[float, float] | None) -> tuple[float, float]:
    """Return begin and end of the part of a trajectory that is drawn: the window, or up to the last jump with room.

    Raises InputError for a window that does not lie in the run.
    """
    if window is not None:
        begin, end = window
        if not 0.0 <= begin < end <= replay.duration:
            raise InputError(
                f"--window {begin:g}:{end:g}: must be FROM:TO with FROM before TO, both from 0 to {replay.duration:g}"
            )
        return begin, end
    if len(replay.jump_times) <= MOST_JUMPS:
        return 0.0, replay.duration
    return 0.0, 0.5 * float(replay.jump_times[MOST_JUMPS - 1] + replay.jump_times[MOST_JUMPS])


def inside(replay: Replay, begin: float, end: float) -> np.ndarray:
    """Return which jumps (N,) come from `begin` to `end`."""
    return (replay.jump_times >= begin) & (replay.jump_times <= end)


def draw_jumps(axes: Axes, replay: Replay, begin: float, end: float) -> None:
    """Draw a tick for each jump from `begin` to `end`, in a row for each channel (or reservoir, where they are many).

    Of more jumps than can be told apart, each row shows how many there are per time, in RATE_BINS bins.
    """
    model, chosen = replay.preparation.model, inside(replay, begin, end)
    rows, names = replay.channels, [channel.name for channel in model.channels]
    if len(names) > MOST_CHANNELS:
        rows, names = model.reservoir_index[replay.channels], [reservoir.name for reservoir in model.reservoirs]
    if chosen.sum() > MOST_JUMPS:
        _draw_rates(axes, [replay.jump_times[chosen & (rows == i)] for i in range(len(names))], names, begin, end)
    else:
        for i in range(len(names)):
            times = replay.jump_times[chosen & (rows == i)]
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
class StateCurve:
    """An expectation value along a trajectory: the name of an operator A, times (n,), <psi|A|psi> (n,)."""

    name: str
    times: np.ndarray
    values: np.ndarray


def _instants(replay: Replay, begin: float, end: float) -> np.ndarray:
    """Return times (n,) from `begin` to `end` that resolve the oscillations between jumps, as far as they can be."""
    count = STATES
    if replay.preparation.model.dimension <= SMALL:
        turns = replay.path_states.fastest * (end - begin) / (2 * np.pi)
        count = int(np.clip(PER_TURN * turns, STATES, MOST_STATES))
    jumps = replay.jump_times[inside(replay, begin, end)]
    # A state is asked for just after its time: the float below a jump's time is before the jump.
    return np.unique(np.concatenate([np.linspace(begin, end, count), np.nextafter(jumps, 0.0), jumps]))


def state_curve(replay: Replay, begin: float, end: float) -> StateCurve | None:
    """Return <psi|A|psi> from `begin` to `end`, both sides of every jump included, or None where states are too large.

    A is the energy; where the driving makes it the same in all states, the first observable or population that changes.
    """
    preparation = replay.preparation
    if preparation.model.dimension > LARGEST_DIMENSION:
        return None
    moments = _instants(replay, begin, end)
    states = replay.states(moments)
    operators = preparation.sectors.unflatten(preparation.observables.static)
    columns = preparation.columns[-len(operators) :]
    candidates = []
    for quantity in ("energy", "observable", "population"):
        for column, operator in zip(columns, operators, strict=True):
            if column is not None and column.quantity == quantity:
                values = np.einsum("ta,ab,tb->t", states.conj(), operator, states, optimize=True).real
                label = column.label or ""
                name = {"energy": "energy", "population": ket(label)}.get(quantity, short(label))
                candidates.append((StateCurve(name, moments, values), float(np.abs(operator).max())))
    changing = [curve for curve, scale in candidates if np.ptp(curve.values) > 1e-9 * scale]
    return (changing or [candidates[0][0]])[0]


def draw_state(axes: Axes, curve: StateCurve) -> None:
    """Draw an expectation value along a trajectory."""
    axes.plot(curve.times, curve.values, color=BLACK, lw=0.9, label=curve.name)
    _roomy(axes, curve.values)
    axes.set_ylabel(curve.name + unit_of("1", power_of_ten(axes)))


def draw_entropy(axes: Axes, replay: Replay, begin: float, end: float) -> None:
    """Draw ln p(n0) + sum of Delta s along the trajectory; a circle at its end is Delta S, with -ln p(nT) added.

    A jump without a reversal partner makes it infinite: the line ends there.
    """
    reached = replay.jump_times <= end
    jumps, steps = replay.jump_times[reached], replay.preparation.model.entropy_steps[replay.channels[reached]]
    finite = int(np.argmax(~np.isfinite(steps))) if not np.isfinite(steps).all() else len(steps)
    start = float(np.log(replay.spectra[0].probabilities[replay.start]))
    values = start + np.concatenate([[0.0], np.cumsum(steps[:finite])])
    stop = end if finite == len(steps) else float(jumps[finite])
    times = np.concatenate([[0.0], jumps[:finite], [stop]])
    axes.step(times, np.append(values, values[-1]), where="post", color=GREEN, lw=1.1, label="entropy")
    values = values[np.searchsorted(jumps[:finite], begin, side="right") :]  # from the one that holds at `begin`
    if finite < len(steps):
        axes.plot([stop], [values[-1]], "^", color=GREEN, ms=4, clip_on=False)
        axes.annotate("∞", (stop, values[-1]), xytext=(4, 2), textcoords="offset points", color=GREEN, fontsize=9)
    elif end == replay.duration:
        look: dict[str, Any] = {"color": GREEN, "ms": 3.5, "mfc": "white", "mew": 1.0, "clip_on": False, "zorder": 4}
        axes.plot([end], [replay.entropy], "o", label="Delta S", **look)
        values = np.append(values, replay.entropy)
    axes.axhline(0, color=GREY, lw=0.6, zorder=1)
    axes.set_ylabel("entropy\n(nat)")
    _roomy(axes, values)


def _roomy(axes: Axes, values: np.ndarray) -> None:
    """Choose a range with a margin, and not one of rounding errors where the values are constant."""
    low, high = float(values.min()), float(values.max())
    pad = 0.12 * (high - low) if high - low > 1e-9 * max(1.0, abs(high)) else 0.5
    axes.set_ylim(low - pad, high + pad)
