"""The stream between the collector and the drain: what one entry holds. Pure.

    XADD {a::p}::ingest * e <msgpack: a list of packets>

A packet is what one request brought for one property: who sent it, and the events. Packets of many
requests share an entry. Its time is the server's; nothing in it tells the address it came from.
"""

import msgspec

FIELD = b"e"
START = "0-0"
NO_NUMBER = -1


class StreamEvent(msgspec.Struct, array_like=True, gc=False):
    """One event as it was taken; `at` is milliseconds since 1970, on the server's clock.

    `number` is its place in the sender's queue, or NO_NUMBER. `user` is the property's own id of the
    person who was logged in, `data` what it said of them (signupUser and the like), `signed_up` when they
    signed up: ms since 1970, 0 where it is not said.
    """

    name: str
    at: int
    url: str = ""
    referrer: str = ""
    title: str = ""
    user: str = ""
    number: int = NO_NUMBER
    attributes: dict[str, str | int | float | bool | None] = {}
    data: dict[str, str | int | float | bool | None] = {}
    items: list[dict[str, str | int | float | bool | None]] = []
    signed_up: int = 0


class Packet(msgspec.Struct, array_like=True, gc=False):
    """The events of one virtual visitor that came together. `received`: ms since 1970.

    `message`: what tells the message of a server from all others (messages.py); its packet has one event.

    The ids of an anonymous one are empty until anonymous.py has made them; in the stream they never are.
    """

    visitor_id: bytes
    session_id: bytes
    received: int
    events: list[StreamEvent]
    tab: str = ""
    queue: str = ""
    user_agent: str = ""
    language: str = ""
    screen: str = ""
    country: str = ""
    city: str = ""
    message: bytes = b""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Packet])


def encode(packets: list[Packet]) -> bytes:
    return _encoder.encode(packets)


def decode(entry: bytes) -> list[Packet]:
    """The packets of an entry. Raises msgspec.DecodeError when it cannot be read."""
    return _decoder.decode(entry)


def after(entry_id: str) -> str:
    """The smallest id that is greater than `entry_id`."""
    milliseconds, _, sequence = entry_id.partition("-")
    return f"{milliseconds}-{int(sequence) + 1}"
