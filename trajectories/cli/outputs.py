"""The files that commands write beside a result: their names, pictures and tables."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trajectories.cli.terminal import say, write
from trajectories.counting.stages import stage
from trajectories.errors import InputError, fault, told

OTHER_FILES = {".toml": "run file", ".png": "picture", ".pdf": "picture", ".csv": "table", ".json": "report"}


def result_file(name: str) -> Path:
    """Return the path of a result file; raises InputError where the name ends like another kind of file."""
    output = Path(name)
    if output.suffix not in (".h5", ".hdf5"):
        kind = f"is the name of a {OTHER_FILES[output.suffix]}: " if output.suffix in OTHER_FILES else ""
        raise InputError(f"-o {output}: {kind}must be a result file such as {output.stem or 'result'}.h5")
    return output


def picture_file(name: str) -> Path:
    """Return the path of a picture; raises InputError for another ending than .png and .pdf."""
    path = Path(name)
    if path.suffix not in (".png", ".pdf"):
        raise InputError(f"-o {path}: has the ending {path.suffix!r}: must be .png or .pdf")
    return path


def draw_or_warn(draw: Callable[[], list[Path]]) -> list[Path]:
    """Draw the picture of a finished result; a failure is only a warning, since the result is complete."""
    stage("the picture")
    try:
        return draw()
    except Exception as error:
        mendable = isinstance(error, InputError | OSError)
        say(f"trajectories: warning: no picture: {told(error) if mendable else fault(error)}")
        return []


def write_table(arguments: Namespace, csv: Callable[[], str], json: Callable[[], Any], text: Callable[[], str]) -> None:
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
