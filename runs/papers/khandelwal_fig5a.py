"""Fig. 5(a) of Khandelwal et al.; khandelwal_fig5a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from maps import Guide, Map, draw_maps
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("khandelwal_fig5a")
CAPTION = (
    r"After Fig. 5(a) of Khandelwal et al., NJP 22, 073039 (2020); $J = Q_\mathrm{h} - Q_\mathrm{c} = "
    r"2Q_\mathrm{h}$, in the energies of the full $H$. Ranges of $\kappa_\mathrm{h}$ and $\delta$: chosen, not "
    "printed."
)
KAPPA = np.linspace(0, 0.15, 76)  # chosen, not printed
DELTA = np.linspace(0, 0.045, 61)  # chosen, not printed
FIG4 = 0.01
RIDGE = r"$4\kappa_\mathrm{h}^2 = \epsilon_\mathrm{c}^2 - \epsilon_\mathrm{h}^2$"
GUIDES = (
    Guide(y=FIG4, color="white", ls="--", label="detuning of Fig. 4"),
    Guide(y=np.sqrt(1 + 4 * KAPPA**2) - 1, color=style.RED, ls=style.DOTTED, label=RIDGE),
)
LABELS = r"tunnelling $\kappa_\mathrm{h}/\epsilon_\mathrm{h}$", r"detuning $\delta/\epsilon_\mathrm{h}$"


def curves(kappa_h: np.ndarray = KAPPA, delta: np.ndarray = DELTA) -> np.ndarray:
    """Return the heat current J = 2 Q_h (delta, kappa_h)."""
    engine = style.machine(RUN, kappa_h=np.asarray(kappa_h), delta=style.column(delta))
    return 2 * steady(**engine, names=["energy_current.h"])["energy_current.h"]


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of J over tunnelling and detuning."""
    zlabel = r"heat current $J/\epsilon_\mathrm{h}$"
    shown = Map(KAPPA, DELTA, curves(), *LABELS, zlabel, low=0, high=2e-4, guides=GUIDES)
    points = sampled(result, "energy_current.h")
    return draw_maps(RUN, shown, None if points is None else points.linear(2.0))


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
