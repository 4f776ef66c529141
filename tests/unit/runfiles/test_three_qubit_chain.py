"""A machine of one's own, as the README says to write it: one Python file and one run file give everything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from trajectories.cli.main import main
from trajectories.master.lindblad import Master
from trajectories.runfiles.derived import at_point, resolve
from trajectories.runfiles.run import load

RUNS = Path(__file__).parents[3] / "runs"
SMALL = ["--set", "sweep={T_h=[1], T_c=[0.1]}"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, with nothing but the two files."""
    for ending in ("py", "toml"):
        shutil.copy(RUNS / f"three_qubit_chain.{ending}", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_files_give_sectors_entropy_report_and_figure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Heat flows through: what comes in on the left goes out on the right, Delta s = E/T at each bath."""
    status = main(["run", "three_qubit_chain.toml", "--trajectories", "4000", *SMALL])
    said = capsys.readouterr().out
    assert status == 0, said
    assert "4 sectors in the computational basis, dimension 1 (x 2), 3 (x 2)" in said
    assert "c_down <-> c_up  Delta s = +10" in said
    assert "g = 0.002" in said and "gamma_h = 0.001" in said
    assert (folder / "three_qubit_chain.png").exists() and (folder / "three_qubit_chain.pdf").exists()
    assert main(["solve", "three_qubit_chain.toml", "--json", *SMALL]) == 0
    rows = json.loads(capsys.readouterr().out)["points"][0]["rows"]
    exact = {(row["quantity"], row["reservoir"]): row["exact"] for row in rows}
    hot, cold = (exact["heat_current", bath] for bath in "hc")
    assert hot > 0 and hot == pytest.approx(-cold, rel=1e-9)
    assert exact["entropy_production_rate", None] == pytest.approx(hot * (1 / 0.1 - 1 / 1.0), rel=1e-9)


def test_its_file_is_short() -> None:
    assert len((RUNS / "three_qubit_chain.py").read_text().splitlines()) < 60


def test_it_is_thermal_where_both_baths_agree() -> None:
    """With n of both baths the same, each qubit is excited with the probability n/(2 n + 1), whatever the others do."""
    run = load(RUNS / "three_qubit_chain.toml", ["sweep.T_h=[0.3]", "sweep.T_c=[0.3]"])
    rho = Master(resolve(at_point(run, 0)[1]).build_model()).steady_state().real
    excited = 1 / (np.exp(1 / 0.3) + 1)
    one = np.array([1 - excited, excited])
    np.testing.assert_allclose(np.diag(rho), np.einsum("a,b,c->abc", one, one, one).ravel(), rtol=1e-9)
