"""Two workers in processes of their own at one property, whose leases run out while they are at it."""

import time
from collections.abc import Callable

from properties.models import Property
from tests.chaos.plain import count
from tests.chaos.scenes import happened, send
from tests.chaos.workers import Where, at_work
from tests.pipeline import drain, everything, raw
from tests.tracking.archive.material import keys, read_all
from tracking.archive.store import store
from tracking.progress import progress

PACKETS = 60
EVENTS_OF_EACH = 12


def packet(prop: Property, number: int) -> None:
    """Twelve events of one visitor: page views, and an order of 1.01 EUR."""
    order = happened("order", number % 700, attributes={"value": 1.01, "currency": "EUR"})
    views = [happened("pageview", number % 700 + place, f"/{place}") for place in range(EVENTS_OF_EACH - 1)]
    send(prop, f"visitor {number % 20}", [*views, order])


def until(happened: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "the workers do not come to an end"
        time.sleep(0.05)


def workers(prop: Property) -> list[Where]:
    row = {field.attname: getattr(prop, field.attname) for field in prop._meta.concrete_fields}
    return [Where(row, store().root, seed) for seed in (1, 2)]


def check(prop: Property) -> None:
    """Everything counts once: in the archive, in the position, and in every number."""
    rows = read_all(store(), prop)
    assert len(rows) == len({(row.entry, row.ordinal) for row in rows}) == PACKETS * EVENTS_OF_EACH
    assert progress(prop).events == PACKETS * EVENTS_OF_EACH
    numbers = everything(prop)
    assert numbers == count(rows, prop.tz)
    assert sum(numbers[("2026", "money:EUR", "evt:order")].values()) == PACKETS * 101


def test_two_workers_at_one_property(prop: Property) -> None:
    with at_work(workers(prop)) as refused:
        for number in range(PACKETS):
            packet(prop, number)
            raw().delete(keys(prop).lease)  # its time runs out, whatever its holder is doing
            time.sleep(0.02)
        until(lambda: not raw().xlen(keys(prop).ingest))
    assert sum(refused) > 10, "they have been in each other's way"
    raw().delete(keys(prop).lease, f"{keys(prop).archived}_lease")
    drain(prop)
    check(prop)
