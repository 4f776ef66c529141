"""Figures as run files describe them: what is read, what is worked out, and what the axes are given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.container import ErrorbarContainer

from trajectories.cli.main import main
from trajectories.errors import InputError
from trajectories.figures.draw import sweep_picture
from trajectories.figures.figure_data import Map, Panel, Picture
from trajectories.figures.sampled_side import SampledSide
from trajectories.figures.sweep_curves import COLOURS, DASHES, faded, look
from trajectories.figures.sweep_figure import compose_sweep
from trajectories.report.result import ResultData, open_result
from trajectories.runfiles.figure_section import COLOURS as WORDS
from trajectories.runfiles.figure_section import DASHES as DASH_WORDS
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.systems.diamond import diamond_concurrence, diamond_currents
from trajectories.systems.reset_engine import reset_engine_concurrence, reset_engine_heats

ENGINE = {"name": "reset_engine", "T_c": 0.1, "T_h": 2.0, "g": 1.6e-3, "p_c": 1e-2, "p_h": 1.1e-3}
CURVES = {"x": "T_h", "y": "concurrence", "curves": "T_c", "fine": {"T_h": [1.0, 2.0, 3.0], "T_c": [0.0, 0.1]}}


def run_of(figure: dict[str, Any], system: dict[str, Any] = ENGINE, **tables: Any) -> Run:
    tables = {"figure": {"sampled": False} | figure, "system": system} | tables
    return Run.from_mapping(tables, name="paper")


def picture_of(figure: dict[str, Any], system: dict[str, Any] = ENGINE, **tables: Any) -> Picture:
    found = sweep_picture(run_of(figure, system, **tables))
    assert found is not None
    return found


def panel_of(picture: Picture, row: int = 0, column: int = 0) -> Panel:
    panel = picture.grid[row][column]
    assert isinstance(panel, Panel)
    return panel


def map_of(picture: Picture, row: int = 0, column: int = 0) -> Map:
    shown = picture.grid[row][column]
    assert isinstance(shown, Map)
    return shown


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"x": None}, "without x"),
        ({"y": None}, r"\[figure\] y is missing"),
        ({"y": "concurrence +"}, "not a formula"),
        ({"y": []}, "must be a formula"),
        ({"y": 3}, "is an integer"),
        ({"y": {"of": "concurrence", "colour": "red"}}, "colour: unknown key"),
        ({"y": {"of": "concurrence", "style": "red dahsed"}}, 'unknown word dahsed; did you mean "dashed"'),
        ({"ylabel": ["a", "b"]}, "one for each panel"),
        ({"curve_label": "{T_c}"}, r"\{value:g\}"),
        ({"xscale": "logarithmic"}, "one of linear, log"),
        ({"yscale": ["log", "linear"]}, "a list of 1 of them"),
        ({"ylim": [[0, 1], []]}, "a list of 1 of them"),
        ({"ylim": [[0]]}, "lowest, highest"),
        ({"xlim": [1]}, "lowest, highest"),
        ({"legend": "somewhere"}, "one of best"),
        ({"guides": [{"x": 1, "y": 2}]}, "either x or y"),
        ({"guides": ["x"]}, "a list of tables"),
        ({"contours": [{"of": "concurrence"}]}, "level is missing"),
        ({"fine": {"T_h": "1 to 2"}}, "figure.fine.*T_h"),
        ({"lines": {"a b": {}}}, "letters, digits"),
        ({"sampled": 1}, "true or false"),
        ({"formats": []}, "one of them at least"),
        ({"curves": "T_h"}, "is x too"),
        ({"z": "concurrence", "y": "T_h", "curves": None}, "is x too"),
        ({"z": "concurrence", "y": "p_h"}, "not of maps"),
        ({"zlim": [0, 1]}, "not of curves"),
        ({"curve_label": "{value[0]}"}, r"\{value:g\}"),
        ({"curve_label": "{value.__class__}"}, r"\{value:g\}"),
        ({"curve_label": "{value:99999999999}"}, r"\{value:g\}"),
        ({"lines": {"w": {"optimise": True}}}, "false, or a table"),
        ({"lines": {"w": {"file": 1}}}, "file = 1"),
        ({"lines": {"w": {"file": "own.py"}}}, "both, file and function"),
        ({"curvs": "T_c"}, 'did you mean "curves"'),
    ],
)
def test_what_is_wrong_is_said_in_one_line(change: dict[str, Any], named: str) -> None:
    table = {key: value for key, value in (CURVES | change).items() if value is not None}
    with pytest.raises(InputError, match=named) as raised:
        run_of(table)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"y": "concurence"}, 'did you mean "concurrence"'),
        ({"y": "witout.concurrence", "lines": {"without": {}}}, "witout"),
        ({"fine": {"T_h": [1, 2]}}, "T_c has no values"),
        ({"fine": {"T_h": [1, 2], "T_c": [0], "g": [1e-3, 2e-3]}}, "g has several values"),
        ({"x": "T_hot"}, "T_h has several values"),
        ({"y": "0/0"}, "a value somewhere"),
        ({"y": "-concurrence", "yscale": "log"}, "a positive value"),
        ({"xscale": "log", "xlim": [0, 1]}, "positive on a logarithmic axis"),
        ({"fine": {"T_h": [1, float("inf")], "T_c": [0]}}, "T_h is infinite"),
        ({"z": "concurrence", "y": "T_c", "curves": None, "fine": {"T_h": [1, 2], "T_c": [0]}}, "two at least"),
    ],
)
def test_names_that_do_not_exist_are_bad_input(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        picture_of({key: value for key, value in (CURVES | change).items() if value is not None})


def test_words_of_styles_have_a_colour_and_dashes() -> None:
    assert set(WORDS) == set(COLOURS) and set(DASH_WORDS) == set(DASHES)


def test_panels_may_have_their_own_scales_and_limits() -> None:
    both = {"y": ["concurrence", "purity"], "yscale": ["linear", "log"], "ylim": [[0, 0.1], []]}
    first, second = (panel_of(picture_of(CURVES | both), 0, i).y for i in (0, 1))
    assert (first.scale, first.limits, second.scale, second.limits) == ("linear", (0.0, 0.1), "log", None)
    same = panel_of(picture_of(CURVES | both | {"yscale": "log", "ylim": [0.01, 1]}), 0, 1).y
    assert (same.scale, same.limits) == ("log", (0.01, 1.0))


def test_curves_are_closed_forms_on_the_fine_grid() -> None:
    """Two panels, two values each; heat into the system, the paper's Q_c counts from the qubit to its bath."""
    picture = picture_of(CURVES | {"y": ["concurrence", "-heat_current.c/energy"], "curve_label": "$T_c$ = {value:g}"})
    first, second = panel_of(picture), panel_of(picture, 0, 1)
    couplings = {name: ENGINE[name] for name in ("g", "p_c", "p_h")}
    for j, T_c in enumerate((0.0, 0.1)):
        known = [reset_engine_concurrence(T_c=T_c, T_h=T_h, **couplings) for T_h in (1.0, 2.0, 3.0)]
        np.testing.assert_allclose(first.curves[j].y, known, rtol=1e-12)
        heats = [-reset_engine_heats(T_c=T_c, T_h=T_h, **couplings)[0] for T_h in (1.0, 2.0, 3.0)]
        np.testing.assert_allclose(second.curves[j].y, heats, rtol=1e-12)
    assert first.values == ("$T_c$ = 0", "$T_c$ = 0.1")
    assert first.y.label == "concurrence" and second.y.label == "-heat_current.c/energy"


def test_a_formula_exists_only_where_it_is_asked_for() -> None:
    where = {"of": "purity", "where": "concurrence"}
    picture = picture_of({"x": "T_h", "y": [["concurrence", where]], "fine": {"T_h": [0.1, 1.0, 2.0]}})
    concurrence, purity = panel_of(picture).curves
    assert concurrence.y[0] == 0 and np.isnan(purity.y[0]) and np.isfinite(purity.y[1:]).all()


COMMON = {
    **{"name": "common_bath", "T_A": 4.0, "T_B": 4.0, "epsilon_A": 20.0, "epsilon_B": 20.0, "Omega": 10.0},
    **{"gamma_A": 1.0, "gamma_B": 1.0, "T_C": 6.0, "gamma_C_A": 1.0, "gamma_C_B": 1.0},
}


def test_variants_change_the_system_and_what_is_the_same_for_all_curves_is_one_line() -> None:
    """Reference values: common baths, epsilon = 20, Omega = 10, T = 4, 6: C_AB = .062859, .092565."""
    figure = {
        "x": "T",
        "curves": "T_C",
        "y": [["concurrence", {"of": "without.concurrence", "label": "without", "style": "red"}]],
        "marks": "T - T_C",
        "fine": {"T": [4.0, 6.0, 8.0], "T_C": [5.0, 6.5]},
        "lines": {"without": {"gamma_C_A": 0, "gamma_C_B": 0}},
    }
    system = {key: value for key, value in COMMON.items() if key not in ("T_A", "T_B", "T_C")}
    panel = panel_of(picture_of(figure, system, derived={"T_A": "T", "T_B": "T"}))
    assert [(curve.value, curve.formula) for curve in panel.curves] == [(0, 0), (1, 0), (None, 1)]
    np.testing.assert_allclose(panel.curves[2].y[:2], [0.062859, 0.092565], atol=5e-7)
    assert panel.curves[0].y[0] < 0.06  # a common bath that is warmer takes entanglement away
    np.testing.assert_allclose([curve.marks for curve in panel.curves[:2]], [[5.0], [6.5]])
    drawn = [look(panel, curve)["color"] for curve in panel.curves]
    assert drawn == [COLOURS["blue"], COLOURS["green"], COLOURS["red"]]  # red is taken


def test_a_variant_of_a_file_is_not_taken_for_the_machine_of_the_run(tmp_path: Path) -> None:
    """The same parameters in a file that turns the exchange off: no closed form of the run's own machine."""
    (tmp_path / "own.py").write_text(
        "from trajectories.systems import reset_engine\n"
        "def build(T_c, T_h, g, p_c, p_h):\n    return reset_engine(T_c, T_h, 1e-9, p_c, p_h)\n"
    )
    figure = {
        "sampled": False,
        "x": "T_h",
        "y": [["concurrence", "own.concurrence"]],
        "fine": {"T_h": [1.0, 2.0]},
        "lines": {"own": {"file": "own.py", "function": "build"}},
    }
    run = Run.from_mapping({"figure": figure, "system": ENGINE}, name="paper", directory=tmp_path)
    picture = sweep_picture(run)
    assert picture is not None
    own, other = panel_of(picture).curves
    assert own.y.max() > 0 and not other.y.any()


def test_a_variant_may_be_a_formula_and_another_machine() -> None:
    """At T_C = T the common bath changes nothing in equilibrium: T_C = "T_A" gives C_AB (.092565 at 6)."""
    lines = {"equal": {"T_C": "T_A"}, "engine": ENGINE}
    figure = {"x": "T_A", "y": [["equal.concurrence", "engine.purity"]], "fine": {"T_A": [6.0, 7.0]}, "lines": lines}
    panel = panel_of(picture_of(figure, {**COMMON, "T_B": 6.0}))
    assert panel.curves[0].y[0] == pytest.approx(0.092565, abs=5e-7)
    assert 0.25 < panel.curves[1].y[0] == panel.curves[1].y[1] < 1


def test_optimised_couplings_and_a_column_of_panels_for_each_value() -> None:
    """Brask et al.'s largest concurrences at T_c = 0.1: .025715 (T_h = 1), .038066 (2); reference values."""
    optimise = {"maximise": "concurrence", "over": {"g": [1e-6, 1e-2], "p_h": [1e-6, 1e-2]}}
    system = {"name": "reset_engine", "p_c": 1e-2}
    figure = {"x": "T_c", "y": ["concurrence"], "panels": "T_h", "fine": {"T_c": [0.1, 0.15], "T_h": [1.0, 2.0]}}
    picture = picture_of(figure, system, optimise=optimise)
    assert [len(row) for row in picture.grid] == [2]
    found = [panel_of(picture, 0, i).curves[0].y[0] for i in (0, 1)]
    np.testing.assert_allclose(found, [0.025715, 0.038066], atol=5e-7)
    assert panel_of(picture, 0, 1).title.endswith("= 2")


MAP = {
    **{"x": "beta_A", "y": "beta_S", "z": ["concurrence", "heat_current.S"], "zlabel": ["$C$", "$Q_S$"]},
    "contours": [{"of": "concurrence", "level": 0.1, "style": "red dashed", "label": "$C = 0.1$"}],
    "guides": [{"x": 0}, {"y": "beta_A"}],
    "fine": {"beta_A": [-2.0, 0.0, 1.0], "beta_S": [0.0, 3.0]},
}


def test_maps_have_rows_upward_and_columns_across() -> None:
    concurrence, heat = (map_of(picture_of(MAP, {"name": "diamond"}), 0, i) for i in (0, 1))
    assert concurrence.values.shape == (2, 3)
    for i, beta_S in enumerate((0.0, 3.0)):
        for j, beta_A in enumerate((-2.0, 0.0, 1.0)):
            assert concurrence.values[i, j] == pytest.approx(diamond_concurrence(beta_A, beta_S), abs=1e-14)
            assert heat.values[i, j] == pytest.approx(diamond_currents(beta_A, beta_S)[1], abs=1e-12)
    assert heat.low < 0 < heat.high and concurrence.low == 0
    wide = compose_sweep(picture_of(MAP, {"name": "diamond"}))
    cut = compose_sweep(picture_of(MAP | {"zlim": [0.0, 0.01]}, {"name": "diamond"}))
    ends = [
        [mesh.colorbar.extend for axes in figure.axes for mesh in axes.collections if mesh.colorbar is not None]
        for figure in (wide, cut)
    ]
    assert ends == [["neither", "neither"], ["max", "both"]]
    upright, diagonal = concurrence.guides
    assert upright.x == 0 and upright.y is None
    np.testing.assert_array_equal(diagonal.y, [-2.0, 0.0, 1.0])


RATIO = {"of": "heat_current.A/concurrence", "where": "concurrence"}


@pytest.fixture(scope="module")
def sampled() -> tuple[Run, ResultData]:
    run = run_of(
        {
            **{"sampled": True, "x": "beta_S", "curves": "beta_A", "caption": "a caption"},
            "y": ["concurrence", [{"of": "2*heat_current.A", "label": "A"}, RATIO], "purity", "tur_ratio.A"],
            "fine": {"beta_S": {"from": 0, "to": 3, "points": 31}, "beta_A": [-2.0, -1.0, 0.0]},
        },
        {"name": "diamond"},
        ensemble={"trajectories": 3200, "duration": 8.0, "samples": 2, "initial": "ground", "burn_in": 4.0},
        sweep={"beta_A": [-2.0, 0.0], "beta_S": [1.0, 2.0, 3.0]},
    )
    return run, execute(jobs_of(run))


def test_points_are_those_of_the_report_with_errors_carried_through_formulas(sampled: tuple[Run, ResultData]) -> None:
    run, result = sampled
    picture = sweep_picture(result)
    assert picture is not None
    concurrence, heats = panel_of(picture, 0, 0), panel_of(picture, 0, 1)
    assert [curve.points is None for curve in concurrence.curves] == [False, True, False]
    for j, first in ((0, 0), (2, 3)):
        found = concurrence.curves[j].points
        assert found is not None
        np.testing.assert_array_equal(found.x, [1.0, 2.0, 3.0])
        rows = [result.estimate("concurrence", point=i) for i in range(first, first + 3)]
        np.testing.assert_allclose(found.estimate, [row.estimate[-1] for row in rows])
        np.testing.assert_allclose(found.error, [row.standard_error[-1] for row in rows])
        doubled = heats.curves[j].points
        assert doubled is not None
        rows = [result.estimate("heat_current", "A", point=i) for i in range(first, first + 3)]
        np.testing.assert_allclose(doubled.estimate, [2 * row.estimate[-1] for row in rows])
        np.testing.assert_allclose(doubled.error, [2 * row.standard_error[-1] for row in rows], rtol=1e-6)


def test_a_ratio_has_points_only_where_it_exists(sampled: tuple[Run, ResultData]) -> None:
    """At beta_A = 0 there is entanglement at beta_S = 3 alone (of those sampled)."""
    picture, result = sweep_picture(sampled[1]), sampled[1]
    assert picture is not None
    found = panel_of(picture, 0, 1).curves[5].points
    assert found is not None
    heat, concurrence = (result.estimate(*name, point=5) for name in (("heat_current", "A"), ("concurrence", "1-2")))
    ratio = heat.estimate[-1] / concurrence.estimate[-1]
    np.testing.assert_array_equal(found.x, [3.0])
    np.testing.assert_allclose(found.estimate[0], ratio, rtol=1e-12)


def test_rows_of_the_same_trajectories_are_not_independent(sampled: tuple[Run, ResultData]) -> None:
    """The heats of A and S nearly cancel (counted for 4.0); populations add up to one, whatever is sampled."""
    result = sampled[1]
    side = SampledSide.of(result)
    point = result.points[2]
    heats = [result.estimate("heat_current", bath, point=2).standard_error[-1] for bath in "AS"]
    total = side.evaluate(Formula.parse("heat_current.A + heat_current.S", ""), {})
    counted = [
        (column.quantity, column.reservoir) if column is not None else None for column in point.preparation.columns
    ]
    A, S = (counted.index(("heat_current", bath)) for bath in "AS")
    covariance = point.total.comoment[-1][A, S] / (int(point.total.count) * (int(point.total.count) - 1)) / 4.0**2
    assert total is not None
    assert total.error[2] == pytest.approx(np.sqrt(heats[0] ** 2 + heats[1] ** 2 + 2 * covariance), rel=1e-6)
    assert total.error[2] < 0.7 * np.hypot(*heats)
    found = side.evaluate(Formula.parse("population.G + population.S + population.A + population.E + purity", ""), {})
    pure = side.evaluate(Formula.parse("purity", ""), {})
    assert found is not None and pure is not None
    np.testing.assert_allclose(found.error, pure.error, rtol=1e-6)


def test_purity_is_sampled_and_what_no_row_has_is_not(sampled: tuple[Run, ResultData]) -> None:
    """Six points within 5 standard errors: a false alarm in 300,000 runs."""
    picture = sweep_picture(sampled[1])
    assert picture is not None
    purity, ratio = panel_of(picture, 1, 0), panel_of(picture, 1, 1)
    assert all(curve.points is None for curve in ratio.curves)
    for curve in (purity.curves[0], purity.curves[2]):
        assert curve.points is not None
        exact = np.interp(curve.points.x, curve.x, curve.y)
        assert (curve.points.error > 1e-4).all()
        assert (np.abs(curve.points.estimate - exact) < 5 * curve.points.error).all()


def test_points_without_a_trusted_error_bar_are_faint() -> None:
    """Of 500 trajectories 12 are expected in |E> at beta_S = 3, and less than one at beta_S = 6."""
    run = run_of(
        {"sampled": True, "x": "beta_S", "y": "concurrence"},
        {"name": "diamond", "beta_A": -2.0},
        ensemble={"trajectories": 500, "duration": 8.0, "samples": 1, "initial": "ground"},
        sweep={"beta_S": [3.0, 6.0]},
    )
    result = execute(jobs_of(run))
    picture = sweep_picture(result)
    assert picture is not None
    points = panel_of(picture).curves[0].points
    assert points is not None and points.unresolved is not None
    assert points.unresolved.tolist() == [False, True]
    axes = compose_sweep(picture).axes[0]
    bars = [bar[0] for bar in axes.containers if isinstance(bar, ErrorbarContainer)]
    colours = {bar.get_xdata()[0]: bar.get_color() for bar in bars}
    assert colours == {3.0: COLOURS["blue"], 6.0: faded(COLOURS["blue"])}
    assert "faint: unresolved" in picture.notes


def test_axes_are_given_what_the_picture_says(sampled: tuple[Run, ResultData]) -> None:
    picture = sweep_picture(sampled[1])
    assert picture is not None
    figure, panel = compose_sweep(picture), panel_of(picture)
    axes = figure.axes[0]
    lines = [line for line in axes.lines if len(line.get_xdata()) == 31]
    assert len(lines) == 3
    for line, curve in zip(lines, panel.curves, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), curve.y)
    bars = [container for container in axes.containers if isinstance(container, ErrorbarContainer)]
    drawn = []
    for points in (panel.curves[0].points, panel.curves[2].points):
        assert points is not None and points.unresolved is not None
        parts = (~points.unresolved, points.unresolved)
        drawn += [(points.estimate[part], points.error[part]) for part in parts if part.any()]
    for container, (estimate, error) in zip(bars, drawn, strict=True):
        ends = np.array(container[2][0].get_segments())
        np.testing.assert_allclose(ends[:, 1, 1] - ends[:, 0, 1], 2 * error)
        np.testing.assert_allclose(container[0].get_ydata(), estimate)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(panel.values)
    written = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "a caption" in written and "3,200 trajectories" in written


def test_a_sampled_map_stands_beside_the_exact_one(tmp_path: Path) -> None:
    tables = {
        "ensemble": {"trajectories": 640, "duration": 20.0, "samples": 1, "initial": "ground"},
        "sweep": {"beta_A": [-2.0, 1.0], "beta_S": [0.0, 3.0]},
    }
    one = {"sampled": True, "zlim": [0, 0.5], "z": "concurrence", "zlabel": "$C$"}
    run = run_of(MAP | one, {"name": "diamond"}, **tables)
    result = execute(jobs_of(run), tmp_path / "map.h5")
    picture = sweep_picture(open_result(tmp_path / "map.h5"))
    assert picture is not None
    exact, found, z = (map_of(picture, 0, i) for i in range(3))
    assert (exact.kind, found.kind, z.kind) == ("exact", "sampled", "z") and exact.values.shape == (2, 3)
    rows = [[result.estimate("concurrence", point=2 * j + i).estimate[-1] for j in (0, 1)] for i in (0, 1)]
    np.testing.assert_allclose(found.values, rows)
    figure = compose_sweep(picture)
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    meshes = [artist for axes in panels for artist in axes.collections if isinstance(artist, QuadMesh)]
    np.testing.assert_array_equal(meshes[1].get_array(), found.values)
    assert meshes[0].get_clim() == meshes[1].get_clim() == (0.0, 0.5)
    assert panels[0].get_xlim() == panels[1].get_xlim() == panels[2].get_xlim()


def test_a_figure_is_stored_with_its_run(sampled: tuple[Run, ResultData]) -> None:
    run = sampled[0]
    again = Run.from_mapping(run.mapping(), name="paper")
    assert again.figure.mapping() == run.figure.mapping() and again.mapping() == run.mapping()
    infinite = run_of(CURVES | {"fine": {"T_h": [1.0, float("inf")], "T_c": [0.1]}})
    paper = Run.from_mapping({**infinite.mapping(), "ensemble": {}}, name="paper").figure.paper
    assert paper is not None and paper.fine["T_h"] == (1.0, float("inf"))


TEXT = """
[system]
name = "diamond"
beta_A = -2
[figure]
sampled = false
x = "beta_S"
y = "concurrence"
formats = ["png", "pdf"]
[figure.fine]
beta_S = { from = 0, to = 3, points = 7 }
"""


def test_nothing_is_sampled_where_nothing_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("exact.toml").write_text(TEXT)
    assert main(["run", "exact.toml"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exact.pdf", "exact.png", "exact.toml"]
    before = Path("exact.pdf").read_bytes()
    assert main(["figure", "exact.toml", "--exact"]) == 0
    assert Path("exact.pdf").read_bytes() == before


def test_exact_figures_need_no_compiler(tmp_path: Path) -> None:
    (tmp_path / "exact.toml").write_text(TEXT)
    code = (
        "import sys; from trajectories.cli.main import main; status = main(['figure', 'exact.toml', '--exact']);"
        "print(status, *[name for name in ('numba', 'h5py') if name in sys.modules])"
    )
    path = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0"
