"""Fig. 4(b) of Tacchino et al.; tacchino_fig4b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("tacchino_fig4b")
CAPTION = (
    "After Fig. 4(b) of the preprint of Tacchino et al., PRL 120, 063604 (2018): rates in units of $g$. Range "
    r"of $\delta$: chosen, not printed."
)
DETUNING = np.geomspace(1e-3, 1, 121)  # chosen, not printed


def curves(detuning: np.ndarray = DETUNING) -> np.ndarray:
    """Return the concurrence (detuning,)."""
    return steady(**style.machine(RUN, detuning=np.asarray(detuning)), names=["concurrence"])["concurrence"]


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence against the detuning."""
    figure, (axes,) = style.panels(RUN)
    axes.plot(DETUNING, curves(), color=style.BLUE)
    style.mark(axes, sampled(result, "concurrence"))
    axes.axhline(1 / 3, color=style.GREY, ls=style.DOTTED, lw=0.9, label="$C = 1/3$")
    style.label(axes, r"detuning $\delta/g$", "concurrence $C$", xscale="log", ylim=(-0.01, 0.42))
    axes.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
