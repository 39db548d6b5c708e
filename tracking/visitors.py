"""What the drain knows of a virtual visitor: one record, found by the id of the cookie. Pure."""

import msgspec

from tracking.repeats import Queue
from tracking.sessions import Session


class Visitor(msgspec.Struct, array_like=True, gc=False):
    """`index`: the place in all bitmaps. `first_seen`: ms since 1970. `person`: the user it belongs to."""

    index: int
    first_seen: int
    last: Session | None = None
    sessions: int = 0
    person: str = ""
    queues: list[Queue] = []


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Visitor)


def encode(visitor: Visitor) -> bytes:
    return _encoder.encode(visitor)


def decode(record: bytes) -> Visitor:
    return _decoder.decode(record)
