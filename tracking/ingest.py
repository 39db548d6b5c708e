"""From the events of a batch to its effects: a tuple of named steps. Pure.

Each step takes the event and the batch, and returns None to go on or the reason to drop the event;
every reason is counted. The drain has loaded beforehand what the steps look up, and writes
afterwards, in one transaction, what they left in `Batch`.

    resolve_visitor   visitor_id -> visitor_index, the next free one for somebody new
    sessionise        the session it belongs to, by its own time
    note_traits       what the visitor is marked under, and what is counted
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tracking.arrival import arrival, path_of
from tracking.bitmaps import traits
from tracking.bitmaps.layouts import Mark
from tracking.bitmaps.slots import labels
from tracking.sessions import SessionChange, Sessions, Visitor
from tracking.stream import StreamEvent

PAGEVIEW = "pageview"
DAY = 2  # the place of the day among the five labels


@dataclass
class Batch:
    """What the steps look up, and what they leave behind to be written."""

    tz: ZoneInfo
    visitors: dict[bytes, int]
    next_visitor_index: int
    sessions: Sessions
    new_visitors: dict[bytes, int] = field(default_factory=dict)
    marks: set[Mark] = field(default_factory=set)
    event_counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (label, trait)
    session_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    drops: Counter[tuple[str, str]] = field(default_factory=Counter)  # (day, reason)
    events: int = 0


@dataclass
class Event:
    """An event on its way through the steps."""

    sent: StreamEvent
    minute: int
    labels: tuple[str, str, str, str, str]
    visitor_index: int = -1
    session: SessionChange | None = None


def run(events: Iterable[StreamEvent], batch: Batch) -> None:
    """Take every event through the steps."""
    for sent in events:
        minute = sent.at // 60_000
        event = Event(sent, minute, labels(minute, batch.tz))
        reason = _first_reason(event, batch)
        if reason:
            batch.drops[(event.labels[DAY], reason)] += 1
        else:
            batch.events += 1


def _first_reason(event: Event, batch: Batch) -> str | None:
    for step in STEPS:
        if reason := step(event, batch):
            return reason
    return None


def resolve_visitor(event: Event, batch: Batch) -> str | None:
    visitor_id = event.sent.visitor_id
    index = batch.visitors.get(visitor_id)
    if index is None:
        index = batch.next_visitor_index
        batch.next_visitor_index += 1
        batch.visitors[visitor_id] = batch.new_visitors[visitor_id] = index
    event.visitor_index = index
    return None


def sessionise(event: Event, batch: Batch) -> str | None:
    sent = event.sent
    visitor = Visitor(sent.visitor_id, event.visitor_index)
    came = arrival(sent.url, sent.referrer)
    change = batch.sessions.place(visitor, sent.session_id, sent.at, event.labels[DAY], came)
    if change.begun and not change.events:
        change.referrer = sent.referrer
        _count(batch.session_counts, event, (traits.EVERYONE, _source_trait(change)))
    change.events += 1
    if sent.name == PAGEVIEW:
        path = path_of(sent.url)
        change.pageviews += 1
        change.entry = change.entry or path
        if sent.at == change.session.last:
            change.exit = path
    event.session = change
    return None


def note_traits(event: Event, batch: Batch) -> str | None:
    assert event.session is not None  # sessionise comes before
    found = [traits.EVERYONE, traits.event(event.sent.name), _source_trait(event.session)]
    if event.sent.name == PAGEVIEW:
        found.append(traits.page(path_of(event.sent.url)))
    for trait in found:
        batch.marks.add(Mark(trait, event.visitor_index, event.minute))
    _count(batch.event_counts, event, found)
    return None


Step = Callable[[Event, Batch], str | None]
STEPS: tuple[Step, ...] = (resolve_visitor, sessionise, note_traits)


def _source_trait(change: SessionChange) -> str:
    return traits.source(change.session.source, change.session.campaign)


def _count(counts: Counter[tuple[str, str]], event: Event, found: Iterable[str]) -> None:
    """Count under each trait, at hour, day, month and year."""
    for label in event.labels[1:]:
        for trait in found:
            counts[(label, trait)] += 1
