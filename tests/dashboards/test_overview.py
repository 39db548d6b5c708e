"""Every number of the overview against a brute-force count over the events themselves."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboards.ranges import DayRange
from dashboards.reports.live import live
from dashboards.reports.overview import Figure, Row, overview
from properties.models import LayoutName, Property
from tests.pipeline import NOW, admitted, append, batch, drain, ms

SHOP = "https://shop.example"
SOURCES = ["", "?utm_source=news&utm_campaign=spring", "?utm_source=news&utm_campaign=autumn", "?utm_source=ads"]


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


@dataclass
class Happened:
    visitor: str
    session: str
    name: str
    path: str
    source: str
    campaign: str
    at: datetime


Name = Callable[[Happened], str]
Number = Callable[[list[Happened]], int]


def play(prop: Property, seed: int, sessions: int) -> list[Happened]:
    """Sessions of twelve visitors over thirty days, sent and drained; what happened is returned."""
    rng = random.Random(seed)
    starts = sorted(rng.sample(range(30 * 24 - 2), sessions))  # hours ago: gaps that end sessions
    happened: list[Happened] = []
    for number, back in enumerate(reversed(starts)):
        visitor, query = rng.choice("abcdefghijkl"), rng.choice(SOURCES)
        parameters = dict(pair.split("=") for pair in query[1:].split("&") if pair)
        start = NOW - timedelta(hours=back, minutes=50)
        for step in range(rng.randint(1, 4)):
            name, path = rng.choice([("pageview", "/"), ("pageview", "/a"), ("pageview", "/b"), ("signup", "/a")])
            at = start + timedelta(minutes=step)
            source, campaign = parameters.get("utm_source", "(direct)"), parameters.get("utm_campaign", "")
            happened.append(Happened(visitor, f"s{number}", name, path, source, campaign, at))
            event = {"name": name, "at": ms(at), "url": f"{SHOP}{path}{query}"}
            append(prop, admitted(prop, batch(prop, visitor, [event], f"s{number}")))
        if number % 7 == 0:
            drain(prop)
    drain(prop)
    return happened


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize(
    "days",
    [
        DayRange(date(2026, 11, 24), date(2026, 11, 24)),
        DayRange(date(2026, 11, 20), date(2026, 11, 21)),
        DayRange(date(2026, 10, 26), date(2026, 11, 24)),
        DayRange(date(2026, 11, 1), date(2026, 11, 14)),
        DayRange(date(2026, 8, 10), date(2026, 11, 24)),
    ],
    ids=str,
)
def test_the_overview_is_a_brute_force_count(prop: Property, zone: str, days: DayRange) -> None:
    prop.time_zone = zone
    prop.save()
    everything = play(prop, seed=7, sessions=120)
    now, before = within(everything, days, prop.tz), within(everything, days.before(), prop.tz)
    report = overview(prop, days, NOW, top=50)
    counted: list[tuple[Figure, Number]] = [
        (report.visitors, lambda some: len({one.visitor for one in some})),
        (report.pageviews, lambda some: sum(one.name == "pageview" for one in some)),
        (report.events, len),
    ]
    for figure, count in counted:
        assert (figure.now, figure.before) == (count(now), count(before))
    begun = first_events(everything)
    assert report.sessions.now == len(within(begun, days, prop.tz))
    assert report.sessions.before == len(within(begun, days.before(), prop.tz))
    assert list(report.top_pages) == table(now, lambda one: one.path if one.name == "pageview" else "")
    assert list(report.top_events) == table(now, lambda one: one.name)
    assert_arrivals(report.top_sources, now, within(begun, days, prop.tz), lambda one: one.source)
    assert_arrivals(report.top_campaigns, now, within(begun, days, prop.tz), lambda one: one.campaign)
    for point, following in zip(report.points, [*report.points[1:], None], strict=True):
        end = following.start if following else datetime.max.replace(tzinfo=UTC)
        inside = [one for one in now if point.start <= one.at < end]
        assert (point.visitors, point.events) == (len({one.visitor for one in inside}), len(inside))
        assert point.sessions == sum(point.start <= one.at < end for one in within(begun, days, prop.tz))
    assert sum(point.pageviews for point in report.points) == report.pageviews.now


def within(some: list[Happened], days: DayRange, tz: ZoneInfo) -> list[Happened]:
    return [one for one in some if days.first <= one.at.astimezone(tz).date() <= days.last]


def first_events(some: list[Happened]) -> list[Happened]:
    first: dict[str, Happened] = {}
    for one in some:
        first.setdefault(one.session, one)
    return list(first.values())


def table(some: list[Happened], name: Name) -> list[Row]:
    numbers = Counter(name(one) for one in some if name(one))
    rows = [Row(key, len({one.visitor for one in some if name(one) == key}), n) for key, n in numbers.items()]
    return sorted(rows, key=lambda row: (-row.count, row.name))


def assert_arrivals(found: tuple[Row, ...], now: list[Happened], begun: list[Happened], name: Name) -> None:
    expected = {
        key: (len({one.visitor for one in now if name(one) == key}), sum(name(one) == key for one in begun))
        for key in {name(one) for one in now if name(one)}
    }
    assert {row.name: (row.visitors, row.count) for row in found} == expected
    assert [row.count for row in found] == sorted((row.count for row in found), reverse=True)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_days_that_are_over_keep_their_numbers_in_another_time_zone(prop: Property, zone: str) -> None:
    play(prop, seed=3, sessions=60)
    yesterday = DayRange(date(2026, 11, 23), date(2026, 11, 23))
    before = overview(prop, yesterday, NOW)
    assert before.pageviews.now
    prop.time_zone = zone
    prop.save()
    after = overview(prop, yesterday, NOW)
    for name in ("visitors", "sessions", "pageviews", "events", "top_pages", "top_sources", "top_events"):
        assert getattr(after, name) == getattr(before, name)


def test_points_say_what_is_unfinished_and_what_has_not_begun(prop: Property) -> None:
    today = DayRange(NOW.date(), NOW.date())
    points = overview(prop, today, NOW).points
    assert len(points) == 24
    assert [point.start.hour for point in points if point.unfinished] == [12]
    assert overview(prop, today, NOW).unfinished
    assert not overview(prop, today.before(), NOW).unfinished
    assert [point.start.hour for point in points if point.future] == list(range(13, 24))


def test_a_change_needs_something_before(prop: Property) -> None:
    play(prop, seed=1, sessions=5)
    report = overview(prop, DayRange(date(2026, 10, 26), date(2026, 11, 24)), NOW)
    assert report.visitors.change is None
    quiet = overview(prop, DayRange(date(2025, 1, 1), date(2025, 1, 2)), NOW)
    assert (quiet.visitors.now, quiet.top_pages) == (0, ())


def test_live_counts_the_last_five_minutes(prop: Property) -> None:
    for visitor, seconds in [("a", 10), ("b", 200), ("b", 20), ("c", 301), ("d", 3600)]:
        event = {"name": "pageview", "at": ms(NOW - timedelta(seconds=seconds)), "url": SHOP}
        append(prop, admitted(prop, batch(prop, visitor, [event])))
    drain(prop)
    assert live(prop, NOW) == 2
