"""Sessions: which one an event belongs to, and what a session adds to the numbers. Pure.

The tracker's cookie proposes an id, the drain decides by the event's own time:

    - within 30 minutes of a session of the visitor      it joins that session, the newest first
    - but a new campaign                                 begins a new one
    - else                                               it begins a new session

A passive event is one that nobody did: the browser tells of a page that was viewed before, some time after. It
belongs to the newest session that had begun by then, of its own campaign if there is one, and ended no more than
PASSIVE_MS before. It begins none, and it makes no visit longer than the pause allows: what comes later than that,
as from a page that was left open over lunch, counts at the session's end.

    session 10:00 ── 10:20        engagement at 10:30: the session ends at 10:30
                                  engagement at 13:00: it counts at 10:20, and nothing moves

Midnight ends nothing: a session is filed under the day it began, in the property's time zone, and
counts in the minute it began. What it adds to the numbers follows from its state alone (`amounts`):
a batch takes back what the old state added, and adds what the new one does.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from tracking.arrival import Arrival
from tracking.bitmaps import traits
from tracking.bitmaps.notes import EVENTS, Notes, TraitSet

GAP_MS = 30 * 60 * 1000
PASSIVE = frozenset(["engagement", "web_vitals"])
PASSIVE_MS = 12 * 3600 * 1000  # no pause is longer, so that whoever looks for sessions looks no further

PAGEVIEWS = "pageviews"
SESSIONS = "sessions"
BOUNCES = "bounces"
SECONDS = "seconds"


class Session(msgspec.Struct, array_like=True, gc=False):
    """A session as the next event needs it. Times in ms since 1970.

    `traits`: what was true of all of it: everyone first, then its source.
    """

    id: bytes
    day: str
    started: int
    last: int
    traits: TraitSet
    came: tuple[str, str]  # source and campaign, `(none)` without one, also where there are too many to be named
    referrer: str = ""
    entry: str = ""
    entered: int = 0  # when the entry page was viewed
    exit: str = ""
    exited: int = 0  # when the exit page was viewed
    events: int = 0
    pageviews: int = 0
    passive: int = 0  # of the events

    @property
    def uuid(self) -> str:
        return str(uuid.UUID(bytes=self.id))

    def is_ended_by(self, arrival: Arrival) -> bool:
        if not arrival.by_campaign:
            return False
        return self.came != (arrival.source, arrival.campaign or traits.NO_CAMPAIGN)

    def add(self, at: int, page: str | None) -> None:
        """Count an event at `at`, a view of `page` or another one, in whatever order they come."""
        self.started, self.last = min(self.started, at), max(self.last, at)
        self.events += 1
        if page is not None:
            self.pageviews += 1
            if not self.entry or at < self.entered:
                self.entry, self.entered = page, at
            if not self.exit or at >= self.exited:
                self.exit, self.exited = page, at

    def add_passive(self, at: int) -> None:
        """Count an event that nobody did."""
        self.add(at, None)
        self.passive += 1

    def amounts(self) -> Iterator[tuple[TraitSet, str, int]]:
        """(traits, metric, amount) of what it adds to the minute it began in.

        A bounce is a session of one page view and nothing else but passive events; its seconds are those from its
        first event to its last.
        """
        bounce = int(self.events - self.passive == 1 and self.pageviews == 1)
        seconds = (self.last - self.started) // 1000
        sets = [self.traits]
        if self.entry:
            sets.append(traits.entry(self.entry))
            yield sets[1], EVENTS, 1
        for some in sets:
            yield some, SESSIONS, 1
            yield some, BOUNCES, bounce
            yield some, SECONDS, seconds
        if self.exit:
            left = traits.exit_page(self.exit)
            yield left, EVENTS, 1
            yield left, SESSIONS, 1


@dataclass
class SessionChange:
    """A session that a batch touches: as it was (None: it begins) and as it is now."""

    before: Session | None
    session: Session
    visitor_id: bytes
    visitor_index: int

    def note(self, notes: Notes) -> None:
        """Add the difference to the numbers."""
        for state, sign in ((self.before, -1), (self.session, 1)):
            if state is not None:
                for some, metric, amount in state.amounts():
                    if amount:
                        notes.add(some, self.visitor_index, state.started // 60_000, metric, sign * amount)


def reach(name: str, gap: int) -> int:
    """How far from a session an event of that name may be that belongs to it."""
    return PASSIVE_MS if name in PASSIVE else gap


SessionId = tuple[bytes, bytes]  # (visitor id, session id): nobody can join the session of another


@dataclass
class Sessions:
    """The sessions that a batch can touch beside each visitor's last one, and what it changes on them."""

    known: dict[SessionId, Session] = field(default_factory=dict)
    changes: dict[SessionId, SessionChange] = field(default_factory=dict)

    def touch(self, session: Session, visitor_id: bytes, visitor_index: int) -> None:
        """Remember the session as it is before the first change of this batch."""
        if (visitor_id, session.id) not in self.changes:
            before = msgspec.structs.replace(session)
            self.changes[(visitor_id, session.id)] = SessionChange(before, session, visitor_id, visitor_index)

    def begin(self, session: Session, visitor_id: bytes, visitor_index: int) -> None:
        """Take up a new session."""
        self.known[(visitor_id, session.id)] = session
        self.changes[(visitor_id, session.id)] = SessionChange(None, session, visitor_id, visitor_index)


def own_id(proposed: bytes, before: int, started: int, came: Arrival) -> bytes:
    """The id of a session whose cookie proposes one that has been used: a cookie can outlive its session.

    It follows from what tells the two apart, so that the same events always make the same sessions.
    """
    return uuid.uuid5(uuid.UUID(bytes=proposed), f"{before} {started} {came.source} {came.campaign}").bytes
