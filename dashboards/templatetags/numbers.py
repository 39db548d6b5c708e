"""Numbers, changes and ranges as the pages write them."""

from datetime import date, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards.ranges import DayRange
from dashboards.reports.overview import Figure

register = template.Library()

# A narrow space that no line breaks at: 12 345.
THIN_SPACE = "\u202f"
MINUS = "\u2212"
COMPACT_FROM = 10_000
SCALES = ((1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k"))


@register.filter
def grouped(number: int) -> str:
    """`12345` as `12 345`."""
    return f"{number:,}".replace(",", THIN_SPACE).replace("-", MINUS)


@register.filter
def compact(number: int) -> str:
    """`12345` as `12.3k`; up to 9,999 in full. Cut off, not rounded up: 999,999 is no million."""
    size = abs(number)
    if size < COMPACT_FROM:
        return grouped(number)
    scale, letter = next((scale, letter) for scale, letter in SCALES if size >= scale)
    tenths = size * 10 // scale
    text = f"{tenths / 10:.1f}" if tenths < 1000 else str(tenths // 10)
    return (MINUS if number < 0 else "") + text.removesuffix(".0") + letter


@register.simple_tag
def number(value: int) -> SafeString:
    """A number on a page: compact for the eye, exact on hover and for screen readers."""
    if abs(value) < COMPACT_FROM:
        return format_html('<span class="number">{}</span>', grouped(value))
    return format_html(
        '<span class="number" title="{exact}"><span aria-hidden="true">{short}</span>'
        '<span class="visually-hidden">{exact}</span></span>',
        exact=grouped(value),
        short=compact(value),
    )


@register.filter
def percent(share: float) -> str:
    """`0.125` as `+12.5%`, always signed, with one decimal; from ten times up without."""
    sign = MINUS if share < 0 else "+"
    size = abs(share) * 100
    return f"{sign}{size:.1f}%" if size < 1000 else f"{sign}{grouped(round(size))}%"


@register.inclusion_tag("parts/change.html")
def change(figure: Figure, unfinished: bool = False) -> dict[str, object]:
    """How a figure changed: arrow, sign, percent and word, with the number it is measured against.

    While the range is not over, no change is claimed: a part of a day is not less than a whole one.
    """
    if unfinished and figure.before:
        return {"course": "unfinished", "figure": figure}
    share = figure.change
    if share is None:
        return {"course": "new" if figure.now else "same", "figure": figure}
    course = "same" if figure.now == figure.before else "up" if figure.now > figure.before else "down"
    return {"course": course, "percent": percent(share), "figure": figure}


@register.filter
def day_words(day: date | datetime) -> str:
    """`24 Nov 2026`."""
    return f"{day.day} {day:%b %Y}"


@register.filter
def range_words(days: DayRange) -> str:
    """`24 Nov 2026`, `1 to 24 Nov 2026`, `25 Oct to 23 Nov 2026` or `30 Dec 2025 to 2 Jan 2026`."""
    first, last = days.first, days.last
    if first == last:
        return day_words(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day_words(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%b} to {day_words(last)}"
    return f"{day_words(first)} to {day_words(last)}"


@register.filter
def bar_width(count: int, largest: int) -> str:
    """The width of a row's faint bar, in percent of the largest: `62.5`."""
    return f"{100 * count / largest:.1f}" if largest else "0"
