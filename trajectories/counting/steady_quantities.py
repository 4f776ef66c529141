"""Quantities of the steady state on whole arrays of parameters: what maps, curves and searches for maxima ask for.

Names are those of a report's rows, `quantity` or `quantity.reservoir` or `cloning_population.label`:

    concurrence, negativity            of the model's pair
    population.00 ... population.11    of a basis state, in the computational basis or one that the model offers
    purity                             Tr rho^2
    energy                             Tr H rho
    heat_current.r, energy_current.r   into the system, energy/time
    coupling_work                      sum of the counted heats, energy/time
    charge_current.r, count_rate.name  counted charge into the system, a count that the model names, 1/time
    entropy_production_rate            nat/time
    activity                           jumps/time
    tur_ratio.r, kur_ratio.r           D sigma/(2 J^2), D A/J^2 of the quanta from r (`uncertainty_relations`)
    threshold_temperature              the lowest T_h at which some couplings entangle (`threshold`)
    concurrence_signed                 Wootters' l1 - l2 - l3 - l4 before the cut at zero
    entanglement_margin                ln of |rho_01,10|/sqrt(p_00 p_11) (`entanglement`): positive only if entangled

and, of some machines, further ones (`systems/steady_state_arrays.py`): heat_flow, heat_flow_ratio, critical_heat_flow
and critical_heat_current of local_engine, effective_temperature.1 and .2 of common_bath, effective.concurrence,
photons and pair_population.00 of cavity. Machines with a closed form evaluate it on the arrays; all other models are
solved point by point, L rho = 0 with Tr rho = 1, without what sampling would need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.counting.counted_currents import charge, charged_reservoirs, heated_reservoirs, no_quanta
from trajectories.errors import InputError, listing, nearest
from trajectories.master import entanglement
from trajectories.master.currents import energy_rates, entropy_production_rate, heat_rates
from trajectories.master.lindblad import Master, liouvillian
from trajectories.model import Model
from trajectories.systems import SYSTEMS, build, steady_state_arrays
from trajectories.systems.two_qubit_arrays import Quantities

CLOSED: dict[str, Callable[..., Quantities | None]] = {
    "diamond": steady_state_arrays.diamond_arrays,
    "local_engine": steady_state_arrays.local_engine_arrays,
    "cavity": steady_state_arrays.cavity_arrays,
    "reset_engine": steady_state_arrays.reset_engine_arrays,
    "flux_qubits": steady_state_arrays.flux_qubits_arrays,
    "double_dot": steady_state_arrays.double_dot_arrays,
    "common_bath": steady_state_arrays.common_bath_arrays,
}
"""The machines whose steady state has a closed form on arrays (of the cavity: a fast one)."""

KEYS = ("name", "file", "function")
LARGEST_DENSE = 8
WORST_CONDITION = 1e11


def steady_values(
    system: Mapping[str, Any], names: Sequence[str], directory: str | Path = ".", *, check: bool = True
) -> dict[str, np.ndarray]:
    """Values of quantities of the steady state, each (n,), by name.

    system: a [system] table in which numbers may be arrays (n,); directory: where its `file` is looked up. check:
    False leaves out the check of parameters, and gives nan where a machine refuses them. Raises InputError for an
    unknown quantity (with the nearest and all known ones), bad parameters, and where a steady state is not unique.
    """
    table = {key: np.asarray(value, float) if isinstance(value, np.ndarray) else value for key, value in system.items()}
    arrays = {key: value for key, value in table.items() if isinstance(value, np.ndarray)}
    (n,) = np.broadcast_shapes((1,), *(value.shape for value in arrays.values()))
    points = Points(table, n, Path(directory))
    if check and system.get("name") in CLOSED and system["name"] != "cavity":
        points.check()
    found = _closed(table)
    result: dict[str, np.ndarray] = {}
    rest = []
    for name in dict.fromkeys(names):
        if name == "threshold_temperature":
            from trajectories.counting.threshold import threshold_temperatures

            result[name] = threshold_temperatures([points[i] for i in range(n)], _margins)
        elif name in found:
            value = np.broadcast_to(np.asarray(found[name](), float), (n,)).copy()
            if check and np.isnan(value).any():
                _explain(points, int(np.isnan(value).argmax()), name)
            result[name] = value
        else:
            rest.append(name)
    if rest:
        each = [_at(points, i, rest, found, check) for i in range(n)]
        result |= {name: np.array([one[name] for one in each]) for name in rest}
    return {name: result[name] for name in names}


def _margins(system: dict[str, Any]) -> np.ndarray:
    return steady_values(system, ["entanglement_margin"], check=False)["entanglement_margin"]


def vectorised(system: Mapping[str, Any]) -> bool:
    """Whether the machine has a closed form at these parameters that takes thousands of points at once."""
    return system.get("name") != "cavity" and bool(_closed(system))


def below_zero(system: Mapping[str, Any]) -> str:
    """Return the measure that says how far from entanglement a machine is.

    The entanglement margin where a closed form has it to all digits, else the concurrence before it is cut at zero.
    """
    return "entanglement_margin" if _closed(system) else "concurrence_signed"


def _closed(table: Mapping[str, Any]) -> Quantities:
    """The closed forms at these parameters, none where there are none."""
    if table.get("name") not in CLOSED:
        return {}
    values = {key: value for key, value in table.items() if key not in KEYS and value is not None}
    numbers = {key: np.float64(v) if isinstance(v, int | float) else v for key, v in values.items()}
    try:
        with np.errstate(all="ignore"):
            return CLOSED[table["name"]](**numbers) or {}
    except TypeError:
        # Parameters that are missing or unknown: building the machine says so.
        return {}


class Points:
    """The points of a [system] table with arrays: each one's own table, model and check."""

    def __init__(self, table: Mapping[str, Any], n: int, directory: Path) -> None:
        self.table, self.n, self.directory = table, n, directory
        self._columns = {key: np.broadcast_to(v, (n,)) for key, v in table.items() if isinstance(v, np.ndarray)}

    def __getitem__(self, i: int) -> dict[str, Any]:
        return dict(self.table) | {key: float(column[i]) for key, column in self._columns.items()}

    def model(self, i: int) -> Model:
        point = self[i]
        parameters = {key: value for key, value in point.items() if key not in KEYS}
        if "file" in point:
            from trajectories.model import user_model

            return user_model.build(self.directory / point["file"], point["function"], parameters)
        if point["name"] not in SYSTEMS:
            raise InputError(f"unknown system {point['name']}; {nearest(point['name'], SYSTEMS)}")
        return build(point["name"], parameters)

    def check(self) -> None:
        """Build the machine at the smallest and the largest value of every array, and where both meet.

        What a machine allows is an interval of each parameter; where two of them are tied to each other, a value that
        does not exist tells.
        """
        tried = {0, self.n - 1}
        for column in self._columns.values():
            tried |= {int(np.argmin(column)), int(np.argmax(column)), *np.flatnonzero(np.isnan(column))[:1].tolist()}
        for i in sorted(tried):
            self.model(i)


def _explain(points: Points, i: int, name: str) -> None:
    """Raise the InputError of a point whose closed form gives no number; nothing where a ratio 0/0 is meant."""
    if points.table["name"] == "cavity":
        from trajectories.systems.cavity_steady import cavity_steady

        cavity_steady(**points.model(i).parameters)
    Master(points.model(i)).steady_blocks  # noqa: B018 - says what is wrong


def _at(points: Points, i: int, names: Iterable[str], closed: Quantities, check: bool) -> dict[str, float]:
    """The quantities at point i; without the check, nan where the machine refuses its parameters."""
    try:
        model = points.model(i)
        rho = steady_state(model)
    except InputError:
        if check:
            raise
        return dict.fromkeys(names, np.nan)
    return {name: _value(model, rho, name, closed) for name in names}


def steady_state(model: Model) -> np.ndarray:
    """Steady state (d, d) of a model, by the shortest way.

    Up to dimension 8 one solution of the full linear equations L rho = 0, Tr rho = 1; where these are ill-conditioned
    or larger, `Master.steady_state`, which also says why there is none. Raises InputError as that does.
    """
    d = model.dimension
    if d > LARGEST_DENSE:
        return Master(model).steady_state()
    matrix = liouvillian(model)
    scale = np.abs(matrix).max()
    matrix[0] = scale * np.eye(d).reshape(-1)
    wanted = np.zeros(d * d, complex)
    wanted[0] = scale
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return Master(model).steady_state()
    if np.abs(inverse).sum(axis=0).max() * np.abs(matrix).sum(axis=0).max() > WORST_CONDITION:
        return Master(model).steady_state()
    vector = inverse @ wanted
    vector = vector + inverse @ (wanted - matrix @ vector)
    rho = vector.reshape(d, d)
    return 0.5 * (rho + rho.conj().T)


def quantities_of(model: Model, names: Iterable[str]) -> dict[str, float]:
    """Return quantities of the steady state of one model by name."""
    rho = steady_state(model)
    return {name: _value(model, rho, name, {}) for name in names}


def _value(model: Model, rho: np.ndarray, name: str, closed: Mapping[str, Any]) -> float:
    quantity, _, label = name.partition(".")
    simple: dict[str, Callable[[], Any]] = {
        "purity": lambda: np.trace(rho @ rho).real,
        "energy": lambda: np.trace(model.hamiltonian @ rho).real,
        "activity": lambda: np.trace(model.loss @ rho).real,
    }
    if model.entropy:
        simple["entropy_production_rate"] = lambda: entropy_production_rate(model, rho)
        if np.isfinite(model.quanta).all():
            simple["coupling_work"] = lambda: np.einsum("rab,ba->", heat_rates(model), rho).real
    if model.pair is not None and len(model.dims) > 1:
        pair = entanglement.reduce_pair(rho, model.dims, model.pair)
        dims = tuple(model.dims[i] for i in model.pair)
        simple["negativity"] = lambda: entanglement.negativity(pair, dims)
        if dims == (2, 2):
            simple |= {
                "concurrence": lambda: entanglement.concurrence(pair),
                "concurrence_signed": lambda: entanglement.concurrence_signed(pair),
                "entanglement_margin": lambda: entanglement.entanglement_margin(pair),
            }
    if name in simple:
        return float(simple[name]())
    if quantity == "population":
        return _population(model, rho, label)
    baths = [bath.name for bath in model.reservoirs]
    by_bath = {
        "heat_current": _heat,
        "energy_current": _energy,
        "charge_current": _charge,
        "tur_ratio": _ratio,
        "kur_ratio": _ratio,
    }
    if quantity in by_bath and label in baths:
        return by_bath[quantity](model, rho, quantity, baths.index(label))
    if quantity == "count_rate" and label in model.counts:
        return _rate(model, rho, model.counts[label])
    counted = {"heat_current": heated_reservoirs(model), "charge_current": charged_reservoirs(model)}
    by_name = [f"{q}.{bath}" for q in by_bath for r, bath in enumerate(baths) if r in counted.get(q, [r])]
    known = [*simple, *by_name, *(f"count_rate.{count}" for count in model.counts), *closed]
    known += [f"population.{state}" for state in model.states[:4]]
    raise InputError(
        f"unknown quantity {name} of {model.name}; {nearest(name, known)}known are {listing(dict.fromkeys(known), 60)}"
    )


def _population(model: Model, rho: np.ndarray, label: str) -> float:
    if label in model.states:
        i = model.states.index(label)
        return float(rho[i, i].real)
    for basis, labels in model.bases.values():
        if label in labels:
            vector = basis[:, labels.index(label)]
            return float((vector.conj() @ rho @ vector).real)
    known = [*model.states, *(name for _, labels in model.bases.values() for name in labels)]
    raise InputError(f"unknown quantity population.{label}; {nearest(label, known)}states are {listing(known)}")


def _heat(model: Model, rho: np.ndarray, quantity: str, r: int) -> float:
    if r not in heated_reservoirs(model):
        raise InputError(f"{quantity}.{model.reservoirs[r].name}: {no_quanta(model, model.reservoirs[r].name)}")
    return float(np.trace(heat_rates(model)[r] @ rho).real)


def _charge(model: Model, rho: np.ndarray, quantity: str, r: int) -> float:
    return _rate(model, rho, charge(model, model.reservoirs[r].name))


def _rate(model: Model, rho: np.ndarray, weights: np.ndarray) -> float:
    """sum_k w_k Tr[L_k^dag L_k rho]."""
    jumps = np.einsum("kba,kbc,ca->k", model.operators.conj(), model.operators, rho, optimize=True).real
    return float(weights @ jumps)


def _energy(model: Model, rho: np.ndarray, quantity: str, r: int) -> float:
    return float(np.trace(energy_rates(model)[r] @ rho).real)


def _ratio(model: Model, rho: np.ndarray, quantity: str, r: int) -> float:
    from trajectories.counting.steady_counting import counts_of, rates_of

    name = model.reservoirs[r].name
    for count in counts_of(model):
        if count.reservoir == name:
            return float(getattr(rates_of(Master(model), count), quantity))
    raise InputError(f"{quantity}.{name}: nothing is counted at {name}: {no_quanta(model, name)}")
