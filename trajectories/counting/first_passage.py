"""First passages, exactly: the master equation on states resolved by a count, with absorbing bounds.

A jump of channel k out of sector s adds step[k, s] to a sum that begins at 0. The state is resolved by the value of the
sum, rho_v(t), as long as it stays between two bounds,

    d rho_v/dt = L_0 rho_v + sum_k L_k rho_{v - step_k} L_k^dag,

and what leaves is collected: P_up(t), P_down(t) are the probabilities of having left upwards or downwards by t,
1 - P_up - P_down that of having stayed, and the mean first-passage time is -Tr[L_in^{-1} rho(0)], L_in the part that
stays inside. Only values that can be reached are kept.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order

from trajectories.errors import InputError
from trajectories.master.block_generator import DENSE_LIMIT
from trajectories.master.lindblad import Master
from trajectories.master.linear_solvers import Factors
from trajectories.master.propagation import DensePropagator
from trajectories.master.sparse_propagation import SparsePropagator

LARGEST = 20_000  # elements of all resolved states together
SAME = 1e-9  # of the largest step: values closer than that are one


class PassageSpace:
    """The states of a master equation resolved by a sum between low < 0 and high > 0.

    steps (K, S): what a jump of channel k out of sector s adds. target (K, S) int64: the sector it leads to, -1 where
    there is none. low, high: bounds, moved inwards by rounding so that reaching one is leaving.
    Raises InputError where more than 20,000 elements would be needed.
    """

    def __init__(self, master: Master, steps: np.ndarray, low: float, high: float) -> None:
        sectors, rotated = master.sectors, master.space.rotated
        offsets = sectors.offsets
        self._slices = [slice(a, b) for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
        self.target = master.space.targets
        self._unit = SAME * max(float(np.abs(steps).max()), np.finfo(float).tiny)
        self.low, self.high, self.steps = low + self._unit, high - self._unit, np.ascontiguousarray(steps, float)
        self._sizes = np.asarray(sectors.dimensions, int) ** 2
        self._nodes = self._reached()
        self.generator = self._assembled(rotated.effective, rotated.jumps)
        small = self.generator.shape[0] <= DENSE_LIMIT
        self._propagator = (
            DensePropagator(self.generator.toarray(), trace=self.trace) if small else SparsePropagator(self.generator)
        )

    def _reached(self) -> dict[tuple[int, int], int]:
        """Return (value in units of rounding, sector) -> place of its block, for all that can be reached."""
        place: dict[tuple[int, int], int] = {}
        values: dict[int, float] = {}
        size = 0
        waiting = [(0.0, s) for s in range(len(self._slices))]
        while waiting:
            value, s = waiting.pop()
            key = (round(value / self._unit / 8), s)
            value = values.setdefault(key[0], value)
            if key in place:
                continue
            place[key] = size
            size += int(self._sizes[s])
            if size > LARGEST:
                raise InputError(
                    f"first passage: more than {LARGEST:,} numbers are needed to tell apart what is counted before a "
                    "bound is reached; choose a bound closer to 0"
                )
            for k, t in enumerate(self.target[:, s]):
                after = value + self.steps[k, s]
                if t >= 0 and self.low < after < self.high:
                    waiting.append((after, int(t)))
        self._values = values
        self._inside = size
        return place

    def _assembled(self, effective: np.ndarray, jumps: np.ndarray) -> sparse.csr_array:
        """Return the generator: blocks in the order of `_nodes`, then the probabilities of having left up and down."""
        rows, columns, entries = [np.zeros(0, int)], [np.zeros(0, int)], [np.zeros(0, complex)]

        def add(block: np.ndarray, row: int, column: int) -> None:
            i, j = np.nonzero(block)
            rows.append(i + row)
            columns.append(j + column)
            entries.append(block[i, j].astype(complex))

        for (key, s), place in self._nodes.items():
            sector, value = self._slices[s], self._values[key]
            h = effective[sector, sector]
            unit = np.eye(len(h))
            add(-1j * np.kron(h, unit) + 1j * np.kron(unit, h.conj()), place, place)
            for k, t in enumerate(map(int, self.target[:, s])):
                if t < 0:
                    continue
                block, after = jumps[k][self._slices[t], sector], value + self.steps[k, s]
                moved = np.kron(block, block.conj())
                if self.low < after < self.high:
                    add(moved, self._nodes[round(after / self._unit / 8), t], place)
                else:
                    trace = np.eye(len(block)).reshape(1, -1)
                    add(trace @ moved, self._inside + (after < 0), place)
        size = self._inside + 2
        position = (np.concatenate(rows), np.concatenate(columns))
        return sparse.csr_array(sparse.coo_array((np.concatenate(entries), position), shape=(size, size)))

    @property
    def trace(self) -> np.ndarray:
        """(size,) float64: the row vector that gives the total probability, 1 at all times."""
        row = np.ones(self._inside + 2)
        for (_, s), place in self._nodes.items():
            m = int(np.sqrt(self._sizes[s]))
            row[place : place + m * m] = np.eye(m).reshape(-1)
        return row

    def start(self, rho: np.ndarray) -> np.ndarray:
        """Return the resolved state at time 0 of flattened blocks rho (D,)."""
        state, first = np.zeros(self._inside + 2, complex), 0
        for s, size in enumerate(self._sizes):
            place = self._nodes[0, s]
            state[place : place + size] = rho[first : first + size]
            first += int(size)
        return state

    def left(self, rho: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, float]:
        """Return P_up and P_down at times (T,), as (T, 2), and the integral of 1 - P_up - P_down from 0 to the last.

        rho: (D,) flattened blocks in which counting starts.
        """
        vector, now, gone, shares = self.start(rho), 0.0, 0.0, []
        for time in times:
            vector, part = self._propagator.integrate(vector, time - now)
            now, gone = time, gone + float(part[-2:].real.sum())
            shares.append(vector[-2:].real)
        return np.clip(np.array(shares), 0.0, 1.0), float(times[-1]) - gone

    def mean_time(self, rho: np.ndarray) -> float:
        """Return the mean first-passage time; inf where a bound may never be reached."""
        size = self._inside
        links = sparse.csr_array((self.generator != 0)[:, :size])
        backwards = sparse.csr_array(sparse.hstack([links, sparse.csr_array((size + 2, 2))]))
        reach = set(map(int, breadth_first_order(backwards, size, return_predecessors=False)))
        reach |= set(map(int, breadth_first_order(backwards, size + 1, return_predecessors=False)))
        if not set(map(int, np.flatnonzero(self.trace[:size]))) <= reach:
            return np.inf
        inside = sparse.csr_array(self.generator[:size, :size])
        occupation = Factors(inside.toarray() if size <= DENSE_LIMIT else inside).solve(self.start(rho)[:size])
        return -float((self.trace[:size] @ occupation).real)
