"""Fig. 5(b) of Khandelwal et al.; khandelwal_fig5b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from khandelwal_fig5a import DELTA, GUIDES, KAPPA, LABELS
from maps import Map, draw_maps
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("khandelwal_fig5b")
CAPTION = (
    r"After Fig. 5(b) of Khandelwal et al., NJP 22, 073039 (2020). Ranges of $\kappa_\mathrm{h}$ and $\delta$: "
    "chosen, not printed."
)


def curves(kappa_h: np.ndarray = KAPPA, delta: np.ndarray = DELTA) -> np.ndarray:
    """Return the negativity (delta, kappa_h)."""
    engine = style.machine(RUN, kappa_h=np.asarray(kappa_h), delta=style.column(delta))
    return steady(**engine, names=["negativity"])["negativity"]


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of the negativity over tunnelling and detuning."""
    shown = Map(KAPPA, DELTA, curves(), *LABELS, "negativity $N$", low=0, high=9e-4, guides=GUIDES)
    return draw_maps(RUN, shown, sampled(result, "negativity"))


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
