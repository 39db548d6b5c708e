"""Tallies as fields of the packed layout's hashes.

Of events, whose visitors are the bitmap of the trait:

    sealed::<label>   trait -> Roaring bitmap, portable format
    counts::<label>   trait -> how many each of them did, in the bitmap's order; missing where all did one

Of any other metric:

    sums:<metric>::<label>   trait -> length of the bitmap (4 bytes, little-endian), bitmap, amounts

Of samples, which are 64 bits wide:

    sums:samples:<what>::<label>   trait -> packed_samples.py

Under a trait of the session counts and sums are those of the slot's mixed visitors alone (packed_plain.py).
How much there is in all: packed_totals.py.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any, NamedTuple

import numpy as np

from tracking.bitmaps import roaring, values
from tracking.bitmaps.layouts import packed_samples
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.plain import Name
from tracking.bitmaps.ranges import borders_of
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.tally import Tally, apart, together
from tracking.keys import Keys

LENGTH = struct.Struct("<I")
BYTES_AT_ONCE = 8_000_000  # of packed tallies that are unpacked together: each takes ten times as much then
IDS_AT_ONCE = 2_000_000

Bytes = Sequence[bytes | None]
KeyOf = Callable[[str], str]  # of the hash of a label
Wanted = tuple[KeyOf, Sequence[Name]]


class Reading(NamedTuple):
    """Where fields are read from. Of slots that are made `anew` nothing is known."""

    client: Any
    keys: Keys
    anew: bool = False

    def fields(self, wanted: Sequence[Wanted]) -> list[list[bytes | None]]:
        """The fields of the names in each list, in one round trip. Names of a label are neighbours."""
        if self.anew:
            return [[None] * len(names) for _, names in wanted]
        pipe = self.client.pipeline(transaction=False)
        lengths = [_ask(pipe, key_of, names) for key_of, names in wanted]
        replies = iter(pipe.execute() if any(lengths) else [])
        return [[one for reply in islice(replies, length) for one in reply] for length in lengths]

    def packed(self, wanted: Sequence[tuple[str, Sequence[Name]]]) -> list["Packed"]:
        """What is kept of the names of each metric, in one round trip."""
        asked: list[Wanted] = []
        for metric, names in wanted:
            asked.append((own_key(self.keys, metric), names))
            asked.append((self.keys.counts, names if metric == EVENTS else []))
        found = self.fields(asked)
        return [
            Packed(metric, names, own, counts)
            for (metric, names), own, counts in zip(wanted, found[::2], found[1::2], strict=True)
        ]


class Packed(NamedTuple):
    """Tallies of one metric as they are kept. `counts` is empty but for events, where it is as long as `own`."""

    metric: str
    names: Sequence[Name]
    own: Bytes
    counts: Bytes

    def parts(self) -> Iterator["Packed"]:
        """The same, in parts of about BYTES_AT_ONCE."""
        sizes = [len(own or b"") for own in self.own]
        for part in _parts(sizes, BYTES_AT_ONCE):
            yield Packed(self.metric, self.names[part], self.own[part], self.counts[part])

    def tallies(self) -> list[Tally]:
        if is_samples(self.metric):
            return packed_samples.unpack(self.own)
        own, counts = (self.own, self.counts) if self.metric == EVENTS else _split(self.own)
        ids, borders = roaring.unpack(own)
        return apart(ids, values.unpack(counts, borders), borders)


def own_key(keys: Keys, metric: str) -> KeyOf:
    return keys.sealed if metric == EVENTS else partial(keys.sums, metric)


def _ask(pipe: Any, key_of: KeyOf, names: Sequence[Name]) -> int:
    """Queue what reads the fields; how many commands those are."""
    commands = 0
    for label, some in groupby(names, key=lambda name: name[0]):
        pipe.hmget(key_of(label), [trait for _, trait in some])
        commands += 1
    return commands


def write(pipe: Any, keys: Keys, metric: str, names: Sequence[Name], tallies: Sequence[Tally]) -> None:
    """Queue what makes the fields of `names` hold `tallies`; fields with nothing left are deleted."""
    for part in _parts([len(tally.ids) for tally in tallies], IDS_AT_ONCE):
        some = list(zip(names[part], tallies[part], strict=True))
        held = [name for name, tally in some if len(tally.ids)]
        own, counts = _packed(metric, [tally for _, tally in some if len(tally.ids)])
        put(pipe, own_key(keys, metric), names[part], dict(zip(held, own, strict=True)))
        if metric == EVENTS:
            put(pipe, keys.counts, names[part], dict(zip(held, counts, strict=True)))


def write_counts(pipe: Any, keys: Keys, names: Sequence[Name], tallies: Sequence[Tally]) -> None:
    """Queue what makes the counts of `names` those of `tallies`, whose bitmaps are written by somebody else."""
    held = [name for name, tally in zip(names, tallies, strict=True) if len(tally.ids)]
    _, numbers, borders = together([tally for tally in tallies if len(tally.ids)])
    put(pipe, keys.counts, names, dict(zip(held, values.pack(numbers, borders), strict=True)))


def put(pipe: Any, key_of: KeyOf, names: Iterable[Name], fields: dict[Name, bytes]) -> None:
    """Queue that the hash of each label has these `fields`, and of `names` no others; nothing is not kept."""
    for label, some in groupby([name for name in names if not fields.get(name)], key=lambda name: name[0]):
        pipe.hdel(key_of(label), *[trait for _, trait in some])
    held = ((name, field) for name, field in fields.items() if field)
    for label, pairs in groupby(held, key=lambda pair: pair[0][0]):
        pipe.hset(key_of(label), items=[part for (_, trait), field in pairs for part in (trait, field)])


def _packed(metric: str, tallies: Sequence[Tally]) -> tuple[list[bytes], list[bytes]]:
    """(own, counts) of tallies that are not empty; `counts` of events alone."""
    if is_samples(metric):
        return packed_samples.pack(tallies), []
    ids, numbers, borders = together(tallies)
    who, counts = roaring.pack(ids, borders), values.pack(numbers, borders)
    if metric == EVENTS:
        return who, counts
    return [LENGTH.pack(len(one)) + one + more for one, more in zip(who, counts, strict=True)], []


def _split(sums: Bytes) -> tuple[list[bytes], list[bytes]]:
    """(bitmap, amounts) of each."""
    ends = [LENGTH.size + LENGTH.unpack_from(one)[0] if one else 0 for one in sums]
    pairs = [((one or b"")[LENGTH.size : end], (one or b"")[end:]) for one, end in zip(sums, ends, strict=True)]
    return [own for own, _ in pairs], [amounts for _, amounts in pairs]


def _parts(sizes: Sequence[int], most: int) -> Iterator[slice]:
    """Slices that cover all of `sizes`, each with a sum of about `most`."""
    numbers = borders_of(sizes) // most
    starts = np.flatnonzero(np.diff(numbers[:-1], prepend=-1)) if len(sizes) else np.empty(0, np.int64)
    ends = [*starts[1:].tolist(), len(sizes)]
    return (slice(begin, end) for begin, end in zip(starts.tolist(), ends, strict=False))
