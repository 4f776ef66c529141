"""The picture shows what the report says: artists are read back and compared with rows; files are written safely."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from trajectories.cli.main import main
from trajectories.errors import InputError
from trajectories.figures import draw as drawing
from trajectories.figures import panels, typography
from trajectories.figures.draw import draw
from trajectories.figures.exact_curves import logarithmic, smooth
from trajectories.figures.figure_data import Points
from trajectories.figures.layout import compose as composed
from trajectories.figures.run_content import Content, exact_content, panel_curves, sampled_content
from trajectories.figures.run_figure import run_picture
from trajectories.figures.style import SETTINGS, Style
from trajectories.figures.trajectory_strip import state_curve
from trajectories.report.result import ResultData
from trajectories.report.rows import Row, exact_rows
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.studies import replay

SIGNATURES = {"png": b"\x89PNG", "pdf": b"%PDF"}


def run_of(system: dict[str, Any], figure: dict[str, Any] | None = None, **ensemble: Any) -> Run:
    tables = {"system": system, "ensemble": {"trajectories": 256, **ensemble}, "figure": figure or {}}
    return Run.from_mapping(tables | {"observables": {"both": "n1*n2", "first": "n1"}}, name="some_run")


RELAXING = run_of(
    {"name": "diamond", "beta_A": 0.0, "beta_S": 1.0},
    {"trajectory": 2},
    duration=4.0,
    times=[0.25, 0.5, 1.0, 2.0, 3.0],
    initial="ground",
)

LIGHT = run_of({"name": "diamond", "beta_A": 0.0, "beta_S": 1.0}, {"quantities": ["activity"]}, duration=1.0)


@pytest.fixture(scope="module")
def result() -> ResultData:
    return execute(jobs_of(RELAXING))


@pytest.fixture(scope="module")
def content(result: ResultData) -> Content:
    return sampled_content(result)


@pytest.fixture(scope="module")
def figure(content: Content) -> Figure:
    return compose(content)


@pytest.fixture(scope="module")
def one_way() -> ResultData:
    run = run_of({"name": "diamond", "beta_A": float("-inf"), "beta_S": 1.0}, duration=2.0, samples=4)
    return execute(jobs_of(run))


def compose(content: Content) -> Figure:
    """The figure of a run's content."""
    return composed(run_picture(content))


def bars(figure: Figure) -> dict[str, ErrorbarContainer]:
    """The error bars in a picture by what they are called."""
    found = [c for axes in figure.axes for c in axes.containers if isinstance(c, ErrorbarContainer)]
    return {container.get_label(): container for container in found}


def values(container: ErrorbarContainer) -> tuple[np.ndarray, np.ndarray]:
    """The points (n, 2) of an error bar container, and half the lengths of its bars (n,)."""
    points, _, (lines,) = container
    ends = np.array(lines.get_segments())
    return points.get_xydata(), 0.5 * (ends[:, 1, 1] - ends[:, 0, 1])


def both_parts(drawn: dict[str, ErrorbarContainer], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Points and half-lengths of the bars of a curve, resolved and unresolved ones, in the order of their times."""
    parts = [values(drawn[label]) for label in (name, f"{name}, unresolved") if label in drawn]
    points, errors = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(points[:, 0])
    return points[order], errors[order]


def with_figure(result: ResultData, **table: Any) -> ResultData:
    """The same result of a run that asks for another picture."""
    meta = {"run": {"figure": table}}
    return ResultData(result.points, name=result.name, seed=result.seed, text=result.text, meta=meta)


def label(axes: Any) -> str:
    return axes.get_ylabel().split("\n")[0]


def test_points_and_error_bars_are_those_of_the_report(result: ResultData, content: Content, figure: Figure) -> None:
    drawn = bars(figure)
    compared = set()
    for curve in [curve for curves in panel_curves(content) for curve in curves]:
        if curve.quantity == "integral_fluctuation_theorem":
            continue
        reported = result.estimate(curve.quantity, curve.which)
        points, errors = both_parts(drawn, curve.name)
        np.testing.assert_allclose(points, np.transpose([reported.times, reported.estimate]), rtol=0, atol=1e-15)
        np.testing.assert_allclose(errors, reported.standard_error, rtol=1e-9, atol=1e-15)
        assert np.all(reported.standard_error[-1] > 0)
        compared.add(curve.quantity)
    assert compared == {"population", "observable", "heat_current", "entropy_production"}


def test_lines_pass_through_the_exact_values_of_the_report(result: ResultData, figure: Figure) -> None:
    lines = {line.get_label(): line.get_xydata() for axes in figure.axes for line in axes.lines}
    named = (("population", "A"), ("heat_current", "S"), ("entropy_production", None), ("observable", "both"))
    for name, which in named:
        reported = result.estimate(name, which)
        line = lines[f"{name} {which or ''}".strip() + ", master equation"]
        assert len(line) > 100
        at = [np.flatnonzero(line[:, 0] == time)[0] for time in reported.times]
        np.testing.assert_allclose(line[at, 1], reported.exact, rtol=1e-9, atol=1e-13)


def test_a_fine_grid_starts_in_the_initial_state(result: ResultData) -> None:
    rows = exact_rows(smooth(result.points[0].preparation))
    start = {row.label: row.exact for row in rows if row.quantity == "population" and row.time == 0.0}
    assert start == pytest.approx({"G": 1.0, "S": 0.0, "A": 0.0, "E": 0.0}, abs=1e-14)


def test_the_integral_theorem_tells_resolved_from_unresolved_points(content: Content) -> None:
    status = ["agree", "exact", "disagree", "unresolved", "unresolved", "unresolved"]
    rows = [row for row in content.points if row.quantity == "integral_fluctuation_theorem"]
    changed = [replace(row, status=s, estimate=0.8, standard_error=0.1) for row, s in zip(rows, status, strict=True)]
    others = [row for row in content.points if row.quantity != "integral_fluctuation_theorem"]
    figure = compose(replace(content, points=(*others, *changed)))
    drawn = bars(figure)
    for name, part in (("resolved", changed[:3]), ("unresolved", changed[3:])):
        points, errors = values(drawn[f"integral_fluctuation_theorem {name}"])
        np.testing.assert_allclose(points, [(row.time, 0.8) for row in part])
        np.testing.assert_allclose(errors, 0.1)
    axes = next(axes for axes in figure.axes if label(axes) == typography.quantity_name("integral_fluctuation_theorem"))
    shaded = [patch for patch in axes.patches if patch.get_facecolor()[:3] == pytest.approx((0.9294,) * 3, abs=1e-3)]
    times = [row.time for row in rows]
    assert shaded[0].get_x() == pytest.approx(0.5 * (times[2] + times[3]))
    assert len(shaded) == 3


def test_points_far_above_the_theorem_become_arrows(content: Content) -> None:
    rows = [
        replace(row, status="unresolved", estimate=50.0 if row.time == 4.0 else 0.9)
        for row in content.points
        if row.quantity == "integral_fluctuation_theorem"
    ]
    settings = replace(content.settings, quantities=("integral_fluctuation_theorem",))
    axes = compose(replace(content, points=tuple(rows), settings=settings, replay=None, histogram=None)).axes[0]
    assert axes.get_ylim()[1] < 3
    arrows = next(found for found in axes.collections if found.get_label() == "beyond")
    assert arrows.get_offsets()[:, 0].tolist() == [4.0]


def test_error_bars_of_unresolved_points_are_shown_whole_unless_they_are_far_too_long(content: Content) -> None:
    name = "integral_fluctuation_theorem"
    settings = replace(content.settings, quantities=(name,))

    def limits(error: float) -> tuple[float, float]:
        unresolved = {"status": "unresolved", "estimate": 0.9, "standard_error": error}
        rows = tuple(replace(row, **unresolved) for row in content.points if row.quantity == name)
        return compose(replace(content, points=rows, settings=settings, replay=None, histogram=None)).axes[0].get_ylim()

    assert limits(0.3)[0] < 0.6 and limits(0.3)[1] > 1.2
    assert limits(50.0)[0] > -2 and limits(50.0)[1] < 3


def test_disagreeing_points_are_ringed_and_explained(content: Content) -> None:
    assert "disagrees" not in legend_texts(compose(replace(content, points=settled(content.points))))
    wrong = [replace(row, status="disagree" if row.time == 2.0 else "agree") for row in content.points]
    figure = compose(replace(content, points=tuple(wrong)))
    rings = [line for axes in figure.axes for line in axes.lines if line.get_label() == "disagrees"]
    assert {tuple(line.get_xdata()) for line in rings} == {(2.0,)}
    assert "disagrees" in legend_texts(figure)


def settled(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(replace(row, status="agree") for row in rows)


def legend_texts(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_histogram_is_a_density_with_poisson_errors(result: ResultData, figure: Figure) -> None:
    edges, counts = result.histogram()
    n = int(result.points[0].total.count)
    points, errors = values(bars(figure)["histogram"])
    filled = np.flatnonzero(counts[1:-1])
    width = edges[1] - edges[0]
    np.testing.assert_allclose(points[:, 0], 0.5 * (edges[1:] + edges[:-1])[filled])
    assert points[:, 1].sum() * width == pytest.approx(counts[1:-1].sum() / n)
    np.testing.assert_allclose(errors, np.sqrt(counts[1:-1][filled]) / (n * width))


def test_histogram_can_be_left_out(result: ResultData) -> None:
    assert sampled_content(with_figure(result, histogram=False)).histogram is None


def test_the_trajectory_is_the_replayed_one(result: ResultData, figure: Figure) -> None:
    told = replay(result, 2)
    names = [channel.name for channel in told.preparation.model.channels]
    ticks = {found.get_label(): len(found.get_segments()) for axes in figure.axes for found in axes.collections
             if found.get_label() in names}  # fmt: skip
    assert sum(ticks.values()) == len(told.jump_times) > 0
    assert [ticks[name] for name in names] == told.counts.tolist()
    lines = {line.get_label(): line.get_xydata() for axes in figure.axes for line in axes.lines}
    energy = lines["energy"]
    np.testing.assert_allclose(energy[[0, -1], 1], told.energies(np.array([0.0, told.duration])), atol=1e-12)
    before = energy[energy[:, 0] == np.nextafter(told.jump_times[0], 0.0), 1]
    after = energy[energy[:, 0] == told.jump_times[0], 1]
    np.testing.assert_allclose([before[0], after[0]], [side[0] for side in told.path_states.jump_energies], atol=1e-12)
    start = np.log(told.spectra[0].probabilities[told.start])
    steps = told.preparation.model.entropy_steps[told.channels]
    np.testing.assert_allclose(lines["entropy"][[0, -1], 1], [start, start + steps.sum()], atol=1e-12)
    assert lines["Delta S"][0] == pytest.approx([told.duration, told.entropy])
    assert figure.axes[-3].get_title("left").startswith(f"trajectory 2: {len(told.jump_times)} jumps")


def test_of_a_long_trajectory_the_first_stretch_is_shown() -> None:
    run = run_of({"name": "diamond", "beta_A": 0.0, "beta_S": 1.0}, duration=100.0, samples=2, trajectories=64)
    figure = compose(sampled_content(execute(jobs_of(run))))
    strip = figure.axes[-3]
    assert sum(len(found.get_segments()) for found in strip.collections) == 80
    assert strip.get_title("left").startswith("trajectory 0: the first 80 of ")
    assert strip.get_xlim()[1] < 50
    assert not [line for axes in figure.axes for line in axes.lines if line.get_label() == "Delta S"]


@pytest.fixture(scope="module")
def long() -> ResultData:
    run = run_of({"name": "diamond", "beta_A": 0.0, "beta_S": 1.0}, duration=100.0, samples=2, trajectories=64)
    return execute(jobs_of(run))


def test_a_window_shows_its_own_jumps(long: ResultData) -> None:
    told = replay(long, 0)
    figure = compose(sampled_content(long, (60.0, 65.0)))
    strip, entropy = figure.axes[-3], figure.axes[-1]
    inside = (told.jump_times >= 60) & (told.jump_times <= 65)
    assert 10 < inside.sum() < 80
    times = np.sort([segment[0, 0] for found in strip.collections for segment in found.get_segments()])
    np.testing.assert_array_equal(times, told.jump_times[inside])
    assert strip.get_xlim() == (60.0, 65.0)
    assert strip.get_title("left").startswith(f"trajectory 0: {inside.sum()} of {len(inside)} jumps,")
    energy = next(line.get_xydata() for axes in figure.axes for line in axes.lines if line.get_label() == "energy")
    assert (energy[0, 0], energy[-1, 0]) == (60.0, 65.0)
    np.testing.assert_allclose(energy[[0, -1], 1], told.energies(np.array([60.0, 65.0])), atol=1e-12)
    start = np.log(told.spectra[0].probabilities[told.start])
    steps = start + np.cumsum(told.preparation.model.entropy_steps[told.channels])
    shown = steps[np.flatnonzero(inside)[0] - 1 : np.flatnonzero(inside)[-1] + 1]
    low, high = entropy.get_ylim()
    assert low < shown.min() and high > shown.max() and high - low < 1.3 * np.ptp(shown)
    line = next(line for line in entropy.lines if line.get_label() == "entropy")
    np.testing.assert_allclose(line.get_ydata()[np.searchsorted(line.get_xdata(), 62.5) - 1],
                               steps[np.searchsorted(told.jump_times, 62.5) - 1], atol=1e-12)  # fmt: skip


def test_of_more_jumps_than_can_be_drawn_a_window_shows_how_many_there_are_per_time(long: ResultData) -> None:
    told = replay(long, 0)
    strip = compose(sampled_content(long, (10.0, 100.0))).axes[-2]
    patches = [patch for patch in strip.patches if isinstance(patch, StepPatch)]
    channels = told.preparation.model.channels
    assert [patch.get_label() for patch in patches] == [channel.name for channel in channels]
    numbers = {text.get_text() for text in strip.texts}
    for i, patch in enumerate(patches):
        times = told.jump_times[(told.channels == i) & (told.jump_times >= 10)]
        counts, edges = np.histogram(times, np.linspace(10.0, 100.0, 201))
        values, drawn_edges, baseline = patch.get_data()
        np.testing.assert_allclose(drawn_edges, edges)
        np.testing.assert_allclose((baseline - values) / 0.76 * counts.max(), counts, atol=1e-9)
        assert f"{counts.max() / 0.45:.3g}" in numbers
    assert "jumps per time in bins of 0.45" in strip.get_title("left")


@pytest.mark.parametrize("window", ["5:3", "0:101", "-1:5", "nan:3", "5", "a:b", "1:2:3"])
def test_a_window_outside_the_run_is_one_line(
    window: str, long: ResultData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trajectories.report.result.open_result", lambda path: long)
    assert main(["figure", "long.h5", f"--window={window}", "-o", str(tmp_path / "a.png")]) == 2
    error = capsys.readouterr().err
    assert "--window" in error and "must be FROM:TO" in error and error.count("\n") == 1


def test_a_picture_without_a_trajectory_has_no_window(tmp_path: Path) -> None:
    for source, exact in ((LIGHT, False), (LIGHT, True)):
        with pytest.raises(InputError, match="shows no trajectory"):
            draw(source, tmp_path / "a.png", exact=exact, window=(0.0, 0.5))


def test_a_state_that_oscillates_fast_is_drawn_smoothly() -> None:
    system = {"name": "local_engine", "T_h": 2.0, "T_c": 0.3, "g": 2.0, "gamma_h": 0.01, "gamma_c": 0.01}
    found = replay(execute(jobs_of(run_of(system, duration=100.0, trajectories=64))), 0)
    followed = state_curve(found, 0.0, 100.0)
    assert followed is not None
    # The coupling's frequency is 2 g = 4 where both levels are degenerate: 64 turns, 16 instants for each.
    assert len(followed.times) >= 16 * 4 * 100 / (2 * np.pi)
    assert np.diff(followed.times).max() < 2 * np.pi / 4 / 16 * 1.01


def test_one_way_channels_show_how_many_trajectories_are_irreversible(one_way: ResultData) -> None:
    figure = compose(sampled_content(one_way))
    points, _ = values(bars(figure)["irreversible_fraction"])
    reported = one_way.estimate("irreversible_fraction")
    np.testing.assert_allclose(points[:, 1], reported.estimate)
    notes = [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    share = reported.estimate[-1]
    assert rf"$\Delta S=\infty$: {100 * share:.3g} %" in notes


def test_no_picture_without_a_finite_entropy_fails(content: Content) -> None:
    assert content.histogram is not None
    empty = replace(content.histogram, counts=np.zeros_like(content.histogram.counts), infinite=1.0)
    figure = compose(replace(content, histogram=empty))
    assert any("no trajectory with finite" in text.get_text() for axes in figure.axes for text in axes.texts)


def test_one_sample_time_is_shown_side_by_side() -> None:
    run = run_of({"name": "diamond", "beta_A": -2.0, "beta_S": 3.0}, duration=1.0, times=[1.0])
    result = execute(jobs_of(run))
    figure = compose(sampled_content(result))
    populations = next(axes for axes in figure.axes if label(axes) == "population")
    assert [text.get_text() for text in populations.get_xticklabels()] == [rf"$|{s}\rangle$" for s in "GSAE"]
    exact = [result.estimate("population", which).exact[0] for which in "GSAE"]
    np.testing.assert_allclose([patch.get_height() for patch in populations.patches], exact)
    points, errors = values(bars(figure)["population A"])
    assert points.tolist() == [[2.0, result.estimate("population", "A").estimate[0]]]
    assert errors == pytest.approx(result.estimate("population", "A").standard_error)


def test_many_sample_times_become_a_band(content: Content) -> None:
    curve = panel_curves(content)[0][0]
    many = Points(np.arange(61.0), np.full(61, 0.5), np.full(61, 0.25), np.full(61, "agree"))
    axes = Figure().add_subplot()
    panels.draw_points(axes, many, Style("red", "o"), curve.name)
    assert not axes.containers
    np.testing.assert_allclose(axes.collections[0].get_paths()[0].get_extents().intervaly, [0.25, 0.75])


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        (("population",), [{"population G", "population S", "population A", "population E"}]),
        (("first", "activity"), [{"observable first"}, {"activity"}]),
        (("observable",), [{"observable both", "observable first"}]),
        (("negativity", "energy", "concurrence"), [{"concurrence 1-2", "negativity 1-2"}, {"energy"}]),
        (("heat_current",), [{"heat_current A", "heat_current S"}]),
    ],
)
def test_quantities_choose_the_panels(content: Content, quantities: tuple[str, ...], expected: list[set[str]]) -> None:
    asked = replace(content, settings=replace(content.settings, quantities=quantities))
    assert [{curve.name for curve in curves} for curves in panel_curves(asked)] == expected


def test_no_more_than_six_panels_and_the_least_telling_goes_first(content: Content) -> None:
    entangled = [replace(row, estimate=0.1) if row.quantity == "concurrence" else row for row in content.points]

    def quantities(rows: list[Row]) -> list[str]:
        return [curves[0].quantity for curves in panel_curves(replace(content, points=tuple(rows)))]

    everything = ["concurrence", "population", "observable", "heat_current"]
    assert quantities(entangled) == [*everything, "integral_fluctuation_theorem"]
    theorem = "integral_fluctuation_theorem"
    hopeless = [replace(row, status="unresolved") if row.quantity == theorem else row for row in entangled]
    assert quantities(hopeless) == [*everything, "entropy_production"]


def test_result_is_written_in_the_formats_asked_for(result: ResultData, tmp_path: Any) -> None:
    result = with_figure(result, quantities=["activity"], formats=["pdf", "png"])
    assert [path.name for path in draw(result, tmp_path / "by.run")] == ["by.run.pdf", "by.run.png"]
    assert draw(result, tmp_path / "by_name.png") == [tmp_path / "by_name.png"]
    assert draw(result, tmp_path / "told", formats=["pdf"]) == [tmp_path / "told.pdf"]
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name, drawn in written.items():
        assert drawn.startswith(SIGNATURES[name[-3:]]), name
    # The same result gives the same bytes: no dates, no versions.
    assert written["by.run.png"] == written["by_name.png"] and written["by.run.pdf"] == written["told.pdf"]


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_run_is_written_too(ending: str, tmp_path: Any) -> None:
    (path,) = draw(LIGHT, tmp_path / f"a.{ending}", exact=True)
    assert path.read_bytes().startswith(SIGNATURES[ending])


def test_run_has_lines_only() -> None:
    content = exact_content(RELAXING)
    figure = compose(content)
    assert not bars(figure)
    assert legend_texts(figure) == ["master equation"]
    titled = compose(replace(content, settings=replace(content.settings, title="Its own")))
    assert titled.texts[0].get_text() == "Its own"
    lines = {line.get_label(): line for axes in figure.axes for line in axes.lines}
    exact = [(row.time, row.exact) for row in content.lines if (row.quantity, row.label) == ("population", "A")]
    np.testing.assert_array_equal(lines["population A, master equation"].get_xydata(), exact)


def test_exact_leaves_out_what_a_result_sampled(result: ResultData) -> None:
    assert exact_content(result).lines == exact_content(RELAXING).lines
    assert not bars(compose(exact_content(result)))


def test_unwritable_picture_is_bad_input(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="nowhere/a.png: the picture cannot be written: No such file"):
        draw(LIGHT, tmp_path / "nowhere" / "a.png")
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(InputError, match="taken.png: the picture cannot be written: Is a directory"):
        draw(LIGHT, tmp_path / "taken.png")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.png"]


def test_a_full_disk_spares_the_older_picture(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"older")

    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="a.png: the picture cannot be written: No space left on device"):
        draw(LIGHT, tmp_path / "a.png")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.png": b"older"}


def test_unknown_format_is_bad_input(tmp_path: Any) -> None:
    with pytest.raises(InputError, match='figure format "gif": must be one of png, pdf'):
        draw(LIGHT, tmp_path / "a", formats=["png", "gif"])
    assert not list(tmp_path.iterdir())


def test_header_names_parameters_seed_and_trajectories(figure: Figure) -> None:
    title, subtitle = (text.get_text() for text in figure.texts)
    assert title == "some_run"
    assert subtitle.startswith(r"$\beta_{\mathrm{A}}$ = 0,   $\beta_{\mathrm{S}}$ = 1") and "seed 1" in subtitle
    assert legend_texts(figure)[:2] == ["master equation", "sampled, ± 1 standard error (N = 256 trajectories)"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("beta_A", r"$\beta_{\mathrm{A}}$"),
        ("n", "$n$"),
        ("omega", r"$\omega$"),
        ("pump", "pump"),
        ("gamma_C_A", r"$\gamma_{\mathrm{C,A}}$"),
        ("Omega", r"$\Omega$"),
        ("eps", r"$\varepsilon$"),
        ("eps_h", r"$\varepsilon_{\mathrm{h}}$"),
        ("cavity_pump", "cavity_pump"),
    ],
)
def test_parameters_are_set_as_formulas(given: str, shown: str) -> None:
    assert typography.parameter(given) == shown


def test_invalid_formulas_are_drawn_as_they_stand() -> None:
    assert typography.words(r"$\beta$") == r"$\beta$"
    assert typography.words(r"$\nosuch$") == r"\$\nosuch\$"
    assert typography.words("5 $") == r"5 \$"
    assert typography.short("long" * 10) == "longlonglonglonglonglon…"
    assert typography.value(float("-inf")) == "−∞"


def test_long_names_leave_room_for_the_panels(content: Content) -> None:
    name = "an observable whose name is as long as names are allowed to"
    rows = [replace(row, label=name) if row.label == "both" else row for row in content.points]
    settings = replace(content.settings, quantities=(name, "activity"), title="A title of more than one line " * 6)
    parameters = {f"parameter{i}": i for i in range(40)}
    with rc_context(SETTINGS):
        figure = compose(replace(content, points=tuple(rows), settings=settings, parameters=parameters))
        figure.draw_without_rendering()
    assert all(axes.get_position().width > 0.2 for axes in figure.axes)
    tops = [axes.get_tightbbox().ymax for axes in figure.axes]
    assert max(tops) <= figure.legends[0].get_window_extent().ymin + 1.0


def test_many_curves_and_panels_keep_their_room(content: Content) -> None:
    populations = [row for row in (*content.points, *content.lines) if row.label == "G"]
    named = {f"{i:04b}": [replace(row, label=f"{i:04b}") for row in populations] for i in range(16)}
    rows = [row for found in named.values() for row in found]
    points = (*content.points, *(row for row in rows if row.estimate is not None))
    lines = (*content.lines, *(row for row in rows if row.estimate is None))
    with rc_context(SETTINGS):
        figure = compose(replace(content, points=points, lines=lines))
        figure.draw_without_rendering()
    panels_drawn = [axes for axes in figure.axes if axes.get_legend()]
    assert len(panels_drawn) > 3
    for axes in panels_drawn:
        legend, frame = axes.get_legend(), axes.get_window_extent()
        assert legend.get_window_extent().width < 1.25 * frame.width
        assert legend.get_window_extent().ymin >= frame.ymax - 1.0
        assert frame.width > 1.2 * figure.dpi and frame.height > 1.0 * figure.dpi


def test_small_values_share_a_power_of_ten() -> None:
    axes = Figure().add_subplot()
    axes.plot([0, 1], [1e-4, 3e-4])
    assert panels.power_of_ten(axes) == -4
    axes.figure.draw_without_rendering()
    assert "2.00" in [text.get_text() for text in axes.get_yticklabels()]
    assert typography.unit_of("energy/time", -4) == " ($10^{-4}$ energy/time)"


def test_times_spaced_by_ratios_get_a_logarithmic_axis(content: Content) -> None:
    assert logarithmic(np.geomspace(0.01, 10.0, 8))
    assert not logarithmic(np.linspace(0.01, 10.0, 8))
    assert not logarithmic(np.array([0.0, 1.0, 10.0, 100.0]))
    figure = compose(replace(content, log_time=True))
    assert figure.axes[0].get_xscale() == "log" and figure.axes[-1].get_xscale() == "linear"
    assert drawing.DOTS_PER_INCH >= 150


def test_rounding_of_the_exact_average_is_not_drawn_large() -> None:
    from matplotlib.figure import Figure as Canvas

    from trajectories.figures.entropy_panels import _theorem_limits

    axes, none = Canvas().add_subplot(), np.zeros(0)
    points = type("NoPoints", (), {"x": none, "estimate": none, "error": none})
    _theorem_limits(axes, points, np.zeros(0, bool), np.array([1.0, 1.0 - 2e-16]))  # type: ignore[arg-type]
    low, high = axes.get_ylim()
    assert high - low > 1e-3
