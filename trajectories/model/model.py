"""A model: Hamiltonian, reservoirs, and jump channels with the jumps that undo them.

    d rho / dt = -i [H, rho] + sum_k ( L_k rho L_k^dagger - 1/2 {L_k^dagger L_k, rho} )

Everything is checked when a `Model` is made, and nothing can be changed afterwards. Units: hbar = k_B = 1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model import validation
from trajectories.model.channel import Channel, Reservoir, checked_channels, checked_reservoirs, counted
from trajectories.model.conversion import arguments_of, arguments_of_qutip, damaged, encoded
from trajectories.model.detailed_balance import ONE_WAY, pair_channels
from trajectories.model.operators import Array, as_operator, dagger, full, products_of_adjoints

Bases = Mapping[str, tuple[Array, tuple[str, ...]]]


class Model:
    """An open quantum system: Hamiltonian, jump channels and reservoirs, checked and immutable.

    Parameters
    ----------
    hamiltonian : (d, d) array, sparse matrix or QuTiP object
        Hermitian, in the computational basis.
    channels : sequence of Channel
        At least one.
    reservoirs : sequence of Reservoir
        Every reservoir that a channel names, in the order of reports.
    name : str
    dims : sequence of int
        Levels of each subsystem, first one first; the product is d. Default: one subsystem of dimension d.
    states : sequence of str
        Labels of the d computational basis states. Default "00", "01", ... from dims.
    bases : mapping of str to (unitary (d, d), labels)
        Further bases in which the model may fall into smaller sectors; the columns are the d basis vectors.
    time_reversal : (d, d) array
        Unitary U of the time reversal Theta = U K, with K the complex conjugation in the computational basis.
        Default: identity.
    pair : (int, int)
        The two subsystems whose entanglement is meant, counted from 0. None for a single subsystem.
    parameters : mapping
        Shown in reports; numbers, text, and sequences of them.
    entropy : bool
        False: no entropy production is defined; reports and pictures leave it and the fluctuation theorems out, and
        nothing else. Channels without a declared partner are not searched for one.
    remarks : sequence of str
        One-line warnings about the model's validity.
    truncated : sequence of int
        Subsystems, counted from 0, that were cut off: a run in which their highest level gets populated is refused.
    counts : mapping of str to mapping of channel to weight
        Further counts N = sum_k w_k N_k of the jumps, such as a junction's current a_L I_L + a_R I_R; a channel that is
        not named has the weight 0.

    Attributes
    ----------
    operators : (K, d, d) array
        Jump operators, read-only as all arrays here.
    partner : (K,) array of int
        Reversal partner of each channel, -1 for one-way channels.
    entropy_steps : (K,) array
        Entropy that a jump gives to its reservoir (nat), +inf for one-way channels.
    quanta, charges : (K,) array
        None as 0; nan in a reservoir where no channel has one.
    reservoir_index : (K,) array of int
        Reservoir of each channel.
    loss : (d, d) array
        sum_k L_k^dagger L_k.
    effective_hamiltonian : (d, d) array
        H - (i/2) loss.
    partners_found : tuple of str
        A line for each pair.

    Raises
    ------
    InputError
        One line naming the matrix and element, or the channel or reservoir, and what would be right.

    Examples
    --------
    >>> lower = np.array([[0, 1], [0, 0]])
    >>> channels = [trajectories.Channel("emit", 0.2 * lower, "hot", quantum=-1.0),
    ...             trajectories.Channel("absorb", 0.1 * lower.T, "hot", quantum=1.0)]
    >>> trajectories.Model(np.diag([0, 1.0]), channels, [trajectories.Reservoir("hot", beta=np.log(4))], name="atom")
    Model 'atom': dimension 2 (2)
      reservoir hot (beta = 1.38629): emit, absorb
      emit <-> absorb  Delta s = +1.38629...
    """

    __slots__ = (
        "bases", "channels", "charges", "counts", "dims", "effective_hamiltonian", "entropy", "entropy_steps",
        "hamiltonian", "loss", "name", "operators", "pair", "parameters", "partner", "partners_found", "quanta",
        "remarks", "reservoir_index", "reservoirs", "states", "time_reversal", "truncated",
    )  # fmt: skip

    name: str
    dims: tuple[int, ...]
    hamiltonian: Array
    channels: tuple[Channel, ...]
    reservoirs: tuple[Reservoir, ...]
    states: tuple[str, ...]
    bases: Bases
    time_reversal: Array
    pair: tuple[int, int] | None
    parameters: Mapping[str, Any]
    remarks: tuple[str, ...]
    truncated: tuple[int, ...]
    entropy: bool
    operators: Array
    partner: NDArray[np.int64]
    entropy_steps: NDArray[np.float64]
    quanta: NDArray[np.float64]
    charges: NDArray[np.float64]
    counts: Mapping[str, NDArray[np.float64]]
    reservoir_index: NDArray[np.int64]
    loss: Array
    effective_hamiltonian: Array
    partners_found: tuple[str, ...]

    def __init__(
        self,
        hamiltonian: Any,
        channels: Iterable[Channel],
        reservoirs: Iterable[Reservoir],
        *,
        name: str = "model",
        dims: Sequence[int] | None = None,
        states: Sequence[str] | None = None,
        bases: Mapping[str, tuple[Any, Sequence[str]]] | None = None,
        time_reversal: Any = None,
        pair: tuple[int, int] | None = (0, 1),
        parameters: Mapping[str, Any] | None = None,
        entropy: bool = True,
        remarks: Sequence[str] = (),
        truncated: Sequence[int] = (),
        counts: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        if not validation.checking():
            given = {"hamiltonian": hamiltonian, "channels": tuple(channels), "reservoirs": tuple(reservoirs)}
            for key, value in (given | {"bases": bases or {}, "parameters": parameters or {}}).items():
                object.__setattr__(self, key, value)
            return
        energy = validation.hermitian(as_operator(hamiltonian, "hamiltonian"), "hamiltonian", small_ones_matter=True)
        d = energy.shape[0]
        baths = checked_reservoirs(reservoirs)
        jumps = checked_channels(channels, baths, d)
        pairing = pair_channels(jumps, baths, bool(entropy))
        loss = _total_loss(pairing.operators)
        levels = validation.dims(dims, d)
        bath_names = [bath.name for bath in baths]
        self._set(
            name=validation.name(name, "model"),
            dims=levels,
            hamiltonian=energy,
            channels=tuple(_resolved(jumps, pairing.operators, pairing.partner)),
            reservoirs=baths,
            states=validation.labels(states, levels, "states"),
            bases=validation.bases(bases or {}, d),
            time_reversal=validation.unitary(np.eye(d) if time_reversal is None else time_reversal, d, "time_reversal"),
            pair=validation.pair(pair, levels),
            parameters=MappingProxyType({key: validation.plain(value) for key, value in (parameters or {}).items()}),
            remarks=tuple(str(line) for line in remarks),
            truncated=validation.subsystems(truncated, levels),
            entropy=bool(entropy),
            operators=pairing.operators,
            partner=pairing.partner,
            entropy_steps=pairing.entropy_steps,
            quanta=counted([c.quantum for c in jumps], jumps),
            charges=counted([c.charge for c in jumps], jumps),
            counts=validation.counts(counts or {}, [c.name for c in jumps], [*bath_names, "jumps", "entropy"]),
            reservoir_index=np.array([bath_names.index(c.reservoir) for c in jumps], dtype=np.int64),
            loss=loss,
            effective_hamiltonian=energy - 0.5j * loss,
            partners_found=pairing.lines,
        )

    def _set(self, **values: Any) -> None:
        for key, value in values.items():
            object.__setattr__(self, key, validation.frozen(value) if isinstance(value, np.ndarray) else value)

    @classmethod
    def from_qutip(
        cls,
        hamiltonian: Any,
        c_ops: Sequence[Any],
        *,
        reservoirs: Sequence[Reservoir | str] | None = None,
        quanta: Sequence[float | None] | None = None,
        names: Sequence[str] | None = None,
        partners: Sequence[str | None] | None = None,
        charges: Sequence[float | None] | None = None,
        **options: Any,
    ) -> Model:
        """Return the model of a Hamiltonian and collapse operators, as given to QuTiP's solvers (or as arrays).

        Partners are found where exactly one collapse operator is proportional to the adjoint (in the same reservoir if
        reservoirs are given). Matrices are taken as they stand: basis state 0 is |0>, whatever QuTiP calls it; note
        that `qutip.sigmam()` is |1><0| in that numbering and `qutip.destroy(2)` is |0><1|.

        Parameters
        ----------
        hamiltonian : (d, d) qutip.Qobj or array
        c_ops : sequence of (d, d) qutip.Qobj or array
            K collapse operators, rates included.
        reservoirs : sequence of Reservoir or str, optional
            One for each collapse operator. Default: every pair of channels that undo each other has a reservoir of its
            own, without a temperature.
        quanta, names, partners, charges : sequence, optional
            One for each collapse operator, as in `Channel`; names default to "c1", ...
        **options
            Keyword arguments of `Model`; `dims` defaults to those of the Qobj.

        Returns
        -------
        Model

        Raises
        ------
        InputError
            As `Model` does, and for time-dependent operators.

        Examples
        --------
        >>> lower = np.array([[0, 1], [0, 0]])
        >>> trajectories.Model.from_qutip(np.diag([0, 1]), [0.2 * lower, 0.1 * lower.T]).partners_found
        ('c1 <-> c2  Delta s = +1.38629...',)
        """
        energy, channels, baths, options = arguments_of_qutip(
            hamiltonian, c_ops, reservoirs, quanta, names, partners, charges, options
        )
        return cls(energy, channels, baths, **options)

    @property
    def dimension(self) -> int:
        """Dimension d of the Hilbert space."""
        return int(self.hamiltonian.shape[0])

    def digest(self) -> str:
        """Return the SHA-256 of everything that determines numbers or the names they are reported under.

        Left out: the model's own name, the displayed parameters, remarks, and how partners were found.

        Returns
        -------
        str
            64 hexadecimal digits.

        Examples
        --------
        >>> len(trajectories.systems.diamond(beta_A=-2, beta_S=3).digest())
        64
        """
        meta, arrays = self.pack()
        for key in ("name", "parameters", "remarks", "partners_found"):
            del meta[key]
        digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
        for key in sorted(arrays):
            array = np.ascontiguousarray(arrays[key])
            digest.update(f"{key} {array.shape} {array.dtype.str}".encode())
            digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return (description of JSON's types, arrays); `Model.unpack` makes the same model of them, bit by bit."""
        meta = {
            "name": self.name,
            "dims": list(self.dims),
            "states": list(self.states),
            "pair": None if self.pair is None else list(self.pair),
            "entropy": self.entropy,
            "remarks": list(self.remarks),
            "truncated": list(self.truncated),
            "parameters": {key: encoded(value) for key, value in self.parameters.items()},
            "partners_found": list(self.partners_found),
            "reservoirs": [{"name": bath.name, "beta": encoded(bath.beta)} for bath in self.reservoirs],
            "channels": [
                {
                    "name": c.name,
                    "reservoir": c.reservoir,
                    "quantum": c.quantum,
                    "partner": c.partner,
                    "charge": c.charge,
                }
                for c in self.channels
            ],
            "counts": {name: list(map(float, weights)) for name, weights in self.counts.items()},
            "bases": {key: list(labels) for key, (_, labels) in self.bases.items()},
        }
        arrays = {
            "hamiltonian": self.hamiltonian,
            "operators": self.operators,
            "entropy_steps": self.entropy_steps,
            "time_reversal": self.time_reversal,
        }
        arrays |= {f"basis_{key}": vectors for key, (vectors, _) in self.bases.items()}
        return meta, arrays

    @classmethod
    def unpack(cls, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
        """Return the model that `pack` described. Raises InputError if the description is damaged."""
        given = arguments_of(meta, arrays)
        try:
            model = cls(**given)
            # Recomputed from the rates they could differ in the last bit on another processor.
            steps = np.array(arrays["entropy_steps"], dtype=np.float64)
            lines = tuple(str(line) for line in meta["partners_found"])
        except InputError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(error) from None
        if steps.shape != model.entropy_steps.shape:
            shape = model.entropy_steps.shape
            raise InputError(f"stored model: entropy_steps has shape {steps.shape}, must be {shape}")
        model._set(entropy_steps=steps, partners_found=lines)
        return model

    def showing(self, numbers: Mapping[str, float]) -> Model:
        """Return the same model, bit by bit, with these numbers among the parameters that reports show."""
        meta, arrays = self.pack()
        return type(self).unpack({**meta, "parameters": {**meta["parameters"], **numbers}}, arrays)

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"a Model cannot be changed (tried to set {key!r}); make a new one")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"a Model cannot be changed (tried to delete {key!r}); make a new one")

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).unpack, self.pack())

    def __repr__(self) -> str:
        shape = " x ".join(str(n) for n in self.dims)
        lines = [f"Model {self.name!r}: dimension {self.dimension} ({shape})"]
        if self.parameters:
            lines.append("  parameters: " + ", ".join(f"{key} = {value}" for key, value in self.parameters.items()))
        for index, bath in enumerate(self.reservoirs):
            members = [c.name for c, r in zip(self.channels, self.reservoir_index, strict=True) if r == index]
            beta = "no temperature" if bath.beta is None else f"beta = {bath.beta:g}"
            lines.append(f"  reservoir {bath.name} ({beta}): {', '.join(members)}")
        lines += [f"  {line}" for line in self.partners_found]
        lines += [f"  remark: {line}" for line in self.remarks]
        return "\n".join(lines)


def _total_loss(operators: Array) -> Array:
    """Return sum_k L_k^dagger L_k of K operators (K, d, d), exactly Hermitian (d, d)."""
    loss = full(sum(products_of_adjoints(operators)))
    return 0.5 * (loss + dagger(loss))


def _resolved(channels: Sequence[Channel], operators: Array, partner: NDArray[np.int64]) -> list[Channel]:
    """Return the channels with their partners and the operators in the chosen phases."""
    names = [channel.name for channel in channels]
    undoing = ["none" if p == ONE_WAY else names[p] for p in partner]
    return [replace(c, operator=operators[k], partner=undoing[k]) for k, c in enumerate(channels)]
