"""The bitmaps that benchmarks compare with say what plain sets say."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pyroaring import BitMap

from bench.dataset import Dataset, Shape, event_traits
from bench.ground import memory_limit as limit
from bench.ground.memory_limit import Bitmaps
from bench.ground.questions import Engine, standard
from tracking.bitmaps import expressions, traits
from tracking.bitmaps.slots import Granularity, between

DATA = Dataset(Shape(events=30_000))
DAYS = range(30)


@pytest.fixture(scope="module")
def sets() -> dict[str, dict[int, set[int]]]:
    """trait -> day -> visitors, event by event, with the traits that the product would note."""
    found: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for day, events in enumerate(DATA.days()):
        own = zip(*(getattr(events, name).tolist() for name in ("name", "page", "plan", "member")), strict=True)
        for row, code, visitor in zip(own, events.traits.tolist(), events.visitor.tolist(), strict=True):
            for trait in f"{event_traits(*row)}\n{DATA.session_traits(code)}".split("\n"):
                found[trait][day].add(visitor)
    return found


@pytest.fixture(scope="module")
def bitmaps() -> Bitmaps:
    made = Bitmaps()
    for events in DATA.days():
        made.add(DATA, events)
    return made


def over(sets: dict[str, dict[int, set[int]]], trait: str, days: range = DAYS) -> set[int]:
    return set().union(*(sets[trait][day] for day in days))


def test_every_trait_of_every_day_has_the_visitors_that_had_it(
    sets: dict[str, dict[int, set[int]]], bitmaps: Bitmaps
) -> None:
    families = ("evt", "page", "attr", "src", "chan", "cfg", "lang", "geo")
    wanted = {trait for trait in sets if traits.family(trait) in families} | {"who:new", "who:returning"}
    assert set(bitmaps.conditions) == wanted
    for trait in (*wanted, traits.EVERYONE):
        assert [set(who) for who in bitmaps.of(trait, DAYS)] == [sets[trait][day] for day in DAYS]


def test_segments_and_overlaps(sets: dict[str, dict[int, set[int]]], bitmaps: Bitmaps) -> None:
    some = ["evt:view_item", "cfg:type:mobile", "who:returning", "chan:Direct"]
    a, b, c, d = (over(sets, trait) for trait in some)
    assert limit.nested(bitmaps, some[0], some[1], some[2], DAYS) == len((a & b) - c) > 0
    expected: dict[int, int] = defaultdict(int)
    for visitor in a | b | c | d:
        expected[sum(1 << place for place, who in enumerate((a, b, c, d)) if visitor in who)] += 1
    assert limit.overlap(bitmaps, some, DAYS) == expected


def test_retention_counts_who_was_new_and_came_back(sets: dict[str, dict[int, set[int]]], bitmaps: Bitmaps) -> None:
    weeks = [range(start, start + 7) for start in (0, 7, 14, 21)]
    new = [over(sets, traits.NEW, week) for week in weeks]
    seen = [over(sets, traits.EVERYONE, week) for week in weeks]
    assert limit.retention(bitmaps, 4) == [[len(new[n] & who) for who in seen[n:]] for n in range(4)]


def test_sources_are_counted_over_their_campaigns(sets: dict[str, dict[int, set[int]]], bitmaps: Bitmaps) -> None:
    (question,) = (question for question in standard(bitmaps, seed=1) if question.name == "breakdown_by_source")
    expected: dict[str, set[int]] = defaultdict(set)
    for trait in sets:
        if trait.startswith("src:"):
            expected[traits.source_of(trait)[0]] |= over(sets, trait)
    assert len(expected) > 10
    assert question.operations(bitmaps) == {source: len(who) for source, who in expected.items()}


def drawn(bitmaps: Bitmaps, seed: int) -> Iterator[str]:
    return (sql for question in standard(bitmaps, seed) for sql in question.sql)


def test_segments_are_drawn_by_the_seed(bitmaps: Bitmaps) -> None:
    assert list(drawn(bitmaps, 1)) == list(drawn(bitmaps, 1)) != list(drawn(bitmaps, 2))


def test_aktivat_is_asked_the_same_questions(bitmaps: Bitmaps) -> None:
    """Its expressions over its slots, answered from the same bitmaps; the scripts ask the real engine."""
    first = datetime(2026, 10, 1, tzinfo=UTC)
    days = tuple(between(first, first + timedelta(days=len(DAYS)), Granularity.DAY, ZoneInfo("UTC")))
    day_of = {day.label: number for number, day in enumerate(days)}

    def answers(some: Sequence[expressions.Question]) -> list[BitMap]:
        wanted = {address for question in some for address in question.addresses()}
        found = {at: bitmaps.of(at.trait, [day_of[at.label]])[0] for at in wanted}
        return [question.answer(found) for question in some]

    def totals(some: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, int]]:
        return {
            (metric, label): {name: 1 for name in bitmaps.conditions if bitmaps.of(name, [day_of[label]])[0]}
            for metric, label in some
        }

    engine = Engine(days, answers, totals)
    for question in standard(bitmaps, seed=3):
        assert question.engine(engine) == question.operations(bitmaps), question.name
