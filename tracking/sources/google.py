"""Google Analytics' Measurement Protocol, version 4. Pure.

As Google's own, /mp/collect answers 204 to whatever it is sent: the reason is in a header and counted.
/debug/mp/collect says in its body what is wrong, and takes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tracking.admission import Grant
from tracking.description import DOWNLOAD, OUTBOUND, PAGEVIEW
from tracking.sources.interface import Key, Outcome, Reading, Reply, Request, Who, as_json, no_key
from tracking.sources.lenient import address, amount, country, first, flat, mapping, text
from tracking.sources.letters import read_each
from tracking.wire import MAX_ATTRIBUTES, Refused

Fields = Mapping[str, Any]
COLLECT, DEBUG = "/mp/collect", "/debug/mp/collect"
NAMES = {
    "page_view": PAGEVIEW,
    "screen_view": PAGEVIEW,
    "user_engagement": "engagement",
    "sign_up": "signup",
    "click": OUTBOUND,
    "file_download": DOWNLOAD,
}
# The parameter that says what our event of that name is about.
ABOUT = {OUTBOUND: ("link_url", "href"), DOWNLOAD: ("link_url", "href"), "form_submit": ("form_id", "form")}
OF_THE_EVENT = ("page_location", "page_referrer", "page_title", "session_id", "items", "engagement_time_msec")
SEND_AGAIN = (429, 503)


class Google:
    name = "GA4 Measurement Protocol"
    doors: Sequence[tuple[str, str]] = (("POST", COLLECT), ("POST", DEBUG))
    most_bytes = 256 << 10

    def who(self, request: Request) -> Who:
        if not (key := request.query.get("api_secret", "")):
            raise no_key("api_secret in the query")
        return Key(key)

    def read(self, request: Request, place: Grant | None) -> Reading:
        assert place is not None  # a key has one
        if request.path != DEBUG:
            return _read(request, place)
        try:
            return Reading(refused=_read(request, place).refused, is_trial=True)
        except Refused as refused:
            return Reading(refused=[(0, refused)], is_trial=True)

    def answer(self, request: Request, outcome: Outcome) -> Reply:
        refused = outcome.refused
        if refused is not None and refused.status in SEND_AGAIN:
            return Reply(refused.status, str(refused).encode())
        if request.path != DEBUG:
            return Reply(204)
        wrong = [error for _, error in outcome.errors] or ([refused] if refused else [])
        messages = [{"description": str(error), "validationCode": error.reason.upper()} for error in wrong]
        return as_json(200, {"validationMessages": messages})


def _read(request: Request, place: Grant) -> Reading:
    body = request.document
    visitor = text(first(body.get("client_id"), body.get("app_instance_id")))
    if not visitor:
        raise Refused("bad_schema", "The client_id is missing - at `$.client_id`")
    events = body.get("events")
    if not isinstance(events, list):
        raise Refused("bad_schema", "The events are a list - at `$.events`")
    common = {"visitor": visitor, **_common(body)}
    return read_each(events, lambda event: {**common, **_said(mapping(event))}, place, request.received)


def _common(body: Fields) -> Fields:
    """What is true of all events of a request. Raises Refused."""
    device, place = mapping(body.get("device")), mapping(body.get("user_location"))
    user = text(body.get("user_id"))
    found = {
        "user": user,
        "data": flat(_values(mapping(body.get("user_properties")))) if user else {},
        "user_agent": text(body.get("user_agent"), 500),
        "language": text(device.get("language")),
        "screen": text(device.get("screen_resolution"), 20),
        "country": country(place.get("country_id")),
        "city": text(place.get("city")),
    }
    return {**found, **_at(body)}


def _at(fields: Fields) -> Fields:
    """When it happened, where that is said: in microseconds."""
    micros = fields.get("timestamp_micros")
    if micros is None:
        return {}
    if isinstance(micros, str) and micros.isascii() and micros.isdigit() and len(micros) < 20:
        micros = int(micros)
    if isinstance(micros, bool) or not isinstance(micros, int) or not 0 <= micros <= 2**63:
        raise Refused("bad_time", "The timestamp_micros are microseconds since 1970.")
    return {"at": micros // 1000}


def _values(properties: Fields) -> dict[str, Any]:
    """Each user property is an object with a value."""
    return {name: mapping(inner).get("value") for name, inner in properties.items()}


def _said(event: Fields) -> Fields:
    theirs, params = text(event.get("name"), 121), mapping(event.get("params"))
    name = NAMES.get(theirs, theirs)
    attributes = flat(params, without=OF_THE_EVENT)
    if (worth := amount(attributes.get("value"))) is not None:
        attributes["value"] = worth
    about, ours = ABOUT.get(name, ("", ""))
    if about in attributes:
        attributes[ours] = attributes.pop(about)
    milliseconds = params.get("engagement_time_msec")
    if name == "engagement" and isinstance(milliseconds, int):
        attributes["visible_ms"] = milliseconds
    url, title = address(params.get("page_location")), text(params.get("page_title"), 500)
    if theirs == "screen_view":
        title = title or text(params.get("screen_name"))
        url = url or f"app:///{quote(title or 'screen')}"
    items = params.get("items")
    found = {
        "name": name,
        "url": url,
        "referrer": address(params.get("page_referrer")),
        "title": title,
        "session": text(params.get("session_id")),
        "attributes": dict(list(attributes.items())[:MAX_ATTRIBUTES]),
        "items": [flat(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else [],
    }
    return {**found, **_at(event)}
