"""Slots: a granularity and a start, half-open. Which slot an instant is in, and which cover a range.

    minute  UTC                                       2026-11-24-02-13
    hour    60 minutes from the local full hour,      2026-11-24-02      (whole-hour offsets)
            named by its UTC start                    2026-11-24-02+30   (:30 and :45 zones)
    day     the property's own                        2026-11-24
    month   the property's own                        2026-11
    year    the property's own                        2026

Every minute is in just one slot of each granularity, and each hour in one day, each day in one
month, each month in one year. So a range is covered by few slots, without overlap:

    2025-12-30 … 2027-01-02   =   2025-12-30  2025-12-31  2026  2027-01-01  2027-01-02

A day with a change of the clock has 23 or 25 hours. Where clocks move by half an hour (Lord Howe),
the hour of the change is cut in two at the change. Offsets are whole minutes, as they have been
everywhere since 1972.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY_LENGTH = len("2026-11-24")  # a longer label is an hour's or a minute's


class Granularity(StrEnum):
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


DAY = 2  # the place of the day among the five, minute to year
COARSEST_FIRST = tuple(reversed(Granularity))


@dataclass(frozen=True)
class Slot:
    """One slot. `start` and `end` are UTC; `end` is not part of it. `label` is its part of an address."""

    granularity: Granularity
    label: str
    start: datetime
    end: datetime

    @staticmethod
    def containing(at: datetime, granularity: Granularity, tz: ZoneInfo) -> "Slot":
        """The slot of `granularity` that the aware instant `at` is in."""
        minute = at.astimezone(UTC).replace(second=0, microsecond=0)
        return _containing(minute, granularity, tz)

    def next(self, tz: ZoneInfo) -> "Slot":
        return Slot.containing(self.end, self.granularity, tz)

    @staticmethod
    def parse(label: str, tz: ZoneInfo) -> "Slot":
        """The slot that `label` names. Raises ValueError when it names none in this time zone."""
        try:
            start = _start_of(label, tz)
        except ValueError:
            raise ValueError(
                f"{label!r} is no slot such as 2026, 2026-11, 2026-11-24, 2026-11-24-02 or 2026-11-24-02-13."
            ) from None
        for granularity in Granularity:
            slot = Slot.containing(start, granularity, tz)
            if slot.label == label:
                return slot
        raise ValueError(f"{label!r} names no slot of the time zone {tz.key}.")


def labels(minute: int, tz: ZoneInfo) -> tuple[str, str, str, str, str]:
    """The labels of the five slots, minute to year, that the UTC `minute` since 1970 is in."""
    return _labels(minute, tz)


@lru_cache(maxsize=8192)
def _labels(minute: int, tz: ZoneInfo) -> tuple[str, str, str, str, str]:
    at = datetime.fromtimestamp(minute * 60, UTC)
    m, h, d, mo, y = (_containing(at, granularity, tz).label for granularity in Granularity)
    return m, h, d, mo, y


@lru_cache(maxsize=8192)
def _containing(minute: datetime, granularity: Granularity, tz: ZoneInfo) -> Slot:
    local = minute.astimezone(tz)
    match granularity:
        case Granularity.MINUTE:
            return Slot(granularity, f"{_day(minute)}-{minute:%H-%M}", minute, minute + MINUTE)
        case Granularity.HOUR:
            start = _hour_start(minute, tz)
            label = f"{_day(start)}-{start:%H}" + (f"+{start:%M}" if start.minute else "")
            return Slot(granularity, label, start, _hour_end(start, tz))
        case Granularity.DAY:
            first, after = local.date(), local.date() + timedelta(days=1)
            return Slot(granularity, _day(first), midnight(first, tz), midnight(after, tz))
        case Granularity.MONTH:
            first = local.date().replace(day=1)
            after = (first + timedelta(days=31)).replace(day=1)
            return Slot(granularity, _day(first)[:7], midnight(first, tz), midnight(after, tz))
        case Granularity.YEAR:
            first = date(local.year, 1, 1)
            return Slot(granularity, _day(first)[:4], midnight(first, tz), midnight(date(local.year + 1, 1, 1), tz))


def midnight(day: date, tz: ZoneInfo) -> datetime:
    """The UTC instant at which `day` begins in `tz`, also where its clock skips or repeats midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)


def days_of_month(label: str) -> list[str]:
    """The labels of the days of a month."""
    year, month = map(int, label.split("-"))
    first = date(year, month, 1)
    after = (first + timedelta(days=31)).replace(day=1)
    return [_day(first + timedelta(days=number)) for number in range((after - first).days)]


def months_of_year(label: str) -> list[str]:
    """The labels of the months of a year."""
    return [f"{label}-{month:02}" for month in range(1, 13)]


def level(label: str) -> int:
    """The place of a label's granularity among the five, minute 0 to year 4."""
    return 4 - label.count("-") if "+" not in label else 1


def between(start: datetime, end: datetime, granularity: Granularity, tz: ZoneInfo) -> Iterator[Slot]:
    """The slots of one granularity from the one that `start` is in up to `end`."""
    slot = Slot.containing(start, granularity, tz)
    while slot.start < end:
        yield slot
        following = slot.next(tz)
        if following.start <= slot.start:  # offsets of seconds, before 1972
            raise ValueError(f"The slots of {tz.key} are not whole minutes at {slot.start:%Y-%m-%d}.")
        slot = following


def cover(start: datetime, end: datetime, tz: ZoneInfo) -> list[Slot]:
    """The fewest slots that make up [start, end), in order. Both are whole minutes.

    Raises ValueError for instants within a minute.
    """
    if start.second or start.microsecond or end.second or end.microsecond:
        raise ValueError("A range of slots begins and ends at whole minutes.")
    found: list[Slot] = []
    at, end = start.astimezone(UTC), end.astimezone(UTC)
    while at < end:
        slot = next(slot for slot in _widest_first(at, tz) if slot.start == at and slot.end <= end)
        found.append(slot)
        at = slot.end
    return found


def cover_days(first: date, last: date, tz: ZoneInfo) -> list[Slot]:
    """The fewest slots that make up the local days `first` to `last`, both included."""
    return cover(midnight(first, tz), midnight(last + timedelta(days=1), tz), tz)


def _widest_first(at: datetime, tz: ZoneInfo) -> Iterator[Slot]:
    for granularity in COARSEST_FIRST:
        yield Slot.containing(at, granularity, tz)


def _hour_start(minute: datetime, tz: ZoneInfo) -> datetime:
    local = minute.astimezone(tz)
    start = minute - timedelta(minutes=local.minute)
    while start.astimezone(tz).utcoffset() != local.utcoffset():
        start += MINUTE
    return start


def _hour_end(start: datetime, tz: ZoneInfo) -> datetime:
    local = start.astimezone(tz)
    end = start + timedelta(minutes=60 - local.minute)
    while (end - MINUTE).astimezone(tz).utcoffset() != local.utcoffset():
        end -= MINUTE
    return end


def _day(day: date) -> str:
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def _start_of(label: str, tz: ZoneInfo) -> datetime:
    """An instant in the slot named `label`, if there is one. Raises ValueError."""
    date_part, _, half_hour = label.partition("+")
    parts = date_part.split("-")
    if not 1 <= len(parts) <= 5 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(label)
    numbers = [int(part) for part in parts]
    if len(numbers) > 3:
        minute = numbers[4] if len(numbers) == 5 else int(half_hour or 0)
        return datetime(numbers[0], numbers[1], numbers[2], numbers[3], minute, tzinfo=UTC)
    year, month, day = (*numbers, 1, 1)[:3]
    return midnight(date(year, month, day), tz)
