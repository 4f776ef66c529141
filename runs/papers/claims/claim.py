"""One claim of a paper and its verdict, judged by one rule from the printed value and the computed one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

REPRODUCED = "reproduced"


TRUNCATED = "printed truncated"


MISPRINTED = "formula misprinted"


NOT_REPRODUCED = "not reproduced at the printed parameters"


TOLERANCE = 1e-6
"""Relative difference up to which exact expressions and formulas agree with a computed value."""


def verdict(printed: str | float | bool, computed: float | bool, corrected: float | None = None) -> str:
    """The verdict on one claim.

    printed: digits as they stand in the paper ("0.3869", "1.6e-3"), an exact ratio ("1/3"), the value of a printed
    formula (float), or what a statement says (True). computed: what comes out. corrected: the value of the corrected
    formula, where there is one. In this order:

        printed = computed                                    reproduced
        printed = computed, cut after the printed digits      printed truncated
        corrected = computed                                  formula misprinted
        otherwise                                             not reproduced at the printed parameters

    Digits are equal after rounding to as many as are printed; ratios and formulas within 1e-6, relative.
    """
    if _agree(printed, computed):
        return REPRODUCED
    if _digits(printed) and _cut(str(printed), computed, ROUND_DOWN):
        return TRUNCATED
    if corrected is not None and _agree(corrected, computed):
        return MISPRINTED
    return NOT_REPRODUCED


def _digits(printed: str | float | bool) -> bool:
    return isinstance(printed, str) and "/" not in printed


def _agree(printed: str | float | bool, computed: float | bool) -> bool:
    if isinstance(printed, bool) or isinstance(computed, bool):
        return printed is computed
    if _digits(printed):
        return _cut(str(printed), computed, ROUND_HALF_UP)
    exact = float(Fraction(printed)) if isinstance(printed, str) else printed
    return math.isclose(exact, computed, rel_tol=TOLERANCE)


def _cut(printed: str, computed: float, rounding: str) -> bool:
    """Whether the computed value has the printed digits, rounded or truncated to the last of them."""
    wanted = Decimal(printed)
    if not math.isfinite(computed):
        return False
    last = Decimal((0, (1,), int(wanted.as_tuple().exponent)))
    return Decimal(repr(float(computed))).quantize(last, rounding) == wanted


@dataclass(frozen=True)
class Claim:
    """One claim of a paper. printed, computed, corrected: see `verdict`.

    paper: its name. where: equation, figure or sentence. claim: what it says. test: file and function that tests it.
    condition: under which a failing statement holds, or the formula as it should be; computed where it has numbers.
    """

    paper: str
    where: str
    claim: str
    printed: str | float | bool
    computed: float | bool
    test: str
    corrected: float | None = None
    condition: str = ""

    @property
    def verdict(self) -> str:
        return verdict(self.printed, self.computed, self.corrected)

    def json(self) -> dict[str, Any]:
        """All fields and the verdict."""
        names = ("paper", "where", "claim", "printed", "computed", "corrected")
        return {name: getattr(self, name) for name in names} | {
            "verdict": self.verdict,
            "condition": self.condition or None,
            "test": self.test,
        }
