"""Fig. 7(c) of Man et al. (2019): the largest concurrence of two superconducting qubits with a common bath at any T_C
and T, over the largest one in equilibrium, T_C = T, against the coupling of the qubits, for two strengths of the baths.
Energies, temperatures and rates in GHz. Nothing is sampled: these are ratios of maxima. The text says that the
improvement peaks at higher Omega for the weaker baths: the ratio has no peak, it grows without bound towards small
Omega; the difference of the two maxima (b) does what the text says.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure

from trajectories import Model
from trajectories.exact import largest
from trajectories.systems.common_bath import common_bath

SYSTEM = {"name": "common_bath", "epsilon_A": 1.0, "epsilon_B": 1.0, "dephasing": 3.5e-5}
RUN = {
    "name": "man_fig7c",
    "title": "Superconducting qubits: best concurrence over best in equilibrium",
    "system": SYSTEM,
}
CAPTION = (
    r"After Fig. 7(c) of Man et al. (2019); $C_\mathrm{neq}$: largest concurrence over $T$ and $T_C$, "
    r"$C_\mathrm{eq}$: over $T = T_C$, both from 0.01 to 2 GHz. The ratio (a) has no peak; the difference (b) "
    r"peaks, at stronger coupling for weaker baths. Bounds and range of $\Omega$: chosen, not printed."
)
OMEGA = np.linspace(0.1, 0.99, 90)  # chosen, not printed
GAMMA = (0.01, 1e-4)
BOUNDS = (0.01, 2.0)


def qubits(T: float, T_C: float, Omega: float, Gamma: float) -> Model:
    """Build the qubits with individual baths at T and the common one at T_C, all of strength Gamma."""
    rates = {name: Gamma for name in ("gamma_A", "gamma_B", "gamma_C_A", "gamma_C_B")}
    return common_bath(T_A=T, T_B=T, T_C=T_C, epsilon_A=1.0, epsilon_B=1.0, Omega=Omega, dephasing=3.5e-5, **rates)


def equilibrium(T: float, Omega: float, Gamma: float) -> Model:
    """Build the qubits with all baths at T."""
    return qubits(T, T, Omega, Gamma)


def curves(Omega: np.ndarray = OMEGA, Gamma: tuple[float, ...] = GAMMA) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest concurrence over T and T_C, and over T = T_C, both (Gamma, Omega)."""
    grid = {"Omega": Omega, "Gamma": style.column(Gamma)}
    free, _ = largest(qubits, "concurrence", over={"T": BOUNDS, "T_C": BOUNDS}, **grid)
    equal, _ = largest(equilibrium, "concurrence", over={"T": BOUNDS}, **grid)
    return free, equal


def draw(result: Any = None) -> Figure:
    """Return the figure: ratio and difference of the two maxima against the coupling of the qubits."""
    figure, (ratio, difference) = style.panels(RUN, 1, 2)
    looks = {"10": (style.ORANGE, style.DASHED), "0.1": (style.BLUE, "-")}
    for free, equal, (strength, (colour, dashes)) in zip(*curves(), looks.items(), strict=True):
        ratio.plot(OMEGA, free / equal, color=colour, ls=dashes, label=rf"$\Gamma = {strength}$ MHz")
        difference.plot(OMEGA, free - equal, color=colour, ls=dashes)
    xlabel = r"coupling of the qubits $\Omega$ (GHz)"
    style.label(ratio, xlabel, r"ratio $C_\mathrm{neq}/C_\mathrm{eq}$", yscale="log", ylim=(1, 1e4))
    style.label(difference, xlabel, r"difference $C_\mathrm{neq} - C_\mathrm{eq}$")
    ratio.legend()
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
