"""Pictures can be read: labels that do not meet, ranges that data fill, panels named in one way."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from small_models import LOWER, one_way_model

import trajectories
from trajectories.figures.counting_figure import counting_picture
from trajectories.figures.draw import picture_of
from trajectories.figures.layout import compose
from trajectories.figures.panels import readable
from trajectories.figures.style import SETTINGS
from trajectories.figures.theorem_figure import theorem_picture
from trajectories.figures.typography import fitting, with_power
from trajectories.report.counting_report import Counting
from trajectories.report.counting_requests import RecordRequest
from trajectories.report.theorems import theorems
from trajectories.runfiles.job import Job, jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.systems.local_engine import local_engine
from trajectories.systems.reset_engine import reset_engine


def drawn(figure: Figure) -> Figure:
    """The figure once its layout is settled."""
    figure.savefig(io.BytesIO(), format="png", dpi=100)
    return figure


def shown(texts: Sequence[Any]) -> list[Any]:
    """Where the texts that are not empty stand, as boxes."""
    return [text.get_window_extent() for text in texts if text.get_visible() and text.get_text()]


def letters(figure: Figure) -> list[str]:
    found = [child for axes in figure.axes for child in axes.get_children() if isinstance(child, Annotation)]
    return [text.get_text() for text in found if len(text.get_text()) == 3]


def no_two_meet(axes: Axes) -> None:
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    boxes = sorted(shown([tick.label1 for tick in ticks]), key=lambda box: float(box.x0))
    assert len(boxes) > 1
    assert all(left.x1 + 2 < right.x0 for left, right in zip(boxes[:-1], boxes[1:], strict=True))
    assert not [label.get_text() for label in axes.xaxis.get_minorticklabels() if label.get_text()]


@pytest.mark.parametrize("values", [[0.5, 1, 2, 4], [0.5, 0.6, 0.7, 0.9], [0.01, 1, 30], [1.5, 2, 3.5], [9, 90, 95]])
def test_labels_of_a_sweeps_picture_do_not_meet(values: list[float]) -> None:
    system = {"name": "local_engine", "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
    ensemble = {"trajectories": 64, "duration": 100.0}
    run = Run.from_mapping({"system": system, "sweep": {"T_h": values}, "ensemble": ensemble}, name="sweep")
    with rc_context(SETTINGS):
        figure = drawn(compose(picture_of(run)))
        height = figure.bbox.height
        for axes in figure.axes:
            (upright,) = shown([axes.yaxis.label])
            assert upright.y0 > 0 and upright.y1 < height
            # A label is not longer than its panel by more than the letters of its name's last word.
            assert upright.height < 1.15 * axes.get_window_extent().height
            if axes.get_xscale() == "log":
                no_two_meet(axes)
        assert letters(figure) == ["(a)", "(b)", "(c)"][: len(figure.axes)]


@pytest.mark.parametrize("limits", [(0.5, 4.2), (1e-4, 3e-4), (3e4, 8e4), (1.1, 1.9), (0.06, 0.9), (1e-3, 1e3)])
def test_a_logarithmic_axis_has_labels_that_can_be_told_apart(limits: tuple[float, float]) -> None:
    with rc_context(SETTINGS):
        figure = Figure(figsize=(2.2, 2.2))
        axes = figure.add_subplot()
        axes.set_xscale("log")
        axes.set_xlim(*limits)
        readable(axes.xaxis)
        no_two_meet(drawn(figure).axes[0])


def test_a_power_of_ten_stands_in_the_brackets_of_the_unit() -> None:
    assert with_power("heat (energy/time)", -3) == "heat ($10^{-3}$ energy/time)"
    assert with_power("$J(T)$", 2) == "$J(T)$ ($10^{2}$)"
    assert with_power("heat (energy/time)", 0) == "heat (energy/time)"
    assert with_power("heat (energy/time)\nfrom (0, t]", -3) == "heat ($10^{-3}$ energy/time)\nfrom (0, t]"
    assert fitting("heat (energy/time)", 40) == "heat (energy/time)"
    assert fitting("heat (energy/time)", 10) == "heat\n(energy/time)"


def test_a_density_with_zeros_fills_its_panel() -> None:
    """After a photon the atom is in its ground state, and again after every turn: w = 0, where no bin is."""
    model = one_way_model(1.5 * np.array([[0.0, 1.0], [1.0, 0.0]]), [LOWER], entropy=False)
    job = Job("atom", model, np.array([100.0]), None, 64)
    request = RecordRequest(waiting=("any,any",), g2=("any,any",), spectrum=("jumps",))
    with rc_context(SETTINGS):
        figure = drawn(compose(counting_picture(Counting.of_jobs([job], request=request))))
        waits, distances, spectrum = figure.axes
        assert waits.get_yscale() == "log"
        rows = Counting.of_jobs([job], request=request).points[0].records[0]
        least = min(row.exact for row in rows if row.exact)
        assert least / 10 < waits.get_ylim()[0] < least
        # The third panel is as wide as the two above it.
        assert spectrum.get_window_extent().width > 1.8 * distances.get_window_extent().width
        assert letters(figure) == ["(a)", "(b)", "(c)"]
        assert len([tick for tick in spectrum.get_xticks() if tick > 0]) >= 3
        wide = RecordRequest(waiting=("any,any",), spectrum=("jumps",), logarithmic=True, spaced=("0:8:9",))
        waits, spectrum = drawn(compose(counting_picture(Counting.of_jobs([job], request=wide)))).axes
        assert waits.get_xscale() == "log" and spectrum.get_xscale() == "linear"


def inside(figure: Figure) -> bool:
    """Whether the words above the panels end inside the picture, and above the panels."""
    top = max(axes.get_window_extent().y1 for axes in figure.axes)
    return all(box.x1 <= figure.bbox.width and box.y0 > top - 2 for box in shown(figure.texts))


def test_words_above_the_panels_end_inside_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of many parameters and a long name, in a picture of one panel, and in that of the theorems."""
    model = reset_engine(T_c=0.123456, T_h=2.123456, g=0.4123456, p_c=0.3123456, p_h=0.2123456)
    result = trajectories.run(model, duration=10.0, trajectories=640, seed=1)
    result.name = "a reset engine whose name is rather longer than names of machines usually are"
    counted = Counting.of_result(result, request=RecordRequest(waiting=("any,any",)))
    with rc_context(SETTINGS):
        assert inside(drawn(compose(counting_picture(counted))))
        assert inside(drawn(compose(theorem_picture(theorems(result)))))
        # Control: without line breaks it is cut off.
        monkeypatch.setattr("trajectories.figures.layout.described", lambda given, facts, width: "x" * 4 * width)
        assert not inside(drawn(compose(counting_picture(counted))))


def test_colour_bars_of_maps_have_labels_that_do_not_meet() -> None:
    """Of the sampled map, whose label is the longest."""
    system = {"name": "local_engine", "T_c": 0.1, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
    sweep = {"T_h": [0.5, 1.0, 2.0], "g": [1e-3, 2e-3, 3e-3]}
    ensemble = {"trajectories": 640, "duration": 3000.0, "samples": 1}
    run = Run.from_mapping({"system": system, "sweep": sweep, "ensemble": ensemble}, name="map")
    result = execute(jobs_of(run))
    with rc_context(SETTINGS):
        figure = drawn(compose(picture_of(result)))
        bars = [axes for axes in figure.axes if "sampled" in axes.get_ylabel()]
        boxes = sorted(shown([axes.yaxis.label for axes in bars]), key=lambda box: float(box.y0))
        assert len(boxes) >= 2
        assert all(low.y1 < high.y0 for low, high in zip(boxes[:-1], boxes[1:], strict=True))


def test_exact_values_of_the_runs_own_start_stand_beside_the_steady_state() -> None:
    """From the ground state waits are other than in the steady state: points belong to their own exact values."""
    model = local_engine(T_c=0.5, T_h=2.0, g=0.4, gamma_c=0.3, gamma_h=0.2)
    for start, beside in (("ground", True), ("steady", False)):
        result = trajectories.run(model, duration=10.0, trajectories=640, initial=start, seed=1)
        figure = compose(counting_picture(Counting.of_result(result, request=RecordRequest(waiting=("any,any",)))))
        (legend,) = [axes.get_legend() for axes in figure.axes]
        assert legend is not None
        assert ("exact, this start and time" in [text.get_text() for text in legend.get_texts()]) == beside


def test_panels_of_a_single_run_are_named_like_those_of_a_sweep() -> None:
    run = Run.from_mapping(
        {"system": {"name": "diamond", "beta_A": 0, "beta_S": 1}, "ensemble": {"trajectories": 64, "duration": 1}},
        name="one",
    )
    with rc_context(SETTINGS):
        found = letters(compose(picture_of(run)))
    assert found[:2] == ["(a)", "(b)"]
