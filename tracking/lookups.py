"""What the steps of a batch look up, loaded in at most three round trips."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from tracking import people, sessions, visitors
from tracking.bitmaps.layouts import Shelf
from tracking.bitmaps.slots import DAY, labels
from tracking.ingest import Batch
from tracking.names import Names
from tracking.people import Person
from tracking.rules import Rules
from tracking.sessions import Session, SessionId, Sessions
from tracking.stream import Packet
from tracking.visitors import Visitor


def load_batch(shelf: Shelf, rules: Rules, visitor_count: int, packets: Sequence[Packet]) -> Batch:
    """A Batch that knows every visitor, session, person and name that `packets` can touch."""
    days = {labels(event.at // 60_000, shelf.tz)[DAY] for packet in packets for event in packet.events}
    known, names = _visitors_and_names(shelf, {packet.visitor_id for packet in packets}, days)
    earlier, persons = _sessions_and_people(shelf, rules, packets, known)
    return Batch(
        tz=shelf.tz,
        rules=rules,
        visitors=known,
        next_visitor_index=visitor_count,
        sessions=Sessions(earlier),
        names=Names(rules.names_a_day, names),
        people=persons,
    )


def _visitors_and_names(
    shelf: Shelf, ids: Iterable[bytes], days: Iterable[str]
) -> tuple[dict[bytes, Visitor], dict[str, set[str]]]:
    buckets: dict[str, list[bytes]] = {}
    for visitor_id in ids:
        buckets.setdefault(shelf.keys.visitors(visitor_id), []).append(visitor_id)
    in_order = sorted(days)
    pipe = shelf.client.pipeline(transaction=False)
    for day in in_order:
        pipe.smembers(shelf.keys.names(day))
    for key, wanted in buckets.items():
        pipe.hmget(key, wanted)
    replies = pipe.execute()
    names = {day: {name.decode() for name in reply} for day, reply in zip(in_order, replies, strict=False)}
    known = {
        visitor_id: visitors.decode(record)
        for wanted, reply in zip(buckets.values(), replies[len(in_order) :], strict=True)
        for visitor_id, record in zip(wanted, reply, strict=True)
        if record is not None
    }
    return known, names


def _sessions_and_people(
    shelf: Shelf, rules: Rules, packets: Sequence[Packet], known: dict[bytes, Visitor]
) -> tuple[dict[SessionId, Session], dict[str, Person]]:
    wanted = _wanted_sessions(rules, packets, known)
    users = sorted({people.person_id(event.user) for packet in packets for event in packet.events if event.user} - {""})
    if not wanted and not users:
        return {}, {}
    pipe = shelf.client.pipeline(transaction=False)
    for _, session_id, day in wanted:
        pipe.hmget(shelf.keys.session(day, str(UUID(bytes=session_id))), "visitor", "state")
    for user in users:
        pipe.hget(shelf.keys.people(user), user)
    replies: list[Any] = pipe.execute()
    found: dict[SessionId, Session] = {}
    for (visitor_id, session_id, _), (visitor, state) in zip(wanted, replies, strict=False):
        if state is not None and visitor is not None and UUID(visitor.decode()).bytes == visitor_id:
            found[(visitor_id, session_id)] = sessions.decode(state)
    persons = zip(users, replies[len(wanted) :], strict=True)
    return found, {user: people.decode(record) for user, record in persons if record is not None}


def _wanted_sessions(
    rules: Rules, packets: Sequence[Packet], known: dict[bytes, Visitor]
) -> list[tuple[bytes, bytes, str]]:
    """(visitor id, session id, day) of the sessions that may be needed beside each visitor's last one."""
    wanted: set[tuple[bytes, bytes, str]] = set()
    for packet in packets:
        visitor = known.get(packet.visitor_id)
        if visitor is None or not visitor.earlier:
            continue
        for event in packet.events:
            for session in visitor.earlier_at(event.at, rules.session_gap):
                wanted.add((packet.visitor_id, session.id, session.day))
    return sorted(wanted)
