"""What the steps of a batch look up, loaded in at most three round trips; in one more where there are orders, and in
one where the names of a day are not at hand.

A late event may be of a session of which the visitor's record or the session's details are gone. Then
(`Late`) it is made anew of its rows in the archive, and the steps find it as any other. Nobody else's
events read the archive: not those that come in order, however old they are, and not those that are
late by less than sessions are remembered.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from properties.models import Property
from tracking import details, people, records
from tracking.archive.listing import Changed
from tracking.archive.recall import recall
from tracking.archive.store import StoreError, store
from tracking.bitmaps.layouts import Layout, Request, Shelf
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.slots import DAY, labels
from tracking.commerce import SOLD, Orders, order_of
from tracking.ingest import Batch
from tracking.names import KEPT_SECONDS, Names, names_of
from tracking.people import Person
from tracking.progress import Progress, time_of
from tracking.rules import Rules
from tracking.sessions import PASSIVE, PASSIVE_MS, SESSIONS, Session, SessionId, Sessions, reach
from tracking.stream import Packet
from tracking.visitors import Earlier, Visitor

log = logging.getLogger(__name__)


def load_batch(
    shelf: Shelf, layout: Layout, rules: Rules, progress: Progress, packets: Sequence[Packet]
) -> tuple[Batch, "Late"]:
    """A Batch that knows every visitor, session, person and name that `packets` can touch, and what it may lack."""
    days = {labels(event.at // 60_000, shelf.tz)[DAY] for packet in packets for event in packet.events}
    known, names = _visitors_and_names(shelf, {packet.visitor_id for packet in packets}, days)
    newest = labels(time_of(progress.last_event) // 60_000, shelf.tz)[DAY] if progress.last_event else ""
    told = _names_of_totals(shelf, layout, [day for day, some in names.items() if not some and day <= newest])
    wanted = _wanted_sessions(rules, packets, known)
    earlier, persons = _sessions_and_people(shelf, packets, wanted, known)
    late = Late()
    for visitor_id, session_id in wanted.keys() - earlier.keys():
        late.add(visitor_id, known[visitor_id], [wanted[(visitor_id, session_id)].started])
    _add_late_events(late, rules, packets, known)
    last = {(visitor_id, some.last.id): some.last for visitor_id, some in known.items() if some.last is not None}
    batch = Batch(
        tz=shelf.tz,
        rules=rules,
        visitors=known,
        next_visitor_index=progress.visitors,
        sessions=Sessions(earlier | last),
        names=Names(rules.names_a_day, names | told, {day: set(some) for day, some in told.items()}),
        people=persons,
        orders=_orders(shelf, packets),
    )
    return batch, late


@dataclass
class Late:
    """Events that may be of sessions that are known only to the archive: visitor index -> id and times."""

    ids: dict[int, bytes] = field(default_factory=dict)
    times: dict[int, list[int]] = field(default_factory=dict)
    reach: int = 0  # how far from a time its session may be

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
            gap = max(batch.rules.session_gap, self.reach)
            found = recall(store(), shelf.client, prop, self.times, gap=gap, before_file=before_file)
        except (StoreError, Changed, ImproperlyConfigured) as error:
            events = sum(map(len, self.times.values()))
            log.warning("property %s: %s late events are not told their sessions: %s", prop.id, events, error)
            return
        for index, session in found:
            visitor_id = self.ids[index]
            visitor = batch.visitors[visitor_id]
            batch.sessions.known.setdefault((visitor_id, session.id), session)
            visitor.remember(session)


def _add_late_events(late: Late, rules: Rules, packets: Sequence[Packet], known: dict[bytes, Visitor]) -> None:
    for packet in packets:
        visitor = known.get(packet.visitor_id)
        if visitor is not None and (forgotten := visitor.forgotten_between(rules.session_gap)):
            first, last = forgotten
            if times := [event.at for event in packet.events if first <= event.at <= last]:
                late.add(packet.visitor_id, visitor, times)
            more = last - rules.session_gap + PASSIVE_MS
            if times := [event.at for event in packet.events if event.name in PASSIVE and first <= event.at <= more]:
                late.add(packet.visitor_id, visitor, times)
                late.reach = PASSIVE_MS


def _visitors_and_names(
    shelf: Shelf, ids: Iterable[bytes], days: Iterable[str]
) -> tuple[dict[bytes, Visitor], dict[str, set[str]]]:
    buckets: dict[str, list[bytes]] = {}
    for visitor_id in ids:
        buckets.setdefault(shelf.keys.visitors(visitor_id), []).append(visitor_id)
    in_order = sorted(days)
    pipe = shelf.client.pipeline(transaction=False)
    for day in in_order:  # those that are there stay until the batch is written
        pipe.expire(shelf.keys.names(day), KEPT_SECONDS)
    for day in in_order:
        pipe.smembers(shelf.keys.names(day))
    for key, wanted in buckets.items():
        pipe.hmget(key, wanted)
    replies = pipe.execute()
    of_days, of_buckets = replies[len(in_order) : 2 * len(in_order)], replies[2 * len(in_order) :]
    names = {day: {name.decode() for name in reply} for day, reply in zip(in_order, of_days, strict=True)}
    known = {
        visitor_id: records.decode(record)
        for wanted, reply in zip(buckets.values(), of_buckets, strict=True)
        for visitor_id, record in zip(wanted, reply, strict=True)
        if record is not None
    }
    return known, names


def _names_of_totals(shelf: Shelf, layout: Layout, days: Sequence[str]) -> dict[str, set[str]]:
    """The names of the days that have totals and whose names are not at hand."""
    if not days:
        return {}
    found = layout.load(shelf, Request(totals=[(metric, day) for day in days for metric in (EVENTS, SESSIONS)])).totals
    names = {day: names_of(found[(EVENTS, day)], found[(SESSIONS, day)]) for day in days}
    return {day: some for day, some in names.items() if some}


def _sessions_and_people(
    shelf: Shelf, packets: Sequence[Packet], wanted: dict[SessionId, Earlier], known: Mapping[bytes, Visitor]
) -> tuple[dict[SessionId, Session], dict[str, Person]]:
    users = sorted({people.person_id(event.user) for packet in packets for event in packet.events if event.user} - {""})
    if not wanted and not users:
        return {}, {}
    pipe = shelf.client.pipeline(transaction=False)
    for session in wanted.values():
        pipe.hmget(shelf.keys.session(session.day, str(UUID(bytes=session.id))), details.INFOS)
    for user in users:
        pipe.hget(shelf.keys.people(user), user)
    replies: list[Any] = pipe.execute()
    found: dict[SessionId, Session] = {}
    for ((visitor_id, session_id), session), infos in zip(wanted.items(), replies, strict=False):
        kept = details.of_infos(session_id, session.day, infos)
        if kept is not None and kept[0] == known[visitor_id].index:
            found[(visitor_id, session_id)] = kept[1]
    persons = zip(users, replies[len(wanted) :], strict=True)
    return found, {user: people.decode(record) for user, record in persons if record is not None}


def _orders(shelf: Shelf, packets: Sequence[Packet]) -> Orders:
    """Those of the packets' orders that were taken before."""
    sold = (event for packet in packets for event in packet.events if event.name in SOLD)
    some = {order for event in sold if (order := order_of(event)) is not None}
    if not some:
        return Orders()
    pipe = shelf.client.pipeline(transaction=False)
    for order in some:
        pipe.sismember(shelf.keys.orders(order), order)
    return Orders({order for order, is_known in zip(some, pipe.execute(), strict=True) if is_known})


def _wanted_sessions(rules: Rules, packets: Sequence[Packet], known: dict[bytes, Visitor]) -> dict[SessionId, Earlier]:
    """The sessions that may be needed beside each visitor's last one."""
    wanted: dict[SessionId, Earlier] = {}
    for packet in packets:
        visitor = known.get(packet.visitor_id)
        if visitor is None or not visitor.earlier:
            continue
        for event in packet.events:
            for session in visitor.earlier_at(event.at, reach(event.name, rules.session_gap)):
                wanted[(packet.visitor_id, session.id)] = session
    return wanted
