"""The hot temperature from which on heat entangles: Brask et al., NJP 17, 113029 (2015), Figs. 2(d) and 4.

Of reset_engine, flux_qubits and double_dot the lowest T_h at which there are couplings (g and the hot rate, in units of
the cold one's) with |<01|rho|10>| > sqrt(p_00 p_11) in the steady state. Found by search, for one bath colder than the
other as far as T_h = 10^6 T_c; the closed forms that the first two seem to have, 1/T_c - 1/T_h = ln(49 + 20 sqrt6)/E
and 4 ln(1 + sqrt2)/E, are fits and are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.optimize import brentq

from trajectories.counting.optimum import Box, Floats, refined
from trajectories.errors import InputError

System = dict[str, Any]
"""A [system] table; where a margin is asked for, numbers in it may be arrays (n,)."""

RATES = {
    "reset_engine": ("p_c", "p_h"),
    "flux_qubits": ("gamma_c", "gamma_h"),
    "double_dot": ("gamma_c", "gamma_h"),
}
RATIOS = (1e-3, 10.0)
GRID = 21
FLAT = 1e-6  # a largest value is that exact to the square of it
SHARES = np.concatenate([np.geomspace(1e-3, 0.9, 23), 1.0 - np.geomspace(0.05, 1e-6, 10)])
"""1 - T_c/T_h, in rising order."""


def threshold_temperatures(systems: Sequence[System], margin: Callable[[System], Floats]) -> Floats:
    """The threshold T_h of each system (n,): 0 at T_c = 0, nan where no T_h entangles.

    systems: of one of the three machines; its own g, hot rate and T_h do not matter. margin: gives
    ln(|<01|rho|10>|/sqrt(p_00 p_11)) of a system's steady states (n,). Raises InputError for other machines.
    """
    name = systems[0].get("name")
    if name not in RATES:
        raise InputError(f"threshold_temperature: is a quantity of {', '.join(RATES)}, not of {name}")
    return np.array([_threshold(system, margin) for system in systems])


def _threshold(table: System, margin: Callable[[System], Floats]) -> float:
    T_c = table["T_c"]
    if T_c == 0.0:
        return 0.0
    box = Box({"g": RATIOS, "hot": RATIOS})
    axes = np.meshgrid(SHARES, *[np.linspace(0.0, 1.0, GRID)] * 2, indexing="ij")
    share, unit = axes[0].ravel(), np.stack([axis.ravel() for axis in axes[1:]], axis=1)
    margins = margin(_placed(table, share, box.values(unit))).reshape(len(SHARES), -1)
    i, *_ = np.unravel_index(np.nanargmax(margins), margins.shape)
    above = np.flatnonzero(np.nanmax(margins, axis=1) > 0.0)
    top = float(SHARES[above[0] if len(above) else i])
    start = unit[np.nanargmax(margins[above[0] if len(above) else i])]

    def best(at: float) -> float:
        """The largest margin over the couplings at 1 - T_c/T_h = at."""
        nonlocal start
        start, value = refined(
            lambda v: margin(_placed(table, np.full(len(v["g"]), at), v)), box, start, 0.05, True, FLAT
        )
        return value

    if not len(above):
        # What entangles at few temperatures may lie between those of the grid.
        whole = Box({"share": (float(SHARES[0]), float(SHARES[-1])), "g": RATIOS, "hot": RATIOS})
        seed = np.array([np.log(top / SHARES[0]) / np.log(SHARES[-1] / SHARES[0]), *start])
        found, _ = refined(lambda v: margin(_placed(table, v["share"], v)), whole, seed, 0.05, True, FLAT)
        top, start = float(whole.values(found[None])["share"][0]), found[1:]
    if best(top) <= 0.0:
        return float("nan")
    for low in SHARES[SHARES < top][::-1]:
        if best(low) <= 0.0:
            return float(T_c / (1.0 - brentq(best, low, top, xtol=1e-11, rtol=1e-10)))
        top = float(low)
    return float(T_c)


def _placed(table: System, share: Floats, couplings: dict[str, Floats]) -> System:
    """Return the system at 1 - T_c/T_h = share and couplings in units of the cold rate, (n,) each."""
    cold, hot = RATES[table["name"]]
    T_h = table["T_c"] / (1.0 - share)
    rate = np.full(len(share), table[cold])
    total = rate
    if table["name"] == "flux_qubits":
        # A bosonic bath's total rate Gamma coth(E/2T) is what counts, however hot it is.
        energy = table.get("energy", 1.0)
        total = rate / np.tanh(0.5 * energy / table["T_c"])
        rate = total * np.tanh(0.5 * energy / T_h)
    return {**table, "T_h": T_h, "g": total * couplings["g"], hot: rate * couplings["hot"]}
