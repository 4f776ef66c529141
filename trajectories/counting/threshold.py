"""The hot temperature from which on heat entangles: Brask et al., NJP 17, 113029 (2015), Figs. 2(d) and 4.

The lowest T_h at which there are couplings (g and the hot rate, in units of the cold one's) with |<01|rho|10>| >
sqrt(p_00 p_11) in the steady state. Found by search, for one bath colder than the other as far as T_h = 10^6 T_c; the
closed forms that reset_engine and flux_qubits seem to have, 1/T_c - 1/T_h = ln(49 + 20 sqrt6)/E and 4 ln(1 + sqrt2)/E,
are fits and are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trajectories.counting.optimum import Box, Floats, climb
from trajectories.errors import InputError
from trajectories.systems import SYSTEMS
from trajectories.systems.registry import BathRates

Margin = Callable[[Mapping[str, Any]], Floats]
"""Parameters, some of them arrays (n,) -> ln(|<01|rho|10>|/sqrt(p_00 p_11)) of the steady states, (n,)."""

RATIOS = (1e-3, 10.0)
GRID = 7
SHARES = np.concatenate([np.geomspace(1e-3, 0.9, 23), 1.0 - np.geomspace(0.05, 1e-6, 10)])
"""1 - T_c/T_h, in rising order."""


def threshold_temperature(name: str, rates: BathRates | None, values: Mapping[str, Any], margin: Margin) -> float:
    """Return the threshold T_h of a machine, 0 at T_c = 0, nan where no T_h entangles.

    name, rates: of the machine. values: its parameters; its own g, hot rate and T_h do not matter. margin: of the
    machine. Raises InputError for a machine that has no such rates.
    """
    if rates is None:
        known = ", ".join(system for system, registered in SYSTEMS.items() if registered.bath_rates is not None)
        raise InputError(f"threshold_temperature: is a quantity of {known}, not of {name}")
    T_c = float(values["T_c"])
    if T_c == 0.0:
        return 0.0

    def margins(share: Floats, couplings: Mapping[str, Floats]) -> Floats:
        return margin({**values, **_placed(values, rates, share, couplings)})

    share = _lowest_share(margins)
    return T_c / (1.0 - share)


def _lowest_share(margins: Callable[[Floats, Mapping[str, Floats]], Floats]) -> float:
    """Return the lowest 1 - T_c/T_h at which some couplings have a positive margin, nan where there is none."""
    from scipy.optimize import brentq

    box = Box({"g": RATIOS, "hot": RATIOS})
    unit = box.grid(GRID)
    couplings = box.values(np.tile(unit, (len(SHARES), 1)))
    grid = margins(np.repeat(SHARES, len(unit)), couplings).reshape(len(SHARES), -1)
    above = np.flatnonzero(np.nanmax(grid, axis=1) > 0.0)
    highest = int(above[0]) if len(above) else int(np.nanargmax(np.nanmax(grid, axis=1)))
    top, start = float(SHARES[highest]), unit[np.nanargmax(grid[highest])]

    def best(share: float) -> float:
        """Return the largest margin over the couplings at 1 - T_c/T_h = share."""
        nonlocal start
        start, value = climb(lambda v: margins(np.full(len(v["g"]), share), v), box, start, -1.0)
        return value

    if not len(above):
        # What entangles at few temperatures may lie between those of the grid.
        space = Box({"share": (float(SHARES[0]), float(SHARES[-1])), "g": RATIOS, "hot": RATIOS})
        seed = np.array([np.log(top / SHARES[0]) / np.log(SHARES[-1] / SHARES[0]), *start])
        place, _ = climb(lambda v: margins(v["share"], v), space, seed, -1.0)
        top, start = float(space.values(place[None])["share"][0]), place[1:]
    if best(top) <= 0.0:
        return float("nan")
    for low in SHARES[SHARES < top][::-1]:
        if best(low) <= 0.0:
            return float(brentq(best, low, top, xtol=1e-11, rtol=1e-10))
        top = float(low)
    return 0.0


def _placed(
    values: Mapping[str, Any], rates: BathRates, share: Floats, couplings: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Return T_h, g and the hot rate at 1 - T_c/T_h = share and couplings in units of the cold rate, (n,) each."""
    T_h = values["T_c"] / (1.0 - share)
    rate = np.full(len(share), values[rates.cold])
    total = rate
    if rates.bosonic:
        # A bosonic bath's total rate is what counts, however hot it is.
        total = rate / np.tanh(0.5 * values["energy"] / values["T_c"])
        rate = total * np.tanh(0.5 * values["energy"] / T_h)
    return {"T_h": T_h, "g": total * couplings["g"], rates.hot: rate * couplings["hot"]}
