"""From what a source says of one event to a batch as trackers send it. Pure.

visitor "4f1c…-uuid"          that visitor: the tracker's own cookie holds such an id
visitor "client-17"           a uuid made of it under the property: the same wherever and whenever it is sent
no visitor, user "4711"       the visitor that a server is for this user
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from tracking import messages
from tracking.admission import Grant, Sender
from tracking.people import person_id
from tracking.sources.interface import Letter, Reading
from tracking.wire import (
    MAX_ATTRIBUTES,
    MAX_EVENTS,
    MAX_ITEMS,
    Batch,
    Item,
    Milliseconds,
    Name,
    Refused,
    Text,
    Url,
    Value,
    WireEvent,
    refuse_forbidden_letters,
)

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "aktivat:visitors")

T = TypeVar("T")
LongId = Annotated[str, msgspec.Meta(max_length=200)]
Number = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """One event of a server: what happened, to whom, and how they came. `at`: ms since 1970, else now."""

    name: Name
    at: Milliseconds | None = None
    id: LongId | Number = ""
    visitor: LongId | Number = ""
    session: LongId | Number = ""
    user: LongId | Number = ""
    url: Url = ""
    referrer: Url = ""
    title: Text = ""
    attributes: dict[Name, Value] = {}
    data: dict[Name, Value] = {}
    items: Annotated[list[Item], msgspec.Meta(max_length=MAX_ITEMS)] = []
    signed_up: Milliseconds | None = None
    user_agent: Text = ""
    language: LongId = ""
    screen: Annotated[str, msgspec.Meta(max_length=20)] = ""
    country: Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{2})?\Z")] = ""
    city: LongId = ""


def read_each(
    some: Iterable[T], said: Callable[[T], Mapping[str, Any]], place: Grant, received: int, sent: int | None = None
) -> Reading:
    """Each of `some` by itself: one that cannot be read takes no other with it. Raises Refused for too many.

    `said`: the fields of Said that a message stands for; raises Refused. `sent`: the sender's clock when it sent this.
    """
    reading = Reading()
    for number, message in enumerate(some):
        if number >= MAX_EVENTS:
            raise Refused("too_many_events", f"{MAX_EVENTS} events in one request at most.", 413)
        try:
            reading.letters.append(letter(checked(said(message)), place, received, sent))
        except Refused as refused:
            reading.refused.append((number, refused))
    if not reading.letters and not reading.refused:
        raise Refused("bad_schema", "There is no event in it.")
    return reading


def checked(fields: Mapping[str, Any]) -> Said:
    """Raises Refused with what is wrong and where."""
    try:
        said = msgspec.convert(fields, Said)
    except msgspec.ValidationError as error:
        raise Refused("bad_schema", str(error)[:300]) from None
    if len(said.attributes) > MAX_ATTRIBUTES or len(said.data) > MAX_ATTRIBUTES:
        raise Refused("too_many_attributes", f"An event has more than {MAX_ATTRIBUTES} attributes.")
    return said


def letter(said: Said, place: Grant, received: int, sent: int | None) -> Letter:
    """Raises Refused when it names nobody, or has a letter that is not allowed."""
    visitor = _visitor(said, place)
    event = WireEvent(
        name=said.name,
        at=said.at if said.at is not None else received if sent is None else sent,
        url=said.url,
        referrer=said.referrer,
        title=said.title,
        attributes=said.attributes,
        user=str(said.user),
        data=said.data,
        items=said.items,
        signed_up=said.signed_up,
    )
    batch = Batch(
        account=place.account_id,
        property=place.property_id,
        events=[event],
        visitor=visitor,
        session=_given(str(said.session)) or uuid.uuid5(visitor, f"session {said.session}"),
        sent=sent,
        language=said.language,
        screen=said.screen,
    )
    refuse_forbidden_letters(batch)
    sender = Sender(user_agent=said.user_agent, language=said.language, country=said.country, city=said.city)
    return Letter(batch, sender, messages.digest_of(str(said.id)) if said.id else b"")


def _visitor(said: Said, place: Grant) -> uuid.UUID:
    visitor, user = str(said.visitor).strip(), person_id(str(said.user))
    if not visitor and not user:
        raise Refused("no_visitor", "It names neither a visitor nor a user.")
    named = f"visitor {visitor}" if visitor else f"user {user}"
    return _given(visitor) or uuid.uuid5(NAMESPACE, f"{place.account_id} {place.property_id} {named}")


def _given(text: str) -> uuid.UUID | None:
    """The uuid that `text` is, in the form that everybody writes them."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
