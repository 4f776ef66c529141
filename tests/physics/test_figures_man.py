"""The curves of the scripts of Man et al. (2019), at points with known values."""

from __future__ import annotations

from typing import Any

import man_fig2a
import man_fig2b
import man_fig3
import man_fig4
import man_fig5
import man_fig7a
import man_fig7b
import man_fig7c
import numpy as np
import pytest
from style import column

T = np.array([2.0, 4.0, 6.0, 8.0, 10.0])


def test_concurrence_with_and_without_the_common_bath() -> None:
    """Figs. 2(a), (b): epsilon = 20, Omega = 10; reference values, to their digits."""
    alone = [0.006602, 0.062859, 0.092565, 0.075046, 0.033024]
    cold = [0.006641, 0.068399, 0.120638, 0.135949, 0.126402]
    warm = [0.0, 0.028236, 0.092565, 0.113836, 0.107217]
    common, without = man_fig2b.curves(T, (0.0, 6.0))
    np.testing.assert_allclose(common, [cold, warm], atol=5.1e-7)
    np.testing.assert_allclose(without, alone, atol=5.1e-7)
    gain = man_fig2a.curves(T, column([0.0, 6.0]))
    np.testing.assert_allclose(gain, np.subtract([cold, warm], alone), atol=1.1e-6)


def test_heat_out_of_the_common_bath() -> None:
    """Fig. 3: Omega = 6, T_C = 5; reference values, one of them rounded up in the last digit."""
    heat, _, _ = man_fig3.curves(np.array([2.0, 4.0, 5.0, 6.0, 8.0]), (5.0,))
    np.testing.assert_allclose(heat[0], [0.20091, 0.14373, 0.0, -0.27116, -1.19775], atol=1e-5)


THERMALISED = {
    5.0: (0.947051, 6.740304),
    4.0: (1.425262, 6.499260),
    3.0: (1.859682, 6.374011),
    2.0: (2.077412, 6.334557),
}
"""T_A -> Delta epsilon and T_eff; reference values."""


def test_effective_temperatures_meet_at_the_thermalisation_points() -> None:
    """Fig. 4, T_B = 8: both temperatures at the exact detuning, and nowhere else."""
    for T_A, (detuning, temperature) in THERMALISED.items():
        first, second = man_fig4.curves(np.array([detuning, detuning + 1]), T_A)
        assert first[0] == pytest.approx(temperature, abs=1e-6) and second[0] == pytest.approx(temperature, abs=1e-6)
        assert abs(first[1] - second[1]) > 0.1


def test_the_common_bath_at_the_thermalisation_points() -> None:
    """Fig. 5: the search finds the exact detuning; at T_C = T_eff there is no heat, and the concurrence is C_AB."""
    for T_A, (detuning, temperature) in THERMALISED.items():
        assert man_fig5.thermalisation(T_A) == pytest.approx(detuning, abs=2e-6)
        heat, concurrence, alone = (
            lines[0] for lines in man_fig5.curves(temperature * np.array([0.95, 1.0, 1.02]), (T_A,))
        )
        assert heat[0] < -0.03 and abs(heat[1]) < 5e-6 and heat[2] > 0.01
        assert concurrence[0] > alone[0] + 1e-3 and concurrence[2] < alone[0]
        assert concurrence[1] == pytest.approx(alone[0], abs=1e-6)


def test_superconducting_qubits() -> None:
    """Fig. 7(a), (b): with dephasing, GHz; reference values."""
    temperatures = np.array([0.2, 0.4, 0.6])
    alone, cold = np.array([0.16241, 0.19253, 0.09719]), np.array([0.17233, 0.24380, 0.20043])
    np.testing.assert_allclose(man_fig7a.curves(temperatures, 0.01), cold, atol=5.1e-6)
    np.testing.assert_allclose(man_fig7b.curves(temperatures, 0.01), cold / alone - 1, atol=2e-4)


def test_maxima_in_and_out_of_equilibrium() -> None:
    """Fig. 7(c): no maximum is below what Fig. 7(a) has at any point, and equilibrium gains nothing from T_C."""
    (free,), (equal,) = (maxima[0] for maxima in man_fig7c.curves(np.array([0.7]), (0.01,)))
    other = man_fig7a.curves(np.linspace(0.2, 0.6, 81), column([0.01, 0.1]))
    assert free == pytest.approx(other.max(), rel=1e-4) and free >= other.max()
    same = np.linspace(0.2, 0.6, 401)
    assert equal == pytest.approx(man_fig7a.curves(same, same).max(), rel=1e-5)


@pytest.mark.parametrize("script", [man_fig2a, man_fig2b, man_fig3, man_fig4, man_fig5, man_fig7a])
def test_every_figure_has_its_whole_grid(script: Any) -> None:
    lines = script.curves()
    for one in lines if isinstance(lines, tuple) else (lines,):
        assert np.isfinite(one).all()
    # The relative gain exists where there is entanglement without the common bath.
    without = np.isfinite(man_fig7b.alone(man_fig7b.T))
    assert (np.isfinite(man_fig7b.curves()) == without).all() and 0 < without.sum() < len(without)
