"""Passive events: what a browser tells of a page some time after it was viewed, and that nobody did."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from cluster.connections import data
from properties.models import Property
from tests.pipeline import NOW, admitted, append, batch, drain, everything, ms, raw, view
from tests.tracking.archive.material import keys
from tests.tracking.late import NOON, archive_all, archive_in, is_right, known, number, shape
from tracking.bitmaps.addresses import Address
from tracking.progress import progress
from tracking.reading import load

SHOP = "https://shop.example"
DAY = "2026-11-24"


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_in(settings, tmp_path, monkeypatch)


def tells(
    prop: Property, visitor: str, at: datetime, url: str = SHOP, name: str = "engagement", ms_seen: int = 0
) -> None:
    """A passive event, drained."""
    event = {"name": name, "at": ms(at), "url": url, "attributes": {"visible_ms": ms_seen, "cls": 0.03}}
    append(prop, admitted(prop, batch(prop, visitor, [event]), max(NOW, at)))
    drain(prop)


def dropped(prop: Property, day: str = DAY) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = raw().hgetall(keys(prop).drops(day))
    return found


@pytest.mark.parametrize("name", ["engagement", "web_vitals"])
def test_a_page_view_and_what_its_browser_tells_is_a_bounce(prop: Property, name: str) -> None:
    view(prop, "a", SHOP, NOON)
    tells(prop, "a", NOON + timedelta(minutes=5), name=name, ms_seen=8000)
    assert (number(prop, DAY, "bounces"), number(prop, DAY, "seconds"), number(prop, DAY, "events")) == (1, 300, 2)
    assert number(prop, DAY, "visible") == 8000
    assert number(prop, DAY, "visible", "on:/") == 8000
    view(prop, "a", f"{SHOP}/next", NOON + timedelta(minutes=6))
    drain(prop)
    assert (number(prop, DAY, "bounces"), number(prop, DAY, "pageviews")) == (0, 2)
    is_right(prop, NOON.date())


def test_what_comes_after_the_pause_counts_at_the_end_of_the_session(prop: Property) -> None:
    view(prop, "a", SHOP, NOON - timedelta(hours=3))
    tells(prop, "a", NOON - timedelta(hours=3) + timedelta(minutes=20))
    tells(prop, "a", NOON, ms_seen=4000)
    assert shape(prop) == [(3, 20)]
    assert number(prop, f"{DAY}-09-20", "visible") == 4000
    assert number(prop, f"{DAY}-12", "events") == 0
    view(prop, "a", SHOP, NOON)  # back from lunch
    drain(prop)
    assert shape(prop) == [(3, 20), (1, 0)]
    is_right(prop, NOON.date())


def test_nobody_has_come_where_no_page_was_viewed(prop: Property) -> None:
    tells(prop, "a", NOON)
    assert (known(prop), progress(prop).visitors, everything(prop)) == ([], 0, {})
    view(prop, "a", SHOP, NOON - timedelta(hours=13))
    drain(prop)
    tells(prop, "a", NOON)
    assert shape(prop) == [(1, 0)]
    assert dropped(prop) == {b"without_session": b"2"}


def test_it_begins_no_session_and_is_of_none_that_began_later(prop: Property) -> None:
    view(prop, "a", SHOP, NOON)
    drain(prop)
    tells(prop, "a", NOON - timedelta(minutes=5))
    assert shape(prop) == [(1, 0)]
    view(prop, "a", SHOP, NOON - timedelta(hours=2))
    drain(prop)
    tells(prop, "a", NOON - timedelta(minutes=5))
    assert shape(prop) == [(2, 0), (1, 0)]
    is_right(prop, NOON.date())


def test_of_two_sessions_it_is_of_that_with_its_campaign(prop: Property) -> None:
    news, ads = f"{SHOP}/?utm_source=news", f"{SHOP}/?utm_source=ads"
    view(prop, "a", news, NOON - timedelta(hours=2))
    view(prop, "a", ads, NOON)
    drain(prop)
    tells(prop, "a", NOON + timedelta(minutes=1), news, ms_seen=1000)
    tells(prop, "a", NOON + timedelta(minutes=2), ads, ms_seen=200)
    tells(prop, "a", NOON + timedelta(minutes=3), f"{SHOP}/?utm_source=never", ms_seen=30)
    assert number(prop, DAY, "visible", "src:news::cpg:(none)") == 1000
    assert number(prop, DAY, "visible", "src:ads::cpg:(none)") == 230
    assert shape(prop) == [(2, 0), (3, 3)]
    is_right(prop, NOON.date())


@pytest.mark.parametrize("days", [5, 20])
def test_one_that_is_late_by_weeks_finds_its_session_in_the_archive(prop: Property, days: int) -> None:
    old = NOON - timedelta(days=days)
    view(prop, "a", SHOP, old)
    view(prop, "a", SHOP, NOON)
    drain(prop)
    archive_all(prop)
    data().delete(*raw().keys("*::session_*"))
    tells(prop, "a", old + timedelta(hours=11, minutes=59), ms_seen=700)
    tells(prop, "a", old + timedelta(minutes=10), ms_seen=70)
    assert shape(prop) == [(3, 10), (1, 0)]
    assert number(prop, f"{old:%Y-%m-%d}", "bounces") == 1
    is_right(prop, old.date())


def test_across_midnight_it_counts_on_the_day_of_the_visit(prop: Property) -> None:
    evening = NOW.replace(hour=23, minute=50) - timedelta(days=1)
    view(prop, "a", SHOP, evening)
    tells(prop, "a", evening + timedelta(hours=9), ms_seen=700)
    address = Address("everyone", DAY)
    assert not load(prop, [address])[address]
    assert number(prop, "2026-11-23", "visible") == 700
    is_right(prop, evening.date(), NOW.date())
