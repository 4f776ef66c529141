"""The scripts that draw the papers' figures: their run files, their captions, and what they draw of a result."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import style
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.container import ErrorbarContainer
from sampled_points import Sampled, of_report, sampled

import trajectories
from trajectories.cli.main import main
from trajectories.runfiles.run import load

PAPERS = {"brask": "2a 2b 2c 2d 4a 4b 4c", "khandelwal": "2a 2b 3a 3b 4 5a 5b", "man": "2a 2b 3 4 5 7a 7b 7c"}
PAPERS["tacchino"] = "1b 1c 2b 2c 3a 3b 4a 4b 4c"
FIGURES = [f"{paper}_fig{number}" for paper, numbers in PAPERS.items() for number in numbers.split()]
EXACT = ("brask_fig2d", "man_fig4", "man_fig7c", "dot_violation_map")
"""Figures of which nothing is sampled: the script alone."""


def test_every_figure_has_its_script_and_what_is_sampled_its_run_file() -> None:
    names = {*FIGURES, "local_global", "dot_violation_map"}
    assert {path.stem for path in style.FOLDER.glob("*_fig*.py")} == set(FIGURES)
    assert {path.stem for path in style.FOLDER.glob("*.toml")} == names - set(EXACT)
    for name in names:
        assert import_module(name).RUN["name"] == name
        assert len((style.FOLDER / f"{name}.py").read_text().splitlines()) < 110


@pytest.mark.parametrize("name", FIGURES)
def test_captions_name_the_figure_and_what_was_chosen(name: str) -> None:
    paper, _, number = name.partition("_fig")
    printed = f"Fig. {number[0]}({number[1]})" if len(number) > 1 else f"Fig. {number}"
    printed = {"tacchino_fig3a": "Fig. 3 (left)", "tacchino_fig3b": "Fig. 3 (right)"}.get(name, printed)
    module, journal = (
        import_module(name),
        " of the preprint" if name.startswith(("tacchino_fig3", "tacchino_fig4")) else "",
    )
    assert module.CAPTION.startswith(f"After {printed}{journal} of {paper.capitalize()} et al.")
    assert "chosen, not printed" in module.CAPTION
    if name not in EXACT and paper in ("brask", "khandelwal"):
        text = (style.FOLDER / f"{name}.toml").read_text()
        assert text.split("\n[sweep]")[1].lstrip().startswith("# chosen, not printed")


def sample(name: str, folder: Path, count: int, **sweep: list[float]) -> Any:
    """Sample a figure's run file at a few points; return the result."""
    table = ", ".join(f"{key} = {values}" for key, values in sweep.items())
    words = ["run", str(style.FOLDER / f"{name}.toml"), "--quiet", "--set", f"sweep={{{table}}}"]
    assert main([*words, "--trajectories", str(count), "-o", str(folder / f"{name}.h5")]) in (0, 3)
    return trajectories.open(folder / f"{name}.h5")


def drawn(name: str, result: Any) -> list[Axes]:
    with matplotlib.rc_context(style.SETTINGS):
        axes: list[Axes] = import_module(name).draw(result).axes
    return axes


def bars(axes: Axes) -> list[np.ndarray]:
    """Return the places (n, 2) of the points of each set of error bars."""
    return [np.asarray(c[0].get_xydata()) for c in axes.containers if isinstance(c, ErrorbarContainer)]


def test_points_with_error_bars_stand_over_the_lines(tmp_path: Path) -> None:
    """J = 2 Q_h: the points are twice the estimates of the result; without it there are none."""
    result = sample("khandelwal_fig2a", tmp_path, 2000, delta=[0.0, 0.02], T_h=[0.7, 1.0])
    (axes,) = drawn("khandelwal_fig2a", result)
    known = 2 * result.arrays("energy_current.h").estimate[:, :, -1]
    for points, at in zip(bars(axes), known.T, strict=True):
        np.testing.assert_allclose(points, np.transpose([[0.0, 0.02], at]), rtol=1e-12)
    (axes,) = drawn("khandelwal_fig2a", None)
    assert not bars(axes)
    assert "N = 2,0" in style.notes(import_module("khandelwal_fig2a").RUN, result)


def test_maps_stand_beside_the_sampled_one_and_the_difference(tmp_path: Path) -> None:
    result = sample("tacchino_fig1c", tmp_path, 500, beta_A=[-1.0, 0.0, 1.0], beta_S=[0.5, 1.5])
    meshes = [c for axes in drawn("tacchino_fig1c", result) for c in axes.collections if isinstance(c, QuadMesh)]
    exact, points, difference = (np.ma.filled(mesh.get_array(), np.nan) for mesh in meshes[:3])
    assert exact.shape == (101, 101) and points.shape == difference.shape == (2, 3)
    rate = result.arrays("entropy_production_rate")
    np.testing.assert_allclose(points, rate.estimate[:, :, -1].T)
    z = ((rate.estimate - rate.exact) / rate.standard_error)[:, :, -1].T
    resolved = np.isfinite(difference)
    assert resolved.any() and (np.sign(difference) == np.sign(z))[resolved].all()


def test_ratio_of_critical_current_is_sampled_with_the_error_of_all_its_parts(tmp_path: Path) -> None:
    """J/J_c of counted quanta and populations: most of its error is that of the rare |11>, in quadrature."""
    result = sample("khandelwal_fig3a", tmp_path, 40_000, delta=[0.0], T_h=[1.0])
    ratio, negativity = import_module("khandelwal_fig3a").points(result, "delta")
    current, ground, both = (sampled(result, name) for name in ("heat_current.h", "population.00", "population.11"))
    parts = [(current, 1.0), (ground, 0.5), (both, 0.5)]
    factor = import_module("khandelwal_fig3a").factor(0.0, 1.0)
    known = factor * current.estimate / np.sqrt(ground.estimate * both.estimate)
    # The jackknife takes off the bias of 1/sqrt(p_11), 3/8 of its relative variance: 1.5 (error/value)^2; twice that.
    assert abs(ratio.estimate[0] / known[0] - 1) < 3 * (ratio.error[0] / known[0]) ** 2
    np.testing.assert_allclose(ratio.exact, 2.10934, rtol=1e-3)
    error = np.sqrt(sum((share * part.error / part.estimate) ** 2 for part, share in parts)) * known
    # 64 groups know an error to 1/sqrt(126) = 9 %, correlations of the parts add to it: 3.4 of these.
    np.testing.assert_allclose(ratio.error, error, rtol=0.3)
    assert negativity.size == 1


def test_purity_is_that_of_the_sampled_state_judged_like_a_row_of_the_report(tmp_path: Path) -> None:
    result = sample("brask_fig2c", tmp_path, 2000, T_h=[2.0], T_c=[0.1])
    purity = of_report(result, "purity")
    known = float((np.abs(result.states[-1]) ** 2).sum())
    assert purity is not None and purity.estimate[0] == pytest.approx(known, abs=purity.error[0])
    assert purity.status.tolist() == ["agree"] and abs(purity.z[0]) < 5
    assert purity.z[0] == pytest.approx((purity.estimate[0] - purity.exact[0]) / purity.error[0])
    assert of_report(None, "purity") is None


def test_points_of_a_falling_axis_keep_their_deviations(tmp_path: Path) -> None:
    result = sample("man_fig5", tmp_path, 4000, T_A=[5.0, 4.0], T_C=[3.0, 6.0])
    heat = sampled(result, "heat_current.C", "T_C")
    assert heat is not None and heat.of(4.0).x.tolist() == [3.0, 6.0]
    judged = np.isfinite(heat.z)
    assert judged.any() and (np.sign(heat.z) == np.sign(heat.estimate - heat.exact))[judged].all()


def test_linear_changes_keep_the_deviation() -> None:
    """-2 (q - 1): estimate and exact value change, the error doubles, the deviation turns round."""
    one, swept = np.ones(3), {"g": np.arange(3.0), "T": np.array([1.0, 1.0, 2.0])}
    points = Sampled(swept, 3 * one, 0.5 * one, 2 * one, 2 * one, np.full(3, "agree"), swept)
    changed = points.linear(-2.0, -1.0)
    assert (changed.estimate == -4).all() and (changed.exact == -2).all()
    assert (changed.error == 1).all() and (changed.z == -2).all()
    assert points.of(1.0).x.tolist() == [0.0, 1.0]


def test_the_command_line_draws_png_and_pdf_and_says_what_is_missing(tmp_path: Path) -> None:
    for words, said in (([], "master equation alone"), (["--exact"], "master equation alone")):
        command = [sys.executable, str(style.FOLDER / "tacchino_fig1c.py"), "--out", str(tmp_path), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert said in done.stdout
    assert (tmp_path / "tacchino_fig1c.png").stat().st_size > 10_000 and (tmp_path / "tacchino_fig1c.pdf").exists()
    assert "no result tacchino_fig1c.h5" in style.notes(import_module("tacchino_fig1c").RUN, None)


@pytest.mark.parametrize("name", [name for name in (*FIGURES, "local_global") if name not in EXACT])
def test_run_files_give_a_standard_picture_too(name: str) -> None:
    run = load(style.FOLDER / f"{name}.toml")
    assert run.figure.quantities and run.sweep


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as stopped:
        style.main({"name": "any"}, "", lambda *_: None, ["--out", str(tmp_path / "file" / "folder")])
    assert stopped.value.code == 2 and "no folder can be made there" in capsys.readouterr().err
