"""Fig. 2(c) of Brask et al.; brask_fig2c.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from brask_fig2a import T_C, T_H, best
from matplotlib.figure import Figure
from sampled_points import of_report, sampled

from trajectories.exact import steady

RUN = style.run_file("brask_fig2c")
CAPTION = (
    "After Fig. 2(c) of Brask et al., NJP 17, 113029 (2015): couplings at which concurrence is largest, where "
    r"it is not zero. Cold temperatures and range of $T_\mathrm{h}$: chosen, not printed."
)


def curves(T_h: tuple[float, ...] = T_H, T_c: tuple[float, ...] = T_C) -> np.ndarray:
    """Return the purity (T_c, T_h) at the best couplings, nan without entanglement."""
    concurrence, couplings = best(T_h, T_c)
    engine = style.machine(RUN, T_h=np.array(T_h), T_c=style.column(T_c), **couplings)
    return np.where(concurrence > 0, steady(**engine, names=["purity"])["purity"], np.nan)


def draw(result: Any = None) -> Figure:
    """Return the figure: purity against T_h, a curve for each T_c."""
    figure, (axes,) = style.panels(RUN)
    points, entangled = of_report(result, "purity", "T_h"), sampled(result, "concurrence", "T_h")
    if points is not None and entangled is not None:
        points = points.where(entangled.exact > 0)
    style.family(axes, np.array(T_H), curves(), T_C, r"$T_\mathrm{{c}}/E = {}$", points)
    style.label(axes, r"hot bath $T_\mathrm{h}/E$", r"purity $\mathrm{Tr}\,\rho^2$", xlim=(0, 5.1))
    axes.legend()
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
