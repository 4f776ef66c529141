"""The generator of the master equation, restricted to blocks of the density matrix between sectors.

The block (s, s') of the density matrix, the rows of sector s and the columns of sector s', evolves by

    d rho_ss' / dt = -i h_s rho_ss' + i rho_ss' h_s'^dag + (what arrives from other blocks),

h_s the block of H_eff = H - (i/2) sum_k L_k^dag L_k; channel k carries rho_ss' to B rho_ss' B'^dag, in the block (t,
t') of the sectors that L_k maps s and s' into. Diagonal blocks only feed diagonal blocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from .model import Model
from .sectors import Sectors, rotated_operators

DENSE_LIMIT = 400
DENSE_KRONECKER = 16

Pair = tuple[int, int]


class BlockSpace:
    """H_eff and the jump operators cut into sectors, and generators assembled from them.

    losses: (K, size) flattened blocks of L_k^dag L_k.
    """

    def __init__(self, model: Model, sectors: Sectors) -> None:
        self._offsets = sectors.offsets
        self._dimensions = sectors.dimensions
        effective, jumps = rotated_operators(model, sectors)
        self._effective = [effective[a:b, a:b] for a, b in zip(self._offsets[:-1], self._offsets[1:], strict=True)]
        self._jumps = [self._cut(operator, sectors) for operator in jumps]
        losses = np.einsum("kba,kbc->kac", jumps.conj(), jumps, optimize=True)
        self.losses = losses[(slice(None), *sectors.indices)]

    def _cut(self, operator: np.ndarray, sectors: Sectors) -> dict[int, tuple[int, np.ndarray]]:
        """Return source sector -> (target sector, block of the operator)."""
        rows, columns = np.nonzero(operator)
        target_of = dict(zip(sectors.sector_of[columns].tolist(), sectors.sector_of[rows].tolist(), strict=True))
        offsets = self._offsets
        return {
            s: (t, operator[offsets[t] : offsets[t + 1], offsets[s] : offsets[s + 1]])
            for s, t in sorted(target_of.items())
        }

    def diagonal_pairs(self) -> list[Pair]:
        """Return the pairs (s, s): the blocks that populations live in."""
        return [(s, s) for s in range(len(self._dimensions))]

    def coherence_classes(self) -> list[tuple[list[Pair], int]]:
        """Return the pairs (s, s'), s != s', in groups between which nothing flows, each with how often it occurs.

        Of two adjoint groups, which hold each other's complex conjugates, one is returned and occurs twice.
        """
        count = len(self._dimensions)
        if count == 1:
            return []
        links = [(np.zeros(0, int), np.zeros(0, int))]
        for jumps in self._jumps:
            sources = np.array(list(jumps), int)
            targets = np.array([target for target, _ in jumps.values()], int)
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
            s, other = group // count, group % count
            own, adjoint = label[group[0]], label[other[0] * count + s[0]]
            if s[0] != other[0] and own <= adjoint:
                classes.append((list(zip(s.tolist(), other.tolist(), strict=True)), 1 if own == adjoint else 2))
        return classes

    def generator(self, pairs: Sequence[Pair], weights: np.ndarray | None = None) -> np.ndarray | sparse.csr_array:
        """Return the generator on some pairs of sectors, (D, D), rows of the blocks first, one block after another.

        weights: (K,) factor of each channel's jump term, not of its loss (default 1; 0 leaves the jumps out).
        Dense for D <= 400, else a sparse array.
        """
        sizes = [int(self._dimensions[s] * self._dimensions[other]) for s, other in pairs]
        first = dict(zip(pairs, np.concatenate([[0], np.cumsum(sizes)]).tolist(), strict=False))
        rows, columns, values = [np.zeros(0, int)], [np.zeros(0, int)], [np.zeros(0, complex)]

        def add(block: sparse.coo_array, target: Pair, source: Pair) -> None:
            rows.append(block.row + first[target])
            columns.append(block.col + first[source])
            values.append(block.data)

        for pair in pairs:
            left, right = (self._effective[s] for s in pair)
            add(_product(-1j * left, np.eye(len(right))), pair, pair)
            add(_product(np.eye(len(left)), 1j * right.conj()), pair, pair)
            for k, jumps in enumerate(self._jumps):
                weight = 1.0 if weights is None else weights[k]
                if weight == 0 or pair[0] not in jumps or pair[1] not in jumps:
                    continue
                (target, left), (other, right) = jumps[pair[0]], jumps[pair[1]]
                if (target, other) in first:
                    add(_product(weight * left, right.conj()), (target, other), pair)
        size = sum(sizes)
        position = (np.concatenate(rows), np.concatenate(columns))
        matrix = sparse.coo_array((np.concatenate(values), position), shape=(size, size)).tocsr()
        return matrix.toarray() if size <= DENSE_LIMIT else matrix


def _product(left: np.ndarray, right: np.ndarray) -> sparse.coo_array:
    """Return the Kronecker product, through dense arrays where they are small."""
    if len(left) <= DENSE_KRONECKER:
        return sparse.coo_array(np.kron(left, right))
    return sparse.kron(sparse.csr_array(left), sparse.csr_array(right), format="coo")
