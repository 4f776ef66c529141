"""What the master equation says beforehand about the spread of a sample.

Rare events that were never seen leave a sample that looks harmless: its spread is too small, its skewness too. Whether
there were enough of them to judge a mean by its own standard error is therefore decided from exact numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .counting import silent_probability
from .exact import Ensemble
from .kernels.ledger import COUPLING_WORK, ENTROPY, ENTROPY_SINCE, FIRST_STATIC, LOG_STATE, PROJECTION, Ledger
from .master import Master

Array = np.ndarray


class Expected(NamedTuple):
    """Beforehand knowledge of one trajectory's values; T sample times, Q columns."""

    skewness: Array  # (T, Q) float64: absolute skewness of one value
    scale: Array  # (T, Q) float64: natural size of one value, against which rounding is judged
    silence: Array  # (T,) float64: probability that nothing jumps from the beginning of counting to t
    rarest: (
        Array  # (T,) float64: smallest population that the entanglement of the pair depends on, 1 where there is none
    )


def expected(
    master: Master, ensemble: Ensemble, ledger: Ledger, times: Array, pair: tuple[int, int] | None
) -> Expected:
    """Return what can be known beforehand of a sample at `times` (T,), with the entanglement of `pair`."""
    counts = master.jump_rates(ensemble.integrals)
    burn = int(ledger.burn_index[0])
    since = np.maximum(counts - (counts[burn] if burn >= 0 else 0.0), 0.0)
    start, begin = (ensemble.states[burn], times[burn]) if burn >= 0 else (ensemble.start, 0.0)
    every = np.ones(len(master.model.channels), bool)
    return Expected(
        skewness=_skewness(ensemble, ledger, since, counts),
        scale=_scales(ensemble, ledger, since, counts),
        silence=silent_probability(master, start, np.maximum(times - begin, 0.0), every),
        rarest=_rarest(master, ensemble, pair),
    )


def _skewness(ensemble: Ensemble, ledger: Ledger, since: Array, counts: Array) -> Array:
    """Skewness as if jumps were independent, and states were measured.

    Counts with steps c of which n are expected: sum |c|^3 n / (sum c^2 n)^(3/2). Functionals of the state: that of the
    outcomes of measuring them. Entropy: jumps, and the logarithms of the populations at the start and at t.
    """
    n_linear = len(ledger.linear)
    found = np.zeros((len(counts), n_linear + FIRST_STATIC + len(ledger.static)))
    steps, entropy = np.abs(ledger.linear), _entropy_steps(ledger)
    found[:, :n_linear] = _ratio(since @ (steps**3).T, since @ (steps**2).T)
    first = _moments(_logarithm_at_start(ensemble, ledger)[None], ensemble.start[None], ledger)
    last = _moments(ledger.varying[:, LOG_STATE], ensemble.states, ledger)
    for column, jumps in ((ENTROPY, counts), (ENTROPY_SINCE, since)):
        second, third = (a + b + jumps @ entropy**n for a, b, n in zip(first, last, (2, 3), strict=True))
        found[:, n_linear + column] = _ratio(third, second)
    for f, operator in enumerate(ledger.static):
        second, third = _moments(operator[None], ensemble.states, ledger)
        found[:, n_linear + FIRST_STATIC + f] = _ratio(third, second)
    return found


def _scales(ensemble: Ensemble, ledger: Ledger, since: Array, counts: Array) -> Array:
    """Natural sizes: largest step times the number of jumps, or the largest eigenvalue."""
    n_linear = len(ledger.linear)
    found = np.ones((len(counts), n_linear + FIRST_STATIC + len(ledger.static)))
    jumps = np.maximum(since.sum(axis=1), 1.0)
    steps = np.abs(ledger.linear).max(axis=1)
    found[:, :n_linear] = jumps[:, None] * steps
    energy = float(np.abs(_levels(ledger.static[0], ledger)).max())
    boundary = 1.0 + float(np.abs(ledger.log_start).max()) + float(np.abs(ledger.log_finish).max())
    steps_of_entropy = _entropy_steps(ledger).max(initial=0.0)
    found[:, n_linear + ENTROPY] = np.maximum(counts.sum(axis=1), 1.0) * steps_of_entropy + boundary
    found[:, n_linear + ENTROPY_SINCE] = found[:, n_linear + ENTROPY]
    found[:, n_linear + COUPLING_WORK] = energy + found[:, 1 : len(ledger.edges)].sum(axis=1)
    found[:, n_linear + PROJECTION] = energy
    for f, operator in enumerate(ledger.static):
        found[:, n_linear + FIRST_STATIC + f] = np.abs(_levels(operator, ledger)).max()
    return np.where(found > 0, found, 1.0)


def _rarest(master: Master, ensemble: Ensemble, pair: tuple[int, int] | None) -> Array:
    """Smallest population of the pair's state that is not zero, in its eigenbasis and in the product basis."""
    if pair is None:
        return np.ones(len(ensemble.states))
    rho = master.sectors.reduced(ensemble.states, master.model.dims, pair)
    populations = np.concatenate([np.linalg.eigvalsh(rho), np.einsum("tii->ti", rho).real], axis=1)
    return np.where(populations > 1e-14, populations, 1.0).min(axis=1)


def _entropy_steps(ledger: Ledger) -> Array:
    """|Delta s| of each channel, (K,); 0 for one without a partner."""
    return np.abs(ledger.pair_entropy @ ledger.pair_sign)


def _logarithm_at_start(ensemble: Ensemble, ledger: Ledger) -> Array:
    """ln rho(0) on its support, (D,)."""
    found = np.zeros_like(ensemble.start)
    for own, m in _blocks(ledger):
        p, vectors = np.linalg.eigh(ensemble.start[own].reshape(m, m))
        logs = np.log(np.where(p > 1e-300, p, 1.0))
        found[own] = ((vectors * logs) @ vectors.conj().T).ravel()
    return found


def _moments(operators: Array, states: Array, ledger: Ledger) -> tuple[Array, Array]:
    """Second and absolute third central moment (T,) of the outcomes of measuring operators in states (T, D).

    operators: (T, D), or (1, D), the same for every state.
    """
    levels, weights = [], []
    for own, m in _blocks(ledger):
        found, vectors = _diagonal(operators[:, own].reshape(-1, m, m))
        block = states[:, own].reshape(-1, m, m)
        levels.append(found)
        weights.append((vectors.conj() * (block @ vectors)).sum(axis=1).real.clip(min=0.0))
    level, weight = np.concatenate(levels, axis=1), np.concatenate(weights, axis=1)
    deviation = np.abs(level - (weight * level).sum(axis=1, keepdims=True))
    noise = 1e-10 * np.abs(level).max(axis=1, initial=0.0, keepdims=True)
    deviation = np.where(deviation > noise, deviation, 0.0)
    return (weight * deviation**2).sum(axis=1), (weight * deviation**3).sum(axis=1)


def _levels(operator: Array, ledger: Ledger) -> Array:
    return np.concatenate([_diagonal(operator[own].reshape(1, m, m))[0][0] for own, m in _blocks(ledger)])


def _diagonal(blocks: Array) -> tuple[Array, Array]:
    """Eigenvalues (n, m) and eigenvectors (n, m, m) of Hermitian blocks (n, m, m)."""
    if blocks.shape[-1] == 1:
        return blocks[..., 0].real, np.ones_like(blocks)
    values, vectors = np.linalg.eigh(blocks)
    return values, vectors


def _blocks(ledger: Ledger) -> list[tuple[slice, int]]:
    offsets = ledger.block_offset
    return [(slice(offsets[s], offsets[s] + m * m), int(m)) for s, m in enumerate(ledger.dimension)]


def _ratio(third: Array, second: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.where(second > 0, third / np.where(second > 0, second, 1.0) ** 1.5, 0.0)
