"""What a person picks in the date menu, and the days and the granularity it stands for. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tracking.bitmaps.slots import Granularity

LONGEST_DAYS = 5 * 366
# Before 1972 time zones were off by seconds; slots are whole minutes. Nothing was measured then anyway.
EARLIEST = date(1990, 1, 1)
LATEST_AHEAD = timedelta(days=366)
# Up to two days are drawn by the hour, up to three months by the day, longer ones by the month.
HOURS_UP_TO_DAYS = 2
DAYS_UP_TO_DAYS = 92


class BadRange(ValueError):
    """The dates make no range; the text says why."""


@dataclass(frozen=True)
class DayRange:
    """Whole days of the property's own calendar, from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadRange("The range ends before it begins.")
        if self.days > LONGEST_DAYS:
            raise BadRange(f"The range is longer than {LONGEST_DAYS} days.")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def granularity(self) -> Granularity:
        if self.days <= HOURS_UP_TO_DAYS:
            return Granularity.HOUR
        return Granularity.DAY if self.days <= DAYS_UP_TO_DAYS else Granularity.MONTH

    def before(self) -> "DayRange":
        """The range of the same length that ends the day before this one begins.

        Whole months are compared with as many months, however many days those have.
        """
        if self.granularity is Granularity.MONTH and self.first.day == 1:
            months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
            begin = self.first.year * 12 + self.first.month - 1 - months
            return DayRange(date(begin // 12, begin % 12 + 1, 1), self.first - timedelta(days=1))
        return DayRange(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def _month_before(today: date) -> DayRange:
    last = today.replace(day=1) - timedelta(days=1)
    return DayRange(last.replace(day=1), last)


# name in the address -> (words on the page, today -> range)
PERIODS: dict[str, tuple[str, Callable[[date], DayRange]]] = {
    "today": ("Today", lambda today: DayRange(today, today)),
    "yesterday": ("Yesterday", lambda today: DayRange(today - timedelta(days=1), today - timedelta(days=1))),
    "7d": ("Last 7 days", lambda today: DayRange(today - timedelta(days=6), today)),
    "30d": ("Last 30 days", lambda today: DayRange(today - timedelta(days=29), today)),
    "month": ("This month", lambda today: DayRange(today.replace(day=1), today)),
    "last_month": ("Last month", _month_before),
    "12m": ("Last 12 months", lambda today: DayRange((today - timedelta(days=364)), today)),
}
DEFAULT_PERIOD = "30d"


def from_query(query: Mapping[str, str], today: date) -> DayRange:
    """The range that `period=` names, or that `from=` and `to=` (YYYY-MM-DD) give; else the default.

    Raises BadRange with a sentence for the person who typed it.
    """
    if "from" in query or "to" in query:
        days = DayRange(_day(query.get("from", "")), _day(query.get("to", "")))
        if days.first < EARLIEST or days.last > today + LATEST_AHEAD:
            raise BadRange(f"A range lies between {EARLIEST} and a year from now.")
        return days
    period = query.get("period", DEFAULT_PERIOD)
    if period not in PERIODS:
        raise BadRange(f"There is no period {period!r}.")
    return PERIODS[period][1](today)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRange(f"{text!r} is no date such as 2026-11-24.") from None
