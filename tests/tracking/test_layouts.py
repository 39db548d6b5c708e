"""One suite for both layouts, against dictionaries of Python sets; and what only one of them has."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import WatchError

from cluster.connections import data
from tests.pipeline import NOW, raw
from tracking.bitmaps.addresses import Address
from tracking.bitmaps.layouts import Layout, Mark
from tracking.bitmaps.layouts.packed import PackedLayout, gather, pack, unpack
from tracking.bitmaps.layouts.seed import SeedLayout
from tracking.bitmaps.slots import labels
from tracking.keys import Keys

MINUTE = int(NOW.timestamp()) // 60
KEYS = Keys(7, 3)
UTC = ZoneInfo("UTC")
LAYOUTS = [SeedLayout(), PackedLayout()]
# Late marks of any age among new ones.
minutes = st.one_of(st.integers(MINUTE - 5, MINUTE), st.integers(MINUTE - 900_000, MINUTE))
marks = st.builds(Mark, st.sampled_from(["evt:a", "page:/é::x", "everyone"]), st.integers(0, 70_000), minutes)
# A batch of marks is written, or what waits is sealed, or a sealing stops half-way and leaves its log behind.
steps = st.lists(st.one_of(st.lists(marks, max_size=12), st.sampled_from(["seal", "crash"])), max_size=8)


def write(layout: Layout, some: list[Mark], tz: ZoneInfo = UTC) -> None:
    with data().pipeline(transaction=True) as pipe:
        pipe.incr(f"{KEYS.prefix}test")  # a transaction always has something
        layout.add(pipe, KEYS, some, tz)
        pipe.execute()


def crash_while_sealing() -> None:
    """What a worker leaves that was killed after it had taken the log."""
    if data().exists(KEYS.marks):
        data().renamenx(KEYS.marks, KEYS.sealing)


def expected_from(some: list[Mark], tz: ZoneInfo) -> dict[Address, set[int]]:
    expected: dict[Address, set[int]] = {}
    for mark in some:
        for label in labels(mark.minute, tz):
            expected.setdefault(Address(mark.trait, label), set()).add(mark.visitor_index)
    return expected


@pytest.mark.parametrize("layout", LAYOUTS, ids=["seed", "packed"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some_steps=steps, zone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/Sao_Paulo"]))
def test_at_every_moment_the_bitmaps_are_the_sets(
    empty_servers: None, layout: Layout, some_steps: list[list[Mark] | str], zone: str
) -> None:
    data().flushall()
    tz, written = ZoneInfo(zone), list[Mark]()
    for step in some_steps:
        if step == "seal":
            layout.seal(data(), KEYS)
        elif step == "crash":
            crash_while_sealing()
        else:
            assert not isinstance(step, str)
            write(layout, step, tz)
            written += step
        expected = expected_from(written, tz)
        asked = [*expected, Address("evt:never", "2026")]
        found = layout.load(data(), KEYS, asked)
        assert {address: set(bitmap) for address, bitmap in found.items() if bitmap} == expected
        assert set(found) == set(asked)
    layout.seal(data(), KEYS)
    assert layout.waiting(data(), KEYS) == 0


@pytest.mark.parametrize("layout", LAYOUTS, ids=["seed", "packed"])
def test_marks_written_twice_count_once(empty_servers: None, layout: Layout) -> None:
    for _ in range(2):
        write(layout, [Mark("evt:a", 5, MINUTE)])
        layout.seal(data(), KEYS)
    address = Address("evt:a", "2026-11-24")
    assert list(layout.load(data(), KEYS, [address, address])[address]) == [5]
    assert layout.load(data(), KEYS, []) == {}


def test_the_seeds_keys_are_the_seeds(empty_servers: None) -> None:
    with data().pipeline(transaction=True) as pipe:
        SeedLayout().add(pipe, KEYS, [Mark("evt:signup", 5, MINUTE)], UTC)
        pipe.execute()
    for slot in ("2026-11-24-12-30", "2026-11-24-12", "2026-11-24", "2026-11", "2026"):
        assert data().getbit(f"{{7::3}}::evt:signup::{slot}", 5) == 1
        assert data().bitcount(f"{{7::3}}::evt:signup::{slot}") == 1
    assert data().dbsize() == 5


def test_packed_marks_of_a_batch_are_one_command(empty_servers: None) -> None:
    some = [Mark(f"evt:{n}", n, MINUTE - n) for n in range(100)]
    with data().pipeline(transaction=True) as pipe:
        PackedLayout().add(pipe, KEYS, some, UTC)
        assert len(pipe.execute()) == 1
    assert data().keys(f"{KEYS.prefix}*") == [KEYS.marks.encode()]


@settings(max_examples=60)
@given(st.lists(st.lists(marks, max_size=10), max_size=4))
def test_a_log_is_read_as_it_was_written(batches: list[list[Mark]]) -> None:
    log = b"".join(pack(batch, UTC) for batch in batches)
    read = {Mark(trait, index, minute) for trait, minute, indexes, _ in unpack(log) for index in indexes}
    assert read == {mark for batch in batches for mark in batch}


@pytest.fixture
def rival(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Another worker seals the same log between our reading it and our writing."""
    done: list[str] = []

    def gather_late(log: bytes) -> object:
        if not done:
            done.append("sealed")
            PackedLayout().seal(data(), KEYS)
        return gather(log)

    monkeypatch.setattr("tracking.bitmaps.layouts.packed.gather", gather_late)
    return done


def test_of_two_that_seal_one_wins_and_nothing_is_lost(empty_servers: None, rival: list[str]) -> None:
    write(PackedLayout(), [Mark("evt:a", 5, MINUTE)])
    with pytest.raises(WatchError):
        PackedLayout().seal(data(), KEYS)
    assert rival == ["sealed"]
    write(PackedLayout(), [Mark("evt:a", 6, MINUTE)])
    PackedLayout().seal(data(), KEYS)
    address = Address("evt:a", "2026")
    assert list(PackedLayout().load(data(), KEYS, [address])[address]) == [5, 6]
    assert raw().hkeys(KEYS.sealed("2026")) == [b"evt:a"]
