"""Fig. 4 of Khandelwal et al.; khandelwal_fig4.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("khandelwal_fig4")
CAPTION = (
    r"After Fig. 4 of Khandelwal et al., NJP 22, 073039 (2020); $J = Q_\mathrm{h} - Q_\mathrm{c} = "
    r"2Q_\mathrm{h}$, in the energies of the full $H$. Hot temperatures and range of $\kappa_\mathrm{h}$: "
    "chosen, not printed."
)
KAPPA = np.linspace(0, 0.15, 151)  # chosen, not printed
T_H = (0.5, 0.7, 1.0)  # chosen, not printed
NAMES = ["energy_current.h", "negativity"]


def curves(kappa_h: np.ndarray = KAPPA, T_h: tuple[float, ...] = T_H) -> tuple[np.ndarray, ...]:
    """Return J = 2 Q_h and the negativity (T_h, kappa_h), and both without detuning and tunnelling (T_h, 1)."""
    tunnelling = style.machine(RUN, kappa_h=kappa_h, T_h=style.column(T_h))
    resonant = style.machine(RUN, kappa_h=0.0, delta=0.0, T_h=style.column(T_h))
    (current, negativity), (current_0, negativity_0) = (
        [steady(**engine, names=NAMES)[name] for name in NAMES] for engine in (tunnelling, resonant)
    )
    return 2 * current, negativity, 2 * current_0, negativity_0


def draw(result: Any = None) -> Figure:
    """Return the figure: J and negativity against tunnelling, a curve for each T_h, dashed without detuning."""
    figure, panels = style.panels(RUN, 1, 2)
    *lines, current, negativity = curves()
    points = [sampled(result, name, "kappa_h") for name in NAMES]
    points[0] = None if points[0] is None else points[0].linear(2.0)
    for axes, family, resonant, found in zip(panels, lines, (current, negativity), points, strict=True):
        style.family(axes, KAPPA, family, T_H, r"$T_\mathrm{{h}}/\epsilon_\mathrm{{h}} = {}$", found)
        for level, colour in zip(resonant[:, 0], style.COLOURS, strict=False):
            axes.axhline(level, color=colour, ls=style.DASHED)
    panels[0].plot([], [], color=style.GREY, ls=style.DASHED, label=r"$\delta = \kappa_\mathrm{h} = 0$")
    panels[0].legend(loc="upper right")
    xlabel = r"tunnelling $\kappa_\mathrm{h}/\epsilon_\mathrm{h}$"
    style.label(panels[0], xlabel, r"heat current $J/\epsilon_\mathrm{h}$", ylim=(0, 4.4e-4))
    style.label(panels[1], xlabel, "negativity $N$", ylim=(0, 3.1e-3))
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
