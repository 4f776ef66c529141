"""The rule that judges the papers' claims, on invented numbers, and the table it fills."""

from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from claim import MISPRINTED, NOT_REPRODUCED, REPRODUCED, TRUNCATED, Claim, verdict
from claims import Claims, claims

from trajectories.model.conversion import json_value

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "runs" / "papers" / "claims"
PAPERS = [p for p in FOLDER.glob("*.py") if p.stem not in ("__main__", "claim", "claims")]


@cache
def table() -> Claims:
    return claims()


@pytest.mark.parametrize(
    ("printed", "computed", "expected"),
    [
        ("0.25", 0.2549, REPRODUCED),  # rounded
        ("0.25", 0.2451, REPRODUCED),  # rounded upwards
        ("0.25", 0.2551, TRUNCATED),  # rounds to 0.26, begins with 0.25
        ("0.25", 0.2449, NOT_REPRODUCED),  # rounds to 0.24, and cutting does not give 0.25 either
        ("0.25", 0.2601, NOT_REPRODUCED),
        ("0.250", 0.2509, TRUNCATED),  # a printed zero is a digit
        ("21.4", 21.49, TRUNCATED),
        ("21.5", 21.49, REPRODUCED),
        ("-0.25", -0.2559, TRUNCATED),
        ("5", 5.4, REPRODUCED),
        ("5", 5.6, TRUNCATED),
        ("1.6e-3", 1.64e-3, REPRODUCED),
        ("1.6e-3", 1.66e-3, TRUNCATED),
        ("1.6e-3", 1.64e-2, NOT_REPRODUCED),
        ("1/3", 1 / 3 + 1e-8, REPRODUCED),
        ("1/3", 0.3333, NOT_REPRODUCED),  # a ratio is exact: it is never "truncated"
        ("0.1", math.inf, NOT_REPRODUCED),
        ("0.1", math.nan, NOT_REPRODUCED),
        (True, True, REPRODUCED),
        (True, False, NOT_REPRODUCED),
        (True, 1.0, NOT_REPRODUCED),  # a number is no statement
    ],
)
def test_numbers_and_statements(printed: str | bool, computed: float | bool, expected: str) -> None:
    assert verdict(printed, computed) == expected


@pytest.mark.parametrize(
    ("printed", "corrected", "expected"),
    [
        (2.0, None, REPRODUCED),
        (2.0 * (1 + 0.9e-6), 3.0, REPRODUCED),  # within the tolerance, whatever the "correction" says
        (2.0 * (1 + 1.1e-6), 2.0, MISPRINTED),
        (1.0, 2.0, MISPRINTED),
        (1.0, 2.1, NOT_REPRODUCED),  # a correction that is wrong too explains nothing
        (1.0, None, NOT_REPRODUCED),
        (-2.0, 2.0, MISPRINTED),
    ],
)
def test_formulas(printed: float, corrected: float | None, expected: str) -> None:
    assert verdict(printed, 2.0, corrected) == expected


def test_a_wrong_number_would_be_found_out() -> None:
    """Every printed number of the table, changed in its last digits, gets the failing verdict."""
    numbers = [claim for claim in table().claims if isinstance(claim.printed, str) and "/" not in claim.printed]
    assert len(numbers) > 12
    for claim in numbers:
        digits, _, exponent = str(claim.printed).partition("e")
        step = 10.0 ** -len(digits.partition(".")[2])
        wrong = f"{float(digits) + 2 * step:.{len(digits.partition('.')[2])}f}" + (f"e{exponent}" if exponent else "")
        assert verdict(wrong, claim.computed) == NOT_REPRODUCED, claim


def test_no_verdict_is_written_down() -> None:
    """The words of the verdicts stand in the rule's own module only, and no claim is given one."""
    for path in PAPERS:
        strings = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
        for words in (REPRODUCED, TRUNCATED, MISPRINTED, NOT_REPRODUCED):
            assert not [text for text in strings if isinstance(text, str) and words in text], path
    assert "verdict" not in Claim.__dataclass_fields__


def test_no_computed_value_is_written_down() -> None:
    """`computed` is never a literal: the values come from calls."""
    found = 0
    for path in PAPERS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Claim":
                found += 1
                assert not isinstance(node.args[4], ast.Constant), ast.unparse(node)
    assert found > 50


def test_every_claim_names_a_test_that_exists() -> None:
    for claim in table().claims:
        file, _, name = claim.test.partition("::")
        functions = {
            node.name for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.FunctionDef)
        }
        assert name in functions, claim.test
        assert claim.paper and claim.where and claim.claim


def test_what_fails_says_when_it_holds() -> None:
    failing = [claim for claim in table().claims if claim.verdict in (NOT_REPRODUCED, MISPRINTED)]
    assert failing and all(claim.condition for claim in failing)


def printed(*words: str) -> str:
    """What the script prints."""
    done = subprocess.run([sys.executable, str(FOLDER), *words], capture_output=True, text=True, check=True)
    return done.stdout


def test_json_is_strict() -> None:
    text = printed("--json")
    found = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert set(found) == {"claims", "verdicts"}
    assert sum(found["verdicts"].values()) == len(found["claims"]) == len(table().claims)
    assert {"paper", "where", "claim", "printed", "computed", "corrected", "verdict", "condition", "test"} == set(
        found["claims"][0]
    )
    assert all(type(claim["computed"]) in (float, bool) for claim in found["claims"])
    # Computed once more, the table is the same: to rounding, since sums in sparse factorisations depend on alignment.
    again = json.loads(json.dumps(json_value(table().json()), allow_nan=False))
    for claim, other in zip(found["claims"], again["claims"], strict=True):
        assert claim.pop("computed") == pytest.approx(other.pop("computed"), rel=1e-13)
        assert claim == other


def test_the_table_is_text() -> None:
    text = printed()
    assert text.rstrip("\n") == table().text()
    assert max(map(len, text.splitlines())) <= 130
    for claim in table().claims:
        assert f"  {claim.verdict}: {claim.where}\n" in text and claim.test in text
    assert text.splitlines()[-1].startswith(f"{len(table().claims)} claims: ")
