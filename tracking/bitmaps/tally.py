"""How often, how much: a number for each visitor in a slot. Pure.

    ids      12  40  57  99     visitor indexes, ascending, each once
    values    1   3   1   2     what each did, spent or waited there; never 0

The ids of a tally of events are the bitmap of the trait. Tallies are added id by id; where a number
comes to 0 the visitor is gone from it, so what was noted can also be taken back.

Most tallies are short and come by the thousands, so `added` adds up many pairs at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from tracking.bitmaps.ranges import Ints, borders_of
from tracking.bitmaps.roaring import bitmap_of, ids_of
from tracking.bitmaps.values import Values

Ids = npt.NDArray[np.unsignedinteger[Any]]

FEW = 32
NARROW = 4  # bytes of an id
LONG = 1_000


@dataclass(slots=True, eq=False)
class Tally:
    """`ids`: uint32 (uint64 for samples), ascending, distinct. `values`: int64, as many, none of them 0."""

    ids: Ids
    values: Values

    @staticmethod
    def of(numbers: dict[int, int], wide: bool = False) -> "Tally":
        """The tally of visitor index (or sample, which is `wide`) -> number."""
        kept = sorted(item for item in numbers.items() if item[1])
        return Tally(
            np.array([place for place, _ in kept], np.uint64 if wide else np.uint32),
            np.array([number for _, number in kept], np.int64),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __add__(self, other: "Tally") -> "Tally":
        if not len(self):
            return other
        if not len(other):
            return self
        places = np.searchsorted(self.ids, other.ids)
        known = self.ids[np.minimum(places, len(self.ids) - 1)] == other.ids
        values = self.values.copy()
        values[places[known]] += other.values[known]
        ids, fresh = self.ids, ~known
        if fresh.any():
            ids = np.insert(ids, places[fresh], other.ids[fresh])
            values = np.insert(values, places[fresh], other.values[fresh])
        if not values.all():
            ids, values = ids[values != 0], values[values != 0]
        return Tally(ids, values)

    def who(self) -> BitMap:
        """The visitors it has a number for."""
        return bitmap_of(self.ids)

    def total(self, segment: BitMap | None = None) -> int:
        """The sum over everybody, or over the visitors of `segment`."""
        if segment is None:
            return sum(self.values.tolist()) if len(self) < FEW else int(self.values.sum())
        if not len(self):
            return 0
        return int(self.values[member_mask(segment, int(self.ids[-1]))[self.ids]].sum())

    def to_dict(self) -> dict[int, int]:
        return dict(zip(self.ids.tolist(), self.values.tolist(), strict=True))


EMPTY = Tally(np.empty(0, np.uint32), np.empty(0, np.int64))


def member_mask(segment: BitMap, highest: int) -> npt.NDArray[np.bool_]:
    """For each id from 0 to `highest` whether it is in `segment`."""
    mask = np.zeros(highest + 1, np.bool_)
    ids = ids_of(segment)
    mask[ids[: np.searchsorted(ids, highest, side="right")]] = True
    return mask


def together(tallies: Sequence[Tally]) -> tuple[Ids, Values, Ints]:
    """(ids, values, borders) of tallies end to end (ranges.py)."""
    if not tallies:
        return EMPTY.ids, EMPTY.values, borders_of([])
    borders = borders_of([len(tally.ids) for tally in tallies])
    ids, values = np.concatenate([tally.ids for tally in tallies]), np.concatenate([tally.values for tally in tallies])
    return ids, values, borders


def apart(ids: Ids, values: Values, borders: Ints) -> list[Tally]:
    """The tallies that lie end to end."""
    return [Tally(ids[begin:end], values[begin:end]) for begin, end in pairwise(borders.tolist())]


def added(some: Sequence[Tally], others: Sequence[Tally]) -> list[Tally]:
    """Each of `some` and the one of `others` in its place, added up. All of them have narrow ids, or all wide ones."""
    if any(tally.ids.dtype.itemsize > NARROW for tally in chain(some, others)):
        return _added_wide(some, others)
    ids, values, borders = together(some)
    new_ids, new_values, new_borders = together(others)
    # One key of tally and id makes them one tally.
    whole = Tally(_keys(ids, borders), values) + Tally(_keys(new_ids, new_borders), new_values)
    ends = np.searchsorted(whole.ids, np.arange(len(some) + 1, dtype=np.uint64) << np.uint64(32))
    return apart(whole.ids.astype(np.uint32), whole.values, ends)


def _added_wide(some: Sequence[Tally], others: Sequence[Tally]) -> list[Tally]:
    """Short ones are sorted together; of a long one only the places of what is new are looked for."""
    found = [one + other if len(one.ids) > LONG else one for one, other in zip(some, others, strict=True)]
    short = [place for place, one in enumerate(some) if len(one.ids) <= LONG]
    ids, values, borders = together([side[place] for side in (some, others) for place in short])
    tally = np.repeat(np.arange(len(borders) - 1) % max(len(short), 1), np.diff(borders))
    order = np.lexsort((ids, tally))
    tally, ids, values = merged_neighbours(tally[order], ids[order], values[order])
    ends = np.searchsorted(tally, np.arange(len(short) + 1))
    for place, whole in zip(short, apart(ids, values, ends), strict=True):
        found[place] = whole
    return found


def merged_neighbours(groups: Ints, ids: Ints, values: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows of one group and id, which lie side by side, added up; what comes to nothing is left out."""
    if not len(ids):
        return groups, ids, values
    first = np.flatnonzero(np.concatenate(([True], (groups[1:] != groups[:-1]) | (ids[1:] != ids[:-1]))))
    sums = np.add.reduceat(values, first)
    left = first[sums != 0]
    return groups[left], ids[left], sums[sums != 0]


def _keys(ids: Ids, borders: Ints) -> Ids:
    of_tally = np.repeat(np.arange(len(borders) - 1, dtype=np.uint64) << np.uint64(32), np.diff(borders))
    return of_tally | ids
