"""The trajectories whose jump records a result keeps, as replays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trajectories.lazy_sequence import LazySequence
from trajectories.model.argument_types import integer
from trajectories.results.layout import Records
from trajectories.results.points import Point
from trajectories.sampling.replay import Replay


class JumpRecords(LazySequence[Replay]):
    """The trajectories whose jumps were kept, point after point; `records[7]` is a Replay."""

    def __init__(self, kept: Records | None, points: Sequence[Point], name: str, seed: int) -> None:
        self._kept, self._name, self._seed = kept, name, seed
        self._points = {point.index: point for point in points} if kept is not None else {}

    def __len__(self) -> int:
        return 0 if self._kept is None else len(self._kept.trajectory)

    def __getitem__(self, place: Any) -> Any:
        return super().__getitem__(place if isinstance(place, slice) else integer("record", place))

    def _outside(self, place: int) -> str:
        return (
            f"record {place}: the jumps of {len(self)} trajectories were kept; run with records=N, or replay a number"
        )

    def _item(self, place: int) -> Replay:
        kept = self._kept
        assert kept is not None  # else there is no place
        jumps = slice(kept.offsets[place], kept.offsets[place + 1])
        preparation = self._points[int(kept.point[place])].preparation
        return Replay(
            name=self._name,
            seed=self._seed,
            number=int(kept.trajectory[place]),
            preparation=preparation,
            jump_times=kept.times[jumps],
            channels=kept.channels[jumps],
            start=int(kept.initial[place]),
            end=int(kept.final[place]),
            spectra=preparation.spectra,
        )

    def __repr__(self) -> str:
        return f"<JumpRecords of {len(self)} trajectories>"
