"""The engine from Python: seeds, public names, and one quantity of one point."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trajectories
from trajectories.report import tables
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.systems import diamond

ROOT = Path(__file__).parents[2]


def sampled(beta_S: float, **more: Any) -> trajectories.Result:
    return trajectories.run(diamond(beta_A=-1.0, beta_S=beta_S), duration=2.0, trajectories=256, **more)


def test_a_seed_is_fresh_and_kept() -> None:
    one, other = sampled(1.0), sampled(1.0)
    assert one.seed != other.seed and 0 <= min(one.seed, other.seed) <= max(one.seed, other.seed) < 2**63
    assert not np.array_equal(one.points[0].total.mean, other.points[0].total.mean)
    again = sampled(1.0, seed=one.seed)
    np.testing.assert_array_equal(again.points[0].total.mean, one.points[0].total.mean)


def test_a_stored_result_keeps_its_seed(tmp_path: Path) -> None:
    """Without a seed a file is resumed and extended with its own; with another one it is refused."""
    output = tmp_path / "a.h5"
    first = sampled(1.0, output=output)
    again = sampled(1.0, output=output)
    more = trajectories.run(diamond(-1.0, 1.0), duration=2.0, trajectories=512, output=output)
    assert first.seed == again.seed == more.seed and more.trajectories == 512
    with pytest.raises(trajectories.InputError, match=f"ensemble.seed: {first.seed} in the file, 5 asked for"):
        sampled(1.0, output=output, seed=5)
    with pytest.raises(trajectories.InputError, match=r"system\.beta_S: 1 in the file, 2 asked for") as caught:
        sampled(2.0, output=output)
    assert "seed" not in str(caught.value)


def correlation(seeds: list[tuple[int | None, int | None]]) -> float:
    """Of the errors of the activity at two neighbouring points, over pairs of runs with these seeds."""
    errors = []
    for pair in seeds:
        found = [sampled(beta, seed=seed)["activity"] for beta, seed in zip((1.0, 1.1), pair, strict=True)]
        errors.append([(one.estimate[-1] - one.exact[-1]) / one.standard_error[-1] for one in found])
    return float(np.corrcoef(np.array(errors).T)[0, 1])


def test_points_of_a_loop_are_independent() -> None:
    """Fresh seeds: |r| < 0.79 for 20 independent pairs but once in 10^5 (Fisher: atanh r has the error 1/sqrt(17)).

    With one seed for both the errors go together (r = 0.95 here).
    """
    assert correlation([(k, k) for k in range(20)]) > 0.79
    assert abs(correlation([(None, None)] * 20)) < 0.79


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every snippet of the section, one after another, with fewer trajectories."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## From Python")[2].partition("\n## ")[0]
    (tmp_path / "runs").symlink_to(ROOT / "runs")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    snippets = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(snippets) == 4
    for snippet in snippets:
        exec(re.sub(r"\b\d+_000\b", "640", snippet), names)
        if "heat" in names and np.ndim(names["heat"].estimate) == 3:
            assert names["heat"].estimate.shape == (3, 2, 1) and names["hot"].tolist() == [1.0, 1.5, 2.0]
    assert trajectories.open("engine.h5").records[7].text() == names["trajectory"].text()
    assert names["rho_t"].shape == (3, 4, 4) and names["waits"].x.shape == (40,) and names["entangled"].shape == (4,)


def test_everything_may_be_imported() -> None:
    names: dict[str, Any] = {}
    exec("from trajectories import *", names)
    assert "open" not in names and {"run", "sweep", "load", "Model", "systems", "exact"} <= names.keys()
    assert callable(trajectories.open) and "open" in dir(trajectories)


def sweep_of(points: int) -> Run:
    return Run.from_mapping(
        {
            "system": {"name": "diamond", "beta_A": -1.0},
            "ensemble": {"trajectories": 640, "duration": 1.0, "samples": 2},
            "sweep": {"beta_S": [0.1 * point for point in range(points)]},
        }
    )


def test_a_quantity_of_one_point_looks_at_that_point_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    result = execute(jobs_of(sweep_of(5)))
    wanted = [row for row in result.report().point_rows(3) if (row.quantity, row.reservoir) == ("heat_current", "S")]
    looked_at = []
    rows_of = tables.rows_of
    monkeypatch.setattr(
        "trajectories.report.result.rows_of", lambda point: looked_at.append(point.index) or rows_of(point)
    )
    found = result.estimate("heat_current", "S", point=3)
    assert result.estimate("activity", point=3).times.tolist() == [0.5, 1.0]
    assert looked_at == [3]
    for name in ("estimate", "standard_error", "exact"):
        assert getattr(found, name).tolist() == [getattr(row, name) for row in wanted]
    assert ("heat_current", "S") in result.quantities(3)
    with pytest.raises(trajectories.InputError, match="choose one of"):
        result.estimate("heat", point=2)
    with pytest.raises(trajectories.InputError, match="point 5: must be a point from 0 to 4"):
        result.estimate("activity", point=5)
