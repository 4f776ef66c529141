"""Fig. 2(a) of Khandelwal et al.; khandelwal_fig2a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("khandelwal_fig2a")
CAPTION = (
    r"After Fig. 2(a) of Khandelwal et al., NJP 22, 073039 (2020); $J = Q_\mathrm{h} - Q_\mathrm{c} = "
    r"2Q_\mathrm{h}$, in the energies of the full $H$. Hot temperatures and range of $\delta$: chosen, not "
    "printed."
)
DELTA = np.linspace(0, 0.05, 201)  # chosen, not printed
T_H = (0.5, 0.7, 1.0)  # chosen, not printed


def curves(delta: np.ndarray = DELTA, T_h: tuple[float, ...] = T_H) -> np.ndarray:
    """Return the heat current J = 2 Q_h (T_h, delta)."""
    engine = style.machine(RUN, delta=delta, T_h=style.column(T_h))
    return 2 * steady(**engine, names=["energy_current.h"])["energy_current.h"]


def draw(result: Any = None) -> Figure:
    """Return the figure: J against delta, a curve for each T_h."""
    figure, (axes,) = style.panels(RUN)
    points = sampled(result, "energy_current.h", "delta")
    points = None if points is None else points.linear(2.0)
    style.family(axes, DELTA, curves(), T_H, r"$T_\mathrm{{h}}/\epsilon_\mathrm{{h}} = {}$", points)
    style.label(axes, r"detuning $\delta/\epsilon_\mathrm{h}$", r"heat current $J/\epsilon_\mathrm{h}$")
    axes.legend()
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
