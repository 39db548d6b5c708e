"""Sessions: which one an event belongs to. Pure; the drain loads and writes them.

The tracker's cookie proposes an id, the drain decides by the event's own time:

    - within 30 minutes of the visitor's last session        it joins that session
    - but a new campaign                                      begins a new one
    - earlier than that, and the proposed session is known    it joins that one
    - else                                                    it begins a new session

Midnight ends nothing: a session is filed under the day it began, in the property's time zone.
"""

import uuid
from dataclasses import dataclass, field

import msgspec

from tracking.arrival import Arrival

GAP_MS = 30 * 60 * 1000


class Session(msgspec.Struct, array_like=True):
    """What must be known of a session to decide on the next event. Times in milliseconds."""

    id: bytes
    day: str
    started: int
    last: int
    source: str
    campaign: str
    proposed: bytes  # the id its events came with, which the cookie may go on proposing

    @property
    def uuid(self) -> str:
        return str(uuid.UUID(bytes=self.id))

    def holds(self, at: int) -> bool:
        return self.started - GAP_MS <= at <= self.last + GAP_MS

    def is_ended_by(self, arrival: Arrival) -> bool:
        return arrival.by_campaign and (arrival.source, arrival.campaign) != (self.source, self.campaign)


@dataclass(frozen=True)
class Visitor:
    id: bytes
    index: int


SessionId = tuple[bytes, bytes]  # (visitor id, session id): nobody can join the session of another


@dataclass
class SessionChange:
    """What a batch adds to one session."""

    session: Session
    visitor: Visitor
    begun: bool
    referrer: str = ""
    entry: str = ""
    exit: str = ""
    events: int = 0
    pageviews: int = 0


@dataclass
class Sessions:
    """The sessions that a batch can touch, and what it changes on them."""

    last: dict[int, Session]
    known: dict[SessionId, Session]  # earlier ones, for late events
    changes: dict[SessionId, SessionChange] = field(default_factory=dict)

    def place(self, visitor: Visitor, proposed: bytes, at: int, day: str, arrival: Arrival) -> SessionChange:
        """The session of an event, with its times moved so that it holds the event."""
        session = self._existing(visitor, proposed, at, arrival)
        begun = session is None
        if session is None:
            session = self._begin(visitor, proposed, at, day, arrival)
        session.started = min(session.started, at)
        session.last = max(session.last, at)
        return self.changes.setdefault((visitor.id, session.id), SessionChange(session, visitor, begun))

    def _existing(self, visitor: Visitor, proposed: bytes, at: int, arrival: Arrival) -> Session | None:
        for session in (self.last.get(visitor.index), self.known.get((visitor.id, proposed))):
            if session and session.holds(at) and not session.is_ended_by(arrival):
                return session
        return None

    def _begin(self, visitor: Visitor, proposed: bytes, at: int, day: str, arrival: Arrival) -> Session:
        last = self.last.get(visitor.index)
        taken = (visitor.id, proposed) in self.known or (last is not None and last.proposed == proposed)
        # A cookie that outlived its session proposes the old id again: the new id follows from it
        # and the time, so that the same events always make the same sessions.
        new_id = uuid.uuid5(uuid.UUID(bytes=proposed), str(at)).bytes if taken else proposed
        session = Session(new_id, day, at, at, arrival.source, arrival.campaign, proposed)
        self.known[(visitor.id, new_id)] = session
        if last is not None:  # a late event of the same batch may still be of this one
            self.known.setdefault((visitor.id, last.proposed), last)
            self.known.setdefault((visitor.id, last.id), last)
        if last is None or at > last.last:
            self.last[visitor.index] = session
        return session
