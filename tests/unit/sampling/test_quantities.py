"""The table of quantities: its order is that of the kernel, and one more entry is all that a new quantity needs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from small_models import LOWER, one_way_model, thermal_qubit

import trajectories
from trajectories.errors import InputError
from trajectories.figures.draw import draw
from trajectories.figures.run_content import panel_curves, sampled_content
from trajectories.figures.typography import quantity_name
from trajectories.kernels.observable_table import FIRST_STATIC
from trajectories.model import Model
from trajectories.report.judge import judge
from trajectories.report.report import function_rows
from trajectories.report.result import ResultData
from trajectories.report.rows import ensemble_functions
from trajectories.runfiles.job import Job, jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.sampling.observable_table import tallied_numbers
from trajectories.sampling.quantities import PANELS, QUANTITIES
from trajectories.sampling.quantity import (
    AVERAGE,
    CUMULATIVE,
    INSTANTANEOUS,
    LABEL,
    PAIR,
    RESERVOIR,
    JumpCounts,
    Quantity,
    StateFunction,
    StateFunctional,
)
from trajectories.sampling.quantity_names import dotted_names, headline_names, panel_groups, reported_names
from trajectories.systems import diamond

MODEL = diamond(beta_A=-1.0, beta_S=1.0)
TABLES = {"ensemble": {"trajectories": 2048, "duration": 2.0, "times": [1.0, 2.0], "initial": "mixed", "seed": 5}}


def jumps_of_reservoirs(model: Model) -> dict[str, np.ndarray]:
    """The weights that count every jump of a reservoir, up or down."""
    names = [bath.name for bath in model.reservoirs]
    return {name: (model.reservoir_index == r).astype(float) for r, name in enumerate(names)}


JUMP_RATE = Quantity(
    "jump_rate", "1/time", AVERAGE, "number of jumps of a reservoir", JumpCounts(jumps_of_reservoirs),
    "jumps per reservoir", owner=RESERVOIR, short_title="jumps", panel="charges", nonnegative=True,
)  # fmt: skip
ENERGY_SQUARED = Quantity(
    "energy_squared", "energy^2", INSTANTANEOUS, "<psi|H^2|psi>",
    StateFunctional(lambda model, sectors, observables: {None: model.hamiltonian @ model.hamiltonian}),
    r"$\langle H^2\rangle$",
)  # fmt: skip
MIXEDNESS = Quantity(
    "mixedness", "1", INSTANTANEOUS, "1 - Tr rho^2",
    StateFunction(lambda blocks: 1.0 - (np.abs(blocks) ** 2).sum(axis=-1), lambda blocks: -2.0 * blocks),
    "mixedness", nonnegative=True,
)  # fmt: skip
ADDED = (JUMP_RATE, ENERGY_SQUARED, MIXEDNESS)


@pytest.fixture
def with_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for quantity in ADDED:
        monkeypatch.setitem(QUANTITIES, quantity.name, quantity)


def run_of(figure: list[str]) -> Run:
    return Run.from_mapping(TABLES | {"figure": {"quantities": figure}}, name="more", model=MODEL)


def test_the_order_is_that_of_the_kernel() -> None:
    assert [number.place for number in tallied_numbers()] == list(range(FIRST_STATIC))
    forms = [name for name, quantity in QUANTITIES.items() if isinstance(quantity.measure, JumpCounts)]
    assert forms == ["activity", "heat_current", "entropy_to_reservoirs", "charge_current", "count_rate"]
    functionals = [name for name, quantity in QUANTITIES.items() if isinstance(quantity.measure, StateFunctional)]
    assert functionals[0] == "energy"


def test_every_entry_is_complete() -> None:
    for name, quantity in QUANTITIES.items():
        assert name == quantity.name and name.isidentifier()
        assert quantity.kind in (AVERAGE, CUMULATIVE, INSTANTANEOUS)
        assert quantity.owner in ("", RESERVOIR, LABEL, PAIR)
        assert quantity.panel in ("", *PANELS)
        assert quantity.unit and quantity.value and quantity.title
    assert all(panel_groups())
    headlines = [quantity.headline for quantity in QUANTITIES.values() if quantity.headline]
    assert len(set(headlines)) == len(headlines) == len(headline_names())


def test_names_in_formulas() -> None:
    assert dotted_names("heat_current", None, "h") == ("heat_current.h",)
    assert dotted_names("population", "11", None) == ("population.11",)
    assert dotted_names("concurrence", "1-2", None) == ("concurrence",)
    assert dotted_names("observable", "both", None) == ("observable.both", "both")


@pytest.mark.usefixtures("with_more")
def test_one_entry_adds_a_quantity(tmp_path: Path) -> None:
    run = run_of(["jump_rate", "energy_squared", "mixedness"])
    result = execute(jobs_of(run), output=tmp_path / "more.h5")
    for found in (result, trajectories.open(tmp_path / "more.h5")):
        assert found.report().verdict == "agree"
        for quantity in ADDED:
            rows = [row for row in found.report().rows if row.quantity == quantity.name]
            assert len(rows) == 2 * (2 if quantity.owner == RESERVOIR else 1)
            for row in rows:
                assert row.status in ("agree", "exact") and row.z is not None and row.exact is not None
                assert row.unit == quantity.unit
    table = list(csv.DictReader(io.StringIO(result.report().csv())))
    assert {quantity.name for quantity in ADDED} <= {row["quantity"] for row in table}
    assert "jump_rate" in result.report().text()
    check_exact_values(result)
    panels = panel_curves(sampled_content(result))
    assert [{curve.quantity for curve in curves} for curves in panels] == [{quantity.name} for quantity in ADDED]
    assert [quantity_name(quantity.name) for quantity in ADDED] == [quantity.title for quantity in ADDED]
    assert draw(result, tmp_path / "more.png") and draw(result, tmp_path / "exact.png", exact=True)


def check_exact_values(result: ResultData) -> None:
    """The exact values against the definitions, with the density matrix of the master equation."""
    point = result.points[0]
    rho = point.preparation.sectors.unflatten(point.preparation.exact.density)
    hamiltonian = MODEL.hamiltonian
    squared = np.einsum("ab,tba->t", hamiltonian @ hamiltonian, rho).real
    np.testing.assert_allclose(result.estimate("energy_squared").exact, squared, atol=1e-12)
    mixedness = 1 - np.einsum("tab,tba->t", rho, rho).real
    np.testing.assert_allclose(result.estimate("mixedness").exact, mixedness, atol=1e-12)
    rates = sum(result.estimate("jump_rate", bath.name).exact for bath in MODEL.reservoirs)
    np.testing.assert_allclose(rates, result.estimate("activity").exact, rtol=1e-12)


@pytest.mark.usefixtures("with_more")
def test_a_wrong_value_of_an_added_quantity_is_called_wrong() -> None:
    result = execute(jobs_of(run_of(["jump_rate"])))
    preparation = result.points[0].preparation
    for q, column in enumerate(preparation.columns):
        if column.quantity == "jump_rate":
            preparation.exact.mean[:, q] *= 1.2
    wrong = {row.quantity for row in result.report().rows if row.status == "disagree"}
    assert wrong == {"jump_rate"} and result.report().verdict == "disagree"


@pytest.mark.usefixtures("with_more")
def test_run_files_know_an_added_quantity() -> None:
    assert {quantity.name for quantity in ADDED} <= set(reported_names())
    assert run_of(["mixedness"]).figure.quantities == ("mixedness",)
    with pytest.raises(InputError, match="is already the name of a quantity"):
        Run.from_mapping(TABLES | {"observables": {"mixedness": "n1"}}, name="taken", model=MODEL)
    names = {name for row in execute(jobs_of(run_of(["jump_rate"]))).report().rows for name in row.names}
    assert {"jump_rate.A", "jump_rate.S", "mixedness", "energy_squared"} <= names


def test_the_purity_is_judged_where_it_is_asked_for() -> None:
    point = execute(jobs_of(run_of(["activity"]))).points[0]
    functions = ensemble_functions(point.preparation, reported=False)
    assert [function.quantity.name for function in functions] == ["purity"]
    rows = judge(function_rows(point, functions[0]))
    rho = point.preparation.sectors.unflatten(point.preparation.exact.density)
    np.testing.assert_allclose([row.exact for row in rows], np.einsum("tab,tba->t", rho, rho).real, rtol=1e-12)
    assert {row.status for row in rows} == {"agree"}
    assert "purity" not in reported_names()


def test_names_of_quantities_are_refused_without_the_entry() -> None:
    with pytest.raises(InputError, match="jump_rate"):
        run_of(["jump_rate"])


def test_entropy_that_is_infinite_on_every_jump_is_absent_for_that_reason() -> None:
    model = one_way_model(np.diag([0.0, 1.0]), [LOWER])
    absent = Job.of(Run.from_mapping(TABLES, name="one way", model=model)).prepare().absent
    assert absent["entropy_production"] == "every channel is one-way"
    assert (
        "entropy_production" not in Job.of(Run.from_mapping(TABLES, name="q", model=thermal_qubit())).prepare().absent
    )
