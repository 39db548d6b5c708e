"""The data set of the benchmarks: the same from the same seed, as much as was asked for, and heavy-tailed."""

import json
import uuid
from dataclasses import fields, replace

import numpy as np
import pytest

from bench.dataset import Dataset, Shape, describe, event_traits
from bench.ground import tables
from bench.ground.columns import Columns
from bench.ground.visits import DAY_MS, GAP_MS
from bench.ground.wire import requests
from tracking import wire
from tracking.bitmaps import traits
from tracking.enrichment.bots import is_bot

SMALL = Shape(events=60_000)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Dataset(SMALL)


@pytest.fixture(scope="module")
def days(data: Dataset) -> list[Columns]:
    return list(data.days())


def test_the_same_seed_makes_the_same_data(days: list[Columns]) -> None:
    for one, other in zip(days, Dataset(SMALL).days(), strict=True):
        for field in fields(Columns):
            assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_another_seed_makes_other_data(days: list[Columns]) -> None:
    other = next(Dataset(replace(SMALL, seed=7)).days())
    assert not np.array_equal(days[0].at[:100], other.at[:100])


def test_there_are_just_as_many_events_and_visitors_as_asked_for(days: list[Columns]) -> None:
    assert sum(map(len, days)) == SMALL.events
    seen = np.unique(np.concatenate([day.visitor for day in days]))
    assert np.array_equal(seen, np.arange(SMALL.visitors))


def test_each_day_holds_its_own_events_in_the_order_of_their_time(days: list[Columns]) -> None:
    for number, day in enumerate(days):
        assert (np.diff(day.at) >= 0).all()
        assert ((day.at - SMALL.midnight) // DAY_MS == number).all()


def test_visitors_are_numbered_in_the_order_of_their_first_visit(data: Dataset) -> None:
    first = data.visits.first
    assert np.array_equal(data.visits.visitor[first], np.arange(SMALL.visitors))


def test_the_sessions_of_a_visitor_are_apart(days: list[Columns]) -> None:
    at, visitor, session = (
        np.concatenate([getattr(day, name) for day in days]) for name in ("at", "visitor", "session")
    )
    order = np.lexsort((at, visitor))
    gaps, same = np.diff(at[order]), np.diff(visitor[order].astype(int)) == 0
    new = np.diff(session[order].astype(int)) != 0
    assert gaps[same & new].min() >= GAP_MS
    assert gaps[same & ~new].max() < GAP_MS


def test_a_session_opens_with_the_page_view_of_its_entry(days: list[Columns]) -> None:
    session, name, page, entry = (
        np.concatenate([getattr(day, field) for day in days]) for field in ("session", "name", "page", "entry")
    )
    _, opening = np.unique(session, return_index=True)
    assert (name[opening] == tables.PAGEVIEW).all()
    assert np.array_equal(page[opening], entry[opening])


def test_it_is_as_uneven_as_sites_are(data: Dataset) -> None:
    found = describe(data)
    assert found["visitors_who_did_view_item"] >= 0.3  # the funnel's first step
    steps = [found[f"visitors_who_did_{name}"] for name in tables.FUNNEL]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] > 0.02
    assert found["share_of_events_of_top_percent"] > 0.12
    assert found["share_of_views_of_top_ten_pages"] > 0.25
    assert 0.2 < found["share_of_sessions_with_one_event"] < 0.5
    assert 12 <= found["traits_an_event"] <= 14
    assert found["revenue_eur"] > 0


def test_traits_are_spelled_as_the_product_spells_them(data: Dataset, days: list[Columns]) -> None:
    found = [trait for code in days[0].traits[:500].tolist() for trait in data.session_traits(code).split("\n")]
    found += event_traits(tables.PAGEVIEW, 3, 2, member=True).split("\n")
    families = {"everyone", "evt", "page", "attr", "who", "src", "chan", "ref", "utm", "cfg", "lang", "geo"}
    assert {traits.family(trait) for trait in found} == families
    assert {"everyone", "who:new", "evt:pageview", "page:/blog/0003", "attr:plan:starter", "who:member"} <= set(found)


def test_the_agents_are_browsers_and_differ() -> None:
    assert not any(is_bot(agent.user_agent) for agent in tables.AGENTS)
    assert len({agent.user_agent for agent in tables.AGENTS}) == len(tables.AGENTS)


def test_requests_are_taken_by_the_collectors_decoder_and_hold_every_event_once(
    data: Dataset, days: list[Columns]
) -> None:
    batches = [wire.decode(sent.body) for sent in requests(data, days[3], account_id=7)]
    assert sum(len(batch.events) for batch in batches) == len(days[3])
    assert max(len(batch.events) for batch in batches) == 10
    numbers = [(batch.queue, event.n) for batch in batches for event in batch.events]
    assert len(set(numbers)) == len(numbers)
    assert all(isinstance(batch.session, uuid.UUID) for batch in batches)


def test_whole_batches_have_ten_events_each() -> None:
    whole = Dataset(replace(SMALL, multiple_of=10))
    sent = list(requests(whole, next(whole.days()), account_id=7))
    assert {len(json.loads(one.body)["events"]) for one in sent} <= set(range(1, 11))
    assert np.mean([len(json.loads(one.body)["events"]) == 10 for one in sent]) > 0.99  # but for midnight's
