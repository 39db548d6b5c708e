"""The sessions of the data set: who comes, when, and how much they do. Pure.

    visitors   one session each, and more by an activity that is Lomax (Pareto II, shape 1.2: a Zipf tail)
    sessions   n events, log-normal, a third of them one event; a pace between events, log-normal
    days       half of the visitors come first in the first quarter; who returns does so sooner rather than later
    hours      a day's curve, weekends at 70 %

A visitor's sessions are at least half an hour apart, as the drain would tell them apart. A visitor's
number is their place in the order of first visits, as the drain would number them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

DAY_MS = 86_400_000
GAP_MS = 30 * 60_000
SPARE = 1.4  # so many times the sessions needed are drawn: those that fall into another one go
MEAN_EVENTS = 5.9  # of a session, as `_lengths` draws them; the number drawn is trimmed, so it need not be exact
MOST_EVENTS = 200
ACTIVITY_SHAPE = 1.2
MOST_ACTIVE = 100.0
SLOWEST_MS = 600_000
# Share of a day's sessions that begin in each hour, from midnight.
HOURS = (2, 1, 1, 1, 1, 2, 3, 5, 6, 7, 7, 7, 7, 7, 7, 7, 7, 8, 9, 10, 11, 10, 7, 4)


@dataclass(frozen=True)
class Visits:
    """A row for each session, in the order of their starts (milliseconds from the first day's midnight)."""

    visitor: Array  # uint32, dense, by first visit
    start: Array  # int64
    pace: Array  # int32, milliseconds between its events
    events: Array  # int32
    first: Array  # bool: the visitor's first session


def draw(random: np.random.Generator, visitors: int, events: int, days: int, multiple_of: int) -> Visits:
    """Exactly so many visitors and events. `multiple_of`: session lengths are rounded up to it.

    Raises ValueError when there are too few events for each visitor to have a session.
    """
    mean = max(MEAN_EVENTS, 1.15 * multiple_of if multiple_of > 1 else 0)
    sessions = max(int(SPARE * events / mean), visitors)
    who = _who(random, visitors, sessions)
    length = _lengths(random, len(who), multiple_of)
    pace = np.minimum(random.lognormal(np.log(25_000), 0.9, len(who)), SLOWEST_MS).astype(np.int32)
    longest = days * DAY_MS - 1
    took = (length - 1).astype(np.int64) * pace
    start = np.minimum(_starts(random, who, visitors, days), longest - took)
    start = np.maximum(start, 0)
    order = np.lexsort((start, who))
    who, start, length, pace, took = (column[order] for column in (who, start, length, pace, took))
    apart, first = _apart(who, start, took)
    who, start, length, pace, first = (column[apart] for column in (who, start, length, pace, first))
    kept, length = _trimmed(random, length, first, events)
    who, start, length, pace, first = (column[kept] for column in (who, start, length, pace, first))
    order = np.lexsort((who, start))
    number = np.empty(visitors, np.uint32)
    number[who[order][first[order]]] = np.arange(visitors, dtype=np.uint32)
    return Visits(number[who[order]], start[order], pace[order], length[order], first[order])


def _who(random: np.random.Generator, visitors: int, sessions: int) -> Array:
    """Each visitor once, and the rest by activity."""
    activity = np.minimum(random.pareto(ACTIVITY_SHAPE, visitors), MOST_ACTIVE)
    more = random.poisson(activity * (max(sessions - visitors, 0) / activity.sum()))
    return np.repeat(np.arange(visitors, dtype=np.uint32), more + 1)


def _lengths(random: np.random.Generator, sessions: int, multiple_of: int) -> Array:
    drawn = np.minimum(random.lognormal(1.05, 1.15, sessions) + 0.3, MOST_EVENTS).astype(np.int32)
    drawn = np.maximum(drawn, 1)
    return -(-drawn // multiple_of) * multiple_of


def _starts(random: np.random.Generator, who: Array, visitors: int, days: int) -> Array:
    came = np.where(random.random(visitors) < 0.5, random.random(visitors) * days / 4, random.random(visitors) * days)
    came = np.minimum(came, days - 1.0)
    # The power puts returns near the first visit: retention falls quickly, then slowly.
    day = (came[who] + (days - came[who]) * random.random(len(who)) ** 1.8).astype(np.int64)
    weekend = (day % 7 >= 5) & (random.random(len(who)) < 0.3)
    day = np.maximum(np.where(weekend, day - day % 7 + 4 - random.integers(0, 5, len(who)), day), 0)
    share = np.cumsum(np.array(HOURS, np.float64)) / sum(HOURS)
    hour = np.searchsorted(share, random.random(len(who)))
    return np.minimum(day, days - 1) * DAY_MS + hour * 3_600_000 + random.integers(0, 3_600_000, len(who))


def _apart(who: Array, start: Array, took: Array) -> tuple[Array, Array]:
    """(sessions that begin late enough after all earlier ones of their visitor, which of all are a first)."""
    first = np.concatenate(([True], who[1:] != who[:-1]))
    span = np.int64(1) << np.int64(40)  # more than any time, so that visitors do not touch each other
    ends = np.maximum.accumulate(who.astype(np.int64) * span + start + took + GAP_MS)
    late = np.concatenate(([True], (who.astype(np.int64) * span + start)[1:] > ends[:-1]))
    return first | late, first


def _trimmed(random: np.random.Generator, length: Array, first: Array, events: int) -> tuple[Array, Array]:
    """(sessions to keep, all lengths): exactly `events`, every first session among them."""
    order = np.argsort(np.where(first, 0.0, 1.0) + random.random(len(length)) * 0.5)
    before = np.cumsum(length[order]) - length[order]
    if events < int(first.sum()) or before[-1] + length[order[-1]] < events:
        raise ValueError(f"{events} events do not fit {int(first.sum())} visitors.")
    room = np.minimum(length[order], events - before)
    if (room[first[order]] < 1).any():  # the firsts alone are too many: all of them shorter
        raise ValueError(f"{events} events are too few for {int(first.sum())} visitors.")
    length = length.copy()
    length[order] = np.maximum(room, 0)
    return length > 0, length
