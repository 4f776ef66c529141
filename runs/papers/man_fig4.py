"""Fig. 4 of Man et al. (2019): the temperatures that two baths, at T_A and T_B, give the two transitions of two coupled
qubits, against the qubits' detuning. Where both are equal (arrows) the steady state is a thermal one although the baths
differ. Nothing is sampled: these are ratios of rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import style
from matplotlib.figure import Figure

from trajectories.exact import steady

# In units of Gamma; epsilon_m is the mean of epsilon_A and epsilon_B.
SYSTEM = {"name": "common_bath", "T_B": 8.0, "Omega": 6.0, "gamma_A": 1.0, "gamma_B": 1.0, "epsilon_m": 20.0}
RUN = {"name": "man_fig4", "title": "Effective temperatures of the two transitions", "system": SYSTEM}
CAPTION = (
    "After Fig. 4 of Man et al. (2019), common bath absent. Arrows: thermalisation, both temperatures are "
    "equal. Range of the detuning: chosen, not printed."
)
T_A = style.column([5.0, 4.0, 3.0, 2.0])
DETUNING = np.linspace(-4, 6, 201)  # chosen, not printed
NAMES = ["effective_temperature.1", "effective_temperature.2"]


def detuned(run: Mapping[str, Any], detuning: Any, **others: Any) -> dict[str, Any]:
    """Return the arguments of `steady` for detuned qubits; others: parameters that the run does not give."""
    qubits = style.machine(run, **others)
    mean = qubits.pop("epsilon_m")
    return {**qubits, "epsilon_A": mean + detuning / 2, "epsilon_B": mean - detuning / 2}


def curves(detuning: Any = DETUNING, T_A: Any = T_A) -> tuple[np.ndarray, np.ndarray]:
    """Return the temperatures of both transitions on the broadcast shape of detuning and T_A."""
    found = steady(**detuned(RUN, detuning, T_A=T_A), names=NAMES)
    return found[NAMES[0]], found[NAMES[1]]


def draw(result: Any = None) -> Figure:
    """Return the figure: both temperatures against the detuning, a panel for each T_A, an arrow where they agree."""
    figure, panels = style.panels(RUN, 1, 4)
    for axes, first, second, at in zip(panels, *curves(), T_A[:, 0], strict=True):
        axes.plot(DETUNING, first, color=style.BLUE, label=r"$T_\mathrm{eff}(\omega_1)$")
        axes.plot(DETUNING, second, color=style.RED, ls=style.DASHED, label=r"$T_\mathrm{eff}(\omega_2)$")
        style.arrow(axes, DETUNING, first, first - second)
        axes.set_title(rf"$T_A = {at:g}\,\Gamma$", fontsize=7.5)
        style.label(axes, r"detuning $\Delta\epsilon/\Gamma$", r"effective temperature $(\Gamma)$", ylim=(5, 7.5))
    panels[0].legend()
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
