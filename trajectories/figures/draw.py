"""Result or run -> picture -> files."""

from __future__ import annotations

import io
import secrets
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from trajectories.errors import InputError
from trajectories.figures.figure_data import Picture
from trajectories.figures.layout import compose
from trajectories.figures.style import SETTINGS
from trajectories.runfiles.run import Run

if TYPE_CHECKING:
    from trajectories.report.result import ResultData

DOTS_PER_INCH = 200
# No dates and no versions: the same result gives the same bytes.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}


def draw(
    source: ResultData | Run,
    path: str | Path,
    exact: bool = False,
    formats: Sequence[str] | None = None,
    run: Run | None = None,
    window: tuple[float, float] | None = None,
) -> list[Path]:
    """Draw a result, points with error bars over the master equation's lines; return the files written.

    source: a Result, or a Run, of which there are lines alone. path: the picture's; one file is written for each of
    `formats` ("png", "pdf"), by default the one that the path ends in, or else those that the run asks for.
    exact: whether a result's points are left out. run: the run of a result that cannot be made anew from its file.
    window: times from which and to which the trajectory is shown.
    Raises InputError for an unknown format and where a file cannot be written; an older picture is then still there.
    """
    return write(picture_of(source, exact, run, window), Path(path), formats)


def picture_of(
    source: ResultData | Run, exact: bool = False, run: Run | None = None, window: tuple[float, float] | None = None
) -> Picture:
    """Return the content of a picture in numbers and words; arguments and errors as for `draw`."""
    from trajectories.figures.run_content import exact_content, sampled_content
    from trajectories.figures.run_figure import run_picture
    from trajectories.figures.sweep_figure import sweep_of, sweep_picture

    exact = exact or isinstance(source, Run)
    sweep = sweep_of(source, exact, run)
    if window is not None and (sweep is not None or exact):
        raise InputError("--window: this picture shows no trajectory: must be that of a result without a sweep")
    if sweep is not None:
        return sweep_picture(sweep)
    if isinstance(source, Run) or exact:
        return run_picture(exact_content(source))
    return run_picture(sampled_content(source, window))


@contextmanager
def settings() -> Iterator[None]:
    """Set letters and lines of all pictures inside the block, where missing letters are no warnings."""
    with rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def figure_of(picture: Picture) -> Figure:
    """Return the matplotlib figure of a picture."""
    with settings():
        return compose(picture)


def write(picture: Picture, path: Path, formats: Sequence[str] | None = None) -> list[Path]:
    """Draw a picture in one file for each format, and return the files written; errors as for `draw`.

    formats: "png", "pdf", by default the one that the path ends in, or else those that the picture asks for.
    """
    if path.suffix in (".png", ".pdf"):
        formats, path = formats or (path.suffix[1:],), path.with_suffix("")
    formats = formats or picture.formats
    for ending in formats:
        if ending not in METADATA:
            raise InputError(f'figure format "{ending}": must be one of {", ".join(METADATA)}')
    with settings():
        # Composed anew for each: the layout of a figure that was drawn before is not quite the same.
        return [save(compose(picture), path.with_name(f"{path.name}.{ending}"), ending) for ending in formats]


def save(figure: Figure, path: Path, ending: str) -> Path:
    """Write a figure as `ending`, whole or not at all, and return the path."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format=ending, dpi=DOTS_PER_INCH, metadata=METADATA[ending])
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        part.write_bytes(drawn.getvalue())
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return path
