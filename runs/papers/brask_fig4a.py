"""Fig. 4(a) of Brask et al.; brask_fig4a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

RUN = style.run_file("brask_fig4a")
CAPTION = (
    "After Fig. 4(a) of Brask et al., NJP 17, 113029 (2015): flux qubits, couplings optimised at each point. "
    r"Cold temperatures and range of $T_\mathrm{h}$: chosen, not printed."
)
T_H = np.linspace(0.04, 5, 125)  # chosen, not printed
T_C = (0.0, 0.1, 0.15, 0.2, 0.25)  # chosen, not printed


def curves(T_h: np.ndarray = T_H, T_c: tuple[float, ...] = T_C) -> np.ndarray:
    """Return the largest concurrence (T_c, T_h), nan for T_h < T_c, where the baths change roles."""
    concurrence, _ = style.search(RUN, T_h=T_h, T_c=style.column(T_c))
    return np.where(T_h > 0.999 * style.column(T_c), concurrence, np.nan)


def draw(result: Any = None) -> Figure:
    """Return the figure: concurrence against T_h, a curve for each T_c."""
    figure, (axes,) = style.panels(RUN)
    style.family(axes, T_H, curves(), T_C, r"$T_\mathrm{{c}}/E = {}$", sampled(result, "concurrence", "T_h"))
    style.label(axes, r"hot bath $T_\mathrm{h}/E$", "concurrence $C$", xlim=(0, 5.1))
    style.legend_above(axes, 3)
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
