"""Pictures of sweeps: sampled points over lines between them, maps beside each other, words that a run asks for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from closed_forms.diamond import diamond_concurrence, diamond_currents
from matplotlib.collections import QuadMesh
from matplotlib.container import ErrorbarContainer

from trajectories.cli.main import main
from trajectories.errors import InputError
from trajectories.figures.draw import figure_of, picture_of
from trajectories.figures.figure_data import Map, Panel, Picture
from trajectories.figures.layout import compose
from trajectories.figures.panels import styles
from trajectories.figures.style import BLUE, PALETTE, RING, faded
from trajectories.report.result import ResultData, open_result
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute

GROUND = {"trajectories": 3200, "duration": 8.0, "samples": 2, "initial": "ground", "burn_in": 4.0}
SHORT = {"trajectories": 640, "duration": 20.0, "samples": 1, "initial": "ground"}


def run_of(figure: dict[str, Any], sweep: dict[str, Any], ensemble: dict[str, Any] = SHORT, **tables: Any) -> Run:
    system = {"name": "diamond", "beta_A": -2.0, "beta_S": 1.0}
    tables = {"figure": figure, "sweep": sweep, "ensemble": ensemble, "system": system} | tables
    return Run.from_mapping(tables, name="swept")


def panels_of(picture: Picture) -> list[Panel]:
    return [part for part in picture.parts if isinstance(part, Panel)]


def maps_of(picture: Picture) -> list[Map]:
    return [part for part in picture.parts if isinstance(part, Map)]


@pytest.fixture(scope="module")
def sampled() -> tuple[Run, ResultData]:
    figure = {"x": "beta_S", "caption": "a caption", "quantities": ["concurrence", "heat_current", "excited"]}
    sweep = {"beta_A": [-2.0, 0.0], "beta_S": [1.0, 2.0, 3.0]}
    run = run_of(figure, sweep, GROUND, observables={"excited": "n1"})
    return run, execute(jobs_of(run))


def test_points_are_those_of_the_report(sampled: tuple[Run, ResultData]) -> None:
    _, result = sampled
    concurrence, heat, excited = panels_of(picture_of(result))
    values = (r"$\beta_{\mathrm{A}}$ = −2", r"$\beta_{\mathrm{A}}$ = 0")
    assert {(curve.which, curve.value) for curve in heat.curves} == {(bath, one) for bath in "AS" for one in values}
    assert [curve.which for curve in excited.curves] == ["excited"] * 2
    for panel, quantity in ((concurrence, "concurrence"), (heat, "heat_current"), (excited, "observable")):
        for curve in panel.curves:
            first = 0 if curve.value.endswith("2") else 3
            rows = [result.estimate(quantity, curve.which, point=i) for i in range(first, first + 3)]
            np.testing.assert_array_equal(curve.points.x, [1.0, 2.0, 3.0])
            np.testing.assert_allclose(curve.points.estimate, [row.estimate[-1] for row in rows])
            np.testing.assert_allclose(curve.points.error, [row.standard_error[-1] for row in rows])


def test_lines_pass_through_the_exact_values_of_the_report_and_between_them(sampled: tuple[Run, ResultData]) -> None:
    _, result = sampled
    for panel, quantity in zip(panels_of(picture_of(result)), ("concurrence", "heat_current"), strict=False):
        for curve in panel.curves:
            first = 0 if curve.value.endswith("2") else 3
            exact = [result.estimate(quantity, curve.which, point=i).exact[-1] for i in range(first, first + 3)]
            x, y = curve.line
            assert len(x) > 60 and (np.diff(x) > 0).all()
            np.testing.assert_allclose(y[np.isin(x, [1.0, 2.0, 3.0])], exact, rtol=1e-9, atol=1e-13)
    # From the ground state at t = 8, counted from 4 on, the diamond is in its steady state.
    curve = panels_of(picture_of(result))[1].curves[0]
    known = [diamond_currents(-2.0, beta_S)[0] for beta_S in curve.line[0]]
    np.testing.assert_allclose(curve.line[1], known, atol=2e-3)


def test_axes_are_given_what_the_picture_says(sampled: tuple[Run, ResultData]) -> None:
    picture = picture_of(sampled[1])
    figure, panel = figure_of(picture), panels_of(picture)[1]
    axes = figure.axes[1]
    looks = styles(panel.curves)
    # Colours tell values, dashes tell reservoirs.
    told = {(curve.value[-1], curve.which): look for curve, look in zip(panel.curves, looks, strict=True)}
    assert {bath: told["2", bath].colour for bath in "AS"} == {"A": PALETTE[0], "S": PALETTE[0]}
    assert {bath: told["0", bath].colour for bath in "AS"} == {"A": PALETTE[1], "S": PALETTE[1]}
    assert told["2", "A"].dashes == told["0", "A"].dashes != told["2", "S"].dashes
    # A marker goes with a colour, in the legend too.
    assert told["2", "A"].marker == told["2", "S"].marker != told["0", "A"].marker
    handles = axes.get_legend().legend_handles
    assert [handle.get_marker() for handle in handles] == [told["2", "A"].marker, told["0", "A"].marker, "None", "None"]
    lines = [line for line in axes.lines if str(line.get_label()).endswith("master equation")]
    for line, curve, look in zip(lines, panel.curves, looks, strict=True):
        np.testing.assert_array_equal(line.get_xydata().T, curve.line)
        assert line.get_color() == look.colour
    bars = [container for container in axes.containers if isinstance(container, ErrorbarContainer)]
    drawn = np.concatenate([bar[0].get_xydata() for bar in bars])
    half = np.concatenate([np.ptp(np.array(bar[2][0].get_segments())[:, :, 1], axis=1) / 2 for bar in bars])
    given = [(curve.points.x, curve.points.estimate, curve.points.error) for curve in panel.curves]
    expected = np.concatenate(given, axis=1).T
    np.testing.assert_allclose(
        sorted(map(tuple, np.column_stack([drawn, half]))), sorted(map(tuple, expected)), rtol=1e-9
    )
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == [*dict.fromkeys(curve.value for curve in panel.curves), "from A", "from S"]
    assert figure.axes[2].get_legend() is None  # the first panel's says it
    words = " ".join(text.get_text() for text in figure.texts)
    assert "a caption" in words and "$t$ = 8" in words and "beta" not in words.split("a caption")[0]
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key[:2] == ["master equation", "sampled, ± 1 standard error (N = 3,200 trajectories per point)"]


def test_points_without_a_trusted_error_bar_are_faint() -> None:
    """Of 500 trajectories 12 are expected in |E> at beta_S = 3, and less than one at beta_S = 6."""
    ensemble = {"trajectories": 500, "duration": 8.0, "samples": 1, "initial": "ground"}
    run = run_of(
        {"quantities": ["concurrence"]}, {"beta_S": [3.0, 6.0]}, ensemble, system={"name": "diamond", "beta_A": -2}
    )
    picture = picture_of(execute(jobs_of(run)))
    (panel,) = panels_of(picture)
    assert panel.curves[0].points.status.tolist() == ["agree", "unresolved"]
    figure = compose(picture)
    bars = [bar[0] for bar in figure.axes[0].containers if isinstance(bar, ErrorbarContainer)]
    assert {bar.get_xdata()[0]: bar.get_color() for bar in bars} == {3.0: BLUE, 6.0: faded(BLUE)}
    assert "unresolved: too few events" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_points_that_disagree_are_ringed(sampled: tuple[Run, ResultData]) -> None:
    picture = picture_of(sampled[1])
    panel = panels_of(picture)[0]
    points = replace(panel.curves[0].points, status=np.array(["agree", "disagree", "agree"]))
    curves = (replace(panel.curves[0], points=points), *panel.curves[1:])
    figure = compose(replace(picture, rows=((replace(panel, curves=curves),),)))
    rings = [line for line in figure.axes[0].lines if line.get_markeredgecolor() == RING["mec"]]
    assert [line.get_xdata().tolist() for line in rings] == [[2.0]]
    assert "disagrees" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_maps_have_rows_upward_and_columns_across() -> None:
    ensemble = {"trajectories": 64, "duration": 1.0, "samples": 1}
    run = run_of(
        {"quantities": ["concurrence", "heat_current"]}, {"beta_A": [-2.0, 0.0, 1.0], "beta_S": [0.0, 3.0]}, ensemble
    )
    concurrence, heat_A, heat_S = maps_of(picture_of(run))
    assert concurrence.values.shape == (2, 3) and "A" in heat_A.z.label and "S" in heat_S.z.label
    for i, beta_S in enumerate((0.0, 3.0)):
        for j, beta_A in enumerate((-2.0, 0.0, 1.0)):
            assert concurrence.values[i, j] == pytest.approx(diamond_concurrence(beta_A, beta_S), abs=1e-13)
            assert heat_S.values[i, j] == pytest.approx(diamond_currents(beta_A, beta_S)[1], abs=1e-12)
    assert heat_S.low < 0 < heat_S.high and concurrence.low == 0


def extends(picture: Picture) -> list[str]:
    meshes = [mesh for axes in compose(picture).axes for mesh in axes.collections]
    return [mesh.colorbar.extend for mesh in meshes if mesh.colorbar is not None]


def test_a_sampled_map_stands_beside_the_exact_one(tmp_path: Path) -> None:
    figure = {"quantities": ["concurrence"], "zlabel": "$C$", "xlabel": "cold"}
    run = run_of(figure, {"beta_A": [-2.0, 1.0], "beta_S": [0.0, 3.0]})
    result = execute(jobs_of(run), tmp_path / "map.h5")
    picture = picture_of(open_result(tmp_path / "map.h5"))
    exact, found, z = maps_of(picture)
    assert (exact.kind, found.kind, z.kind) == ("exact", "sampled", "z")
    assert (exact.z.label, found.z.label) == ("$C$", "$C$, sampled") and exact.x.label == z.x.label == "cold"
    rows = [[result.estimate("concurrence", point=2 * j + i).estimate[-1] for j in (0, 1)] for i in (0, 1)]
    np.testing.assert_allclose(found.values, rows)
    statuses = [[result.report().point_rows(2 * j + i) for j in (0, 1)] for i in (0, 1)]
    for i, j in np.ndindex(2, 2):
        (row,) = [row for row in statuses[i][j] if row.quantity == "concurrence"]
        judged = row.status in ("agree", "disagree")
        np.testing.assert_equal(z.values[i, j], row.z if judged else np.nan)
    drawn = compose(picture)
    panels = [axes for axes in drawn.axes if axes.get_label() != "<colorbar>"]
    meshes = [artist for axes in panels for artist in axes.collections if isinstance(artist, QuadMesh)]
    np.testing.assert_array_equal(meshes[1].get_array(), found.values)
    assert meshes[0].get_clim() == meshes[1].get_clim()
    assert panels[0].get_xlim() == panels[1].get_xlim() == panels[2].get_xlim()
    over = replace(found, values=found.values + 1.0)
    assert extends(replace(picture, rows=((exact, over),))) == ["neither", "max"]


def test_labels_and_scales_are_those_that_a_run_asks_for() -> None:
    sweep = {"beta_S": [1.0, 2.0, 3.0]}
    asked = {"xlabel": "cold $x$", "ylabel": ["one", "two"], "yscale": ["log", "linear"], "xscale": "log", "title": "T"}
    picture = picture_of(run_of(asked | {"quantities": ["activity", "heat_current"]}, sweep))
    panels = panels_of(picture)
    assert [(panel.y.label, panel.y.scale) for panel in panels] == [("one", "log"), ("two", "linear")]
    assert {(panel.x.label, panel.x.scale) for panel in panels} == {("cold $x$", "log")} and picture.title == "T"
    figure = compose(picture)
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "linear"]
    one = picture_of(run_of({"ylabel": "both", "quantities": ["activity", "heat_current"]}, sweep))
    assert [panel.y.label for panel in panels_of(one)] == ["both", "both"]
    with pytest.raises(InputError, match=r"ylabel = .* must be one text, or 1: one for each panel"):
        picture_of(run_of({"ylabel": ["a", "b"], "quantities": ["activity"]}, sweep))


def test_values_spaced_by_ratios_get_a_logarithmic_axis_and_line() -> None:
    (panel,) = panels_of(picture_of(run_of({"quantities": ["activity"]}, {"pump": [0.1, 1.0, 10.0]})))
    assert panel.x.scale == "log" and panel.x.label == "pump"
    ratios = np.diff(np.log(panel.curves[0].line[0]))
    assert np.ptp(ratios[ratios > 1e-9]) < 1e-6
    (uneven,) = panels_of(picture_of(run_of({"quantities": ["activity"]}, {"pump": [0.01, 0.05, 0.2, 1.0, 10.0]})))
    assert uneven.x.scale == "log"
    (even,) = panels_of(picture_of(run_of({"quantities": ["activity"]}, {"pump": [1.0, 2.0, 4.0, 7.0]})))
    assert even.x.scale == "linear"


def test_without_a_quantity_asked_for_those_of_the_machine_are_drawn() -> None:
    panels = panels_of(picture_of(run_of({}, {"beta_S": [1.0, 2.0]})))
    assert [panel.curves[0].quantity for panel in panels] == ["concurrence", "heat_current", "entropy_production_rate"]
    dot = {"name": "diamond", "beta_A": float("-inf")}  # no entropy production is finite
    panels = panels_of(picture_of(run_of({}, {"beta_S": [1.0, 2.0]}, system=dot)))
    assert [panel.curves[0].quantity for panel in panels][:1] == ["concurrence"]
    with pytest.raises(InputError, match="quantities: none of them is measured here"):
        picture_of(run_of({"quantities": ["charge_current"]}, {"beta_S": [1.0, 2.0]}))


def test_couplings_searched_for_are_no_fixed_parameters() -> None:
    """Brask et al.'s largest concurrences at T_c = 0.1: .025715 (T_h = 1), .038066 (2); reference values."""
    optimise = {"maximise": "concurrence", "over": {"g": [1e-6, 1e-2], "p_h": [1e-6, 1e-2]}}
    system = {"name": "reset_engine", "p_c": 1e-2, "T_c": 0.1}
    ensemble = {"trajectories": 64, "duration": 1.0}
    picture = picture_of(
        run_of({"quantities": ["concurrence"]}, {"T_h": [1.0, 2.0]}, ensemble, system=system, optimise=optimise)
    )
    x, y = panels_of(picture)[0].curves[0].line
    np.testing.assert_allclose(y[[0, -1]], [0.025715, 0.038066], atol=5e-7)
    assert "g" not in picture.parameters and picture.parameters["p_c"] == 1e-2
    assert picture.facts[0].endswith("where concurrence is largest")


def test_a_machine_of_a_file_has_lines_between_its_points(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from trajectories.systems import diamond\ndef build(beta_A, beta_S):\n    return diamond(beta_A, beta_S)\n"
    )
    tables = {
        "system": {"file": "own.py", "function": "build", "beta_A": -2.0},
        "ensemble": {"trajectories": 64, "duration": 1.0},
        "sweep": {"beta_S": [1.0, 3.0]},
        "figure": {"quantities": ["concurrence"]},
    }
    run = Run.from_mapping(tables, name="own", directory=tmp_path)
    result = execute(jobs_of(run))
    (panel,) = panels_of(picture_of(result, run=run))
    known = [diamond_concurrence(-2.0, beta_S) for beta_S in panel.curves[0].line[0]]
    np.testing.assert_allclose(panel.curves[0].line[1], known, atol=1e-12)
    (alone,) = panels_of(picture_of(result))  # the result does not hold the file
    np.testing.assert_array_equal(alone.curves[0].line[0], [1.0, 3.0])


TEXT = """
[system]
name = "diamond"
beta_A = -2
[ensemble]
trajectories = 64
duration = 1.0
[sweep]
beta_S = { from = 0, to = 3, points = 7 }
[figure]
formats = ["png", "pdf"]
"""


def test_exact_pictures_need_no_sampling_and_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exact.toml").write_text(TEXT)
    assert main(["figure", "exact.toml", "--exact"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exact.pdf", "exact.png", "exact.toml"]
    code = (
        "import sys; from trajectories.cli.main import main; status = main(['figure', 'exact.toml', '--exact']);"
        "print(status, *[name for name in ('numba', 'h5py') if name in sys.modules])"
    )
    path = str(Path(__file__).parents[3])
    before = Path("exact.pdf").read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0" and Path("exact.pdf").read_bytes() == before
