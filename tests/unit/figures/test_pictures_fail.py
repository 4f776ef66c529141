"""A picture that cannot be drawn or written is a warning; models with nothing to draw have pictures all the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import trajectories
from trajectories import Channel, Model, Reservoir
from trajectories.cli.main import main
from trajectories.figures import draw as drawing
from trajectories.figures.draw import draw, picture_of, save
from trajectories.figures.layout import compose

SMALL = """
[system]
name = "diamond"
beta_A = 0.0
beta_S = 1.0
[ensemble]
trajectories = 256
duration = 2.0
"""


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path / "small.toml"


def ladder(levels: int, entropy: bool) -> Model:
    """A decaying ladder: beyond 16 levels no populations are measured."""
    lower = np.diag(np.sqrt(np.arange(1, levels)), 1)
    channels = [Channel("loss", lower, "cold", partner="none")]
    hamiltonian = np.diag(np.arange(float(levels)))
    return Model(hamiltonian, channels, [Reservoir("cold")], name="ladder", entropy=entropy)


@pytest.mark.parametrize("initial", ["0", "3"])  # with no jump at all, and with some
@pytest.mark.parametrize("levels", [1 + 1, 17, 65])
@pytest.mark.parametrize("entropy", [False, True])
def test_every_model_has_a_picture(levels: int, entropy: bool, initial: str, tmp_path: Path) -> None:
    initial = "0" if levels == 2 else initial
    result = trajectories.run(ladder(levels, entropy), duration=1.0, trajectories=64, initial=initial)
    assert draw(result, tmp_path / "a.png") and draw(result, tmp_path / "b.png", exact=True)


def test_where_nothing_of_the_state_is_measured_only_jumps_are_drawn() -> None:
    result = trajectories.run(ladder(17, False), duration=1.0, trajectories=64, initial="3")
    preparation = result.points[0].preparation
    for column in preparation.columns:
        assert column is None or column.quantity not in ("population", "observable")
    assert compose(picture_of(result)).axes


@pytest.mark.parametrize("error", [IndexError("list index out of range"), OSError(28, "No space left on device")])
def test_a_picture_that_cannot_be_drawn_leaves_the_status(
    error: Exception, run_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **settings: object) -> None:
        raise error

    monkeypatch.setattr(drawing, "draw", broken)
    output = run_file.with_suffix(".h5")
    assert main(["run", str(run_file), "-o", str(output)]) == 0
    out, err = capsys.readouterr()
    assert "verdict: agree" in out and out.endswith(f"written: {output}\n")
    warning = err.splitlines()[-1]
    assert warning.startswith("trajectories: warning: no picture: ") and str(error.args[-1]) in warning
    assert ("please report it" in warning) == isinstance(error, IndexError)


def test_a_picture_that_cannot_be_written_leaves_the_status_and_nothing_behind(
    run_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_file.with_suffix(".png").mkdir()
    assert main(["run", str(run_file), "-o", str(run_file.with_suffix(".h5")), "--quiet"]) == 0
    assert "no picture: " in capsys.readouterr().err
    theorems = ["theorems", str(run_file.with_suffix(".h5")), "-o", str(run_file.with_suffix(".png"))]
    assert main(theorems) == 0
    assert "no picture: " in capsys.readouterr().err
    assert not list(run_file.parent.glob(".*"))
    assert main(["figure", str(run_file), "-o", str(run_file.with_suffix(".png"))]) == 2  # it is all that was asked


def test_pictures_of_one_name_do_not_collide(tmp_path: Path) -> None:
    """Several writers of one name at the same time: each replaces the whole."""
    path = tmp_path / "one.png"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: save(Figure(figsize=(0.5, 0.5)), path, "png"), range(200)))
    assert [found.name for found in tmp_path.iterdir()] == ["one.png"]
