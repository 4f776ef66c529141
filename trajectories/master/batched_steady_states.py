"""Steady states of many points of one machine at once, for maps, curves and searches.

In the basis in which the machine falls into the smallest sectors the steady state has populations p and coherences c
inside the sectors only, and with the generator's parts

    G_pp p + G_pc c = 0,   G_cp p + G_cc c = 0   =>   c = -G_cc^-1 G_cp p,   R p = 0,   R = G_pp - G_pc G_cc^-1 G_cp.

R is an effective rate matrix, solved by the elimination of states without subtractions (`null_space`), so that small
populations keep their digits. Points at which an element of R is lost to rounding, or nothing leaves a state, are
left to `lindblad.Master`, which is exact there or says why there is no unique steady state.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from trajectories.master.basis_change import ROUNDING
from trajectories.master.sectors import smallest_subspaces
from trajectories.model.operators import dagger

WORST_CONDITION = 1e13
LOST = 64 * np.finfo(float).eps
CANCELLED = 1e-9
BACKWARD_ERROR = 1e-12


class SteadyStates(NamedTuple):
    """Steady states of n points.

    rho: (n, d, d), in the computational basis. sure: (n,) bool, False where rho is not to be used.
    """

    rho: np.ndarray
    sure: np.ndarray


class Blocks(NamedTuple):
    """The operators of n points in a basis, cut into sectors.

    basis: (n, d, d) unitary, None for the computational one. effective: (n, d, d) H - (i/2) sum_k L_k^dag L_k. jumps:
    (n, K, d, d). sector: (d,) number of each basis state's sector.
    """

    basis: np.ndarray | None
    effective: np.ndarray
    jumps: np.ndarray
    sector: np.ndarray


def steady_states(hamiltonian: np.ndarray, jumps: np.ndarray, bases: Sequence[np.ndarray] = ()) -> SteadyStates:
    """Return the steady states of n points of a machine of small dimension d.

    hamiltonian: (n, d, d). jumps: (n, K, d, d) jump operators, rates included. bases: unitaries (n, d, d), further
    bases in which the machine may fall into smaller sectors.
    """
    candidates = [_in_basis(hamiltonian, jumps, basis) for basis in (None, *bases)]
    blocks = min(candidates, key=lambda candidate: (np.bincount(candidate.sector) ** 3).sum())
    rows, columns = np.nonzero(blocks.sector[:, None] == blocks.sector)
    with np.errstate(all="ignore"):
        elements, sure = _solution(_generator(blocks, rows, columns), rows == columns)
    rho = np.zeros(hamiltonian.shape, complex)
    rho[:, rows, columns] = elements
    if blocks.basis is not None:
        rho = blocks.basis @ rho @ dagger(blocks.basis)
    return SteadyStates(0.5 * (rho + dagger(rho)), sure)


def _in_basis(hamiltonian: np.ndarray, jumps: np.ndarray, basis: np.ndarray | None) -> Blocks:
    """Return the operators in a basis, elements that are rounding set to zero, and the sectors that hold all points."""
    if basis is not None:
        hamiltonian, jumps = _turned(hamiltonian, basis), _turned(jumps, basis[:, None])
    loss, terms = ((dagger(x) @ x).sum(axis=1) for x in (jumps, np.abs(jumps)))
    loss = np.where(np.abs(loss) > ROUNDING * terms, loss, 0.0)
    coupling = (hamiltonian != 0).any(axis=0) | (loss != 0).any(axis=0)
    moved = (jumps != 0).any(axis=0)
    sector = _sectors(coupling.tobytes(), moved.tobytes(), *moved.shape[:2])
    return Blocks(basis, hamiltonian - 0.5j * loss, jumps, sector)


@lru_cache(maxsize=64)
def _sectors(coupling: bytes, jumps: bytes, k: int, d: int) -> np.ndarray:
    """Return `smallest_subspaces` of patterns (d, d) and (k, d, d) bool: a search asks for the same ones often."""
    pattern = np.frombuffer(jumps, bool).reshape(k, d, d)
    return smallest_subspaces([np.frombuffer(coupling, bool).reshape(d, d)], pattern)


def _turned(operators: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return W^dag A W (..., d, d) with elements that are rounding of the change of basis set to zero."""
    size = np.abs(basis)
    matrix = dagger(basis) @ operators @ basis
    rounding = ROUNDING * (np.swapaxes(size, -1, -2) @ np.abs(operators) @ size)
    return np.where(np.abs(matrix) > rounding.max(axis=(-2, -1), keepdims=True), matrix, 0.0)


def _generator(blocks: Blocks, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the generator (n, D, D) on the elements (rows, columns) of the density matrix; see `block_generator`."""
    left, right = (rows[:, None], rows), (columns[:, None], columns)
    effective, unit = blocks.effective, np.eye(blocks.effective.shape[-1])
    generator = -1j * effective[:, left[0], left[1]] * unit[right]
    generator += 1j * effective[:, right[0], right[1]].conj() * unit[left]
    for k in range(blocks.jumps.shape[1]):
        jump = blocks.jumps[:, k]
        generator += jump[:, left[0], left[1]] * jump[:, right[0], right[1]].conj()
    return generator


def _solution(generator: np.ndarray, diagonal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the null vectors (n, D) of trace one of generators (n, D, D), and which of them are sure, (n,) bool.

    diagonal: (D,) bool, True for populations.
    """
    p, c = np.flatnonzero(diagonal), np.flatnonzero(~diagonal)
    rates = generator[:, p[:, None], p].real.copy()
    sure = np.isfinite(generator).all(axis=(1, 2))
    if len(c):
        inside, source = generator[:, c[:, None], c], generator[:, c[:, None], p]
        response, regular = _solved(np.where(sure[:, None, None], inside, np.eye(len(c))), source)
        back = generator[:, p[:, None], c]
        rates -= (back @ response).real
        rates[np.abs(rates) <= LOST * (np.abs(back) @ np.abs(response))] = 0.0
        sure &= regular
    populations, unique = _stationary(rates)
    if not unique.all():
        backwards, unique_backwards = _stationary(rates[~unique, ::-1, ::-1])
        populations[~unique] = backwards[:, ::-1]
        unique[~unique] = unique_backwards
    elements = np.zeros(generator.shape[:2], complex)
    elements[:, p] = populations
    if len(c):
        elements[:, c] = -(response @ populations[:, :, None])[..., 0]
    residual = np.abs((generator @ elements[..., None])[..., 0])
    size = (np.abs(generator) @ np.abs(elements)[..., None])[..., 0]
    sure &= unique & (residual <= BACKWARD_ERROR * size.max(axis=1, keepdims=True)).all(axis=1)
    return elements, sure


def _solved(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return X (n, D, m) with A X = B, refined once, and whether A is far from singular, (n,) bool."""
    scale = np.abs(matrix).max(axis=2, keepdims=True)
    matrix, right = matrix / scale, right / scale
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.zeros_like(right), np.zeros(len(matrix), bool)
    solution = inverse @ right
    solution += inverse @ (right - matrix @ solution)
    condition = np.abs(matrix).sum(axis=1).max(axis=1) * np.abs(inverse).sum(axis=1).max(axis=1)
    return solution, condition < WORST_CONDITION


def _stationary(rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the stationary distributions (n, m) of rate matrices (n, m, m), and whether each is unique, (n,) bool.

    rates: rates[:, i, j] for the jump j -> i; the diagonals are ignored. `null_space.stationary_distribution` for many
    matrices; one that does not lead from every state to the first counts as not unique.
    """
    n, m = rates.shape[:2]
    left, exits, unique = rates.copy(), np.ones((n, m)), np.ones(n, bool)
    left[:, np.arange(m), np.arange(m)] = 0.0
    for k in range(m - 1, 0, -1):
        exits[:, k] = left[:, :k, k].sum(axis=1)
        unique &= exits[:, k] > CANCELLED * np.abs(left[:, :k, k]).sum(axis=1)
        left[:, :k, :k] += left[:, :k, k, None] * (left[:, k, None, :k] / exits[:, k, None, None])
        left[:, np.arange(k), np.arange(k)] = 0.0
    weight = np.ones((n, m))
    for k in range(1, m):
        weight[:, k] = (left[:, k, :k] * weight[:, :k]).sum(axis=1) / exits[:, k]
    p = weight / weight.sum(axis=1, keepdims=True)
    return p, unique & np.isfinite(p).all(axis=1) & (p > -CANCELLED).all(axis=1)
