"""Who is who: several browsers of one person, and what must never make two people one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from properties.models import Property
from tests.pipeline import NOW, admitted, append, batch, drain, ms, raw
from tracking import people
from tracking.bitmaps.addresses import Address
from tracking.crowd import Crowd, crowd
from tracking.keys import Keys
from tracking.people import Person
from tracking.reading import load

SHOP = "https://shop.example/"


def event(prop: Property, visitor: str, user: str | int = "", name: str = "pageview", **data: object) -> None:
    """One event of a browser, drained."""
    sent = {"name": name, "at": ms(NOW), "url": SHOP, "user": user, "data": data}
    append(prop, admitted(prop, batch(prop, visitor, [sent])))
    drain(prop)


def person(prop: Property, user: str) -> Person | None:
    record: Any = raw().hget(Keys(prop.account_id, prop.id).people(user), user)
    return people.decode(record) if record else None


def counted(prop: Property) -> tuple[int, int]:
    """(virtual visitors, people) of the day."""
    address = Address("everyone", "2026-11-24")
    visitors = load(prop, [address])[address]
    return len(visitors), len(crowd(prop).people_of(visitors))


def test_two_browsers_of_one_person_are_one(prop: Property) -> None:
    event(prop, "laptop")
    event(prop, "phone")
    assert counted(prop) == (2, 2)
    event(prop, "laptop", "anna")
    event(prop, "phone", "anna")
    assert counted(prop) == (2, 1)


def test_a_shared_browser_makes_nobody_somebody_else(prop: Property) -> None:
    event(prop, "anna's", "anna")
    event(prop, "ben's", "ben")
    event(prop, "anna's", "ben")
    assert counted(prop) == (2, 2)
    found = person(prop, "ben")
    assert found is not None
    assert found.visitor == 1


def test_somebody_first_seen_in_the_browser_of_another_is_found_again_in_their_own(prop: Property) -> None:
    event(prop, "anna's", "anna")
    event(prop, "anna's", "ben")
    event(prop, "ben's", "ben")
    event(prop, "ben's phone", "ben")
    assert counted(prop) == (3, 2)


@pytest.mark.parametrize("nobody", ["null", "undefined", "0", 0, "anonymous", " ", "None"])
def test_an_id_that_many_share_merges_nobody(prop: Property, nobody: str | int) -> None:
    event(prop, "one", nobody)
    event(prop, "two", nobody)
    assert counted(prop) == (2, 2)
    assert not raw().keys("*people*")


def test_what_is_known_of_a_person_grows_and_can_be_forgotten(prop: Property) -> None:
    event(prop, "a", "anna", "signup", plan="free", age=31)
    event(prop, "a", "anna", "update", plan="pro", age=None)
    found = person(prop, "anna")
    assert found is not None
    assert (found.data, found.signed_up, found.last_seen) == ({"plan": "pro"}, ms(NOW), ms(NOW))


def test_members_can_be_told_from_guests(prop: Property) -> None:
    event(prop, "a", "anna")
    event(prop, "b")
    address = Address("who:member", "2026-11-24")
    assert list(load(prop, [address])[address]) == [0]


tables = st.dictionaries(st.integers(50, 99), st.integers(0, 49), max_size=20)
sets = st.frozensets(st.integers(0, 120))


@given(tables, sets, sets)
def test_operands_become_people_before_they_are_combined(
    table: dict[int, int], a: frozenset[int], b: frozenset[int]
) -> None:
    who = Crowd.of(table)

    def mapped(some: frozenset[int]) -> set[int]:
        return {table.get(visitor, visitor) for visitor in some}

    assert set(who.people_of(BitMap(a)) - who.people_of(BitMap(b))) == mapped(a) - mapped(b)
    assert set(who.people_of(BitMap(a)) & who.people_of(BitMap(b))) == mapped(a) & mapped(b)
