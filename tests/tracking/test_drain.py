"""The drain against a plain count of the same events, and what it does when things go wrong."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import WatchError

from cluster.connections import data
from properties.models import LayoutName, Property
from tests.pipeline import NOW, admitted, append, batch, did, drain, ms, named_uuid, raw, view
from tracking import ingest, stream
from tracking.bitmaps import traits
from tracking.bitmaps.addresses import Address
from tracking.bitmaps.slots import labels
from tracking.drain import Drain, LeaseLost
from tracking.keys import Keys
from tracking.progress import progress
from tracking.reading import load, totals
from tracking.rules import DEFAULT
from tracking.shelves import shelf_of

SHOP = "https://shop.example/"
events = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from(["pageview", "signup"]),
        st.sampled_from(["", "p", "p::q%"]),
        st.integers(0, 40 * 24 * 60),
    ),
    max_size=40,
)


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


def keys(prop: Property) -> Keys:
    return Keys(prop.account_id, prop.id)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events, st.sampled_from(["UTC", "Asia/Kolkata", "America/Sao_Paulo"]), st.integers(1, 7))
def test_bitmaps_and_counts_are_a_plain_count(prop: Property, some: list[Any], zone: str, every: int) -> None:
    data().flushall()
    prop.time_zone = zone
    prop.save()
    visitors: dict[Address, set[str]] = {}
    numbers: dict[str, Counter[str]] = {}
    for number, (visitor, name, path, minutes) in enumerate(some):
        at = NOW - timedelta(minutes=minutes)
        taken = admitted(prop, batch(prop, visitor, [{"name": name, "at": ms(at), "url": SHOP + path}]))
        append(prop, taken)
        if number % every == 0:
            drain(prop)
        if not taken.taken:
            continue
        found = [traits.EVERYONE, traits.event(name), *([traits.page(f"/{path}")] if name == "pageview" else [])]
        for label in labels(ms(at) // 60_000, ZoneInfo(zone)):
            for trait in found:
                visitors.setdefault(Address(trait, label), set()).add(visitor)
                numbers.setdefault(label, Counter())[trait] += 1
    drain(prop)
    bitmaps = load(prop, list(visitors))
    assert {address: len(bitmap) for address, bitmap in bitmaps.items()} == {
        address: len(who) for address, who in visitors.items()
    }
    for (_, label), counted in totals(prop, [("events", label) for label in numbers]).items():
        assert {name: n for name, n in counted.items() if name.startswith(("everyone", "evt:", "page:"))} == numbers[
            label
        ]
    assert progress(prop).events == sum(1 for *_, minutes in some if minutes <= 30 * 24 * 60)
    assert progress(prop).visitors == len({visitor for visitor, *_, minutes in some if minutes <= 30 * 24 * 60})


def test_a_visitor_has_the_same_index_for_ever_and_indexes_are_dense(prop: Property) -> None:
    for visitor in ("a", "b", "a", "c", "b"):
        view(prop, visitor, SHOP, NOW)
        drain(prop)
    address = Address("everyone", "2026-11-24")
    assert list(load(prop, [address])[address]) == [0, 1, 2]


def test_the_stream_is_trimmed_only_behind_the_position(prop: Property) -> None:
    view(prop, "a", SHOP, NOW)
    drain(prop)
    assert data().xlen(keys(prop).ingest) == 0
    view(prop, "b", SHOP, NOW)
    assert data().xlen(keys(prop).ingest) == 1


def test_an_entry_that_cannot_be_read_is_set_aside(prop: Property) -> None:
    data().xadd(keys(prop).ingest, {"e": b"\xc1 not msgpack"})
    data().xadd(keys(prop).ingest, {"something": "else"})
    view(prop, "a", SHOP, NOW)
    drain(prop)
    assert [fields[b"e"] for _, fields in raw().xrange(keys(prop).poison)] == [b"\xc1 not msgpack", b""]
    assert progress(prop).events == 1


def test_the_first_and_the_newest_event_are_remembered(prop: Property) -> None:
    assert progress(prop).first is None
    assert progress(prop).last is None
    did(prop, "a", "signup", NOW)
    drain(prop)
    view(prop, "a", SHOP, NOW - timedelta(hours=1))
    drain(prop)
    for found in (progress(prop).first, progress(prop).last):
        assert found is not None
        assert (found.name, found.url, found.at) == ("signup", SHOP, NOW)


@pytest.fixture
def holder(prop: Property) -> Iterator[Drain]:
    """A drain that holds the lease of the property."""
    holder = Drain.of(prop)
    data().set(keys(prop).lease, holder.token, px=15_000)
    yield holder
    data().delete(keys(prop).lease)


def test_only_one_drains_at_a_time(prop: Property, holder: Drain) -> None:
    view(prop, "a", SHOP, NOW)
    assert not Drain.of(prop).run()
    assert data().xlen(keys(prop).ingest) == 1


def test_who_has_lost_the_lease_writes_nothing(prop: Property, holder: Drain) -> None:
    view(prop, "a", SHOP, NOW)
    data().set(keys(prop).lease, b"somebody else")
    with pytest.raises(LeaseLost):
        holder.batch(shelf_of(prop), DEFAULT)
    assert progress(prop).events == 0


def test_a_position_moved_meanwhile_refuses_the_batch(
    prop: Property, holder: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker, whose lease ran out without its knowing, writes between our read and our EXEC."""
    view(prop, "a", SHOP, NOW)

    def move(*_: object) -> None:
        data().hset(keys(prop).progress, "visitors", 5)

    monkeypatch.setattr("tracking.drain.ingest.run", move)
    with pytest.raises(WatchError):
        holder.batch(shelf_of(prop), DEFAULT)
    assert data().xlen(keys(prop).ingest) == 1


def test_large_entries_are_drained_in_several_batches(prop: Property, holder: Drain) -> None:
    many = [{"name": "x", "at": ms(NOW), "url": SHOP}] * 500
    for visitor in "abcdefghijklmnop":
        append(prop, admitted(prop, batch(prop, visitor, many)))
    assert holder.batch(shelf_of(prop), DEFAULT) < 16
    data().delete(keys(prop).lease)
    drain(prop)
    assert progress(prop).events == 8_000


def test_ids_follow_one_another() -> None:
    assert stream.after("5-9") == "5-10"


def test_an_entry_that_fails_is_set_aside_and_the_others_count(prop: Property, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in a step must not stop the property for good."""
    real = ingest.run

    def fails_on_b(entries: Any, some: Any) -> None:
        if any(packet.visitor_id == named_uuid("b").bytes for _, packets in entries for packet in packets):
            raise OverflowError("too large for a column")
        real(entries, some)

    monkeypatch.setattr("tracking.drain.ingest.run", fails_on_b)
    for visitor in "abc":
        view(prop, visitor, SHOP, NOW)
    drain(prop)
    assert progress(prop).events == 2
    assert raw().xlen(keys(prop).poison) == 1
    assert not raw().xlen(keys(prop).ingest)


def test_a_session_that_outlives_its_details_goes_on(prop: Property) -> None:
    view(prop, "a", SHOP, NOW - timedelta(minutes=50), session="one")
    view(prop, "a", SHOP, NOW, session="two")
    drain(prop)
    data().delete(*[key for key in raw().keys("*::session_*") if b"session_index" not in key])
    view(prop, "a", SHOP, NOW + timedelta(minutes=1), session="two")
    view(prop, "a", SHOP, NOW - timedelta(minutes=49), session="one")
    drain(prop)
    assert progress(prop).events == 4
    hashes = [key for key in raw().keys("*::session_*") if b"session_index" not in key]
    assert all(raw().hget(key, "visitor_index") and raw().ttl(key) > 0 for key in hashes)


def test_a_full_family_of_sources_makes_no_sessions(prop: Property) -> None:
    prop.names_a_day = 10
    prop.save()
    for number in range(12):
        view(prop, f"v{number}", f"{SHOP}?utm_source=s{number}", NOW)
    for minute in range(5):
        view(prop, "v11", f"{SHOP}?utm_source=s11", NOW - timedelta(minutes=minute))
    drain(prop)
    assert totals(prop, [("sessions", "2026-11-24")])[("sessions", "2026-11-24")]["everyone"] == 12
