"""What the pages make of a report, and what they say when the data servers are away."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import User
from cluster import connections
from cluster.embedded import free_port
from dashboards import pages
from dashboards.ranges import DayRange
from dashboards.reports.overview import Figure, Overview, Point
from properties.models import Property
from tracking.bitmaps.slots import Granularity
from tracking.drops import Drop

PARIS = ZoneInfo("Europe/Paris")
TODAY = DayRange(date(2026, 10, 25), date(2026, 10, 25))


def point(start: datetime, number: int, *, unfinished: bool = False, future: bool = False) -> Point:
    return Point(start, number, number, number, number * 10, unfinished, future)


def report(now: list[Point], before: list[Point]) -> Overview:
    some = Figure(1, 1)
    return Overview(
        range=TODAY,
        compared_with=TODAY.before(),
        granularity=Granularity.HOUR,
        visitors=some,
        sessions=some,
        pageviews=some,
        events=some,
        points=tuple(now),
        points_before=tuple(before),
        top_pages=(),
        top_sources=(),
        top_campaigns=(),
        top_events=(),
        unfinished=False,
    )


def hours(count: int) -> list[datetime]:
    """Hours of the day on which Paris has 25 of them."""
    first = datetime(2026, 10, 24, 22, tzinfo=UTC)
    return [(first + timedelta(hours=hour)).astimezone(PARIS) for hour in range(count)]


def test_slots_that_have_not_begun_have_no_number() -> None:
    now = [point(at, 5, unfinished=index == 1, future=index > 1) for index, at in enumerate(hours(4))]
    values = pages.series(report(now, [point(at, 7) for at in hours(4)]), "events")
    assert [value.now for value in values] == [50, 50, None, None]
    assert [value.before for value in values] == [70, 70, 70, 70]
    assert [value.unfinished for value in values] == [False, True, False, False]


def test_a_range_before_that_is_longer_is_shown_as_far_as_the_range_goes() -> None:
    values = pages.series(report([point(at, 1) for at in hours(2)], [point(at, 2) for at in hours(4)]), "visitors")
    assert [value.start for value in values] == hours(2)
    assert [value.before for value in values] == [2, 2]


def test_a_range_before_that_is_shorter_leaves_a_gap() -> None:
    values = pages.series(report([point(at, 1) for at in hours(3)], [point(at, 2) for at in hours(2)]), "visitors")
    assert [value.before for value in values] == [2, 2, None]
    assert values[2].start_before is None


def test_menus_keep_what_else_was_chosen() -> None:
    menu = pages.periods({"period": "7d", "metric": "events"}, "events")
    assert [choice.name for choice in menu if choice.chosen] == ["7d"]
    assert {choice.query for choice in menu if choice.name == "today"} == {"?period=today&metric=events"}
    row = pages.numbers(report([], []), {"from": "2026-10-01", "to": "2026-10-02", "x": "1"}, "visitors")
    assert [number.choice.query for number in row][:2] == [
        "?from=2026-10-01&to=2026-10-02",
        "?from=2026-10-01&to=2026-10-02&metric=sessions",
    ]


def test_no_period_is_chosen_while_own_dates_are() -> None:
    assert not any(choice.chosen for choice in pages.periods({"from": "2026-10-01"}, "visitors"))
    assert [choice.name for choice in pages.periods({}, "visitors") if choice.chosen] == ["30d"]


def test_drops_are_summed_by_reason_and_day() -> None:
    days = [date(2026, 11, day) for day in (1, 2, 3)]
    drops = [
        Drop(days[2], "too_old", "Too old.", 1),
        Drop(days[0], "bad_json", "No JSON.", 5),
        Drop(days[2], "bad_json", "No JSON.", 2),
    ]
    assert pages.reasons(drops, days) == [
        pages.Reason("No JSON.", (5, 0, 2), 7),
        pages.Reason("Too old.", (0, 0, 1), 1),
    ]


@pytest.fixture
def no_servers(prop: Property, settings: Settings) -> Iterator[Settings]:
    """Settings with the address of a data cluster at which nobody listens."""
    connections.data.cache_clear()
    settings.CLUSTER_URL = f"redis://127.0.0.1:{free_port(20_000)}"
    yield settings
    connections.data.cache_clear()


@pytest.mark.parametrize("name", ["overview", "data_health", "live"])
def test_pages_say_it_when_the_data_servers_are_away(
    client: Client, alice: User, prop: Property, no_servers: Settings, name: str
) -> None:
    client.force_login(alice)
    path = reverse(name, args=[prop.id])
    answer = client.get(path)
    assert answer.status_code == 503
    assert "The data servers are not reachable" in answer.content.decode()
    assert f'href="{path}"' in answer.content.decode()


def test_pages_say_it_when_no_data_server_is_known(
    client: Client, alice: User, prop: Property, no_servers: Settings
) -> None:
    no_servers.CLUSTER_URL = ""
    client.force_login(alice)
    assert client.get(reverse("overview", args=[prop.id])).status_code == 503


def test_pages_that_need_no_data_server_still_work(
    client: Client, alice: User, prop: Property, no_servers: Settings
) -> None:
    client.force_login(alice)
    for name in ("snippet", "property_settings"):
        assert client.get(reverse(name, args=[prop.id])).status_code == 200
    assert client.get(reverse("properties")).status_code == 200
