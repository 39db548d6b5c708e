"""The questions answered on bitmaps that lie in memory already: how fast it could be at all.

A bitmap for each trait and day, as the product seals them; made straight from the data set's columns.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from pyroaring import BitMap

from bench.dataset import Dataset
from bench.ground import tables
from bench.ground.coded import FAMILIES, Condition, columns_of, condition
from bench.ground.columns import Array, Columns
from tracking.bitmaps import traits

NOTHING = BitMap()
COLUMNS = ("name", "page", "plan", "src", *FAMILIES)


class Bitmaps:
    """(trait, day) -> who; `days` counts from the first day of the data set. `columns`: those whose traits it has."""

    def __init__(self, columns: Sequence[str] = COLUMNS) -> None:
        self.days = 0
        self._columns = columns
        self._of: dict[tuple[str, int], BitMap] = {}
        self.conditions: dict[str, Condition] = {}  # of every trait there is, how ClickHouse would ask for it

    def add(self, data: Dataset, events: Columns) -> None:
        """Take the events of the next day."""
        columns = columns_of(data, events)
        self._of[(traits.EVERYONE, self.days)] = _bitmap(np.unique(events.visitor))
        for name in self._columns:
            codes, words = columns[name]
            rows = events.name == tables.PAGEVIEW if name == "page" else slice(None)
            for code, who in _by_code(codes[rows], events.visitor[rows]):
                if words[code]:
                    self._keep(condition(name, words[code]), who)
        self.days += 1

    def of(self, trait: str, days: Iterable[int]) -> list[BitMap]:
        return [self._of.get((trait, day), NOTHING) for day in days]

    def over(self, trait: str, days: Iterable[int]) -> BitMap:
        return BitMap.union(*self.of(trait, days))

    def _keep(self, of: Condition, who: BitMap) -> None:
        self.conditions[of.trait] = of
        self._of[(of.trait, self.days)] = who


def uniques_by_day(bitmaps: Bitmaps, trait: str) -> list[int]:
    return [len(who) for who in bitmaps.of(trait, range(bitmaps.days))]


def uniques(bitmaps: Bitmaps, trait: str, days: range) -> int:
    return len(bitmaps.over(trait, days))


def nested(bitmaps: Bitmaps, a: str, b: str, c: str, days: range) -> int:
    """Of (A & B) - C."""
    both = bitmaps.over(a, days) & bitmaps.over(b, days)
    return len(both) - both.intersection_cardinality(bitmaps.over(c, days))


def retention(bitmaps: Bitmaps, weeks: int) -> list[list[int]]:
    """Of those who came for the first time in a week, how many were there 0, 1, … weeks later."""
    spans = [range(week * 7, week * 7 + 7) for week in range(weeks)]
    new = [bitmaps.over(traits.NEW, span) for span in spans]
    seen = [bitmaps.over(traits.EVERYONE, span) for span in spans]
    return retained(new, seen)


def retained(new: Sequence[BitMap], seen: Sequence[BitMap]) -> list[list[int]]:
    """From who was new and who was seen in each week."""
    return [[who_new.intersection_cardinality(who) for who in seen[week:]] for week, who_new in enumerate(new)]


def by_source(bitmaps: Bitmaps, of_source: Mapping[str, Sequence[str]], days: range) -> dict[str, int]:
    """Source -> its visitors; `of_source`: the traits of each, one for each campaign."""
    return {
        source: len(BitMap.union(*(who for trait in some for who in bitmaps.of(trait, days))))
        for source, some in of_source.items()
    }


def overlap(bitmaps: Bitmaps, some: Sequence[str], days: range) -> dict[int, int]:
    """Which of the traits (bit 0 the first) -> how many visitors have just those; none is left out."""
    return overlapping([bitmaps.over(trait, days) for trait in some])


def overlapping(sets: Sequence[BitMap]) -> dict[int, int]:
    """As `overlap`, of sets that are there already."""
    found = {}
    for mask in range(1, 1 << len(sets)):
        inside = [who for place, who in enumerate(sets) if mask >> place & 1]
        outside = [who for place, who in enumerate(sets) if not mask >> place & 1]
        exactly = BitMap.intersection(*inside)
        for who in outside:
            exactly = exactly - who
        if exactly:
            found[mask] = len(exactly)
    return found


def _by_code(codes: Array, visitors: Array) -> Iterable[tuple[int, BitMap]]:
    keys = np.unique(codes.astype(np.uint64) << np.uint64(32) | visitors)
    of_row = (keys >> np.uint64(32)).astype(np.int64)
    borders = np.flatnonzero(np.concatenate(([True], of_row[1:] != of_row[:-1], [True]))).tolist()
    for begin, end in pairwise(borders if len(keys) else []):
        yield int(of_row[begin]), _bitmap((keys[begin:end] & np.uint64(0xFFFFFFFF)).astype(np.uint32))


def _bitmap(ids: Array) -> BitMap:
    made = BitMap(array("I", ids.tobytes()))
    made.run_optimize()
    return made
