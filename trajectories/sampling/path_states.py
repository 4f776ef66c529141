"""The pure states along a jump record: after each jump, at any time between, and the energy exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import expm

from trajectories.master.sectors import Sectors
from trajectories.model import Model
from trajectories.sampling.path_probability import without_sector_energies

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True)
class PathStates:
    """The states of a trajectory that starts in `start`, (d,), and jumps through `channels` (N,) at `jump_times` (N,).

    States are normalised, in the computational basis. Units: those of the model.
    """

    model: Model
    sectors: Sectors
    start: np.ndarray
    jump_times: np.ndarray
    channels: np.ndarray
    duration: float

    @cached_property
    def waits(self) -> np.ndarray:
        """Times without a jump before each jump, (N,)."""
        return np.diff(np.concatenate([[0.0], self.jump_times]))

    @cached_property
    def after_jumps(self) -> np.ndarray:
        """States (N+1, d): at the start and just after each jump."""
        psi = self.start
        states = [psi]
        for k, wait in zip(self.channels, self.waits, strict=True):
            psi = self.model.operators[k] @ self._evolved(psi, np.array([wait]))[0]
            psi = psi / np.linalg.norm(psi)
            states.append(psi)
        return np.array(states)

    def at(self, times: np.ndarray) -> np.ndarray:
        """Return the states just after times (n,) in [0, duration], (n, d)."""
        begins = np.concatenate([[0.0], self.jump_times])
        stretch = np.searchsorted(self.jump_times, times, side="right")
        states = np.zeros((len(times), self.model.dimension), complex)
        for j in np.unique(stretch):
            inside = stretch == j
            states[inside] = self._evolved(self.after_jumps[j], times[inside] - begins[j])
        return states

    def energies(self, times: np.ndarray) -> np.ndarray:
        """Return <H> just after times (n,) in [0, duration], (n,)."""
        return _expectations(self.model.hamiltonian[None], self.at(times))[0]

    @cached_property
    def jump_energies(self) -> tuple[np.ndarray, np.ndarray]:
        """<H> just before and just after each jump, each (N,)."""
        h = self.model.hamiltonian[None]
        states = [
            self._evolved(psi, np.array([wait]))[0] for psi, wait in zip(self.after_jumps[:-1], self.waits, strict=True)
        ]
        before = _expectations(h, np.array(states, complex).reshape(len(self.waits), self.model.dimension))[0]
        return before, _expectations(h, self.after_jumps[1:])[0]

    @cached_property
    def fastest(self) -> float:
        """The fastest frequency or decay of products of two states between jumps (1/time)."""
        rotated, offsets = self.sectors.rotate(self.model.effective_hamiltonian), self.sectors.offsets
        # Only differences of eigenvalues inside a sector enter a quadratic form.
        values = [np.linalg.eigvals(rotated[a:b, a:b]) for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
        return max(float(np.ptp(v.real) + 2 * np.abs(v.imag).max()) for v in values)

    @cached_property
    def energy_heat(self) -> np.ndarray:
        """Energy taken from each reservoir, Q_r[H], (R,): energy changes of its jumps, and the drift between them.

        The drift is the integral of -1/2 <{H, G_r}> + <H><G_r>, G_r = sum_k L_k^dag L_k over r's channels, by
        Gauss-Legendre quadrature in pieces short against every frequency of H_eff.
        """
        model, h = self.model, self.model.hamiltonian
        rates = np.array([
            sum((a.conj().T @ a for a in model.operators[model.reservoir_index == r]), np.zeros_like(h))
            for r in range(len(model.reservoirs))
        ])  # fmt: skip
        drifts = -0.5 * (h @ rates + rates @ h)
        heat = np.zeros(len(model.reservoirs))
        edges = np.concatenate([[0.0], self.jump_times, [self.duration]])
        for psi, length in zip(self.after_jumps, np.diff(edges), strict=True):
            pieces = int(np.ceil(length * self.fastest / 4.0)) or 1
            width = length / pieces
            nodes = (width * (np.arange(pieces)[:, None] + 0.5 * (1 + NODES))).ravel()
            states = self._evolved(psi, nodes)
            products = _expectations(h[None], states) * _expectations(rates, states)
            heat += (_expectations(drifts, states) + products) @ np.tile(WEIGHTS, pieces) * width / 2
        before, after = self.jump_energies
        np.add.at(heat, model.reservoir_index[self.channels], after - before)
        return heat

    @cached_property
    def _effective(self) -> np.ndarray:
        return without_sector_energies(self.model, self.sectors, self.duration)

    def _evolved(self, psi: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return the states (n, d) after no jump has happened for each of `lengths` (n,)."""
        later = expm(-1j * self._effective * lengths[:, None, None]) @ psi
        return later / np.linalg.norm(later, axis=1, keepdims=True)


def _expectations(operators: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Return <psi_t|A_r|psi_t> (R, n) of Hermitian operators (R, d, d) and states (n, d)."""
    if not len(states):
        return np.zeros((len(operators), 0))
    return np.einsum("ta,rab,tb->rt", states.conj(), operators, states, optimize=True).real
