"""The record of a visitor as it is kept: for as long as the visitor has an index, so each byte counts. Pure.

    index  first seen  last session  sessions  person  queues  earlier  forgotten
                          │                                     │
                          ├─ id  day  started  lasted  traits … └─ id  day  started  lasted
                          └─ nothing of a visitor at rest: then some 45 bytes are left, and else 250

Days are numbers and times those since another that is near. What the visitor is asked for at rest (when it was seen
first, until when sessions are forgotten) is in seconds: a second early and a second late, which makes the drain look
into the archive for nothing once in a while, and never not look.
"""

from datetime import date
from functools import lru_cache

import msgspec

from tracking import shorthand
from tracking.repeats import Queue
from tracking.sessions import Session
from tracking.visitors import Earlier, Visitor

SECOND_MS = 1000
FIRST_DAY = date(1970, 1, 1).toordinal()


class _Earlier(msgspec.Struct, array_like=True, gc=False):
    id: bytes
    day: int
    started: int
    lasted: int


class _Last(msgspec.Struct, array_like=True, gc=False):
    """`exit`: empty where it is the entry page."""

    id: bytes
    day: int
    started: int
    lasted: int
    traits: str
    came: tuple[str, str]
    referrer: str
    entry: str
    entered: int  # after it started
    exit: str
    exited: int  # before it ended
    events: int
    pageviews: int
    passive: int


class _Record(msgspec.Struct, array_like=True, gc=False):
    index: int
    first_seen: int
    last: _Last | None
    sessions: int
    person: str
    queues: list[Queue]
    earlier: list[_Earlier]
    forgotten: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Record)


def encode(visitor: Visitor) -> bytes:
    record = _Record(
        visitor.index,
        visitor.first_seen // SECOND_MS,
        _shortened(visitor.last) if visitor.last else None,
        visitor.sessions,
        visitor.person,
        visitor.queues,
        [_Earlier(one.id, _number(one.day), one.started, one.last - one.started) for one in visitor.earlier],
        -(-visitor.forgotten // SECOND_MS),
    )
    return _encoder.encode(record)


def decode(record: bytes) -> Visitor:
    kept = _decoder.decode(record)
    return Visitor(
        kept.index,
        kept.first_seen * SECOND_MS,
        _whole(kept.last) if kept.last else None,
        kept.sessions,
        kept.person,
        kept.queues,
        [Earlier(one.id, _day(one.day), one.started, one.started + one.lasted) for one in kept.earlier],
        kept.forgotten * SECOND_MS,
    )


def _shortened(session: Session) -> _Last:
    return _Last(
        session.id,
        _number(session.day),
        session.started,
        session.last - session.started,
        shorthand.short(session.traits, session.came),
        session.came,
        session.referrer,
        session.entry,
        session.entered - session.started,
        "" if session.exit == session.entry else session.exit,
        session.last - session.exited,
        session.events,
        session.pageviews,
        session.passive,
    )


def _whole(kept: _Last) -> Session:
    last = kept.started + kept.lasted
    return Session(
        kept.id,
        _day(kept.day),
        kept.started,
        last,
        shorthand.whole(kept.traits, kept.came),
        kept.came,
        kept.referrer,
        kept.entry,
        kept.started + kept.entered,
        kept.exit or kept.entry,
        last - kept.exited,
        kept.events,
        kept.pageviews,
        kept.passive,
    )


@lru_cache(maxsize=512)
def _number(day: str) -> int:
    return date.fromisoformat(day).toordinal() - FIRST_DAY


@lru_cache(maxsize=512)
def _day(number: int) -> str:
    return str(date.fromordinal(number + FIRST_DAY))
