"""What the drain knows of a virtual visitor: one record, found by the id of the cookie. Pure."""

from collections.abc import Iterator

import msgspec

from tracking.repeats import Queue
from tracking.sessions import Session

# Sessions that are older than this before the newest are forgotten here, with their details.
EARLIER_MS = 7 * 24 * 3600 * 1000
MOST_EARLIER = 50


class Earlier(msgspec.Struct, array_like=True, gc=False):
    """A session before the last one: enough to find it by the time of a late event."""

    id: bytes
    day: str
    started: int
    last: int


class Visitor(msgspec.Struct, array_like=True, gc=False):
    """`index`: the place in all bitmaps. `first_seen`: ms since 1970. `person`: the user it belongs to.

    `last`: the session that ended last; `earlier`: those before, the newest first.
    """

    index: int
    first_seen: int
    last: Session | None = None
    sessions: int = 0
    person: str = ""
    queues: list[Queue] = []
    earlier: list[Earlier] = []

    def earlier_at(self, at: int, gap: int) -> Iterator[Earlier]:
        """The earlier sessions that an event at `at` can belong to, the newest first."""
        return (session for session in self.earlier if session.started - gap <= at <= session.last + gap)

    def begin(self, session: Session) -> None:
        """A new session, perhaps a late one."""
        self.sessions += 1
        if self.last is None or session.last > self.last.last:
            if self.last is not None:
                self._file(self.last)
            self.last = session
        else:
            self._file(session)

    def moved(self, session: Session) -> None:
        """The times of a session have changed: those of an earlier one are known here as well."""
        if session is not self.last:
            self.earlier = [known for known in self.earlier if known.id != session.id]
            self._file(session)

    def has_used(self, session_id: bytes) -> bool:
        return (self.last is not None and self.last.id == session_id) or any(
            session.id == session_id for session in self.earlier
        )

    def may_have_forgotten(self, at: int) -> bool:
        """Whether there may have been sessions at that time that are not known here any more."""
        if self.last is not None and at <= self.last.last - EARLIER_MS:
            return True
        return len(self.earlier) == MOST_EARLIER and at <= self.earlier[-1].last

    def _file(self, session: Session) -> None:
        known = Earlier(session.id, session.day, session.started, session.last)
        newest = max(session.last, self.last.last if self.last else 0)
        kept = [*(old for old in self.earlier if old.last > newest - EARLIER_MS), known]
        self.earlier = sorted(kept, key=lambda some: some.last, reverse=True)[:MOST_EARLIER]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Visitor)


def encode(visitor: Visitor) -> bytes:
    return _encoder.encode(visitor)


def decode(record: bytes) -> Visitor:
    return _decoder.decode(record)
