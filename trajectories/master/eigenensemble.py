"""Eigenbases of density matrices, by sectors and with every ambiguity settled by a rule."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.master.sectors import Sectors

SUPPORT = 1e-13
EQUAL = 1e-10
ROUNDING = 1e-14


class Spectrum(NamedTuple):
    """The eigenbasis of a density matrix, complete (n = d), sector after sector, in each sector by falling probability.

    probabilities: (n,) p_n, zero outside the support, summing to one.
    vectors: (d, n), columns in the computational basis. sector: (n,) int64, the sector of each.
    local: (n, m_max) the same vectors in the sorted basis of their sector, padded with zeros.
    null_rank: how many eigenvectors are outside the support.
    """

    probabilities: np.ndarray
    vectors: np.ndarray
    sector: np.ndarray
    local: np.ndarray
    null_rank: int

    def operator(self, values: np.ndarray) -> np.ndarray:
        """Return sum_n f_n |n><n|, (d, d) in the computational basis, for values f (n,)."""
        return np.asarray((self.vectors * values) @ self.vectors.conj().T)

    def logarithm(self) -> np.ndarray:
        """Return ln rho on its support, (d, d) in the computational basis."""
        p = self.probabilities
        return self.operator(np.log(np.where(p > 0, p, 1.0)))


def spectrum(rho: np.ndarray, hamiltonian: np.ndarray, sectors: Sectors) -> Spectrum:
    """Diagonalise rho = sum_n p_n |n><n| sector by sector.

    Inside a degenerate eigenspace the vectors diagonalise H restricted to it. Where that leaves a choice, the vectors
    are the basis states projected onto what is left, the one with the largest projection first. Phases: the largest
    component is real and positive, the first of equals. Eigenvalues below 1e-13 are outside the support and get
    probability 0.

    rho: (d, d) in the computational basis, or (size,) flattened blocks, which keep small populations of one-dimensional
    sectors exact: there every positive one belongs to the support. hamiltonian: (d, d), computational basis.
    Raises InputError where rho has an eigenvalue below -1e-10.
    """
    rho = np.asarray(rho)
    exact = rho.ndim == 1
    blocks = rho.astype(complex) if exact else sectors.flatten(rho)
    return _spectrum(blocks, exact, sectors, list(sectors.split(sectors.flatten(hamiltonian))), {})


def spectra(blocks: np.ndarray, hamiltonian: np.ndarray, sectors: Sectors) -> list[Spectrum]:
    """Return `spectrum` of each of some density matrices, flattened blocks (T, size)."""
    energies = list(sectors.split(sectors.flatten(hamiltonian)))
    empty: dict[int, np.ndarray] = {}
    return [_spectrum(rho.astype(complex), True, sectors, energies, empty) for rho in blocks]


def _spectrum(
    blocks: np.ndarray,
    exact: bool,
    sectors: Sectors,
    energies: list[np.ndarray],
    empty: dict[int, np.ndarray],
) -> Spectrum:
    """Return `spectrum` of flattened blocks.

    energies: a block of H for each sector. empty: bases of sectors outside the support, which H alone determines.
    """
    dimensions = sectors.dimensions
    d, largest = int(dimensions.sum()), int(dimensions.max())
    probabilities, local = np.zeros(d), np.zeros((d, largest), complex)
    vectors = np.zeros((d, d), complex)
    for s, (block, energy) in enumerate(zip(sectors.split(blocks), energies, strict=True)):
        m, columns = len(block), slice(int(sectors.offsets[s]), int(sectors.offsets[s + 1]))
        if m > 1 and np.linalg.norm(block) < SUPPORT:
            if s not in empty:
                empty[s] = _diagonalise(np.zeros_like(block), 0.5 * (energy + energy.conj().T))[1]
            local[columns, :m] = empty[s].T
            sectors.lift(s, empty[s], vectors)
            continue
        values, states = _diagonalise(0.5 * (block + block.conj().T), 0.5 * (energy + energy.conj().T))
        if values.min() < -1e-10:
            where = sectors.labels[columns.start]
            raise InputError(f"the state is not positive: eigenvalue {values.min():.3g} in the sector of {where}")
        outside = values <= 0 if exact and m == 1 else values < SUPPORT
        probabilities[columns] = np.where(outside, 0.0, values)
        local[columns, :m] = states.T
        sectors.lift(s, states, vectors)
    total = probabilities.sum()
    if not total > 0:
        raise InputError("the state is zero; a density matrix has trace 1")
    null_rank = int(np.count_nonzero(probabilities == 0))
    return Spectrum(probabilities / total, vectors, sectors.sector_of.astype(np.int64), local, null_rank)


def _diagonalise(rho: np.ndarray, energy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues (m,), falling, and eigenvectors (m, m) of one block, ambiguities settled."""
    if len(rho) == 1:
        return rho.real[0], np.ones((1, 1), complex)
    values, states = np.linalg.eigh(rho)
    values, states = values[::-1], states[:, ::-1]
    # Everything outside the support is one eigenspace, whatever its rounding noise.
    clipped = np.where(values < SUPPORT, 0.0, values)
    for group in _groups(clipped, ROUNDING * max(1.0, clipped[0])):
        states[:, group] = _within(states[:, group], energy)
    values = np.einsum("am,ab,bm->m", states.conj(), rho, states).real
    return values, states * _phases(states)


def _within(space: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Choose the basis of an eigenspace, spanned by the columns of `space` (m, g): energy eigenstates, rising."""
    if space.shape[1] == 1:
        return space
    levels, mixing = np.linalg.eigh(space.conj().T @ energy @ space)
    space = space @ mixing
    for group in _groups(levels, ROUNDING * max(float(np.abs(energy).max()), np.finfo(float).tiny)):
        space[:, group] = _canonical(space[:, group])
    return space


def _canonical(space: np.ndarray) -> np.ndarray:
    """Return a basis that depends on the subspace alone: projected basis states, largest first, the first of equals."""
    if space.shape[1] == 1:
        return space
    left, chosen = space @ space.conj().T, []
    for _ in range(space.shape[1]):
        weight = left.diagonal().real
        pivot = int(np.flatnonzero(weight >= weight.max() * (1 - 1e-9))[0])
        vector = left[:, pivot] / np.linalg.norm(left[:, pivot])
        chosen.append(vector)
        left = left - np.outer(vector, vector.conj())
    return np.linalg.qr(np.array(chosen).T)[0]


def _groups(values: np.ndarray, rounding: float) -> list[slice]:
    """Return runs of equal neighbours in a sorted array: gap within rounding plus 1e-10 of the value."""
    gaps = np.abs(np.diff(values))
    cuts = np.flatnonzero(gaps > rounding + EQUAL * np.abs(values[1:])) + 1
    edges = [0, *cuts.tolist(), len(values)]
    return [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _phases(states: np.ndarray) -> np.ndarray:
    """Return the factor per column that makes its largest component, the first of equals, real and positive."""
    size = np.abs(states)
    pivot = np.argmax(size >= size.max(axis=0) * (1 - 1e-9), axis=0)
    component = states[pivot, np.arange(states.shape[1])]
    return np.abs(component) / component


def levels(operator: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return the eigenvalues of a Hermitian operator of flattened blocks (D,), sector after sector."""
    blocks = sectors.split(np.asarray(operator, complex))
    return np.concatenate([block[0].real if len(block) == 1 else np.linalg.eigvalsh(block) for block in blocks])
