"""The README's table of faults names tests that exist, one at least for each fault."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def rows(text: str) -> list[list[str]]:
    """The cells of the table whose first column is called fault, without its heading."""
    table = text.partition("| fault |")[2].partition("\n\n")[0]
    return [line.strip("|").split("|") for line in table.splitlines()[2:]]


def unbacked(table: list[list[str]], known: set[str]) -> list[str]:
    """The faults whose tests are none, or not all there."""
    return [
        fault for fault, _, tests in table if not (named := re.findall(r"`(test_\w+)`", tests)) or set(named) - known
    ]


def test_every_fault_has_a_test_that_exists() -> None:
    known = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }
    table = rows((ROOT / "README.md").read_text())
    assert len(table) >= 15
    assert unbacked(table, known) == []
    # The check can fail: for a test that is not there, and for a row without one.
    assert unbacked(table, known - {"test_a_time_limit_is_survived"}) == [" time limit of the job "]
    assert unbacked([["flood", "", ""]], known) == ["flood"]
