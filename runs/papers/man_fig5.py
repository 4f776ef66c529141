"""Fig. 5 of Man et al.; man_fig5.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import man_fig4
import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled
from scipy.optimize import brentq

from trajectories.exact import steady

RUN = style.run_file("man_fig5")
CAPTION = (
    "After Fig. 5 of Man et al. (2019); the detuning is the exact one of thermalisation, "
    r"$T_\mathrm{eff}(\omega_1) = T_\mathrm{eff}(\omega_2)$. Arrows: the heat current changes sign, at $T_C = "
    r"T_\mathrm{eff}$. Range of $T_C$: chosen, not printed."
)
T_A = (5.0, 4.0, 3.0, 2.0)
T_C = np.linspace(0.5, 9, 52)  # chosen, not printed
NAMES = ["heat_current.C", "concurrence"]


def thermalisation(T_A: float) -> float:
    """Return the detuning at which both transitions have one temperature (Fig. 4)."""
    return float(brentq(lambda detuning: np.subtract(*man_fig4.curves(detuning, T_A)), 0.5, 3, xtol=1e-10))


def curves(T_C: np.ndarray = T_C, T_A: tuple[float, ...] = T_A) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the heat current Q_C and the concurrence (T_A, T_C), and the concurrence without common bath (T_A, 1)."""
    detuning = style.column([thermalisation(one) for one in T_A])
    qubits = man_fig4.detuned(RUN, detuning, T_A=style.column(T_A))
    common = steady(**qubits | {"T_C": T_C}, names=NAMES)
    without = steady(**qubits | {"T_C": 1.0, "gamma_C_A": 0.0, "gamma_C_B": 0.0}, names=NAMES[1:])
    return common["heat_current.C"], common["concurrence"], without["concurrence"]


def draw(result: Any = None) -> Figure:
    """Return the figure: Q_C and concurrence against T_C, a column for each T_A, an arrow where Q_C changes sign."""
    figure, panels = style.panels(RUN, 2, 4)
    heats, concurrences, without = curves()
    points = [sampled(result, name, "T_C") for name in NAMES]
    for column, at in enumerate(T_A):
        for axes, lines, found in zip((panels[column], panels[column + 4]), (heats, concurrences), points, strict=True):
            axes.plot(T_C, lines[column], color=style.BLUE, label=r"$C_{ABC}$")
            style.mark(axes, None if found is None else found.of(at))
            style.arrow(axes, T_C, lines[column], heats[column])
            axes.axhline(0, color=style.GREY, ls=style.DASHED, lw=0.9)
        panels[column + 4].axhline(without[column, 0], color=style.RED, ls=style.DOTTED, label="$C_{AB}$")
        panels[column].set_title(rf"$T_A = {at:g}\,\Gamma$", fontsize=7.5)
        style.label(panels[column], "", r"heat current $Q_C$ $(\Gamma^2)$", ylim=(-0.9, 1.7))
        style.label(panels[column + 4], r"common bath $T_C/\Gamma$", "concurrence $C$", ylim=(-0.003, 0.056))
    panels[4].legend(loc="upper right")
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
