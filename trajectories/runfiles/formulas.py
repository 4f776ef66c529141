"""Formulas as run files write them: "0.16 * p_c", "heat_current.c / abs(heat_current.h)".

Real arithmetic on numbers and names: + - * / **, parentheses, pi, inf, and sqrt exp log tanh coth sinh cosh abs min
max. A name may have parts with points between them (`population.00`). Nothing is ever executed: Python's parser makes
a tree, and only trees of these parts are formulas.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from trajectories.errors import InputError, listing, nearest, show

LONGEST = 1000
DEEPEST = 100
LARGEST_POWER = 100.0
CONSTANTS = {"pi": math.pi, "inf": math.inf}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "coth": lambda x: 1.0 / np.tanh(x),
    "sinh": np.sinh,
    "cosh": np.cosh,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
}
MANY = ("min", "max")
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.divide,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
NAME = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.\w+)*")
SMALL_STEP = 1e-3  # of a standard error: beyond it a formula may bend


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula that was checked. text: as written; where: what messages call it; names: the values it needs."""

    text: str
    where: str
    names: frozenset[str]
    _tree: ast.expr
    _order: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, where: str) -> Formula:
        """Check a formula. where: what messages call it, such as "run.toml: [derived] g".

        Raises InputError for what is no formula and for an unknown function.
        """
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
            raise InputError(f'{where} = {show(text)}: must be a formula such as "0.16 * p_c"')
        order: list[str] = []

        def numbered(match: re.Match[str]) -> str:
            # Python would not take `population.00` or `lambda` for names.
            order.append(match.group())
            return f"_{len(order) - 1}"

        source = NAME.sub(numbered, text.strip().replace("\n", " "))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                tree = ast.parse(source, mode="eval").body
            names = _names(tree, order, f"{where} = {show(text)}")
        except InputError:
            raise
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            raise InputError(f'{where} = {show(text)}: is not a formula: must be such as "0.16 * p_c"') from None
        return cls(text, where, frozenset(names), tree, tuple(order))

    @property
    def spelling(self) -> str:
        """The formula as Python would write it: the same for other spaces, needless brackets, 1e-2 or 0.01."""
        return re.sub(r"(?<!\w)_(\d+)", lambda match: self._order[int(match.group(1))], ast.unparse(self._tree))

    def evaluate(self, values: Mapping[str, ArrayLike]) -> np.ndarray:
        """The formula's value, in the shape to which the values of its names broadcast, float64.

        Where it does not exist (a division 0/0, the root of a negative number) it is nan. Raises InputError for a
        name without a value, naming the nearest one.
        """
        for name in sorted(self.names):
            if name not in values:
                known = [str(key) for key in values]
                raise InputError(
                    f"{self.where} = {show(self.text)}: unknown name {name}; {nearest(name, known)}"
                    f"known are {listing(known, 40) or 'none'}"
                )
        with np.errstate(all="ignore"):
            return np.asarray(self._value(self._tree, values), float)

    def contributions(self, values: Mapping[str, ArrayLike], errors: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
        """What the standard error of each name adds to the formula's, df/dx times it, with its sign.

        errors: standard errors by name, those that are missing are zero. Derivatives are central differences over a
        thousandth of the error. For errors that are independent the formula's is the root of the sum of the squares.
        """
        found = {}
        for name in sorted(self.names & set(errors)):
            centre, error = np.asarray(values[name], float), np.asarray(errors[name], float)
            ends = [self.evaluate({**values, name: centre + sign * SMALL_STEP * error}) for sign in (1.0, -1.0)]
            found[name] = (ends[0] - ends[1]) / (2.0 * SMALL_STEP)
        return found

    def standard_error(self, values: Mapping[str, ArrayLike], errors: Mapping[str, ArrayLike]) -> np.ndarray:
        """Standard error of the formula for independent errors of its names, to first order in them."""
        parts = self.contributions(values, errors).values()
        return np.asarray(np.sqrt(sum((part**2 for part in parts), np.zeros(()))))

    def _value(self, node: ast.expr, values: Mapping[str, ArrayLike]) -> Any:
        if isinstance(node, ast.Constant):
            return np.float64(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            name = self._order[int(node.id[1:])]
            return CONSTANTS[name] if name in CONSTANTS else np.asarray(values[name], float)
        if isinstance(node, ast.UnaryOp):
            return OPERATORS[type(node.op)](self._value(node.operand, values))
        if isinstance(node, ast.Call):
            function = FUNCTIONS[self._order[int(node.func.id[1:])]]  # type: ignore[attr-defined]
            arguments = [self._value(argument, values) for argument in node.args]
            return reduce(function, arguments) if len(arguments) > 1 else function(arguments[0])
        assert isinstance(node, ast.BinOp)
        left, right = self._value(node.left, values), self._value(node.right, values)
        if not isinstance(node.op, ast.Pow):
            return OPERATORS[type(node.op)](left, right)
        if np.any(np.abs(right) > LARGEST_POWER):
            raise InputError(
                f"{self.where} = {show(self.text)}: the exponent of a power must be from "
                f"-{LARGEST_POWER:g} to {LARGEST_POWER:g}"
            )
        return np.power(np.asarray(left, float), right)


def _names(node: ast.AST, order: list[str], where: str, depth: int = 0) -> set[str]:
    """The names in a tree; raises InputError or SyntaxError for a part that no formula has, or one too deep."""
    if depth > DEEPEST:
        raise SyntaxError
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise SyntaxError
        float(node.value)  # an integer may be too large
        return set()
    if isinstance(node, ast.Name):
        name = order[int(node.id[1:])]
        if name in FUNCTIONS:
            raise InputError(f"{where}: {name} is a function: must have its argument in parentheses")
        return set() if name in CONSTANTS else {name}
    if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
        return _names(node.operand, order, where, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
        raise InputError(f"{where}: ^ is no operation of formulas: must be ** for a power")
    if isinstance(node, ast.BinOp) and (type(node.op) in OPERATORS or isinstance(node.op, ast.Pow)):
        return _names(node.left, order, where, depth + 1) | _names(node.right, order, where, depth + 1)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        name = order[int(node.func.id[1:])]
        if name not in FUNCTIONS:
            hint = nearest(name, FUNCTIONS)
            raise InputError(f"{where}: unknown function {name}; {hint}known are {listing(FUNCTIONS)}")
        if len(node.args) < (2 if name in MANY else 1) or (name not in MANY and len(node.args) > 1):
            wanted = "two arguments or more" if name in MANY else "one argument"
            raise InputError(f"{where}: {name} must have {wanted}")
        return set().union(*(_names(argument, order, where, depth + 1) for argument in node.args))
    raise SyntaxError
