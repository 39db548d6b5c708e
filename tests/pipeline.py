"""Events into a property by the real path: admission, stream, drain. Only the HTTP is left out."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cluster.connections import data
from properties.models import Property
from tests.stack import BROWSER
from tracking import directory, stream, wire
from tracking.admission import Admitted, Sender, admit
from tracking.conversion import FAR_FUTURE
from tracking.drain import Drain
from tracking.keys import Keys
from tracking.shelves import layout_of, shelf_of

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def raw() -> Any:
    """The client of the data cluster; its own types promise less than it keeps."""
    return data()


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def named_uuid(name: str) -> uuid.UUID:
    """The same uuid for the same name, so that tests can speak of visitor "a"."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, name)


def batch(prop: Property, visitor: str, events: Sequence[Mapping[str, object]], session: str = "") -> wire.Batch:
    return wire.Batch(
        account=prop.account_id,
        visitor=named_uuid(visitor),
        session=named_uuid(session or f"session of {visitor}"),
        events=[wire.WireEvent(**event) for event in events],  # type: ignore[arg-type]
    )


def admitted(prop: Property, some: wire.Batch, now: datetime = NOW) -> Admitted:
    return admit(some, directory.load(), Sender(user_agent=BROWSER, language="en-GB,en;q=0.9"), ms(now))


def append(prop: Property, taken: Admitted) -> None:
    for property_id, packet in taken.packets.items():
        key = Keys(taken.account_id, property_id).ingest
        data().xadd(key, {stream.FIELD: stream.encode([packet])})


def view(prop: Property, visitor: str, url: str, at: datetime, *, session: str = "", referrer: str = "") -> None:
    """One page view, into the stream."""
    event = {"name": "pageview", "at": ms(at), "url": url, "referrer": referrer}
    append(prop, admitted(prop, batch(prop, visitor, [event], session), max(NOW, at)))


def did(prop: Property, visitor: str, name: str, at: datetime, *, session: str = "") -> None:
    """One event that is no page view, into the stream."""
    event = {"name": name, "at": ms(at), "url": "https://shop.example/"}
    append(prop, admitted(prop, batch(prop, visitor, [event], session), max(NOW, at)))


def drain(prop: Property) -> None:
    """Until the stream is empty."""
    assert Drain.of(prop).run()


def everything(prop: Property) -> dict[tuple[str, str, str], dict[int, int]]:
    """Every number of the property: (label, metric, trait) -> visitor -> number."""
    layout, shelf = layout_of(prop), shelf_of(prop)
    layout.seal(shelf)
    layout.close(shelf, FAR_FUTURE)
    return {
        (label, metric, trait): tally.to_dict()
        for label in layout.slots(shelf)
        for metric, by_trait in layout.read(shelf, label).items()
        for trait, tally in by_trait.items()
        if len(tally)
    }
