"""Checks of a user's arguments for a model; each raises InputError with the fault, its place and the remedy."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model.operators import Array, as_operator, dagger

FloatArray = NDArray[np.float64]
AnyArray = TypeVar("AnyArray", bound=np.ndarray)
Named = TypeVar("Named")

LARGEST_ELEMENT = 1e60  # fourth powers of expectation values are summed
HERMITICITY = 1e-10
ROUNDING = 32 * np.finfo(float).eps  # of a product of matrices, relative to its largest element
UNITARITY = 1e-9
COMPUTATIONAL = "computational"

_checking: ContextVar[bool] = ContextVar("checking", default=True)


@contextmanager
def without_checks() -> Iterator[None]:
    """Make models without checking them: for many points of a machine of which some have been checked.

    A Model that is made inside has only its hamiltonian, channels, reservoirs, bases and parameters, as they were
    given: what the matrices of a steady state are taken from. Builders go on checking their own parameters.
    """
    token = _checking.set(False)
    try:
        yield
    finally:
        _checking.reset(token)


def checking() -> bool:
    """Return False inside `without_checks`."""
    return _checking.get()


def frozen(array: AnyArray) -> AnyArray:
    """Make an array read-only and return it."""
    array.setflags(write=False)
    return array


def name(value: Any, what: str) -> str:
    """Return a non-empty, printable, single-line name."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InputError(f"{what} name {value!r}: must be a non-empty printable string")
    return value


def real(
    value: Any, where: str, *, finite: bool = True, above: float = -math.inf, least: float = -math.inf, hint: str = ""
) -> float:
    """Return a real number as a float, in the range value > above and value >= least; never nan."""
    bounds = [f"> {above:g}"] * (above > -math.inf) + [f">= {least:g}"] * (least > -math.inf)
    allowed = " ".join([*["finite"] * finite, "number", *bounds]) + (f"; {hint}" if hint else "")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InputError(f"{where} = {value!r} is not a real number; allowed: {allowed}")
    try:
        x = float(value)
    except OverflowError:
        x = math.inf
    if math.isnan(x) or (finite and math.isinf(x)) or (above > -math.inf and x <= above) or x < least:
        raise InputError(f"{where} = {value} is out of range; allowed: {allowed}")
    return x


def whole(value: Any, where: str, least: int) -> int:
    """Return a whole number >= least."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise InputError(f"{where} = {value!r}: must be a whole number >= {least}")
    return int(value)


def _sequence(value: Any, where: str) -> tuple[Any, ...]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise InputError(f"{where}: must be a sequence, not {value!r}")
    return tuple(value)


def subsystems(value: Any, dims: tuple[int, ...]) -> tuple[int, ...]:
    """Return different subsystems, counted from 0."""
    sites = tuple(whole(index, "truncated", 0) for index in _sequence(value, "truncated"))
    if len(set(sites)) < len(sites) or any(index >= len(dims) for index in sites):
        raise InputError(f"truncated = {sites}: must be different subsystems from 0 to {len(dims) - 1}")
    return sites


def hermitian(matrix: Array, where: str, *, small_ones_matter: bool = False) -> Array:
    """Return the matrix, exactly Hermitian, if it is Hermitian to 1e-10 of its largest element, and that is below 1e60.

    small_ones_matter: 1e-10 of each element instead, up to rounding, as in a Hamiltonian of large energies and small
    couplings.
    """
    if np.max(np.abs(matrix)) > LARGEST_ELEMENT:
        raise InputError(f"{where}: has an element of size {np.max(np.abs(matrix)):.3g}: must be at most 1e60")
    deviation = np.abs(matrix - dagger(matrix))
    size = np.abs(matrix)
    allowed = HERMITICITY * np.maximum(size, size.T) + ROUNDING * np.max(size)
    excess = deviation - (allowed if small_ones_matter else HERMITICITY * np.max(size))
    if np.max(excess) > 0:
        i, j = (int(x) for x in np.unravel_index(np.argmax(excess), excess.shape))
        if i == j:
            raise InputError(f"{where}: not Hermitian: diagonal element ({i}, {i}) = {matrix[i, i]:.10g} must be real")
        raise InputError(
            f"{where}: not Hermitian: element ({i}, {j}) = {matrix[i, j]:.10g} must be the complex conjugate of "
            f"element ({j}, {i}) = {matrix[j, i]:.10g}"
        )
    return 0.5 * (matrix + dagger(matrix)) + 0.0


def unitary(value: Any, dimension: int, where: str) -> Array:
    """Return a unitary (d, d) matrix, checked to 1e-9."""
    matrix = as_operator(value, where)
    if matrix.shape[0] != dimension:
        raise InputError(f"{where}: shape {matrix.shape} must be ({dimension}, {dimension}), that of the hamiltonian")
    deviation = np.abs(dagger(matrix) @ matrix - np.eye(dimension))
    if np.max(deviation) > UNITARITY:
        i, j = (int(x) for x in np.unravel_index(np.argmax(deviation), deviation.shape))
        raise InputError(
            f"{where}: not unitary: columns {i} and {j} have the inner product "
            f"{np.vdot(matrix[:, i], matrix[:, j]):.10g}, which must be {int(i == j)} to {UNITARITY:g}"
        )
    return matrix


def dims(value: Sequence[int] | None, dimension: int) -> tuple[int, ...]:
    """Return the levels of each subsystem, with product `dimension`."""
    if value is None:
        return (dimension,)
    levels = tuple(whole(n, f"dims[{i}]", 1) for i, n in enumerate(_sequence(value, "dims")))
    if math.prod(levels) != dimension or not levels:
        raise InputError(f"dims = {levels}: the product is {math.prod(levels)}, must be the dimension {dimension}")
    return levels


def labels(value: Sequence[str] | None, levels: tuple[int, ...], where: str) -> tuple[str, ...]:
    """Return one unique label for each basis state; by default the digits of its levels, joined by _ beyond 9."""
    if value is None:
        joint = "_" if max(levels) > 10 else ""
        return tuple(joint.join(str(n) for n in index) for index in np.ndindex(*levels))
    dimension = math.prod(levels)
    names = tuple(name(label, f"{where}: label") for label in _sequence(value, where))
    if len(names) != dimension:
        raise InputError(f"{where}: {len(names)} labels; must be {dimension}, one for each basis state")
    unique(names, f"{where}: label")
    return names


def unique(names: Sequence[str], what: str) -> None:
    """Refuse a name that appears twice."""
    for label in names:
        if names.count(label) > 1:
            raise InputError(f"{what} {label!r} appears {names.count(label)} times; names must be unique")


def bases(
    value: Mapping[str, tuple[Any, Sequence[str]]], dimension: int
) -> Mapping[str, tuple[Array, tuple[str, ...]]]:
    """Return offered bases: unitaries whose columns are the basis vectors, with labels."""
    checked = {}
    for key, entry in value.items():
        if name(key, "basis") == COMPUTATIONAL:
            raise InputError(f"bases: the name {COMPUTATIONAL!r} is reserved; choose another")
        if not isinstance(entry, Sequence) or len(entry) != 2:
            raise InputError(f"bases[{key!r}]: must be a pair (unitary, labels)")
        vectors = unitary(entry[0], dimension, f"bases[{key!r}]")
        checked[key] = (frozen(vectors), labels(entry[1], (dimension,), f"bases[{key!r}]"))
    return MappingProxyType(checked)


def pair(value: Any, levels: tuple[int, ...]) -> tuple[int, int] | None:
    """Return the two subsystems whose entanglement is meant; None where there is only one subsystem."""
    if value is None or len(levels) == 1:
        return None
    sites = tuple(whole(site, "pair", 0) for site in _sequence(value, "pair"))
    if len(sites) != 2 or sites[0] == sites[1] or max(sites) >= len(levels):
        raise InputError(f"pair = {sites}: must be two different subsystems between 0 and {len(levels) - 1}")
    return (sites[0], sites[1])


def counts(
    value: Mapping[str, Mapping[str, float]], channels: Sequence[str], taken: Sequence[str]
) -> Mapping[str, FloatArray]:
    """Return named counts: weights (K,) of all channels, 0 where none is given. taken: names of other counts."""
    checked = {}
    for key, weights in value.items():
        where = f"counts[{name(key, 'count')!r}]"
        if key in taken:
            raise InputError(f"{where}: this name is that of another count; taken are {', '.join(taken)}")
        if not isinstance(weights, Mapping) or not weights:
            raise InputError(f"{where}: must be a mapping of channels to weights, such as {{{channels[0]!r}: 1}}")
        for channel in weights:
            if channel not in channels:
                raise InputError(f"{where}: there is no channel {channel!r}; known: {', '.join(channels)}")
        vector = np.array([real(weights.get(c, 0.0), f"{where}: weight of {c!r}") for c in channels])
        if not vector.any():
            raise InputError(f"{where}: all weights are 0; at least one must not be")
        checked[key] = frozen(vector)
    return MappingProxyType(checked)


def instances(value: Any, kind: type[Named], where: str) -> tuple[Named, ...]:
    """Return a sequence of instances of a class."""
    items = _sequence(value, where)
    for i, item in enumerate(items):
        if not isinstance(item, kind):
            raise InputError(f"{where}[{i}]: must be a {kind.__name__}, not {type(item).__name__}")
    return items


def plain(value: Any) -> Any:
    """Return a displayed parameter as plain Python: numbers, text, None, or tuples of them."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(plain(item) for item in value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
