"""Moments of w = exp(-Delta S) at finite time from the tilted generator, where they do not take too long."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trajectories.counting import entropy_statistics
from trajectories.errors import TooCostly
from trajectories.master.lindblad import Master


def first_moment(master: Master, start: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return <w>, (T,); nan where it takes too long. start: rho(0), (D,) flattened blocks. times: (T,)."""
    try:
        return entropy_statistics.generating_function(master, 1.0, start, times, most=entropy_statistics.WORTH)
    except TooCostly:
        return np.full(len(times), np.nan)


def higher_moments(
    master: Master, start: np.ndarray, times: np.ndarray, first: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return <exp(-2 Delta S)> and <exp(-3 Delta S)>, (T,) each; where they take too long, a lower bound and nan.

    ln G(l) is convex: with G at 1 and at some 1 + x < 2 that can be had, ln G(2) >= ln G(1) + ln(G(1 + x)/G(1))/x.
    """

    def moment(exponent: float) -> np.ndarray:
        return entropy_statistics.generating_function(master, exponent, start, times, most=entropy_statistics.WORTH)

    unknown = np.full(len(times), np.nan)
    try:
        second = moment(2.0)
    except TooCostly:
        return _bound_of_second(moment, first), unknown
    try:
        return second, moment(3.0)
    except TooCostly:
        return second, unknown


def _bound_of_second(moment: Callable[[float], np.ndarray], first: np.ndarray) -> np.ndarray:
    """Return a lower bound of <exp(-2 Delta S)> from the largest exponent 1 + 2^-j at which the moment can be had."""
    for x in 0.5 ** np.arange(1, 7):
        try:
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                bound = np.exp(np.log(first) + np.log(moment(1.0 + x) / first) / x)
        except TooCostly:
            continue
        return np.where(np.isnan(bound), first**2, np.maximum(bound, first**2))
    return first**2


def omitted_moments(master: Master, first: np.ndarray, third: np.ndarray, times: np.ndarray) -> tuple[str, ...]:
    """Return a line that says which average of exp(-Delta S) was not computed, and why; none where all were.

    first, third: <w> and <w^3> at the sample times, (T,), nan where not computed.
    """
    if not master.model.entropy or not np.isnan(third).any():
        return ()
    for power in (1, 2, 3):
        if power != 2 and not np.isnan(first if power == 1 else third).any():
            continue
        try:
            entropy_statistics.afford(master, float(power), times, entropy_statistics.WORTH)
        except TooCostly as reason:
            name = "<e^(-Delta S)>" if power == 1 else f"<e^(-{power} Delta S)>"
            steps = np.abs(master.model.entropy_steps)
            largest = steps[np.isfinite(steps)].max(initial=0.0)
            return (
                f"{name} is not computed: {reason}, since a jump has |Delta s| = {largest:.4g}; the integral "
                "fluctuation theorem is left unresolved",
            )
    return ()
