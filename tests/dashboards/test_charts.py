"""The geometry of charts, against what a reader of one relies on."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.charts import BOX_WIDTH, HEIGHT, MOST_GRIDLINES, TOP, Value, axis_words, chart, nice_ticks, slot_words
from tracking.bitmaps.slots import Granularity

MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)

counts = st.integers(0, 10**12)


def days(now: list[int | None], before: list[int | None] | None = None, *, unfinished: bool = False) -> list[Value]:
    """A value a day; the last one that has a number is `unfinished`."""
    compared = before or [None] * len(now)
    last = max((index for index, number in enumerate(now) if number is not None), default=-1)
    return [
        Value(MIDNIGHT + DAY * index, number, MIDNIGHT - DAY * (len(now) - index), old, unfinished and index == last)
        for index, (number, old) in enumerate(zip(now, compared, strict=True))
    ]


def points(path: str) -> list[tuple[float, float]]:
    """The places a path goes through."""
    pairs = (place.split() for place in path.removeprefix("M").removesuffix("Z").split("L") if place)
    return [(float(x), float(y)) for x, y in pairs]


@given(counts)
def test_ticks_are_few_round_and_reach_the_largest_value(largest: int) -> None:
    ticks = nice_ticks(largest)
    steps = {later - earlier for earlier, later in pairwise(ticks)}
    assert ticks[0] == 0
    assert ticks[-1] >= largest
    assert 2 <= len(ticks) <= MOST_GRIDLINES
    [step] = steps
    assert str(step).rstrip("0") in {"1", "2", "25", "5"}


def test_the_ticks_of_some_numbers() -> None:
    assert nice_ticks(0) == [0, 1]
    assert nice_ticks(3) == [0, 1, 2, 3]
    assert nice_ticks(7) == [0, 2, 4, 6, 8]
    assert nice_ticks(312) == [0, 100, 200, 300, 400]


@given(st.lists(counts, min_size=1, max_size=100))
def test_every_value_is_drawn_inside_and_zero_at_the_bottom(numbers: list[int]) -> None:
    drawn = chart(days(list(numbers)), Granularity.DAY)
    for spot, number in zip(drawn.spots, numbers, strict=True):
        assert spot.y is not None
        assert 0 <= spot.x <= 100
        assert TOP <= spot.y <= HEIGHT
        assert number or spot.y == HEIGHT
    assert drawn.gridlines[0].y == HEIGHT
    assert drawn.gridlines[-1].y == TOP


@given(st.lists(counts, min_size=2, max_size=100))
def test_a_larger_value_is_never_drawn_lower(numbers: list[int]) -> None:
    spots = sorted(chart(days(list(numbers)), Granularity.DAY).spots, key=lambda spot: spot.value.now or 0)
    heights = [spot.y for spot in spots if spot.y is not None]
    assert heights == sorted(heights, reverse=True)


def test_the_unfinished_slot_is_dashed_from_the_last_finished_one() -> None:
    drawn = chart(days([4, 8, 2], unfinished=True), Granularity.DAY)
    assert points(drawn.line) == [(0, drawn.spots[0].y), (500, drawn.spots[1].y)]
    assert points(drawn.dashed) == [(500, drawn.spots[1].y), (BOX_WIDTH, drawn.spots[2].y)]


def test_nothing_is_dashed_when_all_is_finished() -> None:
    drawn = chart(days([4, 8, 2]), Granularity.DAY)
    assert drawn.dashed == ""
    assert len(points(drawn.line)) == 3


def test_slots_that_have_not_begun_have_a_place_and_no_value() -> None:
    drawn = chart(days([4, 8, None, None], [1, 2, 3, 4], unfinished=True), Granularity.DAY)
    assert [spot.y is None for spot in drawn.spots] == [False, False, True, True]
    assert points(drawn.area)[-2:] == [(pytest.approx(drawn.spots[1].x * 10), HEIGHT), (0, HEIGHT)]
    assert len(points(drawn.line_before)) == 4
    assert drawn.last is drawn.spots[1]
    assert drawn.last_index == 1


def test_a_value_that_stands_alone_is_a_dot() -> None:
    first_hour = chart(days([4, None, None], unfinished=True), Granularity.HOUR)
    assert first_hour.alone == (first_hour.spots[0],)
    assert first_hour.line == first_hour.dashed == first_hour.area == ""
    single = chart(days([4]), Granularity.DAY)
    assert [spot.x for spot in single.alone] == [50]


def test_the_comparison_has_a_say_in_the_scale() -> None:
    drawn = chart(days([1, 2], [900, 1]), Granularity.DAY)
    assert drawn.gridlines[-1].value >= 900
    assert drawn.highest is drawn.spots[1]


def test_a_chart_of_zeros_has_no_highest() -> None:
    assert chart(days([0, 0]), Granularity.DAY).highest is None


def test_a_chart_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one slot"):
        chart([], Granularity.DAY)


@given(st.integers(1, 120), st.sampled_from([Granularity.HOUR, Granularity.DAY, Granularity.MONTH]))
def test_labels_are_few_and_inside(count: int, granularity: Granularity) -> None:
    labels = chart(days([1] * count), granularity).labels
    assert 1 <= len(labels) <= 8
    assert sum(label.narrow for label in labels) <= 4
    assert all(label.anchor == "start" for label in labels if label.x < 2)
    assert all(label.anchor == "end" for label in labels if label.x > 98)


def test_slots_in_words() -> None:
    at = datetime(2026, 11, 3, 14, tzinfo=UTC)
    assert slot_words(at, Granularity.HOUR) == "Tue 3 Nov 2026, 14:00"
    assert slot_words(at, Granularity.DAY) == "Tue 3 Nov 2026"
    assert slot_words(at, Granularity.MONTH) == "November 2026"
    assert axis_words(at, Granularity.HOUR, first=False) == "14:00"
    assert axis_words(at.replace(hour=0), Granularity.HOUR, first=False) == "3 Nov"
    assert axis_words(at, Granularity.DAY, first=True) == "3 Nov"
    assert axis_words(at, Granularity.MONTH, first=False) == "Nov"
    assert axis_words(at.replace(month=1), Granularity.MONTH, first=False) == "Jan 2026"


def test_the_first_month_shown_of_a_year_says_the_year() -> None:
    months = [datetime(2024 + (10 + index) // 12, (10 + index) % 12 + 1, 1, tzinfo=UTC) for index in range(24)]
    labels = chart([Value(month, 1, None, None, False) for month in months], Granularity.MONTH).labels
    assert [label.words for label in labels][:3] == ["Nov 2024", "Feb 2025", "May"]
    assert [label.words for label in labels if "2026" in label.words] == ["Feb 2026"]
