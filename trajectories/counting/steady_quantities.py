"""Quantities of the steady state on whole arrays of parameters: what maps, curves and searches for maxima ask for.

Names are those of a report's rows, `quantity` or `quantity.reservoir` or `population.label`:

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

and those that a machine registers (`systems.registry`), such as heat_flow_ratio of local_engine and photons of cavity.
Every machine is solved on the arrays, the user's own included (`steady_points`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.counting.counted_currents import charge, charged_reservoirs, heated_reservoirs, no_quanta
from trajectories.counting.model_counts import counts_of
from trajectories.counting.steady_counting import rates_of
from trajectories.counting.steady_points import KEYS, Machine, Solved
from trajectories.counting.threshold import threshold_temperature
from trajectories.errors import InputError, listing, nearest
from trajectories.master import entanglement
from trajectories.master.currents import FIRES
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.model.detailed_balance import ONE_WAY
from trajectories.systems import SYSTEMS

THRESHOLD = "threshold_temperature"
LOST = 64 * np.finfo(float).eps
BY_RESERVOIR = ("heat_current", "energy_current", "charge_current", "tur_ratio", "kur_ratio")


class SteadyQuantities:
    """The quantities of one machine's steady state, for as many arrays of parameters as are asked for.

    machine: what is solved.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @classmethod
    def of(cls, system: Mapping[str, Any], directory: str | Path = ".") -> SteadyQuantities:
        """Return the quantities of the machine of a [system] table. Raises InputError for an unknown machine."""
        return cls(Machine.of(system, Path(directory)))

    def values(
        self, parameters: Mapping[str, Any], names: Sequence[str], *, check: bool = True
    ) -> dict[str, np.ndarray]:
        """Return quantities by name, (n,) each.

        parameters: of the machine, numbers or arrays (n,). check: False for nan where the machine refuses its
        parameters or has no unique steady state. Raises InputError for an unknown quantity (with the nearest and all
        known ones), bad parameters, and where a steady state is not unique.
        """
        given = {key: value for key, value in parameters.items() if key not in KEYS}
        given = {key: np.asarray(x, float) if isinstance(x, np.ndarray) else x for key, x in given.items()}
        arrays = [value.shape for value in given.values() if isinstance(value, np.ndarray)]
        (n,) = np.broadcast_shapes((1,), *arrays)
        given = {key: np.broadcast_to(x, (n,)) if isinstance(x, np.ndarray) else x for key, x in given.items()}
        values_by_name = {name: np.full(n, np.nan) for name in names if name != THRESHOLD}
        for solved in self.machine.solved(given, n, check) if values_by_name else ():
            state = SteadyStateValues(solved, self.machine, given)
            for name, values in values_by_name.items():
                values[solved.where] = state[name]
        if THRESHOLD in names:
            values_by_name[THRESHOLD] = self._thresholds(given, n)
        return {name: values_by_name[name] for name in names}

    def _thresholds(self, given: Mapping[str, Any], n: int) -> np.ndarray:
        """Return the threshold temperature of each point, (n,)."""
        rates = SYSTEMS[self.machine.name].bath_rates if self.machine.name in SYSTEMS else None
        columns = {key: value for key, value in given.items() if isinstance(value, np.ndarray)}

        def margin(point: Mapping[str, Any]) -> np.ndarray:
            return self.values(point, ["entanglement_margin"], check=False)["entanglement_margin"]

        table = {**self.machine.defaults, **given}
        points = [table | {key: float(column[i]) for key, column in columns.items()} for i in range(n)]
        return np.array([threshold_temperature(self.machine.name, rates, point, margin) for point in points])


class SteadyStateValues:
    """Quantities of solved points (n,), by name.

    solved: the points with their steady states. machine: what was solved. parameters: by name, arrays over all points
    of the request, or what all share.
    """

    def __init__(self, solved: Solved, machine: Machine, parameters: Mapping[str, Any]) -> None:
        self.solved, self.model, self.machine = solved, solved.model, machine
        self.rho = solved.rho
        self.parameters = {
            key: value[solved.where] if isinstance(value, np.ndarray) else value
            for key, value in {**machine.defaults, **parameters}.items()
        }

    def of(self, build: Callable[..., Model], name: str, **parameters: Any) -> np.ndarray:
        """Return a quantity of the steady state of another machine, (n,)."""
        values = SteadyQuantities(Machine(build, build.__name__)).values(parameters, [name], check=False)[name]
        return np.broadcast_to(values, self.solved.where.shape)

    def __getitem__(self, name: str) -> np.ndarray:
        quantity, _, label = name.partition(".")
        if name in self._unlabelled:
            return np.asarray(self._unlabelled[name]())
        if name in self.machine.quantities:
            return np.asarray(self.machine.quantities[name](self))
        if quantity == "population":
            return self._population(label)
        baths = [bath.name for bath in self.model.reservoirs]
        if quantity in BY_RESERVOIR and label in baths:
            return np.asarray(self._of_reservoir(quantity, baths.index(label)))
        if quantity == "count_rate" and label in self.model.counts:
            return self.jump_rates @ self.model.counts[label]
        raise InputError(self._unknown(name))

    @cached_property
    def _unlabelled(self) -> dict[str, Callable[[], np.ndarray]]:
        """The quantities without a label that this model has."""
        model, rho = self.model, self.rho
        quantities: dict[str, Callable[[], np.ndarray]] = {
            "purity": lambda: np.einsum("nab,nba->n", rho, rho).real,
            "energy": lambda: np.einsum("nab,nba->n", self.solved.hamiltonian, rho).real,
            "activity": lambda: self.jump_rates.sum(axis=1),
        }
        if model.entropy:
            quantities["entropy_production_rate"] = self._entropy_production_rate
            if np.isfinite(model.quanta).all():
                quantities["coupling_work"] = lambda: _sum(self._counted("quantum") * self.jump_rates)
        if model.pair is not None and len(model.dims) > 1:
            pair = entanglement.reduce_pair(rho, model.dims, model.pair)
            dims = tuple(model.dims[i] for i in model.pair)
            quantities["negativity"] = lambda: entanglement.negativity(pair, dims)
            if dims == (2, 2):
                quantities["concurrence"] = lambda: entanglement.concurrence(pair)
                quantities["concurrence_signed"] = lambda: entanglement.concurrence_signed(pair)
                quantities["entanglement_margin"] = lambda: entanglement.entanglement_margin(pair)
        return quantities

    @cached_property
    def jump_rates(self) -> np.ndarray:
        """Tr[L_k^dag L_k rho], (n, K), 1/time."""
        jumps = self.solved.jumps
        return np.einsum("nkab,nkab->nk", jumps.conj(), jumps @ self.rho[:, None]).real

    def _counted(self, what: str) -> np.ndarray:
        """Return the quanta or charges of the jumps, (n, K), 0 where there is none. what: "quantum" or "charge"."""
        return np.array([[getattr(channel, what) or 0.0 for channel in draft.channels] for draft in self.solved.drafts])

    def _of_reservoir(self, quantity: str, r: int) -> np.ndarray:
        """Return one of BY_RESERVOIR at the reservoir of index r, (n,)."""
        currents = {
            "heat_current": self._heat_current,
            "energy_current": self._energy_current,
            "charge_current": self._charge_current,
        }
        return currents[quantity](r) if quantity in currents else self._ratio(quantity, r)

    def _heat_current(self, r: int) -> np.ndarray:
        if r not in heated_reservoirs(self.model):
            name = self.model.reservoirs[r].name
            raise InputError(f"heat_current.{name}: {no_quanta(self.model, name)}")
        return _sum((self._counted("quantum") * self.jump_rates)[:, self.model.reservoir_index == r])

    def _energy_current(self, r: int) -> np.ndarray:
        """Return Tr[H D_r rho] = sum_k Re Tr[L_k^dag [H, L_k] rho], (n,), energy/time."""
        jumps, hamiltonian = self.solved.jumps[:, self.model.reservoir_index == r], self.solved.hamiltonian[:, None]
        change = (hamiltonian @ jumps - jumps @ hamiltonian) @ self.rho[:, None]
        return np.einsum("nkab,nkab->n", jumps.conj(), change).real

    def _charge_current(self, r: int) -> np.ndarray:
        charge(self.model, self.model.reservoirs[r].name)
        return _sum((self._counted("charge") * self.jump_rates)[:, self.model.reservoir_index == r])

    def _ratio(self, quantity: str, r: int) -> np.ndarray:
        """Return an uncertainty ratio of what is counted at the reservoir of index r, (n,)."""
        name, ratios = self.model.reservoirs[r].name, []
        for i in range(len(self.rho)):
            model = self._checked_model(i)
            counts = [count for count in counts_of(model) if count.reservoir == name]
            if not counts:
                raise InputError(f"{quantity}.{name}: nothing is counted at {name}: {no_quanta(model, name)}")
            ratios.append(getattr(rates_of(Master(model), counts[0]), quantity))
        return np.array(ratios)

    def _checked_model(self, i: int) -> Model:
        given = {key: value for key, value in self.parameters.items() if value is not None}
        return self.machine.model({k: float(x[i]) if isinstance(x, np.ndarray) else x for k, x in given.items()})

    def _entropy_production_rate(self) -> np.ndarray:
        """Return sum_k Delta s_k Tr[L_k^dag L_k rho], (n,), nat/time; inf where a one-way channel fires."""
        partner = self.model.partner
        one_way = partner == ONE_WAY
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = 2.0 * np.log(np.linalg.norm(self.solved.jumps, axis=(2, 3)))
            steps = np.where(one_way | (partner == np.arange(len(partner))), 0.0, weight - weight[:, partner])
        loss = np.einsum("nkab,nkab->n", self.solved.jumps.conj(), self.solved.jumps).real
        fires = self.jump_rates[:, one_way].sum(axis=1) > FIRES * loss
        return np.where(fires, np.inf, _sum(steps * self.jump_rates))

    def _population(self, label: str) -> np.ndarray:
        """Return the population of a basis state by its label, (n,)."""
        if label in self.model.states:
            i = self.model.states.index(label)
            return self.rho[:, i, i].real
        for name, (_, labels) in self.model.bases.items():
            if label in labels:
                i = labels.index(label)
                vectors = np.array([np.asarray(draft.bases[name][0])[:, i] for draft in self.solved.drafts])
                return np.einsum("na,nab,nb->n", vectors.conj(), self.rho, vectors).real
        known = [*self.model.states, *(name for _, labels in self.model.bases.values() for name in labels)]
        raise InputError(f"unknown quantity population.{label}; {nearest(label, known)}states are {listing(known)}")

    def _unknown(self, name: str) -> str:
        """Return the message for a quantity that the machine does not have, with the nearest and all known ones."""
        model = self.model
        counted = {"heat_current": heated_reservoirs(model), "charge_current": charged_reservoirs(model)}
        baths = list(enumerate(bath.name for bath in model.reservoirs))
        by_bath = [f"{q}.{bath}" for q in BY_RESERVOIR for r, bath in baths if r in counted.get(q, [r])]
        known = [
            *self._unlabelled,
            *by_bath,
            *(f"count_rate.{count}" for count in model.counts),
            *self.machine.quantities,
        ]
        known += [f"population.{state}" for state in model.states[:4]]
        return f"unknown quantity {name} of {model.name}; {nearest(name, known)}known are {listing(known, 60)}"


def _sum(terms: np.ndarray) -> np.ndarray:
    """Return the sum of terms (n, K) over K, 0 where they cancel to rounding."""
    total = terms.sum(axis=1)
    return np.where(np.abs(total) <= LOST * np.abs(terms).sum(axis=1), 0.0, total)
