"""The seed's keys, read with a plain Redis client, against dictionaries of Python sets."""

from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.connections import data
from tests.pipeline import NOW
from tracking.bitmaps.addresses import Address
from tracking.bitmaps.layouts import Mark
from tracking.bitmaps.layouts.seed import SeedLayout
from tracking.bitmaps.slots import labels
from tracking.keys import Keys

MINUTE = int(NOW.timestamp()) // 60
KEYS = Keys(7, 3)
marks = st.builds(
    Mark, st.sampled_from(["evt:a", "page:/é::x"]), st.integers(0, 2_000), st.integers(MINUTE - 90_000, MINUTE)
)


def write(some: list[Mark], tz: ZoneInfo) -> None:
    with data().pipeline(transaction=True) as pipe:
        SeedLayout().add(pipe, KEYS, some, tz)
        pipe.execute()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(marks, max_size=30), st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")]))
def test_every_granularity_holds_the_marks(empty_servers: None, some: list[Mark], tz: ZoneInfo) -> None:
    data().flushall()
    write(some, tz)
    write(some, tz)  # a second time changes nothing
    expected: dict[Address, set[int]] = {}
    for mark in some:
        for label in labels(mark.minute, tz):
            expected.setdefault(Address(mark.trait, label), set()).add(mark.visitor_index)
    found = SeedLayout().load(data(), KEYS, [*expected, Address("evt:never", "2026")])
    assert {address: set(bitmap) for address, bitmap in found.items() if bitmap} == expected


def test_the_keys_are_the_seeds(empty_servers: None) -> None:
    write([Mark("evt:signup", 5, MINUTE)], ZoneInfo("UTC"))
    for slot in ("2026-11-24-12-30", "2026-11-24-12", "2026-11-24", "2026-11", "2026"):
        assert data().getbit(f"{{7::3}}::evt:signup::{slot}", 5) == 1
        assert data().bitcount(f"{{7::3}}::evt:signup::{slot}") == 1
    assert data().dbsize() == 5
