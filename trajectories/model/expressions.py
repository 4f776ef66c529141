"""Operators written as text, for observables in run files."""

from __future__ import annotations

import ast
import math
import operator
import re
from typing import TYPE_CHECKING

import numpy as np

from trajectories.errors import InputError, listing, nearest
from trajectories.model.calculator import Calculation
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

if TYPE_CHECKING:
    from trajectories.model.model import Model

SPINS = {"sx": sigma_x, "sy": sigma_y, "sz": sigma_z, "sm": sigma_minus, "sp": sigma_plus}


def _same_kind(left: Array | complex, right: Array | complex) -> tuple[Array | complex, Array | complex]:
    """Return both, a number beside an operator as that multiple of the identity."""
    if isinstance(left, np.ndarray) != isinstance(right, np.ndarray):
        one = identity(len(left if isinstance(left, np.ndarray) else right))  # type: ignore[arg-type]
        left = left if isinstance(left, np.ndarray) else left * one
        right = right if isinstance(right, np.ndarray) else right * one
    return left, right


def _product(left: Array | complex, right: Array | complex) -> Array | complex:
    both = isinstance(left, np.ndarray) and isinstance(right, np.ndarray)
    return left @ right if both else left * right  # type: ignore[operator]


def _quotient(left: Array | complex, right: Array | complex) -> Array | complex:
    if isinstance(right, np.ndarray):
        raise ArithmeticError("only division by a number is allowed, not by an operator")
    if right == 0:
        raise ArithmeticError("division by zero; the divisor must be a number other than 0")
    return left / right


class OperatorExpression(Calculation):
    """A checked operator expression: values are operators (d, d) or complex numbers."""

    noun = "an operator expression"
    example = "n1 + 0.5*sx2"
    number = complex
    operations = {
        ast.Add: lambda left, right: operator.add(*_same_kind(left, right)),
        ast.Sub: lambda left, right: operator.sub(*_same_kind(left, right)),
        ast.Mult: _product,
        ast.Div: _quotient,
        ast.USub: operator.neg,
        ast.UAdd: lambda value: value,
    }
    functions = {"dag": lambda value: dagger(value) if isinstance(value, np.ndarray) else value.conjugate()}


def expression(text: str, model: Model, where: str = "operator") -> Array:
    """Return the operator (d, d) that a text means, for instance "n1 + n2" or "1j*(sp1*sm2 - sm1*sp2)".

    Names: ``H`` (the Hamiltonian), ``I`` (the identity), ``n1`` (number operator of subsystem 1; subsystems are
    numbered from 1), ``a3`` (annihilation operator), ``sx1 sy1 sz1 sm1 sp1`` (qubits only), ``P_01`` (projector on the
    basis state labelled 01, of the computational basis or else of a basis the model offers). Also numbers, ``1j``,
    ``+``, ``-``, ``*`` (operator product, or a multiple), ``/`` by a number, brackets, ``dag(...)``. A number added to
    an operator stands for that multiple of the identity. The operator need not be Hermitian.

    where: its place in messages. Raises InputError naming the part that is not understood.
    """
    calculation = OperatorExpression.parse(text, where)
    with np.errstate(all="ignore"):
        value = calculation.value(lambda name: _named(name, calculation.place, model))
    result = value if isinstance(value, np.ndarray) else value * identity(math.prod(model.dims))
    if not np.all(np.isfinite(result)):
        raise InputError(f"{calculation.place}: the result is not finite; every number must be finite")
    return np.asarray(result)


def _named(name: str, where: str, model: Model) -> Array:
    if name == "H":
        return np.array(model.hamiltonian)
    if name == "I":
        return identity(math.prod(model.dims))
    if name.startswith("P_"):
        return _projector(name[2:], where, model)
    parts = re.fullmatch(r"(n|a|sx|sy|sz|sm|sp)([0-9]+)", name)
    if parts is None:
        known = _known(model)
        raise InputError(
            f"{where}: unknown name {name!r}; {nearest(name, known)}known: {', '.join(known)}, P_<state>, dag(...)"
        )
    kind, site = parts.group(1), int(parts.group(2)) - 1
    if not 0 <= site < len(model.dims):
        raise InputError(f"{where}: {name!r} names subsystem {site + 1}; there are subsystems 1 to {len(model.dims)}")
    d = model.dims[site]
    if kind == "n":
        return embed(number(d), site, model.dims)
    if kind == "a":
        return embed(destroy(d), site, model.dims)
    if d != 2:
        raise InputError(f"{where}: {name!r} is for qubits, but subsystem {site + 1} has dimension {d}; use n or a")
    return embed(SPINS[kind](), site, model.dims)


def _projector(label: str, where: str, model: Model) -> Array:
    if label in model.states:
        ket = basis(len(model.states), model.states.index(label))
        return np.outer(ket, ket.conj())
    for vectors, labels in model.bases.values():
        if label in labels:
            ket = vectors[:, labels.index(label)]
            return np.outer(ket, ket.conj())
    known = list(model.states) + [name for _, labels in model.bases.values() for name in labels]
    raise InputError(f"{where}: no basis state is labelled {label!r}; known: {listing(dict.fromkeys(known), 40)}")


def _known(model: Model) -> list[str]:
    names = ["H", "I"]
    for site, d in enumerate(model.dims, start=1):
        names += [f"{kind}{site}" for kind in ("n", "a")]
        if d == 2:
            names += [f"{kind}{site}" for kind in SPINS]
    return names
