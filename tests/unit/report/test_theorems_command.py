"""`theorems` as a command: what it writes, its picture, how it is stopped, and what it tells on the way."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

import trajectories
from trajectories.cli import commands
from trajectories.cli.main import main
from trajectories.counting.entropy_statistics import generating_function
from trajectories.figures.layout import compose
from trajectories.figures.theorem_figure import theorem_picture
from trajectories.master.lindblad import Master
from trajectories.report.theorems import Theorems, theorems
from trajectories.sampling.weight_moments import trajectories_needed
from trajectories.systems import common_bath, diamond, local_engine

RUN = """
title = "small"
[system]
name = "common_bath"
T_A = 5.0
T_B = 8.0
epsilon_A = 20.0
epsilon_B = 20.0
Omega = 6.0
gamma_A = 1.0
gamma_B = 1.0
[ensemble]
trajectories = 8192
duration = 0.5
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("theorems")
    (folder / "small.toml").write_text(RUN)
    assert main(["run", str(folder / "small.toml"), "-o", str(folder / "small.h5"), "--no-figure", "--quiet"]) == 0
    return folder / "small.h5"


def test_json_holds_split_infimum_and_scgf(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theorems", str(stored), "--json", "--no-figure"]) == 0
    point = json.loads(capsys.readouterr().out)["points"][0]
    rows = {row["quantity"]: row for row in point["rows"]}
    for name in ("adiabatic_entropy_production", "integral_fluctuation_theorem_adiabatic", "entropy_infimum"):
        assert rows[name]["status"] == "agree" and rows[name]["standard_error"] > 0
    assert rows["nonadiabatic_entropy_production"]["status"] == "exact"
    assert point["split"]["defined"] and point["split"]["reason"] is None
    assert set(point["split"]["potential_change"]) == {
        f"{q}_{way}_{j}" for q in "AB" for way in ("up", "down") for j in "12"
    }
    below = point["infimum"]
    assert below["defined"] and np.all(np.array(below["probability"]) <= np.exp(-np.array(below["x"])))
    assert len(point["scgf"]["u"]) == len(point["scgf"]["exact"]) == 31


def test_stopped_by_a_signal(stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Sent while trajectories are sampled, when progress is first heard of."""

    class Signalling(commands.ProgressBar):
        def __call__(self, done: int, total: int) -> None:
            assert signal.getsignal(signal.SIGTERM) != before  # or it would end pytest
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(commands, "ProgressBar", Signalling)
    assert main(["theorems", str(stored), "--trajectories", "1000000000", "--no-figure"]) == 75
    assert capsys.readouterr().err.startswith("trajectories: stopped by SIGTERM")
    assert signal.getsignal(signal.SIGTERM) == before


def test_progress_counts_every_trajectory() -> None:
    result, heard = trajectories.run(diamond(0, 1), duration=1.0, trajectories=1024, seed=1), []
    theorems(result, 1000, progress=lambda done, total: heard.append((done, total)))
    # Forward, reversed and along the way, and twice a quarter for the bins.
    assert heard[-1] == (3500, 3500) and sorted(heard) == heard


# lambda(u)


def found_for(model: trajectories.Model, duration: float, initial: np.ndarray | None = None) -> Theorems:
    return theorems(trajectories.run(model, duration=duration, trajectories=32_768, initial=initial, seed=4))


@pytest.mark.parametrize(
    ("model", "duration"), [(diamond(0, 1), 1.0), (local_engine(2.0, 0.3, 0.02, 0.01, 0.011), 60.0)]
)
def test_sampled_generating_function(model: trajectories.Model, duration: float) -> None:
    """Within 5 standard errors of ln G(u, T)/T: a false alarm in 10^5 for the 30 points of both."""
    curves = found_for(model, duration).points[0].curves
    assert curves is not None
    master = Master(model)
    for sampled, least in ((curves.forward, -0.25), (curves.backward, 0.25)):
        assert sampled.u.min() <= least and len(sampled.u) >= 5
        exact = [generating_function(master, u, master.steady_blocks, np.array([duration]))[0] for u in sampled.u]
        deviation = np.abs(sampled.value - np.log(exact) / duration)
        assert (deviation <= 5 * sampled.standard_error + 1e-12).all()


def test_symmetry_of_both_curves() -> None:
    curves = found_for(diamond(0, 1), 1.0).points[0].curves
    assert curves is not None
    np.testing.assert_allclose(curves.scgf, curves.scgf[::-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(curves.finite, curves.finite[::-1], rtol=0, atol=1e-11)
    # The engine's steady state is changed by the time reversal: at a finite time its curve has no axis.
    curves = found_for(local_engine(2.0, 0.3, 0.02, 0.01, 0.011), 60.0).points[0].curves
    assert curves is not None and np.abs(curves.finite - curves.finite[::-1]).max() > 1e-4
    np.testing.assert_allclose(curves.scgf, curves.scgf[::-1], rtol=0, atol=1e-12)


def test_picture_has_what_exists() -> None:
    figure = compose(theorem_picture(found_for(diamond(0, 1), 1.0)))
    panel = figure.axes[2]
    assert any("lambda(1-u)" in text.get_text() for text in panel.texts)
    figure = compose(theorem_picture(found_for(local_engine(2.0, 0.3, 0.02, 0.01, 0.011), 60.0)))
    assert not any("lambda(1-u)" in text.get_text() for text in figure.axes[2].texts)
    figure = compose(theorem_picture(found_for(diamond(-np.inf, 1), 0.2)))
    assert any("cannot be undone" in text.get_text() for text in figure.axes[2].texts)


def test_the_words_for_what_is_undefined() -> None:
    text = found_for(local_engine(2.0, 0.3, 0.02, 0.01, 0.011), 60.0).text()
    assert (
        "split undefined: the jumps of" in text and "infimum of Delta S(t) undefined: sectors of dimension > 1" in text
    )
    split = common_bath(T_A=5.0, T_B=8.0, epsilon_A=20.0, epsilon_B=20.0, Omega=6.0, gamma_A=1.0, gamma_B=1.0)
    text = found_for(split, 0.1, np.diag([0.4, 0.3, 0.2, 0.1])).text()
    # A start that is diagonal in the qubits' basis has coherence between eigenstates of H.
    assert "split undefined" not in text
    assert "infimum of Delta S(t) undefined: sectors of dimension > 1 (up to 2)" in text
    text = found_for(diamond(0, 1), 0.1, np.eye(4) / 4).text()
    assert "split undefined: the jumps of" in text
    assert "infimum of Delta S(t) undefined: the start is not the steady state" in text
    assert "time reversal: the start is not the steady state" in text


def test_moments_that_cannot_be_resolve_nothing() -> None:
    """<w^2> < <w>^2 or <w><w^3> < <w^2>^2 is noise: no number of trajectories is then said to be enough."""
    assert trajectories_needed(1.0, 1.0, 1.0) == 0.0
    assert trajectories_needed(1.0, 2.0, 5.0) == pytest.approx(
        2500.0
    )  # 1/0.02^2; the skewness, of central moments 1 and 1, asks for 4
    for second, third in ((0.0, 0.0), (0.9, 2.0), (3.0, 1.0), (np.inf, 0.0), (np.nan, 1.0)):
        assert trajectories_needed(1.0, second, third) == np.inf
