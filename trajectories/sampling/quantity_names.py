"""Names of quantities: those of reports, of run files, of panels and of formulas, and of the ones a model lacks."""

from __future__ import annotations

from collections.abc import Mapping

from trajectories.model import Model
from trajectories.sampling.quantities import PANELS, QUANTITIES
from trajectories.sampling.quantity import PAIR, RESERVOIR, Pair


def reported_names() -> tuple[str, ...]:
    """Return the names of the quantities that reports have rows of."""
    return tuple(name for name, quantity in QUANTITIES.items() if quantity.reported)


def headline_names() -> list[str]:
    """Return the names of the quantities that the table of a sweep shows, in the order of its columns."""
    return sorted(
        (name for name, quantity in QUANTITIES.items() if quantity.headline), key=lambda name: QUANTITIES[name].headline
    )


def panel_groups() -> list[tuple[str, ...]]:
    """Return the names of the quantities of each panel of a picture, panel by panel."""
    return [tuple(name for name, quantity in QUANTITIES.items() if quantity.panel == panel) for panel in PANELS]


def nonnegative(quantity: str) -> bool:
    """Return whether the quantity of this name is known never to be below zero."""
    return quantity in QUANTITIES and QUANTITIES[quantity].nonnegative


def of_reservoirs(quantity: str) -> bool:
    """Return whether each reservoir has its own number of this quantity, such as a current from it."""
    return quantity in QUANTITIES and QUANTITIES[quantity].owner == RESERVOIR


def dotted_names(quantity: str, label: str | None, reservoir: str | None) -> tuple[str, ...]:
    """Return the names of a number in formulas and from Python: quantity.owner; an observable by its label too."""
    description = QUANTITIES.get(quantity)
    owner = None if description is not None and description.owner == PAIR else reservoir or label
    short_names = (label,) if quantity == "observable" and label else ()
    return (f"{quantity}.{owner}" if owner else quantity, *short_names)


def absent_quantities(model: Model, pair: Pair) -> dict[str, str]:
    """Return the quantities that reports of a model lack, "quantity" or "quantity.reservoir", and why.

    pair: the subsystems whose entanglement is reported, None where there are none.
    """
    return {
        f"{quantity.name}.{owner}" if owner else quantity.name: reason
        for quantity in QUANTITIES.values()
        for owner, reason in quantity.absent(model, pair).items()
    }


def absence_lines(absent: Mapping[str, str]) -> list[str]:
    """Return one line for each reason, with the quantities that are absent for it."""
    names: dict[str, list[str]] = {}
    for name, reason in absent.items():
        names.setdefault(reason, []).append(name)
    return [f"no {', '.join(quantities)}: {reason}" for reason, quantities in names.items()]
