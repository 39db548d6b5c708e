"""What trackers send to /track/it: one batch of events, as JSON. Pure.

    {"account": 7, "property": 3,                      property may be left out: the hostname tells it
     "visitor": "6f9d…-uuid", "session": "…-uuid", "tab": "k3j9x",
     "sent": 1764000000000,                            the sender's clock when it sent this, ms
     "events": [{"name": "pageview", "at": 1763999999000,
                 "url": "https://shop.example/a?utm_source=news", "referrer": "https://…", "title": "A",
                 "attributes": {"load_ms": 812}, "n": 41, "user": "4711", "data": {"plan": "pro"}}]}

Batches may name the sender's `queue` and number its events (`n`): what comes twice then counts once.
`language` and `screen` ("1920x1080") describe the browser; `user` is the property's own id of the
person who is logged in, `data` what is known of them, `signed_up` when they signed up (ms). `items`
are what an event of a shop is about, each with the fields that GA4 gives an item.

Without `visitor` and `session` a batch is of somebody who is not to be known again: anonymous.py.

Types, sizes and forms are checked while decoding; what is wrong is named with its place, as
`$.events[3].name`. Letters that are not allowed are looked for afterwards, where there can be some.

With `sent`, an event's age is what counts (`sent` - `at`), so a sender's wrong clock does no harm;
without it `at` is taken as it is.
"""

import re
import uuid
from collections.abc import Iterator
from typing import Annotated

import msgspec

MAX_BODY_BYTES = 256 * 1024
MAX_EVENTS = 500
MAX_ATTRIBUTES = 30
MAX_ITEMS = 200  # of an event

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Url = Annotated[str, msgspec.Meta(max_length=2000)]
Text = Annotated[str, msgspec.Meta(max_length=500)]
SafeInteger = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Value = Annotated[str, msgspec.Meta(max_length=2000)] | SafeInteger | float | bool | None
Id = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Item = Annotated[dict[Name, Value], msgspec.Meta(max_length=MAX_ATTRIBUTES)]


class WireEvent(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    at: Milliseconds
    url: Url = ""
    referrer: Url = ""
    title: Text = ""
    attributes: dict[Name, Value] = {}
    n: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    user: Annotated[str, msgspec.Meta(max_length=200)] | SafeInteger = ""
    data: dict[Name, Value] = {}
    items: Annotated[list[Item], msgspec.Meta(max_length=MAX_ITEMS)] = []
    signed_up: Milliseconds | None = None


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    account: Id | Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,15}\Z")]
    events: Annotated[list[WireEvent], msgspec.Meta(min_length=1)]
    visitor: uuid.UUID | None = None
    session: uuid.UUID | None = None
    property: Id | None = None
    tab: Annotated[str, msgspec.Meta(max_length=64)] = ""
    sent: Milliseconds | None = None
    queue: Annotated[str, msgspec.Meta(max_length=40)] = ""
    language: Annotated[str, msgspec.Meta(max_length=200)] = ""
    screen: Annotated[str, msgspec.Meta(max_length=20)] = ""


class Refused(ValueError):
    """Input that cannot be taken: `reason` is counted and goes into a header, the text explains it."""

    def __init__(self, reason: str, explanation: str, status: int = 400) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.status = status


# Control characters never belong into a name or an address, and NUL breaks what reads them later.
NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f]")
NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f]")
NOT_IN_TEXTS = re.compile(r"\x00")
BACKSLASH, DEL = b"\\\x7f"

_decoder = msgspec.json.Decoder(Batch)


def decode(body: bytes | bytearray) -> Batch:
    """The batch in `body`. Raises Refused with what is wrong and where."""
    try:
        batch = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused("bad_schema", _one_line(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("bad_json", f"The body is no JSON: {_one_line(str(error))}") from None
    if len(batch.events) > MAX_EVENTS:
        raise Refused("too_many_events", f"{len(batch.events)} events in one batch; {MAX_EVENTS} at most.", 413)
    # JSON writes control characters as escapes, all but DEL; most bodies have neither.
    is_suspect = BACKSLASH in body or DEL in body
    for event in batch.events:
        if len(event.attributes) > MAX_ATTRIBUTES or len(event.data) > MAX_ATTRIBUTES:
            raise Refused("too_many_attributes", f"An event has more than {MAX_ATTRIBUTES} attributes.")
        if " " in event.url or " " in event.referrer:
            is_suspect = True
    if is_suspect:
        refuse_forbidden_letters(batch)
    return batch


def refuse_forbidden_letters(batch: Batch) -> None:
    """Raises Refused where a string has a letter that it must not have."""
    for place, text, forbidden in _strings(batch):
        if forbidden.search(text):
            raise Refused("bad_schema", f"There is a letter that is not allowed - at `{place}`")


def _strings(batch: Batch) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Every string with its place and what it must not have."""
    for name in ("tab", "queue", "language", "screen"):
        yield f"$.{name}", getattr(batch, name), NOT_IN_TEXTS
    for number, event in enumerate(batch.events):
        place = f"$.events[{number}]"
        yield f"{place}.name", event.name, NOT_IN_NAMES
        yield f"{place}.url", event.url, NOT_IN_ADDRESSES
        yield f"{place}.referrer", event.referrer, NOT_IN_ADDRESSES
        yield f"{place}.title", event.title, NOT_IN_TEXTS
        yield f"{place}.user", str(event.user), NOT_IN_TEXTS
        for some in (event.attributes, event.data, *event.items):
            for key, value in some.items():
                yield f"{place}: {key!a}", key, NOT_IN_NAMES
                yield f"{place}: {key!a}", str(value), NOT_IN_TEXTS


def _one_line(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:300]
