from datetime import date

import pytest

from dashboards.ranges import BadRange, DayRange, from_query
from tracking.bitmaps.slots import Granularity

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({}, date(2026, 10, 26), TODAY),
        ({"period": "today"}, TODAY, TODAY),
        ({"period": "yesterday"}, date(2026, 11, 23), date(2026, 11, 23)),
        ({"period": "7d"}, date(2026, 11, 18), TODAY),
        ({"period": "month"}, date(2026, 11, 1), TODAY),
        ({"period": "last_month"}, date(2026, 10, 1), date(2026, 10, 31)),
        ({"from": "2026-11-01", "to": "2026-11-02"}, date(2026, 11, 1), date(2026, 11, 2)),
    ],
)
def test_what_is_picked_becomes_days(query: dict[str, str], first: date, last: date) -> None:
    assert from_query(query, TODAY) == DayRange(first, last)


@pytest.mark.parametrize(
    "query",
    [
        {"period": "for ever"},
        {"from": "2026-11-02", "to": "2026-11-01"},
        {"from": "2026-11-02"},
        {"from": "<b>", "to": "2026-11-01"},
        {"from": "2000-01-01", "to": "2026-01-01"},
        {"from": "0001-01-01", "to": "0001-01-10"},
        {"from": "1890-01-01", "to": "1890-01-10"},
        {"from": "9999-12-30", "to": "9999-12-31"},
    ],
)
def test_what_makes_no_range_is_refused_with_a_sentence(query: dict[str, str]) -> None:
    with pytest.raises(BadRange, match=r".*\.$"):
        from_query(query, TODAY)


def test_the_range_before_has_the_same_length_and_ends_where_this_begins() -> None:
    assert DayRange(date(2026, 11, 18), TODAY).before() == DayRange(date(2026, 11, 11), date(2026, 11, 17))


def test_whole_months_are_compared_with_as_many_months() -> None:
    assert DayRange(date(2026, 7, 1), date(2026, 10, 31)).before() == DayRange(date(2026, 3, 1), date(2026, 6, 30))
    assert DayRange(date(2026, 1, 1), TODAY).before() == DayRange(date(2025, 2, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("days", "granularity"), [(1, "hour"), (2, "hour"), (3, "day"), (92, "day"), (93, "month"), (400, "month")]
)
def test_the_chart_suits_the_length(days: int, granularity: str) -> None:
    last = date.fromordinal(TODAY.toordinal() + days - 1)
    assert DayRange(TODAY, last).granularity == Granularity(granularity)
