"""Result or run -> picture files. What each kind of picture needs is imported only where it is drawn."""

from __future__ import annotations

import io
import secrets
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from trajectories.errors import InputError
from trajectories.figures.typography import SETTINGS
from trajectories.runfiles.run import Run

if TYPE_CHECKING:
    from trajectories.figures.figure_data import Picture
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

    source: a Result; with `exact` only the lines are drawn, as always for a Run, of which there is nothing else. path:
    the picture's; one file is written for each of `formats` ("png", "pdf"), by default the one that the path ends in,
    or else those that the run asks for. run: whose figure a result is drawn as, by default that of the run it stores.
    window: from when to when the trajectory is shown.
    Raises InputError for an unknown format and where a file cannot be written; an older picture is then still there.
    """
    path = Path(path)
    if path.suffix in (".png", ".pdf"):
        formats, path = formats or (path.suffix[1:],), path.with_suffix("")
    compose_it, wanted = _composer(source, exact, run, window)
    formats = formats or wanted
    for ending in formats:
        if ending not in METADATA:
            raise InputError(f'figure format "{ending}": must be one of {", ".join(METADATA)}')
    with rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # Composed anew for each: the layout of a figure that was drawn before is not quite the same.
        return [save(compose_it(), path.with_name(f"{path.name}.{ending}"), ending) for ending in formats]


def figure_of(source: ResultData | Run, exact: bool = False, window: tuple[float, float] | None = None) -> Figure:
    """Return the picture that `draw` writes, as a matplotlib Figure; arguments and errors: those of `draw`."""
    compose_it, _ = _composer(source, exact, None, window)
    with rc_context(SETTINGS):
        return compose_it()


def _composer(
    source: ResultData | Run, exact: bool, run: Run | None, window: tuple[float, float] | None
) -> tuple[Callable[[], Figure], Sequence[str]]:
    """Return what makes the figure, and the formats that the run asks for."""
    picture = sweep_picture(source, exact, run)
    if window is not None and (picture is not None or exact or isinstance(source, Run)):
        raise InputError("--window: this picture shows no trajectory: must be that of a result without a sweep")
    if picture is not None:
        from trajectories.figures.sweep_figure import compose_sweep

        own = source if isinstance(source, Run) else run
        stored = {} if isinstance(source, Run) else source.meta.get("run", {}).get("figure", {})
        return partial(compose_sweep, picture), own.figure.formats if own else tuple(stored.get("formats", ("png",)))
    from trajectories.figures.run_content import exact_content, sampled_content
    from trajectories.figures.run_figure import compose

    content = exact_content(source) if exact or isinstance(source, Run) else sampled_content(source, window)
    return partial(compose, content), content.settings.formats


def sweep_picture(source: ResultData | Run, exact: bool = False, run: Run | None = None) -> Picture | None:
    """Return what the picture of a sweep, or the figure that a run describes, shows; None where there is neither."""
    own = source if isinstance(source, Run) else run or stored_run(source)
    if own is None or own.figure.paper is None:
        from trajectories.figures.sweep_rows import rows_picture

        return rows_picture(source, exact)
    from trajectories.figures.paper_figure import PaperFigure

    if isinstance(source, Run) or exact:
        return PaperFigure(own, own.figure.paper).picture()
    from trajectories.figures.sampled_side import SampledSide

    return PaperFigure(own, own.figure.paper, SampledSide.of(source), source.trajectories).picture()


def stored_run(result: ResultData) -> Run | None:
    """Return the run that a result stores, None where its model came from Python."""
    mapping = result.meta.get("run", {})
    if not mapping.get("figure", {}).get("x"):
        return None
    return Run.from_mapping(mapping, name=result.name)


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
