"""Connections cut after EXEC and before its reply: nothing is lost, nothing counts twice."""

from collections.abc import Iterator

import pytest

from cluster.connections import data
from properties.models import LayoutName, Property
from tests.chaos.cuts import cutting, patiently
from tests.chaos.scenes import small_batches
from tests.pipeline import NOW, admitted, append, batch, ms
from tests.proxy import CuttingProxy
from tracking.bitmaps.addresses import Address
from tracking.drain import Drain
from tracking.keys import Keys
from tracking.progress import progress
from tracking.reading import load, totals
from tracking.shelves import layout_of, shelf_of

VISITORS = 40
EVENTS_OF_EACH = 500


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


@pytest.fixture
def proxy(empty_servers: None) -> Iterator[CuttingProxy]:
    """Every second EXEC that passes it loses its reply."""
    with cutting(lambda number: number % 2 == 0) as proxy:
        yield proxy


def test_twenty_thousand_events_count_once_each(
    prop: Property, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_batches(monkeypatch, events=1_000)
    for visitor in range(VISITORS):
        events = [
            {
                "name": "pageview" if number % 5 else "signup",
                "at": ms(NOW) - number * 1000,
                "url": "https://shop.example/",
            }
            for number in range(EVENTS_OF_EACH)
        ]
        append(prop, admitted(prop, batch(prop, str(visitor), events)))
    assert Drain.of(prop).run(seconds=120)
    patiently(lambda: layout_of(prop).seal(shelf_of(prop)), lambda: not layout_of(prop).waiting(shelf_of(prop)))
    proxy.cuts = lambda _: False
    assert proxy.cut >= 5, "the proxy has cut what this test is about"
    total = VISITORS * EVENTS_OF_EACH
    assert progress(prop).events == total
    found = totals(prop, [("events", "2026-11-24"), ("sessions", "2026-11-24")])
    events_of_day, sessions_of_day = found.values()
    assert events_of_day["everyone"] == total
    assert events_of_day["evt:signup"] == total // 5
    assert events_of_day["evt:pageview"] == total - total // 5
    assert sessions_of_day["everyone"] == VISITORS
    address = Address("evt:signup", "2026-11-24")
    assert len(load(prop, [address])[address]) == VISITORS
    assert data().xlen(Keys(prop.account_id, prop.id).ingest) == 0
