"""The steady states of a machine at many points of its parameters.

The machine's own function builds the Hamiltonian and the jump operators of every point, without the checks of a Model
(`model.validation.without_checks`); one point of each structure, that is of each set of channels, is built with them.
Small machines are then solved all at once (`master.batched_steady_states`), larger ones by one sparse pattern
(`master.scaled_generator`), and what neither can do point by point by `master.lindblad.Master`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.errors import InputError, nearest
from trajectories.master.batched_steady_states import SteadyStates, steady_states
from trajectories.master.lindblad import Master
from trajectories.master.scaled_generator import ScaledGenerator
from trajectories.model import Model, user_model
from trajectories.model.operators import as_operator, dagger, partial_trace
from trajectories.model.validation import without_checks
from trajectories.systems import SYSTEMS, machine
from trajectories.systems.registry import Quantity

KEYS = ("name", "file", "function")
LARGEST_DENSE = 8
LARGEST_TOP_POPULATION = 1e-6
"""Most population in the highest level of a subsystem that was cut off."""
LARGEST_CHUNK = 2048
ELEMENTS = 2**18


@dataclass(frozen=True, eq=False)
class Solved:
    """Points of one structure with their steady states.

    where: (n,) numbers of the points. model: a checked Model of the structure. drafts: the Models as they were built,
    mostly without checks. hamiltonian: (n, d, d). jumps: (n, K, d, d). rho: (n, d, d).
    """

    where: np.ndarray
    model: Model
    drafts: Sequence[Model]
    hamiltonian: np.ndarray
    jumps: np.ndarray
    rho: np.ndarray

    def only(self, kept: np.ndarray) -> Solved:
        """Return some of the points. kept: (n,) bool."""
        if kept.all():
            return self
        drafts = [draft for draft, keep in zip(self.drafts, kept, strict=True) if keep]
        return Solved(self.where[kept], self.model, drafts, self.hamiltonian[kept], self.jumps[kept], self.rho[kept])


@dataclass(eq=False)
class Machine:
    """A machine whose steady states are asked for at many points.

    build: function that returns the Model. defaults: of its parameters. whole: the parameters that are integers.
    quantities: further quantities of the steady state by name.
    """

    build: Callable[..., Model]
    name: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    _checked: dict[tuple[str, ...], Model] = field(default_factory=dict)
    _scaled: dict[tuple[str, ...], ScaledGenerator] = field(default_factory=dict)

    @classmethod
    def of(cls, system: Mapping[str, Any], directory: Path) -> Machine:
        """Return the machine of a [system] table. Raises InputError for an unknown one, and wrong parameters."""
        parameters = {key: value for key, value in system.items() if key not in KEYS}
        point = {
            key: float(value.flat[0]) if isinstance(value, np.ndarray) else value for key, value in parameters.items()
        }
        if "file" in system:
            file = directory / system["file"]
            build = user_model.builder(file, system["function"], point)
            return cls(build, f"{file}: {system['function']}", user_model.parameters(file, system["function"])[1])
        if system["name"] not in SYSTEMS:
            raise InputError(f"unknown system {system['name']}; {nearest(system['name'], SYSTEMS)}")
        known = machine(system["name"])
        described = known.parameters()
        integers = frozenset(key for key, about in described.items() if about["type"] == "int")
        known.checked(
            {key: int(value) if key in integers and value == int(value) else value for key, value in point.items()}
        )
        defaults = {key: about["default"] for key, about in described.items()}
        return cls(known.build, system["name"], defaults, integers, known.quantities)

    def model(self, parameters: Mapping[str, Any]) -> Model:
        """Return the Model at one point; whole numbers among its parameters may be floats."""
        return self.build(**(_with_whole(parameters, self.whole) if self.whole else parameters))

    def solved(self, parameters: Mapping[str, Any], n: int, check: bool) -> Iterator[Solved]:
        """Yield the steady states at points, some of one structure at a time.

        parameters: by name, arrays (n,) or what all points share. check: True to raise InputError for points that the
        machine refuses, or where the steady state is not unique; False to leave them out.
        """
        columns = {key: value.tolist() for key, value in parameters.items() if isinstance(value, np.ndarray)}
        shared = {key: value for key, value in parameters.items() if key not in columns}
        points = _Points(shared, columns)
        if check and n > 1:
            for i in points.extreme():
                self.model(points[i])
        start = 0
        while start < n:
            size = self._chunk()
            groups = self._drafted(points, range(start, min(n, start + size)), check)
            for key, drafts in groups.items():
                solved = self._solve(key, drafts, points, check, n == 1)
                if solved is not None:
                    yield solved
            start += size

    def _chunk(self) -> int:
        """Return how many points are built at once: one, until the size of the machine is known."""
        largest = max((model.operators.size for model in self._checked.values()), default=ELEMENTS)
        return max(1, min(LARGEST_CHUNK, ELEMENTS // largest))

    def _drafted(self, points: _Points, numbers: range, check: bool) -> dict[tuple[str, ...], dict[int, Model]]:
        """Build points without checks, and sort them by the names of their channels."""
        groups: dict[tuple[str, ...], dict[int, Model]] = {}
        with without_checks():
            for i in numbers:
                try:
                    draft = self.model(points[i])
                except InputError:
                    if check:
                        raise
                    continue
                groups.setdefault(tuple(channel.name for channel in draft.channels), {})[i] = draft
        return groups

    def _template(self, key: tuple[str, ...], drafts: dict[int, Model], points: _Points, check: bool) -> Model | None:
        """Return a checked Model of a structure with a unique steady state; drops the points that are none."""
        for i in list(drafts):
            if key in self._checked:
                break
            try:
                model = self.model(points[i])
                Master(model).steady_blocks  # noqa: B018 - raises where the steady state is not unique
                self._checked[key] = model
            except InputError:
                if check:
                    raise
                del drafts[i]
        return self._checked.get(key)

    def _solve(
        self, key: tuple[str, ...], drafts: dict[int, Model], points: _Points, check: bool, single: bool
    ) -> Solved | None:
        """Return the steady states of points of one structure; None where none of them has one. drafts: by number."""
        once = single and key not in self._checked
        model = self._template(key, drafts, points, check)
        if model is None or not drafts:
            return None
        hamiltonian = np.array([_operator(draft.hamiltonian) for draft in drafts.values()], complex)
        hamiltonian = 0.5 * (hamiltonian + dagger(hamiltonian))
        operators = [_operator(channel.operator) for draft in drafts.values() for channel in draft.channels]
        jumps = np.array(operators, complex).reshape(len(drafts), len(key), *hamiltonian.shape[1:])
        if model.dimension <= LARGEST_DENSE:
            bases = [np.array([draft.bases[name][0] for draft in drafts.values()]) for name in model.bases]
            rho, sure = steady_states(hamiltonian, jumps, bases)
        elif once:  # a pattern is for many points
            rho, sure = np.zeros_like(hamiltonian), np.zeros(1, bool)
        else:
            rho, sure = self._by_scaling(key, hamiltonian, jumps)
        kept = np.ones(len(drafts), bool)
        for place, i in enumerate(drafts):
            if not sure[place]:
                try:
                    rho[place] = Master(self.model(points[i])).steady_state()
                except InputError:
                    if check:
                        raise
                    kept[place] = False
        solved = Solved(np.array(list(drafts)), model, list(drafts.values()), hamiltonian, jumps, rho)
        return _not_truncated(solved.only(kept), check)

    def _by_scaling(self, key: tuple[str, ...], hamiltonian: np.ndarray, jumps: np.ndarray) -> SteadyStates:
        """Solve a large machine point by point on one sparse pattern."""
        if key not in self._scaled or not self._scaled[key].holds(hamiltonian):
            self._scaled[key] = ScaledGenerator((hamiltonian != 0).any(axis=0), jumps[0])
        generator = self._scaled[key]
        rates, rho, sure = generator.rates(jumps), np.zeros_like(hamiltonian), np.zeros(len(jumps), bool)
        for i, rates_of_point in enumerate([] if rates is None else rates):
            state = generator.steady_state(hamiltonian[i], rates_of_point)
            if state is not None:
                rho[i], sure[i] = state, True
        return SteadyStates(rho, sure)


class _Points:
    """Points of a machine's parameters: what they share, and columns of what varies."""

    def __init__(self, shared: dict[str, Any], columns: dict[str, list[float]]) -> None:
        self._shared, self._columns = shared, columns

    def __getitem__(self, i: int) -> dict[str, Any]:
        return self._shared | {key: column[i] for key, column in self._columns.items()}

    def extreme(self) -> list[int]:
        """Return the numbers of the points with the smallest and largest value of every parameter, first and last."""
        numbers = {0, -1}
        for column in self._columns.values():
            numbers |= {int(np.argmin(column)), int(np.argmax(column))}
        return sorted(numbers)


def _with_whole(parameters: Mapping[str, Any], integers: frozenset[str]) -> dict[str, Any]:
    """Return parameters with floats that are whole numbers as integers, where integers are wanted."""
    return {
        key: int(x) if key in integers and isinstance(x, float) and x.is_integer() else x
        for key, x in parameters.items()
    }


def _operator(given: Any) -> np.ndarray:
    return given if isinstance(given, np.ndarray) else as_operator(given, "operator")


def _not_truncated(solved: Solved, check: bool) -> Solved | None:
    """Return the points at which the highest level of no subsystem that was cut off is populated."""
    model, kept = solved.model, np.ones(len(solved.where), bool)
    for subsystem in model.truncated:
        top = partial_trace(solved.rho, model.dims, [subsystem])[:, -1, -1].real
        kept &= top <= LARGEST_TOP_POPULATION
        if check and not kept.all():
            raise InputError(
                f"{model.name}: subsystem {subsystem + 1} is cut off at {model.dims[subsystem]} levels, and the "
                f"highest has the population {top.max():.2g}: must be at most {LARGEST_TOP_POPULATION:g}; keep more "
                "levels"
            )
    return solved.only(kept) if kept.any() else None
