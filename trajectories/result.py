"""The result of a run as users hold it: arrays, counting statistics, theorems, replays, pictures, files."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajectories.errors import InputError, kind, spans
from trajectories.model import Model
from trajectories.model.argument_types import channel_group, file_path, integer, number, numbers
from trajectories.report.counting_report import Counting
from trajectories.report.counting_requests import RecordRequest
from trajectories.report.record_statistic import RecordStatistic, statistic_of
from trajectories.report.result import ResultData
from trajectories.report.theorems import Theorems, theorems
from trajectories.results.kept_trajectories import JumpRecords
from trajectories.running.progress import ProgressBar, bar_is_seen
from trajectories.sampling.replay import Replay

if TYPE_CHECKING:
    from trajectories.figures.draw import Figure

Group = str | Sequence[str]
"""Channels: one, a reservoir's name, "A_up+S_up", "any", or a sequence of such names."""


class Result(ResultData):
    """The result of a run or of a sweep, from `trajectories.run`, `trajectories.sweep` or `trajectories.open`.

    Attributes
    ----------
    name : str
        Of the run.
    seed : int
        Of the random streams.
    path : Path or None
        The result file.
    points : sequence of Point
        The points of the sweep that have been begun; one without a sweep.

    Examples
    --------
    >>> result = example()
    >>> result["heat_current", "S"].times
    array([1., 2.])
    >>> result.states[-1].shape
    (4, 4)
    """

    @classmethod
    def of(cls, data: ResultData) -> Result:
        """Return the same result with everything that users can do with it."""
        return cls(
            data.points, name=data.name, seed=data.seed, text=data.text, meta=data.meta, path=data.path,
            records=data.jump_records, write=data.write,
        )  # fmt: skip

    @property
    def model(self) -> Model:
        """The model, of a sweep that of its first point."""
        return self.points[0].preparation.model

    @property
    def models(self) -> list[Model]:
        """The models of all points, in the order of `points`."""
        return [point.preparation.model for point in self.points]

    @property
    def records(self) -> JumpRecords:
        """The kept trajectories: `records[7].jump_times`, `.channel_names`, `.states(times)`; empty where none are."""
        return JumpRecords(self.jump_records, self.points, self.name, self.seed)

    def replay(self, number: int, point: int = 0) -> Replay:
        """Sample one trajectory of the result again.

        Parameters
        ----------
        number : int
            0, 1, 2, ...
        point : int, default 0
            Number of the sweep's point.

        Returns
        -------
        Replay

        Raises
        ------
        InputError
            For a number or a point that does not exist.

        Examples
        --------
        >>> trajectory = example().replay(7)
        >>> len(trajectory.jump_times) == len(trajectory.channel_names)
        True
        """
        number, point = integer("number", number), integer("point", point)
        preparations = {begun.index: begun.preparation for begun in self.points}
        if point not in preparations:
            raise InputError(f"point {point}: {self.name} has the points {spans(list(preparations))}")
        return Replay.of(preparations[point], number, name=self.name, seed=self.seed, point=point)

    def counting(
        self,
        *,
        waiting: Sequence[tuple[Group, Group]] = (),
        g2: Sequence[tuple[Group, Group]] = (),
        spectrum: Sequence[str] = (),
        first_passage: Sequence[tuple[str, float | tuple[float, float]]] = (),
        longest: float | None = None,
        bins: int = 20,
        logarithmic: bool = False,
        frequencies: Sequence[float] = (),
        trajectories: int | None = None,
        scgf: bool = False,
        point: int | None = None,
        path: str | Path | None = None,
    ) -> Counting:
        """Compare counting statistics, sampled and exact: cumulants, covariances, and what jump records tell.

        Parameters
        ----------
        waiting, g2 : sequence of (from, to)
            Groups of channels, as for `waiting_times`.
        spectrum : sequence of str
            Counts, as for `spectrum`.
        first_passage : sequence of (count, bound)
            As for `first_passages`.
        longest, bins, logarithmic, frequencies
            As for `waiting_times` and `spectrum`.
        trajectories : int, optional
            Number of trajectories whose jumps are sampled again. Default: all.
        scgf : bool
            Print lambda(u) of every count as well.
        point : int, optional
            Number of one point of a sweep. Default: all.
        path : str or Path, optional
            Draw what was asked of jump records to this .png or .pdf.

        Returns
        -------
        Counting
            Prints as tables; `.verdict`, `.json()` and `.csv()` are for programs.

        Raises
        ------
        InputError
            For a channel, a count or a point that does not exist.

        Examples
        --------
        >>> example().counting().verdict
        'agree'
        """
        request = RecordRequest(
            waiting=tuple(_pair(*pair) for pair in _pairs("waiting", waiting)),
            g2=tuple(_pair(*pair) for pair in _pairs("g2", g2)),
            spectrum=tuple(channel_group("spectrum", count) for count in _listed("spectrum", spectrum)),
            first_passage=tuple(_passage(*pair) for pair in _pairs("first_passage", first_passage)),
            longest=None if longest is None else number("longest", longest),
            frequencies=tuple(numbers("frequencies", frequencies).ravel().tolist()),
            trajectories=None if trajectories is None else integer("trajectories", trajectories),
            point=None if point is None else integer("point", point),
            bins=integer("bins", bins),
            logarithmic=logarithmic,
        )
        path = None if path is None else file_path("path", path)
        with closing(ProgressBar(bar_is_seen())) as bar:
            table = Counting.of_result(self, scgf, request, bar)
        if path is not None:
            from trajectories.figures.counting_figure import draw_counting

            draw_counting(table, path)
        return table

    def waiting_times(
        self,
        start: Group,
        stop: Group,
        *,
        longest: float | None = None,
        bins: int = 20,
        logarithmic: bool = False,
        trajectories: int | None = None,
        point: int = 0,
    ) -> RecordStatistic:
        """Return the density of the time from a jump of `start` to the next jump of `stop` (1/time).

        Parameters
        ----------
        start, stop : str or sequence of str
            Channels: a name, a reservoir's name, "A_up+S_up", "any", or a sequence of names.
        longest : float, optional
            Longest wait (time). Default: five mean waits.
        bins : int, default 20
        logarithmic : bool
            Bins of equal ratios.
        trajectories : int, optional
            Number of trajectories whose jumps are sampled again. Default: all.
        point : int, default 0
            Number of the sweep's point.

        Returns
        -------
        RecordStatistic

        Raises
        ------
        InputError
            For a channel that does not exist or never fires.

        Examples
        --------
        >>> waits = example().waiting_times("A_up", "A_down", bins=4)
        >>> waits.estimate.shape, waits.edges.shape
        ((4,), (5,))
        """
        table = self.counting(
            waiting=[(start, stop)], longest=longest, bins=bins, logarithmic=logarithmic, trajectories=trajectories,
            point=point,
        )  # fmt: skip
        return statistic_of(table)

    def g2(
        self,
        first: Group,
        second: Group | None = None,
        *,
        longest: float | None = None,
        bins: int = 20,
        logarithmic: bool = False,
        trajectories: int | None = None,
        point: int = 0,
    ) -> RecordStatistic:
        """Return g2(tau): the rate of `second` a time tau after a jump of `first`, over its mean rate.

        Parameters
        ----------
        first, second : str or sequence of str
            Channels as for `waiting_times`; `second` defaults to `first`.
        longest, bins, logarithmic, trajectories, point
            As for `waiting_times`.

        Returns
        -------
        RecordStatistic

        Raises
        ------
        InputError
            For a channel that does not exist or never fires.

        Examples
        --------
        >>> example().g2("A_up", bins=4).estimate.shape
        (4,)
        """
        table = self.counting(
            g2=[(first, first if second is None else second)], longest=longest, bins=bins, logarithmic=logarithmic,
            trajectories=trajectories, point=point,
        )  # fmt: skip
        return statistic_of(table)

    def spectrum(
        self, count: str, frequencies: Sequence[float] = (), *, trajectories: int | None = None, point: int = 0
    ) -> RecordStatistic:
        """Return the power spectrum of a count's current (unit of the count squared / time).

        Parameters
        ----------
        count : str
            A reservoir (its charge, else its quanta), "heat from A", "jumps", "entropy" or a count of the model.
        frequencies : (n,) array, optional
            Angular frequencies (1/time). Default: multiples of the relaxation rate.
        trajectories, point
            As for `waiting_times`.

        Returns
        -------
        RecordStatistic

        Raises
        ------
        InputError
            For a count that does not exist.

        Examples
        --------
        >>> example().spectrum("S", [0.0, 2.0]).x
        array([0., 2.])
        """
        return statistic_of(
            self.counting(spectrum=[count], frequencies=frequencies, trajectories=trajectories, point=point)
        )

    def first_passages(
        self,
        count: str,
        bound: float | tuple[float, float],
        *,
        trajectories: int | None = None,
        point: int = 0,
    ) -> RecordStatistic:
        """Return the probability that a count has not reached a bound by the times `x`.

        Parameters
        ----------
        count : str
            As for `spectrum`; "entropy" is Delta S, where all sectors have dimension 1.
        bound : float or (float, float)
            Either of +-bound, or (low, high) with low < 0 < high.
        trajectories, point
            As for `waiting_times`.

        Returns
        -------
        RecordStatistic
            `.table` has the shares of both bounds and the mean time.

        Raises
        ------
        InputError
            For a count that does not exist, or bounds that do not enclose 0.

        Examples
        --------
        >>> passage = example().first_passages("S", 3)
        >>> bool((passage.estimate[1:] <= passage.estimate[:-1]).all())
        True
        """
        return statistic_of(self.counting(first_passage=[(count, bound)], trajectories=trajectories, point=point))

    def theorems(self, trajectories: int | None = None, path: str | Path | None = None) -> Theorems:
        """Test the fluctuation theorems against a reversed ensemble.

        Parameters
        ----------
        trajectories : int, optional
            Number forward and number reversed. Default: as many as the result has.
        path : str or Path, optional
            Draw the picture to this .png or .pdf.

        Returns
        -------
        Theorems
            Prints as a table; `.verdict` and `.json()` are for programs.

        Raises
        ------
        InputError
            Where entropy production is not defined or infinite.

        References
        ----------
        Manzano, Horowitz, Parrondo, PRX 8, 031037 (2018).

        Examples
        --------
        >>> example().theorems().verdict
        'agree'
        """
        path = None if path is None else file_path("path", path)
        with closing(ProgressBar(bar_is_seen())) as bar:
            n = None if trajectories is None else integer("trajectories", trajectories)
            tested = theorems(self, n, progress=bar)
        if path is not None:
            from trajectories.figures.theorem_figure import draw_theorems

            draw_theorems(tested, path)
        return tested

    def figure(
        self, path: str | Path | None = None, *, exact: bool = False, window: tuple[float, float] | None = None
    ) -> Figure:
        """Draw the result beside the master equation.

        Parameters
        ----------
        path : str or Path, optional
            Write the picture to this .png or .pdf as well.
        exact : bool
            Draw the master equation alone.
        window : (float, float), optional
            Stretch of time of the trajectory that is shown.

        Returns
        -------
        matplotlib.figure.Figure
            Shown by notebooks.

        Raises
        ------
        InputError
            For a path that cannot be written, and a window of a picture without a trajectory.

        Examples
        --------
        >>> len(example().figure("diamond.png").axes) > 3
        True
        """
        from trajectories.figures.draw import figure_of, picture_of, write

        path = None if path is None else file_path("path", path)
        picture = picture_of(self, exact=exact, window=window)
        if path is not None:
            write(picture, path)
        return figure_of(picture)

    def save(self, path: str | Path) -> Path:
        """Write the result to a file that `trajectories.open` and every command reads, and that a run can extend.

        Parameters
        ----------
        path : str or Path
            Name of a new file.

        Returns
        -------
        Path
            That of the file.

        Raises
        ------
        InputError
            Where the file exists or cannot be written.

        Examples
        --------
        >>> str(example().save("saved.h5"))
        'saved.h5'
        """
        path = file_path("path", path)
        if path.exists():
            raise InputError(f"{path}: exists: must be the name of a new file")
        if self.write is not None:
            self.write(path)
        elif self.path is not None:
            try:
                shutil.copyfile(self.path, path)
            except OSError as error:
                raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
        return path


def _listed(name: str, values: Sequence[Any]) -> list[Any]:
    """Return a sequence as a list; a text is one entry."""
    if isinstance(values, str):
        return [values]
    if not isinstance(values, Iterable):
        raise InputError(f"{name}: is {kind(values)}: must be a list")
    return list(values)


def _pairs(name: str, pairs: Sequence[Any]) -> list[Any]:
    """Return a sequence of pairs as a list."""
    listed = _listed(name, pairs)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in listed):
        raise InputError(f'{name}: is {kind(pairs)} of something else: must be pairs, such as [("A", "S")]')
    return listed


def _pair(first: Group, second: Group) -> str:
    return f"{channel_group('start', first)},{channel_group('stop', second)}"


def _passage(count: str, bound: float | tuple[float, float]) -> str:
    return f"{count}={':'.join(map(str, bound)) if isinstance(bound, tuple | list) else bound}"
