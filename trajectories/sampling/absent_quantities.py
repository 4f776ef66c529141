"""What one might look for in a report and not find there, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trajectories.counting.counted_currents import no_quanta
from trajectories.model import Model
from trajectories.sampling.quantities import MOST_POPULATIONS, Column

ENTROPIC = ("entropy_production", "entropy_production_rate", "integral_fluctuation_theorem")
ENERGETIC = ("energy", "energy_current", "projection_energy")


def absent(model: Model, columns: Sequence[Column | None], pair: tuple[int, int] | None) -> dict[str, str]:
    """Return the quantities that a report with these columns lacks, "quantity" or "quantity.reservoir", and why.

    pair: the subsystems whose entanglement is reported, None where there are none.
    """
    present = {(column.quantity, column.reservoir) for column in columns if column is not None}
    quantities = {quantity for quantity, _ in present}
    found = {}
    cold = [bath.name for bath in model.reservoirs if ("heat_current", bath.name) not in present]
    for name in cold:
        found[f"heat_current.{name}"] = no_quanta(model, name)
    if "coupling_work" not in quantities:
        found["coupling_work"] = f"no counted heat from {', '.join(cold)}"
    for quantity in (*ENTROPIC, *ENERGETIC):
        if quantity not in quantities:
            found[quantity] = f"{model.name} has no entropy accounting (entropy=False)"
    if "population" not in quantities:
        found["population"] = f"{model.dimension} basis states, more than {MOST_POPULATIONS}: name an observable"
    return found | _entanglement(model, pair)


def _entanglement(model: Model, pair: tuple[int, int] | None) -> dict[str, str]:
    if len(model.dims) == 1:
        return {}
    if pair is None:
        return dict.fromkeys(("concurrence", "negativity"), "no pair of subsystems is named")
    levels = [model.dims[site] for site in pair]
    if levels == [2, 2]:
        return {}
    sites = " and ".join(str(site + 1) for site in pair)
    return {"concurrence": f"is that of two qubits; subsystems {sites} have {levels[0]} and {levels[1]} levels"}


def said(missing: Mapping[str, str]) -> list[str]:
    """Return one line for each reason."""
    names: dict[str, list[str]] = {}
    for name, reason in missing.items():
        names.setdefault(reason, []).append(name)
    return [f"no {', '.join(of)}: {reason}" for reason, of in names.items()]
