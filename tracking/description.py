"""The traits of an event and of a session: what they say beyond a name. Pure.

Both are looked up in caches first: the pages of a site, its sources and its visitors' browsers are
few, and come again and again.
"""

from collections.abc import Iterator
from functools import lru_cache

from tracking.arrival import LONGEST, Arrival, host_of, path_of
from tracking.bitmaps import traits
from tracking.bitmaps.notes import TraitSet
from tracking.commerce import SOLD, coupon_of, text
from tracking.enrichment.devices import device
from tracking.enrichment.languages import language
from tracking.enrichment.screens import screen_class
from tracking.measures import INTEREST, SAMPLED
from tracking.rules import Rules
from tracking.sessions import PASSIVE
from tracking.stream import Packet, StreamEvent

PAGEVIEW = "pageview"
ELEMENT_EVENTS = frozenset(["mouseover", "click", "focus", "blur"])
OUTBOUND, DOWNLOAD, EXPOSURE = "outbound_click", "file_download", "exposure"
LINKS = frozenset([OUTBOUND, DOWNLOAD])  # what they lead to is in `href`
PLAIN = {INTEREST: ("int", "topic"), "conversion": ("goal", "goal"), "form_submit": ("form", "form")}
TELLING = LINKS | SOLD | PLAIN.keys() | {EXPOSURE}


def session_traits(packet: Packet, arrival: Arrival, first: bool) -> TraitSet:
    """What is true of all of a session that begins so; everyone first, then its source."""
    who = traits.NEW if first else traits.RETURNING
    sender = _sender(packet.user_agent, packet.language, packet.screen, packet.country, packet.city)
    return f"{traits.EVERYONE}\n{_arrival(arrival)}\n{sender}\n{who}"


@lru_cache(maxsize=8192)
def _arrival(arrival: Arrival) -> str:
    found = [traits.source(arrival.source, arrival.campaign), traits.named("chan", arrival.channel)]
    values = {
        "ref": arrival.referrer,
        "utm:source": arrival.utm_source,
        "utm:medium": arrival.medium,
        "utm:campaign": arrival.utm_campaign,
        "utm:term": arrival.term,
        "utm:content": arrival.content,
    }
    return "\n".join([*found, *(traits.named(kind, value) for kind, value in values.items() if value)])


@lru_cache(maxsize=16384)
def _sender(user_agent: str, languages: str, screen: str, country: str, city: str) -> str:
    known = device(user_agent)
    values = {
        "cfg:browser": known.browser,
        "cfg:version": f"{known.browser} {known.version}" if known.version else "",
        "cfg:platform": known.platform,
        "cfg:type": known.kind,
        "cfg:resolution": screen_class(screen),
        "lang": language(languages),
        "geo": country,
    }
    found = [traits.named(kind, value) for kind, value in values.items() if value]
    return "\n".join([*found, traits.city(country, city)] if city else found)


def page_of(event: StreamEvent, rules: Rules) -> str | None:
    """The page an event viewed, as the property groups its pages; None when it is no page view."""
    return rules.page(event.url) if event.name == PAGEVIEW else None


def event_traits(event: StreamEvent, page: str | None, member: bool, rules: Rules) -> TraitSet:
    """The traits of the event itself."""
    if not event.attributes:
        return _plain(event.name, page, member)
    found = [_plain(event.name, page, member)]
    attributes = event.attributes
    if event.name in ELEMENT_EVENTS:
        kind, label, position = (str(attributes.get(key, "")) for key in ("type", "label", "position"))
        found.append(traits.element(event.name, kind, label, position))
    elif event.name in TELLING:
        found += _told(event)
    if page is None and (event.name in PASSIVE or any(key in attributes for key in SAMPLED)):
        found.append(traits.named("on", rules.page(event.url)))
    for key in rules.attributes:
        if (value := attributes.get(key)) is not None:
            found.append(traits.attribute(key, str(value)[:200]))
    return "\n".join(found)


def _told(event: StreamEvent) -> Iterator[str]:
    """What the attributes of an event of this name say; nothing where they do not say it."""
    said = event.attributes
    if event.name in PLAIN:
        kind, key = PLAIN[event.name]
        if name := text(said.get(key)):
            yield traits.named(kind, name)
    elif event.name == EXPOSURE:
        experiment, variant = text(said.get("experiment")), text(said.get("variant"))
        if experiment and variant:
            yield traits.variant(experiment, variant)
    elif event.name == OUTBOUND:
        if host := host_of(text(said.get("href"))).removeprefix("www.")[:LONGEST]:
            yield traits.named("to", host)
    elif event.name == DOWNLOAD:
        if href := text(said.get("href")):
            yield traits.named("file", path_of(href))
    elif coupon := coupon_of(event.name, said):
        yield traits.named("coupon", coupon)


@lru_cache(maxsize=16384)
def _plain(name: str, page: str | None, member: bool) -> TraitSet:
    found = [traits.event(name)]
    if page is not None:
        found.append(traits.page(page))
    if member:
        found.append(traits.MEMBER)
    return "\n".join(found)
