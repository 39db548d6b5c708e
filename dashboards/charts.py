"""From a series of numbers to the geometry of a chart. Pure; parts/chart.html draws it.

Across, positions are percent of the width, so that a chart fills any width and its letters keep
their size. Down, they are pixels. Lines are drawn in a box 1,000 wide that is stretched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tracking.bitmaps.slots import Granularity

HEIGHT = 260
TOP = 12
BOX_WIDTH = 1000
MOST_GRIDLINES = 5
MOST_LABELS = 8
# Up to so many months the axis says the year once.
MONTHS = 12
NICE_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Value:
    """One slot of the series, and of the series it is compared with. None: it has no such slot."""

    start: datetime | None
    now: int | None
    start_before: datetime | None
    before: int | None
    unfinished: bool


@dataclass(frozen=True)
class Spot:
    """A value, and where it is drawn."""

    value: Value
    words: str
    words_before: str
    x: float
    y: float | None
    y_before: float | None


@dataclass(frozen=True)
class Gridline:
    value: int
    y: float


@dataclass(frozen=True)
class Label:
    """A word below the chart. `narrow`: also shown where there is little room."""

    words: str
    x: float
    anchor: str
    narrow: bool


@dataclass(frozen=True)
class Chart:
    """`line` is the finished part, `dashed` leads to the unfinished last slot; paths are empty where nothing is."""

    spots: tuple[Spot, ...]
    gridlines: tuple[Gridline, ...]
    labels: tuple[Label, ...]
    line: str
    dashed: str
    area: str
    line_before: str
    height: int = HEIGHT
    box_width: int = BOX_WIDTH
    # A line needs two points: what stands alone is drawn as a dot.
    alone: tuple[Spot, ...] = field(default=())

    @property
    def last(self) -> Spot:
        """The newest slot that has a value; where reading the chart begins."""
        return next((spot for spot in reversed(self.spots) if spot.y is not None), self.spots[-1])

    @property
    def highest(self) -> Spot | None:
        return max((spot for spot in self.spots if spot.value.now), key=lambda spot: spot.value.now or 0, default=None)

    @property
    def last_index(self) -> int:
        return self.spots.index(self.last)


def chart(values: Sequence[Value], granularity: Granularity) -> Chart:
    """The chart of `values`. Raises ValueError when there are none."""
    if not values:
        raise ValueError("A chart needs at least one slot.")
    numbers = [number for value in values for number in (value.now, value.before) if number is not None]
    ticks = nice_ticks(max(numbers, default=0))
    spots = tuple(_spot(value, index, len(values), ticks[-1], granularity) for index, value in enumerate(values))
    now = [spot for spot in spots if spot.y is not None]
    finished = [spot for spot in now if not spot.value.unfinished]
    joined = now[max(len(finished) - 1, 0) :] if len(finished) < len(now) else []
    return Chart(
        spots=spots,
        gridlines=tuple(Gridline(tick, height_of(tick, ticks[-1])) for tick in ticks),
        labels=_labels(spots, granularity),
        line=_path([(spot.x, spot.y) for spot in finished]),
        dashed=_path([(spot.x, spot.y) for spot in joined]),
        area=_area([(spot.x, spot.y) for spot in now]),
        line_before=_path([(spot.x, spot.y_before) for spot in spots]),
        alone=tuple(now) if len(now) == 1 else (),
    )


def nice_ticks(largest: int) -> list[int]:
    """Round whole numbers from 0 to at least `largest`: two to five, evenly apart."""
    gaps = MOST_GRIDLINES - 1
    needed = max(largest, 1) / gaps
    power = 10.0 ** (len(str(int(needed))) - 1)
    step = next(int(nice * power) for nice in NICE_STEPS if nice * power >= needed and (nice * power).is_integer())
    count = -(-max(largest, 1) // step)
    return [step * index for index in range(count + 1)]


def height_of(number: float, highest: int) -> float:
    """How far down `number` is drawn when `highest` is at the top. Zero is at the bottom, always."""
    return round(HEIGHT - (HEIGHT - TOP) * number / highest, 1)


def slot_words(start: datetime, granularity: Granularity) -> str:
    """A slot in full: `Tue 24 Nov 2026, 14:00`, `Tue 24 Nov 2026`, `November 2026`."""
    if granularity is Granularity.HOUR:
        return f"{start:%a} {start.day} {start:%b %Y, %H:%M}"
    if granularity is Granularity.DAY:
        return f"{start:%a} {start.day} {start:%b %Y}"
    return f"{start:%B %Y}"


def axis_words(start: datetime, granularity: Granularity, first: bool, new_year: bool = False) -> str:
    """A slot in short, for the axis. The first hour of a day says the day, a `new_year` the year."""
    if granularity is Granularity.HOUR:
        return f"{start.day} {start:%b}" if start.hour == 0 and not first else f"{start:%H:%M}"
    if granularity is Granularity.DAY:
        return f"{start.day} {start:%b}"
    return f"{start:%b %Y}" if first or new_year or start.month == 1 else f"{start:%b}"


def _spot(value: Value, index: int, count: int, highest: int, granularity: Granularity) -> Spot:
    return Spot(
        value=value,
        words=slot_words(value.start, granularity) if value.start else "",
        words_before=slot_words(value.start_before, granularity) if value.start_before else "",
        x=_across(index, count),
        y=None if value.now is None else height_of(value.now, highest),
        y_before=None if value.before is None else height_of(value.before, highest),
    )


def _across(index: int, count: int) -> float:
    return round(100 * index / (count - 1), 2) if count > 1 else 50.0


def _labels(spots: Sequence[Spot], granularity: Granularity) -> tuple[Label, ...]:
    """At most eight labels, evenly apart; every second one, at most four, also where there is little room."""
    dated = [(spot, spot.value.start) for spot in spots if spot.value.start is not None]
    step = -(-len(dated) // MOST_LABELS)
    if granularity is Granularity.HOUR:
        step = next(hours for hours in (1, 2, 3, 4, 6, 8, 12, 24) if hours >= step)
    chosen = dated[::step]
    years = [start.year for _, start in chosen]
    # The first label of its year that is shown: its January may be left out.
    is_new = [len(dated) > MONTHS and years.index(year) == index for index, year in enumerate(years)]
    return tuple(
        Label(axis_words(start, granularity, index == 0, is_new[index]), spot.x, _anchor(spot.x), index % 2 == 0)
        for index, (spot, start) in enumerate(chosen)
    )


def _anchor(x: float) -> str:
    if x < 2:
        return "start"
    return "end" if x > 98 else "middle"


Place = tuple[float, float | None]


def _path(places: Sequence[Place]) -> str:
    """A line through the places that have a height; empty when there are fewer than two."""
    drawn = [(x, y) for x, y in places if y is not None]
    if len(drawn) < 2:
        return ""
    return "M" + "L".join(f"{x * BOX_WIDTH / 100:g} {y:g}" for x, y in drawn)


def _area(places: Sequence[Place]) -> str:
    line = _path(places)
    if not line:
        return ""
    first, last = places[0][0] * BOX_WIDTH / 100, places[-1][0] * BOX_WIDTH / 100
    return f"{line}L{last:g} {HEIGHT}L{first:g} {HEIGHT}Z"
