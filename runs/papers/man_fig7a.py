"""Fig. 7(a) of Man et al.; man_fig7a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from maps import Guide, Map, draw_maps
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("man_fig7a")
CAPTION = (
    r"After Fig. 7(a) of Man et al. (2019); $\Gamma = 10$ MHz, dephasing $\gamma = 0.035$ MHz. Ranges of the "
    "temperatures: chosen, not printed."
)
T = np.linspace(0.01, 0.97, 97)  # chosen, not printed
T_COMMON = style.column(T)
LABELS = "individual baths $T_A = T_B = T$ (GHz)", "common bath $T_C$ (GHz)"
EQUAL = Guide(y=T, color=style.RED, label="$T_C = T$")


def curves(T: Any = T, T_C: Any = T_COMMON, **others: Any) -> np.ndarray:
    """Return the concurrence on the broadcast shape of T and T_C; others: parameters unlike the run file's."""
    return steady(**style.machine(RUN, T_A=T, T_B=T, T_C=T_C, **others), names=["concurrence"])["concurrence"]


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of the concurrence over T and T_C."""
    shown = Map(T, T, curves(), *LABELS, "concurrence $C$", guides=[EQUAL], place="upper right")
    return draw_maps(RUN, shown, sampled(result, "concurrence"))


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
