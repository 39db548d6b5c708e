"""The stream between the collector and the drain: what one entry holds. Pure.

    XADD {a::p}::ingest * e <msgpack: a list of StreamEvent>

Many events of many requests share an entry. Its time is the server's; nothing in it tells the
address it came from.
"""

import msgspec

FIELD = b"e"
START = "0-0"


class StreamEvent(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """One event as it was taken; times are milliseconds since 1970, on the server's clock."""

    name: str
    at: int
    received: int
    visitor_id: bytes
    session_id: bytes
    url: str
    referrer: str
    title: str
    tab: str
    user_agent: str
    attributes: dict[str, str | int | float | bool | None]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[StreamEvent])


def encode(events: list[StreamEvent]) -> bytes:
    return _encoder.encode(events)


def decode(entry: bytes) -> list[StreamEvent]:
    """The events of an entry. Raises msgspec.DecodeError when it cannot be read."""
    return _decoder.decode(entry)


def after(entry_id: str) -> str:
    """The smallest id that is greater than `entry_id`."""
    milliseconds, _, sequence = entry_id.partition("-")
    return f"{milliseconds}-{int(sequence) + 1}"
