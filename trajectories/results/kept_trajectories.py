"""The trajectories whose jump records a result keeps, as replays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from trajectories.model.argument_types import integer
from trajectories.results.points import Point
from trajectories.results.storage import Records
from trajectories.sampling.replay import Replay


class JumpRecords(Sequence[Replay]):
    """The trajectories whose jumps were kept, point after point; `records[7]` is a Replay."""

    def __init__(self, kept: Records | None, points: Sequence[Point], name: str, seed: int) -> None:
        self._kept, self._name, self._seed = kept, name, seed
        self._points = {point.index: point for point in points} if kept is not None else {}

    def __len__(self) -> int:
        return 0 if self._kept is None else len(self._kept.trajectory)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        i = integer("record", i)
        if self._kept is None or not -len(self) <= i < len(self):
            raise IndexError(
                f"record {i}: the jumps of {len(self)} trajectories were kept; run with records=N, or replay a number"
            )
        i, kept = range(len(self))[i], self._kept
        own = slice(kept.offsets[i], kept.offsets[i + 1])
        preparation = self._points[int(kept.point[i])].preparation
        return Replay(
            name=self._name,
            seed=self._seed,
            number=int(kept.trajectory[i]),
            preparation=preparation,
            jump_times=kept.times[own],
            channels=kept.channels[own],
            start=int(kept.initial[i]),
            end=int(kept.final[i]),
            spectra=preparation.spectra,
        )

    def __iter__(self) -> Iterator[Replay]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<JumpRecords of {len(self)} trajectories>"
