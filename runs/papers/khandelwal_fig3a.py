"""Fig. 3(a) of Khandelwal et al.; khandelwal_fig3a.toml says what is drawn, and how it was sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sampled_points import Sampled, of_states, sampled

from trajectories.exact import steady

RUN = style.run_file("khandelwal_fig3a")
CAPTION = (
    "After Fig. 3(a) of Khandelwal et al., NJP 22, 073039 (2020). Not reproduced at the printed parameters: "
    r'"monotonic decrease in $J/J_\mathrm{c}$", and a detuning $\delta > 0$ at which $N$ vanishes; for '
    r"$T_\mathrm{h}/\epsilon_\mathrm{h} = 0.7$ it does at $\delta = -0.0746\,\epsilon_\mathrm{h}$, where $J = "
    r"J_\mathrm{c}$. Curves as described are found at $T_\mathrm{c}/\epsilon_\mathrm{h}$ of about 0.17 to 0.19, "
    r"at $T_\mathrm{h}/\epsilon_\mathrm{h} = 0.7$. $J = 2Q_\mathrm{h}$. Hot temperatures and range of $\delta$: "
    "chosen, not printed."
)
DELTA = np.linspace(-0.1, 0.1, 401)  # chosen, not printed
T_H = style.column([0.5, 0.7, 1.0])  # chosen, not printed
NAMES = ["heat_current.h", "population.00", "population.11", "negativity"]


def factor(delta: Any, T_h: Any) -> np.ndarray:
    """Return sqrt(1 + 4 delta^2/Gamma^2)/(2 g) of Eqs. (11) and (18)."""
    engine = RUN["system"]
    width = engine["gamma_h"] / np.tanh(0.5 / T_h) + engine["gamma_c"] / np.tanh(0.5 * (1 + delta) / engine["T_c"])
    return np.sqrt(1 + 4 * delta**2 / width**2) / (2 * engine["g"])


def curves(delta: Any = DELTA, T_h: Any = T_H) -> tuple[np.ndarray, np.ndarray]:
    """Return J/J_c and the negativity, nan where it vanishes, on the broadcast shape of delta and T_h."""
    found = steady(**style.machine(RUN, delta=delta, T_h=T_h), names=NAMES)
    current, ground, both, negativity = (found[name] for name in NAMES)
    ratio = factor(np.asarray(delta), np.asarray(T_h)) * current / np.sqrt(ground * both)
    return ratio, np.where(negativity > 0, negativity, np.nan)


def points(result: Any, along: str) -> tuple[Sampled | None, Sampled | None]:
    """Return the sampled J/J_c, from counted quanta and populations, and the sampled negativity where it exists."""
    states = of_states(result, lambda rho, heat: heat / np.sqrt(rho[0, 0].real * rho[3, 3].real), "h", along)
    negativity = sampled(result, "negativity", along)
    if states is None or negativity is None:
        return None, None
    parts = [sampled(result, name, along) for name in NAMES[:3]]
    for status in ("unresolved", "disagree"):
        states.status[np.any([part.status == status for part in parts if part is not None], axis=0)] = status
    return states.linear(factor(states.sweep["delta"], states.sweep["T_h"])), negativity.where(negativity.exact > 0)


def dress(ratio: Axes, negativity: Axes, xlabel: str, lowest: float, highest: float, **how: Any) -> None:
    """Label the panels of J/J_c and of the negativity, between lowest and highest, and draw J = J_c."""
    ratio.axhline(1, color=style.GREY, ls=style.DASHED, label=r"$J = J_\mathrm{c}$")
    style.label(ratio, xlabel, r"$J/J_\mathrm{c}$", ylim=(0, 3.4), **how)
    style.label(negativity, xlabel, "negativity $N$", yscale="log", ylim=(lowest, highest), **how)
    ratio.legend()
    negativity.legend()


def draw(result: Any = None) -> Figure:
    """Return the figure: J/J_c and negativity against delta, a curve for each T_h."""
    figure, (ratio, negativity) = style.panels(RUN, 1, 2)
    for axes, lines, found in zip((ratio, negativity), curves(), points(result, "delta"), strict=True):
        style.family(axes, DELTA, lines, T_H, r"$T_\mathrm{{h}}/\epsilon_\mathrm{{h}} = {}$", found)
        axes.axvline(0, color=style.GREY, ls=style.DOTTED, lw=0.9)
    dress(ratio, negativity, r"detuning $\delta/\epsilon_\mathrm{h}$", 2e-6, 4e-3, xlim=(-0.102, 0.102))
    return figure


if __name__ == "__main__":
    style.main(RUN, CAPTION, draw)
