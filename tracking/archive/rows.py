"""One resolved event as it goes into the archive: who, when, in which session, and under which traits. Pure."""

import msgspec

NO_SESSION = bytes(16)
NO_VISITOR_ID = bytes(16)
ITEM_SEPARATOR = "\n\n"


class Row(msgspec.Struct, array_like=True, gc=False):
    """`entry` and `ordinal`: where it stood in the stream, which is its id and its order of receipt.

    Times are ms since 1970. `visitor` is the visitor_index. `traits` are those of the event,
    `session_traits` those of its session, joined by line breaks. `attributes` is a JSON object or empty, `items` a
    JSON list or empty, `item_traits` are those of each item, with an empty line between items.

    A sign-up that was told of later is a row by itself, at its own time and in NO_SESSION; its ordinal is below zero.
    Where another browser told it than the one that stands for the person, it has NO_VISITOR_ID.
    """

    entry: str
    ordinal: int
    at: int
    received: int
    visitor: int
    visitor_id: bytes
    session: bytes
    name: str
    url: str = ""
    referrer: str = ""
    title: str = ""
    tab: str = ""
    user: str = ""
    attributes: str = ""
    traits: str = ""
    session_traits: str = ""
    items: str = ""
    item_traits: str = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Row])


def encode(rows: list[Row]) -> bytes:
    return _encoder.encode(rows)


def decode(entry: bytes) -> list[Row]:
    """The rows of an entry of the archive's stream. Raises msgspec.DecodeError when it cannot be read."""
    return _decoder.decode(entry)
