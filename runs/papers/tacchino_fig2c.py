"""Fig. 2(c) of Tacchino et al.; tacchino_fig2c.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("tacchino_fig2c")
CAPTION = (
    r"After Fig. 2(c) of Tacchino et al., PRL 120, 063604 (2018): $\gamma = 10^{-3}g$; time in units of $1/p$. "
    r"Range of $\kappa$: chosen, not printed."
)
KAPPA = np.geomspace(0.01, 1000, 101)  # chosen, not printed
PUMP = (2e-4, 1e-3, 5e-3)
NAMES = ["concurrence", "effective.concurrence"]


def curves(p_over_g: tuple[float, ...] = PUMP, kappa_over_g: np.ndarray = KAPPA) -> tuple[np.ndarray, np.ndarray]:
    """Return the concurrence (p, kappa) of the full model and of the effective one; rates in units of g."""
    cavity = style.machine(RUN, p=style.column(p_over_g), kappa=np.asarray(kappa_over_g), gamma=1e-3)
    found = steady(**cavity, names=NAMES)
    return found[NAMES[0]], found[NAMES[1]]


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence against kappa, a colour for each pump rate, dashed of the effective model."""
    figure, (axes,) = style.panels(RUN)
    full, effective = curves()
    style.family(axes, KAPPA, full, PUMP, "$p/g$ = {}", sampled(result, "concurrence", "kappa_over_g"))
    for line, colour in zip(effective, style.COLOURS, strict=False):
        axes.plot(KAPPA, line, color=colour, ls=style.DASHED)
    axes.plot([], [], color=style.GREY, label="full model")
    axes.plot([], [], color=style.GREY, ls=style.DASHED, label="effective model")
    axes.axhline(1 / 3, color=style.GREY, ls=style.DOTTED, lw=0.9, label="$C = 1/3$")
    style.label(axes, r"cavity loss rate $\kappa/g$", "concurrence $C$", xscale="log", ylim=(-0.01, 0.48))
    style.legend_above(axes, 3)
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
