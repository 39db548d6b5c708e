"""Connections cut after EXEC and before its reply: nothing is lost, nothing counts twice."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from redis.exceptions import ConnectionError, WatchError

from cluster.connections import data, find_shards_again
from properties.models import LayoutName, Property
from tests.environment import DATA
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
    """Every second EXEC that passes it loses its reply; the server tells clients to connect here."""
    proxy = CuttingProxy(DATA.port, cuts=lambda number: number % 2 == 0)
    data().config_set("cluster-announce-port", proxy.port)
    find_shards_again()
    yield proxy
    data().config_set("cluster-announce-port", 0)
    find_shards_again()
    proxy.close()


def seal_with_patience(prop: Property) -> None:
    """As the sweep does: again after every error, until nothing waits."""
    for _ in range(20):
        with suppress(ConnectionError, WatchError):
            layout_of(prop).seal(shelf_of(prop))
            if not layout_of(prop).waiting(shelf_of(prop)):
                return
    pytest.fail("The log could not be sealed.")


def test_twenty_thousand_events_count_once_each(
    prop: Property, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracking.drain.EVENTS_A_BATCH", 1_000)
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
    seal_with_patience(prop)
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
