"""What is sent to Segment: identify, track, page, screen, group, alias, one by one or in a batch. Pure.

Written after the public description of its HTTP tracking interface; docs/sources.md says field by field what becomes
of it. Nothing is refused for being unknown: Segment's clients send more than anybody uses.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from tracking.admission import Grant
from tracking.description import EXPOSURE, PAGEVIEW
from tracking.sources.interface import Key, Outcome, Reading, Reply, Request, Who, as_json, no_key
from tracking.sources.lenient import address, amount, country, first, flat, mapping, moment, text
from tracking.sources.letters import read_each
from tracking.sources.segment_commerce import SHOP, of_shop
from tracking.wire import MAX_ATTRIBUTES, Refused

Fields = Mapping[str, Any]
PREFIX = "/v1/"
BATCH = "batch"
OF_THE_PAGE = ("url", "path", "referrer", "search", "title")
ACCOUNT_EVENTS = {"Signed Up": "signup", "Signed In": "login", "Signed Out": "logout"}
EXPERIMENT = "Experiment Viewed"
CAMPAIGN = {"source": "source", "medium": "medium", "name": "campaign", "term": "term", "content": "content"}


class Segment:
    name = "Segment"
    most_bytes = 512 << 10  # what Segment's own clients keep to

    @property
    def doors(self) -> Sequence[tuple[str, str]]:
        return [("POST", PREFIX + kind) for kind in (*KINDS, BATCH)]

    def who(self, request: Request) -> Who:
        """The key is the user of Basic authentication, and with clients in a browser in the body."""
        key = _basic_user(request.header(b"authorization")) or text(request.document.get("writeKey"))
        if not key:
            raise no_key("the user of Basic authentication")
        return Key(key)

    def read(self, request: Request, place: Grant | None) -> Reading:
        assert place is not None  # a key has one
        body = request.document
        kind = request.path.removeprefix(PREFIX)
        some = body.get(BATCH) if kind == BATCH else [{**body, "type": kind}]
        if not isinstance(some, list):
            raise Refused("bad_schema", "The messages are a list - at `$.batch`")
        shared = mapping(body.get("context")) if kind == BATCH else {}
        return read_each(
            some, lambda message: _said(mapping(message), shared), place, request.received, moment(body.get("sentAt"))
        )

    def answer(self, request: Request, outcome: Outcome) -> Reply:
        if outcome.refused is None:
            return as_json(200, {"success": True})
        refused = outcome.refused
        return as_json(refused.status, {"success": False, "code": refused.reason, "message": str(refused)})


def _basic_user(header: str) -> str:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode("latin-1").partition(":")[0]
    except binascii.Error:
        return ""


def _said(message: Fields, shared: Fields) -> Fields:
    """What a message says, in our words. Raises Refused."""
    kind = text(message.get("type"))
    if kind not in KINDS:
        raise Refused("unknown_type", f"{kind[:60]!a} is no message of Segment's.")
    context = {**shared, **mapping(message.get("context"))}
    page, screen = mapping(context.get("page")), mapping(context.get("screen"))
    width, height = text(screen.get("width")), text(screen.get("height"))
    common = {
        "id": text(message.get("messageId")),
        "at": moment(first(message.get("timestamp"), message.get("originalTimestamp"))),
        "visitor": text(message.get("anonymousId")),
        "user": text(message.get("userId")),
        "url": _with_campaign(address(page.get("url")), mapping(context.get("campaign"))),
        "referrer": address(page.get("referrer")),
        "title": text(page.get("title"), 500),
        "user_agent": text(context.get("userAgent"), 500),
        "language": text(context.get("locale")),
        "screen": f"{width}x{height}" if width and height and len(width + height) < 20 else "",
        "country": country(mapping(context.get("location")).get("country")),
    }
    return {**common, **KINDS[kind](message, context)}


def _with_campaign(url: str, campaign: Fields) -> str:
    """The campaign as the address would name it, where it does not."""
    named = {f"utm_{ours}": value for theirs, ours in CAMPAIGN.items() if (value := text(campaign.get(theirs), 100))}
    if not named or "utm_" in url:
        return url
    bare, fragment_sign, fragment = url.partition("#")
    return f"{bare}{'&' if '?' in bare else '?'}{urlencode(named)}{fragment_sign}{fragment}"


def _identify(message: Fields, context: Fields) -> Fields:
    traits = mapping(message.get("traits"))
    if not text(message.get("userId")):
        raise Refused("no_user", "identify is about a user: it needs a userId.")
    signed_up = {} if (created := moment_or_none(traits.get("createdAt"))) is None else {"signed_up": created}
    return {"name": "user_update", "data": flat(traits), **signed_up}


def moment_or_none(value: Any) -> int | None:
    """A time among the traits, which are free text: one that is none is only a trait."""
    try:
        return moment(value)
    except Refused:
        return None


def _track(message: Fields, context: Fields) -> Fields:
    name, properties = text(message.get("event")), mapping(message.get("properties"))
    if name in SHOP:
        return of_shop(name, properties)
    if name == EXPERIMENT:
        experiment = text(first(properties.get("experiment_name"), properties.get("experiment_id")))
        variant = text(first(properties.get("variation_name"), properties.get("variation_id")))
        return {"name": EXPOSURE, "attributes": {"experiment": experiment, "variant": variant}}
    attributes = flat(properties)
    worth = first(amount(properties.get("value")), amount(properties.get("revenue")))
    if worth is not None:
        others = flat(properties, without=("value", "revenue"))
        attributes = {"value": worth, **dict(list(others.items())[: MAX_ATTRIBUTES - 1])}
    return {"name": ACCOUNT_EVENTS.get(name, name), "attributes": attributes}


def _page(message: Fields, context: Fields) -> Fields:
    """Its properties say of which page it is; else its context does."""
    properties, page = mapping(message.get("properties")), mapping(context.get("page"))
    url = address(first(properties.get("url"), page.get("url"), properties.get("path"), page.get("path")))
    return {
        "name": PAGEVIEW,
        "url": _with_campaign(url, mapping(context.get("campaign"))),
        "referrer": address(first(properties.get("referrer"), page.get("referrer"))),
        "title": text(first(properties.get("title"), page.get("title")), 500),
        "attributes": _named(message, flat(properties, without=OF_THE_PAGE)),
    }


def _screen(message: Fields, context: Fields) -> Fields:
    """A screen of an app is the page of its name."""
    name = text(message.get("name")) or "screen"
    attributes = _named(message, flat(message.get("properties")))
    url = _with_campaign(f"app:///{quote(name)}", mapping(context.get("campaign")))
    return {"name": PAGEVIEW, "url": url, "title": name, "attributes": attributes}


def _named(message: Fields, attributes: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key in ("name", "category") if (value := text(message.get(key)))}
    return dict([*own.items(), *((key, value) for key, value in attributes.items() if key not in own)][:MAX_ATTRIBUTES])


def _group(message: Fields, context: Fields) -> Fields:
    group = text(message.get("groupId"))
    if not group:
        raise Refused("no_group", "group is about a group: it needs a groupId.")
    return {
        "name": "group",
        "attributes": {**dict(list(flat(message.get("traits")).items())[: MAX_ATTRIBUTES - 1]), "group": group},
    }


def _alias(message: Fields, context: Fields) -> Fields:
    """Who was `previousId` is the user from now on: the same as a login there."""
    previous, user = text(message.get("previousId")), text(message.get("userId"))
    if not previous or not user:
        raise Refused("no_user", "alias joins two: it needs a previousId and a userId.")
    return {"name": "login", "visitor": previous}


KINDS: dict[str, Callable[[Fields, Fields], Fields]] = {
    "identify": _identify,
    "track": _track,
    "page": _page,
    "screen": _screen,
    "group": _group,
    "alias": _alias,
}
