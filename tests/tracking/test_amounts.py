"""How much, for any segment and range: totals, averages and percentiles against a plain list of the same events."""

import math
import random
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from properties.models import LayoutName, Property
from tests.pipeline import NOW, admitted, append, batch, drain, ms
from tracking.bitmaps.amounts import Amount
from tracking.bitmaps.expressions import everyone, trait
from tracking.bitmaps.samples import percentiles, values
from tracking.bitmaps.slots import cover_days
from tracking.reading import amounts, answers, measurements
from tracking.shelves import layout_of, shelf_of

SHOP = "https://shop.example"
FIRST = date(2026, 11, 15)


class Did(NamedTuple):
    visitor: str
    day: date
    path: str
    source: str
    load_ms: int
    cents: int


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


@pytest.fixture
def life(prop: Property) -> list[Did]:
    """Page views of eight visitors on ten days, each a session of its own; sealed but for the last few."""
    chance, done = random.Random(5), list[Did]()
    for number in range(60):
        who, days = chance.choice("abcdefgh"), chance.randint(0, 9)
        source = chance.choice(["news", "ads"])
        at = NOW - timedelta(days=days, minutes=number * 2)
        done.append(Did(who, at.date(), chance.choice("xy"), source, chance.randint(0, 4000), chance.randint(1, 9999)))
        attributes = {"load_ms": done[-1].load_ms, "value": done[-1].cents / 100, "currency": "EUR"}
        url = f"{SHOP}/{done[-1].path}?utm_source={source}"
        event = {"name": "pageview", "at": ms(at), "url": url, "attributes": attributes}
        append(prop, admitted(prop, batch(prop, who, [event], f"session {number}")))
        if number == 50:
            drain(prop)
            layout_of(prop).seal(shelf_of(prop))
    drain(prop)
    return done


def test_totals_and_averages_of_any_segment_and_range(prop: Property, life: list[Did]) -> None:
    for first, last in ((FIRST, NOW.date()), (FIRST + timedelta(3), FIRST + timedelta(6)), (NOW.date(), NOW.date())):
        slots = cover_days(first, last, prop.tz)
        [who] = answers(prop, [(trait("page:/x") - trait("page:/y")).over(slots)])
        asked = [("pageviews", "everyone"), ("money:EUR", "everyone"), ("money:EUR", "page:/x"), ("events", "page:/y")]
        found = amounts(prop, [Amount(*one).over(slots) for one in asked])
        here = [did for did in life if first <= did.day <= last]
        on = {path: {did.visitor for did in here if did.path == path} for path in "xy"}
        some = [did for did in here if did.visitor in on["x"] - on["y"]]
        for of, segment in ((here, None), (some, who)):
            assert [tally.total(segment) for tally in found] == [
                len(of),
                sum(did.cents for did in of),
                sum(did.cents for did in of if did.path == "x"),
                sum(did.path == "y" for did in of),
            ]


def test_percentiles_of_any_segment_page_and_range(prop: Property, life: list[Did]) -> None:
    days = [FIRST + timedelta(number) for number in range(2, 8)]
    [who] = answers(prop, [trait("src:news::cpg:(none)").over(cover_days(days[0], days[-1], prop.tz))])
    here = [did for did in life if days[0] <= did.day <= days[-1]]
    from_news = {did.visitor for did in here if did.source == "news"}
    for page in (None, "x"):
        tallies = measurements(prop, "load", f"page:/{page}" if page else "everyone", [str(day) for day in days])
        for of, segment in ((here, None), ([did for did in here if did.visitor in from_news], who)):
            plain = sorted(did.load_ms for did in of if page in (None, did.path))
            measured = values(tallies, segment)
            assert measured.tolist() == plain
            assert percentiles(measured, [50, 75, 95]) == [
                plain[math.ceil(p / 100 * len(plain)) - 1] for p in (50, 75, 95)
            ]


def test_nothing_is_asked_of_nobody(prop: Property) -> None:
    nothing: list[Any] = []
    assert amounts(prop, nothing) == measurements(prop, "load", "everyone", []) == []
    [none] = amounts(prop, [Amount("events", "everyone").over(cover_days(FIRST, FIRST, prop.tz))])
    assert none.total() == 0
    assert not answers(prop, [everyone.over(cover_days(FIRST, FIRST, prop.tz))])[0]
