"""Fingerprints of a run: everything that determines its numbers, by name, and how two runs differ.

A fingerprint is a value as JSON text ("system.g": "0.3"), or a digest of an array. Operators are digested to the last
bit: a model built twice on one machine is the same. Another processor may round differently, so where digests differ
the stored operators themselves are compared, each element to its own digits.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from trajectories.errors import show
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.schema import canonical_value, is_number

if TYPE_CHECKING:
    from trajectories.model import Model

Fingerprints = dict[str, str]
Packed = tuple[Mapping[str, Any], Mapping[str, np.ndarray]]  # a model as (description, arrays)

OPERATORS = "operators"
OPTIMISED = "optimised"
# Relative to the value or element itself: rounding of formulas, sums of products and rates on another processor.
SAME_VALUE = 1e-15
SAME_ELEMENT = {"hamiltonian": 1e-14, "operators": 1e-12, "time_reversal": 1e-12}
# Of the largest element of a matrix: elements of H below are rounding, whatever their digits. The square of a jump
# operator's element is a rate, so that a difference below can never show.
ROUNDING = {"hamiltonian": 1e-15, "operators": 1e-13, "time_reversal": 1e-13}
MOST_NAMED = 4
DIGEST = "sha256:"
# Parts of a model that change no number, or that have a fingerprint of their own.
LEFT_OUT = ("name", "parameters", "remarks", "partners_found", "states", "bases", "pair", "truncated")


def text_of(value: Any) -> str:
    """Return a value as JSON text, the same for equal numbers."""
    return json.dumps(canonical_value(value), sort_keys=True)


def digest_of(array: ArrayLike) -> str:
    """Return a digest of an array's elements, each to twelve digits of its own.

    Of a matrix, real and imaginary parts below 1e-15 of the largest are zero, as rounding leaves them.
    """
    given = np.asarray(array)
    parts = np.stack([given.real, given.imag]) if np.iscomplexobj(given) else given.astype(float)
    smallest = 1e-15 * np.abs(parts).max(initial=0.0) if given.ndim > 1 else 0.0
    words = ("0" if abs(x) <= smallest else f"{x:.11e}" for x in parts.ravel().tolist())
    return DIGEST + _sha(f"{given.shape} {' '.join(words)}")


def model_digest(model: Model) -> str:
    """Return a digest of everything in a model that determines numbers, to the last bit."""
    return DIGEST + model.digest()


def joint_fingerprint(
    first: Mapping[str, str], run: Mapping[str, Any], numbers: Sequence[int], points: int
) -> Fingerprints:
    """Return the fingerprints of several sweep points as one run, with "points" unless they are the whole sweep.

    first: fingerprints of the first point. run: the run as tables. numbers: indices of the points in the whole sweep.
    The first point's own swept, derived and optimised parameters are replaced by the tables that they come from.
    """
    joined = dict(first)
    if points > 1:
        varying = {*run["sweep"], *(run.get("derived") or {}), *((run.get("optimise") or {}).get("over") or ())}
        fixed = {f"system.{name}": text_of(value) for name, value in run["system"].items()}
        joined = {name: value for name, value in {**joined, **fixed}.items() if _fixed(name, varying)}
        joined |= {f"sweep.{name}": text_of(values) for name, values in run["sweep"].items()}
        for name, formula in (run.get("derived") or {}).items():
            joined[f"derived.{name}"] = text_of(Formula.parse(formula, name).spelling)
        joined |= {f"optimise.{name}": text_of(value) for name, value in (run.get("optimise") or {}).items()}
    all_points = list(numbers) == list(range(points))
    return joined if all_points else joined | {"points": DIGEST + _sha(" ".join(map(str, numbers)))}


def compact(each: Sequence[Mapping[str, str]]) -> dict[str, str | list[str]]:
    """Return fingerprints by name, once where all points have the same."""
    columns = {name: [fingerprints[name] for fingerprints in each] for name in each[0]}
    return {name: values[0] if len(set(values)) == 1 else values for name, values in columns.items()}


def at_point(each: Mapping[str, str | list[str]], place: int) -> Fingerprints:
    """Return the fingerprints of one point, from what `compact` made of all of them."""
    return {name: value if isinstance(value, str) else value[place] for name, value in each.items()}


def couplings_of(each: Mapping[str, str | list[str]], numbers: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return the optimised parameters of points by name, by the numbers of the points.

    each: the points' fingerprints, from `compact`. numbers: of the points.
    """
    names = [name for name in each if name.startswith(f"{OPTIMISED}.")]
    return {
        number: {name.partition(".")[2]: float(json.loads(at_point(each, place)[name])) for name in names}
        for place, number in enumerate(numbers)
    }


def digest(fingerprints: Mapping[str, str]) -> str:
    """Return one digest (hex) of everything that determines the numbers."""
    return _sha(json.dumps(fingerprints, sort_keys=True))


def differing_names(stored: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Return the names whose values differ, in the order of `wanted`; floats may differ in their last bits."""
    return [name for name in {**wanted, **stored} if not _same(stored.get(name), wanted.get(name))]


def describe_differences(
    names: Iterable[str],
    stored: Mapping[str, str],
    wanted: Mapping[str, str],
    stored_run: Mapping[str, Any],
    wanted_run: Mapping[str, Any],
    words: tuple[str, str] = ("in the file", "asked for"),
) -> str:
    """Return the differences in words, such as "system.g: 0.3 in the file, 0.1 asked for".

    stored_run, wanted_run: the runs as tables, for values of which only a digest is stored.
    """
    given = list(names)
    if "ensemble.duration" in given:  # the sample times go with it
        given = [name for name in given if name != "ensemble.times"]
    lines = []
    for name in given:
        values = [
            _given(name, one, run) for one, run in ((stored.get(name), stored_run), (wanted.get(name), wanted_run))
        ]
        lines.append(_difference(name, values[0], values[1], words))
    more = len(lines) - MOST_NAMED
    return "; ".join(lines[:MOST_NAMED] if more > 0 else lines) + (f"; and {more} more" if more > 0 else "")


def stored_model(meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Packed:
    """Return the model of a stored point as `Model.pack` described it."""
    return meta["model"], {name: np.asarray(arrays[f"model.{name}"]) for name in ROUNDING}


def operator_difference(stored: Packed, wanted: Packed) -> str:
    """Return the first difference beyond rounding between two packed models, in words; "" where there is none.

    Elements are equal that agree to twelve digits, fourteen in H; differences that are rounding relative to the
    largest element of a matrix are ignored (`ROUNDING`).
    """
    words = "in the file", "now"
    old_meta, new_meta = (
        json.loads(json.dumps({key: value for key, value in meta.items() if key not in LEFT_OUT}))
        for meta, _ in (stored, wanted)
    )
    for leaf, one, other in _leaves("", old_meta, new_meta, SAME_ELEMENT["operators"]):
        return f"{leaf.removeprefix('.')}: {_both(one, other, words)}"
    for name, rounding in ROUNDING.items():
        old, new = stored[1][name], wanted[1][name]
        if old.shape != new.shape:
            return f"{name}: shape {old.shape} {words[0]}, {new.shape} {words[1]}"
        titles = [f"L of {channel['name']}" for channel in stored[0]["channels"]] if name == "operators" else [name]
        square = (-1, *old.shape[-2:])
        for title, one, other in zip(titles, old.reshape(square), new.reshape(square), strict=True):
            size = np.maximum(np.abs(one), np.abs(other))
            counted = size if name == "hamiltonian" else np.abs(one - other)
            beyond = np.where(counted > rounding * size.max(), np.abs(one - other) - SAME_ELEMENT[name] * size, 0.0)
            if (beyond > 0).any():
                i, j = (int(k) for k in np.unravel_index(np.argmax(beyond), beyond.shape))
                return f"{title}, element ({i}, {j}): {_both(complex(one[i, j]), complex(other[i, j]), words)}"
    return ""


def _fixed(name: str, varying: Collection[str]) -> bool:
    section, _, key = name.partition(".")
    return section != OPTIMISED and (section != "system" or key not in varying)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _same(stored: str | None, wanted: str | None) -> bool:
    if stored is None or wanted is None or stored == wanted or stored.startswith(DIGEST) or wanted.startswith(DIGEST):
        return stored == wanted
    return next(_leaves("", json.loads(stored), json.loads(wanted), SAME_VALUE), None) is None


def _given(name: str, value: str | None, run: Mapping[str, Any]) -> Any:
    """Return the value that the user gave: from the tables where only a digest is stored."""
    if value is None or not value.startswith(DIGEST):
        return None if value is None else json.loads(value)
    section, _, key = name.partition(".")
    return (run.get(section) or {}).get(key, "")


def _difference(name: str, stored: Any, wanted: Any, words: tuple[str, str]) -> str:
    """Return in words the first leaf in which two values of this name differ."""
    for leaf, one, other in _leaves(name, stored, wanted, SAME_VALUE):
        return f"{leaf}: {_both(one, other, words)}"
    return f"{name} differs"


def _leaves(name: str, one: Any, other: Any, same: float) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, value, other value) wherever two nested values differ, floats by more than `same` of their size."""
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield name, f"{len(one)} values", f"{len(other)} values"
            return
        for i, pair in enumerate(zip(one, other, strict=True)):
            yield from _leaves(f"{name}[{i}]", *pair, same)
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {**other, **one}:
            yield from _leaves(f"{name}.{key}", one.get(key), other.get(key), same)
    elif is_number(one) and is_number(other):
        close = isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=same)
        if one != other and not close:
            yield name, one, other
    elif one != other or type(one) is not type(other):
        yield name, one, other


def _both(one: Any, other: Any, words: tuple[str, str]) -> str:
    """Return two values in words, with enough digits to tell them apart."""
    for digits in (8, 17):
        shown = [_shown(value, digits) for value in (one, other)]
        if shown[0] != shown[1]:
            break
    return f"{shown[0]} {words[0]}, {shown[1]} {words[1]}"


def _shown(value: Any, digits: int) -> str:
    if isinstance(value, complex):
        return f"{value:.{digits}g}" if value.imag else _shown(value.real, digits)
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    return "nothing" if value is None else value if isinstance(value, str) else show(value)
