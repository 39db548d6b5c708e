"""How many came, what they did and where they came from: the first page of a property.

Two round trips: the counts of both ranges, which also name what there is; then every bitmap of the
page at once. Visitors are exact over the whole range: a union of bitmaps, not a sum of days.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from dashboards.ranges import DayRange
from properties.models import Property
from tracking.bitmaps import traits
from tracking.bitmaps.expressions import Expression, everyone, trait
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.slots import Granularity, Slot, between, cover, cover_days, midnight
from tracking.bitmaps.traits import EVERYONE
from tracking.reading import answers, totals
from tracking.sessions import PAGEVIEWS, SESSIONS

METRICS = (EVENTS, PAGEVIEWS, SESSIONS)


@dataclass(frozen=True)
class Figure:
    """A number in the range, and in the range it is compared with."""

    now: int
    before: int

    @property
    def change(self) -> float | None:
        """The relative change, 0.25 for a quarter more; None where there was nothing before."""
        return (self.now - self.before) / self.before if self.before else None


@dataclass(frozen=True)
class Point:
    """One slot of the chart. `start` is aware, in the property's time zone.

    `unfinished`: it is running now. `future`: it has not begun, and its numbers mean nothing yet.
    """

    start: datetime
    visitors: int
    sessions: int
    pageviews: int
    events: int
    unfinished: bool
    future: bool


@dataclass(frozen=True)
class Row:
    """A value (an event's name, a path, a source), its visitors, and its own count.

    `count` is pageviews for pages, sessions for sources and campaigns, events for events.
    """

    name: str
    visitors: int
    count: int


@dataclass(frozen=True)
class Overview:
    range: DayRange
    compared_with: DayRange
    granularity: Granularity
    visitors: Figure
    sessions: Figure
    pageviews: Figure
    events: Figure
    points: tuple[Point, ...]
    points_before: tuple[Point, ...]
    top_pages: tuple[Row, ...]
    top_sources: tuple[Row, ...]
    top_campaigns: tuple[Row, ...]
    top_events: tuple[Row, ...]
    unfinished: bool  # the range is not over yet, the one before is: their numbers are not alike


def overview(prop: Property, days: DayRange, now: datetime, top: int = 10) -> Overview:
    """The overview of `days`, compared with the range before, as seen at the instant `now`."""
    before = days.before()
    granularity = _granularity(prop, days, before, now)
    current, previous = _count(prop, [days, before], granularity)
    tables = _tables(current, top)
    questions = [everyone.over(current.whole), everyone.over(previous.whole)]
    questions += [everyone.over(part) for part in (*current.parts, *previous.parts)]
    questions += [entry.expression.over(current.whole) for table in tables for entry in table]
    found = iter([len(visitors) for visitors in answers(prop, questions)])
    return Overview(
        range=days,
        compared_with=before,
        granularity=granularity,
        visitors=Figure(next(found), next(found)),
        sessions=Figure(current.of_all(SESSIONS), previous.of_all(SESSIONS)),
        pageviews=Figure(current.of_all(PAGEVIEWS), previous.of_all(PAGEVIEWS)),
        events=Figure(current.of_all(EVENTS), previous.of_all(EVENTS)),
        points=_points(current, found, prop, now),
        points_before=_points(previous, found, prop, now),
        top_pages=_rows(tables[0], found),
        top_sources=_rows(tables[1], found),
        top_campaigns=_rows(tables[2], found),
        top_events=_rows(tables[3], found),
        unfinished=now < current.whole[-1].end,
    )


Totals = dict[str, Counter[str]]  # metric -> trait -> total


@dataclass(frozen=True)
class _Counts:
    """How much there is by metric and trait in one range: in all, and for each point of the chart.

    A point is a slot, but for the first and last month of a range that cuts them: so `parts` are
    the covers of the points. The totals are those of the cover of the range, like its visitors: after
    a change of the time zone days that are over keep their numbers, while their hours have other names.
    """

    whole: tuple[Slot, ...]
    starts: tuple[Slot, ...]
    parts: tuple[tuple[Slot, ...], ...]
    by_part: tuple[Totals, ...]
    in_all: Totals

    def of_all(self, metric: str) -> int:
        return self.in_all[metric][EVERYONE]


@dataclass(frozen=True)
class _Entry:
    """A line of a table before its visitors are known."""

    name: str
    expression: Expression
    count: int


def _granularity(prop: Property, days: DayRange, earliest: DayRange, now: datetime) -> Granularity:
    """That of the range; days where the hours of it, or of the one it is compared with, are not kept any more."""
    forgotten = now - timedelta(days=prop.hours_kept_days)
    if days.granularity is Granularity.HOUR and midnight(earliest.first, prop.tz) < forgotten:
        return Granularity.DAY
    return days.granularity


def _count(prop: Property, ranges: Sequence[DayRange], granularity: Granularity) -> list[_Counts]:
    """The counts of every range, in one round trip."""
    shapes = [(tuple(cover_days(days.first, days.last, prop.tz)), *_parts(prop, days, granularity)) for days in ranges]
    labels = list({slot.label: None for whole, _, parts in shapes for part in (whole, *parts) for slot in part})
    found = totals(prop, [(metric, label) for metric in METRICS for label in labels])
    return [
        _Counts(
            whole=whole,
            starts=starts,
            parts=parts,
            by_part=tuple(_added_up(found, part) for part in parts),
            in_all=_added_up(found, whole),
        )
        for whole, starts, parts in shapes
    ]


def _parts(
    prop: Property, days: DayRange, granularity: Granularity
) -> tuple[tuple[Slot, ...], tuple[tuple[Slot, ...], ...]]:
    start = midnight(days.first, prop.tz)
    end = midnight(days.last + timedelta(days=1), prop.tz)
    starts = tuple(between(start, end, granularity, prop.tz))
    parts = tuple(tuple(cover(max(slot.start, start), min(slot.end, end), prop.tz)) for slot in starts)
    return starts, parts


def _added_up(found: Mapping[tuple[str, str], Mapping[str, int]], slots: Sequence[Slot]) -> Totals:
    added: Totals = {}
    for metric in METRICS:
        counter = added[metric] = Counter[str]()
        for slot in slots:
            counter.update(found[(metric, slot.label)])
    return added


def _points(current: _Counts, visitors: Iterator[int], prop: Property, now: datetime) -> tuple[Point, ...]:
    return tuple(
        Point(
            start=slot.start.astimezone(prop.tz),
            visitors=next(visitors),
            sessions=part[SESSIONS][EVERYONE],
            pageviews=part[PAGEVIEWS][EVERYONE],
            events=part[EVENTS][EVERYONE],
            unfinished=slot.start <= now < slot.end,
            future=slot.start > now,
        )
        for slot, part in zip(current.starts, current.by_part, strict=True)
    )


def _tables(current: _Counts, top: int) -> list[list[_Entry]]:
    """Pages, sources, campaigns and events, the largest counts first."""
    families: dict[str, list[str]] = {}
    events, sessions = current.in_all[EVENTS], current.in_all[SESSIONS]
    for name in {**events, **sessions}:
        families.setdefault(traits.family(name), []).append(name)
    from_source = families.get("src", [])
    with_campaign = [name for name in from_source if traits.source_of(name)[1] != traits.NO_CAMPAIGN]
    return [
        _table(families.get("page", []), traits.name_of, events, top),
        _table(from_source, lambda name: traits.source_of(name)[0], sessions, top),
        _table(with_campaign, lambda name: traits.source_of(name)[1], sessions, top),
        _table(families.get("evt", []), traits.name_of, events, top),
    ]


def _table(names: list[str], title: Callable[[str], str], numbers: Counter[str], top: int) -> list[_Entry]:
    """Traits of the same title are one line: its visitors are those of any of them."""
    lines: dict[str, list[str]] = {}
    for name in names:
        lines.setdefault(title(name), []).append(name)
    entries = [
        _Entry(line, reduce(or_, map(trait, members)), sum(numbers[member] for member in members))
        for line, members in lines.items()
    ]
    return sorted(entries, key=lambda entry: (-entry.count, entry.name))[:top]


def _rows(table: list[_Entry], visitors: Iterator[int]) -> tuple[Row, ...]:
    return tuple(Row(entry.name, next(visitors), entry.count) for entry in table)
