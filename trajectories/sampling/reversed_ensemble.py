"""The reversed ensemble: the time-reversed process sampled on its own, against which the detailed theorem is tested.

A forward trajectory starts in an eigenstate n0 of rho(0) and ends with the outcome nT in the eigenbasis of rho(T). The
reversed process has H~ = Theta H Theta^dag and the jump operators Theta L_k Theta^dag; it starts in Theta|nT>, drawn
with p(nT), and ends with a measurement in Theta|n0>. Its entropy production uses the forward process's probabilities,

    Delta S~ = ln p(nT) - ln p(n0) + sum_j Delta s_{k_j},

never the eigenbasis or the populations of its own evolved state. Then P(Delta S = x) = e^x P~(Delta S~ = -x).
Manzano, Horowitz, Parrondo, PRX 8, 031037 (2018); Horowitz, Parrondo, NJP 15, 085028 (2013).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from trajectories.counting.scgf import time_reversal_breaking
from trajectories.errors import InputError
from trajectories.kernels.jumps import jumps
from trajectories.kernels.plan import Plan
from trajectories.kernels.streams import BACKWARD, FORWARD, POINT_BITS
from trajectories.master.eigenensemble import Spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors
from trajectories.model import Model
from trajectories.model.time_reversal import reversed_model
from trajectories.sampling.block import JUMPS_PER_CALL, empty_samples
from trajectories.sampling.plan import unravel
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.sampling_moments import Cumulants, trajectory_cumulants

SYMMETRIC = 1e-10  # change of the steady state that counts as none


class Direction(NamedTuple):
    """A process whose entropy production can be sampled: the forward one or its reverse.

    plan: how its trajectories are drawn, in the streams of `family`. log_begin (n0,), log_end (nT,): ln p of the states
    in which a trajectory begins and of the outcomes with which it ends, -inf outside the support. pair_sign (P, K):
    +1 for a channel of a pair, -1 for its partner. pair_entropy (P,): Delta s of the pair's first channel. one_way
    (K,): 1 for a channel that no jump undoes. cost: expected jumps of a trajectory, times m^2 of the largest sector.
    """

    plan: Plan
    family: int
    log_begin: np.ndarray
    log_end: np.ndarray
    pair_sign: np.ndarray
    pair_entropy: np.ndarray
    one_way: np.ndarray
    cost: float


class Reverse(NamedTuple):
    """The reversed process compiled: model, sectors, and the bases it starts and is measured in."""

    model: Model
    sectors: Sectors
    start: Spectrum
    finish: Spectrum


def forward(preparation: Preparation) -> Direction:
    """Return the process of a preparation: the same trajectories, to the last bit, as its run samples."""
    return _direction(preparation, preparation.plan, FORWARD, *preparation.spectra)


def backward(preparation: Preparation) -> Direction:
    """Return the reversed process of a preparation: from Theta|nT> with p(nT), measured at the end in Theta|n0>.

    A jump through a one-way channel, or an outcome outside the support of rho(0), undoes no forward trajectory: such
    reversed trajectories have Delta S~ = inf, and the others come with probability 1 - lambda = <e^{-Delta S}>. Raises
    InputError where the model has no entropy accounting.
    """
    reverse = reverse_of(preparation)
    plan = unravel(reverse.model, reverse.sectors, reverse.start, reverse.finish, preparation.times[-1:])
    return _direction(preparation, plan, BACKWARD, reverse.start, reverse.finish)


def reverse_of(preparation: Preparation) -> Reverse:
    """Return the reversed process in the images Theta W of the forward sectors' basis vectors W.

    <Theta a| Theta A Theta^dag |Theta b> = conj <a|A|b>, so these are sectors of the reversed process as well, and a
    vector's components there are the complex conjugates. Nothing is diagonalised anew: inside a degenerate eigenspace
    the reversed process starts and ends in the images of the very states that the forward one ends and starts in.
    Raises InputError where the model has no entropy accounting.
    """
    model, sectors = preparation.model, preparation.sectors
    if not model.entropy:
        raise InputError(f"{model.name} has no entropy accounting (entropy=False): it has no reversed ensemble")
    basis = model.time_reversal @ sectors.basis.conj()
    image = replace(sectors, basis=basis)

    def turned(spectrum: Spectrum) -> Spectrum:
        return spectrum._replace(vectors=model.time_reversal @ spectrum.vectors.conj(), local=spectrum.local.conj())

    start, finish = preparation.spectra
    return Reverse(reversed_model(model), image, turned(finish), turned(start))


def entropies(
    direction: Direction, seed: int, point: int, first: int, n: int, tick: Callable[[int], None] = lambda done: None
) -> np.ndarray:
    """Return the entropy production (n,) of trajectories first ... first+n-1, in nats, with the outcome drawn.

    Each is a pure function of (direction, seed, point, its number). Jumps enter as integer net counts, so that equal
    counts give equal bits. inf for a trajectory that nothing undoes. `tick` hears of every so many that are done.
    """
    entropy = np.zeros(n)
    n_times, n_channels = len(direction.plan.times), len(direction.one_way)
    largest = direction.plan.start_vector.shape[1]
    stream = point | direction.family << POINT_BITS
    per_call = max(1, int(JUMPS_PER_CALL / direction.cost))
    for begin in range(0, n, per_call):
        size = min(per_call, n - begin)
        samples = empty_samples(size, n_times, n_channels, largest)
        jumps(direction.plan, np.uint64(seed), stream, first + begin, *samples)
        entropy[begin : begin + size] = _entropy(direction, samples.initial, samples.final, samples.counts[:, -1])
        tick(size)
    return entropy


def expected_entropy(preparation: Preparation) -> float:
    """Return <Delta S~> of the reversed ensemble by the master equation of the reversed process, in nats.

    sum_n p(nT) ln p(nT) - sum_n <Theta n0| rho~(T) |Theta n0> ln p(n0) + sum_k Delta s_k <n_k>; inf where a one-way
    channel or an outcome outside the support of rho(0) can come up. It equals <Delta S> only where the process and
    its steady state are unchanged by Theta.
    """
    reverse = reverse_of(preparation)
    master = Master(reverse.model, reverse.sectors)
    begin, duration = preparation.exact.density[-1].conj(), preparation.times[-1:]
    if reverse.model.partner.min(initial=0) < 0 or reverse.finish.null_rank:
        return np.inf
    counts = master.jump_rates(master.block_integrals(begin, duration)[0])
    state = reverse.sectors.unflatten(master.blocks(begin, duration)[0])
    vectors, p = reverse.finish.vectors, reverse.start.probabilities
    outcomes = np.einsum("an,ab,bn->n", vectors.conj(), state, vectors).real
    boundary = (p * np.log(np.where(p > 0, p, 1.0))).sum() - outcomes @ np.log(reverse.finish.probabilities)
    return float(boundary + counts @ reverse.model.entropy_steps)


def reversed_cumulants(preparation: Preparation) -> Cumulants:
    """Return the cumulants of one reversed trajectory's Delta S~ at the end, with the outcome drawn; see above."""
    reverse = reverse_of(preparation)
    master, sectors = Master(reverse.model, reverse.sectors), reverse.sectors

    begin, times = preparation.exact.density[-1].conj(), preparation.times[-1:]
    first, last = (sectors.flatten(spectrum.logarithm()) for spectrum in (reverse.start, reverse.finish))
    return trajectory_cumulants(master, reverse.model.entropy_steps, begin, times, first, -last[None])


def survival(preparation: Preparation) -> float:
    """Return 1 - lambda: the probability that a reversed trajectory undoes a forward one, by the reversed process.

    Tr[Theta Pi_0 Theta^dag e^{L~' T}(Theta rho(T) Theta^dag)], L~' without the jump terms of one-way channels, Pi_0
    the projector on the support of rho(0). It is <e^{-Delta S}> of the forward process, which `entropy_statistics` has
    from the forward generator. Murashita, Funo, Ueda, PRE 90, 042110 (2014).
    """
    reverse = reverse_of(preparation)
    master = Master(reverse.model, reverse.sectors)
    generator = master.tilted(np.where(reverse.model.partner < 0, 0.0, 1.0))
    begin = preparation.exact.density[-1].conj()
    blocks, log_scale = master.propagator(generator).advance(
        begin.real if master.classical else begin, float(preparation.times[-1])
    )
    inside = reverse.finish.vectors[:, reverse.finish.probabilities > 0]
    state = reverse.sectors.unflatten(blocks)
    return float(np.einsum("an,ab,bn->", inside.conj(), state, inside).real * np.exp(log_scale))


def asymmetry(preparation: Preparation) -> str | None:
    """Return a line on the time reversal's effect on H, (L_k, Delta s_k) or the steady state, None without any."""
    if not preparation.steady:
        return "the start is not the steady state, which the windowed identity without the reversed ensemble needs"
    reason = time_reversal_breaking(preparation.model)
    if reason is not None:
        return reason
    rho, u = preparation.sectors.unflatten(preparation.exact.density[-1]), preparation.model.time_reversal
    difference = float(np.abs(u @ rho.conj() @ u.conj().T - rho).max())
    return f"the time reversal changes the steady state, by up to {difference:.3g}" if difference > SYMMETRIC else None


def _direction(preparation: Preparation, plan: Plan, family: int, begin: Spectrum, end: Spectrum) -> Direction:
    """Return the Direction of a plan whose trajectories start in `begin` and are measured in `end`."""
    if not preparation.model.entropy:
        raise InputError(f"{preparation.model.name} has no entropy accounting (entropy=False)")
    observables = preparation.observables
    with np.errstate(divide="ignore"):
        log_begin, log_end = np.log(begin.probabilities), np.log(end.probabilities)
    cost = max(preparation.jumps_per_trajectory, 1.0) * int(preparation.sectors.dimensions.max()) ** 2
    return Direction(
        plan, family, log_begin, log_end, observables.pair_sign, observables.pair_entropy, observables.one_way, cost
    )


def _entropy(direction: Direction, initial: np.ndarray, final: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return Delta S (n,) from the ends of trajectories and their jumps (n, K)."""
    flow = np.zeros(len(counts))
    for sign, step in zip(direction.pair_sign, direction.pair_entropy, strict=True):
        flow += (counts * sign).sum(axis=1) * step
    total = direction.log_begin[initial] - direction.log_end[final] + flow
    return np.where((counts * direction.one_way).any(axis=1), np.inf, total)
