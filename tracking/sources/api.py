"""Aktivat's own interface for servers. Pure.

    POST /track/api/events            Authorization: Bearer akw_…
    {"events": [{"name": "purchase", "user": "4711", "id": "order-17",
                 "attributes": {"transaction_id": "17", "value": 12.5, "currency": "EUR"}}]}

It is strict: a field that is not known is a mistake, and the answer says of which event. What is right in a batch is
taken all the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tracking.admission import Grant
from tracking.sources.interface import Key, Outcome, Reading, Reply, Request, Who, as_json, bearer
from tracking.sources.lenient import moment
from tracking.sources.letters import read_each
from tracking.wire import Refused

OF_THE_BODY = {"events", "sent"}
MOST_ERRORS = 20


class Api:
    name = "The HTTP API"
    doors: Sequence[tuple[str, str]] = (("POST", "/track/api/events"),)
    most_bytes = 1 << 20

    def who(self, request: Request) -> Who:
        return Key(bearer(request))

    def read(self, request: Request, place: Grant | None) -> Reading:
        assert place is not None  # a key has one
        body = request.document
        if unknown := sorted(body.keys() - OF_THE_BODY):
            raise Refused("bad_schema", f"Object contains unknown field {unknown[0][:100]!a}")
        events = body.get("events")
        if not isinstance(events, list):
            raise Refused("bad_schema", "The events are a list - at `$.events`")
        return read_each(events, _said, place, request.received, moment(body.get("sent")))

    def answer(self, request: Request, outcome: Outcome) -> Reply:
        if outcome.refused is not None and not outcome.dropped:
            return as_json(outcome.refused.status, {"reason": outcome.refused.reason, "detail": str(outcome.refused)})
        status = 202 if outcome.refused is None else outcome.refused.status
        errors = [
            {"event": number, "reason": refused.reason, "detail": str(refused)}
            for number, refused in outcome.errors[:MOST_ERRORS]
        ]
        return as_json(status, {"taken": outcome.taken, "dropped": outcome.dropped, "errors": errors})


def _said(event: Any) -> Mapping[str, Any]:
    if not isinstance(event, dict):
        raise Refused("bad_schema", "An event is an object.")
    times = {name: moment(event[name]) for name in ("at", "signed_up") if name in event}
    return {**event, **times}
