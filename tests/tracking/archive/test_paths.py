"""Paths against a plain walk through each session."""

from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pytest
from pyroaring import BitMap

from properties.models import Property
from tests.tracking.archive.material import EVER, BreakingStore, append, client, some_rows
from tracking.archive.paths import PREFIXES, Neighbour, paths
from tracking.archive.rows import Row
from tracking.archive.writer import archive


def by_walk(rows: list[Row], of: str, by: str, step: int) -> list[Neighbour]:
    sessions: dict[tuple[int, bytes], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.at, *map(int, row.entry.split("-")), row.ordinal)):
        sessions[row.visitor, row.session].append(row)
    times: Counter[str] = Counter()
    who: dict[str, set[int]] = defaultdict(set)
    for (visitor, _), events in sessions.items():
        traits = [event.traits.split("\n") for event in events[::step]]
        for place, mine in enumerate(traits):
            if of in mine:
                following = [t for later in traits[place + 1 :] for t in later if t.startswith(PREFIXES[by])]
                label = following[0] if following else ""
                times[label] += 1
                who[label].add(visitor)
    found = [Neighbour(label, number, len(who[label])) for label, number in times.items()]
    return sorted(found, key=lambda neighbour: (-neighbour.times, neighbour.trait))


@pytest.mark.parametrize("of", ["evt:signup", "page:/p1", "evt:none"])
@pytest.mark.parametrize("by", ["event", "page"])
@pytest.mark.parametrize(("direction", "step"), [("after", 1), ("before", -1)], ids=["after", "before"])
def test_it_is_what_a_walk_through_the_sessions_finds(
    prop: Property, store: BreakingStore, of: str, by: Any, direction: Any, step: int
) -> None:
    some = some_rows(400)
    append(prop, some[:300])
    archive(client(prop), prop, store)
    append(prop, some[300:])
    assert paths(store, client(prop), prop, *EVER, of=of, by=by, direction=direction) == by_walk(some, of, by, step)
    few = BitMap([0, 3, 4])
    expected = by_walk([row for row in some if row.visitor in few], of, by, step)
    assert paths(store, client(prop), prop, *EVER, of=of, by=by, direction=direction, visitors=few) == expected


def test_days_that_have_nothing(prop: Property, store: BreakingStore) -> None:
    assert paths(store, client(prop), prop, date(2026, 1, 1), date(2026, 1, 2), of="evt:signup") == []
