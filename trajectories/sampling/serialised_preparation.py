"""Conversion of a Preparation to plain arrays and JSON and from them, so that a result file holds the whole plan.

The compiled plan is kept because LAPACK's last bits differ between kinds of processor: a resumed run uses the stored
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trajectories.kernels.observable_table import ObservableTable
from trajectories.kernels.plan import Plan
from trajectories.master.eigenensemble import Spectrum
from trajectories.master.sectors import Sectors
from trajectories.model import Model
from trajectories.sampling.exact_averages import Exact
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.quantities import QUANTITIES
from trajectories.sampling.quantity import Column

Arrays = dict[str, np.ndarray]


def pack(preparation: Preparation) -> tuple[dict[str, Any], Arrays]:
    """Return (JSON-able description, arrays by name); `unpack` gives an equal Preparation, to the last bit."""
    model_meta, model_arrays = preparation.model.pack()
    sectors = preparation.sectors
    meta = {
        "model": model_meta,
        "sectors": {
            "basis_name": sectors.basis_name,
            "labels": list(sectors.labels),
            "dropped": float(sectors.dropped),
            "passed_over": list(sectors.passed_over),
        },
        "columns": [[column.quantity, column.owner, column.reported] for column in preparation.columns],
        "steady": preparation.steady,
        "pair": preparation.pair,
        "counting_from": preparation.counting_from,
        "gap": float(preparation.gap) if np.isfinite(preparation.gap) else None,  # one level: nothing relaxes
        "block_size": preparation.block_size,
        "jumps_per_trajectory": preparation.jumps_per_trajectory,
        "remarks": list(preparation.remarks),
    }
    arrays: Arrays = {"times": preparation.times, "sectors.basis": sectors.basis, "sectors.offsets": sectors.offsets}
    arrays |= {f"model.{name}": array for name, array in model_arrays.items()}
    start, finish = preparation.spectra
    bundles: dict[str, Any] = {
        "plan": preparation.plan,
        "observables": preparation.observables,
        "exact": preparation.exact,
        "start": start,
        "finish": finish,
    }
    for prefix, bundle in bundles.items():
        arrays |= {f"{prefix}.{name}": np.asarray(array) for name, array in bundle._asdict().items()}
    return meta, arrays


def kernel_side(arrays: Mapping[str, np.ndarray]) -> tuple[Plan, ObservableTable]:
    """Return the plan and the observables of a packed Preparation, in writable arrays, as the kernels take them."""
    plan = Plan(**{name: np.array(arrays[f"plan.{name}"]) for name in Plan._fields})
    return plan, ObservableTable(**{name: np.array(arrays[f"observables.{name}"]) for name in ObservableTable._fields})


def differences(first: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a description that differ from those of the first, table by table; "" lists missing keys."""
    different = {}
    for name, value in other.items():
        if name not in first or value != first[name]:
            both = isinstance(value, Mapping) and isinstance(first.get(name), Mapping)
            different[name] = differences(first[name], value) if both else value
    missing = [name for name in first if name not in other]
    return different | ({"": missing} if missing else {})


def restored(first: Mapping[str, Any], different: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description from the first one and its `differences` from it."""
    description = {name: value for name, value in first.items() if name not in different.get("", ())}
    for name, value in different.items():
        if name:
            both = isinstance(value, Mapping) and isinstance(first.get(name), Mapping)
            description[name] = restored(first[name], value) if both else value
    return description


def described(metas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the descriptions of all points as a result's meta holds them: the first, and the others' differences."""
    return {"first": dict(metas[0]), "others": [differences(metas[0], meta) for meta in metas[1:]]}


def descriptions(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the descriptions of all points of a result, from the table that `described` returns."""
    return [restored(table["first"], different) for different in ({}, *table["others"])]


def unpack(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Preparation:
    """Return the Preparation of a description and arrays by `pack`. Raises KeyError for an unknown quantity."""

    def part(prefix: str) -> Arrays:
        # Kernels take writable arrays only; what a file gives is not.
        return {
            name.removeprefix(prefix + "."): np.array(array)
            for name, array in arrays.items()
            if name.startswith(prefix + ".")
        }

    def spectrum(prefix: str) -> Spectrum:
        fields: dict[str, Any] = {**part(prefix)}
        return Spectrum(**(fields | {"null_rank": int(fields["null_rank"])}))

    return Preparation(
        model=Model.unpack(meta["model"], part("model")),
        sectors=Sectors(
            basis_name=meta["sectors"]["basis_name"],
            labels=tuple(meta["sectors"]["labels"]),
            dropped=meta["sectors"]["dropped"],
            passed_over=tuple(meta["sectors"]["passed_over"]),
            **part("sectors"),
        ),
        plan=Plan(**part("plan")),
        observables=ObservableTable(**part("observables")),
        exact=Exact(**part("exact")),
        spectra=(spectrum("start"), spectrum("finish")),
        times=arrays["times"],
        columns=tuple(Column(QUANTITIES[name], owner, reported) for name, owner, reported in meta["columns"]),
        steady=meta["steady"],
        pair=None if meta["pair"] is None else tuple(meta["pair"]),
        counting_from=meta["counting_from"],
        gap=np.inf if meta["gap"] is None else meta["gap"],
        block_size=meta["block_size"],
        jumps_per_trajectory=meta["jumps_per_trajectory"],
        remarks=tuple(meta["remarks"]),
    )
