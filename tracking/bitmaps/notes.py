"""Notes: what a batch adds, before it is folded into bitmaps and tallies. Pure.

A note says: in this minute, under this set of traits, this visitor has so much more of a metric.

    "everyone\\nsrc:news::cpg:(none)\\ncfg:browser:firefox"   visitor 7, minute 29399310:  events +3, sessions +1
    "evt:pageview\\npage:/pricing"                            visitor 7, minute 29399310:  events +1

A set of traits is one string with line breaks between: sets come again and again, and a string is
hashed once.

Who has events under a trait in a slot is its bitmap; how many there are, and the other metrics, are
its tallies. Amounts add up and may be negative, so a note can be taken back by its opposite: that is
how the exit page of a session moves on, and how a bounce ceases to be one.

Samples (samples.py) are notes as well: their metric is `samples:load_ms` or the like, and in the place
of the visitor stands the sample. They are kept by day only.

A frame is the notes of one batch as bytes: length (4 bytes, little-endian), then msgpack of

    [time zone, [trait, …], [set, …], {metric: [sets, minutes, visitors, amounts]}]

where a set is the places of its traits in the first list, and the four columns of a metric are arrays
of little-endian integers. A log is frames one after another. `fold` makes a log into cells:

    rows (set, minute, visitor, amount)        one for each note
      └─► pairs (trait, slot, visitor, amount)  one for each trait of its set
            └─► sorted and added up             one tally for each (metric, trait, slot)
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt

from tracking.bitmaps.samples import SAMPLES, is_samples, sample
from tracking.bitmaps.slots import DAY, labels
from tracking.bitmaps.tally import Tally, pack_values, unpack_values

EVENTS = "events"
LENGTH = struct.Struct("<I")

TraitSet = str
Row = tuple[int, int, int]  # set, minute, visitor index
Cells = dict[str, dict[str, dict[str, Tally]]]  # label -> metric -> trait
Ints = npt.NDArray[Any]

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[str, list[str], list[bytes], dict[str, tuple[bytes, bytes, bytes, bytes]]])


@dataclass
class Notes:
    """The notes of one batch. Minutes are UTC, counted since 1970."""

    tz: ZoneInfo
    sets: dict[TraitSet, int] = field(default_factory=dict)
    amounts: dict[str, dict[Row, int]] = field(default_factory=dict)  # metric -> row -> amount

    def add(self, traits: TraitSet, visitor: int, minute: int, metric: str = EVENTS, amount: int = 1) -> None:
        """So much more of `metric` for a visitor under each of `traits`."""
        place = self.sets.get(traits)
        if place is None:
            place = self.sets[traits] = len(self.sets)
        rows = self.amounts.get(metric)
        if rows is None:
            rows = self.amounts[metric] = {}
        row = (place, minute, visitor)
        rows[row] = rows.get(row, 0) + amount

    def sample(self, traits: TraitSet, visitor: int, minute: int, what: str, value: int) -> None:
        """One measurement of `what` under each of `traits`; `value` from 0 to samples.HIGHEST."""
        self.add(traits, sample(visitor, value, minute), minute, SAMPLES + what)

    def frame(self) -> bytes:
        """The notes as bytes; empty when there are none."""
        columns = {metric: packed for metric, rows in self.amounts.items() if (packed := _columns(metric, rows))}
        if not columns:
            return b""
        places: dict[str, int] = {}
        sets = [
            np.array([places.setdefault(trait, len(places)) for trait in traits.split("\n")], "<u4").tobytes()
            for traits in self.sets
        ]
        body = _encoder.encode((self.tz.key, list(places), sets, columns))
        return LENGTH.pack(len(body)) + body


def _columns(metric: str, rows: dict[Row, int]) -> tuple[bytes, bytes, bytes, bytes] | None:
    kept = [(*row, amount) for row, amount in rows.items() if amount]
    if not kept:
        return None
    sets, minutes, visitors, amounts = zip(*kept, strict=True)
    return (
        np.array(sets, "<u4").tobytes(),
        np.array(minutes, "<u4").tobytes(),
        np.array(visitors, _place_type(metric)).tobytes(),
        pack_values(np.array(amounts, np.int64)),
    )


def _place_type(metric: str) -> str:
    return "<u8" if is_samples(metric) else "<u4"


class Rows(NamedTuple):
    """The notes of one metric and time zone, a row each; `sets` are places in a list of trait sets."""

    sets: Ints
    minutes: Ints
    visitors: Ints
    amounts: Ints


class Wanted(NamedTuple):
    """Which cells of a log to make: for which labels, and which traits of a metric; None for all."""

    labels: frozenset[str] | None = None
    traits: frozenset[str] | None = None


EVERYTHING = Wanted()


class Merged(NamedTuple):
    """Notes of one time zone. `sets` are places in `traits`; the `sets` of rows are places in `sets`."""

    tz: ZoneInfo
    traits: list[str]
    sets: list[Ints]
    rows: dict[str, Rows]  # by metric


def fold(log: bytes, levels: Iterable[int], wanted: Wanted = EVERYTHING) -> Cells:
    """The cells that the notes of `log` make at `levels`: places among the five labels, minute 0 to year 4.

    Raises msgspec.DecodeError for a damaged log.
    """
    return add_up(_merged(log, wanted.traits), levels, wanted)


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


def _merged(log: bytes, wanted: frozenset[str] | None) -> Iterator[Merged]:
    zones: dict[str, _Merging] = {}
    for body in frames(log):
        zone, traits, sets, columns = _decoder.decode(body)
        merging = zones.setdefault(zone, _Merging())
        before = len(merging.sets)
        merging.take_sets(traits, sets, wanted)
        for metric, (of_row, minutes, visitors, amounts) in columns.items():
            rows = Rows(
                np.frombuffer(of_row, "<u4").astype(np.int64) + before,
                np.frombuffer(minutes, "<u4"),
                np.frombuffer(visitors, _place_type(metric)),
                unpack_values(amounts, len(of_row) // 4),
            )
            merging.rows.setdefault(metric, []).append(rows)
    for key, merging in zones.items():
        yield Merged(
            ZoneInfo(key),
            list(merging.places),
            merging.sets,
            {m: Rows(*map(np.concatenate, zip(*some, strict=True))) for m, some in merging.rows.items()},
        )


@dataclass
class _Merging:
    places: dict[str, int] = field(default_factory=dict)
    sets: list[Ints] = field(default_factory=list)
    rows: dict[str, list[Rows]] = field(default_factory=dict)

    def take_sets(self, traits: list[str], sets: list[bytes], wanted: frozenset[str] | None) -> None:
        """Add the sets of a frame; traits that nobody wants are left out of them."""
        places = [
            self.places.setdefault(trait, len(self.places)) if wanted is None or trait in wanted else -1
            for trait in traits
        ]
        to_place = np.array(places, np.int64)
        for packed in sets:
            of_set = to_place[np.frombuffer(packed, "<u4")]
            self.sets.append(of_set if wanted is None else of_set[of_set >= 0])


def frames(log: bytes) -> Iterator[bytes]:
    """The bodies of the frames of a log."""
    at = 0
    while at < len(log):
        (length,) = LENGTH.unpack_from(log, at)
        at += LENGTH.size
        yield log[at : at + length]
        at += length


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
        for trait, slot, tally in cells:
            if chosen[slot]:
                yield by_slot[slot], zone.traits[trait], tally


def _cells(sets: list[Ints], rows: Rows, slots: Ints) -> Iterator[tuple[int, int, Tally]]:
    """(trait, slot, tally) of every pair that has a number left."""
    row_of_pair, trait_of_pair = _pairs(sets, rows.sets)
    if not len(row_of_pair):
        return
    many = int(slots.max()) + 1
    cells = trait_of_pair * many + slots[row_of_pair]
    ids = rows.visitors[row_of_pair]
    order = _order(cells, ids)
    cells, ids = cells[order], ids[order]
    first = np.flatnonzero(np.concatenate(([True], (cells[1:] != cells[:-1]) | (ids[1:] != ids[:-1]))))
    amounts = np.add.reduceat(rows.amounts[row_of_pair[order]], first)
    left = amounts != 0
    cells, ids, amounts = cells[first][left], ids[first][left], amounts[left]
    borders = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1], [True]))).tolist()
    for begin, end in pairwise(borders if len(cells) else []):
        trait, slot = divmod(int(cells[begin]), many)
        yield trait, slot, Tally(ids[begin:end], amounts[begin:end])


def _order(cells: Ints, ids: Ints) -> Ints:
    """What sorts by cell, then by id."""
    if ids.dtype.itemsize > 4:
        return np.lexsort((ids, cells))
    # One key of both is sorted several times as fast as one after the other.
    return np.argsort((cells.astype(np.uint64) << np.uint64(32)) | ids, kind="stable")


def _pairs(sets: list[Ints], set_of_row: Ints) -> tuple[Ints, Ints]:
    """(row, trait) of every trait of every row's set."""
    lengths = np.array([len(places) for places in sets], np.int64)
    starts = np.cumsum(lengths) - lengths
    repeats = lengths[set_of_row]
    row_of_pair = np.repeat(np.arange(len(set_of_row)), repeats)
    first_pair = np.cumsum(repeats) - repeats
    within = np.arange(len(row_of_pair)) - first_pair[row_of_pair]
    flat = np.concatenate(sets) if sets else np.empty(0, np.int64)
    return row_of_pair, flat[starts[set_of_row][row_of_pair] + within]
