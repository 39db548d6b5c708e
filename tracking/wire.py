"""What trackers send to /track/it: one batch of events, as JSON. Pure.

    {"account": 7, "property": 3,                      property may be left out: the hostname tells it
     "visitor": "6f9d…-uuid", "session": "…-uuid", "tab": "k3j9x",
     "sent": 1764000000000,                            the sender's clock when it sent this, ms
     "events": [{"name": "pageview", "at": 1763999999000,
                 "url": "https://shop.example/a?utm_source=news", "referrer": "https://…", "title": "A",
                 "attributes": {"load_ms": 812}, "n": 41, "user": "4711", "data": {"plan": "pro"}}]}

Batches may name the sender's `queue` and number its events (`n`): what comes twice then counts once.
`language` and `screen` ("1920x1080") describe the browser; `user` is the property's own id of the
person who is logged in, `data` what is known of them.

Types, sizes and forms are checked while decoding; what is wrong is named with its place, as
`$.events[3].name`. With `sent`, an event's age is what counts (`sent` - `at`), so a sender's wrong
clock does no harm; without it `at` is taken as it is.
"""

import re
import uuid
from typing import Annotated

import msgspec

MAX_BODY_BYTES = 256 * 1024
MAX_EVENTS = 500
MAX_ATTRIBUTES = 30

# Control characters never belong into a name or an address, and NUL breaks what reads them later.
NAME = r"^[^\x00-\x1f\x7f]+\Z"
TEXT = r"^[^\x00]*\Z"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=NAME)]
Url = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00-\x20\x7f]*\Z")]
Text = Annotated[str, msgspec.Meta(max_length=500, pattern=TEXT)]
SafeInteger = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Value = Annotated[str, msgspec.Meta(max_length=2000, pattern=TEXT)] | SafeInteger | float | bool | None
Id = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class WireEvent(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    at: Milliseconds
    url: Url = ""
    referrer: Url = ""
    title: Text = ""
    attributes: dict[Name, Value] = {}
    n: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    user: Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT)] | SafeInteger = ""
    data: dict[Name, Value] = {}


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    account: Id | Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,15}\Z")]
    visitor: uuid.UUID
    session: uuid.UUID
    events: Annotated[list[WireEvent], msgspec.Meta(min_length=1)]
    property: Id | None = None
    tab: Annotated[str, msgspec.Meta(max_length=64, pattern=TEXT)] = ""
    sent: Milliseconds | None = None
    queue: Annotated[str, msgspec.Meta(max_length=40, pattern=TEXT)] = ""
    language: Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT)] = ""
    screen: Annotated[str, msgspec.Meta(max_length=20, pattern=TEXT)] = ""


class Refused(ValueError):
    """Input that cannot be taken: `reason` is counted and goes into a header, the text explains it."""

    def __init__(self, reason: str, explanation: str, status: int = 400) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.status = status


_decoder = msgspec.json.Decoder(Batch)


def decode(body: bytes) -> Batch:
    """The batch in `body`. Raises Refused with what is wrong and where."""
    try:
        batch = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused("bad_schema", _one_line(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("bad_json", f"The body is no JSON: {_one_line(str(error))}") from None
    if len(batch.events) > MAX_EVENTS:
        raise Refused("too_many_events", f"{len(batch.events)} events in one batch; {MAX_EVENTS} at most.", 413)
    for event in batch.events:
        if max(len(event.attributes), len(event.data)) > MAX_ATTRIBUTES:
            raise Refused("too_many_attributes", f"An event has more than {MAX_ATTRIBUTES} attributes.")
    return batch


def _one_line(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:300]
