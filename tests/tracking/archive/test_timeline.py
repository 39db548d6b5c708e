from datetime import date

import pytest
from pyroaring import BitMap

from properties.models import Property
from tests.tracking.archive.material import BreakingStore, append, client, some_rows
from tracking.archive import compact
from tracking.archive.rows import Row
from tracking.archive.timeline import timeline
from tracking.archive.writer import archive


def fill(prop: Property, store: BreakingStore) -> list[Row]:
    expected = []
    for seed in (1, 2):
        some = some_rows(80, seed, days=4)
        append(prop, some)
        archive(client(prop), prop, store)
        expected += some
    compact.compact_day(client(prop), prop, store, "2026-11-22")
    waiting = some_rows(60, seed=3, days=4)
    append(prop, waiting)
    return expected + waiting


def newest(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.at, *map(int, row.entry.split("-")), row.ordinal), reverse=True)


@pytest.mark.parametrize("limit", [0, 1, 5, 25, 1000])
@pytest.mark.parametrize("visitors", [[3], [1, 5], [99]], ids=str)
def test_it_is_the_newest_events_newest_first(
    prop: Property, store: BreakingStore, visitors: list[int], limit: int
) -> None:
    some = fill(prop, store)
    theirs = newest([row for row in some if row.visitor in visitors])
    assert timeline(store, client(prop), prop, BitMap(visitors), limit) == theirs[:limit]


def test_days_limit_what_is_looked_at(prop: Property, store: BreakingStore) -> None:
    some = fill(prop, store)
    days = [date(2026, 11, 21), date(2026, 11, 23)]
    start = 1795219200000  # 2026-11-21 00:00 UTC
    inside = [row for row in some if row.visitor == 3 and (row.at - start) // 86_400_000 in (0, 2)]
    assert inside
    assert timeline(store, client(prop), prop, BitMap([3]), 1000, days=days) == newest(inside)


def test_what_is_too_old_is_not_opened(prop: Property, store: BreakingStore) -> None:
    fill(prop, store)
    timeline(store, client(prop), prop, BitMap([3]), 1000)
    store.arm(0, after=False)
    timeline(store, client(prop), prop, BitMap([3]), 1000)
    everything, store.calls = store.calls, 0
    timeline(store, client(prop), prop, BitMap([3]), 2)
    assert store.calls < everything
