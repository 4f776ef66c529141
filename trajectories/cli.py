"""The command `trajectories`: what it understands, and how it ends.

Exit status: 0 agrees with the master equation, 1 disagrees, 2 bad input, 3 nothing resolved, 75 stopped before the
end (run the same command again), 130 interrupted while there was nothing to keep. This file imports nothing heavy,
so that --help is immediate.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from trajectories import __version__
from trajectories.errors import InputError, Interrupted

# Read when NumPy is imported. Matrices here are small: threads on them cost up to forty times what they gain.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
BAD_INPUT, UNFINISHED, CTRL_C, BROKEN_PIPE = 2, 75, 130, 141

DESCRIPTION = """\
Quantum-jump trajectories of open quantum systems,
  d rho/dt = -i[H, rho] + sum_k (L_k rho L_k^+ - 1/2 {L_k^+ L_k, rho}),
with the heat, entropy production and entanglement of every trajectory, compared with the master equation in units of
the standard error. Units hbar = k_B = 1; heat is positive into the system; entropy in nats."""

EPILOG = """\
examples:
  trajectories run runs/diamond.toml                     sample, compare with the master equation, draw a picture
  trajectories run runs/diamond.toml --plan              what it would cost, before anything is spent
  trajectories run runs/diamond.toml --trajectories 4e6  the same run, extended to four million trajectories
  trajectories systems diamond                           the parameters of a system
  trajectories COMMAND --help                            what a command does, with examples

exit status: 0 agrees with the master equation, 1 disagrees, 2 bad input, 3 nothing resolved,
75 stopped before the end (the same command again goes on where it stopped)"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line like all others."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"trajectories: error: {message} (see `{self.prog} --help`)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the program's own) and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a letter gets a question mark, not a traceback after an hour of sampling.
            stream.reconfigure(errors="replace")
    arguments = parser().parse_args(argv)
    for name in THREADS:
        os.environ.setdefault(name, "1")
    try:
        # Looked up here, because what a command imports is what --help must not wait for.
        from trajectories import commands

        status: int = getattr(commands, arguments.command)(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _complain("interrupted", CTRL_C)
    except Exception as error:
        return _end(error)


def _end(error: Exception) -> int:
    """Say in one line what a user can mend and return the exit status; anything else is a bug and is raised again."""
    if isinstance(error, InputError):
        return _complain(f"error: {_line(error)}", BAD_INPUT)
    if isinstance(error, Interrupted):
        return _complain(f"{_line(error)} (unfinished: the same command again goes on)", UNFINISHED)
    if isinstance(error, BrokenPipeError):
        # Whoever read the output (head, less) has seen enough; nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return _complain(f"error: {name}{error.strerror or _line(error)}", BAD_INPUT)
    raise error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _complain(text: str, status: int) -> int:
    print(f"trajectories: {text}", file=sys.stderr)
    return status


def parser() -> Parser:
    """Return the parser of the whole command line."""
    form = argparse.RawDescriptionHelpFormatter
    top = Parser(prog="trajectories", description=DESCRIPTION, epilog=EPILOG, formatter_class=form)
    top.add_argument("--version", action="version", version=f"trajectories {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str, description: str) -> Parser:
        text, _, examples = description.partition("\nexamples:\n")
        epilog = f"examples:\n{examples}" if examples else None
        added: Parser = commands.add_parser(name, help=summary, description=text, epilog=epilog, formatter_class=form)
        return added

    _run(command("run", "sample a run file's trajectories, report, draw", RUN))
    _report(command("report", "compare a result with the master equation", REPORT))
    _solve(command("solve", "the master equation alone, without sampling", SOLVE))
    _counting(command("counting", "current, noise and higher cumulants of counts", COUNTING))
    _figure(command("figure", "draw a result, or a run file's exact curves", FIGURE))
    _replay(command("replay", "tell one trajectory jump by jump", REPLAY))
    _systems(command("systems", "list the systems, or one system's parameters", SYSTEMS))
    _theorems(command("theorems", "test the fluctuation theorems against a reversed ensemble", THEOREMS))
    _rare(command("rare", "lambda(u) and <e^(-Delta S)> where plain sampling is hopeless", RARE))
    _json(command("claims", "the papers' numbers, statements and formulas, computed and judged", CLAIMS))
    _json(command("bench", "measure the speed on this machine", BENCH))
    return top


RUN = """\
Sample the trajectories that a run file asks for, keep their statistics in NAME.h5 (NAME: the run file's), print the
comparison with the master equation, draw NAME.png. A run that was stopped, however it was stopped, goes on where it
was when the same command is given again; a complete run is only reported; asking for more trajectories extends it.
examples:
  trajectories run runs/diamond.toml
  trajectories run runs/diamond.toml --set system.beta_A=-1 --seed 7 -o hot.h5
  trajectories run runs/diamond.toml --plan"""

REPORT = """\
Compare a result with the master equation: every estimate with its standard error, the exact value, their difference
in standard errors (z), and one verdict for all rows together (false-alarm rate 1 in 1000).
examples:
  trajectories report diamond.h5
  trajectories report diamond.h5 --json
  trajectories report diamond.h5 --csv diamond.csv"""

SOLVE = """\
Solve the master equation of a run file at its sample times: populations, currents, entropy production, entanglement.
Nothing is sampled and nothing is written.
examples:
  trajectories solve runs/diamond.toml
  trajectories solve runs/diamond.toml --set system.beta_S=5 --json"""

COUNTING = """\
Counting statistics: current, noise, third and fourth cumulant of the quanta from each reservoir, of the entropy
production and of the jumps, with the uncertainty relations, covariances, mean waiting times and lambda(u), exact in the
steady state. Of a result, beside them what was sampled: at finite time, with error bars, against the exact values at
the same time, and one verdict.
examples:
  trajectories counting runs/diamond.toml
  trajectories counting runs/diamond.toml --set system.beta_S=5 --scgf
  trajectories counting diamond.h5 --json"""

FIGURE = """\
Draw the picture of a result: estimates with error bars over the master equation's curves, the histogram of the
entropy production, a sample trajectory. Of a run file, the curves alone are drawn, without sampling.
examples:
  trajectories figure diamond.h5 -o diamond.pdf
  trajectories figure runs/diamond.toml"""

REPLAY = """\
Tell one trajectory: its start, every jump with its time, channel, energy and entropy, its end; heat by reservoir; and
its entropy production twice: as the sum of its parts, and as the logarithm of the ratio of the probabilities of the
trajectory and of its reverse. Trajectory I is the same one in every run of the same file and seed.
examples:
  trajectories replay diamond.h5 --trajectory 17
  trajectories replay runs/diamond.toml --trajectory 17 --json"""

SYSTEMS = """\
List the systems that a run file can name in [system], or show what one of them is and takes.
examples:
  trajectories systems
  trajectories systems diamond"""

THEOREMS = """\
Test the fluctuation theorems of a result. The reversed process is sampled on its own, from Theta rho(T) Theta^+, and
every bin of the forward histogram, weighted with e^{-Delta S}, is compared with the mirrored reversed one (detailed
theorem, chi^2); <e^{-Delta S}> and its part inside a window are judged where they can be resolved. Draws
NAME_theorems.png.
examples:
  trajectories theorems diamond_theorem.h5
  trajectories theorems engine.h5 --trajectories 1e6 -o engine_theorems.pdf
  trajectories theorems diamond.h5 --json --no-figure"""

RARE = """\
Estimate lambda(u) = lim ln<e^{-u Delta S}>/T and the integral theorem <e^{-Delta S}> = 1 where they are decided by
trajectories too rare to be sampled: a population of forward trajectories, drawn from a guided process and carrying
exact weights, is resampled again and again (cloning). Errors come from independent repetitions; the bias of a finite
population is shown by halving it. Duration, start and seed are the run file's.
examples:
  trajectories rare runs/diamond.toml
  trajectories rare runs/engine.toml --set ensemble.duration=20000 --u -1 --u 2
  trajectories rare runs/diamond.toml --population 4000 --json"""

CLAIMS = """\
Compute what the papers claim: every printed number, statement and formula of theirs beside the value that comes out,
with a verdict (reproduced, printed truncated, not reproduced at the printed parameters, formula misprinted), the
condition under which a failing statement holds, and the test that covers it. Takes a few seconds.
examples:
  trajectories claims
  trajectories claims --json"""

BENCH = """\
Measure jumps per second on one core of this machine, against QuTiP's mcsolve where QuTiP is installed."""


def _json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON (numbers that do not exist are null)")


def _changes(command: Parser, which: str = "") -> None:
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help=f"change the run file{which} without editing it (repeatable): --set system.beta_A=-1",
    )


def _whole(text: str) -> int:
    """An integer, also written 1e6 or 1_000_000."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)


_whole.__name__ = "whole number"


def _run(command: Parser) -> None:
    command.add_argument("file", metavar="RUN.toml", help="the run file")
    _changes(command)
    command.add_argument("--trajectories", type=_whole, metavar="N", help="how many (1e6 is understood)")
    command.add_argument("--seed", type=_whole, metavar="S", help="the seed of the random streams")
    command.add_argument("-o", "--output", metavar="FILE.h5", help="the result file (default: NAME.h5 here)")
    command.add_argument("--no-figure", action="store_true", help="draw nothing")
    command.add_argument(
        "--plan",
        action="store_true",
        help="print sectors, jumps, seconds, memory, file size and resolvable times; sample nothing",
    )
    command.add_argument("--quiet", action="store_true", help="no progress and no report, only files and exit status")
    _json(command)


def _report(command: Parser) -> None:
    command.add_argument("file", metavar="FILE.h5", help="the result file")
    command.add_argument("--every-time", action="store_true", help="show all sample times, not only the last")
    command.add_argument("--csv", metavar="FILE", help="write the rows as comma-separated values (-: print them)")
    _json(command)


def _solve(command: Parser) -> None:
    command.add_argument("file", metavar="RUN.toml", help="the run file")
    _changes(command)
    _json(command)


def _counting(command: Parser) -> None:
    command.add_argument("file", metavar="FILE", help="a run file RUN.toml, or a result FILE.h5")
    _changes(command, " (RUN.toml only)")
    command.add_argument("--scgf", action="store_true", help="show lambda(u), -0.5 <= u <= 1.5, of every count")
    _json(command)


def _figure(command: Parser) -> None:
    command.add_argument("file", metavar="FILE", help="a result FILE.h5, or a run file RUN.toml")
    _changes(command, " (RUN.toml only)")
    command.add_argument("-o", "--output", metavar="FILE.png", help="the picture, .png or .pdf (default: NAME.png)")
    command.add_argument("--exact", action="store_true", help="the master equation's curves only")


def _replay(command: Parser) -> None:
    command.add_argument("file", metavar="FILE", help="a result FILE.h5 or a run file RUN.toml")
    _changes(command, " (RUN.toml only)")
    command.add_argument("--trajectory", type=_whole, required=True, metavar="I", help="which one: 0, 1, 2, ...")
    command.add_argument(
        "--point", type=_whole, default=0, metavar="P", help="point of a sweep: 0 (default), 1, 2, ..."
    )
    _json(command)


def _theorems(command: Parser) -> None:
    command.add_argument("file", metavar="RESULT.h5", help="the result file")
    command.add_argument(
        "--trajectories", type=_whole, metavar="N", help="how many each way (default: as many as the result has)"
    )
    command.add_argument("-o", "--output", metavar="FIG.png", help="the picture, .png or .pdf")
    command.add_argument("--no-figure", action="store_true", help="draw nothing")
    _json(command)


def _rare(command: Parser) -> None:
    command.add_argument("file", metavar="RUN.toml", help="the run file")
    _changes(command)
    command.add_argument(
        "--u", type=float, action="append", metavar="U", help="an exponent (repeatable; default: from -1 to 2)"
    )
    command.add_argument("--population", type=_whole, default=2000, metavar="N", help="trajectories (default 2000)")
    command.add_argument("--repetitions", type=_whole, default=16, metavar="R", help="independent ones (default 16)")
    command.add_argument("--windows", type=_whole, default=256, metavar="W", help="resampling times (default 256)")
    _json(command)


def _systems(command: Parser) -> None:
    command.add_argument("name", nargs="?", metavar="NAME", help="a system's name")
    _json(command)
