"""How far the drain of a property is: kept in one hash, written with the effects it accounts for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cluster.connections import data
from properties.models import Property
from tracking.keys import Keys
from tracking.stream import START


@dataclass
class Progress:
    """`entry`: the last stream entry whose effects are written. `visitors`: how many have an index."""

    entry: str = START
    visitors: int = 0
    events: int = 0
    first_event: str = ""
    last_event: str = ""

    @staticmethod
    def from_hash(fields: dict[bytes, bytes]) -> "Progress":
        text = {key.decode(): value.decode() for key, value in fields.items()}
        return Progress(
            entry=text.get("entry", START),
            visitors=int(text.get("visitors", 0)),
            events=int(text.get("events", 0)),
            first_event=text.get("first_event", ""),
            last_event=text.get("last_event", ""),
        )

    @property
    def first(self) -> "KnownEvent | None":
        """The first event that ever reached the property; None while there was none."""
        return KnownEvent.from_text(self.first_event) if self.first_event else None

    @property
    def last(self) -> "KnownEvent | None":
        """The newest event of the property, by its own time."""
        return KnownEvent.from_text(self.last_event) if self.last_event else None

    def to_hash(self) -> dict[str, str | int]:
        return {
            "entry": self.entry,
            "visitors": self.visitors,
            "events": self.events,
            "first_event": self.first_event,
            "last_event": self.last_event,
        }


@dataclass(frozen=True)
class KnownEvent:
    """The first or the last event of a property."""

    name: str
    url: str
    at: datetime

    @staticmethod
    def from_text(text: str) -> "KnownEvent":
        at, name, url = text.split("\n", 2)
        return KnownEvent(name, url, datetime.fromtimestamp(int(at) / 1000, UTC))


def event_text(at: int, name: str, url: str) -> str:
    """An event as Progress keeps it; neither a name nor an address has a line break."""
    return f"{at}\n{name}\n{url}"


def time_of(text: str) -> int:
    return int(text.partition("\n")[0])


def progress(prop: Property) -> Progress:
    fields: Any = data().hgetall(Keys(prop.account_id, prop.id).progress)
    return Progress.from_hash(fields)
