"""The commands: each function takes the parsed command line, carries out one command and returns the exit status."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajectories.cli.outputs import draw_or_warn, picture_file, result_file, write_table
from trajectories.cli.terminal import held_before, interruptible, say, stopper, write
from trajectories.counting.stages import stage
from trajectories.errors import InputError
from trajectories.running.progress import ProgressBar

if TYPE_CHECKING:
    from trajectories.report.result import ResultData
    from trajectories.runfiles.job import Jobs
    from trajectories.runfiles.run import Run
    from trajectories.running.signals import Stop
    from trajectories.running.stopping_rule import Rule


def run(arguments: Namespace) -> int:
    """Sample a run file's trajectories, print the report and draw the figure."""
    from trajectories.running.signals import seconds_of

    deadline = time.monotonic() + seconds_of(arguments.walltime) if arguments.walltime else None
    with stopper(deadline, arguments.quiet).listening() as stop:
        return _run(arguments, stop)


def _run(arguments: Namespace, stop: Stop) -> int:
    with stop.interruptible():
        requested = _requested(arguments)
        if isinstance(requested, int):
            return requested
    wanted, output, jobs, rule = requested
    from trajectories.running.driver import execute

    with closing(ProgressBar(not arguments.quiet and sys.stderr.isatty())) as progress:
        result = execute(jobs, output, progress, say, stop, rule)
    stop.deadline = None  # report and figure take a moment
    with stop.interruptible():
        report = result.report()
        if not arguments.quiet:
            print(held_before(progress, output), end="", file=sys.stderr if arguments.json else sys.stdout)
            write(arguments.json, report.json, report.text)
        written = [output]
        if not arguments.no_figure:
            from trajectories.figures.draw import draw

            written += draw_or_warn(
                lambda: draw(result, output.with_suffix(""), formats=wanted.figure.formats, run=wanted)
            )
    if not (arguments.quiet or arguments.json):
        print("written: " + ", ".join(map(str, written)))
    return report.exit_status


def _requested(arguments: Namespace) -> tuple[Run, Path, Jobs, Rule] | int:
    """Return run, output path, jobs and stopping rule; the exit status where nothing is to be sampled."""
    from trajectories.runfiles.run import load

    stage("the run file and its model")
    shortcuts = [("trajectories", arguments.trajectories), ("seed", arguments.seed)]
    changes = arguments.set + [f"ensemble.{key}={value}" for key, value in shortcuts if value is not None]
    wanted = load(arguments.file, changes)
    output = result_file(arguments.output or f"{wanted.name}.h5")
    from trajectories.kernels import compiled_before

    if not arguments.quiet and not compiled_before():
        print("compiling the kernels, once on this machine (about 20 seconds)", file=sys.stderr, flush=True)
    from trajectories.runfiles.job import jobs_of
    from trajectories.running.stopping_rule import Rule

    rule = Rule.parse(arguments.target_error)
    jobs = jobs_of(wanted, arguments.points)
    if arguments.plan:
        from trajectories.running.planning import plan

        estimate = plan(jobs)
        write(arguments.json, estimate.json, estimate.text)
        return 0
    return wanted, output, jobs, rule


def status(arguments: Namespace) -> int:
    """Print the progress of a run."""
    from trajectories.report.status import RunStatus

    progress = RunStatus.of(arguments.file)
    write(arguments.json, progress.json, progress.text)
    return 0


def merge(arguments: Namespace) -> int:
    """Merge several parts of one run into one result."""
    from trajectories.results.merge import merge as merged

    output = result_file(arguments.output)
    summary = merged(arguments.files, output, arguments.partial)
    write(arguments.json, summary.json, summary.text)
    return 0


@interruptible
def report(arguments: Namespace) -> int:
    """Compare a result with the master equation."""
    from trajectories.report.result import open_result

    table = open_result(arguments.file).report()
    write_table(arguments, table.csv, table.json, lambda: table.text(every_time=arguments.every_time))
    return table.exit_status


@interruptible
def solve(arguments: Namespace) -> int:
    """Solve the master equation of a run file, at the parameters that it gives or where a quantity is largest."""
    from trajectories.report.solution import Solution
    from trajectories.runfiles.job import jobs_of
    from trajectories.runfiles.run import load
    from trajectories.runfiles.sections import search_changes

    changes = arguments.set + search_changes(arguments.maximise, arguments.over)
    solution = Solution.of(jobs_of(load(arguments.file, changes)))
    write(arguments.json, solution.json, solution.text)
    return 0


@interruptible
def counting(arguments: Namespace) -> int:
    """Print counting statistics of a run file's steady state, or of a result."""
    from trajectories.report.counting_report import Counting, RecordRequest
    from trajectories.report.result import ResultData
    from trajectories.runfiles.job import jobs_of

    path = picture_file(arguments.output) if arguments.output else None
    request = RecordRequest(
        tuple(arguments.waiting), tuple(arguments.g2), tuple(arguments.spectrum), tuple(arguments.first_passage),
        arguments.longest, tuple(arguments.frequency), arguments.trajectories, arguments.point,
        arguments.bins, arguments.log, tuple(arguments.frequencies),
    )  # fmt: skip
    if path and not request.needs_records:
        raise InputError(f"-o {path}: nothing to draw: ask for --waiting, --g2, --spectrum or --first-passage")
    source = _source(arguments)
    if isinstance(source, ResultData):
        with closing(ProgressBar(sys.stderr.isatty())) as progress:
            table = Counting.of_result(source, arguments.scgf, request, progress=progress)
    elif arguments.trajectories is not None:
        raise InputError(f"--trajectories: {arguments.file} is a run file, and nothing is sampled: must be a result")
    else:
        point = "" if arguments.point is None else str(arguments.point)
        table = Counting.of_jobs(jobs_of(source, point, "--point"), arguments.scgf, request)
    write_table(arguments, table.csv, table.json, table.text)
    if path:
        from trajectories.figures.counting_figure import draw_counting

        if draw_or_warn(lambda: [draw_counting(table, path)]) and not arguments.json and arguments.csv != "-":
            print(f"written: {path}")
    return table.exit_status


@interruptible
def figure(arguments: Namespace) -> int:
    """Draw a result, or a run file's exact curves."""
    from trajectories.figures.draw import draw

    source = _source(arguments)
    path = picture_file(arguments.output) if arguments.output else Path(source.name)
    written = draw(source, path, exact=arguments.exact, window=_window(arguments.window))
    print("written: " + ", ".join(map(str, written)))
    return 0


def _window(text: str | None) -> tuple[float, float] | None:
    """Return the two times of "FROM:TO"."""
    if text is None:
        return None
    try:
        begin, end = map(float, text.split(":"))
    except ValueError:
        raise InputError(f"--window {text}: must be FROM:TO, two times such as 100:250") from None
    return begin, end


@interruptible
def replay(arguments: Namespace) -> int:
    """Print one trajectory jump by jump."""
    from trajectories.studies import replay as replayed

    trajectory = replayed(_source(arguments), arguments.trajectory, arguments.point)
    write(arguments.json, trajectory.json, trajectory.text)
    return 0


def systems(arguments: Namespace) -> int:
    """List the systems, or describe one."""
    from trajectories.systems import SYSTEMS, describe

    if arguments.name:
        description = describe(arguments.name)
        write(arguments.json, lambda: description, lambda: _description(description))
    else:
        descriptions = [describe(name) for name in SYSTEMS]
        width = max(map(len, SYSTEMS))
        lines = [f"{description['name'].ljust(width)}  {description['summary']}" for description in descriptions]
        write(arguments.json, lambda: {"systems": descriptions}, lambda: "\n".join(lines))
    return 0


@interruptible
def theorems(arguments: Namespace) -> int:
    """Test the fluctuation theorems of a result."""
    from trajectories.report.result import open_result

    result = open_result(arguments.file)
    path = picture_file(arguments.output or f"{Path(arguments.file).stem}_theorems.png")
    from trajectories.report.theorems import theorems as tested

    with closing(ProgressBar(sys.stderr.isatty())) as progress:
        table = tested(result, arguments.trajectories, progress=progress)
    write(arguments.json, table.json, table.text)
    if not arguments.no_figure:
        from trajectories.figures.theorem_figure import draw_theorems

        if draw_or_warn(lambda: [draw_theorems(table, path)]) and not arguments.json:
            print(f"written: {path}")
    return table.exit_status


@interruptible
def rare(arguments: Namespace) -> int:
    """Estimate averages that rare trajectories dominate."""
    from trajectories.report.rare_events import Rare
    from trajectories.runfiles.job import Job, jobs_of
    from trajectories.runfiles.run import load

    wanted, point = load(arguments.file, arguments.set), arguments.point
    job = Job.of(wanted) if point is None else jobs_of(wanted, str(point), "--point")[0]
    table = Rare.of(job, arguments.u, arguments.population, arguments.repetitions, arguments.windows)
    write(arguments.json, table.json, table.text)
    return table.exit_status


@interruptible
def bench(arguments: Namespace) -> int:
    """Measure speed and memory on this machine."""
    from trajectories.cli import benchmark

    measured = benchmark.bench()
    write(arguments.json, lambda: measured, lambda: benchmark.text(measured))
    return 0


def _source(arguments: Namespace) -> Run | ResultData:
    """Return the Run of a name that ends in .toml, otherwise the Result."""
    if arguments.file.endswith(".toml"):
        from trajectories.runfiles.run import load

        return load(arguments.file, arguments.set)
    from trajectories.report.result import open_result

    if arguments.set:
        raise InputError(f"--set {arguments.set[0]}: {arguments.file} is a result: must be a run file to be changed")
    return open_result(arguments.file)


def _description(description: dict[str, Any]) -> str:
    """Return a system's summary and its parameters, one line each."""
    lines = [
        f"{description['name']}: {description['summary']}",
        "",
        '[system] name = "' + description["name"] + '" and',
    ]
    width = max((len(name) for name in description["parameters"]), default=0)
    for name, parameter in description["parameters"].items():
        default = "required" if parameter["required"] else f"default {parameter['default']}"
        lines.append(f"  {name.ljust(width)}  {parameter['doc']} ({default})")
    return "\n".join(lines)
