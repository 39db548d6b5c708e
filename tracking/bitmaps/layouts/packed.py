"""The packed layout: marks are appended to a log, and folded now and then into compressed bitmaps.

    drain ── APPEND frame ──► {7::3}::marks            the open log: one command for a whole batch
                                   │ RENAMENX
                                   ▼
                              {7::3}::marks_sealing    the log being sealed
                                   │ union, HSET, DEL in one guarded transaction
                                   ▼
                              {7::3}::sealed::2026-11-24-02    hash: trait -> Roaring bitmap; one
                                                               for each minute, hour, day, month, year

A reader takes sealed bitmaps, the log being sealed and the open log in one transaction, so a mark is
seen from the moment it is written and never vanishes on its way. What is read twice does no harm: a
union is a union.

Sealing first folds a log that a crashed sealing left behind, and only then takes the next. Of two
that seal the same log one wins: each watches it, and the winner's transaction deletes it. Late marks
of any age are folded into the old bitmaps like all others.

A frame of the log is its length (4 bytes, little-endian) and msgpack: (time zone, [(trait, minute,
visitor indexes as 32-bit integers, little-endian), …]). The time zone is the property's when the
marks were made: a change of it leaves the days that are over as they were.
"""

import struct
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from pyroaring import BitMap

from tracking.bitmaps.addresses import Address
from tracking.bitmaps.layouts import Mark
from tracking.bitmaps.slots import labels
from tracking.keys import Keys

LENGTH = struct.Struct("<I")
Bitmaps = dict[str, dict[str, BitMap]]  # label -> trait -> visitors

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[str, list[tuple[str, int, bytes]]])


class PackedLayout:
    def add(self, pipe: Any, keys: Keys, marks: Iterable[Mark], tz: ZoneInfo) -> None:
        if frame := pack(marks, tz):
            pipe.append(keys.marks, frame)

    def load(self, client: Any, keys: Keys, addresses: Sequence[Address]) -> dict[Address, BitMap]:
        wanted: dict[str, list[str]] = defaultdict(list)
        for address in dict.fromkeys(addresses):
            wanted[address.label].append(address.trait)
        pipe = client.pipeline(transaction=True)
        pipe.get(keys.sealing)
        pipe.get(keys.marks)
        for label, traits in wanted.items():
            pipe.hmget(keys.sealed(label), traits)
        sealing, log, *found = pipe.execute()
        bitmaps = {
            Address(trait, label): BitMap.deserialize(blob) if blob else BitMap()
            for (label, traits), blobs in zip(wanted.items(), found, strict=True)
            for trait, blob in zip(traits, blobs, strict=True)
        }
        for part in (sealing, log):
            _overlay(bitmaps, part or b"")
        return bitmaps

    def waiting(self, client: Any, keys: Keys) -> int:
        pipe = client.pipeline(transaction=False)
        pipe.strlen(keys.marks)
        pipe.strlen(keys.sealing)
        return sum(pipe.execute())

    def seal(self, client: Any, keys: Keys) -> None:
        """Fold what waits. Raises WatchError when somebody else did at the same time (nothing is lost)."""
        self._fold(client, keys)
        if client.exists(keys.marks) and client.renamenx(keys.marks, keys.sealing):
            self._fold(client, keys)

    def addresses(self, client: Any, keys: Keys) -> Iterator[Address]:
        for key in keys.scan(client, "sealed::"):
            label = key.rpartition("::")[2]
            for trait in client.hkeys(key):
                yield Address(trait.decode(), label)

    def store(self, client: Any, keys: Keys, bitmaps: Mapping[Address, BitMap]) -> None:
        pipe = client.pipeline(transaction=False)
        for address, bitmap in bitmaps.items():
            pipe.hset(keys.sealed(address.label), address.trait, _blob(bitmap))
        pipe.execute()

    def remove(self, client: Any, keys: Keys) -> None:
        for key in keys.scan(client, "sealed::"):
            client.unlink(key)
        client.unlink(keys.marks, keys.sealing)

    def _fold(self, client: Any, keys: Keys) -> None:
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.sealing)
            log = pipe.get(keys.sealing)
            if log is None:
                return
            bitmaps = gather(log)
            _unite_with_sealed(client, keys, bitmaps)
            pipe.multi()
            for label, by_trait in bitmaps.items():
                pipe.hset(keys.sealed(label), mapping={trait: _blob(bitmap) for trait, bitmap in by_trait.items()})
            pipe.delete(keys.sealing)
            pipe.execute()


def pack(marks: Iterable[Mark], tz: ZoneInfo) -> bytes:
    """The frame of `marks`; empty when there are none."""
    groups: dict[tuple[str, int], array[int]] = {}
    for trait, visitor_index, minute in marks:
        groups.setdefault((trait, minute), array("I")).append(visitor_index)
    if not groups:
        return b""
    packed = [(trait, minute, _little_endian(indexes)) for (trait, minute), indexes in groups.items()]
    body = _encoder.encode((tz.key, packed))
    return LENGTH.pack(len(body)) + body


def unpack(log: bytes) -> Iterator[tuple[str, int, "array[int]", ZoneInfo]]:
    """(trait, minute, visitor indexes, time zone) of every group of a log. Raises msgspec.DecodeError."""
    at = 0
    while at < len(log):
        (length,) = LENGTH.unpack_from(log, at)
        at += LENGTH.size
        zone, groups = _decoder.decode(log[at : at + length])
        tz = ZoneInfo(zone)
        for trait, minute, packed in groups:
            indexes = array("I", packed)
            if sys.byteorder == "big":
                indexes.byteswap()
            yield trait, minute, indexes, tz
        at += length


def gather(log: bytes) -> Bitmaps:
    """The bitmaps that the marks of `log` make, at every granularity."""
    bitmaps: Bitmaps = {}
    for trait, minute, indexes, tz in unpack(log):
        for label in labels(minute, tz):
            bitmaps.setdefault(label, {}).setdefault(trait, BitMap()).update(indexes)
    return bitmaps


def _overlay(bitmaps: dict[Address, BitMap], log: bytes) -> None:
    """Add what `log` holds for the addresses of `bitmaps`."""
    traits = {address.trait for address in bitmaps}
    for trait, minute, indexes, tz in unpack(log):
        if trait not in traits:
            continue
        for label in labels(minute, tz):
            if (bitmap := bitmaps.get(Address(trait, label))) is not None:
                bitmap.update(indexes)


def _unite_with_sealed(client: Any, keys: Keys, bitmaps: Bitmaps) -> None:
    """Add to each bitmap what is sealed already. Nobody writes there meanwhile, or our EXEC fails."""
    pipe = client.pipeline(transaction=False)
    for label, by_trait in bitmaps.items():
        pipe.hmget(keys.sealed(label), list(by_trait))
    for by_trait, blobs in zip(bitmaps.values(), pipe.execute(), strict=True):
        for bitmap, blob in zip(by_trait.values(), blobs, strict=True):
            if blob:
                bitmap |= BitMap.deserialize(blob)  # noqa: PLW2901 - in place


def _blob(bitmap: BitMap) -> bytes:
    bitmap.run_optimize()
    return bytes(bitmap.serialize())


def _little_endian(indexes: "array[int]") -> bytes:
    if sys.byteorder == "big":
        indexes.byteswap()
    return indexes.tobytes()
