"""Further studies of a model or a run file: its plan, its exact values, rare events, single trajectories; and merging.

Each function is the command of the same name. A result prints as a table and has `.json()` for programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trajectories.errors import InputError, kind, spans
from trajectories.model import Model
from trajectories.model.argument_types import file_path, integer, numbers
from trajectories.report.rare_events import Rare
from trajectories.report.result import ResultData, open_result
from trajectories.report.solution import Solution
from trajectories.result import Result
from trajectories.results.merge import merge as merge_files
from trajectories.runfiles.arguments import run_of
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.planning import RunPlan
from trajectories.running.planning import plan as plan_of
from trajectories.sampling.replay import Replay

Source = Model | Run | str | Path


def plan(model: Source, *, changes: Mapping[str, Any] | None = None, **ensemble: Any) -> RunPlan:
    """Return what a run would cost, and what it could resolve, without sampling.

    Parameters
    ----------
    model : Model, Run, str or Path
        A model, a run file or a run, as for `trajectories.run`.
    changes : mapping, optional
        Of a run file: `{"system.beta_A": -1}`.
    **ensemble
        duration, times, trajectories, seed, initial, burn_in, records: as for `trajectories.run`.

    Returns
    -------
    RunPlan
        Sectors, jumps, seconds, memory, file size, resolvable times.

    Raises
    ------
    InputError
        For input that is wrong.

    Examples
    --------
    >>> print(trajectories.plan("runs/diamond.toml").text().partition(":")[0])
    diamond
    """
    return plan_of(jobs_of(_run(model, ensemble, changes)))


def solve(model: Source, *, changes: Mapping[str, Any] | None = None, **ensemble: Any) -> Solution:
    """Return the master equation's values of every quantity of a run, at each point of its sweep.

    Parameters
    ----------
    model, changes, **ensemble
        As for `plan`.

    Returns
    -------
    Solution

    Raises
    ------
    InputError
        For input that is wrong.

    Examples
    --------
    >>> solution = trajectories.solve(trajectories.systems.diamond(beta_A=-2, beta_S=3), duration=6)
    >>> round(solution.json()["points"][0]["rows"][0]["exact"], 4)
    5.8762
    """
    return Solution.of(jobs_of(_run(model, ensemble, changes)))


def rare(
    model: Source,
    u: Sequence[float] | None = None,
    *,
    population: int = 2000,
    repetitions: int = 16,
    windows: int = 256,
    point: int = 0,
    changes: Mapping[str, Any] | None = None,
    **ensemble: Any,
) -> Rare:
    """Estimate lambda(u) and <exp(-Delta S)> where rare trajectories decide them, by cloning a population.

    Parameters
    ----------
    model, changes, **ensemble
        As for `plan`.
    u : sequence of float, optional
        Exponents. Default: from -1 to 2.
    population, repetitions, windows : int
        Trajectories, independent repetitions (for the errors), and times of resampling.
    point : int, default 0
        Point of a sweep.

    Returns
    -------
    Rare

    Raises
    ------
    InputError
        For input that is wrong, and where the entropy production is not defined.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=0, beta_S=1)
    >>> trajectories.rare(model, [0.5], duration=20, seed=1, population=200, repetitions=8).flow[0].u
    0.5
    """
    jobs = jobs_of(_run(model, ensemble, changes), str(point), "point")
    exponents = None if u is None else numbers("u", u).ravel().tolist()
    numbers_asked = integer("population", population), integer("repetitions", repetitions), integer("windows", windows)
    return Rare.of(jobs[0], exponents, *numbers_asked)


def replay(source: ResultData | Run, number: int, point: int = 0) -> Replay:
    """Sample one trajectory again: each is a function of seed, point and number.

    Parameters
    ----------
    source : Result or Run
        A result, or a run from `trajectories.load`.
    number : int
        0, 1, 2, ...
    point : int, default 0
        Point of a sweep.

    Returns
    -------
    Replay
        Jumps, states, heat, entropy production and both path probabilities; prints as a table.

    Raises
    ------
    InputError
        For a number or a point that does not exist.

    Examples
    --------
    >>> run = trajectories.load("runs/diamond.toml")
    >>> trajectories.replay(run, 17).channel_names[:2]
    ['A_up', 'A_up']
    """
    if not isinstance(source, ResultData | Run):
        raise InputError(f"source: is {kind(source)}: must be a Result or a Run")
    if isinstance(source, ResultData):
        return Result.of(source).replay(number, point)
    number, point = integer("number", number), integer("point", point)
    jobs = jobs_of(source)
    if not 0 <= point < len(jobs):
        raise InputError(f"point {point}: {source.name} has the points {spans(range(len(jobs)))}")
    return Replay.of(jobs[point].prepare(), number, name=source.name, seed=source.seed, point=point)


def merge(parts: Iterable[str | Path], output: str | Path, partial: bool = False) -> Result:
    """Make one result file of several: points of a sweep that were run one by one, or more blocks of the same points.

    Parameters
    ----------
    parts : iterable of str or Path
        Result files of the same run.
    output : str or Path
        The merged file; a result of the same run that is there is one more part.
    partial : bool
        Points or blocks may be missing.

    Returns
    -------
    Result
        With the same numbers, bit for bit, as the sweep run in one go.

    Raises
    ------
    InputError
        For files of another run, and for missing points, by name.

    Examples
    --------
    >>> path = "runs/diamond_sweep.toml"
    >>> for p in range(2):
    ...     part = trajectories.run(path, points=p, trajectories=64, output=f"part{p}.h5")
    >>> len(trajectories.merge(["part0.h5", "part1.h5"], "parts.h5", partial=True).points)
    2
    """
    if isinstance(parts, str) or not isinstance(parts, Iterable):
        raise InputError(f"parts: is {kind(parts)}: must be a list of file names")
    path = file_path("output", output)
    merge_files([file_path("parts", part) for part in parts], path, partial)
    return Result.of(open_result(path))


def _run(model: Source, ensemble: Mapping[str, Any], changes: Mapping[str, Any] | None) -> Run:
    usual = {"trajectories": 10_000, "times": []} if isinstance(model, Model) else {}
    return run_of(model, usual | dict(ensemble), None, {} if changes is None else changes)
