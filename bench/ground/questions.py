"""The standard questions: as SQL for ClickHouse, as set operations on bitmaps in memory, and as Aktivat is asked. Pure.

Where ClickHouse can be asked in more than one way, each way is here and its fastest counts. An answer
is made comparable: numbers, or a dictionary of numbers. Aktivat is asked through its own expressions;
what a report does with the sets that they give (counting, intersecting weeks) is done here as a report would.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from pyroaring import BitMap

from bench.ground import memory_limit as limit
from bench.ground.coded import Condition
from bench.ground.memory_limit import Bitmaps
from tracking.bitmaps import expressions, traits
from tracking.bitmaps.expressions import everyone, trait
from tracking.bitmaps.slots import Slot
from tracking.sessions import SESSIONS

Answer = Any  # a number, or a dictionary of numbers
Rows = list[list[Any]]

WEEKS = 4
# What the three operands of the segment are drawn from: what was done, what somebody is, where they came from.
DID, IS, CAME = ("evt:", "attr:"), ("cfg:", "lang:", "geo:", "who:"), ("src:", "chan:", "page:")
# (one & two) - three, where nothing is drawn.
FIXED_SEGMENT = (traits.event("add_to_cart"), traits.named("cfg:type", "mobile"), traits.named("chan", "Direct"))
COLUMNS = ("name", "src", "who", "type", "channel")  # whose traits the fixed questions ask for
LEAST_SHARE = 0.005  # of the visitors, that a trait drawn for a segment has
FIRST_DAY = "toDate('2026-10-01')"


@dataclass(frozen=True)
class Engine:
    """Aktivat: the days that are asked about, and its two ways to be asked (tracking.reading), of one property."""

    days: tuple[Slot, ...]
    answers: Callable[[Sequence[expressions.Question]], list[BitMap]]
    totals: Callable[[Sequence[tuple[str, str]]], dict[tuple[str, str], dict[str, int]]]


@dataclass(frozen=True)
class Question:
    """`sql`: the ways to ask it. `answer`: what their rows say. The same of bitmaps, and of Aktivat."""

    name: str
    sql: tuple[str, ...]
    answer: Callable[[Rows], Answer]
    operations: Callable[[Bitmaps], Answer]
    engine: Callable[[Engine], Answer]


def standard(bitmaps: Bitmaps, seed: int) -> list[Question]:
    """The six; the traits of the segment and of the overlap are drawn with `seed`."""
    choose = random.Random(seed)
    a, b, c = (_drawn(bitmaps, choose, kinds, 1)[0] for kinds in (DID, IS, CAME))
    some = _drawn(bitmaps, choose, DID + IS, 4)
    print(f"Drawn with seed {seed}: ({a.trait} & {b.trait}) - {c.trait}; overlap of {', '.join(x.trait for x in some)}")
    return [_by_day(), _by_range(), _nested(a, b, c), _retention(), _by_source(bitmaps), _overlap(some)]


def fixed(bitmaps: Bitmaps) -> list[Question]:
    """Those without the overlap, with a segment that is the same for every size of the data set."""
    segment = _nested(*(bitmaps.conditions[name] for name in FIXED_SEGMENT))
    return [_by_day(), _by_range(), segment, _retention(), _by_source(bitmaps)]


def _drawn(bitmaps: Bitmaps, choose: random.Random, kinds: tuple[str, ...], count: int) -> list[Condition]:
    days = range(bitmaps.days)
    least = LEAST_SHARE * len(bitmaps.over(traits.EVERYONE, days))
    big = [x for x in sorted(bitmaps.conditions) if x.startswith(kinds) and len(bitmaps.over(x, days)) >= least]
    return [bitmaps.conditions[trait] for trait in choose.sample(big, count)]


def _number(rows: Rows) -> int:
    return int(rows[0][0])


def _numbers(rows: Rows) -> dict[Any, int]:
    return {row[0] if isinstance(row[0], str) else int(row[0]): int(row[1]) for row in rows}


def _by_day() -> Question:
    return Question(
        "uniques_by_day",
        ways(f"SELECT toUInt32(day - {FIRST_DAY}), COUNT FROM events GROUP BY day"),
        _numbers,
        lambda bitmaps: dict(enumerate(limit.uniques_by_day(bitmaps, traits.EVERYONE))),
        lambda engine: dict(enumerate(map(len, engine.answers([everyone.over([day]) for day in engine.days])))),
    )


def _by_range() -> Question:
    name = traits.event("view_item")
    return Question(
        "uniques_by_range",
        ways("SELECT COUNT FROM events WHERE name = 'view_item'"),
        _number,
        lambda bitmaps: limit.uniques(bitmaps, name, range(bitmaps.days)),
        lambda engine: len(engine.answers([trait(name).over(engine.days)])[0]),
    )


def ways(sql: str) -> tuple[str, ...]:
    """COUNT as the exact number of visitors: by a hash set, and by ClickHouse's own bitmaps."""
    return tuple(sql.replace("COUNT", count) for count in ("uniqExact(visitor)", "groupBitmap(visitor)"))


def _nested(a: Condition, b: Condition, c: Condition) -> Question:
    together = f"""
        SELECT bitmapAndnotCardinality(bitmapAnd(groupBitmapStateIf(visitor, {a.sql}),
            groupBitmapStateIf(visitor, {b.sql})), groupBitmapStateIf(visitor, {c.sql})) FROM events
    """
    each = f"""
        SELECT bitmapAndnotCardinality(bitmapAnd((SELECT groupBitmapState(visitor) FROM events WHERE {a.sql}),
            (SELECT groupBitmapState(visitor) FROM events WHERE {b.sql})),
            (SELECT groupBitmapState(visitor) FROM events WHERE {c.sql}))
    """
    nested = f"""
        SELECT uniqExact(visitor) FROM events WHERE ({a.sql})
            AND visitor IN (SELECT visitor FROM events WHERE {b.sql})
            AND visitor NOT IN (SELECT visitor FROM events WHERE {c.sql})
    """
    segment = (trait(a.trait) & trait(b.trait)) - trait(c.trait)
    return Question(
        "nested_segment",
        (together, each, nested),
        _number,
        lambda bitmaps: limit.nested(bitmaps, a.trait, b.trait, c.trait, range(bitmaps.days)),
        lambda engine: len(engine.answers([segment.over(engine.days)])[0]),
    )


def _retention() -> Question:
    """First seen in a week, and there so many weeks later; the months' last days belong to no week."""
    week = f"intDiv(toUInt32(day - {FIRST_DAY}), 7)"
    bitmaps_of_weeks = f"""
        WITH weeks AS (
            SELECT {week} AS week, groupBitmapState(visitor) AS seen, groupBitmapStateIf(visitor, who = 'new') AS new
            FROM events WHERE week < {WEEKS} GROUP BY week)
        SELECT one.week * 10 + other.week, bitmapAndCardinality(one.new, other.seen)
        FROM weeks AS one CROSS JOIN weeks AS other WHERE other.week >= one.week
    """
    masks = f"""
        SELECT one * 10 + other, count() FROM (
            SELECT visitor, groupBitOr(bitShiftLeft(toUInt8(1), {week})) AS seen,
                groupBitOr(if(who = 'new', bitShiftLeft(toUInt8(1), {week}), 0)) AS new
            FROM events WHERE {week} < {WEEKS} GROUP BY visitor)
        ARRAY JOIN range({WEEKS}) AS one ARRAY JOIN range({WEEKS}) AS other
        WHERE other >= one AND bitTest(new, one) AND bitTest(seen, other) GROUP BY one, other
    """

    def operations(bitmaps: Bitmaps) -> dict[int, int]:
        return _cells(limit.retention(bitmaps, WEEKS))

    def engine(aktivat: Engine) -> dict[int, int]:
        weeks = [aktivat.days[week * 7 : week * 7 + 7] for week in range(WEEKS)]
        asked = [who.over(week) for who in (trait(traits.NEW), everyone) for week in weeks]
        sets = aktivat.answers(asked)
        return _cells(limit.retained(sets[:WEEKS], sets[WEEKS:]))

    def answer(rows: Rows) -> dict[Any, int]:
        return {cell: count for cell, count in _numbers(rows).items() if count}

    return Question("weekly_retention", (bitmaps_of_weeks, masks), answer, operations, engine)


def _cells(rows: list[list[int]]) -> dict[int, int]:
    """10 x the first week + the week they were there -> how many, empty cells left out."""
    cells = ((week * 10 + week + later, count) for week, row in enumerate(rows) for later, count in enumerate(row))
    return {cell: count for cell, count in cells if count}


def _by_source(bitmaps: Bitmaps) -> Question:
    of_source = _traits_of_sources(bitmaps.conditions)

    def engine(aktivat: Engine) -> dict[str, int]:
        # Which sources there are is not known beforehand: the totals of sessions name them, as for the overview.
        by_day = aktivat.totals([(SESSIONS, day.label) for day in aktivat.days])
        sources = _traits_of_sources({name for totals in by_day.values() for name in totals})
        asked = [reduce(or_, map(trait, some)).over(aktivat.days) for some in sources.values()]
        return dict(zip(sources, map(len, aktivat.answers(asked)), strict=True))

    return Question(
        "breakdown_by_source",
        ways("SELECT source, COUNT FROM events GROUP BY source"),
        _numbers,
        lambda some: limit.by_source(some, of_source, range(some.days)),
        engine,
    )


def _traits_of_sources(some: Iterable[str]) -> dict[str, list[str]]:
    """Source -> its traits, one for each campaign."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in some:
        if name.startswith("src:"):
            found[traits.source_of(name)[0]].append(name)
    return dict(found)


def _overlap(some: list[Condition]) -> Question:
    bits = " + ".join(f"{1 << place} * max({each.sql})" for place, each in enumerate(some))
    any_of = " OR ".join(f"({each.sql})" for each in some)
    masks = (
        f"SELECT mask, count() FROM (SELECT {bits} AS mask FROM events WHERE {any_of} GROUP BY visitor) GROUP BY mask"
    )
    sets = ", ".join(f"(SELECT groupBitmapState(visitor) FROM events WHERE {each.sql})" for each in some)
    by_bitmaps = f"""
        WITH [{sets}] AS sets
        SELECT arrayJoin(range(1, {1 << len(some)})) AS mask, bitmapCardinality(arrayFold((kept, x, n) ->
            if(bitTest(mask, n), bitmapAnd(kept, x), bitmapAndnot(kept, x)), sets, range({len(some)}),
            arrayReduce('groupBitmapMergeState', sets))) AS visitors
    """

    def answer(rows: Rows) -> dict[Any, int]:
        return {mask: count for mask, count in _numbers(rows).items() if mask and count}

    return Question(
        "overlap_of_four",
        (masks, by_bitmaps),
        answer,
        lambda bitmaps: limit.overlap(bitmaps, [each.trait for each in some], range(bitmaps.days)),
        lambda engine: limit.overlapping(engine.answers([trait(each.trait).over(engine.days) for each in some])),
    )
