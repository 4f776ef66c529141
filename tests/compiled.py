"""What kernel tests share: a compiled plan with its model, and room for what the kernel fills."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trajectories.kernels.jumps import jumps
from trajectories.kernels.plan import Plan
from trajectories.master.eigenensemble import Spectrum, spectrum
from trajectories.master.sectors import Sectors, find_sectors
from trajectories.model import Model
from trajectories.sampling.plan import unravel


@dataclass
class Sampled:
    """What the kernel says of n trajectories."""

    initial: np.ndarray
    final: np.ndarray
    counts: np.ndarray
    sector: np.ndarray
    psi: np.ndarray
    record_times: np.ndarray
    record_channels: np.ndarray
    record_length: np.ndarray

    def arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(vars(self).values())


@dataclass
class Compiled:
    """A model, a start, sample times, and the plan that follows.

    rho_T: the state whose eigenbasis is measured at the end; default: the start.
    """

    model: Model
    rho: np.ndarray
    times: np.ndarray
    rho_T: np.ndarray | None = None

    @cached_property
    def sectors(self) -> Sectors:
        return find_sectors(self.model, [self.rho, *([] if self.rho_T is None else [self.rho_T])])

    @cached_property
    def start(self) -> Spectrum:
        return spectrum(self.rho, self.model.hamiltonian, self.sectors)

    @cached_property
    def finish(self) -> Spectrum:
        return self.start if self.rho_T is None else spectrum(self.rho_T, self.model.hamiltonian, self.sectors)

    @cached_property
    def plan(self) -> Plan:
        return unravel(self.model, self.sectors, self.start, self.finish, self.times)

    def sample(
        self, n: int, *, seed: int = 1, point: int = 0, first: int = 0, capacity: int = 0, plan: Plan | None = None
    ) -> Sampled:
        """Sample trajectories first ... first+n-1, with another plan (a control) where one is given."""
        n_times, n_channels = len(self.times), len(self.model.operators)
        sampled = Sampled(
            np.zeros(n, np.int64),
            np.zeros(n, np.int64),
            np.zeros((n, n_times, n_channels), np.int64),
            np.zeros((n, n_times), np.int64),
            # Not zeros: the kernel has to pad what it does not fill.
            np.full((n, n_times, int(self.sectors.dimensions.max())), np.nan + 0j),
            np.zeros((n, capacity)),
            np.zeros((n, capacity), np.int64),
            np.zeros(n, np.int64),
        )
        jumps(self.plan if plan is None else plan, seed, point, first, *sampled.arrays())
        return sampled

    def states(self, sampled: Sampled) -> np.ndarray:
        """Return the sampled states (n, T, d) in the computational basis."""
        n, n_times, _ = sampled.psi.shape
        states = np.zeros((n, n_times, self.model.dimension), complex)
        for s, (a, b) in enumerate(zip(self.sectors.offsets[:-1], self.sectors.offsets[1:], strict=True)):
            inside = sampled.sector == s
            states[inside] = sampled.psi[inside][:, : b - a] @ self.sectors.basis[:, a:b].T
        return states
