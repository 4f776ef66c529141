"""The cavity model's steady state, fast: for maps and maxima over its parameters.

The number of excitations is a weak symmetry (Tacchino et al., PRL 120, 063604 (2018), Eqs. (7), (8)): of rho only the
elements |i><j| with equal excitations are there, 16 n_max + 4 of them. The equations for them,

    L rho = 0,   Tr rho = 1,   L = g L_g + delta L_delta + sum_k rate_k L_k,

are sparse, and the pieces are the same for all parameters: they are assembled once for each n_max, and a point costs
one sum and one sparse factorisation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trajectories.model.operators import Array, dagger
from trajectories.systems.cavity import cavity_values, check_truncation, unit_hamiltonians, unit_jumps


class CavitySteady(NamedTuple):
    """pair: (4, 4) the qubits' state, order |00>, |01>, |10>, |11>. photons: (n_max + 1,) the cavity's populations."""

    pair: Array
    photons: NDArray[np.float64]


def cavity_steady(
    p: float,
    gamma: float,
    kappa: float,
    g: float = 1.0,
    n_max: int = 15,
    dephasing: float = 0.0,
    detuning: float = 0.0,
    cavity_pump: float = 0.0,
) -> CavitySteady:
    """Steady state of the qubits and of the cavity, each without the other; parameters as for `cavity`.

    Raises InputError for values out of range, and where the highest Fock level holds more than 1e-6.
    """
    from scipy.sparse.linalg import splu

    values = cavity_values(p, gamma, kappa, g, n_max, dephasing, detuning, cavity_pump)
    pieces = _pieces(n_max)
    matrix = pieces.pattern.copy()
    matrix.data = np.array([values[key] for key in pieces.keys]) @ pieces.data
    # The trace takes the place of one population's equation, which the others imply.
    matrix.data[pieces.first] = pieces.trace
    wanted = np.zeros(len(pieces.row), complex)
    wanted[0] = 1.0
    factors = splu(matrix)
    elements = factors.solve(wanted)
    elements += factors.solve(wanted - matrix @ elements)
    levels = n_max + 1
    diagonal = pieces.row == pieces.column
    photons = np.zeros(levels)
    np.add.at(photons, pieces.row[diagonal] % levels, elements[diagonal].real)
    check_truncation(photons[-1], n_max)
    pair = np.zeros((4, 4), dtype=np.complex128)
    same = pieces.row % levels == pieces.column % levels
    np.add.at(pair, (pieces.row[same] // levels, pieces.column[same] // levels), elements[same])
    return CavitySteady(0.5 * (pair + dagger(pair)), photons)


class _Pieces(NamedTuple):
    """Generators at unit parameters on one sparsity pattern.

    keys: the parameter that multiplies each. pattern: sparse (D, D) matrix with places for all. data (len(keys), nnz):
    what each adds to them. row, column (D,): the elements |i><j| that are kept. first: places of the first row, and
    trace: what stands there in the equation of the trace.
    """

    keys: tuple[str, ...]
    pattern: Any
    data: Array
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    first: NDArray[np.int64]
    trace: NDArray[np.float64]


@lru_cache(maxsize=4)
def _pieces(n_max: int) -> _Pieces:
    from scipy import sparse

    levels = n_max + 1
    state = np.arange(4 * levels)
    excitations = state // (2 * levels) + state // levels % 2 + state % levels
    row, column = np.nonzero(excitations[:, None] == excitations[None, :])
    kept = row * len(state) + column

    def product(left: Array, right: Array) -> Any:
        """Left rho right, on the kept elements."""
        return sparse.kron(sparse.csr_array(left), sparse.csr_array(right.T)).tocsr()[kept][:, kept]

    one = np.eye(len(state), dtype=np.complex128)
    terms = [
        (key, -1j * (product(h, one) - product(one, h)))
        for key, h in zip(("g", "detuning"), unit_hamiltonians(n_max), strict=True)
    ]
    for _, _, key, jump in unit_jumps(n_max):
        loss = dagger(jump) @ jump
        terms.append((key, product(jump, dagger(jump)) - 0.5 * (product(loss, one) + product(one, loss))))
    trace = sparse.csr_array(
        (np.ones(np.sum(row == column)), (np.zeros(np.sum(row == column), int), np.flatnonzero(row == column))),
        shape=(len(kept), len(kept)),
    )
    return _on_one_pattern(terms, trace, row, column)


def _on_one_pattern(
    terms: list[tuple[str, Any]], trace: Any, row: NDArray[np.int64], column: NDArray[np.int64]
) -> _Pieces:
    from scipy import sparse

    size = len(row)
    where, data = [], []
    for matrix in (*(matrix for _, matrix in terms), trace):
        entries = matrix.tocoo()
        # Column by column, as the factorisation wants it.
        where.append(entries.col.astype(np.int64) * size + entries.row)
        data.append(entries.data)
    places = np.unique(np.concatenate(where))
    found = np.zeros((len(data), len(places)), complex)
    for i, (position, values) in enumerate(zip(where, data, strict=True)):
        found[i, np.searchsorted(places, position)] = values
    starts = np.searchsorted(places, np.arange(size + 1) * size)
    pattern = sparse.csc_matrix((np.zeros(len(places), complex), places % size, starts), shape=(size, size))
    first = np.flatnonzero(places % size == 0)
    keys = tuple(key for key, _ in terms)
    return _Pieces(keys, pattern, found[:-1], row, column, first, found[-1, first].real)
