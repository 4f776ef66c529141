"""Fig. 2(b) of Khandelwal et al.; khandelwal_fig2b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("khandelwal_fig2b")
CAPTION = (
    r"After Fig. 2(b) of Khandelwal et al., NJP 22, 073039 (2020). Hot temperatures and range of $\delta$: "
    "chosen, not printed."
)
DELTA = np.linspace(0, 0.05, 201)  # chosen, not printed
T_H = (0.5, 0.7, 1.0)  # chosen, not printed


def curves(delta: np.ndarray = DELTA, T_h: tuple[float, ...] = T_H) -> np.ndarray:
    """Return the negativity (T_h, delta)."""
    return steady(**style.machine(RUN, delta=delta, T_h=style.column(T_h)), names=["negativity"])["negativity"]


def draw(result: Any = None) -> Figure:
    """Return the figure: negativity against delta, a curve for each T_h."""
    figure, (axes,) = style.panels(RUN)
    name = r"$T_\mathrm{{h}}/\epsilon_\mathrm{{h}} = {}$"
    style.family(axes, DELTA, curves(), T_H, name, sampled(result, "negativity", "delta"))
    style.label(axes, r"detuning $\delta/\epsilon_\mathrm{h}$", "negativity $N$")
    axes.legend()
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
