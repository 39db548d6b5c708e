"""From notes to cells: one tally for each metric, trait and slot. Pure.

    rows (set, minute, visitor, amount)         one for each note
      └─► by visitor, added up                   what a visitor did in a slot under the same set of traits
            └─► pairs (trait, slot, visitor)     one for each trait of its set
                  └─► by cell, added up          one tally for each (metric, trait, slot)

Sorting is most of the work. Rows are few and sorted by visitor; pairs are many, and a sort by the number
of their cell alone, which is by radix, leaves the visitors of a cell in their order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tracking.bitmaps import values
from tracking.bitmaps.notes import Columns, frames, place_type
from tracking.bitmaps.ranges import Ints, borders_of, places
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.slots import DAY, labels
from tracking.bitmaps.tally import NARROW, Tally, apart, merged_neighbours

Cells = dict[str, dict[str, dict[str, Tally]]]  # label -> metric -> trait


class Rows(NamedTuple):
    """The notes of one metric and time zone, a row each; `sets` are places in a list of trait sets."""

    sets: Ints
    minutes: Ints
    visitors: Ints
    amounts: Ints


class Noted(NamedTuple):
    """Rows of one metric that are added up, by id: of which set, in which slot, whose (or which sample), how much."""

    sets: Ints
    slots: Ints
    ids: Ints
    amounts: Ints


class Wanted(NamedTuple):
    """Which cells of a log to make: for which labels, and which traits of a metric; None for all."""

    labels: frozenset[str] | None = None
    traits: frozenset[str] | None = None


EVERYTHING = Wanted()


class Sets(NamedTuple):
    """Sets of traits, end to end: how many each has, and their places in a list of traits."""

    lengths: Ints
    places: Ints

    def only(self, kept: Ints) -> "Sets":
        """The same sets with those places alone for which `kept` holds."""
        of_set = np.repeat(np.arange(len(self.lengths)), self.lengths)
        return Sets(np.bincount(of_set[kept], minlength=len(self.lengths)), self.places[kept])


class Merged(NamedTuple):
    """Notes of one time zone. `sets` have places in `traits`; the `sets` of rows are numbers of sets."""

    tz: ZoneInfo
    traits: list[str]
    sets: Sets
    rows: dict[str, Rows]  # by metric


def fold(log: bytes, levels: Iterable[int], wanted: Wanted = EVERYTHING) -> Cells:
    """The cells that the notes of `log` make at `levels`: places among the five labels, minute 0 to year 4.

    Raises msgspec.DecodeError for a damaged log.
    """
    return add_up(merged(log, wanted.traits), levels, wanted)


def add_up(parts: Iterable[Merged], levels: Iterable[int], wanted: Wanted = EVERYTHING) -> Cells:
    """The cells that the notes of `parts` make at `levels`."""
    cells: Cells = defaultdict(lambda: defaultdict(dict))
    levels = tuple(levels)
    for part in parts:
        for metric, rows in part.rows.items():
            at = tuple(level for level in levels if level == DAY or not is_samples(metric))
            for label, trait, tally in _fold_rows(part, rows, at, wanted.labels):
                known = cells[label][metric].get(trait)
                cells[label][metric][trait] = tally if known is None else known + tally
    return cells


def merged(log: bytes, wanted: frozenset[str] | None = None) -> Iterator[Merged]:
    """The notes of `log` by time zone, under the traits that are wanted; None for all.

    Raises msgspec.DecodeError for a damaged log.
    """
    zones: dict[str, _Merging] = {}
    for zone, traits, lengths, of_sets, columns in frames(log):
        zones.setdefault(zone, _Merging(wanted)).take(traits, lengths, of_sets, columns)
    for key, merging in zones.items():
        yield merging.merged(ZoneInfo(key))


@dataclass
class _Merging:
    """The frames of one time zone. There may be hundreds of an event or two, so their columns are joined as bytes."""

    wanted: frozenset[str] | None
    numbers: dict[str, int] = field(default_factory=dict)  # of each trait
    lengths: list[bytes] = field(default_factory=list)
    places: list[Ints] = field(default_factory=list)
    count: int = 0  # of sets
    columns: dict[str, list[tuple[int, Columns]]] = field(default_factory=dict)  # after so many sets

    def take(self, traits: list[str], lengths: bytes, of_sets: bytes, columns: dict[str, Columns]) -> None:
        """Add a frame. Traits that nobody wants get no number."""
        numbers = [
            self.numbers.setdefault(trait, len(self.numbers)) if self.wanted is None or trait in self.wanted else -1
            for trait in traits
        ]
        self.places.append(np.array(numbers, np.int64)[np.frombuffer(of_sets, "<u4")])
        self.lengths.append(lengths)
        for metric, some in columns.items():
            self.columns.setdefault(metric, []).append((self.count, some))
        self.count += len(lengths) // 4

    def merged(self, tz: ZoneInfo) -> Merged:
        sets = Sets(np.frombuffer(b"".join(self.lengths), "<u4"), np.concatenate(self.places))
        if self.wanted is not None:
            sets = sets.only(sets.places >= 0)
        return Merged(tz, list(self.numbers), sets, {m: _rows(m, some) for m, some in self.columns.items()})


def _rows(metric: str, parts: list[tuple[int, Columns]]) -> Rows:
    """The rows of one metric; the sets of each part are numbered from its first number on."""
    sets, minutes, visitors, amounts = zip(*(columns for _, columns in parts), strict=True)
    borders = borders_of([len(some) // 4 for some in sets])
    before = np.repeat(np.array([first for first, _ in parts], np.int64), np.diff(borders))
    return Rows(
        np.frombuffer(b"".join(sets), "<u4") + before,
        np.frombuffer(b"".join(minutes), "<u4"),
        np.frombuffer(b"".join(visitors), place_type(metric)),
        values.unpack(amounts, borders),
    )


def _fold_rows(
    zone: Merged, rows: Rows, levels: tuple[int, ...], wanted: frozenset[str] | None
) -> Iterator[tuple[str, str, Tally]]:
    """(label, trait, tally) of every cell at `levels`."""
    minutes, place_of_minute = np.unique(rows.minutes, return_inverse=True)
    by_minute = [labels(minute, zone.tz) for minute in minutes.tolist()]
    partition: list[int] | None = None
    cells: list[tuple[int, int, Tally]] = []
    for level in levels:
        names: dict[str, int] = {}
        slots = [names.setdefault(of_minute[level], len(names)) for of_minute in by_minute]
        chosen = [wanted is None or name in wanted for name in names]
        if not any(chosen):
            continue
        if slots != partition:  # a day, a month and a year often hold the same minutes
            partition = slots
            cells = list(_cells(zone.sets, rows, np.array(slots, np.int64)[place_of_minute]))
        by_slot = list(names)
        for slot, trait, tally in cells:
            if chosen[slot]:
                yield by_slot[slot], zone.traits[trait], tally


def _cells(sets: Sets, rows: Rows, slots: Ints) -> Iterator[tuple[int, int, Tally]]:
    """(slot, trait, tally) of every pair that has a number left."""
    many = int(slots.max()) + 1 if len(slots) else 1
    groups, ids, amounts = summed(rows.sets * many + slots, rows.visitors, rows.amounts)
    yield from spread(sets, Noted(groups // many, groups % many, ids, amounts))


def spread(sets: Sets, noted: Noted) -> Iterator[tuple[int, int, Tally]]:
    """(slot, trait, tally) of every trait of the set of every row, slot by slot; those that have a number left."""
    row_of_pair, trait_of_pair = pairs(sets, noted.sets)
    if not len(row_of_pair):
        return
    many, ids, amounts = int(sets.places.max()) + 1, noted.ids, noted.amounts
    cells = noted.slots[row_of_pair] * many + trait_of_pair
    order = by_cell(cells)
    cells, row = cells[order], row_of_pair[order]
    cells, ids, amounts = merged_neighbours(cells, ids[row], amounts[row])
    first = np.flatnonzero(np.diff(cells, prepend=-1))
    found = apart(ids, amounts, np.append(first, len(cells)))
    yield from zip((cells[first] // many).tolist(), (cells[first] % many).tolist(), found, strict=True)


def summed(groups: Ints, ids: Ints, amounts: Ints) -> tuple[Ints, Ints, Ints]:
    """The rows by id, those of one group and id added up: a visitor does much under the same traits."""
    if ids.dtype.itemsize > NARROW or int(groups.max(initial=0)) >> 32:
        order = np.lexsort((groups, ids))
    else:
        # One key of both is sorted several times as fast as one after the other.
        order = np.argsort(ids.astype(np.uint64) << np.uint64(32) | groups.astype(np.uint64))
    return merged_neighbours(groups[order], ids[order], amounts[order])


def by_cell(cells: Ints) -> Ints:
    """What sorts by cell and leaves the order of ids as it is: numpy sorts 16-bit numbers by radix."""
    order = np.argsort(cells.astype(np.uint16), kind="stable")
    shift = 16
    while int(cells.max()) >> shift:
        order = order[np.argsort((cells[order] >> shift).astype(np.uint16), kind="stable")]
        shift += 16
    return order


def pairs(sets: Sets, set_of_row: Ints) -> tuple[Ints, Ints]:
    """(row, trait) of every trait of every row's set."""
    repeats = sets.lengths[set_of_row]
    chosen = places(borders_of(sets.lengths)[set_of_row], repeats)
    return np.repeat(np.arange(len(set_of_row)), repeats), sets.places[chosen]
