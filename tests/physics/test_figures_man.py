"""The exact side of the figures of Man et al. (2019), as their run files describe them, at points with known values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trajectories.figures.exact_side import Arrays, ExactSide
from trajectories.figures.paper_figure import PaperFigure
from trajectories.runfiles.run import Run, load

RUNS = Path(__file__).parents[2] / "runs"
T = np.array([2.0, 4.0, 6.0, 8.0, 10.0])


def figure(name: str) -> Run:
    return load(RUNS / f"man_{name}.toml")


def drawn(run: Run, grid: Arrays, panel: int = 0, formula: int = 0) -> np.ndarray:
    """What a figure draws, at points instead of its own grid."""
    assert run.figure.paper is not None
    shown = run.figure.paper.formulas[panel][formula]
    found = ExactSide(run, run.figure.paper.lines).values(grid, shown.of.names)
    return np.asarray(shown.of.evaluate(found))


def test_concurrence_with_and_without_the_common_bath() -> None:
    """Figs. 2(a), (b): epsilon = 20, Omega = 10; reference values, to their digits."""
    alone = [0.006602, 0.062859, 0.092565, 0.075046, 0.033024]
    cold = [0.006641, 0.068399, 0.120638, 0.135949, 0.126402]
    warm = [0.0, 0.028236, 0.092565, 0.113836, 0.107217]
    curves, gain = figure("fig2b"), figure("fig2a")
    for T_C, known in ((0.0, cold), (6.0, warm)):
        grid = {"T": T, "T_C": np.full(5, T_C)}
        np.testing.assert_allclose(drawn(curves, grid), known, atol=5.1e-7)
        np.testing.assert_allclose(drawn(curves, grid, formula=1), alone, atol=5.1e-7)
        np.testing.assert_allclose(drawn(gain, grid), np.subtract(known, alone), atol=1.1e-6)


def test_heat_out_of_the_common_bath() -> None:
    """Fig. 3: Omega = 6, T_C = 5; reference values, one of them rounded up in the last digit."""
    grid = {"T": np.array([2.0, 4.0, 5.0, 6.0, 8.0]), "T_C": np.full(5, 5.0)}
    known = [0.20091, 0.14373, 0.0, -0.27116, -1.19775]
    np.testing.assert_allclose(drawn(figure("fig3"), grid), known, atol=1e-5)


THERMALISED = {
    5.0: (0.947051, 6.740304),
    4.0: (1.425262, 6.499260),
    3.0: (1.859682, 6.374011),
    2.0: (2.077412, 6.334557),
}
"""T_A -> Delta epsilon and T_eff; reference values."""


def test_effective_temperatures_meet_at_the_thermalisation_points() -> None:
    """Fig. 4, T_B = 8: both temperatures at the exact detuning, and nowhere else."""
    run = figure("fig4")
    for T_A, (detuning, temperature) in THERMALISED.items():
        grid = {"T_A": np.full(2, T_A), "detuning": np.array([detuning, detuning + 1])}
        first, second = (drawn(run, grid, formula=i) for i in (0, 1))
        assert first[0] == pytest.approx(temperature, abs=1e-6) and second[0] == pytest.approx(temperature, abs=1e-6)
        assert abs(first[1] - second[1]) > 0.1


def test_the_common_bath_at_the_thermalisation_points() -> None:
    """Fig. 5: the search finds the exact detuning; at T_C = T_eff there is no heat, and the concurrence is C_AB."""
    run = figure("fig5")
    assert run.figure.paper is not None
    for T_A, (detuning, temperature) in THERMALISED.items():
        grid = {"T_A": np.full(3, T_A), "T_C": temperature * np.array([0.95, 1.0, 1.02])}
        found = ExactSide(run, run.figure.paper.lines).values(grid, ["detuning"])["detuning"]
        np.testing.assert_allclose(found, detuning, atol=2e-6)
        heat, concurrence, alone = drawn(run, grid), drawn(run, grid, 1), drawn(run, grid, 1, 1)
        assert heat[0] < -0.03 and abs(heat[1]) < 5e-6 and heat[2] > 0.01
        assert concurrence[0] > alone[0] + 1e-3 and concurrence[2] < alone[2]
        assert concurrence[1] == pytest.approx(alone[1], abs=1e-6)


def test_superconducting_qubits() -> None:
    """Fig. 7(a), (b): with dephasing, GHz; reference values."""
    temperatures = np.array([0.2, 0.4, 0.6])
    alone, cold = np.array([0.16241, 0.19253, 0.09719]), np.array([0.17233, 0.24380, 0.20043])
    grid = {"T": temperatures, "T_C": np.full(3, 0.01)}
    np.testing.assert_allclose(drawn(figure("fig7a"), grid), cold, atol=5.1e-6)
    np.testing.assert_allclose(drawn(figure("fig7b"), grid), cold / alone - 1, atol=2e-4)


def test_maxima_in_and_out_of_equilibrium() -> None:
    """Fig. 7(c): no maximum is below what Fig. 7(a) has at any point, and equilibrium gains nothing from T_C."""
    run = figure("fig7c")
    ratio, difference = (float(drawn(run, {"Omega": np.array([0.7])}, panel)[0]) for panel in (0, 1))
    best = ExactSide(run, run.figure.paper.lines if run.figure.paper else {})
    found = best.values({"Omega": np.array([0.7])}, ["any.concurrence", "equal.concurrence"])
    free, equal = found["any.concurrence"][0], found["equal.concurrence"][0]
    assert ratio == pytest.approx(free / equal, rel=1e-12) and difference == pytest.approx(free - equal, rel=1e-12)
    grid = np.meshgrid(np.linspace(0.2, 0.6, 81), [0.01, 0.1])
    other = drawn(figure("fig7a"), {"T": grid[0].ravel(), "T_C": grid[1].ravel()})
    assert free == pytest.approx(other.max(), rel=1e-4) and free >= other.max()
    same = np.linspace(0.2, 0.6, 401)
    assert equal == pytest.approx(drawn(figure("fig7a"), {"T": same, "T_C": same}).max(), rel=1e-5)


@pytest.mark.parametrize("name", ["fig2a", "fig2b", "fig3", "fig4", "fig7a", "fig7b"])
def test_every_figure_has_its_whole_grid(name: str) -> None:
    run = figure(name)
    assert run.figure.paper is not None
    shown = PaperFigure(run, run.figure.paper)
    assert all(np.isfinite(column).all() for column in shown.exact.values())
    assert run.figure.formats == ("png", "pdf") and "printed" in run.figure.paper.caption
