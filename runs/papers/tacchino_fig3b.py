"""Fig. 3 (right) of Tacchino et al.; tacchino_fig3b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
import tacchino_fig3a
from matplotlib.figure import Figure
from tacchino_fig3a import KAPPA

RUN = style.run_file("tacchino_fig3b")
CAPTION = (
    r"After Fig. 3 (right) of the preprint of Tacchino et al., PRL 120, 063604 (2018): $\gamma = 10^{-4}g$; "
    r"time in units of $1/p$. Ranges of $p$ and $\kappa$: chosen, not printed."
)
PUMP = np.geomspace(1e-5, 1e-1, 61)  # chosen, not printed
GAMMA = 1e-4


def curves(p_over_g: np.ndarray = PUMP, kappa_over_g: np.ndarray = KAPPA) -> np.ndarray:
    """Return the concurrence (kappa, p); rates in units of g."""
    return tacchino_fig3a.curves(p_over_g, kappa_over_g, GAMMA)


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of the concurrence over pump and loss, with C = 1/3 and p = gamma."""
    return tacchino_fig3a.maps(RUN, PUMP, curves(), GAMMA, result)


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
