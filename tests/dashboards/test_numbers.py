"""Numbers, changes and ranges as the pages write them."""

from datetime import date

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from dashboards.ranges import DayRange
from dashboards.reports.overview import Figure
from dashboards.templatetags import numbers


def rendered(text: str, **context: object) -> str:
    return Template("{% load numbers %}" + text).render(Context(context))


def words(figure: Figure) -> str:
    """What a screen reader says of a change: the words without the drawing."""
    html = rendered("{% change figure %}", figure=figure)
    while "<" in html:
        html = html.partition("<")[0] + html.partition(">")[2]
    return " ".join(word for word in html.replace("\n", " ").split(" ") if word)


def test_digits_are_grouped_by_thin_spaces_that_no_line_breaks_at() -> None:
    assert numbers.grouped(999) == "999"
    assert numbers.grouped(1234567) == "1\u202f234\u202f567"
    assert numbers.grouped(-1234) == "\u22121\u202f234"


@pytest.mark.parametrize(
    ("number", "short"),
    [
        (0, "0"),
        (9999, "9\u202f999"),
        (10_000, "10k"),
        (12_345, "12.3k"),
        (99_999, "99.9k"),
        (100_500, "100k"),
        (999_999, "999k"),
        (1_000_000, "1M"),
        (2_550_000_000, "2.5bn"),
        (-12_345, "\u221212.3k"),
    ],
)
def test_large_numbers_are_short(number: int, short: str) -> None:
    assert numbers.compact(number) == short


@given(st.integers(10_000, 10**12))
def test_a_short_number_never_says_more_than_there_is(number: int) -> None:
    scale = {"k": 10**3, "M": 10**6, "n": 10**9}
    text = numbers.compact(number)
    said = float(text.removesuffix("bn").rstrip("kM")) * scale[text[-1]]
    unit = scale[text[-1]]
    assert said <= number < said + (unit / 10 if said < 100 * unit else unit)


def test_a_short_number_has_the_exact_one_beside_it() -> None:
    html = rendered("{% number 12345 %}")
    assert 'title="12\u202f345"' in html
    assert '<span aria-hidden="true">12.3k</span>' in html
    assert '<span class="visually-hidden">12\u202f345</span>' in html
    assert rendered("{% number 42 %}") == '<span class="number">42</span>'


def test_a_change_is_sign_percent_and_word_with_its_base() -> None:
    assert words(Figure(now=125, before=100)) == "+25.0% more than 100"
    assert words(Figure(now=92, before=100)) == "\u22128.0% fewer than 100"
    assert words(Figure(now=12_000, before=1)) == "+1\u202f199\u202f900% more than 1"
    assert words(Figure(now=0, before=3)) == "\u2212100.0% fewer than 3"


def test_no_change_is_said_in_words() -> None:
    assert words(Figure(now=5, before=5)) == "no change"
    assert words(Figure(now=0, before=0)) == "no change"
    assert words(Figure(now=5, before=0)) == "none before"


def test_a_change_has_an_arrow() -> None:
    up = rendered("{% change figure %}", figure=Figure(2, 1))
    down = rendered("{% change figure %}", figure=Figure(1, 2))
    assert "<svg" in up
    assert "<svg" in down
    assert up.partition("<path")[2].partition("/>")[0] != down.partition("<path")[2].partition("/>")[0]


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 24), date(2026, 11, 24), "24 Nov 2026"),
        (date(2026, 11, 1), date(2026, 11, 24), "1 to 24 Nov 2026"),
        (date(2026, 10, 25), date(2026, 11, 23), "25 Oct to 23 Nov 2026"),
        (date(2025, 12, 30), date(2026, 1, 2), "30 Dec 2025 to 2 Jan 2026"),
    ],
)
def test_ranges_in_words(first: date, last: date, text: str) -> None:
    assert numbers.range_words(DayRange(first, last)) == text


def test_bars_are_measured_by_the_largest() -> None:
    assert numbers.bar_width(50, 80) == "62.5"
    assert numbers.bar_width(80, 80) == "100.0"
    assert numbers.bar_width(0, 0) == "0"


def test_no_change_is_claimed_while_the_range_is_not_over() -> None:
    shown = Template("{% load numbers %}{% change figure True %}").render(Context({"figure": Figure(2, 37)}))
    assert "so far; 37 before, in all" in shown
    assert "fewer" not in shown
