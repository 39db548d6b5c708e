"""Tallies as fields of the packed layout's hashes.

Of events, whose visitors are the bitmap of the trait:

    sealed::<label>   trait -> Roaring bitmap, portable format
    counts::<label>   trait -> how many each of them did, in the bitmap's order; missing where all did one

Of any other metric:

    sums:<metric>::<label>   trait -> length of the bitmap (4 bytes, little-endian), bitmap, amounts

Of samples, which are 64 bits wide:

    sums:samples:<what>::<label>   trait -> packed_samples.py

And of each, totals:<metric>::<label>: trait -> sum of the amounts.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any, NamedTuple

import numpy as np

from tracking.bitmaps import roaring, values
from tracking.bitmaps.layouts import packed_samples
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.ranges import borders_of
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.tally import Tally, apart, together
from tracking.keys import Keys

LENGTH = struct.Struct("<I")
BYTES_AT_ONCE = 8_000_000  # of packed tallies that are unpacked together: each takes ten times as much then
IDS_AT_ONCE = 2_000_000

Name = tuple[str, str]  # (label, trait); those of a label are neighbours
Bytes = Sequence[bytes | None]


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


def fetch(client: Any, keys: Keys, wanted: Mapping[str, Sequence[Name]]) -> list[Packed]:
    """What is kept of the names of each metric, in one round trip."""
    pipe = client.pipeline(transaction=False)
    lengths = [_ask(pipe, keys, metric, names) for metric, names in wanted.items()]
    replies = iter(pipe.execute() if any(lengths) else [])
    found = []
    for (metric, names), length in zip(wanted.items(), lengths, strict=True):
        some = list(islice(replies, length))
        step = 2 if metric == EVENTS else 1
        own, counts = (_joined(some[first::step]) for first in range(2))
        found.append(Packed(metric, names, own, counts if metric == EVENTS else []))
    return found


def _ask(pipe: Any, keys: Keys, metric: str, names: Sequence[Name]) -> int:
    """Queue what reads the fields; how many commands those are."""
    commands = 0
    for label, some in groupby(names, key=lambda name: name[0]):
        traits = [trait for _, trait in some]
        hashes = (keys.sealed(label), keys.counts(label)) if metric == EVENTS else (keys.sums(metric, label),)
        for key in hashes:
            pipe.hmget(key, traits)
        commands += len(hashes)
    return commands


def _joined(replies: Sequence[Bytes]) -> list[bytes | None]:
    return [one for reply in replies for one in reply]


def write(pipe: Any, keys: Keys, metric: str, names: Sequence[Name], tallies: Sequence[Tally]) -> None:
    """Queue what makes the fields of `names` hold `tallies`; fields with nothing left are deleted."""
    own_key = keys.sealed if metric == EVENTS else partial(keys.sums, metric)
    for part in _parts([len(tally.ids) for tally in tallies], IDS_AT_ONCE):
        some = list(zip(names[part], tallies[part], strict=True))
        gone = [name for name, tally in some if not len(tally.ids)]
        held = [name for name, tally in some if len(tally.ids)]
        own, counts, totals = _packed(metric, [tally for _, tally in some if len(tally.ids)])
        _set(pipe, own_key, zip(held, own, strict=True), gone)
        _set(pipe, partial(keys.totals, metric), zip(held, totals, strict=True), gone)
        if metric == EVENTS:
            uneven = {name: packed for name, packed in zip(held, counts, strict=True) if packed}
            _set(pipe, keys.counts, uneven.items(), [name for name in names[part] if name not in uneven])


def _set(pipe: Any, key_of: Callable[[str], str], fields: Iterable[tuple[Name, Any]], gone: Sequence[Name]) -> None:
    """Queue the setting of `fields` in the hash of each label, and the deletion of those that are gone."""
    for label, names in groupby(gone, key=lambda name: name[0]):
        pipe.hdel(key_of(label), *[trait for _, trait in names])
    for label, pairs in groupby(fields, key=lambda pair: pair[0][0]):
        pipe.hset(key_of(label), items=[part for (_, trait), value in pairs for part in (trait, value)])


def _packed(metric: str, tallies: Sequence[Tally]) -> tuple[list[bytes], list[bytes], list[int]]:
    """(own, counts, totals) of tallies that are not empty; `counts` of events alone."""
    ids, numbers, borders = together(tallies)
    totals = np.add.reduceat(numbers, borders[:-1]).tolist() if tallies else []
    if is_samples(metric):
        return packed_samples.pack(tallies), [], totals
    who, counts = roaring.pack(ids, borders), values.pack(numbers, borders)
    if metric == EVENTS:
        return who, counts, totals
    return [LENGTH.pack(len(one)) + one + more for one, more in zip(who, counts, strict=True)], [], totals


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
