"""What the master equation says about every measured number: the line beside the sampled points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import counting
from .kernels.ledger import COUPLING_WORK, DIAGONAL, ENTROPY, ENTROPY_SINCE, FIRST_STATIC, PROJECTION, WEIGHT, Ledger
from .master import Master, entropy_production, steady_entropy_production_rate
from .sampling_moments import levels


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
    second: np.ndarray  # (T,) <exp(-2 Delta S)> from the tilted generator
    third: np.ndarray  # (T,) <exp(-3 Delta S)>
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


def exact_averages(master: Master, ensemble: Ensemble, ledger: Ledger, times: np.ndarray) -> Exact:
    """Return the master equation's value of every column of the tally.

    <n_k>(t) = int_0^t Tr[L_k^dag L_k rho(s)] ds for the counts; Tr[A rho(t)] for functionals of the state;
    <Delta S>(t) = S(rho(t)) - S(rho(0)) + sum_k Delta s_k <n_k>(t); 1 or 1 - lambda for <exp(-Delta S)>.
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
        mean[:, n_linear + WEIGHT] = counting.surviving_weight(master, start, times)
        second = counting.generating_function(master, 2.0, start, times)
        third = counting.generating_function(master, 3.0, start, times)
        if ledger.one_way.any():
            irreversible = 1.0 - counting.reversible_probability(master, start, times)
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


def _entropy(master: Master, ensemble: Ensemble, times: np.ndarray) -> np.ndarray:
    if ensemble.steady:
        rate = steady_entropy_production_rate(master)
        return np.where(times > 0, rate * np.maximum(times, np.finfo(float).tiny), 0.0)
    return entropy_production(master, master.sectors.unflatten(ensemble.start), times)


LARGEST_ERROR = 0.02
LARGEST_SKEWNESS = 0.5
NOISE = 1e-6


def trajectories_needed(exact: Exact, mean: float, t: int) -> float:
    """Return how many trajectories resolve <exp(-Delta S)> = mean at sample time t; infinite where it overflows.

    Resolved means: exact standard error sqrt((G(2) - mu^2) / N) <= 0.02, and exact skewness of the average
    (G(3) - 3 mu G(2) + 2 mu^3) / ((G(2) - mu^2)^(3/2) sqrt(N)) <= 0.5. Beyond, the average lives on trajectories too
    rare to have been seen, and the sample's own error is worthless. Averaging over the last outcome only lowers both.
    """
    return trajectories_for(mean, float(exact.second[t]), float(exact.third[t]))


def trajectories_for(mean: float, second: float, third: float) -> float:
    """Return how many values of w > 0 resolve their average, in the sense above, from <w>, <w^2> and <w^3>."""
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
