"""Tallies as fields of the packed layout's hashes.

Of events, whose visitors are the bitmap of the trait:

    sealed::<label>   trait -> Roaring bitmap, portable format
    counts::<label>   trait -> how many each of them did, in the bitmap's order; missing where all did one

Of any other metric:

    sums:<metric>::<label>   trait -> length of the bitmap (4 bytes, little-endian), bitmap, amounts

Of samples, which are 64 bits wide and come in runs:

    sums:samples:<what>::<label>   trait -> how many (4 bytes), then compressed: their differences, amounts

And of each, totals:<metric>::<label>: trait -> sum of the amounts.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pyroaring import BitMap

from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.tally import EMPTY, Tally, bitmap_of, ids_of, pack_values, unpack_values
from tracking.keys import Keys

LENGTH = struct.Struct("<I")
NO_SAMPLES = Tally(np.empty(0, np.uint64), np.empty(0, np.int64))


def ask(pipe: Any, keys: Keys, metric: str, label: str, traits: Sequence[str]) -> None:
    """Queue the commands whose replies `tallies` reads."""
    if metric == EVENTS:
        pipe.hmget(keys.sealed(label), traits)
        pipe.hmget(keys.counts(label), traits)
    else:
        pipe.hmget(keys.sums(metric, label), traits)


def tallies(metric: str, replies: Iterator[Any], length: int) -> list[Tally]:
    """The tallies of `length` traits, from the replies to what `ask` queued."""
    if metric == EVENTS:
        bitmaps, counts = next(replies), next(replies)
        return [of_events(bitmaps[n], counts[n]) for n in range(length)]
    return [of_sum(metric, packed) for packed in next(replies)]


def of_events(bitmap: bytes | None, counts: bytes | None) -> Tally:
    if not bitmap:
        return EMPTY
    ids = ids_of(BitMap.deserialize(bitmap))
    return Tally(ids, unpack_values(counts, len(ids)))


def of_sum(metric: str, packed: bytes | None) -> Tally:
    if not packed:
        return NO_SAMPLES if is_samples(metric) else EMPTY
    if is_samples(metric):
        return _of_samples(packed)
    (length,) = LENGTH.unpack_from(packed)
    end = LENGTH.size + length
    ids = ids_of(BitMap.deserialize(packed[LENGTH.size : end]))
    return Tally(ids, unpack_values(packed[end:], len(ids)))


def write(pipe: Any, keys: Keys, metric: str, label: str, by_trait: Mapping[str, Tally]) -> None:
    """Queue what makes the fields of `by_trait` hold its tallies; fields with nothing left are deleted."""
    own, counts, totals = keys.sums(metric, label), keys.counts(label), keys.totals(metric, label)
    if metric == EVENTS:
        own = keys.sealed(label)
    held = {trait: tally for trait, tally in by_trait.items() if len(tally)}
    if len(held) < len(by_trait):
        empty = [trait for trait in by_trait if trait not in held]
        pipe.hdel(own, *empty)
        pipe.hdel(totals, *empty)
        if metric == EVENTS:
            pipe.hdel(counts, *empty)
    if not held:
        return
    pipe.hset(totals, mapping={trait: tally.total() for trait, tally in held.items()})
    if metric != EVENTS:
        pipe.hset(own, mapping={trait: _packed_sum(metric, tally) for trait, tally in held.items()})
        return
    pipe.hset(own, mapping={trait: blob(tally.who()) for trait, tally in held.items()})
    packed = {trait: pack_values(tally.values) for trait, tally in held.items()}
    if uneven := {trait: values for trait, values in packed.items() if values}:
        pipe.hset(counts, mapping=uneven)
    if even := [trait for trait, values in packed.items() if not values]:
        pipe.hdel(counts, *even)


def blob(bitmap: BitMap) -> bytes:
    """A bitmap in Roaring's portable format, as small as it gets."""
    bitmap.run_optimize()
    return bytes(bitmap.serialize())


def _of_samples(packed: bytes) -> Tally:
    (length,) = LENGTH.unpack_from(packed)
    raw = zlib.decompress(packed[LENGTH.size :])
    steps = np.frombuffer(raw, np.uint8, 8 * length).reshape(8, length).T.copy().view("<u8").ravel()
    return Tally(np.cumsum(steps, dtype=np.uint64), unpack_values(raw[8 * length :], length))


def _packed_sum(metric: str, tally: Tally) -> bytes:
    if is_samples(metric):
        steps = np.diff(tally.ids, prepend=np.uint64(0)).astype("<u8")
        # Bytes of equal rank side by side: most of the upper ones are 0.
        planes = steps.view(np.uint8).reshape(-1, 8).T.tobytes()
        return LENGTH.pack(len(tally)) + zlib.compress(planes + pack_values(tally.values), 1)
    who = blob(bitmap_of(tally.ids))
    return LENGTH.pack(len(who)) + who + pack_values(tally.values)
