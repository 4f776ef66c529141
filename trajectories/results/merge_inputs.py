"""Result files that are parts of one run: contents of each, and checks that all belong to the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from trajectories.errors import InputError, spans
from trajectories.results.reader import Reader
from trajectories.runfiles.fingerprints import (
    OPERATORS,
    Fingerprints,
    Packed,
    at_point,
    describe_differences,
    differing_names,
    operator_difference,
    stored_model,
)
from trajectories.sampling.serialised_preparation import descriptions

Holders = Mapping[int, Sequence[tuple[int, int]]]


class Part(Reader):
    """One file of a run; closed after its header and the keys of its nodes are read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.close()

    @property
    def numbers(self) -> list[int]:
        """Number of each point in the whole sweep."""
        return self.header.meta["points"]

    @cached_property
    def descriptions(self) -> list[dict[str, Any]]:
        return descriptions(self.header.meta["preparations"])

    @property
    def of_points(self) -> int:
        """Number of points of the whole sweep."""
        return self.header.meta["of"]

    @property
    def layout(self) -> tuple[Any, ...]:
        """Properties that all files of a run share: points of the whole sweep, groups, shapes of a Block's fields."""
        return self.of_points, self.groups, self.shapes

    def fingerprints(self, place: int) -> Fingerprints:
        """Return the fingerprints of one point of the file."""
        return at_point(self.header.meta["each"], place)

    def model(self, place: int) -> Packed:
        """Return the packed model of one point of the file."""
        return stored_model(self.descriptions[place], self.header.plans[place])


def holders_of(parts: Sequence[Part]) -> dict[int, list[tuple[int, int]]]:
    """Return, for each point in ascending order, its holders (part, place in that part), most blocks first."""
    holders: dict[int, list[tuple[int, int]]] = {}
    for i, part in enumerate(parts):
        for place, number in enumerate(part.numbers):
            holders.setdefault(number, []).append((i, place))
    return {n: sorted(holders[n], key=lambda held: -parts[held[0]].blocks_done(held[1])) for n in sorted(holders)}


def refuse_other(first: Part, part: Part) -> None:
    """Raise InputError if two files belong to different runs, naming the differences."""
    ours, its = first.header.meta, part.header.meta
    names = differing_names(ours["fingerprints"], its["fingerprints"])
    names = [name for name in names if name not in ("points", OPERATORS)]
    tables = ours["run"], its["run"]
    words = describe_differences(
        names, ours["fingerprints"], its["fingerprints"], *tables, ("in the latter", "in the former")
    )
    if not words and first.layout != part.layout:
        words = "sectors or channels differ"
    if words:
        raise InputError(f"{part.path} belongs to another run than {first.path}: {words}; must be parts of one run")


def refuse_other_points(parts: Sequence[Part], holders: Holders) -> None:
    """Raise InputError where two files have the same point, but not of the same making."""
    for number, held in holders.items():
        first, place = parts[held[0][0]], held[0][1]
        for j, other in held[1:]:
            part = parts[j]
            differ = differing_names(first.fingerprints(place), part.fingerprints(other))
            if differ == [OPERATORS] and not operator_difference(first.model(place), part.model(other)):
                differ = []
            sizes = [held_part.descriptions[at]["block_size"] for held_part, at in ((first, place), (part, other))]
            if sizes[0] != sizes[1]:
                differ.append(f"trajectories per block ({sizes[1]}, {sizes[0]})")
            if differ:
                raise InputError(
                    f"{part.path} and {first.path} both hold point {number}, but {', '.join(differ)} differ; "
                    "must be parts of one run"
                )


def refuse_missing(parts: Sequence[Part], holders: Holders, asked: Mapping[int, int]) -> None:
    """Raise InputError where a point is missing or, as far as can be seen beforehand, not complete."""
    missing = [number for number in range(parts[0].of_points) if number not in holders]
    if missing:
        words = f"point {missing[0]} is" if len(missing) == 1 else f"points {spans(missing)} are"
        raise InputError(
            f"{words} missing, of 0-{parts[0].of_points - 1}: run what is missing (trajectories run RUN.toml "
            f"--points {missing[0]} -o ...), or take what there is: --partial"
        )
    for number, held in holders.items():
        done = sum(parts[i].blocks_done(place) for i, place in held)
        if done < asked[number]:
            raise InputError(
                f"{parts[held[0][0]].path}: point {number} has {done} of {asked[number]} blocks: run it to the end, "
                "or take what there is: --partial"
            )
