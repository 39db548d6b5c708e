"""What the steps of a batch look up, loaded in at most three round trips.

A late event may be of a session of which the visitor's record or the session's details are gone. Then
(`Late`) it is made anew of its rows in the archive, and the steps find it as any other. Nobody else's
events read the archive: not those that come in order, however old they are, and not those that are
late by less than sessions are remembered.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from properties.models import Property
from tracking import people, sessions, visitors
from tracking.archive.listing import Changed
from tracking.archive.recall import recall
from tracking.archive.store import StoreError, store
from tracking.bitmaps.layouts import Shelf
from tracking.bitmaps.slots import DAY, labels
from tracking.ingest import Batch
from tracking.names import Names
from tracking.people import Person
from tracking.rules import Rules
from tracking.sessions import Session, SessionId, Sessions
from tracking.stream import Packet
from tracking.visitors import Earlier, Visitor

log = logging.getLogger(__name__)


def load_batch(shelf: Shelf, rules: Rules, visitor_count: int, packets: Sequence[Packet]) -> tuple[Batch, "Late"]:
    """A Batch that knows every visitor, session, person and name that `packets` can touch, and what it may lack."""
    days = {labels(event.at // 60_000, shelf.tz)[DAY] for packet in packets for event in packet.events}
    known, names = _visitors_and_names(shelf, {packet.visitor_id for packet in packets}, days)
    wanted = _wanted_sessions(rules, packets, known)
    earlier, persons = _sessions_and_people(shelf, packets, wanted)
    late = Late()
    for visitor_id, session_id in wanted.keys() - earlier.keys():
        late.add(visitor_id, known[visitor_id], [wanted[(visitor_id, session_id)].started])
    _add_late_events(late, rules, packets, known)
    batch = Batch(
        tz=shelf.tz,
        rules=rules,
        visitors=known,
        next_visitor_index=visitor_count,
        sessions=Sessions(earlier),
        names=Names(rules.names_a_day, names),
        people=persons,
    )
    return batch, late


@dataclass
class Late:
    """Events that may be of sessions that are known only to the archive: visitor index -> id and times."""

    ids: dict[int, bytes] = field(default_factory=dict)
    times: dict[int, list[int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.times)

    def add(self, visitor_id: bytes, visitor: Visitor, times: Sequence[int]) -> None:
        self.ids[visitor.index] = visitor_id
        self.times.setdefault(visitor.index, []).extend(times)

    def recall(self, shelf: Shelf, prop: Property, batch: Batch, before_file: Callable[[], None]) -> None:
        """Add their sessions to the batch. Where the archive cannot be read, late events begin sessions of their own.

        It may take seconds: `before_file` is called before each file is read.
        """
        try:
            gap = batch.rules.session_gap
            found = recall(store(), shelf.client, prop, self.times, gap=gap, before_file=before_file)
        except (StoreError, Changed, ImproperlyConfigured) as error:
            events = sum(map(len, self.times.values()))
            log.warning("property %s: %s late events are not told their sessions: %s", prop.id, events, error)
            return
        for index, session in found:
            visitor_id = self.ids[index]
            visitor = batch.visitors[visitor_id]
            if visitor.last is None or session.id != visitor.last.id:
                batch.sessions.known.setdefault((visitor_id, session.id), session)
                visitor.remember(session)


def _add_late_events(late: Late, rules: Rules, packets: Sequence[Packet], known: dict[bytes, Visitor]) -> None:
    for packet in packets:
        visitor = known.get(packet.visitor_id)
        if visitor is not None and (forgotten := visitor.forgotten_between(rules.session_gap)):
            first, last = forgotten
            if times := [event.at for event in packet.events if first <= event.at <= last]:
                late.add(packet.visitor_id, visitor, times)


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
    shelf: Shelf, packets: Sequence[Packet], wanted: dict[SessionId, Earlier]
) -> tuple[dict[SessionId, Session], dict[str, Person]]:
    users = sorted({people.person_id(event.user) for packet in packets for event in packet.events if event.user} - {""})
    if not wanted and not users:
        return {}, {}
    pipe = shelf.client.pipeline(transaction=False)
    for session in wanted.values():
        pipe.hmget(shelf.keys.session(session.day, str(UUID(bytes=session.id))), sessions.INFOS)
    for user in users:
        pipe.hget(shelf.keys.people(user), user)
    replies: list[Any] = pipe.execute()
    found: dict[SessionId, Session] = {}
    for ((visitor_id, session_id), session), infos in zip(wanted.items(), replies, strict=False):
        kept = sessions.of_infos(session_id, session.day, infos)
        if kept is not None and kept[0] == visitor_id:
            found[(visitor_id, session_id)] = kept[2]
    persons = zip(users, replies[len(wanted) :], strict=True)
    return found, {user: people.decode(record) for user, record in persons if record is not None}


def _wanted_sessions(rules: Rules, packets: Sequence[Packet], known: dict[bytes, Visitor]) -> dict[SessionId, Earlier]:
    """The sessions that may be needed beside each visitor's last one."""
    wanted: dict[SessionId, Earlier] = {}
    for packet in packets:
        visitor = known.get(packet.visitor_id)
        if visitor is None or not visitor.earlier:
            continue
        for event in packet.events:
            for session in visitor.earlier_at(event.at, rules.session_gap):
                wanted[(packet.visitor_id, session.id)] = session
    return wanted
