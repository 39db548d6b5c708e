"""Who visited the demo shop, when, and what they did: a plan, made from a seed alone. Pure.

The same seed, time and size always give the same visits. Times are milliseconds since 1970.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from demo.journeys import Step, walk
from demo.people import LETTER_DAYS, Person, Source, people, source_of_return, uuid_from

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# The collector takes events up to 30 days old; an hour is left for the playing itself.
OLDEST = 30 * DAY - HOUR

# How busy each hour (UTC) and each weekday is, Monday first.
HOURS = (3, 2, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 14, 12, 10, 10, 11, 12, 14, 17, 19, 18, 12, 6)
WEEKDAYS = (10, 9, 9, 10, 9, 12, 14)


@dataclass(frozen=True)
class Visit:
    """One session of one visitor. `steps` are in the order in which they happened."""

    visitor: str
    session: str
    tab: str
    agent: str
    steps: tuple[Step, ...]

    @property
    def start(self) -> int:
        return self.steps[0].at

    @property
    def end(self) -> int:
        return self.steps[-1].at


def plan(seed: int, now: int, visitors: int, days: int) -> list[Visit]:
    """The visits of the `days` before `now`, by their start. Nobody is on two pages at once."""
    random_ = random.Random(seed)  # noqa: S311 - visitors, not secrets
    oldest = now - min(days * DAY, OLDEST)
    found: list[Visit] = []
    for person in people(random_, visitors):
        free_from = oldest
        for at, source in sorted(_times(random_, person, oldest, now), key=lambda pair: pair[0]):
            visit = visit_of(random_, person, source, max(at, free_from))
            if visit.end >= now:
                break
            found.append(visit)
            # The next visit of a person is another session: more than half an hour lies between.
            free_from = visit.end + 40 * MINUTE
    return sorted(found, key=lambda visit: (visit.start, visit.visitor))


def visit_of(random_: random.Random, person: Person, source: Source, at: int) -> Visit:
    steps = walk(random_, person, source, at)
    return Visit(person.id, uuid_from(random_), f"{random_.getrandbits(48):012x}", person.agent, tuple(steps))


def trickle(seed: int, visitors: int, per_minute: float, start: int) -> Iterator[Visit]:
    """Visits from `start` on, without an end. Two of three are by people of the plan with this seed."""
    random_ = random.Random(seed)  # noqa: S311
    known = people(random_, visitors)
    # Not the plan's own numbers again, and others after each start.
    random_ = random.Random(f"{seed} {start}")  # noqa: S311
    at, busy_until = start, dict[str, int]()
    while True:
        at += round(random_.expovariate(per_minute) * MINUTE)
        person = random_.choice(known) if random_.random() < 2 / 3 else people(random_, 1)[0]
        if busy_until.get(person.id, 0) > at:
            continue
        returns = person in known
        visit = visit_of(random_, person, source_of_return(random_, person) if returns else person.source, at)
        if returns:
            busy_until[person.id] = visit.end + 40 * MINUTE
        yield visit


def _times(random_: random.Random, person: Person, oldest: int, now: int) -> list[tuple[int, Source]]:
    """When `person` comes and from where: first by their own source, later as people come back."""
    first = _first_time(random_, person, oldest, now)
    times = [(first, person.source)]
    at = first
    for _ in range(person.returns):
        at += round(random_.expovariate(1 / 4) * DAY) + HOUR
        # Back at an hour of the day when people are up.
        at = _at_a_busy_hour(random_, at - at % DAY)
        if first < at < now:
            times.append((at, source_of_return(random_, person)))
    return times


def _first_time(random_: random.Random, person: Person, oldest: int, now: int) -> int:
    days = max(1, math.ceil((now - oldest) / DAY))
    first_day = now - now % DAY - (days - 1) * DAY
    starts = [first_day + n * DAY for n in range(days)]
    # The shop grows a little; the letter brings its readers on the days when it goes out.
    weights = [WEEKDAYS[_day(start).weekday()] * (1 + n / days) for n, start in enumerate(starts)]
    if person.source.letter:
        weights = [1 + 60 * (days - n in LETTER_DAYS) + 20 * (days - n + 1 in LETTER_DAYS) for n in range(days)]
    while True:
        at = _at_a_busy_hour(random_, random_.choices(starts, weights)[0])
        if oldest <= at < now:
            return at


def _at_a_busy_hour(random_: random.Random, day: int) -> int:
    hour = random_.choices(range(24), HOURS)[0]
    return day + hour * HOUR + random_.randrange(HOUR)


def _day(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, tz=UTC)
