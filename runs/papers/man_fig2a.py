"""Fig. 2(a) of Man et al.; man_fig2a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from maps import Guide, Map, draw_maps
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("man_fig2a")
CAPTION = (
    "After Fig. 2(a) of Man et al. (2019). $C_{AB}$, without the common bath, is exact in both maps. Ranges of "
    "the temperatures: chosen, not printed."
)
T = np.linspace(0.5, 11.5, 111)  # chosen, not printed
T_COMMON = style.column(T)
LABELS = r"individual baths $T_A = T_B = T$ $(\Gamma)$", r"common bath $T_C$ $(\Gamma)$"


def concurrence(T: Any, **others: Any) -> np.ndarray:
    """Return the concurrence with both individual baths at T; others: parameters that differ from the run file's."""
    return steady(**style.machine(RUN, T_A=T, T_B=T, **others), names=["concurrence"])["concurrence"]


def alone(T: Any) -> np.ndarray:
    """Return the concurrence without the common bath."""
    return concurrence(T, T_C=1.0, gamma_C_A=0.0, gamma_C_B=0.0)


def curves(T: Any = T, T_C: Any = T_COMMON) -> np.ndarray:
    """Return the gain of concurrence C_ABC - C_AB on the broadcast shape of T and T_C."""
    return concurrence(T, T_C=T_C) - alone(T)


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of the gain over T and T_C."""
    equal = Guide(y=T, color=style.RED, label="$T_C = T$")
    shown = Map(T, T, curves(), *LABELS, r"gain $\Delta C = C_{ABC} - C_{AB}$", guides=[equal])
    points = sampled(result, "concurrence")
    return draw_maps(RUN, shown, None if points is None else points.linear(1.0, -alone(points.sweep["T"])))


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
