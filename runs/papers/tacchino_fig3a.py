"""Fig. 3 (left) of Tacchino et al.; tacchino_fig3a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import style
from maps import Contour, Guide, Map, draw_maps
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("tacchino_fig3a")
CAPTION = (
    r"After Fig. 3 (left) of the preprint of Tacchino et al., PRL 120, 063604 (2018): $\gamma = 10^{-3}g$; time "
    r"in units of $1/p$. Ranges of $p$ and $\kappa$: chosen, not printed."
)
PUMP = np.geomspace(1e-4, 1e-1, 61)  # chosen, not printed
KAPPA = np.geomspace(0.1, 100, 61)  # chosen, not printed
GAMMA = 1e-3


def curves(p_over_g: np.ndarray = PUMP, kappa_over_g: np.ndarray = KAPPA, gamma: float = GAMMA) -> np.ndarray:
    """Return the concurrence (kappa, p); rates in units of g."""
    cavity = style.machine(RUN, p=np.asarray(p_over_g), kappa=style.column(kappa_over_g), gamma=gamma)
    return steady(**cavity, names=["concurrence"])["concurrence"]


def maps(run: Mapping[str, Any], p_over_g: np.ndarray, concurrence: np.ndarray, gamma: float, result: Any) -> Figure:
    """Return maps of the concurrence over pump and loss, with C = 1/3 and p = gamma."""
    limit = Contour(concurrence, 1 / 3, style.RED, "--", "$C = 1/3$")
    look: dict[str, Any] = {"scale": "log", "contours": [limit], "guides": [Guide(x=gamma, label=r"$p = \gamma$")]}
    labels = "pump rate $p/g$", r"cavity loss rate $\kappa/g$", "concurrence $C$"
    shown = Map(p_over_g, KAPPA, concurrence, *labels, place="upper right", **look)
    return draw_maps(run, shown, sampled(result, "concurrence"))


def draw(result: Any = None) -> Figure:
    """Return the figure."""
    return maps(RUN, PUMP, curves(), GAMMA, result)


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
