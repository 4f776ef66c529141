"""Public names have numpydoc docstrings, and the examples in them run."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trajectories
from trajectories import exact
from trajectories.report.tables import Report
from trajectories.sampling.replay import Replay

ROOT = Path(__file__).parents[2]
MODEL_CLASSES = (trajectories.Model, trajectories.Channel, trajectories.Reservoir, trajectories.Detection)
CLASSES = (*MODEL_CLASSES, trajectories.Result, Replay, Report)


@cache
def example() -> trajectories.Result:
    """A small run of the diamond, from which examples begin."""
    model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    return trajectories.run(model, duration=2, times=[1, 2], trajectories=640, seed=1)


def public() -> Iterator[tuple[str, Any]]:
    """Yield public functions and classes, and the methods of the classes, by their names."""
    functions = [getattr(trajectories, name) for name in (*trajectories.__all__, "open")]
    for thing in [*functions, *(getattr(exact, name) for name in exact.__all__), Replay, Report]:
        if not inspect.ismodule(thing):
            yield thing.__qualname__, thing
    for own in CLASSES:
        for name, member in inspect.getmembers(own):
            if not name.startswith("_") and (inspect.isfunction(member) or inspect.ismethod(member)):
                yield f"{own.__name__}.{name}", member


PUBLIC = dict(public())
INSIDE = ("of", "pack", "unpack", "showing")  # methods that the package itself calls: a summary is enough


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs").symlink_to(ROOT / "runs")
    monkeypatch.chdir(tmp_path)
    names = {"trajectories": trajectories, "exact": exact, "np": np, "example": example}
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in finder.find(PUBLIC[name], name, globs=names):
        runner.run(test)
    assert not runner.failures


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings_have_the_sections_of_numpydoc(name: str) -> None:
    """A summary of one line; Parameters where there are any, each named; Returns; Examples."""
    thing = PUBLIC[name]
    text = inspect.getdoc(thing) or ""
    summary, _, rest = text.partition("\n")
    assert summary.endswith((".", ":")) and not rest.partition("\n")[0], summary
    if name.rpartition(".")[2] in INSIDE:
        return
    sections = {
        line for line, below in zip(text.split("\n"), text.split("\n")[1:], strict=False) if set(below) == {"-"}
    }
    assert "Examples" in sections
    if inspect.isclass(thing):
        return
    named = [p for p in inspect.signature(thing).parameters.values() if p.name not in ("self", "cls")]
    assert ("Parameters" in sections) == bool(named)
    for parameter in named:
        assert parameter.name in text.partition("Parameters")[2].partition("Returns")[0], parameter.name
    assert "Returns" in sections
