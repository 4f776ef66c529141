"""Fig. 2(b) of Man et al.; man_fig2b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from man_fig2a import alone, concurrence
from matplotlib.figure import Figure
from sampled_points import sampled

RUN = style.run_file("man_fig2b")
CAPTION = (
    "After Fig. 2(b) of Man et al. (2019). Arrows: $T = T_C$; red: without common bath. Common temperatures and "
    "range of $T$: chosen, not printed."
)
T = np.linspace(0.5, 12, 231)  # chosen, not printed
T_C = (1.0, 4.0, 6.0, 8.0)  # chosen, not printed
COLOURS = (style.BLUE, style.GREEN, style.ORANGE, style.PURPLE)


def curves(T: np.ndarray = T, T_C: tuple[float, ...] = T_C) -> tuple[np.ndarray, np.ndarray]:
    """Return the concurrence with the common bath (T_C, T), and without (T,)."""
    return concurrence(T, T_C=style.column(T_C)), alone(T)


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence against T, a curve for each T_C, an arrow where T = T_C."""
    figure, (axes,) = style.panels(RUN)
    common, without = curves()
    style.family(axes, T, common, T_C, r"$T_C = {}\,\Gamma$", sampled(result, "concurrence", "T"), COLOURS)
    axes.plot(T, without, color=style.RED, label="without")
    for line, at, colour in zip(common, T_C, COLOURS, strict=True):
        style.arrow(axes, T, line, T - at, colour)
    style.label(axes, r"individual baths $T_A = T_B = T$ $(\Gamma)$", "concurrence $C$")
    axes.legend()
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
