"""What the dashboard's pages show, made ready for their templates. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from dashboards.charts import Value
from dashboards.ranges import DEFAULT_PERIOD, PERIODS, DayRange
from dashboards.reports.overview import Figure, Overview, Point, Row
from tracking.drops import Drop

# metric in the address -> (word on the page, what it counts)
METRICS = {
    "visitors": ("Visitors", "Browsers or devices seen, each counted once in the range"),
    "sessions": ("Sessions", "Visits; one ends after 30 minutes without an event, or with a new campaign"),
    "pageviews": ("Pageviews", "Pages shown, repeats included"),
    "events": ("Events", "Everything that was tracked, pageviews included"),
}
DEFAULT_METRIC = "visitors"
# Keys that set a range; the dialog of keys lists them too.
PERIOD_KEYS = {"today": "d", "7d": "w", "30d": "m", "12m": "y"}


@dataclass(frozen=True)
class Choice:
    """One entry of a menu or of the row of numbers: its words, its address, and whether it is chosen."""

    name: str
    words: str
    query: str
    chosen: bool
    key: str = ""


@dataclass(frozen=True)
class Number:
    choice: Choice
    explanation: str
    figure: Figure


@dataclass(frozen=True)
class Table:
    """A table of the overview. `thing` heads its first column, `counted` its last."""

    name: str
    title: str
    thing: str
    counted: str
    empty: str
    rows: Sequence[Row]

    @property
    def largest(self) -> int:
        return max((row.count for row in self.rows), default=0)


@dataclass(frozen=True)
class Reason:
    """Why events were not taken, with the count of each day, the oldest first."""

    explanation: str
    by_day: tuple[int, ...]
    total: int


def periods(query: Mapping[str, str], metric: str) -> list[Choice]:
    """The menu of date ranges. None is chosen while own dates are."""
    own = "from" in query or "to" in query
    chosen = "" if own else query.get("period", DEFAULT_PERIOD)
    return [
        Choice(name, words, _query({"period": name}, metric), name == chosen, PERIOD_KEYS.get(name, ""))
        for name, (words, _) in PERIODS.items()
    ]


def numbers(report: Overview, query: Mapping[str, str], metric: str) -> list[Number]:
    """The big numbers; each is also the choice of what the chart shows."""
    dates = {name: query[name] for name in ("period", "from", "to") if name in query}
    return [
        Number(Choice(name, words, _query(dates, name), name == metric), explanation, getattr(report, name))
        for name, (words, explanation) in METRICS.items()
    ]


def _query(dates: Mapping[str, str], metric: str) -> str:
    return "?" + urlencode({**dates, "metric": metric} if metric != DEFAULT_METRIC else dict(dates))


def series(report: Overview, metric: str) -> list[Value]:
    """The slots of the chart, each beside the slot of the same place in the range before.

    Where the range is not over yet, its remaining slots are there without a number.
    """
    now, before = report.points, report.points_before
    return [
        Value(
            start=point.start,
            now=_number(now, index, metric),
            start_before=before[index].start if index < len(before) else None,
            before=_number(before, index, metric),
            unfinished=point.unfinished,
        )
        for index, point in enumerate(now)
    ]


def _number(points: Sequence[Point], index: int, metric: str) -> int | None:
    if index >= len(points) or points[index].future:
        return None
    return int(getattr(points[index], metric))


def tables(report: Overview) -> list[Table]:
    return [
        Table("pages", "Top pages", "Page", "Views", "No page was viewed in this range.", report.top_pages),
        Table("sources", "Top sources", "Source", "Sessions", "No session began in this range.", report.top_sources),
        Table(
            "campaigns",
            "Top campaigns",
            "Campaign",
            "Sessions",
            "No session came from a campaign. Add utm_campaign= to the links you share, and it is counted here.",
            report.top_campaigns,
        ),
        Table("events", "Top events", "Event", "Events", "No event came in this range.", report.top_events),
    ]


def reasons(drops: Sequence[Drop], days: Sequence[date]) -> list[Reason]:
    """The drops by reason, the most frequent first, each with its count on every one of `days`."""
    counts: dict[str, dict[date, int]] = {}
    for drop in drops:
        by_day = counts.setdefault(drop.explanation, {})
        by_day[drop.day] = by_day.get(drop.day, 0) + drop.count
    found = [
        Reason(explanation, tuple(by_day.get(day, 0) for day in days), sum(by_day.values()))
        for explanation, by_day in counts.items()
    ]
    return sorted(found, key=lambda reason: (-reason.total, reason.explanation))


def chosen_words(choices: Sequence[Choice], days: DayRange, words: str) -> str:
    """What the date menu is called: the chosen period's words, else the dates in `words`."""
    return next((choice.words for choice in choices if choice.chosen), words)
