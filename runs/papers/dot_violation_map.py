"""Where the double dot without repulsion beats the classical bound of precision, D sigma/(2 J^2) < 1, and where its
steady state is entangled: two regions that do not meet. Entanglement needs a cold reservoir that is really cold,
T_c < 0.24 E here, and there the current costs far more entropy than the bound asks for; the violation needs
T_c > 0.6 E. Nor did a search over temperatures, couplings, rates and repulsion (15,000 random points, 12 local
searches) find both at one point: of entangled states the ratio came down to 1.25 at best, but for near-equilibrium
ones, where it tends to 1. These are exact values alone: to resolve the violation of one point by sampling takes minutes
(runs/dot_violation.toml).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from maps import Contour, Map, draw_map
from matplotlib.figure import Figure

from trajectories.exact import steady

SYSTEM = {"name": "double_dot", "T_h": 1000.0, "gamma_c": 1.0, "gamma_h": 1.0, "U": 0.0}
RUN = {
    "name": "dot_violation_map",
    "title": "Double dot: precision beyond the classical bound, and entanglement",
    "system": SYSTEM,
}
CAPTION = (
    "Bound: Barato, Seifert, PRL 114, 158101 (2015). Point of dot_violation.toml: $T_c = 0.9$, $g = 0.65$, "
    "ratio 0.991335. Ranges: chosen."
)
T_C = np.linspace(0.06, 1.5, 37)
G = np.linspace(0.04, 1.4, 35)
NAMES = ["tur_ratio.c", "concurrence", "entanglement_margin"]


def curves(T_c: np.ndarray = T_C, g: np.ndarray = G) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return D sigma/(2 J^2), the concurrence and the entanglement margin (g, T_c)."""
    found = steady(**style.machine(RUN, T_c=T_c, g=style.column(g)), names=NAMES)
    return found[NAMES[0]], found[NAMES[1]], found[NAMES[2]]


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of the ratio and of the concurrence, with the borders of both regions."""
    ratio, concurrence, margin = curves()
    bound = Contour(ratio, 1.0, style.RED, label=r"$D\sigma/(2J^2) = 1$")
    look: dict[str, Any] = {"contours": (bound, Contour(margin, 0.0, "white", "--", "$C = 0$")), "place": "lower right"}
    labels = r"cold reservoir $T_c/E$", "coupling $g/E$"
    figure, panels = style.panels(RUN, 1, 2)
    draw_map(panels[0], Map(T_C, G, np.minimum(ratio, 1.1), *labels, r"$D\sigma/(2J^2)$, cut at 1.1", **look))
    draw_map(panels[1], Map(T_C, G, concurrence, *labels, "concurrence $C$", **look))
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
