"""The generator of the master equation, restricted to blocks of the density matrix between sectors.

The block (s, s') of the density matrix, the rows of sector s and the columns of sector s', evolves by

    d rho_ss' / dt = -i h_s rho_ss' + i rho_ss' h_s'^dag + (what arrives from other blocks),

h_s the block of H_eff = H - (i/2) sum_k L_k^dag L_k; channel k carries rho_ss' to B rho_ss' B'^dag, in the block (t,
t') of the sectors that L_k maps s and s' into. Diagonal blocks only feed diagonal blocks. Between the elements ij and
i'j' of the density matrix the generator is

    G[ij, i'j'] = -i h[i, i'] delta[j, j'] + i conj(h[j, j']) delta[i, i'] + sum_k L_k[i, i'] conj(L_k[j, j']).
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from trajectories.master.sectors import Sectors, rotated
from trajectories.model import Model
from trajectories.model.operators import full

DENSE_LIMIT = 400

Array = np.ndarray


class CoherenceClass(NamedTuple):
    """Blocks (s, s'), s != s', that exchange nothing with others: first, second (n,) hold s and s'.

    times: how often it occurs, 2 where the adjoint blocks form a class of their own, the complex conjugate of this one.
    """

    first: Array
    second: Array
    times: int


class BlockSpace:
    """H_eff and the jump operators cut into sectors, and generators assembled from them.

    rotated: the operators in the sorted basis. losses: (K, size) flattened blocks of L_k^dag L_k.
    """

    def __init__(self, model: Model, sectors: Sectors) -> None:
        self._sectors = sectors
        self.rotated = rotated(model, sectors)
        self._effective, self._jumps, products = self.rotated
        self.losses = np.array([full(product[sectors.indices]) for product in products])

    @cached_property
    def _nonzero(self) -> list[_Elements]:
        """The identity, H_eff and the jump operators, by their elements that are not zero."""
        identity = np.eye(len(self._effective), dtype=complex)
        return [_Elements.of(matrix, self._sectors) for matrix in (identity, self._effective, *self._jumps)]

    @cached_property
    def targets(self) -> Array:
        """(K, S) int64: the sector that each channel maps each sector into, -1 where it maps a sector to zero."""
        sector = self._sectors.sector_of
        targets = np.full((len(self._jumps), len(self._sectors.dimensions)), -1, np.int64)
        for row, jumps in zip(targets, self._nonzero[2:], strict=True):
            row[sector[jumps.column]] = sector[jumps.row]
        return targets

    @cached_property
    def coherence_classes(self) -> list[CoherenceClass]:
        """The pairs of different sectors, in groups between which nothing flows."""
        count = len(self._sectors.dimensions)
        if count == 1:
            return []
        links = [(np.zeros(0, int), np.zeros(0, int))]
        for row in self.targets:
            sources = np.flatnonzero(row >= 0)
            targets = row[sources]
            start = (sources[:, None] * count + sources[None, :]).ravel()
            end = (targets[:, None] * count + targets[None, :]).ravel()
            between = end // count != end % count
            links.append((start[between], end[between]))
        start, end = (np.concatenate([link[i] for link in links]) for i in (0, 1))
        graph = sparse.coo_array((np.ones(len(start), np.int8), (start, end)), shape=(count**2, count**2))
        label = connected_components(graph, directed=False)[1]
        order = np.argsort(label, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
        classes = []
        for group in groups:
            first, second = group // count, group % count
            number, adjoint_number = label[group[0]], label[second[0] * count + first[0]]
            if first[0] != second[0] and number <= adjoint_number:
                classes.append(CoherenceClass(first, second, 1 if number == adjoint_number else 2))
        return classes

    def diagonal(self, weights: Array | None = None) -> Array | sparse.csr_array:
        """Return the generator (D, D) of the diagonal blocks, in the order of the sectors' flattened blocks.

        weights: (K,) factor of each channel's jump term, not of its loss (default 1; 0 leaves the jumps out).
        Dense for D <= 400, else a sparse array.
        """
        weights = np.concatenate([[1.0], np.ones(len(self._jumps)) if weights is None else weights])
        size = self._sectors.size
        if size <= DENSE_LIMIT:
            return (weights @ self._diagonal_terms.reshape(len(weights), -1)).reshape(size, size)
        which, target, source, value = self._diagonal_elements
        value = weights[which] * value
        kept = value != 0
        return sparse.coo_array((value[kept], (target[kept], source[kept])), shape=(size, size)).tocsr()

    def between(self, coherences: CoherenceClass) -> Array | sparse.csr_array:
        """Return the generator on a class of coherences, dense up to 400 elements, else a sparse array."""
        rows, columns = self._elements_of(coherences.first, coherences.second)
        size = len(rows)
        if size <= DENSE_LIMIT:
            return self._terms(rows, columns).sum(axis=0)
        _, target, source, value = self._flows(rows, columns, coherences.first, coherences.second)
        return sparse.coo_array((value, (target, source)), shape=(size, size)).tocsr()

    def coherent_modes(self) -> Array:
        """Return -i(e_a - e_b^*) + sum_k <a|L_k|a><b|L_k|b>^* for a != b in one sector: the oscillating eigenvalues of
        the generator to first order in the jumps. e_a, |a>: eigenvalues and right, <a|: left eigenvectors of H_eff.
        """
        offsets, modes_by_sector = self._sectors.offsets, [np.zeros(0, complex)]
        for a, b in zip(offsets[:-1], offsets[1:], strict=True):
            if b - a > 1:
                energies, right = np.linalg.eig(self._effective[a:b, a:b])
                kept = np.einsum("na,kab,bn->kn", np.linalg.pinv(right), self._jumps[:, a:b, a:b], right, optimize=True)
                modes = -1j * (energies[:, None] - energies.conj()) + kept.T @ kept.conj()
                modes_by_sector.append(modes[~np.eye(b - a, dtype=bool)])
        return np.concatenate(modes_by_sector)

    @cached_property
    def _diagonal_terms(self) -> Array:
        return self._terms(*self._sectors.indices)

    @cached_property
    def _diagonal_elements(self) -> tuple[Array, Array, Array, Array]:
        sectors = np.arange(len(self._sectors.dimensions))
        return self._flows(*self._sectors.indices, sectors, sectors)

    def _elements_of(self, first: Array, second: Array) -> tuple[Array, Array]:
        """Return row and column of the elements of some blocks, one block after another, row-major."""
        offsets, dimensions = self._sectors.offsets, self._sectors.dimensions
        block, within = _counted(dimensions[first] * dimensions[second])
        width = dimensions[second[block]]
        return offsets[first[block]] + within // width, offsets[second[block]] + within % width

    def _terms(self, rows: Array, columns: Array) -> Array:
        """Return the generator on the elements (rows, columns) in parts (1+K, D, D): without jumps, each channel."""
        h, unit = self._effective, np.eye(len(self._effective))
        left, right = (rows[:, None], rows[None, :]), (columns[:, None], columns[None, :])
        drift = -1j * h[left] * unit[right] + 1j * h.conj()[right] * unit[left]
        jumps = self._jumps[(slice(None), *left)] * self._jumps.conj()[(slice(None), *right)]
        return np.concatenate([drift[None], jumps])

    def _flows(self, rows: Array, columns: Array, first: Array, second: Array) -> tuple[Array, Array, Array, Array]:
        """Return the elements of `_terms` that are not zero: part, target, source and value, (n,) each.

        rows, columns: indices of the elements of the blocks (first, second), one block after another.
        """
        d = len(self._effective)
        position = np.full(d * d, -1)
        position[rows * d + columns] = np.arange(len(rows))
        identity, effective, *jumps = self._nonzero
        terms = [(0, -1j, effective, identity), (0, 1j, identity, effective)]
        terms += [(k, 1.0, jump, jump) for k, jump in enumerate(jumps, start=1)]
        flows = []
        for which, factor, left, right in terms:
            pair, place = _counted(left.counts[first] * right.counts[second])
            width = right.counts[second[pair]]
            a, b = left.first[first[pair]] + place // width, right.first[second[pair]] + place % width
            target = position[left.row[a] * d + right.row[b]]
            source = position[left.column[a] * d + right.column[b]]
            # Coherences also feed populations, which are outside these blocks.
            kept = target >= 0
            value = factor * left.value[a[kept]] * right.value[b[kept]].conj()
            flows.append((np.full(len(value), which), target[kept], source[kept], value))
        parts, targets, sources, values = (np.concatenate([part[i] for part in flows]) for i in range(4))
        return parts, targets, sources, values


class _Elements(NamedTuple):
    """The elements of a matrix that are not zero, by the sector of their column: first, counts (S,) say where."""

    row: Array
    column: Array
    value: Array
    first: Array
    counts: Array

    @classmethod
    def of(cls, matrix: Array, sectors: Sectors) -> _Elements:
        # Columns are sorted by sectors, and the transpose is searched row by row.
        column, row = np.nonzero(matrix.T)
        count = np.bincount(sectors.sector_of[column], minlength=len(sectors.dimensions))
        return cls(row, column, matrix[row, column], np.cumsum(count) - count, count)


def _counted(counts: Array) -> tuple[Array, Array]:
    """Return the group of each member of groups of sizes `counts`, and its number in the group, (sum,) each."""
    group = np.repeat(np.arange(len(counts)), counts)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
