"""Fig. 2(b) of Brask et al.; brask_fig2b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from brask_fig2a import T_C, T_H, best
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("brask_fig2b")
CAPTION = (
    "After Fig. 2(b) of Brask et al., NJP 17, 113029 (2015): heat from the cold qubit to its bath; couplings "
    r"at which concurrence is largest, where it is not zero; $p_\mathrm{c} = 10^{-2}E$. Cold temperatures and "
    r"range of $T_\mathrm{h}$: chosen, not printed."
)


def curves(T_h: tuple[float, ...] = T_H, T_c: tuple[float, ...] = T_C) -> np.ndarray:
    """Return the heat current into the cold bath (T_c, T_h) at the best couplings, nan without entanglement."""
    concurrence, couplings = best(T_h, T_c)
    engine = style.machine(RUN, T_h=np.array(T_h), T_c=style.column(T_c), **couplings)
    heat = steady(**engine, names=["heat_current.c"])["heat_current.c"]
    return np.where(concurrence > 0, -heat, np.nan)


def draw(result: Any = None) -> Figure:
    """Return the figure: heat current against T_h, a curve for each T_c."""
    figure, (axes,) = style.panels(RUN)
    points, entangled = (sampled(result, name, "T_h") for name in ("heat_current.c", "concurrence"))
    if points is not None and entangled is not None:
        points = points.linear(-1.0).where(entangled.exact > 0)
    style.family(axes, np.array(T_H), curves(), T_C, r"$T_\mathrm{{c}}/E = {}$", points)
    style.label(axes, r"hot bath $T_\mathrm{h}/E$", r"heat current $Q_\mathrm{c}/E^2$", xlim=(0, 5.1))
    axes.legend()
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
