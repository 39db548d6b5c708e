"""The events of the data set's sessions, as columns. Pure; numpy does the work.

A session's first event is a page view. The others are drawn by the names' weights, and then made to
follow each other as people do: who views an item puts it into the cart, who does may go on to pay.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bench.ground import tables
from bench.ground.visits import Visits

Array = npt.NDArray[Any]

# The share of a funnel's step that the next one follows at once, within the session.
FOLLOWS = (0.28, 0.42, 0.55)


@dataclass(frozen=True)
class Columns:
    """Events, a row each, in the order of their time.

    at         int64   milliseconds since 1970 (UTC)
    visitor    uint32  dense, in the order of first visits
    session    uint32  number of the session in the whole data set
    name       uint8   place in tables.NAMES
    page       uint16  the page the event was on; `tables.page_path`
    entry      uint16  the session's first page
    traits     uint32  the session's trait set; `Dataset.session_traits`
    plan       uint8   place in tables.PLANS: an attribute of the event, 0 for none
    member     bool    logged in
    load_ms    int32   how long a page view took to load, -1 for other events
    visible_ms int32   how long the page was looked at, 0 where the event does not tell
    money      int32   cents (EUR) of a purchase, 0 for other events
    """

    at: Array
    visitor: Array
    session: Array
    name: Array
    page: Array
    entry: Array
    traits: Array
    plan: Array
    member: Array
    load_ms: Array
    visible_ms: Array
    money: Array

    def __len__(self) -> int:
        return len(self.at)

    def rows(self, chosen: Any) -> Self:
        """The rows that an index, mask or slice chooses."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def followed_by(self, other: Self) -> Self:
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return type(self)(*(np.concatenate(pair) for pair in pairs))


def events_of(
    random: np.random.Generator, visits: Visits, number: int, traits: Array, member: Array, midnight: int
) -> Columns:
    """The events of `visits`, of which the first has the session number `number`.

    `traits`, `member`: of each session. `midnight`: ms since 1970 of the first day's.
    """
    n = visits.events
    total = int(n.sum())
    session = np.repeat(np.arange(len(n), dtype=np.uint32), n)
    first = np.cumsum(n) - n
    place = np.arange(total) - first[session]
    opening = place == 0
    name = _names(random, opening, total)
    view = name == tables.PAGEVIEW
    page = _pages(random, total)[np.maximum.accumulate(np.where(view, np.arange(total), 0))]
    wobble = np.where(opening, 0.0, random.random(total) * 0.8 - 0.4)
    at = midnight + visits.start[session] + ((place + wobble) * visits.pace[session]).astype(np.int64)
    at = np.minimum(at, (midnight + visits.start + (n - 1) * visits.pace.astype(np.int64))[session])
    bought = name == tables.PURCHASE
    plan_share = np.cumsum(tables.PLAN_WEIGHTS) / sum(tables.PLAN_WEIGHTS)
    made = Columns(
        at=at,
        visitor=visits.visitor[session],
        session=session + np.uint32(number),
        name=name,
        page=page,
        entry=page[first][session],
        traits=traits[session],
        plan=np.searchsorted(plan_share, random.random(total)).astype(np.uint8),
        member=member[session],
        load_ms=_log_normal(random, view, 900, 0.6, 60_000, otherwise=-1),
        visible_ms=_log_normal(random, name == tables.VISIBLE, 15_000, 1.1, 3_600_000, otherwise=0),
        money=_log_normal(random, bought, 4_500, 0.8, 2_000_000, otherwise=0),
    )
    return made.rows(np.lexsort((place, at)))


def _names(random: np.random.Generator, opening: Array, total: int) -> Array:
    share = np.cumsum([weight for _, weight in tables.NAMES])
    name = np.searchsorted(share / share[-1], random.random(total)).astype(np.uint8)
    name[opening] = tables.PAGEVIEW
    for step, chance in enumerate(FOLLOWS):
        after = np.concatenate(([False], name[:-1] == step)) & ~opening
        name[after & (random.random(total) < chance)] = step + 1
    return name


def _pages(random: np.random.Generator, total: int) -> Array:
    """Zipf with exponent 1 over all pages."""
    share = np.cumsum(1.0 / np.arange(1, tables.PAGES + 1))
    return np.searchsorted(share / share[-1], random.random(total)).astype(np.uint16)


def _log_normal(
    random: np.random.Generator, where: Array, median: float, sigma: float, most: int, otherwise: int
) -> Array:
    column = np.full(len(where), otherwise, np.int32)
    drawn = random.lognormal(np.log(median), sigma, int(where.sum()))
    column[where] = np.clip(drawn, 1, most).astype(np.int32)
    return column
