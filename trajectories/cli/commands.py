"""The commands: each function takes the parsed command line, carries out one command and returns the exit status."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajectories.cli.terminal import held_before, interruptible, say, stopper, write
from trajectories.counting.stages import stage
from trajectories.errors import InputError, fault, told
from trajectories.running.progress import ProgressBar

if TYPE_CHECKING:
    from trajectories.report.result import ResultData
    from trajectories.runfiles.job import Jobs
    from trajectories.runfiles.run import Run
    from trajectories.running.signals import Stop
    from trajectories.running.stopping_rule import Rule


OTHER_FILES = {".toml": "run file", ".png": "picture", ".pdf": "picture", ".csv": "table", ".json": "report"}


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

            written += _drawn(lambda: draw(result, output.with_suffix(""), formats=wanted.figure.formats, run=wanted))
    if not (arguments.quiet or arguments.json):
        print("written: " + ", ".join(map(str, written)))
    return report.exit_status


def _drawn(draw: Callable[[], list[Path]]) -> list[Path]:
    """Draw the picture of a finished result; a failure is only a warning, since the result is complete."""
    stage("the picture")
    try:
        return draw()
    except Exception as error:
        mendable = isinstance(error, InputError | OSError)
        say(f"trajectories: warning: no picture: {told(error) if mendable else fault(error)}")
        return []


def _requested(arguments: Namespace) -> tuple[Run, Path, Jobs, Rule] | int:
    """Return run, output path, jobs and stopping rule; the exit status where nothing is to be sampled."""
    from trajectories.runfiles.run import load

    stage("the run file and its model")
    shortcuts = [("trajectories", arguments.trajectories), ("seed", arguments.seed)]
    changes = arguments.set + [f"ensemble.{key}={value}" for key, value in shortcuts if value is not None]
    wanted = load(arguments.file, changes)
    output = _result_file(arguments.output or f"{wanted.name}.h5")
    from trajectories.kernels import compiled_before

    if not arguments.quiet and not compiled_before():
        print("compiling the kernels, once on this machine (about 20 seconds)", file=sys.stderr, flush=True)
    from trajectories.runfiles.job import jobs_of
    from trajectories.running.stopping_rule import Rule

    rule = Rule.parse(arguments.target_error)
    jobs = jobs_of(wanted, arguments.points)
    if arguments.plan:
        from trajectories.running.planning import plan

        found = plan(jobs)
        write(arguments.json, found.json, found.text)
        return 0
    return wanted, output, jobs, rule


def status(arguments: Namespace) -> int:
    """Print the progress of a run."""
    from trajectories.report.status import RunStatus

    found = RunStatus.of(arguments.file)
    write(arguments.json, found.json, found.text)
    return 0


def merge(arguments: Namespace) -> int:
    """Merge several parts of one run into one result."""
    from trajectories.results.merge import merge as merged

    output = _result_file(arguments.output)
    found = merged(arguments.files, output, arguments.partial)
    write(arguments.json, found.json, found.text)
    return 0


def _result_file(name: str) -> Path:
    """Return the path of a result file; raises InputError where the name ends like another kind of file."""
    output = Path(name)
    if output.suffix not in (".h5", ".hdf5"):
        kind = f"is the name of a {OTHER_FILES[output.suffix]}: " if output.suffix in OTHER_FILES else ""
        raise InputError(f"-o {output}: {kind}must be a result file such as {output.stem or 'result'}.h5")
    return output


@interruptible
def report(arguments: Namespace) -> int:
    """Compare a result with the master equation."""
    from trajectories.report.result import open_result

    found = open_result(arguments.file).report()
    _write_table(arguments, found.csv, found.json, lambda: found.text(every_time=arguments.every_time))
    return found.exit_status


def _write_table(
    arguments: Namespace, csv: Callable[[], str], json: Callable[[], Any], text: Callable[[], str]
) -> None:
    """Print a table as text, JSON or comma-separated values, or print the text and write the values to a file."""
    if arguments.csv and arguments.csv != "-":
        if Path(arguments.csv).resolve() == Path(arguments.file).resolve():
            raise InputError(
                f"--csv {arguments.csv}: is the file that is read: must be another one, such as {arguments.command}.csv"
            )
        Path(arguments.csv).write_text(csv(), encoding="utf-8")
    if arguments.csv == "-":
        print(csv(), end="")
    else:
        write(arguments.json, json, text)


@interruptible
def solve(arguments: Namespace) -> int:
    """Solve the master equation of a run file, at the parameters that it gives or where a quantity is largest."""
    from trajectories.report.solution import Solution
    from trajectories.runfiles.job import jobs_of
    from trajectories.runfiles.run import load
    from trajectories.runfiles.sections import search_changes

    changes = arguments.set + search_changes(arguments.maximise, arguments.over)
    found = Solution.of(jobs_of(load(arguments.file, changes)))
    write(arguments.json, found.json, found.text)
    return 0


@interruptible
def counting(arguments: Namespace) -> int:
    """Print counting statistics of a run file's steady state, or of a result."""
    from trajectories.report.counting_report import Counting, RecordRequest
    from trajectories.report.result import ResultData
    from trajectories.runfiles.job import jobs_of

    path = Path(arguments.output) if arguments.output else None
    if path and path.suffix not in (".png", ".pdf"):
        raise InputError(f"-o {path}: has the ending {path.suffix!r}: must be .png or .pdf")
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
            found = Counting.of_result(source, arguments.scgf, request, progress=progress)
    elif arguments.trajectories is not None:
        raise InputError(f"--trajectories: {arguments.file} is a run file, and nothing is sampled: must be a result")
    else:
        point = "" if arguments.point is None else str(arguments.point)
        found = Counting.of_jobs(jobs_of(source, point, "--point"), arguments.scgf, request)
    _write_table(arguments, found.csv, found.json, found.text)
    if path:
        from trajectories.figures.counting_figure import draw_counting

        if _drawn(lambda: [draw_counting(found, path)]) and not arguments.json and arguments.csv != "-":
            print(f"written: {path}")
    return found.exit_status


@interruptible
def figure(arguments: Namespace) -> int:
    """Draw a result, or a run file's exact curves."""
    from trajectories.figures.draw import draw

    source = _source(arguments)
    path = Path(arguments.output or source.name)
    if arguments.output and path.suffix not in (".png", ".pdf"):
        raise InputError(f"-o {path}: has the ending {path.suffix!r}: must be .png or .pdf")
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
    from trajectories.api import replay as replayed

    found = replayed(_source(arguments), arguments.trajectory, arguments.point)
    write(arguments.json, found.json, found.text)
    return 0


def systems(arguments: Namespace) -> int:
    """List the systems, or describe one."""
    from trajectories.systems import SYSTEMS, describe

    if arguments.name:
        found = describe(arguments.name)
        write(arguments.json, lambda: found, lambda: _description(found))
    else:
        every = [describe(name) for name in SYSTEMS]
        width = max(map(len, SYSTEMS))
        lines = [f"{found['name'].ljust(width)}  {found['summary']}" for found in every]
        write(arguments.json, lambda: {"systems": every}, lambda: "\n".join(lines))
    return 0


@interruptible
def theorems(arguments: Namespace) -> int:
    """Test the fluctuation theorems of a result."""
    from trajectories.report.result import open_result

    result = open_result(arguments.file)
    path = Path(arguments.output or f"{Path(arguments.file).stem}_theorems.png")
    if path.suffix not in (".png", ".pdf"):
        raise InputError(f"-o {path}: has the ending {path.suffix!r}: must be .png or .pdf")
    from trajectories.report.theorems import theorems as tested

    with closing(ProgressBar(sys.stderr.isatty())) as progress:
        found = tested(result, arguments.trajectories, progress=progress)
    write(arguments.json, found.json, found.text)
    if not arguments.no_figure:
        from trajectories.figures.theorem_figure import draw_theorems

        if _drawn(lambda: [draw_theorems(found, path)]) and not arguments.json:
            print(f"written: {path}")
    return found.exit_status


@interruptible
def rare(arguments: Namespace) -> int:
    """Estimate averages that rare trajectories dominate."""
    from trajectories.report.rare_events import Rare
    from trajectories.runfiles.job import Job, jobs_of
    from trajectories.runfiles.run import load

    wanted, point = load(arguments.file, arguments.set), arguments.point
    job = Job.of(wanted) if point is None else jobs_of(wanted, str(point), "--point")[0]
    found = Rare.of(job, arguments.u, arguments.population, arguments.repetitions, arguments.windows)
    write(arguments.json, found.json, found.text)
    return found.exit_status


@interruptible
def bench(arguments: Namespace) -> int:
    """Measure speed and memory on this machine."""
    from trajectories.cli import benchmark

    found = benchmark.bench()
    write(arguments.json, lambda: found, lambda: benchmark.text(found))
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


def _description(found: dict[str, Any]) -> str:
    """Return a system's summary and its parameters, one line each."""
    lines = [f"{found['name']}: {found['summary']}", "", '[system] name = "' + found["name"] + '" and']
    width = max((len(name) for name in found["parameters"]), default=0)
    for name, parameter in found["parameters"].items():
        default = "required" if parameter["required"] else f"default {parameter['default']}"
        lines.append(f"  {name.ljust(width)}  {parameter['doc']} ({default})")
    return "\n".join(lines)
