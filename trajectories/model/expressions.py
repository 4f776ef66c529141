"""Operators written as text, for observables in run files."""

from __future__ import annotations

import ast
import difflib
import math
import re
import warnings
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from trajectories.errors import InputError
from trajectories.model.operators import (
    Array,
    basis,
    dagger,
    destroy,
    embed,
    identity,
    number,
    sigma_minus,
    sigma_plus,
    sigma_x,
    sigma_y,
    sigma_z,
)

LONGEST_EXPRESSION = 2000


class HasOperators(Protocol):
    """What `expression` needs to know of a model."""

    @property
    def hamiltonian(self) -> Array: ...
    @property
    def dims(self) -> tuple[int, ...]: ...
    @property
    def states(self) -> tuple[str, ...]: ...
    @property
    def bases(self) -> Mapping[str, tuple[Array, tuple[str, ...]]]: ...


def expression(text: str, model: HasOperators) -> Array:
    """Operator written as text, for observables in run files, e.g. "n1 + n2" or "1j*(sp1*sm2 - sm1*sp2)".

    Names: ``H`` (the Hamiltonian), ``I`` (the identity), ``n1`` (number operator of subsystem 1; subsystems are
    numbered from 1), ``a3`` (annihilation operator), ``sx1 sy1 sz1 sm1 sp1`` (qubits only), ``P_01`` (projector on the
    basis state labelled 01, of the computational basis or else of a basis the model offers). Also numbers, ``1j``,
    ``+``, ``-``, ``*`` (operator product, or a multiple), ``/`` by a number, brackets, ``dag(...)``. A number added to
    an operator stands for that multiple of the identity.

    Returns shape (d, d), not necessarily Hermitian. Raises InputError naming the part that is not understood. The text
    is parsed, never executed.
    """
    if len(text) > LONGEST_EXPRESSION:
        raise InputError(f"operator expression of {len(text)} characters: at most {LONGEST_EXPRESSION} are allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text.strip(), mode="eval")
        with np.errstate(all="ignore"):
            value = _evaluate(tree.body, text, model)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.msg if isinstance(error, SyntaxError) else type(error).__name__
        raise InputError(f"operator expression {text!r}: {reason}; write for example 'n1 + 0.5*sx2'") from None
    result = value if isinstance(value, np.ndarray) else value * identity(math.prod(model.dims))
    if not np.all(np.isfinite(result)):
        raise InputError(f"operator expression {text!r}: the result is not finite; every number must be finite")
    return result


def _evaluate(node: ast.expr, text: str, model: HasOperators) -> Array | complex:
    where = f"operator expression {text!r}"
    match node:
        case ast.Constant(value=(int() | float() | complex()) as number_) if not isinstance(number_, bool):
            return complex(number_)
        case ast.Name(id=name):
            return _named(name, where, model)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            value = _evaluate(operand, text, model)
            return -value if isinstance(node.op, ast.USub) else value
        case ast.Call(func=ast.Name(id="dag"), args=[argument], keywords=[]):
            value = _evaluate(argument, text, model)
            return dagger(value) if isinstance(value, np.ndarray) else value.conjugate()
        case ast.BinOp(left=left, op=operation, right=right):
            return _combine(_evaluate(left, text, model), operation, _evaluate(right, text, model), where, model)
    part = ast.get_source_segment(text.strip(), node) or type(node).__name__
    raise InputError(f"{where}: {part!r} is not allowed; use names, numbers, + - * /, brackets and dag(...)")


def _combine(
    left: Array | complex, operation: ast.operator, right: Array | complex, where: str, model: HasOperators
) -> Array | complex:
    one = identity(math.prod(model.dims))
    match operation:
        case ast.Add() | ast.Sub():
            if isinstance(left, np.ndarray) != isinstance(right, np.ndarray):
                left = left if isinstance(left, np.ndarray) else left * one
                right = right if isinstance(right, np.ndarray) else right * one
            return left + right if isinstance(operation, ast.Add) else left - right
        case ast.Mult():
            both = isinstance(left, np.ndarray) and isinstance(right, np.ndarray)
            return left @ right if both else left * right  # type: ignore[operator]
        case ast.Div():
            if isinstance(right, np.ndarray):
                raise InputError(f"{where}: only division by a number is allowed, not by an operator")
            if right == 0:
                raise InputError(f"{where}: division by zero; the divisor must be a number other than 0")
            return left / right
    raise InputError(f"{where}: operation {type(operation).__name__} is not allowed; use + - * and / by a number")


def _named(name: str, where: str, model: HasOperators) -> Array:
    if name == "H":
        return np.array(model.hamiltonian)
    if name == "I":
        return identity(math.prod(model.dims))
    if name.startswith("P_"):
        return _projector(name[2:], where, model)
    found = re.fullmatch(r"(n|a|sx|sy|sz|sm|sp)([0-9]+)", name)
    if found is None:
        near = difflib.get_close_matches(name, _known(model), n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise InputError(
            f"{where}: unknown name {name!r}{hint}; known: {', '.join(_known(model))}, P_<state>, dag(...)"
        )
    kind, site = found.group(1), int(found.group(2)) - 1
    if not 0 <= site < len(model.dims):
        raise InputError(f"{where}: {name!r} names subsystem {site + 1}; there are subsystems 1 to {len(model.dims)}")
    d = model.dims[site]
    if kind == "n":
        return embed(number(d), site, model.dims)
    if kind == "a":
        return embed(destroy(d), site, model.dims)
    if d != 2:
        raise InputError(f"{where}: {name!r} is for qubits, but subsystem {site + 1} has dimension {d}; use n or a")
    spins = {"sx": sigma_x, "sy": sigma_y, "sz": sigma_z, "sm": sigma_minus, "sp": sigma_plus}
    return embed(spins[kind](), site, model.dims)


def _projector(label: str, where: str, model: HasOperators) -> Array:
    if label in model.states:
        ket = basis(len(model.states), model.states.index(label))
        return np.outer(ket, ket.conj())
    for vectors, labels in model.bases.values():
        if label in labels:
            ket = vectors[:, labels.index(label)]
            return np.outer(ket, ket.conj())
    known = list(model.states) + [name for _, labels in model.bases.values() for name in labels]
    shown = ", ".join(dict.fromkeys(known[:40])) + (", ..." if len(known) > 40 else "")
    raise InputError(f"{where}: no basis state is labelled {label!r}; known: {shown}")


def _known(model: HasOperators) -> list[str]:
    names = ["H", "I"]
    for site, d in enumerate(model.dims, start=1):
        names += [f"{kind}{site}" for kind in ("n", "a")]
        if d == 2:
            names += [f"{kind}{site}" for kind in ("sx", "sy", "sz", "sm", "sp")]
    return names
