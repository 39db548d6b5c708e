"""The clock steps back and forth: nothing is lost or doubled, and readers see what is new."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from cluster.connections import data
from properties.models import LayoutName, Property
from tests.chaos.plain import count
from tests.chaos.scenes import happened, sealed, send
from tests.pipeline import NOW, admitted, append, batch, drain, everything, ms, raw
from tests.tracking.archive.material import keys, read_all, read_files
from tracking import stream
from tracking.archive.compact import compact
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.bitmaps.addresses import Address
from tracking.conversion import FAR_FUTURE
from tracking.progress import progress
from tracking.reading import load, totals
from tracking.shelves import layout_of, shelf_of

HOUR = 3600
STEPS = (0, -HOUR, HOUR, 0, -24 * HOUR, -25 * HOUR, HOUR)
DAY = "2026-11-24"
SetClock = Callable[[int], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets this process's clock to so many seconds beside the true time. Valkey's clock is its own."""
    true_time, true_ns = time.time, time.time_ns

    def step(seconds: int) -> None:
        monkeypatch.setattr(time, "time", lambda: true_time() + seconds)
        monkeypatch.setattr(time, "time_ns", lambda: true_ns() + seconds * 1_000_000_000)

    return step


def counted(prop: Property) -> tuple[int, int]:
    """(events, visitors) of the day and of the year, as a page sees them, which must agree."""
    found = totals(prop, [("events", DAY), ("events", "2026")])
    [of_day, of_year] = [by_trait.get("everyone", 0) for by_trait in found.values()]
    who = [len(bitmap) for bitmap in load(prop, [Address("everyone", DAY), Address("everyone", "2026")]).values()]
    assert of_day == of_year
    assert who[0] == who[1]
    return of_day, who[0]


def test_this_machines_clock_steps_back_and_forth(prop: Property, set_clock: SetClock) -> None:
    layout, shelf = layout_of(prop), shelf_of(prop)
    generations = []
    for number, seconds in enumerate(STEPS, 1):
        set_clock(seconds)
        event = {"name": "pageview", "at": ms(NOW) + number, "url": "https://shop.example/"}
        now = NOW + timedelta(seconds=max(seconds, 0))
        append(prop, admitted(prop, batch(prop, f"visitor {number}", [event]), now))
        assert counted(prop) == (number - 1, number - 1)
        drain(prop)
        assert counted(prop) == (number, number), "what is not sealed yet is seen"
        layout.seal(shelf)
        assert counted(prop) == (number, number), "what is sealed is seen"
        layout.close(shelf, FAR_FUTURE)
        assert counted(prop) == (number, number), "what is made into months is seen"
        archive(shelf.client, prop, store())
        compact(shelf.client, prop, store())
        generations.append(int(raw().get(keys(prop).generation) or 0))
    if prop.layout == LayoutName.PACKED:
        assert generations == sorted(set(generations)), "no generation comes twice"
    rows = read_files(store(), prop)
    assert len(rows) == len(STEPS) == progress(prop).events
    assert everything(prop) == count(rows, prop.tz)


def test_what_a_reader_held_of_lost_data_is_forgotten_whatever_the_clock_says(
    prop: Property, set_clock: SetClock
) -> None:
    send(prop, "a", [happened("pageview", 5), happened("pageview", 4)])
    drain(prop)
    sealed(prop)
    assert counted(prop) == (2, 1)
    data().flushall()
    set_clock(-HOUR)
    assert counted(prop) == (0, 0)
    send(prop, "b", [happened("pageview", 3)])
    drain(prop)
    sealed(prop)
    assert counted(prop) == (1, 1)


def test_the_servers_clock_steps_back(prop: Property) -> None:
    """Ids of a stream never go back: those that come after one from the future follow it."""
    some = admitted(prop, batch(prop, "a", [happened_now(1)]))
    ahead = f"{int((time.time() + HOUR) * 1000)}-7"
    raw().xadd(keys(prop).ingest, {stream.FIELD: stream.encode([some.packets[prop.id]])}, id=ahead)
    drain(prop)
    assert progress(prop).entry == ahead
    for number in (2, 3):
        append(prop, admitted(prop, batch(prop, "a", [happened_now(number)])))
        drain(prop)
        assert progress(prop).events == number
        assert counted(prop) == (number, 1)
    archive(shelf_of(prop).client, prop, store())
    assert len(read_files(store(), prop)) == len(read_all(store(), prop)) == 3


def happened_now(number: int) -> dict[str, object]:
    return {"name": "pageview", "at": ms(NOW) + number, "url": "https://shop.example/"}
