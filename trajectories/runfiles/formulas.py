"""Formulas as run files write them: "0.16 * p_c", "heat_current.c / abs(heat_current.h)".

Real arithmetic on numbers and names: + - * / **, parentheses, pi, inf, and sqrt exp log tanh coth sinh cosh abs min
max. A name may have parts with points between them (`population.00`).
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from trajectories.errors import InputError, listing, nearest
from trajectories.model.calculator import Calculation

LARGEST_POWER = 100.0


def _power(base: Any, exponent: Any) -> Any:
    if np.any(np.abs(exponent) > LARGEST_POWER):
        raise ArithmeticError(f"the exponent of a power must be from -{LARGEST_POWER:g} to {LARGEST_POWER:g}")
    return np.power(np.asarray(base, float), exponent)


@dataclass(frozen=True, eq=False)
class Formula(Calculation):
    """A checked formula over numbers or arrays."""

    noun = "a formula"
    example = "0.16 * p_c"
    number = np.float64
    operations = {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: np.divide,
        ast.Pow: _power,
        ast.USub: operator.neg,
        ast.UAdd: operator.pos,
    }
    functions = {
        "sqrt": np.sqrt,
        "exp": np.exp,
        "log": np.log,
        "tanh": np.tanh,
        "coth": lambda x: 1.0 / np.tanh(x),
        "sinh": np.sinh,
        "cosh": np.cosh,
        "abs": np.abs,
    }
    folded = {"min": np.minimum, "max": np.maximum}
    constants = {"pi": math.pi, "inf": math.inf}

    def evaluate(self, values: Mapping[str, ArrayLike]) -> np.ndarray:
        """Return the formula's value, in the shape to which the values of its names broadcast, float64.

        Where the value does not exist (a division 0/0, the root of a negative number) it is nan. Raises InputError for
        a name without a value, naming the nearest one.
        """
        for name in sorted(self.names):
            if name not in values:
                known = [str(key) for key in values]
                raise InputError(
                    f"{self.place}: unknown name {name}; {nearest(name, known)}known are {listing(known, 40) or 'none'}"
                )
        with np.errstate(all="ignore"):
            return np.asarray(self.value(lambda name: np.asarray(values[name], float)), float)
