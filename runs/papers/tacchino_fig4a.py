"""Fig. 4(a) of Tacchino et al.; tacchino_fig4a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("tacchino_fig4a")
CAPTION = (
    "After Fig. 4(a) of the preprint of Tacchino et al., PRL 120, 063604 (2018): rates in units of $g$. Range "
    r"of $\gamma_z$: chosen, not printed."
)
DEPHASING = np.geomspace(1e-4, 0.3, 121)  # chosen, not printed


def curves(dephasing: np.ndarray = DEPHASING) -> np.ndarray:
    """Return the concurrence (dephasing,)."""
    return steady(**style.machine(RUN, dephasing=np.asarray(dephasing)), names=["concurrence"])["concurrence"]


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence against the dephasing rate."""
    figure, (axes,) = style.panels(RUN)
    axes.plot(DEPHASING, curves(), color=style.BLUE)
    style.mark(axes, sampled(result, "concurrence"))
    axes.axhline(1 / 3, color=style.GREY, ls=style.DOTTED, lw=0.9, label="$C = 1/3$")
    axes.axvline(RUN["system"]["gamma"], color=style.GREY, ls=style.DASHED, lw=0.9, label=r"$\gamma_z = \gamma$")
    style.label(axes, r"dephasing rate $\gamma_z/g$", "concurrence $C$", xscale="log", ylim=(-0.01, 0.42))
    axes.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
