"""Channels without a quantum count as 0 beside others, and what a report lacks is named with its reason."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from small_models import LOWER, one_way_model, random_model, thermal_qubit
from steady_values import quantity_of

import trajectories
from trajectories.counting.model_counts import counts_of
from trajectories.errors import InputError
from trajectories.master.currents import heat_rates
from trajectories.model import Channel, Model, Reservoir
from trajectories.model.operators import destroy
from trajectories.report.solution import Solution
from trajectories.runfiles.job import Job, jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.systems import common_bath


def resetting(quantum: float | None) -> Model:
    """A qubit that is reset to its thermal state: the jumps that find it there exchange nothing."""
    excited = 1 / (1 + math.exp(0.8))
    stay = {"stay_0": np.diag([1.0, 0.0]), "stay_1": np.diag([0.0, 1.0])}
    weights = {"stay_0": 1 - excited, "stay_1": excited}
    channels = [
        Channel("down", math.sqrt(1 - excited) * LOWER, "bath", -1.0),
        Channel("up", math.sqrt(excited) * LOWER.T, "bath", 1.0),
        *(Channel(name, math.sqrt(weights[name]) * part, "bath", quantum, name) for name, part in stay.items()),
    ]
    return Model(np.diag([0.0, 1.0]), channels, [Reservoir("bath", 0.8)], name="resetting")


def dephasing(bath: str, dephased_by: str) -> Model:
    """A thermal qubit with dephasing, by its own reservoir or another."""
    down, up = (c for c in thermal_qubit().channels)
    noise = Channel("phase", 0.3 * np.diag([-1.0, 1.0]), dephased_by, None, "phase")
    baths = [Reservoir(name) for name in dict.fromkeys((bath, dephased_by))]
    jumps = [Channel(c.name, c.operator, bath, c.quantum, c.partner) for c in (down, up)]
    return Model(thermal_qubit().hamiltonian, [*jumps, noise], baths, name="dephased")


def job_of(model: Model) -> Job:
    return Job.of(Run.from_mapping({"ensemble": {"trajectories": 64, "duration": 1.0}}, name=model.name, model=model))


def test_none_is_zero_beside_a_quantum_of_the_same_reservoir() -> None:
    absent, zero = resetting(None), resetting(0.0)
    np.testing.assert_array_equal(absent.quanta, zero.quanta)
    assert absent.channels[2].quantum is None
    prepared = [job_of(model).prepare() for model in (absent, zero)]
    assert prepared[0].columns == prepared[1].columns
    assert {"heat_current", "coupling_work"} <= {column.quantity for column in prepared[0].columns if column}
    np.testing.assert_array_equal(prepared[0].exact.mean, prepared[1].exact.mean)
    assert [count.name for count in counts_of(absent)] == [count.name for count in counts_of(zero)]
    assert Model.unpack(*absent.pack()).digest() == absent.digest()
    assert prepared[0].absent == {}


def test_dephasing_has_no_counted_heat_of_its_own() -> None:
    shared = dephasing("bath", "bath")
    assert shared.quanta.tolist() == [-1.3, 1.3, 0.0]
    assert job_of(shared).prepare().absent == {}
    apart = dephasing("bath", "noise")
    assert np.isnan(apart.quanta[2])
    assert np.isnan(heat_rates(apart)[1]).any()
    assert job_of(apart).prepare().absent == {
        "heat_current.noise": "no channel of reservoir noise has a quantum",
        "coupling_work": "no counted heat from noise",
    }


def test_a_jump_that_exchanges_entropy_must_have_a_quantum_beside_others() -> None:
    """At a temperature, 0 energy means Delta s = 0; rates that say otherwise would be heat that goes uncounted."""
    up, down = LOWER.T, 2.0 * LOWER
    jumps = [
        Channel("a", np.kron(down, np.eye(2)), "b", -math.log(4.0)),
        Channel("A", np.kron(up, np.eye(2)), "b", math.log(4.0)),
        Channel("c", np.kron(np.eye(2), down), "b"),
        Channel("C", np.kron(np.eye(2), up), "b"),
    ]
    with pytest.raises(InputError, match=r"'c' of reservoir 'b' \(it has no quantum, which is 0 beside others.*1\.386"):
        Model(np.zeros((4, 4)), jumps, [Reservoir("b", 1.0)])
    # Without a temperature there is nothing to compare with.
    assert Model(np.zeros((4, 4)), jumps, [Reservoir("b")]).quanta[2:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            random_model(3, 1, 1),
            {
                "heat_current.bath0": "no channel of reservoir bath0 has a quantum",
                "coupling_work": "no counted heat from bath0",
            },
        ),
        (
            one_way_model(np.diag(np.arange(20.0)), [destroy(20)], entropy=False),
            {
                "entropy_production": "model has no entropy accounting (entropy=False)",
                "integral_fluctuation_theorem": "model has no entropy accounting (entropy=False)",
                "population": "20 basis states, more than 16: name an observable",
            },
        ),
        (
            one_way_model(np.zeros((6, 6)), [np.kron(LOWER, np.eye(3)), np.kron(np.eye(2), destroy(3))], dims=(2, 3)),
            {"concurrence": "no pair of subsystems is named", "negativity": "no pair of subsystems is named"},
        ),
    ],
    ids=("no quantum", "no entropy", "no pair"),
)
def test_what_is_absent_has_a_reason(model: Model, expected: dict[str, str]) -> None:
    found = job_of(model).prepare().absent
    assert expected.items() <= found.items()


def test_concurrence_of_a_pair_that_is_no_two_qubits() -> None:
    down = [np.kron(LOWER, np.eye(3)), np.kron(np.eye(2), destroy(3))]
    channels = [Channel(f"c{k}", jump, "b", None, "none") for k, jump in enumerate(down)]
    model = Model(np.zeros((6, 6)), channels, [Reservoir("b")], dims=(2, 3))
    preparation = job_of(model).prepare()
    assert preparation.absent["concurrence"] == "is that of two qubits; subsystems 1 and 2 have 2 and 3 levels"
    assert "negativity" not in preparation.absent


def test_reasons_are_in_every_report_and_its_json() -> None:
    model = dephasing("bath", "noise")
    line = "no heat_current.noise: no channel of reservoir noise has a quantum"
    result = trajectories.run(model, duration=1.0, trajectories=64)
    solution = Solution.of([job_of(model)])
    for text in (result.report().text(), solution.text(), "\n".join(job_of(model).prepare().summary)):
        assert line in text
        assert "no coupling_work: no counted heat from noise" in text
    for found in (result.report().json(), solution.json()):
        said = json.loads(json.dumps(found["points"][0]["not_reported"]))
        assert said["heat_current.noise"] == "no channel of reservoir noise has a quantum"


def test_the_table_of_a_sweep_says_it_too() -> None:
    system = {"name": "common_bath", "T_A": 2.0, "T_B": 3.0, "epsilon_A": 20.0, "epsilon_B": 20.0, "Omega": 6.0}
    system |= {"gamma_A": 1.0, "gamma_B": 1.0}
    ensemble = {"trajectories": 64, "duration": 1.0}
    table = {"system": system, "ensemble": ensemble, "sweep": {"dephasing": [0.1, 0.2]}}
    text = str(execute(jobs_of(Run.from_mapping(table, name="swept"))).report())
    assert "no heat_current.dephasing: no channel of reservoir dephasing has a quantum" in text
    assert "no coupling_work: no counted heat from dephasing" in text


def test_nothing_that_is_asked_for_is_silently_nan() -> None:
    model = common_bath(T_A=2, T_B=3, epsilon_A=20, epsilon_B=22, Omega=6, gamma_A=1, gamma_B=1, dephasing=0.1)
    for name in ("heat_current.dephasing", "tur_ratio.dephasing"):
        with pytest.raises(InputError, match=r"dephasing.*no channel of reservoir dephasing has a quantum"):
            quantity_of(model, name)
    with pytest.raises(InputError, match="no channel of reservoir 'A' has a charge other than 0"):
        quantity_of(model, "charge_current.A")


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"I": {"up": 1.0, "sideways": 1.0}}, ("counts['I']", "no channel 'sideways'", "down, up")),
        ({"I": {"up": 0.0}}, ("counts['I']", "all weights are 0")),
        ({"I": {"up": math.inf}}, ("counts['I']", "weight of 'up'", "finite")),
        ({"I": 1.0}, ("counts['I']", "mapping of channels to weights")),
        ({"bath": {"up": 1.0}}, ("counts['bath']", "another count")),
        ({"jumps": {"up": 1.0}}, ("counts['jumps']", "another count")),
    ],
)
def test_bad_counts_are_refused(weights: dict, words: tuple[str, ...]) -> None:
    qubit = thermal_qubit()
    with pytest.raises(InputError) as error:
        Model(qubit.hamiltonian, qubit.channels, qubit.reservoirs, counts=weights)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("charges", "words"),
    [
        ((1.0, 1.0), ("'up'", "'down'", "charge 1.0", "opposite")),
        ((1.0, None), ("'up'", "charge 1.0", "charge None", "both absent")),
        ((math.nan, -1.0), ("'up'", "charge", "nan")),
    ],
)
def test_bad_charges_are_refused(charges: tuple, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as error:
        channels = [
            Channel("up", LOWER.T, "b", charge=charges[0]),
            Channel("down", LOWER, "b", charge=charges[1]),
        ]
        Model(np.zeros((2, 2)), channels, [Reservoir("b")])
    for word in words:
        assert word in str(error.value)
    with pytest.raises(InputError, match="'z' undoes itself: its charge 1 must be 0 or absent"):
        Model(np.zeros((2, 2)), [Channel("z", np.diag([1.0, -1.0]), "b", charge=1.0)], [Reservoir("b")])


def test_charges_and_counts_survive_packing_and_conversion() -> None:
    model = Model.from_qutip(
        np.diag([0.0, 1.0]), [LOWER, 0.5 * LOWER.T], names=["out", "in"], charges=[-1.0, 1.0], counts={"I": {"in": 2.0}}
    )
    assert model.charges.tolist() == [-1.0, 1.0]
    again = Model.unpack(*model.pack())
    assert again.charges.tolist() == [-1.0, 1.0]
    assert again.counts["I"].tolist() == [0.0, 2.0]
    assert again.digest() == model.digest()
    plain = Model.from_qutip(np.diag([0.0, 1.0]), [LOWER, 0.5 * LOWER.T], names=["out", "in"], charges=[-1.0, 1.0])
    assert plain.digest() != model.digest()
