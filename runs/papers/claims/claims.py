"""What the papers claim, computed: every number, statement and formula beside the value that it should have.

A claim is one of three: a number with the digits it is printed with, a statement that holds or fails on a stated grid,
a printed formula evaluated at a point. One rule, `verdict`, judges them all from the printed value, the computed one
and, for formulas, the corrected one; no verdict is written down anywhere.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import Any

from claim import MISPRINTED, NOT_REPRODUCED, REPRODUCED, TRUNCATED, Claim

WIDTH = 118


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
    import brask
    import khandelwal
    import man
    import tacchino

    modules = (tacchino, brask, khandelwal, man)
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
