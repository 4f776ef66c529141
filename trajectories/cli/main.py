"""The command `trajectories`: run one command line and turn its outcome into an exit status.

Exit statuses are listed in `errors`. This file imports nothing heavy, so that --help is immediate.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from trajectories.cli.parser import parser
from trajectories.errors import (
    BAD_INPUT,
    BROKEN_PIPE,
    CTRL_C,
    FAULT,
    UNFINISHED,
    UNFINISHED_WORDS,
    InputError,
    Interrupted,
    fault,
    told,
)
from trajectories.running import mpi

# Read when NumPy is imported. Matrices here are small: threads on them cost up to forty times what they gain.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the program's own) and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a letter gets a question mark, not a traceback after an hour of sampling.
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if argv is None else argv)
    for name in THREADS:
        os.environ.setdefault(name, "1")
    try:
        if words[:1] != ["run"] or mpi.announced_size() == 1:
            return _main(words)
        return mpi.run_on_all_ranks(lambda: _main(words), _serve)
    except InputError as error:
        return _end(error)
    except Exception as error:
        return _complain(fault(error), FAULT)


def _serve(world: mpi.World) -> int:
    from trajectories.running.worker import serve

    return serve(world)


def _main(words: list[str]) -> int:
    arguments = parser().parse_args(words)
    try:
        # Imported here: --help must not wait for what a command imports.
        from trajectories.cli import commands

        status: int = getattr(commands, arguments.command)(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _complain("interrupted", CTRL_C)
    except (Exception, Interrupted) as error:
        return _end(error)


def _end(error: BaseException) -> int:
    """Print one line for an error that a user can mend and return the exit status; raise any other error again."""
    if isinstance(error, InputError):
        return _complain(f"error: {told(error)}", BAD_INPUT)
    if isinstance(error, Interrupted):
        # Some messages already say what to do.
        text = told(error)
        return _complain(text if "again" in text else f"{text} {UNFINISHED_WORDS}", UNFINISHED)
    if isinstance(error, BrokenPipeError):
        # The reader of the output (head, less) has closed it: nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return _complain(f"error: {name}{error.strerror or told(error)}", BAD_INPUT)
    raise error


def _complain(text: str, status: int) -> int:
    print(f"trajectories: {text}", file=sys.stderr)
    return status
