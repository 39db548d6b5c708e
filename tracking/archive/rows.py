"""One resolved event as it goes into the archive: who, when, in which session, and under which traits. Pure."""

import msgspec


class Row(msgspec.Struct, array_like=True, gc=False):
    """`entry` and `ordinal`: where it stood in the stream, which is its id and its order of receipt.

    Times are ms since 1970. `visitor` is the visitor_index. `traits` are those of the event,
    `session_traits` those of its session, joined by line breaks. `attributes` is a JSON object or empty.
    """

    entry: str
    ordinal: int
    at: int
    received: int
    visitor: int
    visitor_id: bytes
    session: bytes
    name: str
    url: str
    referrer: str
    title: str
    tab: str
    user: str
    attributes: str
    traits: str
    session_traits: str


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Row])


def encode(rows: list[Row]) -> bytes:
    return _encoder.encode(rows)


def decode(entry: bytes) -> list[Row]:
    """The rows of an entry of the archive's stream. Raises msgspec.DecodeError when it cannot be read."""
    return _decoder.decode(entry)
