"""What the master equation says about every measured number: the line beside the sampled points."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trajectories.counting import entropy_statistics
from trajectories.errors import TooCostly
from trajectories.kernels.ledger import (
    COUPLING_WORK,
    DIAGONAL,
    ENTROPY,
    ENTROPY_SINCE,
    FIRST_STATIC,
    PROJECTION,
    WEIGHT,
    Ledger,
)
from trajectories.master.currents import entropy_production, steady_entropy_production_rate
from trajectories.master.eigenensemble import levels
from trajectories.master.lindblad import Master


class Ensemble(NamedTuple):
    """The ensemble state of the master equation, as flattened sector blocks, which keep small populations exact."""

    start: np.ndarray  # (D,) rho(0)
    states: np.ndarray  # (T, D) rho(t)
    integrals: np.ndarray  # (T, D) integral of rho from 0 to t
    steady: bool


class Exact(NamedTuple):
    """Exact averages of every column, and what decides whether the integral theorem can be resolved by sampling."""

    mean: np.ndarray  # (T, Q) float64; counts from the burn-in on, nan where there is no exact value
    density: np.ndarray  # (T, D) complex128: rho(t), sector blocks
    second: np.ndarray  # (T,) <exp(-2 Delta S)> from the tilted generator; a lower bound where third is nan
    third: np.ndarray  # (T,) <exp(-3 Delta S)>, nan where it would have taken too long
    irreversible: np.ndarray  # (T,) fraction of trajectories with infinite Delta S
    scale: np.ndarray  # (T, Q) natural size of one trajectory's value, against which rounding is judged


def ensemble_of(master: Master, start: np.ndarray | None, times: np.ndarray) -> Ensemble:
    """Return the ensemble state at the sample times; a steady start (None) stays where it is, to the last bit."""
    if start is None:
        rho = master.steady_blocks
        return Ensemble(rho, np.repeat(rho[None], len(times), axis=0), rho * times[:, None], True)
    # The integrals first: the states are a by-product.
    integrals = master.block_integrals(start, times)
    return Ensemble(master.sectors.flatten(start), master.blocks(start, times), integrals, False)


def exact_averages(
    master: Master, ensemble: Ensemble, ledger: Ledger, times: np.ndarray, *, resolution: bool = True
) -> Exact:
    """Return the master equation's value of every column of the tally.

    <n_k>(t) = int_0^t Tr[L_k^dag L_k rho(s)] ds for the counts; Tr[A rho(t)] for functionals of the state;
    <Delta S>(t) = S(rho(t)) - S(rho(0)) + sum_k Delta s_k <n_k>(t); 1 or 1 - lambda for <exp(-Delta S)>, nan where that
    takes too long. resolution=False leaves out the higher moments of exp(-Delta S) (nan), which no curve shows.
    """
    counts = master.jump_rates(ensemble.integrals)
    n_linear = len(ledger.linear)
    mean = np.full((len(times), n_linear + FIRST_STATIC + len(ledger.static)), np.nan)
    burn = int(ledger.burn_index[0])
    since = counts - (counts[burn] if burn >= 0 else 0.0)
    mean[:, :n_linear] = np.einsum("tk,ck->tc", since, ledger.linear)
    static = np.einsum("fx,tx->tf", ledger.static.conj(), ensemble.states).real
    mean[:, n_linear + FIRST_STATIC :] = static
    energy_from = static[burn, 0] if burn >= 0 else (ledger.static[0].conj() @ ensemble.start).real
    mean[:, n_linear + COUPLING_WORK] = mean[:, 1 : len(ledger.edges)].sum(axis=1) - (static[:, 0] - energy_from)
    mean[:, n_linear + PROJECTION] = np.einsum("tx,tx->t", ledger.varying[:, DIAGONAL].conj(), ensemble.states).real
    second = third = np.full(len(times), np.nan)
    irreversible = np.zeros(len(times))
    if master.model.entropy:
        start = ensemble.start
        entropy = _entropy(master, ensemble, times)
        mean[:, n_linear + ENTROPY] = entropy
        # Infinite once a one-way channel can have fired: then the difference does not exist.
        with np.errstate(invalid="ignore"):
            mean[:, n_linear + ENTROPY_SINCE] = entropy - (entropy[burn] if burn >= 0 else 0.0)
        mean[:, n_linear + WEIGHT] = surviving = _surviving(master, start, times)
        if resolution:
            second, third = _higher_moments(master, start, times, surviving)
        if ledger.one_way.any():
            irreversible = 1.0 - entropy_statistics.reversible_probability(master, start, times)
    scale = _scales(master, ledger, since, counts)
    return Exact(mean, ensemble.states, second, third, irreversible, scale)


def _scales(master: Master, ledger: Ledger, since: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Natural sizes: largest step times the number of jumps, or the largest eigenvalue."""
    n_linear = len(ledger.linear)
    found = np.ones((len(counts), n_linear + FIRST_STATIC + len(ledger.static)))
    jumps = np.maximum(since.sum(axis=1), 1.0)
    steps = np.abs(ledger.linear).max(axis=1)
    found[:, :n_linear] = jumps[:, None] * steps
    energy = float(np.abs(levels(ledger.static[0], master.sectors)).max())
    boundary = 1.0 + float(np.abs(ledger.log_start).max()) + float(np.abs(ledger.log_finish).max())
    # |Delta s| of each channel, 0 for one without a partner.
    steps_of_entropy = float(np.abs(ledger.pair_entropy @ ledger.pair_sign).max(initial=0.0))
    found[:, n_linear + ENTROPY] = np.maximum(counts.sum(axis=1), 1.0) * steps_of_entropy + boundary
    found[:, n_linear + ENTROPY_SINCE] = found[:, n_linear + ENTROPY]
    found[:, n_linear + COUPLING_WORK] = energy + found[:, 1 : len(ledger.edges)].sum(axis=1)
    found[:, n_linear + PROJECTION] = energy
    for f, operator in enumerate(ledger.static):
        found[:, n_linear + FIRST_STATIC + f] = np.abs(levels(operator, master.sectors)).max()
    return np.where(found > 0, found, 1.0)


def _surviving(master: Master, start: np.ndarray, times: np.ndarray) -> np.ndarray:
    try:
        return entropy_statistics.generating_function(master, 1.0, start, times, most=entropy_statistics.WORTH)
    except TooCostly:
        return np.full(len(times), np.nan)


def _higher_moments(
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


def left_out(master: Master, exact: Exact, ledger: Ledger, times: np.ndarray) -> tuple[str, ...]:
    """Return a line that says which average of e^{-Delta S} was not computed, and why; none where all were."""
    if not master.model.entropy or not np.isnan(exact.third).any():
        return ()
    weight = exact.mean[:, len(ledger.linear) + WEIGHT]
    for power, found in ((1, weight), (2, None), (3, exact.third)):
        if found is None or np.isnan(found).any():
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


def _entropy(master: Master, ensemble: Ensemble, times: np.ndarray) -> np.ndarray:
    if ensemble.steady:
        rate = steady_entropy_production_rate(master)
        return np.where(times > 0, rate * np.maximum(times, np.finfo(float).tiny), 0.0)
    return entropy_production(master, master.sectors.unflatten(ensemble.start), times)


LARGEST_ERROR = 0.02
LARGEST_SKEWNESS = 0.5
NOISE = 1e-6
MORE = "takes more than 1e+300 trajectories"
NOT_KNOWN = "what it takes to resolve it would take too long to compute"


def trajectories_needed(exact: Exact, mean: float, t: int) -> float:
    """Return how many trajectories resolve <exp(-Delta S)> = mean at sample time t; infinite where it overflows.

    Resolved means: exact standard error sqrt((G(2) - mu^2) / N) <= 0.02, and exact skewness of the average
    (G(3) - 3 mu G(2) + 2 mu^3) / ((G(2) - mu^2)^(3/2) sqrt(N)) <= 0.5. Beyond, the average lives on trajectories too
    rare to have been seen, and the sample's own error is worthless. Averaging over the last outcome only lowers both.
    """
    return trajectories_for(mean, float(exact.second[t]), float(exact.third[t]))


def trajectories_for(mean: float, second: float, third: float) -> float:
    """Return how many values of w > 0 resolve their average, in the sense above, from <w>, <w^2> and <w^3>.

    inf also where that is not known: third is nan.
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


def wanted(mean: float, second: float, third: float) -> str:
    """Say how many values of w > 0 resolve their average; arguments: `trajectories_for`."""
    if np.isnan(third):
        least = (second - mean**2) / LARGEST_ERROR**2
        if not least > 1:
            return NOT_KNOWN
        return f"takes at least {least:.2g} trajectories" if least < 1e300 else MORE
    needed = trajectories_for(mean, second, third)
    return f"takes {needed:.2g} trajectories" if needed < 1e300 else MORE
