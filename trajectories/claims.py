"""What the papers claim, computed: every number, statement and formula beside the value that it should have.

A claim is one of three: a number with the digits it is printed with, a statement that holds or fails on a stated grid,
a printed formula evaluated at a point. One rule, `verdict`, judges them all from the printed value, the computed one
and, for formulas, the corrected one; no verdict is written down anywhere.
"""

from __future__ import annotations

import math
import textwrap
from collections import Counter
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

WIDTH = 118


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


@dataclass(frozen=True)
class Claims:
    """The table of all claims."""

    claims: tuple[Claim, ...]

    @property
    def verdicts(self) -> dict[str, int]:
        """How many claims there are of every verdict."""
        found = Counter(claim.verdict for claim in self.claims)
        return {name: found[name] for name in (REPRODUCED, TRUNCATED, NOT_REPRODUCED, MISPRINTED)}

    def json(self) -> dict[str, Any]:
        """Return {"claims": [{"paper", "where", "claim", "printed", "computed", "verdict", ...}], "verdicts"}."""
        return {"claims": [claim.json() for claim in self.claims], "verdicts": self.verdicts}

    def text(self) -> str:
        """Return a table, one block of lines for each claim, paper by paper."""
        lines: list[str] = []
        for paper in dict.fromkeys(claim.paper for claim in self.claims):
            lines += [paper, ""]
            for claim in self.claims:
                if claim.paper == paper:
                    lines += _lines(claim)
            lines.append("")
        counts = ", ".join(f"{number} {name}" for name, number in self.verdicts.items())
        return "\n".join([*lines, f"{len(self.claims)} claims: {counts}"])


def claims() -> Claims:
    """Compute all claims of the four papers, in a few seconds; always the same numbers."""
    from trajectories import claimed_brask, claimed_khandelwal, claimed_man, claimed_tacchino

    modules = (claimed_tacchino, claimed_brask, claimed_khandelwal, claimed_man)
    return Claims(tuple(function() for module in modules for function in module.CLAIMS))


def _lines(claim: Claim) -> list[str]:
    values = [("printed", claim.printed), ("computed", claim.computed), ("corrected", claim.corrected)]
    shown = "  ".join(f"{name} {_shown(value)}" for name, value in values if value is not None)
    lines = [f"  {claim.verdict}: {claim.where}"]
    lines += textwrap.wrap(claim.claim, WIDTH, initial_indent="    ", subsequent_indent="    ")
    lines.append(f"      {shown}")
    if claim.condition:
        lines += textwrap.wrap(claim.condition, WIDTH, initial_indent="      -> ", subsequent_indent="         ")
    return [*lines, f"      {claim.test}"]


def _shown(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.8g}"
