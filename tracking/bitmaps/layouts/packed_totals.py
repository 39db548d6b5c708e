"""How much there is in all, of every metric: one hash a slot.

    totals::<label>   trait -> msgpack of {metric: total}

The metrics that nearly every trait has are written as numbers. What has no field has nothing; also the
names of the traits in a slot are those of the fields.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tracking.bitmaps.layouts.packed_fields import Reading, put
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.plain import Name

# The place of a metric in this list is what is written: to be added to at its end alone.
NUMBERED = (EVENTS, "pageviews", "sessions", "bounces", "seconds", "visible")
CODES: dict[str, str | int] = {metric: code for code, metric in enumerate(NUMBERED)}
METRICS: dict[str | int, str] = dict(enumerate(NUMBERED))

ARRAY, ARRAY_32 = struct.Struct(">BI"), 0xDD  # how msgpack begins a long list: its type, its length

Totals = dict[str, int]  # metric -> total
Coded = dict[str | int, int]  # the same by what is written for the metric

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Coded)
_list_decoder = msgspec.msgpack.Decoder(list[Coded])


def unpack(packed: bytes) -> Totals:
    return {METRICS.get(code) or str(code): total for code, total in _decoder.decode(packed).items()}


def of_a_slot(reply: Mapping[bytes, bytes]) -> dict[str, Coded]:
    """trait -> its totals, of a whole hash. They are joined to one list, so that one call reads them all."""
    head = ARRAY.pack(ARRAY_32, len(reply))
    coded = _list_decoder.decode(head + b"".join(reply.values()))
    return dict(zip([trait.decode() for trait in reply], coded, strict=True))


def code_of(metric: str) -> str | int:
    return CODES.get(metric, metric)


def read(reading: Reading, names: Sequence[Name]) -> list[Coded]:
    [packed] = reading.fields([(reading.keys.totals, names)])
    return [_decoder.decode(one) if one else {} for one in packed]


def write(pipe: Any, reading: Reading, names: Sequence[Name], totals: Sequence[Coded]) -> None:
    """Queue what makes these the totals of the names, of which those of a label are neighbours."""
    packed = {name: _encoder.encode(some) for name, some in zip(names, totals, strict=True) if some}
    put(pipe, reading.keys.totals, names, packed)


def in_slots(reading: Reading, labels: Iterable[str]) -> list[dict[str, Totals]]:
    """Everything in each slot: trait -> totals."""
    pipe = reading.client.pipeline(transaction=False)
    for label in labels:
        pipe.hgetall(reading.keys.totals(label))
    return [{trait.decode(): unpack(packed) for trait, packed in reply.items()} for reply in pipe.execute()]
