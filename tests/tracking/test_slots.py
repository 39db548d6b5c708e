from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.bitmaps.slots import MINUTE, Granularity, Slot, between, cover, cover_days, labels

ZONES = ["UTC", "Europe/Paris", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
# 2018 has São Paulo's days without a midnight.
minutes = st.integers(int(datetime(2018, 1, 1, tzinfo=UTC).timestamp()) // 60, 30_500_000).map(
    lambda minute: datetime.fromtimestamp(minute * 60, UTC)
)


@given(minutes, zones, st.sampled_from(list(Granularity)))
def test_a_slot_holds_the_instant_it_was_asked_for(at: datetime, tz: ZoneInfo, granularity: Granularity) -> None:
    slot = Slot.containing(at, granularity, tz)
    assert slot.start <= at < slot.end
    assert Slot.containing(slot.start, granularity, tz) == slot
    assert Slot.containing(slot.end - MINUTE, granularity, tz) == slot
    assert Slot.containing(slot.end, granularity, tz) != slot


@given(minutes, zones, st.sampled_from(list(Granularity)))
def test_a_label_names_its_slot(at: datetime, tz: ZoneInfo, granularity: Granularity) -> None:
    slot = Slot.containing(at, granularity, tz)
    assert Slot.parse(slot.label, tz) == slot


@given(minutes, zones)
def test_each_slot_is_within_one_coarser_slot(at: datetime, tz: ZoneInfo) -> None:
    slots = [Slot.containing(at, granularity, tz) for granularity in Granularity]
    for finer, coarser in pairwise(slots):
        assert coarser.start <= finer.start < finer.end <= coarser.end


@given(minutes, st.integers(0, 60 * 24 * 40), zones)
def test_a_cover_is_the_range_without_gap_or_overlap(start: datetime, length: int, tz: ZoneInfo) -> None:
    end = start + timedelta(minutes=length)
    at = start
    for slot in cover(start, end, tz):
        assert slot.start == at
        at = slot.end
    assert at == end


@settings(max_examples=20)
@given(minutes, st.integers(0, 60 * 30), zones)
def test_no_cover_has_fewer_slots(start: datetime, length: int, tz: ZoneInfo) -> None:
    """Against dynamic programming over every slot that begins in the range."""
    end = start + timedelta(minutes=length)
    fewest = {end: 0}
    for back in range(1, length + 1):
        at = end - back * MINUTE
        slots = [Slot.containing(at, granularity, tz) for granularity in Granularity]
        fewest[at] = 1 + min(fewest[slot.end] for slot in slots if slot.start == at and slot.end <= end)
    assert len(cover(start, end, tz)) == fewest[start]


def test_a_range_of_days_uses_months_and_years() -> None:
    slots = cover_days(date(2025, 12, 30), date(2027, 2, 2), ZoneInfo("Europe/Paris"))
    assert [slot.label for slot in slots] == [
        "2025-12-30", "2025-12-31", "2026", "2027-01", "2027-02-01", "2027-02-02",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Paris", date(2026, 3, 29), 23),
        ("Europe/Paris", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_days_on_which_clocks_change(zone: str, day: date, hours: int) -> None:
    tz = ZoneInfo(zone)
    slot = cover_days(day, day, tz)[0]
    assert len(list(between(slot.start, slot.end, Granularity.HOUR, tz))) == hours


def test_hours_of_half_hour_zones_carry_the_minute() -> None:
    at = datetime(2026, 11, 24, 2, 13, tzinfo=UTC)
    assert Slot.containing(at, Granularity.HOUR, ZoneInfo("Asia/Kolkata")).label == "2026-11-24-01+30"
    assert Slot.containing(at, Granularity.HOUR, ZoneInfo("Europe/Paris")).label == "2026-11-24-02"


def test_the_five_labels_of_a_minute() -> None:
    at = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    found = labels(int(at.timestamp()) // 60, ZoneInfo("Europe/Paris"))
    assert found == ("2026-12-31-23-59", "2026-12-31-23", "2027-01-01", "2027-01", "2027")


@pytest.mark.parametrize(
    "label", ["", "26", "2026-13", "2026-02-30", "2026-11-24-25", "2026-11-24-02+30", "x", "2026-1"]
)
def test_what_names_no_slot_is_refused(label: str) -> None:
    with pytest.raises(ValueError):
        Slot.parse(label, ZoneInfo("UTC"))


def test_slots_of_seconds_are_refused_and_not_counted_for_ever() -> None:
    start = datetime(1890, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="not whole minutes"):
        list(between(start, start + timedelta(days=9), Granularity.DAY, ZoneInfo("Europe/Paris")))


def test_a_range_within_a_minute_is_refused() -> None:
    at = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="whole minutes"):
        cover(at, at + MINUTE, ZoneInfo("UTC"))
