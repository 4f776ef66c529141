"""Every draw of a recorded trajectory derived again, in the full Hilbert space: no sectors, no kernels, no observables.

Shared with the program: the model's matrices, the definition of the random stream, and the order in which eigenstates
are numbered. The exponentials are this file's own. A jump's time is checked by what defines it, the time tau since the
jump before at which ln ||e^{-i H_eff tau} psi||^2 = ln r. There the norm is r by construction, however long the run, so
that it never underflows and no state needs to be rescaled on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import naive
import numpy as np

from trajectories.kernels.observable_table import (
    COUPLING_WORK,
    ENTROPY,
    ENTROPY_SINCE,
    FIRST_STATIC,
    PROJECTION,
    WEIGHT,
)
from trajectories.model import Model
from trajectories.sampling import block as sampling
from trajectories.sampling import reversed_ensemble
from trajectories.sampling.block import Samples, empty_samples
from trajectories.sampling.preparation import Preparation

PRECISION = 1e-10
EPS = float(np.finfo(float).eps)
SOLVED = 1e-14  # of the largest element: to which the master equation is solved in double precision
TERMS = 18  # of the exponential series, at a norm of 1/2 at most: (1/2)^19/19! < 2e-23
EQUAL = 1e-9  # populations of one eigenspace
SUPPORT = 1e-13  # populations below are outside the support, by the program's own rule
MOST_POPULATIONS = 16  # levels up to which populations are measured
Worst = dict[str, float]


def exponential(matrix: np.ndarray, t: np.ndarray) -> np.ndarray:
    """e^{A t} - 1 (n, d, d) for t (n,): Taylor's series of A t/2^s, then s times E -> 2 E + E^2.

    Doubling E = e^X - 1 instead of squaring e^X keeps a slow rate's digits beside a fast one: 1 + X/2^s drops them.
    """
    x = np.multiply.outer(np.asarray(t, float), matrix)
    norm = float(np.abs(x).sum(axis=-1).max(initial=0.0))
    doublings = int(np.ceil(np.log2(max(norm, 0.5)))) + 1
    x /= 2.0**doublings
    term = total = x
    for n in range(2, TERMS + 1):
        term = term @ x / n
        total = total + term
    for _ in range(doublings):
        total = 2 * total + total @ total
    return total


def liouvillian(model: Model) -> np.ndarray:
    """The generator (d^2, d^2) on row-major vectors: vec(A rho B) = (A x B^T) vec(rho)."""
    one, effective = np.eye(model.dimension), model.effective_hamiltonian
    generator = -1j * np.kron(effective, one) + 1j * np.kron(one, effective.conj())
    return generator + sum(np.kron(jump, jump.conj()) for jump in model.operators)


class Process(NamedTuple):
    """What trajectories are drawn from: H_eff (d, d), jump operators (K, d, d), and the stream's counter word.

    p_first (n0,), first (d, n0): initial states with their probabilities. p_last (nT,), last (d, nT): the outcomes.
    """

    effective: np.ndarray
    operators: np.ndarray
    p_first: np.ndarray
    first: np.ndarray
    p_last: np.ndarray
    last: np.ndarray
    duration: float
    stream: int


class Told(NamedTuple):
    """What the program says of one trajectory: its record, counts (T, K) and states (T, d) at its sample times."""

    number: int
    initial: int
    final: int
    jump_times: np.ndarray
    channels: np.ndarray
    times: np.ndarray
    counts: np.ndarray
    states: np.ndarray


def note(worst: Worst, name: str, value: float) -> None:
    """Keep the largest value by name; what is no number is as far off as can be."""
    worst[name] = max(worst.get(name, 0.0), float(value) if np.isfinite(value) else np.inf)


def outside(weights: np.ndarray, index: int, uniform: float) -> float:
    """How far u lies outside the piece of the cumulative probabilities that belongs to `index`; 0 inside."""
    edges = np.concatenate([[0.0], np.cumsum(weights)]) / weights.sum()
    return float(max(edges[index] - uniform, uniform - edges[index + 1], 0.0))


def follow(process: Process, told: Told, seed: int, worst: Worst) -> np.ndarray:
    """Follow a record and return the states (T, d) at its sample times; note in `worst` where its draws deviate.

    Deviations are in units of what is allowed: 1e-10 of a probability, of ln r, and of a state's norm. Times are
    recorded since the start, so that a waiting time carries two roundings of eps/2 of that: as much more is allowed
    as these change ln r.
    """
    d, n = len(process.effective), len(told.channels)
    begins = np.concatenate([[0.0], told.jump_times])
    ends = np.concatenate([told.jump_times, [process.duration]])
    # A phase that all states share is left out, which spares digits.
    generator = -1j * (process.effective - np.trace(process.effective).real / d * np.eye(d))
    flows = exponential(generator, ends - begins)
    states = np.zeros((len(told.times), d), complex)
    here = np.searchsorted(told.jump_times, told.times, side="right")
    u_start, u_final = naive.uniforms(seed, process.stream, told.number, 0)
    note(worst, "start", outside(process.p_first, told.initial, u_start) / PRECISION)
    psi = process.first[:, told.initial].astype(complex)
    for j in range(n + 1):
        if (inside := here == j).any():
            later = psi + exponential(generator, told.times[inside] - begins[j]) @ psi
            states[inside] = later / np.linalg.norm(later, axis=1, keepdims=True)
        u_wait, u_channel = naive.uniforms(seed, process.stream, told.number, j + 1)
        psi = psi + flows[j] @ psi
        size = float(np.linalg.norm(psi) ** 2)
        after = process.operators @ psi
        rates = np.linalg.norm(after, axis=1) ** 2
        allowed = PRECISION + EPS * ends[j] * rates.sum() / size
        left = np.log(size) - np.log(u_wait)
        if j == n:
            note(worst, "a jump too few", -left / allowed)
            break
        note(worst, "waiting time", abs(left) / allowed)
        k = int(told.channels[j])
        note(worst, "channel", outside(rates, k, u_channel) / PRECISION if rates[k] > 0 else np.inf)
        if not rates[k] > 0:  # a jump that cannot be: nothing follows from it
            return states
        psi = after[k] / np.linalg.norm(after[k])
    note(worst, "outcome", outside(np.abs(process.last.conj().T @ psi) ** 2, told.final, u_final) / PRECISION)
    counts = [np.bincount(told.channels[:m], minlength=len(process.operators)) for m in here]
    note(worst, "counts", 0.0 if np.array_equal(counts, told.counts) else np.inf)
    phases = np.exp(-1j * np.angle((told.states.conj() * states).sum(axis=1, keepdims=True)))
    note(worst, "state", np.abs(told.states - states * phases).max() / PRECISION)
    return states


class Exact(NamedTuple):
    """rho(0) (d, d) and rho(t) (T, d, d) at the sample times, by one exponential of the full Liouvillian."""

    start: np.ndarray
    states: np.ndarray

    @classmethod
    def of(cls, preparation: Preparation, initial: np.ndarray | None) -> Exact:
        """initial: rho(0), None for the steady state, the null vector of the Liouvillian."""
        model, times = preparation.model, preparation.times
        d, generator = model.dimension, liouvillian(model)
        if initial is None:
            null = np.linalg.svd(generator)[2][-1].conj().reshape(d, d)
            steady = null / np.trace(null)
            return cls(steady, np.repeat(steady[None], len(times), axis=0))
        start = np.asarray(initial, complex)
        return cls(start, start + (exponential(generator, times) @ start.ravel()).reshape(-1, d, d))


def processes(preparation: Preparation, exact: Exact, point: int) -> tuple[Process, Process]:
    """The forward process and its reverse: Theta H Theta^dag, Theta L Theta^dag, from Theta|nT>, ending in Theta|n0>.

    The vectors |n0> and |nT> are the program's; their probabilities are those of the exact states.
    """
    model = preparation.model
    first, last = (found.vectors for found in preparation.spectra)
    p_first, p_last = (
        np.where((p := np.einsum("an,ab,bn->n", vectors.conj(), rho, vectors).real) < SUPPORT, 0.0, p)
        for vectors, rho in ((first, exact.start), (last, exact.states[-1]))
    )
    u, duration = model.time_reversal, float(preparation.times[-1])
    turned = u @ model.operators.conj() @ u.conj().T
    loss = (turned.conj().swapaxes(1, 2) @ turned).sum(axis=0)
    effective = u @ model.hamiltonian.conj() @ u.conj().T - 0.5j * loss
    images = u @ first.conj(), u @ last.conj()
    forward = Process(model.effective_hamiltonian, model.operators, p_first, first, p_last, last, duration, point)
    return forward, Process(effective, turned, p_last, images[1], p_first, images[0], duration, point | 1 << 28)


def misfit_of_bases(process: Process, exact: Exact) -> float:
    """How far the initial states and outcomes are from orthonormal eigenstates of rho(0) and rho(T)."""
    largest = 0.0
    for vectors, rho in ((process.first, exact.start), (process.last, exact.states[-1])):
        inside = vectors.conj().T @ rho @ vectors
        largest = max(largest, np.abs(inside - np.diag(np.diag(inside))).max())
        largest = max(largest, np.abs(vectors.conj().T @ vectors - np.eye(len(rho))).max())
    return float(largest)


def entropy_steps(model: Model) -> np.ndarray:
    """Delta s (K,) from the operators, L_k~ = e^{-Delta s_k/2} L_k^dag; inf for a channel that none undoes."""
    sizes = np.linalg.norm(model.operators, axis=(1, 2)) ** 2
    return np.where(model.partner < 0, np.inf, np.log(sizes / sizes[model.partner]))


def _functionals(preparation: Preparation) -> tuple[np.ndarray, np.ndarray]:
    """Operators (F, d, d) of energy, energy currents Tr[H D_r rho], and populations of the sectors' basis states.

    And the natural size (F,) of each: ||H||, ||H|| times the reservoir's rates, 1.
    """
    model = preparation.model
    energy, found, sizes = model.hamiltonian, [model.hamiltonian], [np.linalg.norm(model.hamiltonian, 2)]
    for r in range(len(model.reservoirs)):
        jumps = model.operators[model.reservoir_index == r]
        loss = (jumps.conj().swapaxes(1, 2) @ jumps).sum(axis=0)
        gain = (jumps.conj().swapaxes(1, 2) @ energy @ jumps).sum(axis=0)
        found.append(gain - 0.5 * (loss @ energy + energy @ loss))
        sizes.append(sizes[0] * np.linalg.norm(loss, 2))
    if model.dimension <= MOST_POPULATIONS:
        found += [np.outer(vector, vector.conj()) for vector in preparation.sectors.basis.T]
        sizes += [1.0] * model.dimension
    return np.array(found), np.array(sizes).clip(min=EPS)


def _pinched(operator: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """The operator without its elements between eigenspaces of rho."""
    p, vectors = np.linalg.eigh(rho)
    apart = np.abs(p[:, None] - p[None, :]) > EQUAL * max(p[-1], EQUAL)
    return vectors @ np.where(apart, 0.0, vectors.conj().T @ operator @ vectors) @ vectors.conj().T


def expected_rows(
    preparation: Preparation, exact: Exact, process: Process, told: Told, states: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a trajectory's row of numbers (T, Q) from its record and its states (T, d), and how far it may be off.

    That is 1e-10 of the natural size of each, and, where ln p enters, the 1e-14 to which p is known.
    """
    model, burn = preparation.model, preparation.counting_from
    steps, (operators, sizes) = entropy_steps(model), _functionals(preparation)
    heated = [r for r in range(len(model.reservoirs)) if np.isfinite(model.quanta[model.reservoir_index == r]).all()]
    p_0 = process.p_first[told.initial]
    first = process.first[:, told.initial]
    entropy_from, energy_from, counted_from = 0.0, _mean(model.hamiltonian, first), 0.0
    rows, allowed = [], []
    for t, psi, rho in zip(preparation.times, states, exact.states, strict=True):
        flow = steps[told.channels[told.jump_times <= t]].sum()
        p, vectors = np.linalg.eigh(rho)
        weights, met = np.abs(vectors.conj().T @ psi) ** 2, p > SUPPORT
        entropy = np.log(p_0) - weights[met] @ np.log(p[met]) + flow
        known = PRECISION + SOLVED / p_0 + (weights[met] * SOLVED / p[met]).sum()
        energy = _mean(model.hamiltonian, psi)
        if 0 < burn == t:
            entropy_from, energy_from, counted_from = entropy, energy, t
        since = told.channels[(told.jump_times > counted_from) & (told.jump_times <= t)]
        heats = [model.quanta[since][model.reservoir_index[since] == r].sum() for r in heated]
        given = [steps[since].sum()] if model.entropy and np.isfinite(steps).all() else []
        lost = np.isinf(flow)
        other = np.zeros(FIRST_STATIC)
        if not lost:
            other[ENTROPY], other[ENTROPY_SINCE] = entropy, entropy - entropy_from
            other[WEIGHT] = np.exp(-flow) * _mean(rho, psi) / p_0
        other[COUPLING_WORK] = sum(heats) - (energy - energy_from)
        other[PROJECTION] = _mean(_pinched(model.hamiltonian, rho), psi) - energy
        rows.append([len(since), *heats, *given, *other, *(_mean(a, psi) for a in operators)])
        off = np.zeros(FIRST_STATIC)
        off[[ENTROPY, ENTROPY_SINCE]] = known * max(1.0, abs(entropy))
        off[WEIGHT] = (PRECISION + SOLVED / p_0) * other[WEIGHT] + SOLVED
        off[[COUPLING_WORK, PROJECTION]] = PRECISION * sizes[0]
        counted = [PRECISION * max(1.0, abs(x)) for x in (len(since), *heats, *given)]
        allowed.append([*counted, *off, *(PRECISION * sizes)])
    return np.array(rows), np.array(allowed)


def columns(n_linear: int) -> dict[str, list[int] | slice]:
    """Where a row's numbers are, by name."""
    entropies = [n_linear + column for column in (ENTROPY, ENTROPY_SINCE, WEIGHT)]
    return {
        "counted": slice(0, n_linear),
        "entropy": entropies,
        "energy balance": [n_linear + COUPLING_WORK, n_linear + PROJECTION],
        "functionals": slice(n_linear + FIRST_STATIC, None),
    }


def _mean(operator: np.ndarray, psi: np.ndarray) -> float:
    return float(np.vdot(psi, operator @ psi).real)


def records(preparation: Preparation, seed: int, point: int, first: int, n: int) -> tuple[list[Told], list[Told]]:
    """Return trajectories first ... first+n-1 as the program samples them: n forward and n reversed."""
    direction = reversed_ensemble.backward(preparation) if preparation.model.entropy else None
    sectors = preparation.sectors

    def forward(capacity: int) -> Samples:
        return sampling.sample(preparation.plan, preparation.observables, seed, point, first, n, capacity)

    def reverse(capacity: int) -> Samples:
        samples = empty_samples(n, 1, len(preparation.model.operators), int(sectors.dimensions.max()), capacity)
        reversed_ensemble.jumps(direction.plan, np.uint64(seed), point | direction.family << 28, first, *samples)
        return samples

    u = preparation.model.time_reversal
    there = _told(forward, preparation.times, sectors.basis, sectors.offsets, first)
    if direction is None:
        return there, []
    return there, _told(reverse, preparation.times[-1:], u @ sectors.basis.conj(), sectors.offsets, first)


def _told(
    sample: Callable[[int], Samples], times: np.ndarray, basis: np.ndarray, offsets: np.ndarray, first: int
) -> list[Told]:
    found = sample(max(1, int(sample(0).record_length.max())))
    told = []
    for i, length in enumerate(found.record_length):
        states = np.zeros((len(times), len(basis)), complex)
        for t, s in enumerate(found.sector[i]):
            own = slice(offsets[s], offsets[s + 1])
            states[t] = basis[:, own] @ found.psi[i, t, : own.stop - own.start]
        told.append(
            Told(
                first + i,
                int(found.initial[i]),
                int(found.final[i]),
                found.record_times[i, :length],
                found.record_channels[i, :length],
                times,
                found.counts[i],
                states,
            )
        )
    return told


def deviations(
    preparation: Preparation, initial: np.ndarray | None, seed: int, n: int, point: int = 3, first: int = 2**33 + 5
) -> Worst:
    """Return the largest deviation of n trajectories and of n reversed ones, by name, in units of what is allowed.

    initial: the rho(0) of the preparation, None for the steady state.
    """
    exact = Exact.of(preparation, initial)
    there, back = processes(preparation, exact, point)
    worst: Worst = {"bases": misfit_of_bases(there, exact) / PRECISION}
    forward, reverse = records(preparation, seed, point, first, n)
    for told in forward:
        states = follow(there, told, seed, worst)
        _compare_rows(preparation, exact, there, told, states, seed, point, worst)
    for told in reverse:
        follow(back, told, seed, worst)
    if preparation.model.entropy:
        for process, found, direction in (
            (there, forward, reversed_ensemble.forward(preparation)),
            (back, reverse, reversed_ensemble.backward(preparation)),
        ):
            drawn = reversed_ensemble.entropies(direction, seed, point, first, n)
            _compare_entropies(preparation.model, process, found, drawn, worst)
    return worst


def _compare_rows(
    preparation: Preparation,
    exact: Exact,
    process: Process,
    told: Told,
    states: np.ndarray,
    seed: int,
    point: int,
    worst: Worst,
) -> None:
    """Compare what the program tallies of one trajectory, a block of its own, with what follows from its record."""
    block = sampling.sample_block(preparation.plan, preparation.observables, seed, point, told.number, 1, 1.0)
    rows, allowed = expected_rows(preparation, exact, process, told, states)
    off = np.abs(block.mean - rows) / allowed
    for name, own in columns(len(preparation.observables.linear)).items():
        note(worst, name, off[:, own].max())
    lost = [np.isinf(entropy_steps(preparation.model)[told.channels[told.jump_times <= t]]).any() for t in told.times]
    note(worst, "irreversible", 0.0 if np.array_equal(block.infinite, lost) else np.inf)


def _compare_entropies(model: Model, process: Process, found: list[Told], drawn: np.ndarray, worst: Worst) -> None:
    """Compare Delta S = ln p(first) - ln p(last) + sum Delta s, with the outcome drawn."""
    steps = entropy_steps(model)
    for told, value in zip(found, drawn, strict=True):
        p, q = process.p_first[told.initial], process.p_last[told.final]
        wanted = np.log(p) - np.log(q) + steps[told.channels].sum() if q > 0 else np.inf
        if np.isinf(wanted):
            note(worst, "entropy drawn", 0.0 if value == np.inf else np.inf)
        else:
            note(
                worst,
                "entropy drawn",
                abs(value - wanted) / (PRECISION * max(1.0, abs(wanted)) + SOLVED / p + SOLVED / q),
            )
