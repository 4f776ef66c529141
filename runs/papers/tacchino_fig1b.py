"""Fig. 1(b) of Tacchino et al.; tacchino_fig1b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from maps import Contour, Guide, Map, draw_maps
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("tacchino_fig1b")
CAPTION = (
    "After Fig. 1(b) of Tacchino et al., PRL 120, 063604 (2018). Ranges of the inverse temperatures: chosen, "
    "not printed."
)
BETA = np.linspace(-6, 6, 101)  # chosen, not printed
LABELS = r"$\beta_A$ $(1/\omega_0)$", r"$\beta_S$ $(1/\omega_0)$"
THERMAL = Guide(x=0.0), Guide(y=0.0, label=r"$\beta_{A,S} = 0$")


def curves(beta_A: np.ndarray = BETA, beta_S: np.ndarray = BETA) -> np.ndarray:
    """Return the concurrence (beta_S, beta_A)."""
    baths = style.machine(RUN, beta_A=beta_A, beta_S=style.column(beta_S))
    return steady(**baths, names=["concurrence"])["concurrence"]


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of the concurrence over both inverse temperatures."""
    concurrence = curves()
    limit = Contour(concurrence, 1 / 3, style.RED, "--", "$C = 1/3$")
    look: dict[str, Any] = {"guides": THERMAL, "contours": [limit], "place": "lower left"}
    shown = Map(BETA, BETA, concurrence, *LABELS, "concurrence $C$", **look)
    return draw_maps(RUN, shown, sampled(result, "concurrence"))


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
