"""One trajectory in full: its jumps, heat, energy and entropy, and Delta S in two independent ways.

A trajectory is a pure function of (seed, point, number), so any trajectory of any run can be sampled again without
having been stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting.counted_currents import heated_reservoirs
from trajectories.errors import InputError
from trajectories.master.eigenensemble import Spectrum
from trajectories.model.argument_types import numbers
from trajectories.sampling.block import sample
from trajectories.sampling.path_probability import Paths, path_probabilities
from trajectories.sampling.path_states import PathStates
from trajectories.sampling.preparation import Preparation


@dataclass(frozen=True, repr=False)
class Replay:
    """One trajectory: the record {n0; (k1, t1) ... (kN, tN); nT}, and everything that follows from it.

    Attributes
    ----------
    name, seed, number : str, int, int
        The run, its seed, and the number of the trajectory.
    preparation : Preparation
        Everything known of the run before its first trajectory.
    jump_times : (N,) array
        Times of the jumps, in the model's unit of time.
    channels : (N,) array of int
        Channel of each jump, as an index of `model.channels`; `channel_names` has the names.
    start, end : int
        Eigenstates of rho(0) and rho(T) in which the trajectory starts and ends.
    spectra : (Spectrum, Spectrum)
        Eigenstates and eigenvalues of rho(0) and rho(T).

    Examples
    --------
    >>> trajectory = example().replay(7)
    >>> bool((trajectory.jump_times[1:] > trajectory.jump_times[:-1]).all())
    True
    >>> trajectory.states([0.0, 0.5, 1.0]).shape
    (3, 4)
    """

    name: str
    seed: int
    number: int
    preparation: Preparation
    jump_times: np.ndarray
    channels: np.ndarray
    start: int
    end: int
    spectra: tuple[Spectrum, Spectrum]

    @classmethod
    def of(cls, preparation: Preparation, number: int, *, name: str, seed: int, point: int = 0) -> Replay:
        """Sample trajectory `number` = 0, 1, 2, ... of a prepared point again.

        name: of the run. point: its number in the whole sweep. Raises InputError for a number that there is not.
        """
        if not isinstance(number, int) or not 0 <= number < 2**63:
            raise InputError(f"trajectory {number}: must be one of 0, 1, 2, ... 2^63-1")
        plan, observables = preparation.plan, preparation.observables
        length = int(sample(plan, observables, seed, point, number, 1).record_length[0])
        samples = sample(plan, observables, seed, point, number, 1, max(length, 1))
        return cls(
            name=name,
            seed=seed,
            number=number,
            preparation=preparation,
            jump_times=samples.record_times[0, :length],
            channels=samples.record_channels[0, :length],
            start=int(samples.initial[0]),
            end=int(samples.final[0]),
            spectra=preparation.spectra,
        )

    @property
    def channel_names(self) -> list[str]:
        """Names of the channels that jump, in the order of the jumps (N,)."""
        return [self.preparation.model.channels[k].name for k in self.channels]

    @property
    def duration(self) -> float:
        """Length of the trajectory, in the model's unit of time."""
        return float(self.preparation.times[-1])

    @cached_property
    def counts(self) -> np.ndarray:
        """Numbers of jumps of each channel (K,)."""
        return np.bincount(self.channels, minlength=len(self.preparation.model.channels))

    @property
    def counted_heat(self) -> dict[str, float]:
        """Energy quanta taken from each reservoir, by name; only reservoirs whose channels have a quantum."""
        model = self.preparation.model
        heated = heated_reservoirs(model)
        return {
            model.reservoirs[r].name: float(self.preparation.observables.linear[1 + i] @ self.counts)
            for i, r in enumerate(heated)
        }

    @property
    def boundary_entropy(self) -> float:
        """ln p(n0) - ln p(nT)."""
        first, last = self.spectra
        return float(np.log(first.probabilities[self.start]) - np.log(last.probabilities[self.end]))

    @property
    def entropy(self) -> float:
        """Delta S = ln p(n0) - ln p(nT) + sum_j Delta s_kj; infinite after a jump that has no reversal partner."""
        observables = self.preparation.observables
        if self.counts @ observables.one_way:
            return np.inf
        return self.boundary_entropy + float((observables.pair_sign @ self.counts) @ observables.pair_entropy)

    @cached_property
    def paths(self) -> Paths:
        """ln P of this record and ln P~ of its reversal, from the forward and the reversed operators."""
        first, last = self.spectra
        return path_probabilities(
            self.preparation.model,
            first.vectors[:, self.start],
            float(np.log(first.probabilities[self.start])),
            last.vectors[:, self.end],
            float(np.log(last.probabilities[self.end])),
            self.jump_times,
            self.channels,
            self.duration,
        )

    @cached_property
    def path_states(self) -> PathStates:
        """States of the trajectory between and just after its jumps, and what follows from them."""
        start = self.spectra[0].vectors[:, self.start]
        model, sectors = self.preparation.model, self.preparation.sectors
        return PathStates(model, sectors, start, self.jump_times, self.channels, self.duration)

    @property
    def energy_heat(self) -> dict[str, float]:
        """Energy taken from each reservoir, Q_r[H], by name: energy changes in its jumps and the drift between."""
        names = [reservoir.name for reservoir in self.preparation.model.reservoirs]
        return dict(zip(names, self.path_states.energy_heat.tolist(), strict=True))

    def states(self, times: ArrayLike) -> np.ndarray:
        """Return the normalised state just after each time.

        Parameters
        ----------
        times : (n,) array
            In [0, duration].

        Returns
        -------
        (n, d) complex array
            In the computational basis.

        Examples
        --------
        >>> psi = example().replay(7).states([1.0])
        >>> round(float(abs(psi[0] ** 2).sum()), 12)
        1.0
        """
        return self.path_states.at(numbers("times", times).ravel())

    def energies(self, times: ArrayLike) -> np.ndarray:
        """Return the energy <H> just after each time.

        Parameters
        ----------
        times : (n,) array
            In [0, duration].

        Returns
        -------
        (n,) array

        Examples
        --------
        >>> example().replay(7).energies([0.0, 1.0]).shape
        (2,)
        """
        return self.path_states.energies(np.asarray(times, float))

    def json(self) -> dict[str, Any]:
        """Return the record, its heat, energy, entropy production and path probabilities.

        Returns
        -------
        dict
            Of JSON's types.

        Examples
        --------
        >>> record = example().replay(7).json()
        >>> abs(record["entropy_production"] - record["log_ratio"]) < 1e-9
        True
        """
        from trajectories.model.conversion import json_value

        model = self.preparation.model
        first, last = self.spectra
        energy = self.energies(np.array([0.0, self.duration]))
        record: dict[str, Any] = {
            "trajectory": self.number,
            "seed": self.seed,
            "duration": self.duration,
            "initial": {"eigenstate": self.start, "probability": first.probabilities[self.start]},
            "final": {"eigenstate": self.end, "probability": last.probabilities[self.end]},
            "jumps": [
                {"time": t, "channel": model.channels[k].name}
                for t, k in zip(self.jump_times.tolist(), self.channels, strict=True)
            ],
            "counted_heat": self.counted_heat,
            "energy_heat": self.energy_heat,
            "energy_change": energy[1] - energy[0],
            "energy_balance": energy[1] - energy[0] - sum(self.energy_heat.values()),
        }
        if model.entropy:
            record["entropy_production"] = self.entropy
            record["log_probability_forward"] = self.paths.forward
            record["log_probability_reversed"] = self.paths.reverse
            record["log_ratio"] = self.paths.forward - self.paths.reverse
        return json_value(record)

    def text(self) -> str:
        """Return the trajectory as a table, a line for each jump.

        Returns
        -------
        str

        Examples
        --------
        >>> print(example().replay(7).text().partition(":")[0])
        diamond, seed 1, trajectory 7
        """
        model = self.preparation.model
        first, last = self.spectra
        lines = [
            f"{self.name}, seed {self.seed}, trajectory {self.number}: "
            f"{len(self.channels)} jumps up to t = {self.duration:g}"
        ]
        lines.append(f"starts in eigenstate {self.start} of rho(0), p = {first.probabilities[self.start]:.6g}")
        before, after = self.path_states.jump_energies
        steps = np.cumsum(model.entropy_steps[self.channels]) if len(self.channels) else np.zeros(0)
        width = max(len(channel.name) for channel in model.channels)
        lines.append(
            f"{'time':>12}  {'channel'.ljust(width)}  {'<H> before':>12}  {'<H> after':>12}  {'sum of Delta s':>14}"
        )
        for j, k in enumerate(self.channels):
            name = model.channels[k].name.ljust(max(width, 7))
            lines.append(f"{self.jump_times[j]:12.6g}  {name}  {before[j]:12.6g}  {after[j]:12.6g}  {steps[j]:14.6g}")
        lines.append(f"found in eigenstate {self.end} of rho(T), p = {last.probabilities[self.end]:.6g}")
        heats = ", ".join(f"{name} {q:+.6g}" for name, q in self.counted_heat.items())
        lines.append(f"counted heat into the system: {heats or 'none defined'}")
        heats = ", ".join(f"{name} {q:+.6g}" for name, q in self.energy_heat.items())
        energy = self.energies(np.array([0.0, self.duration]))
        lines.append(f"energy from the reservoirs, Q[H]: {heats}; sum {sum(self.energy_heat.values()):+.10g}")
        lines.append(f"energy change <H>(T) - <H>(0): {energy[1] - energy[0]:+.10g}")
        if model.entropy:
            lines += self._entropy_lines()
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()

    def _entropy_lines(self) -> list[str]:
        """Return lines with the entropy production from the jumps and from the path probabilities."""
        if not np.isfinite(self.entropy):
            return ["entropy production: infinite (absolutely irreversible: a jump without a reversal partner)"]
        forward, reverse = self.paths.forward, self.paths.reverse
        return [
            f"entropy production, boundary + sum of Delta s: {self.entropy:+.12g}",
            f"entropy production, ln P - ln P~ = {forward:.12g} - ({reverse:.12g}): {forward - reverse:+.12g}",
        ]
