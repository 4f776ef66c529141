"""A Preparation as plain arrays and JSON, and back, so that a result file carries all that its numbers rest on.

The compiled plan is kept because LAPACK's last bits differ between kinds of processor: a resumed run uses the stored
one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .columns import Column
from .exact import Exact
from .expected import Expected
from .kernels.ledger import Ledger
from .kernels.plan import Plan
from .model import Model
from .preparation import Preparation
from .sectors import Sectors
from .spectral import Spectrum

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
        },
        "columns": [None if column is None else dataclasses.asdict(column) for column in preparation.columns],
        "steady": preparation.steady,
        "pair": preparation.pair,
        "counting_from": preparation.counting_from,
        "gap": float(preparation.gap),
        "block_size": preparation.block_size,
        "jumps_per_trajectory": preparation.jumps_per_trajectory,
        "remarks": list(preparation.remarks),
    }
    arrays: Arrays = {"times": preparation.times, "sectors.basis": sectors.basis, "sectors.offsets": sectors.offsets}
    arrays |= {f"model.{name}": array for name, array in model_arrays.items()}
    start, finish = preparation.spectra
    bundles: dict[str, Any] = {
        "plan": preparation.plan,
        "ledger": preparation.ledger,
        "exact": preparation.exact,
        "expected": preparation.expected,
        "start": start,
        "finish": finish,
    }
    for prefix, bundle in bundles.items():
        arrays |= {f"{prefix}.{name}": np.asarray(array) for name, array in bundle._asdict().items()}
    return meta, arrays


def unpack(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Preparation:
    """Return the Preparation that `pack` took apart."""

    def part(prefix: str) -> Arrays:
        # Kernels take writable arrays only; what a file gives is not.
        return {
            name.removeprefix(prefix + "."): np.array(array)
            for name, array in arrays.items()
            if name.startswith(prefix + ".")
        }

    def spectrum(prefix: str) -> Spectrum:
        found: dict[str, Any] = {**part(prefix)}
        return Spectrum(**(found | {"null_rank": int(found["null_rank"])}))

    return Preparation(
        model=Model.unpack(meta["model"], part("model")),
        sectors=Sectors(
            basis_name=meta["sectors"]["basis_name"],
            labels=tuple(meta["sectors"]["labels"]),
            dropped=meta["sectors"]["dropped"],
            **part("sectors"),
        ),
        plan=Plan(**part("plan")),
        ledger=Ledger(**part("ledger")),
        exact=Exact(**part("exact")),
        expected=Expected(**part("expected")),
        spectra=(spectrum("start"), spectrum("finish")),
        times=arrays["times"],
        columns=tuple(None if column is None else Column(**column) for column in meta["columns"]),
        steady=meta["steady"],
        pair=None if meta["pair"] is None else tuple(meta["pair"]),
        counting_from=meta["counting_from"],
        gap=meta["gap"],
        block_size=meta["block_size"],
        jumps_per_trajectory=meta["jumps_per_trajectory"],
        remarks=tuple(meta["remarks"]),
    )
