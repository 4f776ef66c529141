"""Arithmetic written as text in run files: numbers, names, functions, operations and parentheses.

Python's parser makes the tree and only trees of these parts are taken; nothing is ever executed. Formulas and operator
expressions are the two kinds of Calculation.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar, Self

from trajectories.errors import InputError, listing, nearest, show

LONGEST = 2000
DEEPEST = 200
NAME = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.\w+)*")


@dataclass(frozen=True, eq=False)
class Calculation:
    """A checked text. text: as written; where: its place in messages.

    Class variables: noun and example, for messages; number, the type of a constant; operations by the parser's node
    type, whose ArithmeticErrors become InputErrors; functions of one number; folded, functions of two numbers that take
    two arguments or more; constants by name.
    """

    text: str
    where: str
    _tree: ast.expr
    _order: tuple[str, ...]

    noun: ClassVar[str]
    example: ClassVar[str]
    number: ClassVar[type[Any]]
    operations: ClassVar[Mapping[type[ast.AST], Callable[..., Any]]]
    functions: ClassVar[Mapping[str, Callable[..., Any]]]
    folded: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    constants: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Check a text. where: its place in messages, such as "run.toml: [derived] g".

        Raises InputError for a text that is no such calculation and for an unknown function.
        """
        place = f"{where} = {show(text)}"
        order: list[str] = []
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
            raise InputError(f'{place}: must be {cls.noun} such as "{cls.example}", of at most {LONGEST} characters')

        def numbered(match: re.Match[str]) -> str:
            # Python would not take `population.00` or `lambda` for names.
            order.append(match.group())
            return f"_{len(order) - 1}"

        source = NAME.sub(numbered, text.strip().replace("\n", " "))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                calculation = cls(text, where, ast.parse(source, mode="eval").body, tuple(order))
            calculation._check(calculation._tree)
        except InputError:
            raise
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else type(error).__name__
            raise InputError(f'{place}: is not {cls.noun}: {reason}; must be such as "{cls.example}"') from None
        return calculation

    @property
    def place(self) -> str:
        """The formula with its location, for messages."""
        return f"{self.where} = {show(self.text)}"

    @property
    def names(self) -> frozenset[str]:
        """The names that need a value."""
        return frozenset(self._order) - {*self.constants, *self.functions, *self.folded}

    @property
    def spelling(self) -> str:
        """The text as Python would write it: the same for other spaces, needless parentheses, 1e-2 or 0.01."""
        return self._spelt(self._tree)

    def value(self, value_of: Callable[[str], Any]) -> Any:
        """Return the value. value_of: gives the value of each of `names`."""
        try:
            return self._value(self._tree, value_of)
        except ArithmeticError as error:
            raise InputError(f"{self.place}: {error}") from None

    def _check(self, node: ast.AST, depth: int = 0) -> None:
        """Raise InputError or SyntaxError for a part that is not allowed, or one too deep."""
        if depth > DEEPEST:
            raise SyntaxError(f"more than {DEEPEST} operations one inside another, as in long sums without parentheses")
        match node:
            case ast.Constant(value=int() | float() | complex()) if not isinstance(node.value, bool):
                try:
                    self.number(node.value)
                except TypeError:  # an imaginary number
                    raise SyntaxError(f"'{self._spelt(node)}' is not allowed") from None
            case ast.Name(id=code):
                if self._name(code) in {*self.functions, *self.folded}:
                    raise InputError(f"{self.place}: {self._name(code)} must have its argument in parentheses")
            case ast.UnaryOp() if type(node.op) in self.operations:
                self._check(node.operand, depth + 1)
            case ast.BinOp(op=ast.BitXor()) if ast.Pow in self.operations:
                raise InputError(f"{self.place}: ^ is no operation here: must be ** for a power")
            case ast.BinOp() if type(node.op) in self.operations:
                self._check(node.left, depth + 1)
                self._check(node.right, depth + 1)
            case ast.Call(func=ast.Name(id=code), keywords=[]):
                self._check_call(self._name(code), len(node.args))
                for argument in node.args:
                    self._check(argument, depth + 1)
            case _:
                raise SyntaxError(f"'{self._spelt(node)}' is not allowed")

    def _check_call(self, name: str, arguments: int) -> None:
        known = [*self.functions, *self.folded]
        if name not in known:
            raise InputError(f"{self.place}: unknown function {name}; {nearest(name, known)}known are {listing(known)}")
        if arguments < 2 if name in self.folded else arguments != 1:
            wanted = "two arguments or more" if name in self.folded else "one argument"
            raise InputError(f"{self.place}: {name} must have {wanted}")

    def _value(self, node: ast.expr, value_of: Callable[[str], Any]) -> Any:
        match node:
            case ast.Constant():
                return self.number(node.value)
            case ast.Name(id=code):
                name = self._name(code)
                return self.constants[name] if name in self.constants else value_of(name)
            case ast.UnaryOp():
                return self.operations[type(node.op)](self._value(node.operand, value_of))
            case ast.BinOp():
                left, right = self._value(node.left, value_of), self._value(node.right, value_of)
                return self.operations[type(node.op)](left, right)
            case ast.Call(func=ast.Name(id=code)):
                name, arguments = self._name(code), [self._value(argument, value_of) for argument in node.args]
                return reduce(self.folded[name], arguments) if name in self.folded else self.functions[name](*arguments)
        raise TypeError(node)

    def _name(self, code: str) -> str:
        return self._order[int(code[1:])]

    def _spelt(self, node: ast.AST) -> str:
        return re.sub(r"(?<!\w)_(\d+)", lambda match: self._order[int(match.group(1))], ast.unparse(node))
