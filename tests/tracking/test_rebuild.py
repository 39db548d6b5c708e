"""From the archive the same numbers come as from the drain, to the last visitor and cent."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import current_app
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from cluster.connections import data
from properties import definitions
from properties.models import LayoutName, Property
from tests.chaos.plain import count
from tests.pipeline import NOW, admitted, append, batch, drain, everything, ms
from tests.tracking.archive.material import read_all
from tracking import rebuild, slow_tasks
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.progress import progress
from tracking.shelves import layout_of, shelf_of

SHOP = "https://shop.example"
NAMES = ["pageview", "pageview", "pageview", "click", "order", "vitals", "engagement", "interest", "purchase", "refund"]
NAMES += ["add_to_cart", "login"]


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path) -> None:
    settings.ARCHIVE = str(tmp_path / "archive")


def live_through(prop: Property, seed: int, events: int) -> None:
    """Some visitors over three days: sessions across midnight, late events, campaigns, money, items, load times.

    Also orders that come twice, what the browser tells after the visit, and sign-ups that are told of later.
    """
    chance = random.Random(seed)
    for number in range(events):
        visitor = chance.choice("abcdef")
        at = NOW - timedelta(minutes=chance.choice([0, 5, 20, 200, 745, 760, 1500, 2900, 4000]) + chance.randint(0, 9))
        name = chance.choice(NAMES)
        attributes: dict[str, object] = {}
        more: dict[str, object] = {}
        if name in ("order", "purchase", "refund", "add_to_cart"):
            attributes = {"value": chance.randint(1, 9999) / 100, "currency": chance.choice(["EUR", "JPY"])}
            more["items"] = [item(chance) for _ in range(chance.randint(0, 3))]
            if name == "purchase":
                attributes["transaction_id"] = chance.randint(0, 5)
        elif name == "interest":
            attributes = {"topic": chance.choice("pq"), "weight": chance.randint(1, 9) / 4, "value": 0.125}
        elif name == "login":
            more["signed_up"] = ms(NOW - timedelta(days=chance.choice([2, 3, 700]), minutes=chance.randint(0, 9)))
        elif name != "click":
            attributes = {"load_ms": chance.randint(1, 4000), "visible_ms": chance.randint(0, 9000), "cls": 0.03}
        query = chance.choice(["", "", "?utm_source=news&utm_campaign=spring", "?utm_source=ads"])
        event = {"name": name, "at": ms(at), "url": f"{SHOP}/{chance.choice('xyz')}{query}", "attributes": attributes}
        event |= more
        event["user"] = chance.choice(["", "", "anna"])
        some = batch(prop, visitor, [event], f"{visitor} {at:%d} {chance.randint(0, 1)}")
        append(prop, admitted(prop, some))
        if number % 7 == 0:
            drain(prop)
        if number % 20 == 0:
            archive(shelf_of(prop).client, prop, store())
            layout_of(prop).seal(shelf_of(prop))
    drain(prop)


def item(chance: random.Random) -> dict[str, object]:
    what = {"item_id": chance.choice(["1", "2"]), "item_brand": "Tern", "item_category": chance.choice("ab")}
    return {**what, "price": chance.randint(1, 999) / 100, "quantity": chance.randint(1, 3)}


def rebuilt(prop: Property) -> int:
    for day in {NOW.date() - timedelta(days=700 + more) for more in (-1, 0, 1)}:
        rebuild.rebuild(prop, day, day)
    first, last = date(2026, 11, 19), date(2026, 11, 26)
    return rebuild.rebuild(prop, first, last)


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 10_000), st.integers(0, 60), st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))
def test_rebuilt_numbers_are_identical(prop: Property, seed: int, events: int, zone: str) -> None:
    data().flushall()
    for file in Path(store().root).rglob("*.*"):
        file.unlink()
    prop.time_zone = zone
    prop.save()
    live_through(prop, seed, events)
    before = everything(prop)
    assert rebuilt(prop) == progress(prop).events
    assert everything(prop) == before == count(read_all(store(), prop), prop.tz)


def test_what_was_lost_or_wrong_is_right_again(prop: Property) -> None:
    live_through(prop, 1, 80)
    before, shelf = everything(prop), shelf_of(prop)
    layout_of(prop).store(shelf, "2026-11-24", {})
    layout_of(prop).store(shelf, "2026-11-23", layout_of(prop).read(shelf, "2026-11-22"))
    assert everything(prop) != before
    rebuilt(prop)
    assert everything(prop) == before


def test_a_rebuild_in_another_time_zone_moves_the_days(prop: Property) -> None:
    live_through(prop, 2, 60)
    assert rebuild.days_of_archive(prop) is not None
    prop.time_zone = "Pacific/Auckland"
    prop.save()
    rebuilt(prop)
    moved = everything(prop)
    days = {label for label, *_ in moved if len(label) == 10}
    there = {f"{(NOW - timedelta(minutes=m)).astimezone(ZoneInfo('Pacific/Auckland')):%Y-%m-%d}" for m in (0, 4000)}
    assert there <= days
    months: dict[str, int] = {}
    for (label, metric, trait), numbers in moved.items():
        if (metric, trait) == ("events", "everyone") and len(label) in (7, 10):
            months[label[:7]] = months.get(label[:7], 0) + (1 if len(label) == 10 else -1) * sum(numbers.values())
    assert set(months.values()) == {0}, "a month is the sum of its days"


def test_events_that_come_meanwhile_are_counted_afterwards(prop: Property, monkeypatch: pytest.MonkeyPatch) -> None:
    live_through(prop, 3, 30)
    real = rebuild.rebuild_day

    def while_somebody_comes(property_id: int, day: date) -> int:
        if day == date(2026, 11, 24):
            append(prop, admitted(prop, batch(prop, "late", [{"name": "pageview", "at": ms(NOW), "url": f"{SHOP}/x"}])))
        return real(property_id, day)

    monkeypatch.setattr(rebuild, "rebuild_day", while_somebody_comes)
    rebuilt(prop)
    drain(prop)
    total = everything(prop)[("2026-11-24", "events", "everyone")]
    monkeypatch.undo()
    rebuilt(prop)
    assert everything(prop)[("2026-11-24", "events", "everyone")] == total


def test_a_new_time_zone_rebuilds_the_days(
    prop: Property, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_through(prop, 4, 30)
    before = everything(prop)
    sent: list[tuple[str, tuple[int, int]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: sent.append((name, args)))
    with django_capture_on_commit_callbacks(execute=True):
        definitions.change(prop, "Shop", ["shop.example"], "Asia/Kathmandu")
    [(name, args)] = sent
    assert name == slow_tasks.rebuild_property.name
    slow_tasks.rebuild_property(*args)
    after = everything(prop)
    days = [numbers for (label, *of), numbers in after.items() if len(label) == 10 and of == ["events", "everyone"]]
    assert sum(sum(numbers.values()) for numbers in days) == progress(prop).events
    assert {label for label, *_ in after} != {label for label, *_ in before}
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        definitions.change(prop, "Renamed", ["shop.example"], "Asia/Kathmandu")
    assert callbacks == []
