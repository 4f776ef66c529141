"""Machines that no paper has, each with an ensemble on which a judge of samples can go wrong.

Metastable and blinking ones, rare channels and baths, near equilibrium, rates over twelve decades, one-way and
Hermitian jumps, d = 1 to 12, sample times from 1e-6 to 1e3 relaxation times. Each report takes well below 0.3 s, but
for those marked `slow`. Units: hbar = k_B = 1; rates and times in those of the Hamiltonian.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from small_models import LOWER, complex_matrix, random_state, thermal_qubit

from trajectories.model import Channel, Model, Reservoir
from trajectories.report.counting_requests import RecordRequest
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.systems import common_bath, diamond, double_dot, flux_qubits, local_engine, reset_engine

Array = np.ndarray
PAPER = {"T_h": 1.0, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
HOT = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
EVERYTHING = RecordRequest(waiting=("any,any",), g2=("any,any",), spectrum=("jumps",), first_passage=("jumps=3",))


@dataclass(frozen=True)
class Machine:
    """A model and the ensemble that is sampled of it.

    model: builds it. times (T,): sample times. initial: "steady", "ground" (the first basis state), "mixed", or a
    density matrix (d, d). wanted: what is asked of its jump records. observables: Hermitian operators (d, d) by name.
    slow: a report takes longer than 0.3 s, so that campaigns leave it out by default.
    """

    name: str
    model: Callable[[], Model]
    times: tuple[float, ...]
    trajectories: int
    initial: str | Array = "steady"
    wanted: RecordRequest = EVERYTHING
    observables: dict[str, Array] = field(default_factory=dict)
    burn_in: float = 0.0
    pair: bool = False
    slow: bool = False

    def prepare(self) -> Preparation:
        """Return the preparation, from which any number of seeds can be sampled."""
        model = self.model()
        d = model.dimension
        named = {"steady": None, "ground": np.diag(np.arange(d) == 0).astype(complex), "mixed": np.eye(d) / d + 0j}
        initial = named[self.initial] if isinstance(self.initial, str) else self.initial
        pair = (0, 1) if self.pair else None
        times = np.array(self.times)
        return prepare(model, times, initial, self.trajectories, self.observables, self.burn_in, pair)


# Classical ladders: levels, and thermal or one-way jumps between them.


def ket_bra(d: int, to: int, fro: int) -> Array:
    """|to><fro| in d levels."""
    found = np.zeros((d, d))
    found[to, fro] = 1.0
    return found


def thermal(
    levels: Sequence[float], i: int, j: int, bath: str, down: float, up: float, name: str = ""
) -> list[Channel]:
    """Jumps i <- j at rate `down` and back at rate `up`, the quantum being E_j - E_i."""
    d, label, quantum = len(levels), name or f"{bath}{i}{j}", float(levels[j] - levels[i])
    fall, rise = np.sqrt(down) * ket_bra(d, i, j), np.sqrt(up) * ket_bra(d, j, i)
    return [
        Channel(f"{label}_down", fall, bath, -quantum, f"{label}_up"),
        Channel(f"{label}_up", rise, bath, quantum, f"{label}_down"),
    ]


def at_beta(levels: Sequence[float], i: int, j: int, bath: str, beta: float, rate: float) -> list[Channel]:
    """Jumps i <- j at `rate`, and back at rate e^{-beta (E_j - E_i)}."""
    return thermal(levels, i, j, bath, rate, rate * float(np.exp(-beta * (levels[j] - levels[i]))))


def one_way(d: int, to: int, fro: int, bath: str, rate: float, quantum: float = 0.0) -> Channel:
    """A jump that nothing undoes."""
    return Channel(f"{bath}{fro}{to}", np.sqrt(rate) * ket_bra(d, to, fro), bath, quantum, "none")


def metastable(
    up: float = 1e-8,
    down: float = 1e-4,
    betas: Sequence[float] = (0.5, 1.5),
    dark: float = 1.0,
    bright: float = 2000.0,
) -> Model:
    """A dark pair of levels 0-1 and a bright pair 2-3 on the same baths, between which bath s hardly ever switches.

    The steady state is bright with probability up/down about, and then makes about `bright` jumps per time.
    """
    levels = [0.0, 1.0, 0.5, 1.5]
    channels: list[Channel] = []
    baths = []
    for name, beta in zip("hc", betas, strict=False):
        channels += at_beta(levels, 0, 1, name, beta, dark) + at_beta(levels, 2, 3, name, beta, bright)
        baths.append(Reservoir(name, beta))
    channels += thermal(levels, 0, 2, "s", down, up)
    baths.append(Reservoir("s", float(np.log(down / up)) / 0.5))
    return Model(np.diag(levels), channels, baths, name="metastable", pair=None)


def bistable(switching: float = 1e-2, slow: float = 1.0, fast: float = 100.0) -> Model:
    """Two wells with thermal jumps at the rates `slow` and `fast`, between which it switches both ways alike."""
    levels = [0.0, 1.0, 0.0, 1.0]
    channels = at_beta(levels, 0, 1, "b", 1.0, slow) + at_beta(levels, 2, 3, "b", 1.0, fast)
    channels += thermal(levels, 0, 2, "s", switching, switching)
    return Model(np.diag(levels), channels, [Reservoir("b", 1.0), Reservoir("s")], name="bistable", pair=None)


def blinking(shelve: float = 1e-3, back: float = 1.0) -> Model:
    """Driven two-level fluorescence, one-way, that is shelved in a dark third level now and then."""
    hamiltonian = np.zeros((3, 3))
    hamiltonian[0, 1] = hamiltonian[1, 0] = 15.0
    channels = [
        one_way(3, 0, 1, "light", 30.0, -1.0),
        one_way(3, 2, 1, "shelf", shelve),
        one_way(3, 0, 2, "return", back),
    ]
    baths = [Reservoir("light"), Reservoir("shelf"), Reservoir("return")]
    return Model(hamiltonian, channels, baths, name="blinking", pair=None)


def bursting(on: float = 1e-4, off: float = 1.0) -> Model:
    """The same without coherence, and dark most of the time: rare bursts of one-way photons."""
    channels = [
        one_way(3, 2, 1, "pump", 300.0, 1.0),
        one_way(3, 1, 2, "light", 300.0, -1.0),
        one_way(3, 1, 0, "on", on),
        one_way(3, 0, 1, "off", off),
    ]
    baths = [Reservoir(name) for name in ("pump", "light", "on", "off")]
    return Model(np.diag([0.0, 0.5, 1.5]), channels, baths, name="bursting", pair=None)


def rare_bath(rate: float = 1e-6) -> Model:
    """A qubit in a bath at rates of order one, with a second bath that hardly ever jumps."""
    levels = [0.0, 1.0]
    channels = at_beta(levels, 0, 1, "h", 0.5, 1.0) + at_beta(levels, 0, 1, "r", 3.0, rate)
    return Model(np.diag(levels), channels, [Reservoir("h", 0.5), Reservoir("r", 3.0)], name="rare bath", pair=None)


def rare_reset(rate: float = 1e-5) -> Model:
    """A driven qubit with thermal jumps, reset to its excited state by a rare one-way jump, with a third level beside.

    The reset goes by a level from which a cascade of fast jumps comes.
    """
    levels = [0.0, 1.0, 2.0, 3.0]
    channels = at_beta(levels, 0, 1, "b", 1.0, 1.0) + at_beta(levels, 1, 2, "b", 1.0, 200.0)
    channels += at_beta(levels, 2, 3, "b", 1.0, 200.0)
    channels += [one_way(4, 3, 0, "reset", rate, 3.0)]
    hamiltonian = np.diag(levels)
    hamiltonian[0, 1] = hamiltonian[1, 0] = 0.4
    return Model(hamiltonian, channels, [Reservoir("b", 1.0), Reservoir("reset")], name="rare reset", pair=None)


def decades() -> Model:
    """Five levels in a chain whose rates fall from 1e3 to 1e-9, on two baths."""
    levels = [0.0, 4.0, 4.5, 5.5, 5.75]
    channels: list[Channel] = []
    for i, rate in enumerate((1e3, 1.0, 1e-4, 1e-9)):
        channels += at_beta(levels, i, i + 1, "h" if i % 2 == 0 else "c", 1.0 if i % 2 == 0 else 2.0, rate)
    return Model(np.diag(levels), channels, [Reservoir("h", 1.0), Reservoir("c", 2.0)], name="decades", pair=None)


def nearly_degenerate(split: float = 1e-9) -> Model:
    """A ladder of four levels with jumps at rates that are equal but for `split`, coherently coupled in the middle."""
    levels = [0.0, 1.0, 1.0 + split, 2.0]
    channels = at_beta(levels, 0, 1, "b", 1.0, 1.0) + at_beta(levels, 0, 2, "b", 1.0, 1.0 + split)
    channels += at_beta(levels, 1, 3, "c", 1.5, 1.0 - split) + at_beta(levels, 2, 3, "c", 1.5, 1.0 + 2 * split)
    hamiltonian = np.diag(levels)
    hamiltonian[1, 2] = hamiltonian[2, 1] = 1e-3
    return Model(hamiltonian, channels, [Reservoir("b", 1.0), Reservoir("c", 1.5)], name="degenerate", pair=None)


def poisson() -> Model:
    """One level, d = 1: two independent Poisson counts, one of them of charge 2."""
    steps = {"a": (3.0, 1.5, 1.0), "b": (0.05, 0.2, 2.0)}
    channels, baths = [], []
    for name, (up, down, quantum) in steps.items():
        channels.append(Channel(f"{name}_in", np.array([[np.sqrt(up)]]), name, quantum, f"{name}_out"))
        channels.append(Channel(f"{name}_out", np.array([[np.sqrt(down)]]), name, -quantum, f"{name}_in"))
        baths.append(Reservoir(name, float(np.log(down / up)) / quantum))
    return Model(np.zeros((1, 1)), channels, baths, name="poisson", pair=None)


def hermitian_jumps() -> Model:
    """A driven qubit with dephasing and flips, L = L^dagger, beside a thermal bath."""
    flip, phase = LOWER + LOWER.T, np.diag([1.0, -1.0])
    channels = at_beta([0.0, 1.0], 0, 1, "b", 1.0, 0.5)
    channels += [
        Channel("flip", np.sqrt(0.3) * flip, "noise", 0.0, "flip"),
        Channel("phase", np.sqrt(0.7) * phase, "noise", 0.0, "phase"),
    ]
    hamiltonian = np.diag([0.0, 1.0]) + 0.5 * flip
    return Model(hamiltonian, channels, [Reservoir("b", 1.0), Reservoir("noise")], name="hermitian", pair=None)


def dense(d: int, seed: int, pairs: int = 2, scale: float = 1.0) -> Model:
    """A Hamiltonian and jump operators without a zero; the rate of all jumps is of order `scale`."""
    rng = np.random.default_rng(seed)
    hamiltonian = complex_matrix(rng, d)
    channels, baths = [], []
    for i in range(pairs):
        jump, step = np.sqrt(scale / (2 * d * pairs)) * complex_matrix(rng, d), float(rng.normal())
        back = np.exp(-step / 2) * jump.conj().T
        channels += [
            Channel(f"b{i}_down", jump, f"b{i}", -1.0, f"b{i}_up"),
            Channel(f"b{i}_up", back, f"b{i}", 1.0, f"b{i}_down"),
        ]
        baths.append(Reservoir(f"b{i}", step))
    return Model(hamiltonian + hamiltonian.conj().T, channels, baths, name=f"dense{d}", pair=None)


def exchange_coherence() -> Array:
    """i (|01><10| - |10><01|), the coherence that carries the current between two qubits."""
    return 1j * (ket_bra(4, 1, 2) - ket_bra(4, 2, 1))


def _log(first: float, last: float, n: int) -> tuple[float, ...]:
    return tuple(float(t) for t in np.geomspace(first, last, n))


def _records(bath: str, jumps: int = 3, spectrum: str | None = None) -> RecordRequest:
    """Waits and coincidences of any jump, spectra of the jumps and of a bath's heat, and a first passage."""
    return RecordRequest(
        waiting=("any,any", f"{bath},{bath}"),
        g2=("any,any",),
        spectrum=("jumps", bath if spectrum is None else spectrum),
        first_passage=(f"jumps={jumps}",),
    )


def _metastable() -> list[Machine]:
    """Dark most of the time; the variance sits in bright trajectories of which few or none come."""
    return [
        Machine("metastable, two baths", metastable, (1.0,), 5000, wanted=_records("h")),
        Machine("metastable, one bath", lambda: metastable(betas=(0.5,)), (1.0,), 5000, wanted=_records("h")),
        Machine("metastable, milder", lambda: metastable(up=1e-5, down=1e-2), (1.0,), 5000, wanted=_records("h")),
        # Two equal baths in equilibrium: the heat from one has no third cumulant, but the same fourth.
        Machine("metastable, symmetric", lambda: metastable(betas=(1.0, 1.0)), (0.3, 1.0), 5000, wanted=_records("h")),
        Machine("bistable from one well", bistable, (0.1, 1.0), 500, "ground", wanted=_records("b")),
        Machine("blinking, one-way", blinking, (0.3, 3.0), 512, wanted=_records("light")),
        Machine("bursting, one-way", bursting, (0.1, 1.0), 4096, wanted=_records("light")),
        Machine("rare reset", rare_reset, (0.2, 2.0), 4096, "ground", wanted=_records("b")),
    ]


def _rare_channels() -> list[Machine]:
    """A channel that fires less than once is expected to, at sample times from very short to long."""
    early = _log(0.01, 10.0, 7)
    per_hundred = tuple(float(t) for t in np.linspace(30.0, 3000.0, 100))
    coherence = {"coherence": exchange_coherence()}
    steady = {"wanted": _records("h", 1), "pair": True}
    relaxing = steady | {"observables": coherence}
    slow_engine, detuned = lambda: local_engine(**PAPER), lambda: local_engine(**PAPER, delta=0.01)  # noqa: E731
    dot = {"T_c": 0.1, "T_h": 3.2, "g": 3.9e-3, "gamma_c": 1e-2, "gamma_h": 1e-2, "U": 20.0}
    bath = {"T_A": 6.0, "T_B": 6.0, "T_C": 5.0, "epsilon_A": 20.0, "epsilon_B": 20.0, "Omega": 6.0}
    bath |= {"gamma_A": 1.0, "gamma_B": 1.0, "gamma_C_A": 1.0, "gamma_C_B": 1.0}
    reset = {"T_c": 0.1, "T_h": 2.0, "g": 1.6e-3, "p_c": 1e-2, "p_h": 1.1e-3}
    flux = {"T_c": 0.15, "T_h": 2.0, "g": 1.6e-3, "gamma_c": 1e-2, "gamma_h": 5e-4}
    return [
        Machine("engine, 100 samples", detuned, per_hundred, 8192, "ground", **relaxing, slow=True),
        Machine("engine, 100 samples, 200000", detuned, per_hundred, 200_000, "ground", **relaxing, slow=True),
        Machine("engine, 10 of 100 samples", detuned, per_hundred[:10], 10_000, "ground", **relaxing),
        Machine("engine, log times", slow_engine, early, 10_000, **steady),
        Machine("engine detuned, log times", detuned, early, 10_000, **steady),
        Machine("engine at T = .05", slow_engine, (0.05,), 10_000, **steady),
        Machine("reset engine, log times", lambda: reset_engine(**reset), early, 4096, wanted=_records("h", 1)),
        Machine("common bath, log times", lambda: common_bath(**bath), _log(1e-5, 0.01, 5), 4096),
        Machine("double dot, log times", lambda: double_dot(**dot), early, 4096, wanted=_records("h", 1), pair=True),
        Machine("diamond, log times", lambda: diamond(beta_A=-2.0, beta_S=3.0), _log(1e-4, 1.0, 6), 2048, pair=True),
        Machine("rare bath", rare_bath, (0.1, 1.0, 10.0), 1000, "mixed", wanted=_records("r")),
        Machine("double dot, rare 11", lambda: double_dot(**dot), (500.0, 2500.0), 2048, "ground", pair=True),
        Machine("flux qubits, rare 11", lambda: flux_qubits(**flux), (4000.0,), 2048, "ground", pair=True),
        Machine("engine one-way", lambda: local_engine(**(PAPER | {"T_c": 0.0})), (1000.0,), 1000, pair=True),
    ]


def _equilibria() -> list[Machine]:
    """Close to equilibrium, where the entropy produced is of the size of rounding errors."""
    return [
        Machine(
            f"diamond, beta_S = 1 + {db:g}",
            lambda db=db: diamond(beta_A=1.0, beta_S=1.0 + db),  # type: ignore[misc]
            (0.5,),
            20_000 if db < 1e-9 else 5000,
            wanted=_records("A"),
        )
        for db in (1e-7, 1e-8, 1e-10)
    ] + [Machine("diamond far away", lambda: diamond(beta_A=-5.0, beta_S=5.0), (0.5, 2.0), 1000, "ground", pair=True)]


def _few() -> list[Machine]:
    """Few trajectories, and first instants."""
    engine, relaxing = (lambda: local_engine(**PAPER)), (lambda: diamond(beta_A=-2.0, beta_S=3.0))
    return [
        Machine("nothing has happened yet", engine, (10.0,), 1024, "ground", pair=True),
        Machine("rare double excitation", engine, (1000.0,), 1024, "ground", pair=True),
        Machine("first instants", relaxing, (0.02, 0.2), 4096, "ground", pair=True),
        Machine("ten trajectories", relaxing, (0.5, 3.0), 10, pair=True),
        Machine("few groups' worth", relaxing, (0.5, 3.0), 64, pair=True),
        Machine("rare eigenstates at the ends", lambda: local_engine(**HOT), (100.0,), 256, pair=True),
    ]


def _shapes() -> list[Machine]:
    """Every dimension from 1 to 12, no symmetry, and sample times from 1e-6 to 1e3 relaxation times."""
    wide, rng = _log(1e-6, 1.0, 5), np.random.default_rng(7)
    vector = np.outer([0.6, 0.8j], np.conj([0.6, 0.8j]))
    near = {"T_h": 1.0, "T_c": 0.1, "gamma_h": 1e-3, "gamma_c": 1.1e-2, "g": 2.5e-3 + 1e-11}
    found = [
        Machine("poisson, d = 1", poisson, (1e-3, 0.1, 3.0), 4096, wanted=_records("b", 1)),
        Machine("thermal qubit, d = 2", thermal_qubit, (1e-5, 0.01, 10.0), 64, "mixed"),
        Machine("hermitian jumps", hermitian_jumps, (0.01, 1.0, 5.0), 500, vector),
        Machine("decades", decades, wide, 500, wanted=_records("c")),
        Machine("decades from the top", decades, _log(1e-3, 1.0, 4), 500, np.diag([0, 0, 1.0, 0, 0]) + 0j),
        Machine("nearly degenerate", nearly_degenerate, (0.1, 1.0, 5.0), 1000, "ground"),
        Machine("engine near its exceptional point", lambda: local_engine(**near), (300.0, 3000.0), 512, "ground"),
        Machine("engine hot, long", lambda: local_engine(**HOT), (1e-3, 1.0, 5e3), 64, "mixed", pair=True),
        Machine("diamond, 300 relaxation times", lambda: diamond(beta_A=-1.0, beta_S=1.0), (1e-6, 100.0), 64),
    ]
    for d in (3, 4, 6, 8, 12):
        start = random_state(rng, d) if d in (3, 8) else "mixed" if d == 4 else "steady"
        times, n = ((0.001, 0.05, 2.0), 2048) if d < 6 else ((0.01, 1.0), 512)
        basis = np.diag(np.arange(float(d)))
        found.append(
            Machine(
                f"dense, d = {d}",
                lambda d=d: dense(d, d, pairs=2),  # type: ignore[misc]
                times,
                n,
                start,
                observables={"level": basis},
                burn_in=0.05 if d == 3 else 0.0,
            )
        )
    return found


MACHINES: dict[str, Machine] = {
    one.name: one for one in [*_metastable(), *_rare_channels(), *_equilibria(), *_few(), *_shapes()]
}
