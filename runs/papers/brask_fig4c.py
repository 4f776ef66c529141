"""Fig. 4(c) of Brask et al.; brask_fig4c.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

RUN = style.run_file("brask_fig4c")
CAPTION = (
    r"After Fig. 4(c) of Brask et al., NJP 17, 113029 (2015): double quantum dot, $T_\mathrm{c} = 0$, couplings "
    r"optimised at each point. Coulomb energies and range of $T_\mathrm{h}$: chosen, not printed."
)
T_H = np.geomspace(0.2, 100, 91)  # chosen, not printed
REPULSION = (0.0, 2.0, 5.0, 20.0, 100.0)  # chosen, not printed


def curves(T_h: np.ndarray = T_H, U: tuple[float, ...] = REPULSION) -> np.ndarray:
    """Return the largest concurrence (U, T_h)."""
    return style.search(RUN, T_h=T_h, U=style.column(U))[0]


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence against T_h, a curve for each Coulomb energy."""
    figure, (axes,) = style.panels(RUN)
    style.family(axes, T_H, curves(), REPULSION, "$U/E = {}$", sampled(result, "concurrence", "T_h"))
    style.label(axes, r"hot bath $T_\mathrm{h}/E$", "concurrence $C$", xscale="log")
    style.legend_above(axes, 3)
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
