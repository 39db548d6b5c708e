"""When somebody signed up: a sign-up of another day counts there, once a person, and is nothing else there."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyroaring import BitMap
from pytest_django.fixtures import Settings

from properties.models import LayoutName, Property
from tests.pipeline import NOW, admitted, append, batch, drain, everything, ms, named_uuid, raw, view
from tests.tracking.archive.material import keys, read_all
from tests.tracking.late import archive_all, archive_in, is_right, number
from tracking import erasure, people
from tracking.archive import paths
from tracking.archive.rows import NO_SESSION, NO_VISITOR_ID
from tracking.archive.store import store
from tracking.archive.timeline import timeline
from tracking.bitmaps.addresses import Address
from tracking.people import Person
from tracking.progress import progress
from tracking.reading import load
from tracking.shelves import shelf_of

SHOP = "https://shop.example/"
TODAY = "2026-11-24"
THEN = datetime(2019, 3, 10, 8, 15, tzinfo=NOW.tzinfo)
DAY, MINUTE = "2019-03-10", "2019-03-10-08-15"


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_in(settings, tmp_path, monkeypatch)


def tell(prop: Property, visitor: str, name: str, user: str = "", signed_up: datetime | None = None) -> None:
    """One event of a browser, drained."""
    event: dict[str, Any] = {"name": name, "at": ms(NOW), "url": SHOP, "user": user}
    event["signed_up"] = None if signed_up is None else ms(signed_up)
    append(prop, admitted(prop, batch(prop, visitor, [event])))
    drain(prop)


def sign_ups(prop: Property, label: str) -> list[int]:
    address = Address("evt:signup", label)
    return list(load(prop, [address])[address])


def person(prop: Property, user: str) -> Person:
    packed: Any = raw().hget(keys(prop).people(user), user)
    return people.decode(packed)


@pytest.mark.parametrize("name", ["login", "signup"])
def test_it_counts_where_it_was_and_nothing_else_is_there(prop: Property, name: str) -> None:
    tell(prop, "a", name, "anna", THEN)
    there = {(metric, trait): found for (label, metric, trait), found in everything(prop).items() if label == MINUTE}
    assert there == {("events", "evt:signup"): {0: 1}}
    assert sign_ups(prop, DAY) == sign_ups(prop, "2019") == [0]
    assert sign_ups(prop, TODAY) == []
    assert number(prop, TODAY, "events", "evt:login") == 1
    assert number(prop, TODAY, "events", "who:new") == 1
    assert (progress(prop).events, person(prop, "anna").signed_up) == (1, ms(THEN))
    assert progress(prop).first == progress(prop).last
    is_right(prop, NOW.date(), THEN.date())


def test_it_counts_once_a_person(prop: Property) -> None:
    tell(prop, "a", "login", "anna", THEN)
    tell(prop, "a", "login", "anna", THEN)
    tell(prop, "b", "login", "anna", THEN - timedelta(days=5))
    tell(prop, "b", "signup", "anna", THEN - timedelta(days=5))
    assert sign_ups(prop, "2019") == [0]
    assert number(prop, "2019", "events", "evt:signup") == 1
    assert person(prop, "anna").signed_up == ms(THEN)
    assert number(prop, TODAY, "events", "evt:signup") == 0


def test_from_another_browser_it_is_the_standing_visitors(prop: Property) -> None:
    tell(prop, "laptop", "login", "anna")
    tell(prop, "phone", "login", "anna", THEN)
    assert sign_ups(prop, DAY) == [0]
    [told] = [row for row in read_all(store(), prop) if row.session == NO_SESSION]
    assert (told.visitor, told.visitor_id) == (0, NO_VISITOR_ID)
    is_right(prop, THEN.date())


def test_whoever_has_no_browser_yet_waits_for_one(prop: Property) -> None:
    tell(prop, "anna's", "login", "anna")
    tell(prop, "anna's", "login", "ben", THEN)
    assert sign_ups(prop, "2019") == []
    tell(prop, "ben's", "login", "ben")
    assert sign_ups(prop, "2019") == [1]
    is_right(prop, THEN.date())


def test_one_within_the_visit_is_the_event_itself(prop: Property) -> None:
    tell(prop, "a", "signup", "anna", NOW - timedelta(minutes=5))
    assert sign_ups(prop, TODAY) == [0]
    assert number(prop, TODAY, "events", "evt:signup") == 1
    assert not [row for row in read_all(store(), prop) if row.session == NO_SESSION]
    tell(prop, "a", "login", "anna", THEN)
    assert sign_ups(prop, "2019") == []


@pytest.mark.parametrize("nobody", ["", "null"])
def test_a_sign_up_of_nobody_is_of_today(prop: Property, nobody: str) -> None:
    tell(prop, "a", "signup", nobody, THEN)
    assert (sign_ups(prop, TODAY), sign_ups(prop, "2019")) == ([0], [])


@pytest.mark.parametrize("seconds", [int(THEN.timestamp()), 0, ms(NOW) + 3_600_000])
def test_what_cannot_be_a_date_is_none(prop: Property, seconds: int) -> None:
    event = {"name": "login", "at": ms(NOW), "url": SHOP, "user": "anna", "signed_up": seconds}
    append(prop, admitted(prop, batch(prop, "a", [event])))
    drain(prop)
    assert person(prop, "anna").signed_up == 0
    assert not [label for label, _, trait in everything(prop) if trait == "evt:signup"]


def test_after_the_archive_has_it_all_is_the_same(prop: Property) -> None:
    """Its day has rows of no session before and after it, and belongs to no session that begins or ends."""
    for days, visitor in enumerate("abc"):
        tell(prop, visitor, "login", visitor, THEN + timedelta(days=days))
    archive_all(prop)
    before = everything(prop)
    is_right(prop, *[THEN.date() + timedelta(days=days) for days in range(3)])
    assert everything(prop) == before
    newest = timeline(store(), shelf_of(prop).client, prop, BitMap([1]), 5)
    assert [(row.name, row.at) for row in newest] == [("login", ms(NOW)), ("signup", ms(THEN + timedelta(days=1)))]


def test_others_were_seen_where_it_was(prop: Property) -> None:
    """On the same day, and in the same month alone."""
    for days in (20, 30):
        view(prop, "seen", SHOP, NOW - timedelta(days=days))
    for visitor, days in (("a", 20), ("b", 25), ("c", 20)):
        tell(prop, visitor, "login", visitor, NOW - timedelta(days=days))
    assert sign_ups(prop, "2026-11-04") == [1, 3]
    address = Address("everyone", "2026-11-04")
    assert list(load(prop, [address])[address]) == [0]
    is_right(prop, *[(NOW - timedelta(days=days)).date() for days in (20, 25, 30)])


def test_paths_do_not_lead_there(prop: Property) -> None:
    tell(prop, "a", "login", "anna", THEN)
    tell(prop, "b", "signup", "ben")
    tell(prop, "b", "logout", "ben")
    client = shelf_of(prop).client
    found = paths.paths(store(), client, prop, date(2019, 1, 1), NOW.date(), of="evt:signup", by="event")
    assert [(neighbour.trait, neighbour.times) for neighbour in found] == [("evt:logout", 1)]


def test_erasing_somebody_erases_it(prop: Property) -> None:
    tell(prop, "laptop", "login", "anna")
    tell(prop, "phone", "login", "anna", THEN)
    archive_all(prop)
    assert erasure.erase_person(prop, "anna") == 2
    assert everything(prop) == {}
    assert read_all(store(), prop) == []
    tell(prop, "phone", "login", "anna", THEN)
    assert sign_ups(prop, DAY) == [2]
    assert named_uuid("laptop").bytes not in raw().hkeys(keys(prop).visitors(named_uuid("laptop").bytes))
