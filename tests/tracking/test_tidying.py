"""Visitors who have not been there for a while: their records are short, and no number is another."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from cluster.connections import data
from properties.models import LayoutName, Property
from tests.chaos.scenes import happened, send
from tests.pipeline import NOW, drain, named_uuid, raw, view
from tests.tracking.archive.material import keys
from tests.tracking.late import (
    NOON,
    archive_all,
    archive_in,
    is_right,
    number,
    shape,
    tidied,
    visits,
    what_expires_is_gone,
)
from tracking import lookups, records, tidying
from tracking.erasure import erase_visitors
from tracking.keys import BUCKETS
from tracking.progress import progress
from tracking.tidying import ROUND_SECONDS, tidy
from tracking.visitors import Visitor

LONG_AGO = NOON - timedelta(days=5)
LONGEST_AT_REST = 64


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_in(settings, tmp_path, monkeypatch)


def record(prop: Property, visitor: str) -> bytes:
    own = named_uuid(visitor).bytes
    return bytes(raw().hget(keys(prop).visitors(own), own))


def of(prop: Property, visitor: str) -> Visitor:
    return records.decode(record(prop, visitor))


def test_who_was_not_there_for_two_days_keeps_little(prop: Property) -> None:
    visits(prop, "away", LONG_AGO, 0, 50)
    visits(prop, "here", NOON - timedelta(hours=47), 0)
    before = record(prop, "away"), record(prop, "here")
    assert tidied(prop, NOON) == 1
    assert len(record(prop, "away")) < LONGEST_AT_REST < len(before[0])
    assert record(prop, "here") == before[1]
    rested = of(prop, "away")
    assert (rested.last, rested.earlier, rested.sessions) == (None, [], 2)
    assert tidied(prop, NOON) == 0


def test_who_comes_back_is_returning_and_reads_nothing(prop: Property, monkeypatch: pytest.MonkeyPatch) -> None:
    visits(prop, "a", LONG_AGO, 0)
    assert tidied(prop, NOON) == 1
    monkeypatch.setattr(lookups, "recall", never)
    visits(prop, "a", NOON, 0, 10)
    assert shape(prop) == [(1, 0), (2, 10)]
    assert of(prop, "a").sessions == 2
    assert number(prop, f"{NOON:%Y-%m-%d}", "sessions", "who:returning") == 1
    assert number(prop, f"{NOON:%Y-%m-%d}", "sessions", "who:new") == 0
    is_right(prop, NOON.date())


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("the archive is asked for what came in order")


@pytest.mark.parametrize("layout", list(LayoutName))
@pytest.mark.parametrize("archived", [True, False], ids=["archive", "tail"])
@pytest.mark.parametrize("came_back", ["never", "before the late event", "while it was on its way"])
def test_a_late_event_joins_its_session(prop: Property, archived: bool, came_back: str) -> None:
    visits(prop, "a", LONG_AGO, 0, 10, 200)
    if archived:
        archive_all(prop)
    tidied(prop, NOON)
    what_expires_is_gone()
    if came_back == "before the late event":
        visits(prop, "a", NOON, 0)
    if came_back == "while it was on its way":
        view(prop, "a", "https://shop.example/", NOON)
    visits(prop, "a", LONG_AGO, 5, 225, 35)
    assert shape(prop)[:2] == [(4, 35), (2, 25)]
    assert of(prop, "a").sessions == (2 if came_back == "never" else 3)
    is_right(prop, LONG_AGO.date())


def test_what_comes_between_a_forgotten_session_and_the_newest_is_told_apart(prop: Property) -> None:
    """Within two days before the newest not all is known any more: the mark of the forgotten ones says so."""
    visits(prop, "a", LONG_AGO, 0, 10)
    tidied(prop, NOON)
    visits(prop, "a", LONG_AGO, 600)  # late itself, and not two days after the one that is forgotten
    visits(prop, "a", LONG_AGO, 20)
    assert shape(prop) == [(3, 20), (1, 0)]
    is_right(prop, LONG_AGO.date())


def test_a_late_session_before_a_forgotten_one_is_not_the_last(prop: Property) -> None:
    visits(prop, "a", LONG_AGO, 0, 300)
    tidied(prop, NOON)
    visits(prop, "a", LONG_AGO, 265)
    visits(prop, "a", LONG_AGO, 283)  # near both: it joins the one that ended last
    assert shape(prop) == [(1, 0), (1, 0), (2, 17)]
    is_right(prop, LONG_AGO.date())


@pytest.mark.parametrize(("days", "is_known"), [(3, True), (39, True), (41, False)])
def test_repeats_are_known_for_as_long_as_they_may_come(prop: Property, days: int, is_known: bool) -> None:
    send(prop, "a", [happened("pageview", 10, n=0)], "q")
    drain(prop)
    assert tidied(prop, NOW + timedelta(days=days)) == 1
    assert bool(of(prop, "a").queues) == is_known
    send(prop, "a", [happened("pageview", 10, n=0)], "q")
    drain(prop)
    assert progress(prop).events == (1 if is_known else 2)
    is_right(prop)


def test_a_round_is_done_in_shares_and_begins_again(prop: Property) -> None:
    visitors = [f"v{number}" for number in range(40)]
    for visitor in visitors:
        view(prop, visitor, "https://shop.example/", LONG_AGO)
    drain(prop)
    places = sorted(int.from_bytes(named_uuid(visitor).bytes[-2:]) for visitor in visitors)
    now = int(NOON.timestamp() * 1000)
    third = sum(place < BUCKETS // 3 for place in places)
    assert 0 < third < 40
    assert tidy(prop, ROUND_SECONDS / 3, 60, now) == third
    assert tidy(prop, ROUND_SECONDS, 0, now) == 0, "there is no time"
    assert tidy(prop, ROUND_SECONDS, 60, now) == 40 - third
    assert int(raw().get(keys(prop).tidied)) == BUCKETS // 3
    for visitor in visitors:
        view(prop, visitor, "https://shop.example/", LONG_AGO + timedelta(days=1))
    drain(prop)
    assert tidy(prop, ROUND_SECONDS, 60, now) == 40


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], object]]]:
    """What another does, once, between the tidying's reading and its writing."""
    waiting: list[Callable[[], object]] = []
    real = tidying._short

    def short(known: Mapping[bytes, Any], now: int, kept: int) -> dict[bytes, bytes]:
        found = real(known, now, kept)
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(tidying, "_short", short)
    yield waiting
    assert not waiting


def test_what_is_drained_meanwhile_stays(prop: Property, meanwhile: list[Callable[[], object]]) -> None:
    visits(prop, "a", LONG_AGO, 0)
    meanwhile.append(lambda: visits(prop, "a", NOON, 0))
    assert tidied(prop, NOON) == 0
    assert of(prop, "a").sessions == 2
    visits(prop, "a", NOON, 10)
    assert shape(prop) == [(1, 0), (2, 10)]
    is_right(prop)


def test_who_is_erased_meanwhile_stays_erased(prop: Property, meanwhile: list[Callable[[], object]]) -> None:
    visits(prop, "a", LONG_AGO, 0)
    meanwhile.append(lambda: erase_visitors(prop, [named_uuid("a").bytes]))
    assert tidied(prop, NOON) == 0
    assert not data().keys(f"{keys(prop).prefix}visitors::*")


def test_who_is_tidied_while_a_batch_is_worked_on_loses_nothing(
    prop: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drain has read the long record, and writes it."""
    visits(prop, "a", LONG_AGO, 0, 10)
    real = lookups.load_batch

    def loaded(*arguments: Any) -> Any:
        found = real(*arguments)
        assert tidied(prop, NOON) == 1
        return found

    monkeypatch.setattr("tracking.drain.load_batch", loaded)
    visits(prop, "a", LONG_AGO, 20)
    monkeypatch.undo()
    assert shape(prop) == [(3, 20)]
    assert tidied(prop, NOON) == 1
    is_right(prop)
