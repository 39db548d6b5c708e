"""The data set of the benchmarks: one shop's events, made from a seed, streamed by day.

    Shape ──► Visits (all sessions) ──► for each day: Columns (its events, by time)
                 visits.py                  columns.py

Heavy-tailed as real sites are: Pareto activity, log-normal session lengths, Zipf pages and countries.
Each part draws from a generator of its own (numpy's PCG64 seeded with the seed, the part and the day),
so a day is the same whether or not others were made. The same seed makes the same data with the same
numpy; its streams may differ between feature releases (numpy's NEP 19).

    python -m bench.dataset --describe [--events N] [--seed S]     the distributions, and how fast it is made
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.ground import tables, visits
from bench.ground.columns import Columns, events_of
from bench.ground.visits import DAY_MS, Visits
from tracking.arrival import Arrival, arrival
from tracking.bitmaps import traits
from tracking.description import session_traits
from tracking.enrichment.devices import Device, device
from tracking.stream import Packet

Array = npt.NDArray[Any]

EVENTS = 60_000_000
EVENTS_A_VISITOR = 30
DAYS = 30
MIDNIGHT = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp() * 1000)  # of the first day, ms since 1970
PROFILES = 20_000  # as many combinations of device, screen, country and language
MEMBERS = 0.15  # of the visitors, who are logged in from their second session on
TABLES, OF_DAYS = 0, 1  # the two kinds of generators


class Profile(NamedTuple):
    """What a visitor's browser says of them. `agent`: place in tables.AGENTS."""

    agent: int
    screen: str
    country: str
    language: str


@dataclass(frozen=True)
class Shape:
    """How much there is. `multiple_of`: session lengths are rounded up to it, for batches of one size."""

    events: int = EVENTS
    seed: int = 2026
    days: int = DAYS
    midnight: int = MIDNIGHT
    multiple_of: int = 1

    @property
    def visitors(self) -> int:
        return max(self.events // EVENTS_A_VISITOR, 1)


@dataclass(frozen=True)
class Dataset:
    shape: Shape = Shape()

    @cached_property
    def visits(self) -> Visits:
        """Every session there is: about 25 bytes of memory for each, and five times that while it is made."""
        shape = self.shape
        return visits.draw(self._random(TABLES, 0), shape.visitors, shape.events, shape.days, shape.multiple_of)

    @cached_property
    def profiles(self) -> list[Profile]:
        random = self._random(TABLES, 1)
        agents = _drawn(random, [agent.weight for agent in tables.AGENTS], PROFILES)
        # Zipf with exponent 1.
        countries = _drawn(random, [1 / (rank + 1) for rank in range(len(tables.COUNTRIES))], PROFILES)
        return [self._profile(random, *pair) for pair in zip(agents.tolist(), countries.tolist(), strict=True)]

    def days(self) -> Iterator[Columns]:
        """The events of each day (UTC), in the order of their time. A day of 2 million is about 400 MB while made."""
        later: Columns | None = None  # of sessions that go on after midnight
        starts = self.visits.start // DAY_MS
        for day in range(self.shape.days):
            first, end = np.searchsorted(starts, [day, day + 1])
            made = self._events(day, int(first), int(end))
            if later is not None:
                made = later.followed_by(made)
                made = made.rows(np.argsort(made.at, kind="stable"))
            of_day = int(np.searchsorted(made.at, self.shape.midnight + (day + 1) * DAY_MS))
            later = made.rows(slice(of_day, None))
            yield made.rows(slice(0, of_day))

    def session_traits(self, code: int) -> str:
        """The traits of a session with that code, a line each, as the drain would note them."""
        profile, came, first = self.parts(code)
        return _session_traits(self.profiles[profile], came, first)

    def parts(self, code: int) -> tuple[int, int, bool]:
        """(place in `profiles`, place in tables.ARRIVALS, whether it is the visitor's first session)."""
        rest, first = divmod(code, 2)
        profile, came = divmod(rest, len(tables.ARRIVALS))
        return profile, came, bool(first)

    def _events(self, day: int, first: int, end: int) -> Columns:
        random = self._random(OF_DAYS, day)
        some = self.visits
        of_day = Visits(*(column[first:end] for column in vars(some).values()))
        profile = self._profile_of_visitor[of_day.visitor]
        came = _drawn(random, [came.weight for came in tables.ARRIVALS], end - first)
        # Half of the returning know the address.
        came = np.where(~of_day.first & (random.random(end - first) < 0.5), 0, came)
        codes = ((profile * len(tables.ARRIVALS) + came) * 2 + of_day.first).astype(np.uint32)
        member = self._is_member[of_day.visitor] & ~of_day.first
        return events_of(random, of_day, first, codes, member, self.shape.midnight)

    @cached_property
    def _profile_of_visitor(self) -> Array:
        return self._random(TABLES, 2).integers(0, PROFILES, self.shape.visitors)

    @cached_property
    def _is_member(self) -> Array:
        return self._random(TABLES, 3).random(self.shape.visitors) < MEMBERS

    def _profile(self, random: np.random.Generator, agent: int, country: int) -> Profile:
        screens = tables.AGENTS[agent].screens
        name = tables.COUNTRIES[country]
        # A tenth of the people of a country speak another language.
        language = tables.LANGUAGES.get(name if random.random() < 0.9 else "US", "en-US")
        return Profile(agent, screens[int(random.integers(0, len(screens)))], name, language)

    def _random(self, kind: int, number: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([self.shape.seed, kind, number]))


def event_traits(name: int, page: int, plan: int, member: bool) -> str:
    """The traits of an event itself, a line each."""
    return _event_traits(name, page if name == tables.PAGEVIEW else -1, plan, member)


def arrival_of(came: int) -> Arrival:
    """What the product makes of an address with that query and referrer."""
    query, referrer, _ = tables.ARRIVALS[came]
    return arrival(f"{tables.HOME}?{query}" if query else tables.HOME, referrer)


def device_of(agent: int) -> Device:
    return device(tables.AGENTS[agent].user_agent)


@lru_cache(maxsize=65_536)
def _event_traits(name: int, page: int, plan: int, member: bool) -> str:
    found = [traits.event(tables.NAMES[name][0])]
    if page >= 0:
        found.append(traits.page(tables.page_path(page)))
    if plan:
        found.append(traits.attribute("plan", tables.PLANS[plan]))
    if member:
        found.append(traits.MEMBER)
    return "\n".join(found)


@lru_cache(maxsize=65_536)
def _session_traits(profile: Profile, came: int, first: bool) -> str:
    packet = Packet(b"", b"", 0, [], user_agent=tables.AGENTS[profile.agent].user_agent)
    packet.language, packet.screen, packet.country = profile.language, profile.screen, profile.country
    return session_traits(packet, arrival_of(came), first)


def _drawn(random: np.random.Generator, weights: list[float], count: int) -> Array:
    share = np.cumsum(weights)
    return np.searchsorted(share / share[-1], random.random(count))


# --- What it is like --------------------------------------------------------------------------------


def describe(data: Dataset) -> dict[str, float]:
    """The statistics of a data set, after one pass over it. Shares are of 1."""
    shape, visit = data.shape, data.visits
    by_name = np.zeros(len(tables.NAMES), np.int64)
    did = np.zeros((len(tables.FUNNEL), shape.visitors), np.bool_)
    by_page = np.zeros(tables.PAGES, np.int64)
    by_visitor = np.zeros(shape.visitors, np.int64)
    noted, active, money = 0, 0, 0
    for events in data.days():
        by_name += np.bincount(events.name, minlength=len(by_name))
        by_page += np.bincount(events.page[events.name == tables.PAGEVIEW], minlength=len(by_page))
        by_visitor += np.bincount(events.visitor, minlength=len(by_visitor))
        for step in range(len(tables.FUNNEL)):
            did[step, events.visitor[events.name == step]] = True
        sample = events.rows(slice(0, None, max(len(events) // 2_000, 1)))
        noted += round(len(events) * _traits_an_event(data, sample))
        active += len(np.unique(events.visitor))
        money += int(events.money.sum())
    top = np.sort(by_visitor)[::-1]
    return {
        "events": float(by_visitor.sum()),
        "visitors": float((by_visitor > 0).sum()),
        "sessions": float(len(visit.events)),
        "events_a_session": float(visit.events.mean()),
        "share_of_sessions_with_one_event": float((visit.events == 1).mean()),
        "visitors_with_one_session": float((np.bincount(visit.visitor) == 1).mean()),
        "most_events_of_a_visitor": float(top[0]),
        "share_of_events_of_top_percent": float(top[: max(len(top) // 100, 1)].sum() / top.sum()),
        "active_visitors_a_day": active / shape.days,
        "pageviews": float(by_name[tables.PAGEVIEW] / by_name.sum()),
        "share_of_views_of_top_ten_pages": float(np.sort(by_page)[::-1][:10].sum() / by_page.sum()),
        **{f"visitors_who_did_{name}": float(did[step].mean()) for step, name in enumerate(tables.FUNNEL)},
        "revenue_eur": money / 100,
        "traits_an_event": noted / float(by_visitor.sum()),
    }


def _traits_an_event(data: Dataset, events: Columns) -> float:
    if not len(events):
        return 0.0
    own = zip(*(getattr(events, name).tolist() for name in ("name", "page", "plan", "member")), strict=True)
    lines = sum(event_traits(*row).count("\n") + 1 for row in own)
    return (lines + sum(data.session_traits(code).count("\n") + 1 for code in events.traits.tolist())) / len(events)


def main() -> None:
    parser = argparse.ArgumentParser(description="The data set of the benchmarks.")
    parser.add_argument("--describe", action="store_true", required=True, help="print its statistics")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--seed", type=int, default=Shape.seed)
    options = parser.parse_args()
    began = time.perf_counter()
    data = Dataset(replace(Shape(), events=options.events, seed=options.seed))
    for what, value in describe(data).items():
        print(f"{what.replace('_', ' '):36} {value:,.3f}")
    print(f"{'seconds to make and describe':36} {time.perf_counter() - began:,.1f}")


if __name__ == "__main__":
    main()
