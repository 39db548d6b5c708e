"""What the drain knows of a virtual visitor: one record, found by the id of the cookie. Pure.

    was there while sessions are kept         index … queues, the last session whole, those before by their times
    was not there for so long (tidying.py)    index … queues, and when the newest session ended that is forgotten
    … nor while trackers repeat events        the same without queues

Within a batch nothing is forgotten; at its end (`forget`) old sessions are. So which sessions an event
finds does not depend on where the stream is cut into batches, nor on when a record is tidied: those that were
forgotten before the batch are looked up in the archive (lookups.py) and remembered until its end.
"""

from bisect import insort
from collections.abc import Iterator

import msgspec

from tracking.repeats import Queue
from tracking.sessions import Session

MOST_EARLIER = 50
# A tracker's events are taken for 30 days; the rest is for what waits in a stream or is spilled.
REPEATS_MS = 40 * 24 * 3600 * 1000


class Earlier(msgspec.Struct, array_like=True, gc=False):
    """A session before the last one: enough to find it by the time of a late event."""

    id: bytes
    day: str
    started: int
    last: int


class Visitor(msgspec.Struct, array_like=True, gc=False):
    """`index`: the place in all bitmaps. `person`: the user it belongs to. Times in ms since 1970.

    `last`: the session that ended last, None when it is forgotten; `earlier`: those before, the newest first.
    `forgotten`: no session that is not known here any more ended after that; 0 when all are known.
    """

    index: int
    first_seen: int
    last: Session | None = None
    sessions: int = 0
    person: str = ""
    queues: list[Queue] = []
    earlier: list[Earlier] = []
    forgotten: int = 0

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
        self._place(session)

    def moved(self, session: Session) -> None:
        """The times of a session have changed: those of an earlier one are known here as well."""
        if session is not self.last:
            self.earlier = [known for known in self.earlier if known.id != session.id]
            self._place(session)

    def remember(self, session: Session) -> None:
        """A session that was forgotten is known again, until the end of the batch."""
        if not self.has_used(session.id):
            self._file(session)

    def forget(self, kept: int) -> None:
        """Drop the sessions that are too many, or older than the newest by more than `kept`."""
        if self.earlier and (self.earlier[-1].last <= self.newest - kept or len(self.earlier) > MOST_EARLIER):
            old = self.newest - kept
            known = [session for session in self.earlier[:MOST_EARLIER] if session.last > old]
            self.forgotten = max(self.forgotten, self.earlier[len(known)].last)
            self.earlier = known

    def rest(self, now: int, kept: int) -> bool:
        """Drop what nobody needs who has not been there for so long; whether there was any.

        Whoever comes back begins a session; and a late event finds its own in the archive.
        """
        newest = self.newest
        if newest >= now - kept or not (self.last or self.earlier or (self.queues and newest < now - REPEATS_MS)):
            return False
        if self.last or self.earlier:
            self.forgotten, self.last, self.earlier = newest, None, []
        if newest < now - REPEATS_MS:
            self.queues = []
        return True

    def has_used(self, session_id: bytes) -> bool:
        return (self.last is not None and self.last.id == session_id) or any(
            session.id == session_id for session in self.earlier
        )

    def may_have_forgotten(self, at: int, kept: int) -> bool:
        """Whether at `at` there may have been sessions that are not known here any more, wherever batches end."""
        if self.forgotten or self.sessions > MOST_EARLIER + 1:
            return True
        return self.sessions > 0 and self.first_seen // 1000 <= (max(at, self.newest) - kept) // 1000

    def forgotten_between(self, gap: int) -> tuple[int, int] | None:
        """The first and the last time of events that may belong to a session that is not known here any more."""
        return (self.first_seen - gap, self.forgotten + gap) if self.forgotten else None

    @property
    def newest(self) -> int:
        """When the session ended that ended last, known or forgotten."""
        known = max(self.last.last if self.last else 0, self.earlier[0].last if self.earlier else 0)
        return max(known, self.forgotten) or self.first_seen

    def _place(self, session: Session) -> None:
        """As the last, or among the earlier ones. What is older than a forgotten one is never the last."""
        if session.last > self.forgotten and (self.last is None or _newest_first(session) < _newest_first(self.last)):
            if self.last is not None:
                self._file(self.last)
            self.last = session
        else:
            self._file(session)

    def _file(self, session: Session) -> None:
        insort(self.earlier, Earlier(session.id, session.day, session.started, session.last), key=_newest_first)


def _newest_first(session: Earlier | Session) -> tuple[int, int, bytes]:
    """An order that is the same whenever it is made."""
    return -session.last, -session.started, session.id
