"""Statistics of a result's jump records by the texts of the command line that name them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trajectories.counting.model_counts import Count, counts_of, uncounted
from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.report.recorded_first_passages import FirstPassage
from trajectories.report.recorded_spectrum import PowerSpectrum
from trajectories.report.recorded_waiting_times import BINS, MOST_BINS, Bins, Coincidences, WaitingTimes
from trajectories.sampling.preparation import Preparation

ANY = "any"
ENTROPY = "entropy"

RecordedStatistic = WaitingTimes | Coincidences | PowerSpectrum | FirstPassage


@dataclass(frozen=True)
class RecordRequest:
    """Requests for statistics of jump records.

    waiting, g2: "A_up,A_down", two groups of channels or reservoirs joined by +, or "any". spectrum: a reservoir
    (its charge, or else its quanta), "heat from A", "jumps", "entropy" or a count that the model names. first_passage:
    "A=10" (either of +-10), "A=-3:10", "jumps=50", "entropy=4" (Delta S).

    longest: waits and distances up to it (None: chosen), in so many bins, logarithmic ones if wanted. frequencies: of
    spectra (empty: chosen); spaced: "0:10:41", more of them at equal distances. trajectories: None: as many as the
    result has. point: of a sweep, from 0; None: all.
    """

    waiting: tuple[str, ...] = ()
    g2: tuple[str, ...] = ()
    spectrum: tuple[str, ...] = ()
    first_passage: tuple[str, ...] = ()
    longest: float | None = None
    frequencies: tuple[float, ...] = ()
    trajectories: int | None = None
    point: int | None = None
    bins: int = BINS
    logarithmic: bool = False
    spaced: tuple[str, ...] = ()

    @property
    def needs_records(self) -> bool:
        """Return True where jump records are needed."""
        return bool(self.waiting or self.g2 or self.spectrum or self.first_passage)

    def statistics(self, preparation: Preparation) -> list[RecordedStatistic]:
        """Return the statistics, with their exact values. Raises InputError for names that the model does not have."""
        if not 1 <= self.bins <= MOST_BINS:
            raise InputError(f"--bins {self.bins}: must be from 1 to {MOST_BINS}")
        model, bins = preparation.model, Bins(self.bins, self.logarithmic, self.longest)
        frequencies = [*self.frequencies, *(omega for text in self.spaced for omega in _spaced(text))]
        statistics: list[RecordedStatistic] = []
        for text in self.waiting:
            statistics.append(WaitingTimes(preparation, *_pair(model, "--waiting", text), bins))
        for text in self.g2:
            statistics.append(Coincidences(preparation, *_pair(model, "--g2", text), bins))
        for text in self.spectrum:
            statistics.append(PowerSpectrum(preparation, count_named(model, "--spectrum", text), frequencies))
        for text in self.first_passage:
            name, low, high = _bounds(text)
            count = None if name == ENTROPY else count_named(model, "--first-passage", name)
            if count is not None and (count.weights >= 0).all():
                low = -math.inf
            statistics.append(FirstPassage(preparation, count, low, high))
        return statistics


def _spaced(text: str) -> np.ndarray:
    """Return the frequencies (N,) of "FROM:TO:N"."""
    try:
        first, last, number = text.split(":")
        begin, end, count = float(first), float(last), int(number)
    except ValueError:
        begin, end, count = math.nan, math.nan, 0
    if not (math.isfinite(begin) and math.isfinite(end) and begin < end and 2 <= count <= MOST_BINS):
        raise InputError(
            f"--frequencies {text}: must be FROM:TO:N, from 2 to {MOST_BINS} frequencies from FROM to a larger TO, "
            "such as 0:10:41"
        )
    return np.linspace(begin, end, count)


def _pair(model: Model, option: str, text: str) -> tuple[str, list[str], list[str]]:
    """Return a title and both groups of channels of "A_up,A_down"."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(parts):
        raise InputError(f"{option} {text}: must be two groups of channels, FROM,TO, such as {_example(model)}")
    return f"{parts[0]} to {parts[1]}", channels_named(model, option, parts[0]), channels_named(model, option, parts[1])


def channels_named(model: Model, option: str, text: str) -> list[str]:
    """Return the channels that names joined by + mean, each a channel, a reservoir or "any"."""
    channels, named = [channel.name for channel in model.channels], []
    for name in text.split("+"):
        members = [channel.name for channel in model.channels if channel.reservoir == name]
        if name == ANY and name not in channels:
            members = channels
        if name in channels:
            members = [name]
        if not members:
            reservoirs = ", ".join(reservoir.name for reservoir in model.reservoirs)
            raise InputError(
                f"{option}: {model.name} has no channel or reservoir {name!r}; channels: {', '.join(channels)}; "
                f"reservoirs: {reservoirs}; {ANY}: every channel"
            )
        named += members
    return named


def count_named(model: Model, option: str, name: str) -> Count:
    """Return the count of a reservoir, of the jumps, or of the entropy production."""
    counts = counts_of(model)
    names: dict[str, Count] = {}
    for count in counts:
        # A reservoir means its charge where it has one, its quanta or heat otherwise; the full name says which.
        short = count.reservoir or (ENTROPY if count.unit == "nat" else count.name)
        names[count.name if short in names else short] = count
    full = {count.name: count for count in counts}
    if name not in names | full:
        reason = uncounted(model).get("entropy production" if name == ENTROPY else f"quanta from {name}")
        why = "" if reason is None else f" ({reason})"
        raise InputError(f"{option} {name}: {model.name} has no such count{why}: must be one of {', '.join(names)}")
    return (full | names)[name]


def _bounds(text: str) -> tuple[str, float, float]:
    """Return name and bounds of "A=10" or "A=-3:10"."""
    name, _, given = text.partition("=")
    try:
        numbers = [float(part) for part in given.split(":")]
    except ValueError:
        numbers = []
    if not name or len(numbers) not in (1, 2) or not all(map(math.isfinite, numbers)):
        raise InputError(f"--first-passage {text}: must be COUNT=N (either of +-N) or COUNT=LOW:HIGH, such as A=10")
    low, high = (-abs(numbers[0]), abs(numbers[0])) if len(numbers) == 1 else numbers
    return name, low, high


def _example(model: Model) -> str:
    names = [channel.name for channel in model.channels]
    return f"{names[0]},{names[-1]}"
