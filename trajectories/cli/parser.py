"""The parser of the command `trajectories`: commands and their options. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from trajectories import __version__
from trajectories.cli import help_texts
from trajectories.errors import BAD_INPUT


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, like all other errors of the program."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"trajectories: error: {message} (see `{self.prog} --help`)\n")


def parser() -> Parser:
    """Return the parser of the whole command line."""
    form = argparse.RawDescriptionHelpFormatter
    top = Parser(
        prog="trajectories", description=help_texts.DESCRIPTION, epilog=help_texts.EPILOG, formatter_class=form
    )
    top.add_argument("--version", action="version", version=f"trajectories {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str, description: str) -> Parser:
        text, _, examples = description.partition("\nexamples:\n")
        epilog = f"examples:\n{examples}" if examples else None
        added: Parser = commands.add_parser(name, help=summary, description=text, epilog=epilog, formatter_class=form)
        return added

    _run(command("run", "sample a run file's trajectories, report, draw", help_texts.RUN))
    _status(command("status", "how far a run is, while it goes or afterwards", help_texts.STATUS))
    _merge(command("merge", "make one result of several parts of one run", help_texts.MERGE))
    _report(command("report", "compare a result with the master equation", help_texts.REPORT))
    _solve(command("solve", "the master equation alone, without sampling", help_texts.SOLVE))
    _counting(command("counting", "current, noise and higher cumulants of counts", help_texts.COUNTING))
    _figure(command("figure", "draw a result, or a run file's exact curves", help_texts.FIGURE))
    _replay(command("replay", "tell one trajectory jump by jump", help_texts.REPLAY))
    _systems(command("systems", "list the systems, or one system's parameters", help_texts.SYSTEMS))
    _theorems(command("theorems", "test the fluctuation theorems against a reversed ensemble", help_texts.THEOREMS))
    _rare(command("rare", "lambda(u) and <e^(-Delta S)> where plain sampling is hopeless", help_texts.RARE))
    _json(command("bench", "measure the speed on this machine", help_texts.BENCH))
    return top


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
    """Return an integer, which may be written 1e6 or 1_000_000."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)


_whole.__name__ = "whole number"


def _between(low: int, high: int, top: str) -> Callable[[str], int]:
    """Return a function that reads a whole number in [low, high]; top: how messages write `high`."""

    def number(text: str) -> int:
        try:
            integer = _whole(text)
        except (ValueError, OverflowError):
            integer = low - 1
        if not low <= integer <= high:
            raise argparse.ArgumentTypeError(f"{text}: must be a whole number from {low} to {top}")
        return integer

    return number


def _run(command: Parser) -> None:
    command.add_argument("file", metavar="RUN.toml", help="the run file")
    _changes(command)
    many, seed = _between(1, 10**15, "10^15"), _between(0, 2**63 - 1, "2^63-1")
    command.add_argument("--trajectories", type=many, metavar="N", help="how many (1e6 is understood)")
    command.add_argument("--seed", type=seed, metavar="S", help="the seed of the random streams")
    command.add_argument(
        "--points",
        default="",
        metavar="P|A:B",
        help="of a sweep only point P, or A to B-1, or A::N every Nth from A on",
    )
    command.add_argument("-o", "--output", metavar="FILE.h5", help="the result file (default: NAME.h5 here)")
    command.add_argument("--walltime", metavar="SPAN", help="stop after 3h50m, 90s, 1:30:00, with status 75")
    command.add_argument(
        "--target-error",
        action="append",
        default=[],
        metavar="QUANTITY[.OF]=ERROR",
        help="end a point when this standard error is reached at the last time (repeatable): heat_current.A=1e-3, or "
        "heat_current.A=0.5%% of the estimate; --trajectories is then the most",
    )
    command.add_argument("--no-figure", action="store_true", help="draw nothing")
    command.add_argument(
        "--plan",
        action="store_true",
        help="print sectors, jumps, seconds, memory, file size and resolvable times; sample nothing",
    )
    command.add_argument("--quiet", action="store_true", help="no progress and no report, only files and exit status")
    _json(command)


def _status(command: Parser) -> None:
    command.add_argument("file", metavar="RESULT.h5", help="the result file")
    _json(command)


def _merge(command: Parser) -> None:
    command.add_argument("files", metavar="PART.h5", nargs="+", help="results of the same run")
    command.add_argument("-o", "--output", metavar="RESULT.h5", required=True, help="where the whole goes")
    command.add_argument("--partial", action="store_true", help="points or blocks may be missing")
    _json(command)


def _report(command: Parser) -> None:
    command.add_argument("file", metavar="FILE.h5", help="the result file")
    command.add_argument("--every-time", action="store_true", help="show all sample times, not only the last")
    command.add_argument("--csv", metavar="FILE", help="write the rows as comma-separated values (-: print them)")
    _json(command)


def _solve(command: Parser) -> None:
    command.add_argument("file", metavar="RUN.toml", help="the run file")
    _changes(command)
    command.add_argument(
        "--maximise", metavar="QUANTITY", help="of the steady state, such as concurrence: solve where it is largest"
    )
    command.add_argument(
        "--over", metavar="NAMES", help="the parameters to search: g,p_h with default bounds, or g=1e-6:1e-2,p_h"
    )
    _json(command)


def _counting(command: Parser) -> None:
    command.add_argument("file", metavar="FILE", help="a run file RUN.toml, or a result FILE.h5")
    _changes(command, " (RUN.toml only)")
    command.add_argument("--scgf", action="store_true", help="show lambda(u), -0.5 <= u <= 1.5, of every count")
    records = command.add_argument_group(
        "of a result's jump records, sampled anew; exact alone of a run file (each option repeatable)"
    )

    def asked(name: str, metavar: str, text: str, kind: Callable[[str], Any] = str) -> None:
        records.add_argument(name, action="append", default=[], metavar=metavar, type=kind, help=text)

    asked("--waiting", "FROM,TO", "waiting times from a jump of FROM to the next of TO: channels, reservoirs, A+B, any")
    asked("--g2", "FROM,TO", "g2(tau) of two such groups")
    asked("--spectrum", "COUNT", "power spectrum of the current of a count: a reservoir, jumps or entropy")
    asked("--first-passage", "COUNT=N", "when a count first reaches N or -N (or COUNT=LOW:HIGH); entropy: Delta S")
    usual = "default: up to 16 relaxation rates, and those of slow oscillations"
    asked("--frequency", "W", f"an angular frequency of the spectra ({usual})", float)
    asked("--frequencies", "FROM:TO:N", "N frequencies at equal distances: 0:10:41")
    records.add_argument("--longest", type=float, metavar="TAU", help="longest waiting time or distance looked at")
    records.add_argument("--bins", type=_whole, default=20, metavar="N", help="bins of waits, distances (default 20)")
    records.add_argument("--log", action="store_true", help="bins of equal ratios, for time scales far apart")
    records.add_argument("--trajectories", type=_whole, metavar="N", help="how many (default: all of them)")
    command.add_argument("--point", type=_whole, metavar="I", help="one point of a sweep, from 0 (default: all)")
    command.add_argument("-o", "--output", metavar="FIG.png", help="draw what was asked of the records, .png or .pdf")
    command.add_argument("--csv", metavar="FILE", help="write all numbers as comma-separated values (-: print them)")
    _json(command)


def _figure(command: Parser) -> None:
    command.add_argument("file", metavar="FILE", help="a result FILE.h5, or a run file RUN.toml")
    _changes(command, " (RUN.toml only)")
    command.add_argument("-o", "--output", metavar="FILE.png", help="the picture, .png or .pdf (default: NAME.png)")
    command.add_argument("--exact", action="store_true", help="the master equation's curves only")
    command.add_argument(
        "--window", metavar="FROM:TO", help="the stretch of the trajectory that is shown (default: its first 80 jumps)"
    )


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
    command.add_argument("--point", type=_whole, metavar="I", help="which point of a sweep, from 0")
    command.add_argument("--population", type=_whole, default=2000, metavar="N", help="trajectories (default 2000)")
    command.add_argument("--repetitions", type=_whole, default=16, metavar="R", help="independent ones (default 16)")
    command.add_argument("--windows", type=_whole, default=256, metavar="W", help="resampling times (default 256)")
    _json(command)


def _systems(command: Parser) -> None:
    command.add_argument("name", nargs="?", metavar="NAME", help="a system's name")
    _json(command)
