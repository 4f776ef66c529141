"""Deterministic statistics of the entropy production, from generators with weighted jumps.

Delta S = ln p(n0) - ln p(nT) + sum_j Delta s_{k_j} is the total entropy production of a trajectory that starts in the
eigenstate n0 of rho(0) and whose final measurement finds the eigenstate nT of rho(T). Its moments are those of

    G(l, t) = <e^{-l Delta S}> = Tr[ rho(t)^l e^{L_l t}( rho(0)^{1-l} ) ],

powers on the supports, L_l the generator with the jump term of every channel multiplied by e^{-l Delta s_k}. Tilted
generators: Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024); the trajectory entropy: Manzano, Horowitz
and Parrondo, PRX 8, 031037 (2018).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from trajectories.errors import InputError, TooCostly
from trajectories.master.block_products import SeriesPropagator
from trajectories.master.currents import check_entropy
from trajectories.master.eigenensemble import SUPPORT
from trajectories.master.lindblad import Master
from trajectories.master.propagation import DensePropagator
from trajectories.master.sectors import Sectors
from trajectories.master.sparse_propagation import LONGEST, SparsePropagator
from trajectories.master.states import check_times

UNITAL = 1e-13
WORTH = 2e9
"""Multiplications that one exact average beside a sampled one may take, in sparse matrices: some ten seconds."""


def generating_function(
    master: Master,
    exponent: float,
    rho0: np.ndarray,
    times: np.ndarray,
    *,
    finite_only: bool = False,
    most: float = LONGEST,
) -> np.ndarray:
    """Return G(l, t) = <e^{-l Delta S}> with the final measurement at t, as (T,) float64.

    exponent: the real number l. rho0: (d, d) or flattened blocks (D,). times: (T,), from 0 on, not falling.
    A one-way channel gives Delta S = inf: for l > 0 its jump term is removed (its loss stays), for l < 0 the average is
    inf, G(0, t) = 1. finite_only=True averages e^{-l Delta S} 1[Delta S < inf] for every l, which is smooth at l = 0.
    G(1, t) = Tr[rho(t) e^{L_1 t}(Pi_0)], Pi_0 the projector on rho0's support, is the probability that the reversed
    process ends where the forward one can have started, without a jump of which the forward process has no reverse: 1
    where rho0 has full rank and nothing is one-way (the integral fluctuation theorem; absolute irreversibility:
    Murashita, Funo, Ueda, PRE 90, 042110 (2014)). inf where the result overflows.
    most: multiplications that it may take where sectors are large (D > 400); the weights e^{-l Delta s} are rates of
    L_l, so that outside 0 <= l <= 1 it may be any number. Raises InputError for a bad state, bad times, or a model
    without entropy accounting, and TooCostly before more than `most` is spent.
    """
    if not np.isfinite(exponent):
        raise InputError(f"the exponent of the generating function is {exponent}; it must be finite")
    check_entropy(master.model)
    master = master.covering(rho0)
    times = check_times(times)
    one_way = master.model.partner < 0
    with np.errstate(over="ignore"):
        weights = np.exp(-exponent * np.where(one_way, 0.0, master.model.entropy_steps))
    if one_way.any() and (exponent > 0 or finite_only):
        weights = np.where(one_way, 0.0, weights)
    elif one_way.any() and exponent < 0:
        finite = generating_function(master, exponent, rho0, times, finite_only=True, most=most)
        fired = 1.0 - reversible_probability(master, rho0, times) > SUPPORT
        return np.where(fired, np.inf, finite)
    if not np.isfinite(weights).all():
        return np.where(times > 0, np.inf, 1.0)
    values = weighted_average(master, weights, exponent, rho0, times, most)
    if exponent > 1 and (values == 0).any():
        # ln G is convex and G(0) <= 1, so G(l) >= G(1)^l: a zero is a product of weights that has left the range of
        # numbers on its way, over a population that has done so in the other direction.
        values = np.where((values == 0) & (generating_function(master, 1.0, rho0, times) > 0), np.inf, values)
    return values


def afford(master: Master, exponent: float, times: np.ndarray, most: float) -> None:
    """Raise TooCostly where e^{L_l t} takes more than `most` multiplications up to the last of `times`."""
    one_way = master.model.partner < 0
    weights = np.where(one_way, 0.0, np.exp(-exponent * np.where(one_way, 0.0, master.model.entropy_steps)))
    if master.series(weights, float(times[-1]), most) is not None:
        return
    generator = master.tilted(weights)
    if sparse.issparse(generator):
        SparsePropagator(generator, most).afford(float(times[-1]))


def weighted_average(
    master: Master,
    weights: np.ndarray,
    exponent: float,
    rho0: np.ndarray,
    times: np.ndarray,
    most: float = LONGEST,
) -> np.ndarray:
    """Return <(p(nT)/p(n0))^l prod_k w_k^{n_k}> = Tr[rho(t)^l e^{L_w t}(rho(0)^{1-l})], (T,) float64.

    L_w: the generator with the jump term of channel k multiplied by w_k, n_k the number of its jumps; powers on the
    supports. weights: (K,), finite. exponent: l. inf where the result overflows. Errors as for `generating_function`,
    but for the entropy accounting, which is not needed.
    """
    master = master.covering(rho0)
    times = check_times(times)
    exact = master.classical and np.ndim(rho0) == 1
    start = _power(master.flattened(rho0), 1.0 - exponent, master.sectors, 0.0 if exact else SUPPORT)
    finish = _power(master.blocks(rho0, times), exponent, master.sectors, 0.0 if master.classical else SUPPORT)
    return _overlaps(master, weights, start, finish, times, most, 0.0 <= exponent <= 1.0)


def jump_average(
    master: Master, weights: np.ndarray, rho0: np.ndarray, times: np.ndarray, most: float = LONGEST
) -> np.ndarray:
    """Return <prod_k w_k^{n_k}> = Tr[e^{L_w t}(rho0)], (T,) float64; arguments and errors: `weighted_average`."""
    master = master.covering(rho0)
    times = check_times(times)
    start = master.flattened(rho0)
    if sparse.issparse(master.generator):
        states, _ = SparsePropagator(sparse.csr_array(master.tilted(weights)), most).evolve(start, times)
        return (states @ master.trace_row).real
    finish = np.broadcast_to(master.trace_row.astype(complex), (len(times), len(start)))
    return _overlaps(master, weights, start, finish, times)


def reversible_probability(master: Master, rho0: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the probability, (T,), that no one-way channel has fired up to t: the share of finite Delta S.

    Tr[e^{L' t}(rho0)], L' the generator without the jump terms of channels that have no reversal partner. Arguments and
    errors as for `generating_function`.
    """
    check_entropy(master.model)
    one_way = master.model.partner < 0
    if not one_way.any():
        return np.ones(len(check_times(times)))
    return np.minimum(1.0, jump_average(master, np.where(one_way, 0.0, 1.0), rho0, times))


def _overlaps(
    master: Master,
    weights: np.ndarray,
    start: np.ndarray,
    finish: np.ndarray,
    times: np.ndarray,
    most: float = LONGEST,
    bounded: bool = False,
) -> np.ndarray:
    """Return Tr[finish_t e^{L_w t}(start)], (T,), for flattened blocks; inf where it overflows.

    bounded: e^{L_w t} does not grow, so that large rates alone make it no longer.
    """
    series = master.series(weights, float(times[-1]), most) if len(times) else None
    if series is not None:
        return _along(series, start, finish, times)
    generator, unit = master.tilted(weights), master.trace_row
    # At l = 1 the generator is the adjoint of a Lindblad generator and keeps the identity, up to rounding that grows
    # with time; it is restored only where it is kept in the first place.
    unital = (np.abs(generator @ unit) <= UNITAL * (abs(generator) @ unit)).all()
    propagator = master.propagator(generator, fixed=unit if unital else None, most=most)
    vector = start.real.clip(min=0.0) if master.classical else start
    if isinstance(propagator, SparsePropagator):
        try:
            propagator.afford(float(times[-1]))
        except TooCostly:
            if not bounded:
                raise
            states, _ = propagator.evolve(vector, times)
            return np.einsum("tx,tx->t", finish.conj(), states).real.clip(min=0.0)
    return _along(propagator, vector, finish, times)


def _along(
    propagator: DensePropagator | SparsePropagator | SeriesPropagator,
    vector: np.ndarray,
    finish: np.ndarray,
    times: np.ndarray,
) -> np.ndarray:
    """Return Tr[finish_t e^{G t}(vector)], (T,), for flattened blocks; inf where it overflows."""
    result, log_scale, now = np.zeros(len(times)), 0.0, 0.0
    for j, time in enumerate(times):
        vector, log_step = propagator.advance(vector, time - now)
        log_scale, now = log_scale + log_step, time
        overlap = float(np.vdot(finish[j], vector).real)
        with np.errstate(over="ignore", divide="ignore"):
            # A sum of positive terms; only rounding could make it negative.
            result[j] = np.exp(np.log(max(overlap, 0.0)) + log_scale)
    return result


def _power(blocks: np.ndarray, exponent: float, sectors: Sectors, support: float) -> np.ndarray:
    """Return rho^exponent on the eigenvectors of rho with eigenvalues above `support`, as flattened blocks (..., D)."""
    pieces = []
    for block in sectors.split(np.asarray(blocks, complex)):
        m = block.shape[-1]
        if m == 1:
            p, vectors = block[..., 0].real, np.ones_like(block)
        else:
            p, vectors = np.linalg.eigh(block)
        inside = p > support
        power = np.where(inside, np.where(inside, p, 1.0) ** exponent, 0.0)
        matrix = (vectors * power[..., None, :]) @ vectors.conj().swapaxes(-1, -2)
        pieces.append(matrix.reshape(*block.shape[:-2], m * m))
    return np.concatenate(pieces, axis=-1)
