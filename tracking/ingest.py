"""From the packets of a batch to its effects: tuples of named steps. Pure.

Each step takes a packet or an event and the batch, and returns None to go on or the reason to drop
it; every reason is counted. The drain has loaded beforehand what the steps look up, and writes
afterwards, in one transaction, what they left in `Batch`.

    of a packet   filter_bots         programs that say that they are some
                  drop_known_messages what a server sent before, by the id it gave it
                  resolve_visitor     visitor_id -> the visitor's record, a new one for somebody new
    of an event   drop_repeats        what came before, by the number its sender gave it
                  drop_known_orders   sales and refunds that came before, from wherever
                  clean               no personal data and secrets in addresses
                  sessionise          the session it belongs to, by its own time
                  recognise_person    the property's own user, and which visitors are theirs
                  note_traits         what the visitor is noted under, and how much of it
                  keep                the resolved event, for the archive
                  count_sign_up       a sign-up of another day, where it was; once a person
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec

from tracking import commerce, measures, people, repeats
from tracking.archive.rows import ITEM_SEPARATOR, NO_SESSION, NO_VISITOR_ID, Row
from tracking.arrival import Arrival, arrival
from tracking.bitmaps.notes import Notes, TraitSet
from tracking.bitmaps.slots import DAY, labels
from tracking.bitmaps.traits import NO_CAMPAIGN, SIGN_UP, SIGN_UPS
from tracking.commerce import SOLD, Orders
from tracking.description import LINKS, event_traits, page_of, session_traits
from tracking.enrichment.bots import is_bot
from tracking.messages import Messages
from tracking.names import Names
from tracking.people import Person
from tracking.rules import Rules
from tracking.sessions import PAGEVIEWS, PASSIVE, PASSIVE_MS, Session, Sessions, own_id
from tracking.stream import NO_NUMBER, Packet, StreamEvent
from tracking.visitors import Visitor

REPEAT = "repeat"
REPEATED_ORDER = "repeated_order"
WITHOUT_SESSION = "without_session"
LOGIN = "login"

_json = msgspec.json.Encoder()


@dataclass
class Batch:
    """What the steps look up, and what they leave behind to be written."""

    tz: ZoneInfo
    rules: Rules
    visitors: dict[bytes, Visitor]
    next_visitor_index: int
    sessions: Sessions
    names: Names
    people: dict[str, Person] = field(default_factory=dict)
    aliases: dict[int, int] = field(default_factory=dict)  # visitor index -> the one that stands for it
    orders: Orders = field(default_factory=Orders)
    messages: Messages = field(default_factory=Messages)
    touched: set[bytes] = field(default_factory=set)  # visitors whose record is to be written
    seen_people: set[str] = field(default_factory=set)
    drops: Counter[tuple[str, str]] = field(default_factory=Counter)  # (day, reason)
    rows: list[Row] = field(default_factory=list)
    events: int = 0
    notes: Notes = field(init=False)

    def __post_init__(self) -> None:
        self.notes = Notes(self.tz)


class Event(msgspec.Struct, gc=False):
    """An event on its way through the steps. Each step fills in what it finds out."""

    sent: StreamEvent
    packet: Packet
    entry: str  # the stream entry it came in, and its place there
    ordinal: int
    day: str
    visitor: Visitor
    session: Session | None = None
    page: str | None = None
    traits: TraitSet = ""
    item_traits: str = ""  # of all its items


def run(entries: Iterable[tuple[str, list[Packet]]], batch: Batch) -> None:
    """Take every event of the stream's entries through the steps."""
    for entry, packets in entries:
        ordinal = 0
        for packet in packets:
            _packet(entry, ordinal, packet, batch)
            ordinal += len(packet.events)
    for change in batch.sessions.changes.values():
        change.note(batch.notes)
    for visitor_id in batch.touched:
        batch.visitors[visitor_id].forget(batch.rules.sessions_kept)


def _packet(entry: str, ordinal: int, packet: Packet, batch: Batch) -> None:
    for packet_step in PACKET_STEPS:
        if reason := packet_step(packet, batch):
            for sent in packet.events:
                batch.drops[(_day(sent, batch), reason)] += 1
            return
    visitor = batch.visitors[packet.visitor_id]
    for place, sent in enumerate(packet.events, ordinal):
        event = Event(sent, packet, entry, place, _day(sent, batch), visitor)
        for step in EVENT_STEPS:
            if reason := step(event, batch):
                batch.drops[(event.day, reason)] += 1
                break
        else:
            batch.events += 1


def _day(sent: StreamEvent, batch: Batch) -> str:
    return labels(sent.at // 60_000, batch.tz)[DAY]


def filter_bots(packet: Packet, batch: Batch) -> str | None:
    return "bot" if is_bot(packet.user_agent) else None


def drop_known_messages(packet: Packet, batch: Batch) -> str | None:
    return REPEAT if packet.message and not batch.messages.take(packet) else None


def resolve_visitor(packet: Packet, batch: Batch) -> str | None:
    if packet.visitor_id not in batch.visitors:
        if all(sent.name in PASSIVE for sent in packet.events):  # nobody has come
            return WITHOUT_SESSION
        first = min(sent.at for sent in packet.events)
        batch.visitors[packet.visitor_id] = Visitor(batch.next_visitor_index, first)
        batch.next_visitor_index += 1
    batch.touched.add(packet.visitor_id)
    return None


def drop_repeats(event: Event, batch: Batch) -> str | None:
    number = event.sent.number
    if number != NO_NUMBER and repeats.is_repeat(event.visitor.queues, event.packet.queue, number):
        return REPEAT
    return None


def drop_known_orders(event: Event, batch: Batch) -> str | None:
    if event.sent.name in SOLD and (order := commerce.order_of(event.sent)) and not batch.orders.take(order):
        return REPEATED_ORDER
    return None


def clean(event: Event, batch: Batch) -> str | None:
    sent, rules = event.sent, batch.rules
    sent.url = rules.clean(sent.url)
    sent.referrer = rules.clean(sent.referrer)
    if sent.name in LINKS and isinstance(href := sent.attributes.get("href"), str):
        sent.attributes["href"] = rules.clean(href)
    return None


def sessionise(event: Event, batch: Batch) -> str | None:
    sent, visitor = event.sent, event.visitor
    came = arrival(sent.url, sent.referrer)
    if sent.name in PASSIVE:
        return _join(event, batch, came)
    session = _existing_session(event, batch, came)
    if session is not None:
        batch.sessions.touch(session, event.packet.visitor_id, visitor.index)
    else:
        session = _new_session(event, batch, came)
    page = page_of(sent, batch.rules)
    event.page = page if page is None else batch.names.page(page, event.day)
    session.add(sent.at, event.page)
    visitor.moved(session)
    visitor.first_seen = min(visitor.first_seen, sent.at)
    event.session = session
    return None


def _existing_session(event: Event, batch: Batch, came: Arrival) -> Session | None:
    """The session that the event belongs to, if it is there already."""
    at, last, gap = event.sent.at, event.visitor.last, batch.rules.session_gap
    if last is not None and last.started - gap <= at <= last.last + gap and not last.is_ended_by(came):
        return last  # nearly always
    return next((session for session in _earlier(event, batch, gap) if not session.is_ended_by(came)), None)


def _join(event: Event, batch: Batch, came: Arrival) -> str | None:
    """Let a passive event be of the session that it tells of."""
    sent, visitor = event.sent, event.visitor
    some = [*([visitor.last] if visitor.last is not None else []), *_earlier(event, batch, PASSIVE_MS)]
    begun = [session for session in some if session.started <= sent.at <= session.last + PASSIVE_MS]
    if not begun:
        return WITHOUT_SESSION
    session = next((session for session in begun if not session.is_ended_by(came)), begun[0])
    batch.sessions.touch(session, event.packet.visitor_id, visitor.index)
    if sent.at > session.last + batch.rules.session_gap:
        sent.at = session.last
    session.add_passive(sent.at)
    visitor.moved(session)
    event.session = session
    return None


def _earlier(event: Event, batch: Batch, gap: int) -> Iterator[Session]:
    """The visitor's sessions before the last one that the event is in or within `gap` of, the newest first."""
    for found in event.visitor.earlier_at(event.sent.at, gap):
        session = batch.sessions.known.get((event.packet.visitor_id, found.id))
        if session is not None:
            yield session


def _new_session(event: Event, batch: Batch, came: Arrival) -> Session:
    sent, visitor, packet = event.sent, event.visitor, event.packet
    described = batch.names.capped(session_traits(packet, came, not visitor.sessions), event.day)
    forgotten = visitor.may_have_forgotten(sent.at, batch.rules.sessions_kept)
    used = forgotten or visitor.has_used(packet.session_id)
    session_id = own_id(packet.session_id, visitor.sessions, sent.at, came) if used else packet.session_id
    source = (came.source, came.campaign or NO_CAMPAIGN)
    session = Session(session_id, event.day, sent.at, sent.at, described, source, referrer=sent.referrer)
    visitor.begin(session)
    batch.sessions.begin(session, packet.visitor_id, visitor.index)
    return session


def recognise_person(event: Event, batch: Batch) -> str | None:
    user = event.sent.user
    if user:
        user = event.sent.user = people.person_id(user)
    if not user:
        return None
    visitor, at = event.visitor, event.sent.at
    person = batch.people.get(user)
    if person is None:
        person = batch.people[user] = Person(None, at, at)
    people.learn(person, at, event.sent.data)
    _learn_sign_up(event.sent, person, batch.rules.session_gap)
    if not visitor.person:  # a browser belongs to the first who logs in there
        visitor.person = user
        if person.visitor is None:
            person.visitor = visitor.index
        else:
            batch.aliases[visitor.index] = person.visitor
    elif visitor.person == user and person.visitor is None:  # who stood for them was erased
        person.visitor = visitor.index
    batch.seen_people.add(user)
    return None


def _learn_sign_up(sent: StreamEvent, person: Person, gap: int) -> None:
    """The first that is known of a person stays. One that was long ago is not what happens now: that is a login."""
    is_sign_up = sent.name == SIGN_UP
    was_elsewhere = sent.signed_up and not (is_sign_up and sent.at - sent.signed_up <= gap)
    if is_sign_up and was_elsewhere:
        sent.name = LOGIN
    if not person.signed_up and (is_sign_up or was_elsewhere):
        person.signed_up = sent.signed_up or sent.at
        person.sign_up_waits = bool(was_elsewhere)


def note_traits(event: Event, batch: Batch) -> str | None:
    assert event.session is not None  # sessionise comes before
    sent, index, minute = event.sent, event.visitor.index, event.sent.at // 60_000
    event.traits = batch.names.capped(event_traits(sent, event.page, bool(sent.user), batch.rules), event.day)
    whole, add = event.session.traits, batch.notes.add
    add(event.traits, index, minute)
    add(whole, index, minute)
    if event.page is not None:
        add(whole, index, minute, PAGEVIEWS)
    if sent.items:
        _note_items(event, batch)
    if sent.attributes:
        for metric, amount, of_session in measures.sums(sent.name, sent.attributes):
            add(event.traits, index, minute, metric, amount)
            if of_session:
                add(whole, index, minute, metric, amount)
        for what, value in measures.samples(sent.attributes):
            batch.notes.sample(measures.told_apart(whole), index, minute, what, value)
            if page := measures.measured_on(event.traits):
                batch.notes.sample(page, index, minute, what, value)
    return None


def _note_items(event: Event, batch: Batch) -> None:
    sent, index, minute = event.sent, event.visitor.index, event.sent.at // 60_000
    sets = [batch.names.capped(some, event.day) if some else "" for some in commerce.item_traits(sent)]
    event.item_traits = ITEM_SEPARATOR.join(sets)
    for trait, amounts in commerce.noted(sent.name, sent.attributes, sent.items, sets).items():
        batch.notes.add(trait, index, minute)
        for metric, amount in amounts.items():
            batch.notes.add(trait, index, minute, metric, amount)


def keep(event: Event, batch: Batch) -> str | None:
    assert event.session is not None
    sent, packet = event.sent, event.packet
    batch.rows.append(
        Row(
            event.entry,
            event.ordinal,
            sent.at,
            packet.received,
            event.visitor.index,
            packet.visitor_id,
            event.session.id,
            sent.name,
            sent.url,
            sent.referrer,
            sent.title,
            packet.tab,
            sent.user,
            _json.encode(sent.attributes).decode() if sent.attributes else "",
            event.traits,
            event.session.traits,
            _json.encode(sent.items).decode() if sent.items else "",
            event.item_traits,
        )
    )
    return None


def count_sign_up(event: Event, batch: Batch) -> str | None:
    """Under `evt:signup` alone, in the minute it was: nobody was seen there, and nothing else happened."""
    sent, packet = event.sent, event.packet
    if not sent.user:
        return None
    person = batch.people[sent.user]
    if not person.sign_up_waits or person.visitor is None:
        return None
    person.sign_up_waits = False
    batch.notes.add(SIGN_UPS, person.visitor, person.signed_up // 60_000)
    batch.rows.append(
        Row(
            event.entry,
            -1 - event.ordinal,  # beside the row of the event that told it
            person.signed_up,
            packet.received,
            person.visitor,
            packet.visitor_id if person.visitor == event.visitor.index else NO_VISITOR_ID,
            NO_SESSION,
            SIGN_UP,
            user=sent.user,
            traits=SIGN_UPS,
        )
    )
    return None


PacketStep = Callable[[Packet, Batch], str | None]
Step = Callable[[Event, Batch], str | None]
PACKET_STEPS: tuple[PacketStep, ...] = (filter_bots, drop_known_messages, resolve_visitor)
EVENT_STEPS: tuple[Step, ...] = (
    drop_repeats,
    drop_known_orders,
    clean,
    sessionise,
    recognise_person,
    note_traits,
    keep,
    count_sign_up,
)
