"""Fig. 2(b) of Tacchino et al.; tacchino_fig2b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("tacchino_fig2b")
CAPTION = (
    r"After Fig. 2(b) of Tacchino et al., PRL 120, 063604 (2018): rates in units of $g$. Range of $\kappa$: "
    "chosen, not printed."
)
KAPPA = np.geomspace(0.01, 1000, 101)  # chosen, not printed
NAMES = ["concurrence", "effective.concurrence"]


def curves(kappa: np.ndarray = KAPPA) -> tuple[np.ndarray, np.ndarray]:
    """Return the concurrence (kappa,) of the full model and of the effective one."""
    found = steady(**style.machine(RUN, kappa=kappa), names=NAMES)
    return found[NAMES[0]], found[NAMES[1]]


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence of both models against kappa."""
    figure, (axes,) = style.panels(RUN)
    full, effective = curves()
    axes.plot(KAPPA, full, color=style.BLUE, label="full model")
    axes.plot(KAPPA, effective, color=style.RED, ls=style.DASHED, label="effective model")
    style.mark(axes, sampled(result, "concurrence"))
    style.label(axes, r"cavity loss rate $\kappa/g$", "concurrence $C$", xscale="log", ylim=(-0.01, 0.52))
    axes.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
