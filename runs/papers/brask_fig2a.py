"""Fig. 2(a) of Brask et al.; brask_fig2a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

RUN = style.run_file("brask_fig2a")
CAPTION = (
    "After Fig. 2(a) of Brask et al., NJP 17, 113029 (2015): couplings optimised at each point, $g, "
    r"p_\mathrm{c}, p_\mathrm{h} \leq 10^{-2}E$. Cold temperatures and range of $T_\mathrm{h}$: chosen, not "
    "printed."
)
T_H = tuple(np.linspace(0.04, 5, 125))  # chosen, not printed
T_C = (0.0, 0.1, 0.15, 0.2)  # chosen, not printed


@cache
def best(T_h: tuple[float, ...] = T_H, T_c: tuple[float, ...] = T_C) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the largest concurrence (T_c, T_h), and the couplings there."""
    return style.search(RUN, T_h=np.array(T_h), T_c=style.column(T_c))


def curves(T_h: tuple[float, ...] = T_H, T_c: tuple[float, ...] = T_C) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest concurrence (T_c, T_h), and that of an infinitely hot bath (T_c,)."""
    return best(T_h, T_c)[0], style.search(RUN, T_h=np.inf, T_c=np.array(T_c))[0]


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence against T_h, a curve for each T_c, dotted for T_h to infinity."""
    figure, (axes,) = style.panels(RUN)
    concurrence, hottest = curves()
    style.family(axes, T_H, concurrence, T_C, r"$T_\mathrm{{c}}/E = {}$", sampled(result, "concurrence", "T_h"))
    for level, colour in zip(hottest, style.COLOURS, strict=False):
        axes.axhline(level, color=colour, ls=style.DOTTED)
    axes.plot([], [], color=style.GREY, ls=style.DOTTED, label=r"$T_\mathrm{h} \to \infty$")
    style.label(axes, r"hot bath $T_\mathrm{h}/E$", "concurrence $C$", xlim=(0, 5.1))
    style.legend_above(axes, 3)
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
