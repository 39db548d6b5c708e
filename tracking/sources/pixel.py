"""The pixel: one event by the address of an image, for e-mails and pages without JavaScript. Pure.

    <img src="https://stats.example.com/track/it.gif?account=7&name=opened&url=https://shop.example/mail/11">

Whatever comes, the answer is an image, so that nothing breaks where it is shown; headers tell the reason.
"""

import uuid
from collections.abc import Sequence

import msgspec

from tracking.admission import Grant
from tracking.sources.interface import Letter, Outcome, Reading, Reply, Request, Who
from tracking.wire import MAX_BODY_BYTES, Batch, Refused, refuse_forbidden_letters

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
OF_THE_BATCH = ("account", "property", "visitor", "session", "tab", "sent")
OF_THE_EVENT = ("name", "at", "url", "referrer", "title")


class Pixel:
    name = "The pixel"
    doors: Sequence[tuple[str, str]] = (("GET", "/track/it"), ("GET", "/track/it.gif"))
    most_bytes = MAX_BODY_BYTES

    def who(self, request: Request) -> Who:
        return None

    def read(self, request: Request, place: Grant | None) -> Reading:
        return Reading([Letter(_batch(request))])

    def answer(self, request: Request, outcome: Outcome) -> Reply:
        is_our_fault = outcome.refused is not None and outcome.refused.status == 503
        return Reply(503 if is_our_fault else 200, GIF, "image/gif")


def _batch(request: Request) -> Batch:
    """Raises Refused. Without a visitor it is of somebody who is not to be known again."""
    query = request.query
    page = request.header(b"referer")[:2000]
    event = {"name": "pageview", "at": str(request.received), "url": page}
    event |= {key: query[key] for key in OF_THE_EVENT if key in query}
    fields: dict[str, object] = {key: query[key] for key in OF_THE_BATCH if key in query}
    try:
        batch = msgspec.convert({**fields, "events": [event]}, Batch, strict=False)
    except msgspec.ValidationError as error:
        raise Refused("bad_schema", str(error)[:300]) from None
    if batch.visitor is not None and batch.session is None:
        batch.session = uuid.uuid5(batch.visitor, "session ")
    refuse_forbidden_letters(batch)
    return batch
