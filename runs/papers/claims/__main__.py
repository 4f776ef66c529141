"""Compute what the papers claim and print the table: `python runs/papers/claims [--json]`.

Every printed number, statement and formula of the four papers beside the value that comes out, with a verdict
(reproduced, printed truncated, not reproduced at the printed parameters, formula misprinted), the condition under which
a failing statement holds, and the test that covers it. A few seconds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from claims import claims

from trajectories.model.conversion import json_value


def main(words: Sequence[str] | None = None) -> int:
    """Print the table as text, or as JSON with --json."""
    parser = argparse.ArgumentParser(prog="python runs/papers/claims", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args(words)
    found = claims()
    print(json.dumps(json_value(found.json()), indent=2, allow_nan=False) if arguments.json else found.text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
