"""Fig. 1(c) of Tacchino et al.; tacchino_fig1c.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from maps import Map, draw_maps
from matplotlib.figure import Figure
from sampled_points import sampled
from tacchino_fig1b import BETA, LABELS, THERMAL

from trajectories.exact import steady

RUN = style.run_file("tacchino_fig1c")
CAPTION = (
    r"After Fig. 1(c) of Tacchino et al., PRL 120, 063604 (2018), in units of $\omega_0$ and $\Gamma^+$. Ranges "
    "of the inverse temperatures: chosen, not printed."
)


def curves(beta_A: np.ndarray = BETA, beta_S: np.ndarray = BETA) -> np.ndarray:
    """Return the rate of entropy production (beta_S, beta_A)."""
    baths = style.machine(RUN, beta_A=beta_A, beta_S=style.column(beta_S))
    return steady(**baths, names=["entropy_production_rate"])["entropy_production_rate"]


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of the rate of entropy production over both inverse temperatures."""
    zlabel = r"$\dot S_\mathrm{irr}/\Gamma^+$"
    shown = Map(BETA, BETA, curves(), *LABELS, zlabel, guides=THERMAL, place="lower left")
    return draw_maps(RUN, shown, sampled(result, "entropy_production_rate"))


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
