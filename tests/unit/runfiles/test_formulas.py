"""Formulas of run files: what they mean, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trajectories.errors import InputError
from trajectories.runfiles.formulas import Formula

VALUES = {"a": 2.0, "b": -3.0, "heat_current.c": 0.5, "population.00": 0.25, "lambda": 7.0, "x_1": 10.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.16 * a", 0.32),
        ("a - b - 1", 4.0),
        ("-a ** 2", -4.0),
        ("2 ** 3 ** 2", 512.0),
        ("(a + 1e-3) / x_1", 0.2001),
        ("heat_current.c / population.00", 2.0),
        ("lambda + .5", 7.5),
        ("sqrt(a) * exp(1) * log(a) * abs(b)", math.sqrt(2) * math.e * math.log(2) * 3),
        ("tanh(a) + coth(a) + sinh(a) + cosh(a)", math.tanh(2) + 1 / math.tanh(2) + math.sinh(2) + math.cosh(2)),
        ("min(a, b, 5) + max(a, pi)", math.pi - 3),
        ("1 / inf", 0.0),
    ],
)
def test_values(text: str, value: float) -> None:
    assert float(Formula.parse(text, "here").evaluate(VALUES)) == pytest.approx(value, rel=1e-14, abs=1e-15)


def test_names_are_what_a_formula_needs() -> None:
    assert Formula.parse("without.concurrence - 2*pi*g_1 + max(g_1, T.h)", "").names == {
        "without.concurrence",
        "g_1",
        "T.h",
    }


def test_arrays_broadcast_and_what_does_not_exist_is_nan() -> None:
    found = Formula.parse("sqrt(x) + y", "").evaluate({"x": np.array([[1.0], [-1.0]]), "y": np.arange(3)})
    np.testing.assert_array_equal(found, [[1, 2, 3], [np.nan] * 3])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "must be a formula"),
        ("1 +", "is not a formula"),
        ("(1", "is not a formula"),
        ("a if b else 1", "is not a formula"),
        ("a[0]", "is not a formula"),
        ("'text'", "is not a formula"),
        ("1j", "is not a formula"),
        ("True and 1", "is not a formula"),
        ("a.__class__()", "unknown function"),
        ("__import__(1)", "unknown function"),
        ("(lambda: 1)()", "is not a formula"),
        ("a = 1", "is not a formula"),
        ("a; b", "is not a formula"),
        ("sqr(a)", 'did you mean "sqrt"'),
        ("sqrt", "parentheses"),
        ("sqrt(a, b)", "one argument"),
        ("max(a)", "two arguments"),
        ("a ^ 2", r"\*\*"),
        ("-" * 900 + "1", "is not a formula"),
        ("1 + " * 600, "must be a formula"),
        ("9" * 400, "is not a formula"),
        ("1if 1else 1", "is not a formula"),
    ],
)
def test_what_is_no_formula(text: str, named: str) -> None:
    with pytest.raises(InputError, match=named) as caught:
        Formula.parse(text, "run.toml: [derived] g").evaluate(VALUES)
    assert str(caught.value).startswith("run.toml: [derived] g") and "\n" not in str(caught.value)


def test_spelling_does_not_depend_on_spaces_brackets_and_digits() -> None:
    first, second, other = (
        Formula.parse(text, "").spelling for text in ("0.01*(p_c) + population.00", "1e-2 * p_c+population.00", "p_c")
    )
    assert first == second == "0.01 * p_c + population.00" and other == "p_c"


def test_unknown_names_and_large_powers() -> None:
    with pytest.raises(InputError, match='unknown name p_d; did you mean "p_c"'):
        Formula.parse("0.1 * p_d", "").evaluate({"p_c": 1.0, "T": 2.0})
    with pytest.raises(InputError, match="exponent"):
        Formula.parse("10 ** 10 ** 10", "").evaluate({})
