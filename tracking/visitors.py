"""What the drain knows of a virtual visitor: one record, found by the id of the cookie. Pure.

Within a batch nothing is forgotten; at its end (`forget`) old sessions are. So which sessions an event
finds does not depend on where the stream is cut into batches: those that were forgotten before the
batch are looked up in the archive (lookups.py) and remembered until its end.
"""

from bisect import insort
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
        for session in self.earlier:
            if session.last + gap < at:
                return
            if session.started - gap <= at:
                yield session

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

    def remember(self, session: Session) -> None:
        """A session that was forgotten is known again, until the end of the batch."""
        if not self.has_used(session.id):
            self._file(session)

    def forget(self) -> None:
        """Drop the sessions that are too old or too many."""
        if self.earlier and (self.earlier[-1].last <= self._old or len(self.earlier) > MOST_EARLIER):
            old = self._old
            self.earlier = [session for session in self.earlier[:MOST_EARLIER] if session.last > old]

    def has_used(self, session_id: bytes) -> bool:
        return (self.last is not None and self.last.id == session_id) or any(
            session.id == session_id for session in self.earlier
        )

    @property
    def may_have_forgotten(self) -> bool:
        """Whether there may have been sessions that are not known here any more, wherever batches end."""
        return self.sessions > MOST_EARLIER + 1 or self.first_seen <= self._old

    def forgotten_between(self, gap: int) -> tuple[int, int] | None:
        """The first and the last time of events that may belong to a session that is not known here any more."""
        if not self.may_have_forgotten:
            return None
        cut = self.earlier[-1].last if len(self.earlier) >= MOST_EARLIER else self._old
        return self.first_seen - gap, max(cut, self._old) + gap

    @property
    def _old(self) -> int:
        """Sessions that ended by then are forgotten."""
        newest = self.earlier[0].last if self.earlier else 0
        return max(newest, self.last.last if self.last else 0) - EARLIER_MS

    def _file(self, session: Session) -> None:
        insort(self.earlier, Earlier(session.id, session.day, session.started, session.last), key=_newest_first)


def _newest_first(session: Earlier) -> tuple[int, int, bytes]:
    """An order that is the same whenever it is made."""
    return -session.last, -session.started, session.id


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Visitor)


def encode(visitor: Visitor) -> bytes:
    return _encoder.encode(visitor)


def decode(record: bytes) -> Visitor:
    return _decoder.decode(record)
