"""Moments of w = exp(-Delta S) at finite time from the tilted generator, and the sample that resolves their average."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trajectories.counting import entropy_statistics
from trajectories.errors import TooCostly
from trajectories.master.lindblad import Master

LARGEST_ERROR = 0.02
LARGEST_SKEWNESS = 0.5
NOISE = 1e-6
MORE = "takes more than 1e+300 trajectories"
NOT_KNOWN = "what it takes to resolve it would take too long to compute"


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


def trajectories_needed(mean: float, second: float, third: float) -> float:
    """Return how many trajectories resolve the average of a weight w > 0 from <w>, <w^2> and <w^3>.

    Resolved means: exact standard error sqrt((<w^2> - <w>^2) / N) <= 0.02, and exact skewness of the average
    (<w^3> - 3 <w> <w^2> + 2 <w>^3) / ((<w^2> - <w>^2)^(3/2) sqrt(N)) <= 0.5. Beyond, the average lives on trajectories
    too rare to have been seen, and the sample's own error is worthless. For w = e^{-Delta S}, averaging over the last
    outcome only lowers both. Infinite where the number overflows or is not known, which a third of nan says.
    """
    if not (np.isfinite(second) and np.isfinite(third)):
        return np.inf
    # <w^2> >= <w>^2 and <w><w^3> >= <w^2>^2: values that are not so are rounding noise of a generator whose weights
    # span more than a double can hold.
    if second < mean**2 * (1 - NOISE) or (second > 0 and third / second * mean < second * (1 - NOISE)):
        return np.inf
    variance = second - mean**2
    if variance <= 1e-12 * max(second, 1.0):
        return 0.0
    third_central = max(abs(third - 3 * mean * second + 2 * mean**3), np.finfo(float).tiny)
    # The square of the skewness may overflow where its logarithm does not.
    log_skewed = 2 * np.log(third_central / LARGEST_SKEWNESS) - 3 * np.log(variance)
    return float(max(variance / LARGEST_ERROR**2, np.exp(min(log_skewed, 700.0))))


def needed_in_words(mean: float, second: float, third: float, more: float = 0.0) -> str:
    """Return `trajectories_needed`, or `more` if that is larger, in words for the note of a report."""
    if np.isnan(third):
        least = (second - mean**2) / LARGEST_ERROR**2
        if not least > 1:
            return NOT_KNOWN
        return f"takes at least {least:.2g} trajectories" if least < 1e300 else MORE
    needed = max(trajectories_needed(mean, second, third), more)
    return f"takes {needed:.2g} trajectories" if needed < 1e300 else MORE
