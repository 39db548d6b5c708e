"""One suite for both layouts, against plain dictionaries; and what only one of them has."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis.exceptions import WatchError

from cluster.connections import data, shard
from tests.pipeline import NOW, raw
from tracking.bitmaps.addresses import Address, TallyAddress
from tracking.bitmaps.folding import fold, merged
from tracking.bitmaps.layouts import Kept, Layout, Request, Shelf
from tracking.bitmaps.layouts.cache import cache
from tracking.bitmaps.layouts.packed import PackedLayout
from tracking.bitmaps.layouts.seed import SeedLayout
from tracking.bitmaps.notes import EVENTS, Notes
from tracking.bitmaps.samples import is_samples, sample
from tracking.bitmaps.slots import DAY, labels
from tracking.keys import Keys

MINUTE = int(NOW.timestamp()) // 60
LATER = datetime(2027, 2, 1, tzinfo=UTC)
KEYS = Keys(7, 3)
LAYOUTS = [SeedLayout(), PackedLayout()]
Numbers = dict[tuple[str, str, str], dict[int, int]]  # metric, trait, label -> visitor -> number


class Note(NamedTuple):
    traits: tuple[str, ...]
    visitor: int
    minute: int
    metric: str
    amount: int


# Late notes of any age among new ones.
minutes = st.one_of(st.integers(MINUTE - 5, MINUTE), st.integers(MINUTE - 900_000, MINUTE))
sets = st.sampled_from([("evt:a",), ("everyone", "page:/é::x"), ("everyone", "src:a::cpg:b", "evt:a")])
metrics = st.sampled_from([EVENTS, EVENTS, "seconds", "samples:load_ms"])
notes = st.builds(Note, sets, st.integers(0, 70_000), minutes, metrics, st.integers(1, 400))
# A batch is written; notes of earlier batches are taken back; what waits is sealed; a sealing stops half-way
# and leaves its log behind; months and years are made of their days.
steps = st.lists(
    st.one_of(st.lists(notes, max_size=12), st.sampled_from(["seal", "crash", "close", "take back"])), max_size=9
)


def shelf(tz: str = "UTC", kept: Kept = Kept()) -> Shelf:  # noqa: B008
    return Shelf(shard(KEYS.prefix), KEYS, ZoneInfo(tz), kept)


def write(layout: Layout, some: list[Note], on: Shelf) -> None:
    batch = Notes(on.tz)
    for note in some:
        _add(batch, note)
    with data().pipeline(transaction=True) as pipe:
        pipe.incr(f"{KEYS.prefix}test")  # a transaction always has something
        layout.add(on, pipe, batch)
        pipe.execute()


def _add(batch: Notes, note: Note) -> None:
    batch.add("\n".join(note.traits), place_of(note), note.minute, note.metric, note.amount)


def place_of(note: Note) -> int:
    """The visitor, or the sample that stands in its place."""
    if is_samples(note.metric):
        return sample(note.visitor, note.visitor * 7 % 2_000_000, note.minute)
    return note.visitor


def event(trait: str, visitor: int, minute: int = MINUTE, amount: int = 1) -> Note:
    return Note((trait,), visitor, minute, EVENTS, amount)


def taken_back(written: list[Note]) -> list[Note]:
    """The opposite of the first notes that have not been taken back yet; of equal ones one."""
    opposites = dict.fromkeys(note._replace(amount=-note.amount) for note in written[:4] if note.amount > 0)
    return [note for note in opposites if written.count(note) < written.count(note._replace(amount=-note.amount))]


def crash_while_sealing() -> None:
    """What a worker leaves that was killed after it had taken the log."""
    if data().exists(KEYS.notes):
        data().renamenx(KEYS.notes, KEYS.sealing)


def expected_from(some: list[Note], tz: ZoneInfo) -> Numbers:
    numbers: Numbers = defaultdict(lambda: defaultdict(int))
    for note in some:
        for level, label in enumerate(labels(note.minute, tz)):
            for trait in note.traits if level == DAY or not is_samples(note.metric) else ():
                numbers[(note.metric, trait, label)][place_of(note)] += note.amount
    return {at: kept for at, by_visitor in numbers.items() if (kept := {v: n for v, n in by_visitor.items() if n})}


def check(layout: Layout, on: Shelf, expected: Numbers, ever: set[tuple[str, str, str]]) -> None:
    addresses = [Address(trait, label) for metric, trait, label in ever if metric == EVENTS]
    request = Request(
        bitmaps=[*addresses, Address("evt:never", "2026")],
        tallies=[*(TallyAddress(*at) for at in ever), TallyAddress("seconds", "evt:never", "2026-11")],
        totals=list(dict.fromkeys((metric, label) for metric, _, label in ever)),
    )
    found = layout.load(on, request)
    assert {str(at): set(who) for at, who in found.bitmaps.items() if who} == {
        f"{trait}::{label}": set(numbers) for (metric, trait, label), numbers in expected.items() if metric == EVENTS
    }
    assert {at: tally.to_dict() for at, tally in found.tallies.items() if len(tally)} == expected
    for (metric, label), totals in found.totals.items():
        assert totals == {
            trait: sum(numbers.values()) for (of, trait, at), numbers in expected.items() if (of, at) == (metric, label)
        }


@pytest.mark.parametrize("layout", LAYOUTS, ids=["seed", "packed"])
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(some_steps=steps, zone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/Sao_Paulo"]))
def test_at_every_moment_the_numbers_are_those_of_plain_dictionaries(
    empty_servers: None, layout: Layout, some_steps: list[list[Note] | str], zone: str
) -> None:
    data().flushall()
    on, written, ever = shelf(zone), list[Note](), set[tuple[str, str, str]]()
    for step in some_steps:
        if step == "seal":
            layout.seal(on)
        elif step == "crash":
            crash_while_sealing()
        elif step == "close":
            layout.close(on, LATER)
        else:
            some = taken_back(written) if step == "take back" else step
            assert not isinstance(some, str)
            ever |= set(expected_from(some, on.tz))
            write(layout, some, on)
            written += some
        check(layout, on, expected_from(written, on.tz), ever)
    layout.seal(on)
    assert layout.waiting(on) == 0
    layout.close(on, LATER)
    check(layout, on, expected_from(written, on.tz), ever)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["seed", "packed"])
def test_what_is_noted_and_taken_back_can_be_sealed(empty_servers: None, layout: Layout) -> None:
    write(layout, [event("evt:a", 1), event("evt:a", 1, amount=-1)], shelf())
    layout.seal(shelf())
    assert layout.waiting(shelf()) == 0
    check(layout, shelf(), {}, {(EVENTS, "evt:a", "2026-11")})


@pytest.mark.parametrize("layout", LAYOUTS, ids=["seed", "packed"])
def test_what_is_not_there_is_empty(empty_servers: None, layout: Layout) -> None:
    assert layout.load(shelf(), Request()).bitmaps == {}
    found = layout.load(shelf(), Request([Address("evt:a", "2026")], [TallyAddress(EVENTS, "evt:a", "2026")]))
    assert not found.bitmaps[Address("evt:a", "2026")]
    assert len(found.tallies[TallyAddress(EVENTS, "evt:a", "2026")]) == 0


@pytest.mark.parametrize("layout", LAYOUTS, ids=["seed", "packed"])
def test_minutes_and_hours_go_when_their_time_is_over(empty_servers: None, layout: Layout) -> None:
    now = int(datetime.now(UTC).timestamp()) // 60
    on = shelf(kept=Kept(minutes=timedelta(hours=1), hours=timedelta(days=1)))
    write(layout, [event("evt:a", 1, now), event("evt:a", 2, now - 600), event("evt:a", 3, now - 3 * 1440)], on)
    layout.seal(on)
    for minute, kept in ((now, 2), (now - 600, 1), (now - 3 * 1440, 0)):
        fine = labels(minute, on.tz)[:2]
        found = layout.load(on, Request([Address("evt:a", label) for label in fine]))
        assert [bool(found.bitmaps[Address("evt:a", label)]) for label in fine] == [kept > 1, kept > 0]
    year = Address("evt:a", labels(now, on.tz)[4])
    assert len(layout.load(on, Request([year])).bitmaps[year]) >= 1
    times = [raw().ttl(key) for key in raw().keys(f"{KEYS.prefix}*{labels(now, on.tz)[0]}")]
    assert times
    assert all(0 < seconds <= 2 * 3600 for seconds in times)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["seed", "packed"])
def test_a_slot_can_be_read_whole_and_stored_again(empty_servers: None, layout: Layout) -> None:
    some = [event("evt:a", 1, amount=3), event("page:/x", 2), Note(("evt:a",), 1, MINUTE, "seconds", 40)]
    write(layout, some, shelf())
    layout.seal(shelf())
    label = "2026-11-24"
    whole = layout.read(shelf(), label)
    assert {
        (metric, trait): tally.to_dict() for metric, by_trait in whole.items() for trait, tally in by_trait.items()
    } == {
        (EVENTS, "evt:a"): {1: 3},
        (EVENTS, "page:/x"): {2: 1},
        ("seconds", "evt:a"): {1: 40},
    }
    layout.store(shelf(), label, {EVENTS: {"evt:a": whole[EVENTS]["evt:a"]}})
    assert label in set(layout.slots(shelf()))
    found = layout.load(
        shelf(), Request([Address("evt:a", label), Address("page:/x", label)], totals=[("seconds", label)])
    )
    assert [len(bitmap) for bitmap in found.bitmaps.values()] == [1, 0]
    assert found.totals[("seconds", label)] == {}


def test_the_seeds_keys_are_the_seeds(empty_servers: None) -> None:
    write(SeedLayout(), [event("evt:signup", 5)], shelf())
    for slot in ("2026-11-24-12-30", "2026-11-24-12", "2026-11-24", "2026-11", "2026"):
        assert data().getbit(f"{{7::3}}::evt:signup::{slot}", 5) == 1
        assert data().bitcount(f"{{7::3}}::evt:signup::{slot}") == 1


def test_packed_notes_of_a_batch_are_one_command(empty_servers: None) -> None:
    batch = Notes(ZoneInfo("UTC"))
    for number in range(100):
        batch.add(f"evt:{number}", number, MINUTE - number)
    with data().pipeline(transaction=True) as pipe:
        PackedLayout().add(shelf(), pipe, batch)
        assert len(pipe.execute()) == 1
    assert data().keys(f"{KEYS.prefix}*") == [KEYS.notes.encode()]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(notes, max_size=10), max_size=4))
def test_a_log_is_read_as_it_was_written(batches: list[list[Note]]) -> None:
    log, tz = b"", ZoneInfo("UTC")
    for batch in batches:
        frame = Notes(tz)
        for note in batch:
            _add(frame, note)
        log += frame.frame()
    cells = fold(log, range(5))
    found = {
        (metric, trait, label): tally.to_dict()
        for label, by_metric in cells.items()
        for metric, by_trait in by_metric.items()
        for trait, tally in by_trait.items()
    }
    assert found == expected_from([note for batch in batches for note in batch], tz)


@pytest.fixture
def rival(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Another worker seals the same log between our reading it and our writing."""
    done: list[str] = []

    def merged_late(log: bytes) -> object:
        if not done:
            done.append("sealed")
            PackedLayout().seal(shelf())
        return merged(log)

    monkeypatch.setattr("tracking.bitmaps.layouts.packed.merged", merged_late)
    return done


def test_of_two_that_seal_one_wins_and_nothing_counts_twice(empty_servers: None, rival: list[str]) -> None:
    layout, address = PackedLayout(), TallyAddress(EVENTS, "evt:a", "2026")
    write(layout, [event("evt:a", 5)], shelf())
    with pytest.raises(WatchError):
        layout.seal(shelf())
    assert rival == ["sealed"]
    write(layout, [event("evt:a", 6)], shelf())
    layout.seal(shelf())
    assert layout.load(shelf(), Request(tallies=[address])).tallies[address].to_dict() == {5: 1, 6: 1}


def test_sealed_slots_are_read_once_and_again_when_they_change(
    empty_servers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, asked = PackedLayout(), Request([Address("evt:a", "2026-11-24"), Address("evt:a", "2026-11-23")])
    write(layout, [event("evt:a", 1), event("evt:a", 2, MINUTE - 1440)], shelf())
    layout.seal(shelf())
    cache.clear()
    layout.load(shelf(), asked)
    monkeypatch.setattr("tracking.bitmaps.layouts.packed_reading._ask", lambda *_: pytest.fail("read again"))
    assert [len(bitmap) for bitmap in layout.load(shelf(), asked).bitmaps.values()] == [1, 1]
    monkeypatch.undo()
    write(layout, [event("evt:a", 3, MINUTE - 1440)], shelf())
    assert [len(bitmap) for bitmap in layout.load(shelf(), asked).bitmaps.values()] == [1, 2]
    layout.seal(shelf())
    assert [len(bitmap) for bitmap in layout.load(shelf(), asked).bitmaps.values()] == [1, 2]
    layout.remove(shelf())
    assert [len(bitmap) for bitmap in layout.load(shelf(), asked).bitmaps.values()] == [0, 0]


def test_a_month_that_is_made_is_one_hash_and_late_notes_unmake_it(empty_servers: None) -> None:
    layout, month, on = PackedLayout(), Address("evt:a", "2026-11"), shelf()
    write(layout, [event("evt:a", 1), event("evt:a", 2, MINUTE - 1440)], on)
    layout.seal(on)
    layout.close(on, NOW)
    assert raw().smembers(KEYS.folded) == set()
    layout.close(on, LATER)
    assert raw().smembers(KEYS.folded) == {b"2026-11", b"2026"}
    assert raw().hkeys(KEYS.sealed("2026-11")) == [b"evt:a"]
    write(layout, [event("evt:a", 3, MINUTE - 5 * 1440)], on)
    layout.seal(on)
    assert raw().smembers(KEYS.folded) == set()
    assert set(layout.load(on, Request([month])).bitmaps[month]) == {1, 2, 3}
    layout.close(on, LATER)
    assert raw().smembers(KEYS.folded) == {b"2026-11", b"2026"}
    assert set(layout.load(on, Request([month])).bitmaps[month]) == {1, 2, 3}


def test_what_is_kept_stays_below_its_limit(empty_servers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    layout, on = PackedLayout(), shelf()
    write(layout, [event(f"evt:{number}", number) for number in range(50)], on)
    layout.seal(on)
    cache.clear()
    monkeypatch.setattr(cache, "limit", 3_000)
    asked = Request([Address(f"evt:{number}", "2026-11-24") for number in range(50)])
    for _ in range(2):
        assert [list(bitmap) for bitmap in layout.load(on, asked).bitmaps.values()] == [[n] for n in range(50)]
        assert 0 < cache.size <= 3_000
    cache.clear()
    assert cache.size == 0
