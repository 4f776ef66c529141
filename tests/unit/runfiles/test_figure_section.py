"""The [figure] table: keys and values that are refused in one line, and what is stored of it."""

from __future__ import annotations

from typing import Any

import pytest

from trajectories.errors import InputError
from trajectories.runfiles.figure_section import KEYS, REMOVED, Figure
from trajectories.runfiles.run import Run


def run_of(figure: dict[str, Any], **tables: Any) -> Run:
    tables = {"ensemble": {"trajectories": 64, "duration": 1.0}, "system": {"name": "diamond"}} | tables
    return Run.from_mapping(tables | {"figure": figure, "sweep": {"beta_A": [0.0, 1.0]}}, name="one", source="one.toml")


@pytest.mark.parametrize(
    ("figure", "named"),
    [
        ({"xscale": "logarithmic"}, "one of linear, log"),
        ({"xscale": ["log"]}, "one of linear, log"),
        ({"yscale": ["log", "lin"]}, "one for each panel"),
        ({"ylabel": ["a", 1]}, "a text, or a list of texts"),
        ({"zlabel": 3}, "a text, or a list of texts"),
        ({"caption": 3}, "caption"),
        ({"x": "beta_S"}, r"x = \"beta_S\": must be one of the parameters in \[sweep\], beta_A"),
        ({"formats": []}, "one of them at least"),
        ({"xlable": "a"}, 'did you mean "xlabel"'),
        ({"quantities": ["concurence"]}, 'did you mean "concurrence"'),
    ],
)
def test_wrong_keys_and_values_are_one_line(figure: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named) as raised:
        run_of(figure)
    assert "\n" not in str(raised.value) and "one.toml: [figure]" in str(raised.value)


@pytest.mark.parametrize("key", REMOVED)
def test_removed_keys_say_how_to_draw_such_a_figure(key: str) -> None:
    with pytest.raises(InputError, match=rf"one.toml: \[figure\] {key}: is no longer a key") as raised:
        run_of({key: "concurrence"})
    assert "must be left out; " in str(raised.value) and "\n" not in str(raised.value)
    assert key not in KEYS


def test_x_without_a_sweep_is_refused() -> None:
    with pytest.raises(InputError, match="there is no"):
        Run.from_mapping(
            {
                "system": {"name": "diamond"},
                "ensemble": {"trajectories": 64, "duration": 1.0},
                "figure": {"x": "beta_A"},
            }
        )


def test_a_figure_is_stored_with_its_run() -> None:
    figure = {"x": "beta_A", "ylabel": "heat", "yscale": ["log", "linear"], "caption": "c", "formats": ["pdf"]}
    run = run_of(figure)
    assert run.figure.ylabel == ("heat",) and run.figure.yscale == ("log", "linear")
    again = Run.from_mapping(run.mapping(), name="one")
    assert again.figure == run.figure == Figure.of(run.mapping()["figure"])
    assert Run.from_mapping(run_of({}).mapping()).figure == Figure()
    # A result of an earlier version may have stored keys that are gone.
    assert Figure.of({"title": "t", "curves": "T_c"}) == Figure(title="t")
