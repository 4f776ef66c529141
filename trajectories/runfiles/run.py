"""Run files: TOML -> Run. Every key is checked; an error is one line with file, key and remedy.

title, description                  optional strings
[system]      name = "diamond" and its parameters, or file = "own_model.py", function = "build" and its parameters
              (the path is relative to the run file; inf and -inf are numbers)
[ensemble]    trajectories          how many, >= 1
              duration              T > 0, in the model's unit of time
              samples | times       sample times T/n, 2T/n, ... T, or a list of them (T is added where it is missing)
              initial               "steady" (default), "ground" (|0...0>), "mixed" (1/d), the label of a basis state,
                                    a vector or a density matrix; complex entries as "0.5-0.5j" or [0.5, -0.5]
              seed                  0 ... 2^63-1 (default 1); the points of a [sweep] are independent, but run files of
                                    equal seeds draw equal random numbers: give each its own before you combine them
              burn_in               counting starts at this time (default 0; added to the sample times)
              records               jump records of this many trajectories are kept (default 0)
              pair                  the two subsystems of concurrence and negativity, counted from 1
[observables] name = "expression"   such as "n1 + n2" or "sx1*sx2", or a Hermitian matrix
[sweep]       parameter = [0, 1, 2]  one or two parameters of [system], each with its values, or a range:
              parameter = { from = 0.1, to = 10, points = 21, scale = "log" }   (scale: "linear" if left out)
[derived]     name = "formula"      a number computed at each point: "0.16 * p_c" of the numbers in [system] (defaults
              included), the swept, the optimised and other derived ones; + - * / **, pi, inf, sqrt exp log tanh coth
              sinh cosh abs min max. A name that only formulas use need not be a parameter of the system.
[optimise]    maximise              a quantity of the steady state (listed in `steady_quantities`), or a formula of some
              over = { g = [1e-6, 1e-2], p_h = [] }   the parameters that take, at each point, the values at which it
              is largest, and their bounds ([]: default ones, see `optimised`); the search is deterministic (`optimum`)
[figure]      title, caption, quantities, formats, axis labels and scales, histogram, trajectory: see `figure_section`
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from trajectories.errors import InputError, kind, show
from trajectories.model.argument_types import file_path
from trajectories.model.initial_state import given_state, named_state
from trajectories.model.validation import hermitian
from trajectories.runfiles import figure_section, sections
from trajectories.runfiles.figure_section import Figure
from trajectories.runfiles.schema import Table, canonical_value
from trajectories.runfiles.sections import SECTIONS, Optimise
from trajectories.runfiles.toml import read
from trajectories.sampling.quantity_names import reported_names

if TYPE_CHECKING:
    from trajectories.counting.optimum import Optimum
    from trajectories.model import Model


@dataclass(frozen=True, eq=False)
class Run:
    """One run: a system, an ensemble of its trajectories, its observables and its figure.

    name: stem of the run file, names the outputs; source: how messages call the run file; directory: where [system]
    file is looked up; text: the run file as read; overrides: the `--set` changes applied to it. system: the [system]
    table. times (T,): increasing, the last one is `duration`. initial: a word, or a nested tuple of complex numbers
    (vector or rows of a density matrix). pair: 0-based subsystems or None (the model's own). observables: name ->
    expression or rows of a matrix. given: the Model that was made in Python instead of described in [system], or the
    function that builds it from the parameters in `system`.
    derived: name -> formula. optimise: what is largest at each point, over which parameters. couplings: the optimised
    parameters of points, by number, that a stored result has. After `derived.resolve`, auxiliary holds the computed
    numbers that are no parameters, optimum the result of the search.
    """

    name: str
    title: str
    description: str
    source: str
    directory: Path
    text: str
    overrides: tuple[str, ...]
    system: Mapping[str, Any]
    trajectories: int
    duration: float
    times: tuple[float, ...]
    initial: str | tuple[Any, ...]
    seed: int
    records: int
    burn_in: float
    pair: tuple[int, int] | None
    observables: Mapping[str, str | tuple[Any, ...]]
    sweep: Mapping[str, tuple[float, ...]]
    figure: Figure
    given: Model | Callable[..., Model] | None
    derived: Mapping[str, str] = field(default_factory=dict)
    optimise: Optimise | None = None
    couplings: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    auxiliary: Mapping[str, float] = field(default_factory=dict)
    optimum: Optimum | None = None

    @classmethod
    def from_mapping(
        cls,
        mapping: Mapping[str, Any],
        *,
        directory: str | Path = ".",
        name: str = "run",
        source: str = "",
        text: str = "",
        overrides: Sequence[str] = (),
        model: Model | Callable[..., Model] | None = None,
    ) -> Run:
        """Check a parsed run file (or the same tables made in Python, arrays allowed) and return the Run.

        model: used instead of what [system] describes, which may then be left out; a function builds the model from the
        parameters in [system]. Raises InputError for anything that breaks the rules of the module's docstring.
        """
        top, tables = _tables(mapping, source, overrides)
        title = top.text("title", "")
        system = _system(tables["system"], model)
        observables = sections.observables(tables["observables"])
        sweep = sections.sweep(tables["sweep"])
        known = (*reported_names(), *observables)
        figure = figure_section.figure(tables["figure"], title, known, tuple(sweep))
        derived = sections.derived(tables["derived"], system, sweep)
        optimise = sections.optimise(tables["optimise"], (*sweep, *derived))
        sections.refuse_without_effect(tables["system"], sweep, derived, optimise)
        return cls(
            name=name,
            title=title,
            description=top.text("description", ""),
            source=source,
            directory=Path(directory),
            text=text,
            overrides=tuple(overrides),
            system=MappingProxyType(system),
            **sections.ensemble(tables["ensemble"]),
            observables=MappingProxyType(observables),
            sweep=MappingProxyType(sweep),
            figure=figure,
            given=model,
            derived=MappingProxyType(derived),
            optimise=optimise,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickling; read-only mappings cannot be pickled."""
        return {name: dict(v) if isinstance(v, MappingProxyType) else v for name, v in self.__dict__.items()}

    @property
    def point_count(self) -> int:
        """Number of points of the sweep, 1 without a sweep."""
        return math.prod(map(len, self.sweep.values()))

    def build_model(self) -> Model:
        """Return the Model that [system] describes, once `derived.resolve` has worked out its formulas.

        Raises InputError where it cannot be built.
        """
        if self.given is not None and not callable(self.given):
            return self.given
        parameters = {key: value for key, value in self.system.items() if key not in ("name", "file", "function")}
        try:
            from trajectories.model import user_model

            if self.given is not None:
                model = user_model.call(self.given, self.system["function"], parameters)
            elif "file" in self.system:
                model = user_model.build(self.directory / self.system["file"], self.system["function"], parameters)
            else:
                from trajectories import systems

                model = systems.build(self.system["name"], parameters)
            if self.auxiliary:
                model = model.showing(self.auxiliary)
            return model
        except InputError as error:
            raise InputError(f"{self._where('system')}: {error}") from None

    def initial_state(self, model: Model) -> np.ndarray | None:
        """Return rho(0), shape (d, d), or None for a start in the steady state. Raises InputError where `initial` is
        not a state.
        """
        where = f"{self._where('ensemble')} initial"
        if isinstance(self.initial, str):
            return named_state(self.initial, model, where)
        return given_state(np.array(self.initial, complex), model.dimension, where)

    def observables_for(self, model: Model) -> dict[str, np.ndarray]:
        """Return each observable as a Hermitian matrix (d, d). Raises InputError naming the element where one is not
        Hermitian.
        """
        from trajectories.model.expressions import expression

        operators = {}
        for name, definition in self.observables.items():
            where = f"{self._where('observables')} {name}"
            if isinstance(definition, str):
                matrix = expression(definition, model, where)
            else:
                matrix = np.array(definition, complex)
            if matrix.shape != (model.dimension,) * 2:
                d = model.dimension
                raise InputError(f"{where}: has shape {matrix.shape}: must be a {d}x{d} matrix for {model.name}")
            operators[name] = hermitian(matrix, where)
        return operators

    def pair_of(self, model: Model) -> tuple[int, int] | None:
        """Return the two subsystems (from 0) of concurrence and negativity, None where the model has fewer than two."""
        if self.pair is None:
            return model.pair if len(model.dims) > 1 else None
        if max(self.pair) >= len(model.dims):
            n = len(model.dims)
            shown = [self.pair[0] + 1, self.pair[1] + 1]
            raise InputError(
                f"{self._where('ensemble')} pair = {shown}: {model.name} has {n} subsystem{'s' * (n > 1)}, "
                + (f"must be two different integers from 1 to {n}" if n > 1 else "so there is no pair: leave it out")
            )
        return self.pair

    def mapping(self) -> dict[str, Any]:
        """Return the run as tables that JSON can hold; `Run.from_mapping` makes the same run of them."""
        return {
            "title": self.title,
            "description": self.description,
            "system": canonical_value(self.system),
            "ensemble": {
                "trajectories": self.trajectories,
                "duration": self.duration,
                "times": list(self.times),
                "initial": canonical_value(self.initial),
                "seed": self.seed,
                "records": self.records,
                "burn_in": self.burn_in,
                **({} if self.pair is None else {"pair": [index + 1 for index in self.pair]}),
            },
            "observables": canonical_value(self.observables),
            "sweep": canonical_value(self.sweep),
            "derived": dict(self.derived),
            "optimise": self.optimise.mapping() if self.optimise else {},
            "figure": self.figure.mapping(),
        }

    def _where(self, section: str) -> str:
        return f"{self.source}: [{section}]" if self.source else f"[{section}]"


def _tables(mapping: Mapping[str, Any], source: str, overrides: Sequence[str]) -> tuple[Table, dict[str, Table]]:
    """Return the top level of a run file and its tables by name, with their keys checked."""
    changed = [tuple(item.partition("=")[0].strip().split(".")) for item in overrides]
    keys = ("title", "description", *SECTIONS)
    top = Table(mapping, "", source, keys, [path[0] for path in changed if len(path) == 1])
    tables = {}
    for section, known in SECTIONS.items():
        values = mapping.get(section, {})
        if not isinstance(values, Mapping):
            raise InputError(f"{top.where(section)} = {show(values)} is {kind(values)}: must be a table [{section}]")
        if section == "figure":
            figure_section.refuse_removed(values, source)
        changed_keys = [path[1] for path in changed if len(path) == 2 and path[0] == section]
        tables[section] = Table(values, section, source, known, changed_keys)
    return top, tables


def _system(table: Table, model: Model | Callable[..., Model] | None) -> dict[str, Any]:
    """Return the [system] table of a run: checked as a file's, or made for a model or a function from Python."""
    if callable(model):
        return {"function": getattr(model, "__name__", "model"), **table.values}
    return sections.system(table) if model is None or table.values else {"name": model.name}


def load(path: str | Path, overrides: Sequence[str] = ()) -> Run:
    """Read a run file.

    Parameters
    ----------
    path : str or Path
        A TOML file; `trajectories/runfiles/run.py` lists all keys.
    overrides : sequence of str, optional
        Changes such as "system.beta_A=-1" or "ensemble.seed=7", applied in order. A value is read as TOML, and as a
        string where it is none.

    Returns
    -------
    Run
        For `trajectories.run`.

    Raises
    ------
    InputError
        For anything wrong in the file, with its key and the remedy.

    Examples
    --------
    >>> run = trajectories.load("runs/diamond.toml", ["ensemble.seed=7"])
    >>> run.seed, run.duration
    (7, 6.0)
    """
    path = file_path("path", path)
    mapping, text = read(path, overrides)
    return Run.from_mapping(
        mapping, directory=path.parent, name=path.stem, source=str(path), text=text, overrides=overrides
    )
