"""Steady states of a large machine at many points at which only H and the rates of its jumps change.

Where every jump operator is a multiple of that at the first point, L_k = sqrt(r_k) L_k^(0), the generator on the
blocks of the sectors is linear in the elements of H and in the r_k, on one sparsity pattern: this is worked out once,
and a point costs two sparse products and one sparse factorisation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from trajectories.master.basis_change import ROUNDING
from trajectories.master.sectors import smallest_subspaces
from trajectories.model.operators import compact, full

PROPORTIONAL = 1e-14
BACKWARD_ERROR = 1e-12


class ScaledGenerator:
    """The generator of a machine as a function of the elements of H and of the rates of its jumps.

    hamiltonian: (d, d) bool, the elements that may differ from zero. jumps: (K, d, d) jump operators at the first
    point.
    """

    def __init__(self, hamiltonian: np.ndarray, jumps: np.ndarray) -> None:
        self._jumps = jumps
        small = [compact(jump) for jump in jumps]
        products = [full(jump.conj().T @ jump) for jump in small]
        loss, terms = np.abs(sum(products)), sum(full(abs(jump).T @ abs(jump)) for jump in small)
        coupling = hamiltonian | (loss > ROUNDING * terms)
        sector = smallest_subspaces([coupling], jumps != 0)
        self.rows, self.columns = np.nonzero(sector[:, None] == sector)
        self._elements = np.nonzero(coupling)
        self._losses = np.array([product[self._elements] for product in products]).T
        self._assemble([sparse.csr_array(jump) for jump in jumps], len(sector))

    def _assemble(self, jumps: list[Any], d: int) -> None:
        """Find the places of all terms on one sparsity pattern, column by column as the factorisation wants them."""
        kept, size = self.rows * d + self.columns, len(self.rows)
        numbers = sparse.csr_array((np.arange(1.0, len(self._elements[0]) + 1), self._elements), shape=(d, d))
        unit = sparse.eye_array(d, format="csr")
        terms = [sparse.kron(numbers, unit), sparse.kron(unit, numbers)]
        terms += [sparse.kron(jump, jump.conj()) for jump in jumps]
        parts = [sparse.coo_array(sparse.csr_array(term)[kept][:, kept]) for term in terms]
        trace = np.flatnonzero(self.rows == self.columns)
        places = [part.col.astype(np.int64) * size + part.row for part in parts]
        pattern = np.unique(np.concatenate([*places, trace * size]))
        where = [np.searchsorted(pattern, place) for place in places]
        count = (len(pattern), len(self._elements[0]))
        left, right = (
            sparse.csr_array((np.ones(len(w)), (w, part.data.real.astype(int) - 1)), shape=count)
            for w, part in zip(where[:2], parts[:2], strict=True)
        )
        self._left, self._right = left, right
        self._arrivals = np.zeros((len(pattern), len(jumps)), complex)
        for k, (w, part) in enumerate(zip(where[2:], parts[2:], strict=True)):
            self._arrivals[w, k] = part.data
        self._first = np.flatnonzero(pattern % size == 0)
        self._trace = (self.rows == self.columns)[pattern[self._first] // size].astype(complex)
        starts = np.searchsorted(pattern, np.arange(size + 1) * size)
        self._matrix = sparse.csc_matrix((np.zeros(len(pattern), complex), pattern % size, starts), shape=(size, size))

    def rates(self, jumps: np.ndarray) -> np.ndarray | None:
        """Return the rates (n, K) of jump operators (n, K, d, d) in units of the first, None where a shape differs."""
        channel, row, column = np.nonzero(self._jumps)
        first, starts = self._jumps[channel, row, column], np.searchsorted(channel, np.arange(len(self._jumps)))
        elements = jumps[:, channel, row, column]
        if np.count_nonzero(jumps) > elements.size:
            return None
        factor = np.add.reduceat(first.conj() * elements, starts, axis=1)
        factor /= np.add.reduceat(np.abs(first) ** 2, starts)
        largest = np.abs(self._jumps).max(axis=(1, 2))[channel] * np.abs(factor[:, channel])
        deviation = np.abs(elements - factor[:, channel] * first)
        return np.abs(factor) ** 2 if (deviation <= PROPORTIONAL * largest).all() else None

    def holds(self, hamiltonian: np.ndarray) -> bool:
        """Return whether Hamiltonians (n, d, d) have no elements but those of this object."""
        allowed = np.zeros(hamiltonian.shape[1:], bool)
        allowed[self._elements] = True
        return not (hamiltonian[:, ~allowed] != 0).any()

    def steady_state(self, hamiltonian: np.ndarray, rates: np.ndarray) -> np.ndarray | None:
        """Return the steady state (d, d) at one point, None where the equations are singular or ill-conditioned.

        hamiltonian: (d, d). rates: (K,), in units of those of the first point.
        """
        effective = hamiltonian[self._elements] - 0.5j * (self._losses @ rates)
        matrix = self._matrix
        data = self._left @ (-1j * effective) + self._right @ (1j * effective.conj()) + self._arrivals @ rates
        # The trace takes the place of one population's equation, which the others imply.
        data[self._first] = self._trace
        matrix.data = data
        wanted = np.zeros(len(self.rows), complex)
        wanted[0] = 1.0
        try:
            factors = splu(matrix)
        except RuntimeError:
            return None
        elements = factors.solve(wanted)
        elements += factors.solve(wanted - matrix @ elements)
        size = abs(matrix) @ np.abs(elements)
        if not np.abs(wanted - matrix @ elements).max() <= BACKWARD_ERROR * size.max():
            return None
        rho = np.zeros(hamiltonian.shape, complex)
        rho[self.rows, self.columns] = elements
        return np.asarray(0.5 * (rho + rho.conj().T))
