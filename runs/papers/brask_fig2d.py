"""Fig. 2(d) of Brask et al., NJP 17, 113029 (2015): the lowest temperature of the hot bath at which some couplings of
the reset engine entangle, against the temperature of the cold bath. It diverges at T_c/E = 0.21811 (the paper prints
0.21): above it no hot bath is hot enough. A threshold is where the concurrence vanishes, found by search: there is
nothing to sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure

from trajectories.exact import steady

# Neither T_h nor the couplings matter: the threshold is over all of them.
SYSTEM = {"name": "reset_engine", "T_h": 1.0, "g": 1e-3, "p_c": 1e-2, "p_h": 1e-2}
RUN = {"name": "brask_fig2d", "title": "Reset engine: threshold of entanglement", "system": SYSTEM}
CAPTION = (
    "After Fig. 2(d) of Brask et al., NJP 17, 113029 (2015): above the line some couplings entangle "
    r"($T_\mathrm{h}$, $g$ and $p_\mathrm{h}$ given below play no part). Axis ranges: chosen, not printed."
)
T_C = np.linspace(0, 0.216, 109)  # chosen, not printed
DIVERGES = 0.2181090


def curves(T_c: np.ndarray = T_C) -> np.ndarray:
    """Return the threshold of T_h (T_c,), nan where there is none."""
    return steady(**style.machine(RUN, T_c=T_c), names=["threshold_temperature"])["threshold_temperature"]


def draw(result: Any = None) -> Figure:
    """Return the figure: the threshold of T_h against T_c, where both agree, and where it diverges."""
    figure, (axes,) = style.panels(RUN)
    axes.plot(T_C, curves(), label="threshold")
    axes.plot(T_C, T_C, color=style.GREY, ls=style.DOTTED, lw=0.9, label=r"$T_\mathrm{h} = T_\mathrm{c}$")
    axes.axvline(DIVERGES, color=style.RED, ls=style.DASHED, lw=0.9, label=r"$T_\mathrm{c}/E = 0.2181$")
    limits = {"xlim": (0, 0.23), "ylim": (0, 6)}  # chosen, not printed
    style.label(axes, r"cold bath $T_\mathrm{c}/E$", r"hot bath $T_\mathrm{h}/E$", **limits)
    axes.legend(loc="upper left")
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
