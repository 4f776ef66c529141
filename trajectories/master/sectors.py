"""Sectors: the smallest subspaces that no quantum trajectory leaves coherently.

A sector is a set of basis states. The no-jump evolution never couples two sectors and every jump operator maps a sector
into one sector, so a trajectory that starts in one sector is in exactly one sector of dimension m at any time, and a
state without coherence between sectors never acquires any. What is computed by sectors costs powers of m instead of
powers of d.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from trajectories.errors import InputError
from trajectories.master.basis_change import Turned, coupled_by_loss, turned, unresolved
from trajectories.model import Model
from trajectories.model.operators import full, partial_trace, products_of_adjoints
from trajectories.model.validation import COMPUTATIONAL

NEGLIGIBLE = 1e-12
"""Coherence of a state between sectors, relative to its largest element, that counts as none."""
SMALL = 64


@dataclass(frozen=True, eq=False)
class Sectors:
    """A basis sorted into sectors.

    basis_name: "computational" or the name of the basis the model offered.
    basis: (d, d) unitary W whose columns are the basis vectors, sector after sector. labels: one name per column.
    offsets: (S+1,) int64, sector s owns the columns offsets[s] to offsets[s+1] - 1.
    dropped: the largest element of H or a jump operator that was taken for rounding of the change of basis, relative to
    the largest element of its matrix (always 0 in the computational basis, where only zeros are zero). passed_over: a
    line for each basis of the model in which rounding may hide a coupling, and which is therefore not used.
    """

    basis_name: str
    basis: np.ndarray
    labels: tuple[str, ...]
    offsets: np.ndarray
    dropped: float
    passed_over: tuple[str, ...] = ()

    @cached_property
    def dimensions(self) -> np.ndarray:
        """(S,) int64: dimension m_s of every sector."""
        return np.diff(self.offsets)

    @cached_property
    def size(self) -> int:
        """Number of elements of all diagonal blocks, sum_s m_s^2."""
        return int(self.block_offsets[-1])

    @cached_property
    def block_offsets(self) -> np.ndarray:
        """(S+1,) int64: where the block of sector s begins among the flattened blocks."""
        return np.concatenate([[0], np.cumsum(self.dimensions**2)]).astype(np.int64)

    @cached_property
    def sector_of(self) -> np.ndarray:
        """(d,) int64: the sector of every column of the basis."""
        return np.repeat(np.arange(len(self.dimensions)), self.dimensions)

    @cached_property
    def indices(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column, (size,) int64 each, in the sorted basis of every element of the flattened blocks."""
        rows, columns = [], []
        for first, m in zip(self.offsets[:-1], self.dimensions, strict=True):
            rows.append(np.repeat(np.arange(first, first + m), m))
            columns.append(np.tile(np.arange(first, first + m), m))
        return np.concatenate(rows), np.concatenate(columns)

    @cached_property
    def trace_row(self) -> np.ndarray:
        """(size,) float64: the row vector that gives the trace of flattened blocks."""
        rows, columns = self.indices
        return (rows == columns).astype(float)

    @cached_property
    def _permutation(self) -> np.ndarray | None:
        """The sorted basis as an order of the computational one, where it is no more than that."""
        order = np.argmax(np.abs(self.basis), axis=0)
        reordered = np.zeros_like(self.basis)
        reordered[order, np.arange(len(order))] = 1
        return order if np.array_equal(reordered, self.basis) else None

    def rotate(self, operator: np.ndarray) -> np.ndarray:
        """Return W^dag A W, (..., d, d), with the rounding of the change of basis set to zero (see `basis_change`).

        operator: H or jump operators (..., d, d) in the computational basis. In that basis nothing becomes zero.
        """
        return self._rotated(operator) if self._permutation is not None else turned(operator, self.basis).matrix

    def flatten(self, operator: np.ndarray) -> np.ndarray:
        """Return the diagonal blocks of W^dag A W as (..., size) complex128, row-major, one block after another.

        operator: (..., d, d) in the computational basis. Elements between sectors are left out.
        """
        rows, columns = self.indices
        if self._permutation is None:
            return self._rotated(operator)[..., rows, columns]
        return np.asarray(operator, complex)[..., self._permutation[rows], self._permutation[columns]]

    def unflatten(self, blocks: np.ndarray) -> np.ndarray:
        """Return the operator (..., d, d), computational basis, that has these blocks (..., size) and nothing else."""
        blocks = np.asarray(blocks, complex)
        d = len(self.basis)
        rotated = np.zeros((*blocks.shape[:-1], d, d), complex)
        rotated[(..., *self.indices)] = blocks
        if self._permutation is None:
            return self.basis @ rotated @ self.basis.conj().T
        result = np.empty_like(rotated)
        result[..., self._permutation[:, None], self._permutation[None, :]] = rotated
        return result

    def lift(self, s: int, vectors: np.ndarray, result: np.ndarray) -> None:
        """Write the vectors (m_s, m_s) of sector s into its columns of `result` (d, d), in the computational basis."""
        columns = slice(int(self.offsets[s]), int(self.offsets[s + 1]))
        if self._permutation is None:
            result[:, columns] = self.basis[:, columns] @ vectors
        else:
            result[self._permutation[columns], columns] = vectors

    def reduced(self, blocks: np.ndarray, dims: Sequence[int], keep: Sequence[int]) -> np.ndarray:
        """Return the partial trace of operators over all subsystems but `keep`, (..., k, k).

        blocks: (..., size). Without the operators (d, d) themselves where the basis is the computational one, sorted.
        """
        if self._permutation is None or len(self.basis) <= SMALL:
            return partial_trace(self.unflatten(blocks), dims, keep)
        places = [np.array(np.unravel_index(self._permutation[x], dims)) for x in self.indices]
        traced = [site for site in range(len(dims)) if site not in keep]
        same = (places[0][traced] == places[1][traced]).all(axis=0)
        sizes = [dims[site] for site in keep]
        row, column = (np.ravel_multi_index(place[list(keep)][:, same], sizes) for place in places)
        size = int(np.prod(sizes))
        result = np.zeros((size * size, *np.shape(blocks)[:-1]), complex)
        np.add.at(result, row * size + column, np.moveaxis(np.asarray(blocks)[..., same], -1, 0))
        return np.moveaxis(result, 0, -1).reshape(*np.shape(blocks)[:-1], size, size)

    def coherence(self, operator: np.ndarray) -> float:
        """Return the largest |element| between two sectors, relative to the largest element of the operator (d, d)."""
        size = np.abs(self._rotated(operator))
        between = self.sector_of[:, None] != self.sector_of[None, :]
        return float(np.max(size, where=between, initial=0.0) / max(size.max(), np.finfo(float).tiny))

    def split(self, blocks: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the block (..., m_s, m_s) of every sector from flattened blocks (..., size)."""
        for first, m in zip(self.block_offsets[:-1], self.dimensions, strict=True):
            yield blocks[..., first : first + m * m].reshape(*blocks.shape[:-1], m, m)

    def _rotated(self, operator: np.ndarray) -> np.ndarray:
        operator = np.asarray(operator, complex)
        if self._permutation is None:
            return self.basis.conj().T @ operator @ self.basis
        return operator[..., self._permutation[:, None], self._permutation[None, :]]


def find_sectors(model: Model, states: Sequence[np.ndarray] = ()) -> Sectors:
    """Return the finest sectors of a model, in the best of the bases it offers.

    They are the connected components of the graph of H_eff = H - (i/2) sum_k L_k^dag L_k, merged until every jump
    operator maps each of them into one. In the computational basis every element that is not zero counts, as it was
    given; only what cancels in sum_k L_k^dag L_k up to rounding is zero. In a basis that the model offers, elements
    within the rounding of the change of basis are zero, and the basis is passed over where that rounding is not small
    against level differences and losses: it might hide a coupling. The basis with the least sum_s m_s^3 is taken, the
    computational one where that is no worse.

    states: density matrices (d, d) in the computational basis that must have no coherence between sectors, above 1e-12
    of their largest element; the sectors between which one of them has some are merged. Raises InputError where a state
    has the wrong shape.
    """
    d = model.dimension
    for i, rho in enumerate(states):
        if np.shape(rho) != (d, d):
            raise InputError(f"states[{i}] has shape {np.shape(rho)}; a state of {model.name} has shape ({d}, {d})")
    best = _sectors_in(COMPUTATIONAL, np.eye(d, dtype=complex), model.states, *_turned(model, np.eye(d)), states)
    passed_over = []
    for name, (basis, labels) in model.bases.items():
        operators = _turned(model, basis)
        hidden = unresolved(operators[0], operators[1].matrix)
        if hidden is not None:
            i, j, noise, scale = hidden
            passed_over.append(
                f"the {name} basis is not used: there rounding leaves the element ({labels[i]}, {labels[j]}) of the "
                f"hamiltonian uncertain by {noise:.1g}, beside level differences and losses of {scale:.1g}"
            )
            continue
        sectors = _sectors_in(name, basis, labels, *operators, states)
        if (sectors.dimensions**3).sum() < (best.dimensions**3).sum():
            best = sectors
    return replace(best, passed_over=tuple(passed_over))


class Rotated(NamedTuple):
    """H_eff (d, d), the jump operators L_k (K, d, d) and L_k^dag L_k in the sorted basis, those sparse if large."""

    effective: np.ndarray
    jumps: np.ndarray
    products: list[Any]

    @classmethod
    def of(cls, hamiltonian: np.ndarray, jumps: np.ndarray, sectors: Sectors) -> Rotated:
        """Return the operators of H (d, d) and L_k (K, d, d), which are given in the sorted basis."""
        products = products_of_adjoints(jumps)
        effective = hamiltonian - 0.5j * full(sum(products))
        # What cancels between sectors only up to rounding is zero.
        effective[sectors.sector_of[:, None] != sectors.sector_of[None, :]] = 0
        return cls(effective, jumps, products)


def rotated(model: Model, sectors: Sectors) -> Rotated:
    """Return the operators of a model in the sorted basis, without rounding, none of it between sectors.

    The loss is summed from the rotated jump operators: rotating the sum would lose a slow rate beside a fast one.
    """
    return Rotated.of(sectors.rotate(model.hamiltonian), sectors.rotate(model.operators), sectors)


def _turned(model: Model, basis: np.ndarray) -> tuple[Turned, Turned]:
    """Return H and the jump operators in a basis."""
    return turned(model.hamiltonian, basis), turned(model.operators, basis)


def _sectors_in(
    name: str,
    basis: np.ndarray,
    labels: Sequence[str],
    hamiltonian: Turned,
    jumps: Turned,
    states: Sequence[np.ndarray],
) -> Sectors:
    """Return the sectors in the basis in which H and the jump operators are given; the states are not yet."""
    coherent = [np.abs(basis.conj().T @ rho @ basis) for rho in states]
    couplings = [hamiltonian.matrix != 0, coupled_by_loss(jumps.matrix)]
    couplings += [size >= NEGLIGIBLE * size.max() for size in coherent]
    sector = smallest_subspaces(couplings, jumps.matrix != 0)
    order = np.argsort(sector, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(sector))]).astype(np.int64)
    sorted_basis = np.array(np.asarray(basis, complex)[:, order])
    for array in (offsets, sorted_basis):
        array.setflags(write=False)
    dropped = max(_relative(hamiltonian), _relative(jumps))
    return Sectors(name, sorted_basis, tuple(labels[i] for i in order), offsets, dropped)


def smallest_subspaces(couplings: Sequence[np.ndarray], jumps: np.ndarray) -> np.ndarray:
    """Return the sector (d,) int of every basis state, numbered by their lowest states.

    couplings: (d, d) bool each, pairs of states in one sector. jumps: (K, d, d) bool, elements that are not zero; every
    jump operator is to map each sector into one.
    """
    sector = np.arange(jumps.shape[-1])
    for coupling in couplings:
        sector = _merged(sector, *np.nonzero(coupling))
    channel, targets, sources = np.nonzero(jumps)
    while True:
        merged = _merged_by_jumps(sector, channel, sources, targets)
        if merged.max() == sector.max():
            return merged
        sector = merged


def _relative(operators: Turned) -> float:
    """Return the largest element that was set to zero, relative to the largest of its matrix."""
    largest, dropped = (np.abs(part).max(axis=(-2, -1)) for part in (operators.matrix, operators.dropped))
    return float(np.max(dropped / np.where(largest > 0, largest, 1.0)))


def _merged(sector: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Merge the sectors of the basis states first[i] and second[i]; number the sectors by their lowest state."""
    first, second, n = sector[first], sector[second], int(sector.max()) + 1
    different = first != second
    if not different.any():
        return sector
    links = sparse.coo_array((np.ones(int(different.sum()), np.int8), (first[different], second[different])), (n, n))
    merged = connected_components(links, directed=False)[1][sector]
    lowest = np.unique(merged, return_index=True)[1]
    return np.argsort(np.argsort(lowest))[merged]


def _merged_by_jumps(sector: np.ndarray, channel: np.ndarray, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Merge those sectors that one jump operator reaches from one sector."""
    if not len(sources):
        return sector
    key = channel * (int(sector.max()) + 1) + sector[sources]
    _, representative, group = np.unique(key, return_index=True, return_inverse=True)
    return _merged(sector, targets, targets[representative[group]])
