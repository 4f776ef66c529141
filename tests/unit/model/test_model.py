"""Models: partners, local detailed balance, entropy steps, immutability, and every check that refuses bad input."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir
from trajectories.model.operators import (
    basis,
    dagger,
    destroy,
    embed,
    number,
    sigma_minus,
    sigma_plus,
    sigma_x,
    sigma_z,
)
from trajectories.sampling.preparation import prepare
from trajectories.systems import cavity

UP, DOWN = 0.2, 0.5


def thermal(
    up: float = UP, down: float = DOWN, *, beta: float | None = None, quantum: float | None = None, **options: Any
) -> Model:
    """A qubit of energy 1 with upward and downward jumps."""
    channels = [
        Channel("up", math.sqrt(up) * sigma_plus(), "bath", quantum),
        Channel("down", math.sqrt(down) * sigma_minus(), "bath", None if quantum is None else -quantum),
    ]
    return Model(number(), channels, [Reservoir("bath", beta)], **options)


def random_matrix(rng: np.random.Generator, d: int) -> np.ndarray:
    return rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))


def random_model(seed: int = 0, d: int = 3) -> Model:
    """Complex everything: two pairs with temperatures or not, a self-partnered and a one-way channel."""
    rng = np.random.default_rng(seed)
    h, first, second, mark, lost = (random_matrix(rng, d) for _ in range(5))
    turn = np.linalg.qr(random_matrix(rng, d))[0]
    channels = [
        Channel("in", first, "warm", 1.5, "out"),
        Channel("out", math.exp(0.5 * 0.8 * 1.5) * dagger(first), "warm", -1.5),
        Channel("mark", mark + dagger(mark), "dephasing", None, "mark"),
        Channel("back", 1.7j * dagger(second), "other"),
        Channel("forth", second, "other"),
        Channel("lost", lost, "drain", None, "none"),
    ]
    reservoirs = [Reservoir("warm", 0.8), Reservoir("dephasing"), Reservoir("other"), Reservoir("drain", math.inf)]
    return Model(
        h + dagger(h),
        channels,
        reservoirs,
        name="random",
        bases={"turned": (turn, [f"t{i}" for i in range(d)])},
        time_reversal=np.diag(np.exp(1j * rng.uniform(0, 6, d))),
        parameters={"seed": seed, "beta": -math.inf, "text": "x", "many": (1, 2.5), "no": None},
        remarks=["only a test"],
    )


# --- partners and entropy -------------------------------------------------------------------------------------------


def test_partners_are_found_and_entropy_comes_from_the_rates() -> None:
    model = thermal()
    np.testing.assert_array_equal(model.partner, [1, 0])
    # Delta s_up = ln(|L_up|^2/|L_down|^2) = ln(up/down).
    np.testing.assert_allclose(model.entropy_steps, [math.log(UP / DOWN), math.log(DOWN / UP)], rtol=1e-14)
    assert [channel.partner for channel in model.channels] == ["down", "up"]
    assert model.partners_found == ("up <-> down  Delta s = -0.916291  (found)",)
    assert np.isnan(model.quanta).all()


def test_entropy_comes_exactly_from_the_temperature_where_it_is_known() -> None:
    beta = math.log(DOWN / UP) / 1.3 * (1 + 1e-11)
    model = thermal(beta=beta, quantum=1.3)
    assert model.entropy_steps.tolist() == [-beta * 1.3, beta * 1.3]
    assert model.quanta.tolist() == [1.3, -1.3]


def test_one_declaration_holds_for_both_partners() -> None:
    channels = [Channel("up", sigma_plus(), "b", partner="down"), Channel("down", 2 * sigma_minus(), "b")]
    model = Model(number(), channels, [Reservoir("b")])
    assert model.partner.tolist() == [1, 0]
    assert model.partners_found[0].endswith("(declared)")


def test_declared_partners_resolve_two_baths_in_one_reservoir() -> None:
    rates = {"up1": 1.0, "down1": 2.0, "up2": 3.0, "down2": 5.0}
    jumps = {name: math.sqrt(r) * (sigma_plus() if "up" in name else sigma_minus()) for name, r in rates.items()}
    partners = {"up1": "down1"}
    channels = [Channel(name, jump, "b", partner=partners.get(name)) for name, jump in jumps.items()]
    model = Model(number(), channels, [Reservoir("b")])
    assert model.partner.tolist() == [1, 0, 3, 2]
    np.testing.assert_allclose(model.entropy_steps, np.log([1 / 2, 2, 3 / 5, 5 / 3]), rtol=1e-14)
    assert [line.rpartition("(")[2] for line in model.partners_found] == ["declared)", "found)"]


def test_a_reservoir_restricts_the_search_to_its_own_channels() -> None:
    channels = [
        Channel(f"{name}_{bath}", rate * jump, bath)
        for bath, rate in (("hot", 1.0), ("cold", 3.0))
        for name, jump in (("up", sigma_plus()), ("down", 2 * sigma_minus()))
    ]
    model = Model(number(), channels, [Reservoir("cold"), Reservoir("hot")])
    assert model.partner.tolist() == [1, 0, 3, 2]
    assert model.reservoir_index.tolist() == [1, 1, 0, 0]


def test_hermitian_jumps_undo_themselves() -> None:
    model = Model(number(), [Channel("dephasing", sigma_z(), "b")], [Reservoir("b", 2.0)])
    assert model.partner.tolist() == [0]
    assert model.entropy_steps.tolist() == [0.0]


@pytest.mark.parametrize("turn", [1.0, -1.0, 1j, np.exp(0.7j), np.exp(-2.9j)])
def test_phases_of_jump_operators_do_not_matter(turn: complex) -> None:
    rng = np.random.default_rng(3)
    jump, mark = random_matrix(rng, 3), random_matrix(rng, 3)
    channels = [
        Channel("a", jump, "b"),
        Channel("b", turn * 1.4 * dagger(jump), "b"),
        Channel("c", turn * (mark + dagger(mark)), "b"),
    ]
    model = Model(np.zeros((3, 3)), channels, [Reservoir("b")])
    factors = np.exp(-0.5 * model.entropy_steps)[:, None, None]
    np.testing.assert_allclose(model.operators[model.partner], factors * dagger(model.operators), atol=1e-14)
    np.testing.assert_allclose(np.abs(model.operators[2]), np.abs(mark + dagger(mark)), atol=1e-14)
    again = Model.unpack(*model.pack())
    np.testing.assert_array_equal(again.operators, model.operators)


def test_partners_survive_entropy_of_hundreds_of_nats() -> None:
    beta = 300.0
    model = thermal(1.0, math.exp(beta), beta=beta, quantum=1.0)
    assert model.entropy_steps.tolist() == [-beta, beta]


def test_one_way_channels_give_infinite_entropy() -> None:
    channels = [Channel("decay", sigma_minus(), "vacuum", -1.0, "none")]
    model = Model(number(), channels, [Reservoir("vacuum", math.inf)])
    assert model.partner.tolist() == [-1]
    assert model.entropy_steps.tolist() == [math.inf]
    assert "one-way" in model.partners_found[0]


def test_without_entropy_nothing_is_searched() -> None:
    channels = [Channel("up", sigma_plus(), "b"), Channel("down", sigma_minus(), "b"), Channel("x", sigma_plus(), "b")]
    model = Model(number(), channels, [Reservoir("b")], entropy=False)
    assert model.partner.tolist() == [-1, -1, -1]
    assert model.partners_found == ()


def test_loss_and_effective_hamiltonian() -> None:
    model = thermal()
    np.testing.assert_allclose(model.loss, np.diag([UP, DOWN]), atol=1e-15)
    np.testing.assert_allclose(model.effective_hamiltonian, np.diag([-0.5j * UP, 1 - 0.5j * DOWN]), atol=1e-15)
    random = random_model()
    expected = sum(dagger(L) @ L for L in random.operators)
    np.testing.assert_allclose(random.loss, expected, rtol=1e-12)
    np.testing.assert_array_equal(random.loss, dagger(random.loss))


# --- what a model is ------------------------------------------------------------------------------------------------


def test_defaults() -> None:
    model = thermal()
    assert (model.dims, model.states, model.pair, model.dimension) == ((2,), ("0", "1"), None, 2)
    np.testing.assert_array_equal(model.time_reversal, np.eye(2))


def test_models_cannot_be_changed() -> None:
    model = random_model()
    with pytest.raises(AttributeError):
        model.name = "other"
    with pytest.raises(AttributeError):
        del model.name
    with pytest.raises(AttributeError):
        model.colour = "red"  # type: ignore[attr-defined]
    arrays = [getattr(model, name) for name in Model.__slots__ if isinstance(getattr(model, name), np.ndarray)]
    arrays += [channel.operator for channel in model.channels] + [model.bases["turned"][0]]
    assert len(arrays) == 17
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(TypeError):
        model.parameters["seed"] = 2  # type: ignore[index]
    with pytest.raises(AttributeError):
        model.channels[0].quantum = 2.0  # type: ignore[misc]


def test_given_arrays_are_copied() -> None:
    jump, energy = sigma_minus(), number()
    model = Model(energy, [Channel("decay", jump, "b", partner="none")], [Reservoir("b")])
    jump[0, 1], energy[1, 1] = 7, 7
    assert model.operators[0, 0, 1] == 1
    assert model.hamiltonian[1, 1] == 1


@pytest.mark.parametrize("model", [thermal(beta=math.log(2.5), quantum=1.0), random_model()], ids=["thermal", "random"])
def test_packing_is_exact_through_json_and_pickle(model: Model) -> None:
    meta, arrays = model.pack()
    text = json.dumps(meta, allow_nan=False)
    for again in (Model.unpack(json.loads(text), arrays), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert again.digest() == model.digest()
        assert repr(again) == repr(model)
        assert dict(again.parameters) == dict(model.parameters)
        for name in Model.__slots__:
            value = getattr(model, name)
            if isinstance(value, np.ndarray):
                assert getattr(again, name).tobytes() == value.tobytes(), name
        assert [bath.beta for bath in again.reservoirs] == [bath.beta for bath in model.reservoirs]


def test_stored_entropy_steps_are_kept_to_the_last_bit() -> None:
    meta, arrays = thermal().pack()
    steps = np.nextafter(arrays["entropy_steps"], np.inf)
    assert Model.unpack(meta, arrays | {"entropy_steps": steps}).entropy_steps.tobytes() == steps.tobytes()


def test_damaged_descriptions_are_refused() -> None:
    meta, arrays = thermal().pack()
    with pytest.raises(InputError, match="damaged.*operators"):
        Model.unpack(meta, {key: value for key, value in arrays.items() if key != "operators"})
    with pytest.raises(InputError, match=r"entropy_steps has shape \(1,\)"):
        Model.unpack(meta, arrays | {"entropy_steps": np.zeros(1)})


def test_digest_covers_what_determines_numbers_and_nothing_else() -> None:
    reference = thermal(beta=math.log(2.5), quantum=1.0).digest()
    assert thermal(beta=math.log(2.5), quantum=1.0, name="x", remarks=["y"], parameters={"z": 1}).digest() == reference
    changed = [
        thermal(),
        thermal(beta=math.log(2.5) / 2, quantum=2.0),
        thermal(0.4, 1.0, beta=math.log(2.5), quantum=1.0),
        thermal(beta=math.log(2.5), quantum=1.0, states=["g", "e"]),
        thermal(beta=math.log(2.5), quantum=1.0, time_reversal=sigma_x()),
        thermal(beta=math.log(2.5), quantum=1.0, bases={"x": (np.array([[1, 1], [1, -1]]) / math.sqrt(2), ["p", "m"])}),
        thermal(beta=math.log(2.5), quantum=1.0, entropy=False),
    ]
    assert len({reference, *(model.digest() for model in changed)}) == 1 + len(changed)


def test_negative_zeros_do_not_change_the_digest() -> None:
    channels = [Channel("decay", sigma_minus(), "b", partner="none")]
    digests = {Model(sign * np.zeros((2, 2)), channels, [Reservoir("b")]).digest() for sign in (1.0, -1.0)}
    assert len(digests) == 1


def test_repr_shows_reservoirs_partners_and_remarks() -> None:
    text = repr(random_model())
    for part in ("'random'", "reservoir warm (beta = 0.8): in, out", "back <-> forth", "remark: only a test"):
        assert part in text


# --- from QuTiP -----------------------------------------------------------------------------------------------------


def two_baths() -> list[np.ndarray]:
    return [sigma_plus(), 2 * sigma_minus(), 3 * sigma_plus(), 5 * sigma_minus()]


def test_from_arrays_without_reservoirs_every_pair_is_a_reservoir() -> None:
    lower = [embed(sigma_minus(), site, (2, 2)) for site in (0, 1)]
    c_ops = [lower[0], 2 * dagger(lower[1]), 3 * dagger(lower[0]), 4 * lower[1], embed(sigma_z(), 0, (2, 2))]
    model = Model.from_qutip(np.zeros((4, 4)), c_ops, dims=(2, 2))
    assert model.partner.tolist() == [2, 3, 0, 1, 4]
    assert [channel.reservoir for channel in model.channels] == ["bath1", "bath2", "bath1", "bath2", "bath3"]
    np.testing.assert_allclose(model.entropy_steps[:2], np.log([1 / 9, 4 / 16]), rtol=1e-14)
    assert all(line.endswith("(found)") for line in model.partners_found)
    assert model.pair == (0, 1)


def test_from_qutip_objects() -> None:
    qutip = pytest.importorskip("qutip")
    lower = qutip.tensor(qutip.destroy(2), qutip.qeye(3))
    field = qutip.tensor(qutip.qeye(2), qutip.destroy(3))
    c_ops = [0.3 * lower, 0.1 * lower.dag(), field]
    model = Model.from_qutip(lower.dag() * lower, c_ops, names=["down", "up", "leak"], partners=[None, None, "none"])
    assert model.dims == (2, 3)
    assert model.partner.tolist() == [1, 0, -1]
    np.testing.assert_array_equal(model.operators[0], (0.3 * lower).full())
    np.testing.assert_allclose(model.entropy_steps[0], 2 * math.log(3), rtol=1e-14)


def test_from_qutip_with_reservoirs_separates_two_baths() -> None:
    hot, quanta = Reservoir("hot"), [1.0, -1.0, 1.0, -1.0]
    model = Model.from_qutip(number(), two_baths(), reservoirs=[hot, "hot", "cold", "cold"], quanta=quanta)
    assert [bath.name for bath in model.reservoirs] == ["hot", "cold"]
    assert model.partner.tolist() == [1, 0, 3, 2]
    beta = 2 * math.log(2)
    warm = Model.from_qutip(number(), two_baths()[:2], reservoirs=[Reservoir("b", beta)] * 2, quanta=quanta[:2])
    assert warm.entropy_steps.tolist() == [-beta, beta]


# --- refusals -------------------------------------------------------------------------------------------------------


def single(channel: Channel, reservoir: Reservoir | None = None, energy: Any = None, **options: Any) -> Model:
    return Model(number() if energy is None else energy, [channel], [reservoir or Reservoir("b")], **options)


def pair_of(first: dict[str, Any], second: dict[str, Any], beta: float | None = None) -> Model:
    up = Channel(**{"name": "up", "operator": sigma_plus(), "reservoir": "b"} | first)
    down = Channel(**{"name": "down", "operator": 2 * sigma_minus(), "reservoir": "b"} | second)
    return Model(number(), [up, down], [Reservoir("b", beta), Reservoir("b2")])


DECAY = Channel("decay", sigma_minus(), "b", partner="none")
SKEW = np.array([[0, 1 + 1e-6], [1, 0]])

MALFORMED: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "hamiltonian not Hermitian": (
        lambda: single(DECAY, energy=[[0, 1j], [2j, 0]]),
        ("hamiltonian", "(0, 1)", "(1, 0)"),
    ),
    "hamiltonian complex diagonal": (lambda: single(DECAY, energy=[[0, 0], [0, 1j]]), ("(1, 1)", "must be real")),
    "hamiltonian not square": (lambda: single(DECAY, energy=np.zeros((2, 3))), ("hamiltonian", "(2, 3)", "square")),
    "hamiltonian nan": (lambda: single(DECAY, energy=[[0, 0], [0, np.nan]]), ("hamiltonian", "(1, 1)", "finite")),
    "hamiltonian no numbers": (lambda: single(DECAY, energy="H"), ("hamiltonian", '"H"', "numbers")),
    "operator of another shape": (lambda: single(DECAY, energy=np.eye(3)), ("'decay'", "(2, 2)", "(3, 3)")),
    "operator zero": (lambda: Channel("decay", 0 * sigma_minus(), "b"), ("'decay'", "zero", "> 0")),
    "operator infinite": (lambda: Channel("x", np.full((2, 2), np.inf), "b"), ("'x'", "element (0, 0)", "finite")),
    "no channel": (lambda: Model(number(), [], [Reservoir("b")]), ("channels", "at least one")),
    "channels not a sequence": (lambda: Model(number(), 3, []), ("channels", "sequence", "3")),  # type: ignore[arg-type]
    "not a channel": (lambda: Model(number(), ["a"], []), ("channels[0]", "Channel", "str")),  # type: ignore[list-item]
    "channel named twice": (
        lambda: Model(number(), [DECAY, DECAY], [Reservoir("b")]),
        ("channel 'decay'", "2 times", "unique"),
    ),
    "reservoir named twice": (
        lambda: Model(number(), [DECAY], [Reservoir("b"), Reservoir("b")]),
        ("reservoir 'b'", "2 times", "unique"),
    ),
    "channel without name": (lambda: Channel("", sigma_minus(), "b"), ("channel name ''", "non-empty")),
    "channel named none": (lambda: Channel("none", sigma_minus(), "b"), ("'none'", "reserved")),
    "reservoir name with newline": (lambda: Reservoir("a\nb"), ("reservoir name", "printable")),
    "unknown reservoir": (lambda: single(Channel("x", sigma_z(), "hot")), ("'x'", "'hot'", "known: b")),
    "beta nan": (lambda: Reservoir("b", math.nan), ("'b'", "beta = nan")),
    "beta text": (lambda: Reservoir("b", "cold"), ("'b'", "beta = 'cold'", "number")),  # type: ignore[arg-type]
    "quantum infinite": (lambda: Channel("x", sigma_z(), "b", math.inf), ("'x'", "quantum = inf", "finite")),
    "quantum boolean": (lambda: Channel("x", sigma_z(), "b", True), ("'x'", "quantum = True", "number")),
    "unknown partner": (lambda: pair_of({"partner": "dwn"}, {}), ("'up'", "'dwn'", 'did you mean "down"', "'none'")),
    "partner in another reservoir": (
        lambda: pair_of({"partner": "down"}, {"reservoir": "b2"}),
        ("'up'", "'down'", "'b2'", "own reservoir"),
    ),
    "partner map no involution": (
        lambda: pair_of({"partner": "down"}, {"partner": "none"}),
        ("involution", "'up'", "'down'", "'none'", "must be 'up'"),
    ),
    "partner declared twice": (
        lambda: Model(
            number(),
            [
                Channel("up1", sigma_plus(), "b", partner="down"),
                Channel("up2", sigma_plus(), "b", partner="down"),
                Channel("down", sigma_minus(), "b"),
            ],
            [Reservoir("b")],
        ),
        ("involution", "'up2'", "'down'", "'up1'"),
    ),
    "several candidates": (
        lambda: Model.from_qutip(number(), two_baths()),
        ("'c1'", "2 channels", "'c2', 'c4'", "partner="),
    ),
    "several candidates, itself among them": (
        lambda: Model.from_qutip(number(), [sigma_z(), 2 * sigma_z()]),
        ("'c1'", "'c1', 'c2'", "partner="),
    ),
    "no candidate": (lambda: single(Channel("decay", sigma_minus(), "b")), ("'decay'", "no channel", 'partner="none"')),
    "candidate only in another reservoir": (
        lambda: pair_of({}, {"reservoir": "b2"}),
        ("'up'", "'down' (reservoir 'b2')", "own reservoir"),
    ),
    "declared partner not proportional": (
        lambda: pair_of({"partner": "down"}, {"operator": 2 * sigma_minus() + 1e-6 * np.eye(2)}),
        ("'up'", "'down'", "element (0, 0)", "1e-06", "allowed 1e-09"),
    ),
    "self-partner not Hermitian": (
        lambda: single(Channel("x", SKEW, "b", partner="x")),
        ("'x'", "element (0, 1)", "allowed 1e-09"),
    ),
    "self-partner not normal": (
        lambda: single(Channel("x", sigma_minus(), "b", partner="x")),
        ("'x'", "element (0, 1)", "should be 0"),
    ),
    "self-partner with a quantum": (
        lambda: single(Channel("x", sigma_x(), "b", 1.0, "x")),
        ("'x'", "quantum 1", "must be 0"),
    ),
    "a small coupling of one direction only, beside a large energy": (
        lambda: Model(np.array([[1e13, 1.0], [0.0, 1e13]]), [DECAY], [Reservoir("b")]),
        ("hamiltonian", "not Hermitian: element (0, 1) = 1+0j", "(1, 0) = 0"),
    ),
    "quanta of partners not opposite": (
        lambda: pair_of({"quantum": 1.0}, {"quantum": 1.0}),
        ("'up'", "'down'", "quantum 1.0", "opposite"),
    ),
    "quantum of one partner only": (lambda: pair_of({"quantum": 1.0}, {}), ("'up'", "'down'", "None", "both absent")),
    "entropy of the rates and of the temperature": (
        lambda: pair_of({"quantum": 1.0}, {"quantum": -1.0}, beta=1.0),
        ("'up'", "'b'", "= -1,", "-1.38629436112", "1e-09"),
    ),
    "temperature off by 1e-8": (
        lambda: pair_of({"quantum": 1.0}, {"quantum": -1.0}, beta=math.log(4) + 1e-8),
        ("'up'", "1e-09"),
    ),
    "partners at zero temperature": (lambda: pair_of({}, {}, beta=math.inf), ("'up'", "beta = +inf", "one-way")),
    "absorption from zero temperature": (
        lambda: single(Channel("up", sigma_plus(), "b", 1.0, "none"), Reservoir("b", math.inf)),
        ("'up'", "quantum 1", "quantum < 0"),
    ),
    "nothing from zero temperature": (
        lambda: single(Channel("idle", sigma_minus(), "b", 0.0, "none"), Reservoir("b", math.inf)),
        ("'idle'", "quantum 0 is not possible", "quantum < 0"),
    ),
    "nothing into a pump": (
        lambda: single(Channel("idle", sigma_plus(), "b", 0.0, "none"), Reservoir("b", -math.inf)),
        ("'idle'", "quantum 0 is not possible", "quantum > 0"),
    ),
    "emission into a pump": (
        lambda: single(Channel("down", sigma_minus(), "b", -1.0, "none"), Reservoir("b", -math.inf)),
        ("'down'", "beta = -inf", "quantum > 0"),
    ),
    "dims": (lambda: single(DECAY, dims=(2, 2)), ("dims = (2, 2)", "4", "dimension 2")),
    "dims not whole": (lambda: single(DECAY, dims=(2.0,)), ("dims[0]", "2.0", "whole")),  # type: ignore[arg-type]
    "labels too few": (lambda: single(DECAY, states=["g"]), ("states", "1 labels", "must be 2")),
    "labels repeated": (lambda: single(DECAY, states=["g", "g"]), ("states", "'g'", "unique")),
    "labels as one text": (lambda: single(DECAY, states="ge"), ("states", "sequence", "'ge'")),
    "time reversal not unitary": (
        lambda: single(DECAY, time_reversal=[[1, 0], [0, 2]]),
        ("time_reversal", "not unitary", "columns 1 and 1", "4", "must be 1"),
    ),
    "time reversal of another shape": (
        lambda: single(DECAY, time_reversal=np.eye(3)),
        ("time_reversal", "(3, 3)", "(2, 2)"),
    ),
    "basis not unitary": (
        lambda: single(DECAY, bases={"skew": ([[1, 1], [0, 1]], ["a", "b"])}),
        ("bases['skew']", "columns 0 and 1", "must be 0"),
    ),
    "basis without labels": (lambda: single(DECAY, bases={"x": np.eye(2)}), ("bases['x']", "labels")),  # type: ignore[dict-item]
    "basis with a reserved name": (
        lambda: single(DECAY, bases={"computational": (np.eye(2), ["a", "b"])}),
        ("'computational'", "reserved"),
    ),
    "pair out of range": (
        lambda: single(Channel("x", np.eye(4), "b"), energy=np.eye(4), dims=(2, 2), pair=(0, 2)),
        ("pair = (0, 2)", "between 0 and 1"),
    ),
    "pair of one": (
        lambda: single(Channel("x", np.eye(4), "b"), energy=np.eye(4), dims=(2, 2), pair=(1, 1)),
        ("pair = (1, 1)", "different"),
    ),
    "lists of another length": (
        lambda: Model.from_qutip(number(), [sigma_z()], names=["a", "b"]),
        ("names", "1 entries", "['a', 'b']"),
    ),
    "reservoir of no kind": (lambda: Model.from_qutip(number(), [sigma_z()], reservoirs=[3]), ("reservoirs[0]", "3")),  # type: ignore[list-item]
    "reservoir with two temperatures": (
        lambda: Model.from_qutip(number(), two_baths()[:2], reservoirs=[Reservoir("b", 1.0), Reservoir("b", 2.0)]),
        ("reservoirs[1]", "'b'", "2.0", "1.0"),
    ),
    "no collapse operators": (lambda: Model.from_qutip(number(), []), ("channels", "at least one")),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_models_are_refused_by_name(case: str) -> None:
    build, parts = MALFORMED[case]
    with pytest.raises(InputError) as caught:
        build()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_time_dependent_qutip_objects_are_refused() -> None:
    qutip = pytest.importorskip("qutip")
    lower = qutip.destroy(2)
    with pytest.raises(InputError, match=r"c_ops\[0\].*time dependent"):
        Model.from_qutip(number(), [[lower, np.sin]])
    with pytest.raises(InputError, match=r"hamiltonian.*QobjEvo"):
        Model.from_qutip(qutip.QobjEvo([[lower + lower.dag(), np.sin]]), [lower])
    with pytest.raises(InputError, match=r"hamiltonian.*Qobj"):
        Model.from_qutip(qutip.spre(lower + lower.dag()), [lower])


def test_large_sparse_models_are_quick() -> None:
    d = 300
    lower = sparse.csr_array(destroy(d))
    channels = [Channel("out", lower, "b", -1.0), Channel("in", 0.5 * lower.T, "b", 1.0)]
    model = Model(number(d), channels, [Reservoir("b", 2 * math.log(2))])
    assert model.partner.tolist() == [1, 0]
    np.testing.assert_allclose(model.loss @ basis(d, 7), (7 + 0.25 * 8) * basis(d, 7), rtol=1e-12)


def test_a_cut_off_subsystem_must_not_be_filled() -> None:
    """Two photons' room in a cavity that holds more: the run is refused, with the population of the top level."""
    enough = cavity(p=5e-3, gamma=1e-3, kappa=2.0, n_max=6)
    assert enough.truncated == (2,)
    assert prepare(enough, np.array([1.0]), None, 64).jumps_per_trajectory > 0
    with pytest.raises(InputError, match=r"subsystem 3 is cut off at 2 levels.*must be at most 1e-06"):
        prepare(cavity(p=5e-3, gamma=1e-3, kappa=2.0, n_max=1), np.array([1.0]), None, 64)
    with pytest.raises(InputError, match="truncated"):
        Model(
            np.eye(2), [Channel("c", np.eye(2), "bath", None, "none")], [Reservoir("bath")], truncated=(1,), pair=None
        )
