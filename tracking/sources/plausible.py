"""What is sent to Plausible, by its script or a server. Pure.

It has no account and no visitor: the site is found by its hostname, and visitors are anonymous (anonymous.py), told by
address and User-Agent for a day, as Plausible itself does. Field names are long, or short as older scripts send them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tracking.admission import Grant
from tracking.description import DOWNLOAD, OUTBOUND
from tracking.sources.interface import Letter, Outcome, Reading, Reply, Request, Site, Who, as_json
from tracking.sources.lenient import LARGEST, address, amount, first, flat, mapping, text
from tracking.wire import MAX_ATTRIBUTES, MAX_BODY_BYTES, Batch, Refused, refuse_forbidden_letters

SHORT = {"name": "n", "url": "u", "domain": "d", "referrer": "r", "props": "p", "revenue": "$"}
OWN = {
    "Outbound Link: Click": OUTBOUND,
    "File Download": DOWNLOAD,
    "Form: Submission": "form_submit",
    "404": "not_found",
}
ENGAGEMENT = "engagement"
OF_THE_SENDER = (429, 503)  # to be sent again
DROPPED = (b"x-plausible-dropped", b"1")


class Plausible:
    name = "Plausible"
    doors: Sequence[tuple[str, str]] = (("POST", "/api/event"),)
    most_bytes = MAX_BODY_BYTES

    def who(self, request: Request) -> Who:
        domain = text(_field(request.document, "domain"), 300)
        if not domain:
            raise Refused("bad_schema", "The domain is missing - at `$.domain`")
        return Site(domain, request.query.get("account", ""))

    def read(self, request: Request, place: Grant | None) -> Reading:
        assert place is not None  # a site has one
        said = {"at": request.received, **_event(request.document)}
        batch = {"account": place.account_id, "property": place.property_id, "events": [said]}
        try:
            converted = msgspec.convert(batch, Batch)
        except msgspec.ValidationError as error:
            raise Refused("bad_schema", str(error)[:300]) from None
        refuse_forbidden_letters(converted)
        return Reading([Letter(converted)])

    def answer(self, request: Request, outcome: Outcome) -> Reply:
        """202, also where the event is dropped; only what was no event at all is an error."""
        refused = outcome.refused
        if refused is None:
            return Reply(202, b"ok", headers=[DROPPED] if outcome.dropped else ())
        if refused.status in OF_THE_SENDER or refused.reason in ("bad_json", "bad_schema", "too_large", "bad_encoding"):
            reply = as_json(refused.status, {"errors": {"request": [str(refused)]}})
            return reply._replace(headers=[DROPPED])
        return Reply(202, b"ok", headers=[DROPPED])


def _field(body: Mapping[str, Any], name: str) -> Any:
    return first(body.get(name), body.get(SHORT[name]))


def _event(body: Mapping[str, Any]) -> dict[str, Any]:
    name, url = text(_field(body, "name"), 121), address(_field(body, "url"))
    if not url:
        raise Refused("bad_schema", "The url is missing - at `$.url`")
    props = flat(_parsed(_field(body, "props")))
    attributes: dict[str, Any]
    if name == ENGAGEMENT:
        attributes = {"visible_ms": body.get("e"), "scroll": body.get("sd")}
        attributes = {key: value for key, value in attributes.items() if _is_whole(value)}
    elif name in OWN:
        attributes = _own(OWN[name], props)
    else:
        attributes = props
    return {
        "name": OWN.get(name, name),
        "url": url,
        "referrer": address(_field(body, "referrer")),
        "attributes": _with_revenue(attributes, mapping(_parsed(_field(body, "revenue")))),
    }


def _own(name: str, props: dict[str, Any]) -> dict[str, Any]:
    """The prop of an event that both have, under our name."""
    theirs, ours = {"form_submit": ("path", "form"), "not_found": ("", "")}.get(name, ("url", "href"))
    return {ours if key == theirs else key: value for key, value in props.items()}


def _with_revenue(attributes: dict[str, Any], revenue: Mapping[str, Any]) -> dict[str, Any]:
    value, currency = amount(revenue.get("amount")), text(revenue.get("currency"))
    if value is None or not currency:
        return attributes
    return {"value": value, "currency": currency, **dict(list(attributes.items())[: MAX_ATTRIBUTES - 2])}


def _parsed(value: Any) -> Any:
    """Older scripts put JSON into a string."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        raise Refused("bad_schema", "A field is no JSON.") from None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value <= LARGEST
