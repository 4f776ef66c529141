"""Fig. 7(b) of Man et al.; man_fig7b.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import man_fig7a
import numpy as np
import style
from man_fig7a import EQUAL, LABELS, T_COMMON, T
from maps import Contour, Map, draw_maps
from matplotlib.figure import Figure
from sampled_points import sampled

RUN = style.run_file("man_fig7b")
CAPTION = (
    r"After Fig. 7(b) of Man et al. (2019); $\Gamma = 10$ MHz, dephasing $\gamma = 0.035$ MHz. Towards the "
    "temperature at which $C_{AB}$ vanishes the gain grows without bound. Ranges of the temperatures: chosen, "
    "not printed."
)


def alone(T: Any) -> np.ndarray:
    """Return the concurrence without the common bath, nan where it vanishes."""
    found = man_fig7a.curves(T, T_C=1.0, gamma_C_A=0.0, gamma_C_B=0.0)
    return np.where(found > 0, found, np.nan)


def curves(T: Any = T, T_C: Any = T_COMMON) -> np.ndarray:
    """Return the relative gain (C_ABC - C_AB)/C_AB on the broadcast shape of T and T_C, nan where C_AB vanishes."""
    return man_fig7a.curves(T, T_C) / alone(T) - 1


def draw(result: Any = None) -> Figure:
    """Return the figure: maps of the relative gain over T and T_C."""
    gain = curves()
    double = Contour(gain, 1.0, "black", label=r"$\Delta C = C_{AB}$")
    look: dict[str, Any] = {"low": -1, "high": 2, "guides": [EQUAL], "contours": [double], "place": "upper right"}
    shown = Map(T, T, gain, *LABELS, r"relative gain $\Delta C/C_{AB}$", **look)
    points = sampled(result, "concurrence")
    if points is not None:
        without = alone(points.sweep["T"])
        points = points.linear(1 / without, -without)
    return draw_maps(RUN, shown, points)


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
