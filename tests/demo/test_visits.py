"""The plan of the generated visitors: the same for the same seed, within bounds, and of a believable shape."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.visits import DAY, MINUTE, OLDEST, Visit, plan, trickle

ELEMENT_EVENTS = ("mouseover", "click", "focus", "blur")
GOODS = ("view_item", "add_to_cart", "begin_checkout", "purchase")
NOW = 1_764_000_000_000


@pytest.fixture(scope="module")
def visits() -> list[Visit]:
    return plan(seed=7, now=NOW, visitors=400, days=30)


def opened(visits: list[Visit], path: str) -> int:
    return sum(step.path.split("?")[0] == path for visit in visits for step in visit.steps if step.name == "pageview")


def test_the_same_seed_gives_the_same_plan(visits: list[Visit]) -> None:
    assert plan(seed=7, now=NOW, visitors=400, days=30) == visits
    assert plan(seed=8, now=NOW, visitors=400, days=30) != visits


@given(
    seed=st.integers(0, 1000),
    now=st.integers(NOW, NOW + 400 * DAY),
    visitors=st.integers(1, 12),
    days=st.integers(1, 40),
)
def test_the_plan_keeps_to_its_bounds(seed: int, now: int, visitors: int, days: int) -> None:
    visits = plan(seed, now, visitors, days)
    assert len({visit.visitor for visit in visits}) <= visitors
    assert len({visit.session for visit in visits}) == len(visits)
    assert [visit.start for visit in visits] == sorted(visit.start for visit in visits)
    for visit in visits:
        times = [step.at for step in visit.steps]
        assert times == sorted(times)
        assert now - min(days * DAY, OLDEST) <= visit.start
        assert visit.end < now
        assert visit.steps[0].name == "pageview"


def test_nobody_is_in_two_sessions_at_once(visits: list[Visit]) -> None:
    of: dict[str, list[Visit]] = {}
    for visit in visits:
        of.setdefault(visit.visitor, []).append(visit)
    assert all(later.start - earlier.end > 30 * MINUTE for each in of.values() for earlier, later in pairwise(each))


def test_a_few_hundred_people_come_and_many_come_back(visits: list[Visit]) -> None:
    times = Counter(Counter(visit.visitor for visit in visits).values())
    assert sum(times.values()) > 390
    assert times[1] > 150
    assert sum(count for often, count in times.items() if often > 1) > 100


def test_evenings_are_busier_than_nights_and_sundays_than_tuesdays(visits: list[Visit]) -> None:
    started = [datetime.fromtimestamp(visit.start / 1000, tz=UTC) for visit in visits]
    hours = Counter(at.hour for at in started)
    assert sum(hours[hour] for hour in range(18, 22)) > 4 * sum(hours[hour] for hour in range(1, 5))
    days = Counter(at.weekday() for at in started)
    assert days[6] > days[1]


def test_every_source_and_campaign_brings_visits(visits: list[Visit]) -> None:
    first = [visit.steps[0] for visit in visits]
    assert {step.referrer for step in first} >= {"", "https://www.google.com/", "https://kitchenletters.example/"}
    queries = Counter(step.path.partition("?")[2] for step in first)
    assert queries["utm_source=news&utm_campaign=spring"] > 15
    assert queries["utm_source=kitchenletters&utm_medium=partner"] > 5


def test_fewer_at_every_step_towards_the_order(visits: list[Visit]) -> None:
    steps = [opened(visits, f"/demo/{page}/") for page in ("shop", "cart", "checkout", "thank-you")]
    assert steps[0] > steps[1] > steps[2] > steps[3] > 10


def test_every_kind_of_event_happens(visits: list[Visit]) -> None:
    names = Counter(step.name for visit in visits for step in visit.steps)
    assert set(names) == {*ELEMENT_EVENTS, *GOODS, "pageview", "engagement"}
    assert min(names.values()) > 15


def test_an_order_is_of_what_was_in_the_cart(visits: list[Visit]) -> None:
    orders = [step for visit in visits for step in visit.steps if step.name == "purchase"]
    assert len({step.attributes["transaction_id"] for step in orders}) == len(orders) > 15
    for visit in visits:
        added: Counter[str | int] = Counter()
        for step in visit.steps:
            if step.items:
                assert step.attributes["value"] == sum(int(i["price"]) * int(i["quantity"]) for i in step.items)
            if step.name == "add_to_cart":
                added.update(item["item_id"] for item in step.items)
            if step.name == "purchase":
                assert added == {item["item_id"]: item["quantity"] for item in step.items}
                added.clear()


def test_a_page_tells_how_long_it_was_looked_at(visits: list[Visit]) -> None:
    for visit in visits:
        views = [step.name for step in visit.steps if step.name in ("pageview", "engagement")]
        assert views == ["pageview", "engagement"] * (len(views) // 2)


def test_pages_load_in_believable_times(visits: list[Visit]) -> None:
    loads = sorted(
        int(step.attributes["load_ms"]) for visit in visits for step in visit.steps if step.name == "pageview"
    )
    assert loads[0] > 180
    assert 400 < loads[len(loads) // 2] < 1200
    assert loads[-1] < 20_000


def live(start: int) -> list[Visit]:
    return list(islice(trickle(seed=7, visitors=400, per_minute=2, start=start), 300))


@pytest.mark.parametrize("what", [lambda visit: visit.session, lambda visit: visit.tab])
def test_live_visits_are_others_after_each_start(what: Callable[[Visit], str]) -> None:
    assert live(NOW) == live(NOW)
    assert not {what(visit) for visit in live(NOW)} & {what(visit) for visit in live(NOW + 1)}


def test_live_visits_come_a_few_a_minute_and_often_from_known_people(visits: list[Visit]) -> None:
    coming = live(NOW)
    assert all(earlier.start <= later.start for earlier, later in pairwise(coming))
    assert coming[0].start > NOW
    assert 75 * MINUTE < coming[-1].start - NOW < 300 * MINUTE
    known = {visit.visitor for visit in visits}
    assert 90 < sum(visit.visitor in known for visit in coming) < 270
