"""Local or global? local_global.toml says what is drawn, and how the local equation was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure
from sampled_points import sampled

from trajectories.exact import steady

RUN = style.run_file("local_global")
CAPTION = (
    r"Upright lines: $g = \gamma_c$ (the global equation wants more) and $g = \epsilon_h/10$ (the local one "
    "wants less). (a)-(c): equal qubits; local at weak, global at strong coupling. Errors are relative to the "
    "reference, an equation without secular approximation, which itself errs by about the rates. (d)-(f): "
    r"detuned by $\delta = -0.15$, $T_c = 0.9$, where the detuning is large against the rates and only the "
    "global equation holds: (d) the local energy current breaks the second law (below zero) at every $g$, (e) "
    "while the entropy production of counted quanta never is negative."
)
G = np.geomspace(1e-4, 0.8, 79)
COLD = 0.9
"""T_c of the lower row, at T_h = 1 as in the upper one."""
NAMES = ["concurrence", "energy_current.h", "energy_current.c", "heat_current.h", "entropy_production_rate"]
GLOBAL_NAMES = ["concurrence", "heat_current.A", "heat_current.B", "entropy_production_rate"]


def equations(g: Any, T_c: float, delta: float) -> tuple[dict[str, np.ndarray], ...]:
    """Return quantities (g,) by name of the local, the global and the reference equation."""
    engine = style.machine(RUN, g=g, T_c=T_c, delta=delta)
    local = steady(**engine, names=NAMES)
    reference = steady(**engine | {"machine": "nonsecular_engine"}, names=NAMES[:3])
    # The jump operators of the global equation are sqrt(2 Gamma (n + 1)) V.
    rates = {"gamma_A": engine["gamma_h"] / 2, "gamma_B": engine["gamma_c"] / 2}
    qubits = {"T_A": engine["T_h"], "T_B": T_c, "epsilon_A": 1.0, "epsilon_B": 1.0 + delta, "Omega": g, **rates}
    return local, steady("common_bath", GLOBAL_NAMES, **qubits), reference


def curves(g: np.ndarray = G) -> list[list[np.ndarray]]:
    """Return, for each of the six panels, the curves (g,) of the local, the global and the reference equation."""
    local, other, reference = equations(g, RUN["system"]["T_c"], 0.0)
    heat = reference["energy_current.h"]
    upper = [
        [found["concurrence"] for found in (local, other, reference)],
        [local["heat_current.h"], other["heat_current.A"], heat],
        [abs(local["heat_current.h"] / heat - 1), abs(other["heat_current.A"] / heat - 1)],
    ]
    local, other, reference = equations(g, COLD, -0.15)
    heat = reference["energy_current.h"]
    lower = [
        [
            -(local["energy_current.h"] + local["energy_current.c"] / COLD),
            -(other["heat_current.A"] + other["heat_current.B"] / COLD),
            -(heat + reference["energy_current.c"] / COLD),
        ],
        [found["entropy_production_rate"] for found in (local, other)],
        [abs(local["energy_current.h"] / heat - 1), abs(other["heat_current.A"] / heat - 1)],
    ]
    return upper + lower


def draw(result: Any = None) -> Figure:
    """Return the figure: six panels against the coupling g, a curve for each master equation."""
    figure, panels = style.panels(RUN, 2, 3)
    looks = (style.BLUE, "-", "local"), (style.RED, style.DASHED, "global"), ("black", style.DOTTED, "reference")
    scales = ("linear", "log", "log", "linear", "log", "log")
    ylabels = (
        "concurrence $C$",
        r"heat current $Q_h$ $(\epsilon_h^2)$",
        "error of $Q_h$",
        r"$-\sum_r Q_r[H]/T_r$ $(\epsilon_h)$",
        r"counted $\sigma$ $(\epsilon_h)$",
        "error of $Q_h[H]$",
    )
    for axes, lines, scale, ylabel in zip(panels, curves(), scales, ylabels, strict=True):
        for line, (colour, dashes, name) in zip(lines, looks, strict=False):
            axes.plot(G, line, color=colour, ls=dashes, label=name)
        axes.axvline(RUN["system"]["gamma_c"], color=style.GREY, ls=style.DASHDOT, lw=0.9)
        axes.axvline(0.1, color=style.GREY, ls=style.DOTTED, lw=0.9)
        style.label(axes, r"coupling $g/\epsilon_h$", ylabel, xscale="log", yscale=scale)
    panels[3].axhline(0, color=style.GREY)
    panels[0].legend()
    style.mark(panels[0], sampled(result, "concurrence"))
    style.mark(panels[1], sampled(result, "heat_current.h"))
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
