"""The reversed ensemble and the command `theorems`: the same bits however it is cut, and what is said where it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import trajectories
from trajectories.cli.main import main
from trajectories.errors import InputError
from trajectories.master.sectors import rotated
from trajectories.model import Channel, Model, Reservoir
from trajectories.report.entropy_histograms import gather, merge, weighted
from trajectories.report.fluctuation_theorems import (
    bins_of,
    compared_bins,
    detailed_row,
    windowed_row,
)
from trajectories.report.theorems import theorems
from trajectories.sampling import reversed_ensemble as module
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.sampling.reversed_ensemble import (
    Direction,
    backward,
    entropies,
    expected_entropy,
    forward,
    reverse_of,
    survival,
)
from trajectories.systems import diamond, local_engine


@pytest.fixture(scope="module")
def engine() -> Preparation:
    return prepare(local_engine(2.0, 0.3, 0.02, 0.01, 0.011), np.array([20.0, 60.0]), None, 4096)


# The same bits


@pytest.mark.parametrize("direction", [forward, backward])
def test_however_it_is_cut(
    engine: Preparation, monkeypatch: pytest.MonkeyPatch, direction: Callable[[Preparation], Direction]
) -> None:
    chosen = direction(engine)
    edges = engine.observables.edges[0]
    whole = entropies(chosen, 7, 0, 0, 500)
    parts = [entropies(chosen, 7, 0, first, n) for first, n in ((0, 1), (1, 200), (201, 299))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    before = gather(chosen, edges, 7, 0, 0, 500, 128)
    monkeypatch.setattr(module, "JUMPS_PER_CALL", 50)
    np.testing.assert_array_equal(whole, entropies(chosen, 7, 0, 0, 500))
    for one, other in zip(before, gather(chosen, edges, 7, 0, 0, 500, 128), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(whole, entropies(chosen, 8, 0, 0, 500))


def test_streams_of_its_own() -> None:
    """Where the process is its own reverse, only the streams tell the two ensembles apart."""
    preparation = prepare(diamond(0, 1), np.array([1.0]), None, 4096)
    ahead, reverse = forward(preparation), backward(preparation)
    for one, other in zip(ahead.plan, reverse.plan, strict=True):
        np.testing.assert_array_equal(one, other)
    both = [entropies(one, 3, 0, 0, 200) for one in (ahead, reverse)]
    assert not np.array_equal(*both)
    np.testing.assert_array_equal(both[0], entropies(reverse._replace(family=0), 3, 0, 0, 200))


def test_the_forward_side_is_the_result() -> None:
    """Sampled anew, the forward trajectories fill the very bins that the run has filled."""
    result = trajectories.run(diamond(-1, 1), duration=0.5, trajectories=3000, seed=5)
    preparation = result.points[0].preparation
    found, running = gather(
        forward(preparation), preparation.observables.edges[0], 5, 0, 0, result.trajectories, preparation.block_size
    )
    np.testing.assert_array_equal(found.bins, result.histogram()[1])
    assert running.n[-1] == result.trajectories
    assert running.mean[-1] == pytest.approx(found.sums[0].sum() / found.count, rel=1e-12)


# The reversed process


def test_it_is_the_forward_one_conjugated(engine: Preparation) -> None:
    reverse = reverse_of(engine)
    for found, wanted in zip(
        rotated(reverse.model, reverse.sectors)[:2], rotated(engine.model, engine.sectors)[:2], strict=True
    ):
        # H_eff = H - i loss/2: the Hermitian parts are conjugated, not the whole.
        if wanted.ndim == 3:
            np.testing.assert_allclose(found, wanted.conj(), atol=1e-14)
        else:
            np.testing.assert_allclose(found + found.conj().T, (wanted + wanted.conj().T).conj(), atol=1e-14)
            np.testing.assert_allclose(found - found.conj().T, -(wanted - wanted.conj().T).conj(), atol=1e-14)
    rho = engine.sectors.unflatten(engine.exact.density[-1])
    again = (reverse.start.vectors * reverse.start.probabilities) @ reverse.start.vectors.conj().T
    np.testing.assert_allclose(again, rho.conj(), atol=1e-14)
    assert np.abs(rho.imag).max() > 0.01


def test_no_entropy_no_reverse() -> None:
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    model = Model(
        np.zeros((2, 2)), [Channel("decay", lower, "drain", -1.0, "none")], [Reservoir("drain")], entropy=False
    )
    preparation = prepare(model, np.array([1.0]), np.diag([0.0, 1.0]).astype(complex), 64)
    for refused in (forward, backward, expected_entropy, survival):
        with pytest.raises(InputError, match="no entropy accounting"):
            refused(preparation)


def test_what_undoes_nothing_is_infinite() -> None:
    """A one-way jump, or an end outside the forward start's support, in either direction."""
    one_way = prepare(diamond(-np.inf, 1), np.array([0.2]), None, 1024)
    lost = entropies(backward(one_way), 1, 0, 0, 4000)
    share = np.isinf(lost).mean()
    # Reference value: 1 - lambda = 0.785010.
    assert survival(one_way) == pytest.approx(0.785010, abs=1e-6)
    assert abs(1 - share - 0.785010) < 5 * np.sqrt(0.785 * 0.215 / 4000)
    start = prepare(diamond(1, 1), np.array([0.2]), np.diag([1.0, 0, 0, 0]).astype(complex), 1024)
    assert np.isinf(entropies(backward(start), 1, 0, 0, 400)).any()
    assert np.isfinite(entropies(forward(start), 1, 0, 0, 400)).all()


def test_equal_temperatures_produce_nothing() -> None:
    result = trajectories.run(diamond(1, 1), duration=1.0, trajectories=2000, seed=1)
    found = theorems(result)
    assert {row.status for row in found.rows} == {"exact"}
    assert found.verdict == "agree"


# Statistics


def test_merging_is_the_statistics_of_all() -> None:
    rng = np.random.default_rng(1)
    values = np.append(rng.normal(0.5, 1.0, 999), np.inf)
    edges = np.linspace(-5.05, 5.05, 102)
    for mirrored in (False, True):
        whole = weighted(values, edges, mirrored)
        merged = merge(weighted(values[:300], edges, mirrored), weighted(values[300:], edges, mirrored))
        for one, other in zip(whole, merged, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
    finite = values[:-1]
    assert whole.infinite == 1 and whole.count == 1000 and whole.bins.sum() == 999
    assert whole.mean == pytest.approx(finite.mean()) and whole.m2 == pytest.approx(999 * finite.var())
    np.testing.assert_array_equal(whole.bins[1:-1], np.histogram(-finite, edges)[0])
    ahead = weighted(values, edges, False)
    w = np.exp(-finite)
    assert ahead.sums[:, 1:-1].sum() == pytest.approx(w.sum() + (w**2).sum() + (w**3).sum())
    assert ahead.effective == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert ahead.largest_share == pytest.approx(w.max() / w.sum())


def test_which_bins_are_compared() -> None:
    edges = np.linspace(-10.1, 10.1, 102)
    centre = 0.5 * (edges[1:] + edges[:-1])
    density = np.exp(-0.5 * (centre - 1) ** 2 / 2) / np.sqrt(4 * np.pi) * 0.2
    ahead, reverse = density * 1e5, density[::-1] * 1e5
    padded = [np.concatenate([[1e6], one, [1e6]]) for one in (ahead, reverse)]
    bins = compared_bins(edges, *padded)
    assert len(bins) > 20
    assert all(a.stop <= b.start for a, b in zip(bins[:-1], bins[1:], strict=True))
    for one in bins:
        span = edges[one.stop] - edges[one.start]
        worth = 4 * np.exp(-span) / (1 + np.exp(-span)) ** 2
        assert ahead[one].sum() * np.exp(span) >= 50 and reverse[one].sum() * np.exp(span) >= 50 and worth > 0.1
    # Neither underflow nor overflow, and nothing where only one of them could ever be seen.
    assert edges[bins[0].start] > -6 and edges[bins[-1].stop] < 6
    # A bin that the forward ensemble should visit, by what the reversed one says, is compared although it does not.
    absent = padded[0].copy()
    absent[51] = 0
    assert any(one.start <= 50 < one.stop for one in compared_bins(edges, absent, padded[1]))
    assert compared_bins(edges, 1e-6 * padded[0], 1e-6 * padded[1]) == []


def test_nothing_to_compare_is_unresolved() -> None:
    result = trajectories.run(diamond(-2, 3), duration=6.0, trajectories=256, seed=1)
    found = theorems(result, 64)
    status = {row.quantity: row.status for row in found.rows}
    assert status["detailed_fluctuation_theorem"] == status["windowed_fluctuation_theorem"] == "unresolved"
    # The mean of Delta S is close to normal even so, by its exact moments: it is what the verdict rests on.
    judged = {row.quantity for row in found.rows if row.status == "agree"}
    assert judged == {"entropy_production", "reversed_entropy_production"} and found.exit_status == 0
    assert "50 trajectories" in found.text()
    json.dumps(found.json(), allow_nan=False)
    with pytest.raises(InputError, match="must be 1 or more"):
        theorems(result, 0)


def test_chi_squared_and_window_of_a_hand_made_sample() -> None:
    """Two atoms: Delta S = -1 and 1 with p(1) = e p(-1); the reversed ensemble is the same."""
    edges = np.linspace(-3.03, 3.03, 102)
    p = 1 / (1 + np.e)
    values = np.repeat([-1.0, 1.0], [int(1e5 * p), int(1e5 * (1 - p))])
    both = weighted(values, edges, False), weighted(values, edges, True)
    bins = compared_bins(edges, both[0].bins, both[1].bins)
    assert len(bins) == 2
    found = bins_of(*both, bins)
    assert found is not None
    np.testing.assert_allclose(found.delta, [-1, 1], atol=1e-12)
    np.testing.assert_allclose(found.log_ratio[0], [-1, 1], atol=1e-4)
    row = detailed_row(found, 1.0)
    assert row.exact == 2 and row.p_value is not None and row.p_value > 0.99
    window = windowed_row(*both, edges, True, 1.0)
    n = len(values)
    y = np.exp(-values) - 1
    assert window.estimate == pytest.approx(y.mean(), abs=1e-12)
    assert window.standard_error == pytest.approx(y.std(ddof=1) / np.sqrt(n), rel=1e-9)
    # One in a hundred moved from one atom to the other is seen.
    moved = np.repeat([-1.0, 1.0], [int(1.02e5 * p), n - int(1.02e5 * p)])
    wrong = bins_of(weighted(moved, edges, False), both[1], bins)
    p_value = detailed_row(wrong, 1.0).p_value
    assert p_value is not None and p_value < 0.01


# The command


@pytest.fixture
def result_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    trajectories.run(diamond(0, 1), duration=1.0, trajectories=20_000, output="small.h5", seed=1)
    return tmp_path / "small.h5"


def test_the_command(result_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theorems", "small.h5"]) == 0
    text = capsys.readouterr().out
    for word in ("detailed_fluctuation_theorem", "windowed_fluctuation_theorem", "effective number", "verdict: agree"):
        assert word in text
    assert (result_file.parent / "small_theorems.png").read_bytes().startswith(b"\x89PNG")
    before = (result_file.parent / "small_theorems.png").read_bytes()
    assert main(["theorems", "small.h5", "--json", "--trajectories", "1e4", "-o", "other.pdf"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "agree" and found["points"][0]["trajectories"]["reversed"] == 10_000
    names = {row["quantity"] for row in found["points"][0]["rows"]}
    assert {"integral_fluctuation_theorem", "generating_function", "detailed_fluctuation_theorem"} <= names
    assert (result_file.parent / "other.pdf").read_bytes().startswith(b"%PDF")
    (result_file.parent / "small_theorems.png").unlink()
    assert main(["theorems", "small.h5", "--no-figure"]) == 0
    assert not (result_file.parent / "small_theorems.png").exists()
    assert main(["theorems", "small.h5"]) == 0
    assert (result_file.parent / "small_theorems.png").read_bytes() == before


def test_the_command_refuses(result_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theorems", "small.h5", "-o", "small.jpg"]) == 2
    assert "must be .png or .pdf" in capsys.readouterr().err
    assert main(["theorems", "small.h5", "--trajectories", "0"]) == 2
    assert "must be 1 or more" in capsys.readouterr().err
    assert main(["theorems", "missing.h5"]) == 2
