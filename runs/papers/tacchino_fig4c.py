"""Fig. 4(c) of Tacchino et al.; tacchino_fig4c.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("tacchino_fig4c")
CAPTION = (
    "After Fig. 4(c) of the preprint of Tacchino et al., PRL 120, 063604 (2018): rates in units of $g$. Range "
    "of $p_c$: chosen, not printed."
)
PUMP = np.geomspace(1e-3, 0.9, 121)  # chosen, not printed


def curves(cavity_pump: np.ndarray = PUMP) -> np.ndarray:
    """Return the concurrence (cavity_pump,)."""
    return steady(**style.machine(RUN, cavity_pump=np.asarray(cavity_pump)), names=["concurrence"])["concurrence"]


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence against the pump rate of the cavity."""
    figure, (axes,) = style.panels(RUN)
    axes.plot(PUMP, curves(), color=style.BLUE)
    style.mark(axes, sampled(result, "concurrence"))
    axes.axhline(1 / 3, color=style.GREY, ls=style.DOTTED, lw=0.9, label="$C = 1/3$")
    style.label(axes, "cavity pump rate $p_c/g$", "concurrence $C$", xscale="log", ylim=(-0.01, 0.42))
    axes.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
