"""Fig. 3(b) of Khandelwal et al.; khandelwal_fig3b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import khandelwal_fig3a
import numpy as np
import style
from matplotlib.figure import Figure

RUN = style.run_file("khandelwal_fig3b")
CAPTION = (
    "After Fig. 3(b) of Khandelwal et al., NJP 22, 073039 (2020). Not reproduced at the printed parameters: "
    r'"monotonic increase in $J/J_\mathrm{c}$"; it falls again, and $N$ vanishes where $J = J_\mathrm{c}$, at '
    r"$\delta = 0$ below $T_\mathrm{h}/\epsilon_\mathrm{h} = 0.1588$ and above $9.988$. Curves as described are "
    r"found at $T_\mathrm{c}/\epsilon_\mathrm{h}$ of about 0.17 to 0.19, as far as "
    r"$T_\mathrm{h}/\epsilon_\mathrm{h} = 1$. $J = 2Q_\mathrm{h}$. Detunings and range of $T_\mathrm{h}$: "
    "chosen, not printed."
)
T_H = np.geomspace(0.12, 15, 301)  # chosen, not printed
DELTA = style.column([0.0, 0.01, 0.02, 0.05])  # chosen, not printed


def curves(T_h: Any = T_H, delta: Any = DELTA) -> tuple[np.ndarray, np.ndarray]:
    """Return J/J_c and the negativity, nan where it vanishes, on the broadcast shape of delta and T_h."""
    return khandelwal_fig3a.curves(delta, T_h)


def draw(result: Any = None) -> Figure:
    """Return the figure: J/J_c and negativity against T_h, a curve for each delta."""
    figure, (ratio, negativity) = style.panels(RUN, 1, 2)
    sampled = khandelwal_fig3a.points(result, "T_h")
    for axes, lines, points in zip((ratio, negativity), curves(), sampled, strict=True):
        style.family(axes, T_H, lines, DELTA, r"$\delta/\epsilon_\mathrm{{h}} = {}$", points)
    xlabel = r"hot bath $T_\mathrm{h}/\epsilon_\mathrm{h}$"
    khandelwal_fig3a.dress(ratio, negativity, xlabel, 1e-6, 1e-2, xscale="log", xlim=(0.12, 15))
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
