"""Sequences whose items are made when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar, overload

Item = TypeVar("Item")


class LazySequence(Sequence[Item]):
    """A sequence that makes its items with `_item`; the last one is remembered, slices are lists."""

    _last: tuple[int, Item] | None = None

    @abstractmethod
    def _item(self, place: int) -> Item:
        """Return the item of a place, 0 <= place < len(self)."""

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(self._outside(place))
        place %= len(self)
        if self._last is None or self._last[0] != place:
            self._last = place, self._item(place)
        return self._last[1]

    def _outside(self, place: int) -> str:
        """Return the message for a place that does not exist."""
        return f"{place}: there are {len(self)} items"
