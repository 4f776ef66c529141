"""Fig. 3 of Man et al.; man_fig3.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from man_fig2b import COLOURS
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("man_fig3")
CAPTION = (
    "After Fig. 3 of Man et al. (2019). Arrows: $T = T_C$; red: without common bath. Common temperatures and "
    "range of $T$: chosen, not printed."
)
T = np.linspace(0.5, 10, 191)  # chosen, not printed
T_C = (2.0, 4.0, 5.0, 6.0)  # chosen, not printed
NAMES = ["heat_current.C", "concurrence"]


def curves(T: np.ndarray = T, T_C: tuple[float, ...] = T_C) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the heat current Q_C and the concurrence (T_C, T), and the concurrence without the common bath (T,)."""
    common = steady(**style.machine(RUN, T_A=T, T_B=T, T_C=style.column(T_C)), names=NAMES)
    without = style.machine(RUN, T_A=T, T_B=T, T_C=1.0, gamma_C_A=0.0, gamma_C_B=0.0)
    return common["heat_current.C"], common["concurrence"], steady(**without, names=NAMES[1:])["concurrence"]


def draw(result: Any = None) -> Figure:
    """Return the figure: heat current and concurrence against T, a curve for each T_C, an arrow where T = T_C."""
    figure, panels = style.panels(RUN, 1, 2)
    *lines, without = curves()
    panels[1].plot(T, without, color=style.RED)
    ylabels = r"heat current $Q_C$ $(\Gamma^2)$", "concurrence $C$"
    for axes, family, name, ylabel in zip(panels, lines, NAMES, ylabels, strict=True):
        style.family(axes, T, family, T_C, r"$T_C = {}\,\Gamma$", sampled(result, name, "T"), COLOURS)
        axes.axhline(0, color=style.GREY, ls=style.DOTTED, lw=0.9)
        for line, at, colour in zip(family, T_C, COLOURS, strict=True):
            style.arrow(axes, T, line, T - at, colour)
        style.label(axes, r"individual baths $T_A = T_B = T$ $(\Gamma)$", ylabel)
    panels[1].plot([], [], color=style.RED, label="without")
    panels[0].legend()
    panels[1].legend()
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
