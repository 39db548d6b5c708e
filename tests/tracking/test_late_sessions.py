"""Events that are late by weeks: they join the session of their time, of which only the archive knows."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django import conf
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from cluster.connections import data
from properties.models import LayoutName, Property
from tests.chaos.scenes import SHOP, archive_emptied, happened, sealed, send, small_batches
from tests.pipeline import NOW, did, drain, everything, ms, named_uuid, raw
from tests.tracking.archive.material import keys
from tests.tracking.late import (
    NOON,
    archive_all,
    archive_in,
    is_right,
    known,
    number,
    shape,
    tidied,
    visits,
    what_expires_is_gone,
)
from tracking.erasure import erase_visitors
from tracking.rules import DEFAULT
from tracking.shelves import layout_of, shelf_of
from tracking.visitors import MOST_EARLIER

both_layouts = pytest.mark.parametrize("layout", list(LayoutName))


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_in(settings, tmp_path, monkeypatch)


@both_layouts
@pytest.mark.parametrize("archived", [True, False], ids=["archive", "tail"])
@pytest.mark.parametrize("days", [3, 8, 29])
def test_a_late_event_joins_a_session_before_within_and_after(prop: Property, days: int, *, archived: bool) -> None:
    old = NOON - timedelta(days=days)
    for visitor in ("before", "within", "after"):
        visits(prop, visitor, old, 0, 10)
    visits(prop, "bounce", old, 0)
    for visitor in ("before", "within", "after", "bounce"):
        visits(prop, visitor, NOON, 0)
    sealed(prop)
    if archived:
        archive_all(prop)
    visits(prop, "before", old, -20)
    visits(prop, "within", old, 5)
    did(prop, "bounce", "signup", old + timedelta(minutes=15))
    visits(prop, "after", old, 35)
    assert shape(prop)[:4] == [(3, 30), (3, 10), (2, 15), (3, 35)]
    assert len(known(prop)) == 8
    day = f"{old:%Y-%m-%d}"
    assert (number(prop, day, "sessions"), number(prop, day, "bounces")) == (4, 0)
    assert number(prop, day, "seconds") == (30 + 10 + 35 + 15) * 60
    assert [number(prop, day, "events", f"exit:/{at}") for at in (-20, 0, 5, 10, 35)] == [0, 1, 0, 2, 1]
    assert [number(prop, day, "events", f"entry:/{at}") for at in (-20, 0, 5, 10, 35)] == [1, 3, 0, 0, 0]
    is_right(prop, old.date())


@both_layouts
def test_late_events_of_one_batch_find_what_each_other_has_made(prop: Property, layout: LayoutName) -> None:
    old = NOON - timedelta(days=20)
    visits(prop, "a", old, 0)
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    # The session grows to both sides; another begins, and is joined; all of it is forgotten again afterwards.
    visits(prop, "a", old, 25, 50, -20, 300, 310, 75, -2000, -1990)
    assert shape(prop) == [(2, 10), (5, 95), (2, 10), (1, 0)]
    visits(prop, "a", old, 100, 330, -1970)
    assert shape(prop) == [(3, 30), (6, 120), (3, 30), (1, 0)]
    is_right(prop, old.date(), old.date() - timedelta(days=1))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_all_of_a_session_is_found_however_many_days_it_reaches_over(prop: Property, zone: str) -> None:
    prop.time_zone = zone
    prop.save()
    old = NOON - timedelta(days=15)
    visits(prop, "a", old, *range(0, 60 * 50, 25))
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    visits(prop, "a", old, -10)
    visits(prop, "a", old, 60 * 50)
    assert shape(prop) == [(122, 60 * 50 + 10), (1, 0)]
    is_right(prop, old.date(), old.date() + timedelta(days=1), old.date() + timedelta(days=2))


def test_a_pause_that_was_allowed_once_ends_no_session(prop: Property) -> None:
    """The session goes on over what would end it now; all of it must be taken back."""
    prop.session_minutes = 720
    prop.save()
    old = NOON - timedelta(days=15)
    visits(prop, "a", old, 0, 700, 1400)
    prop.session_minutes = 10
    prop.save()
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    visits(prop, "a", old, 350, 1405)
    assert shape(prop) == [(5, 1405), (1, 0)]
    is_right(prop, old.date(), old.date() + timedelta(days=1))


def test_between_two_sessions_it_joins_the_one_that_ended_last_and_merges_nothing(prop: Property) -> None:
    for old, archived in ((NOON - timedelta(days=2), False), (NOON - timedelta(days=20), True)):
        visitor = f"{old}"
        visits(prop, visitor, old, 0, 50)  # the one in memory tells how it is
        visits(prop, visitor, NOON, 0)
        if archived:
            archive_all(prop)
        visits(prop, visitor, old, 21)
    assert shape(prop) == [(1, 0), (2, 29), (1, 0), (2, 29), (1, 0), (1, 0)]
    is_right(prop, NOON.date() - timedelta(days=20))


def test_a_new_campaign_ends_it_for_late_events_as_well(prop: Property) -> None:
    old = NOON - timedelta(days=20)
    visits(prop, "a", old, 0)
    visits(prop, "a", old, 5, url=f"{SHOP}/?utm_source=news")
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    visits(prop, "a", old, 6, url=f"{SHOP}/?utm_source=news")
    visits(prop, "a", old, 7, url=f"{SHOP}/?utm_source=ads")
    visits(prop, "a", old, 8)
    assert shape(prop) == [(1, 0), (2, 1), (2, 1), (1, 0)]
    assert number(prop, f"{old:%Y-%m-%d}", "sessions", "src:news::cpg:(none)") == 1
    is_right(prop, old.date())


def test_what_is_remembered_but_whose_details_are_gone_is_found(prop: Property) -> None:
    visits(prop, "a", NOON - timedelta(days=1), 0, 10)
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    details = [key for key in raw().keys("*::session_*") if b"session_index" not in key]
    data().delete(*details)  # as a week without an event does
    visits(prop, "a", NOON - timedelta(days=1), 5)
    assert shape(prop) == [(3, 10), (1, 0)]
    is_right(prop, NOON.date() - timedelta(days=1))


def test_more_sessions_than_a_record_holds_are_found(prop: Property) -> None:
    old = NOON - timedelta(days=3)
    visits(prop, "a", old, *range(0, 60 * (MOST_EARLIER + 5), 60))
    archive_all(prop)
    visits(prop, "a", old, 10, 70)
    assert shape(prop)[:3] == [(2, 10), (2, 10), (1, 0)]
    assert len(known(prop)) == MOST_EARLIER + 5
    is_right(prop, old.date())


def test_details_are_written_with_their_expiry_and_erased(prop: Property) -> None:
    old = NOON - timedelta(days=20)
    visits(prop, "a", old, 0, 10)
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    data().delete(*raw().keys("*::session_*"), keys(prop).session_index(f"{old:%Y-%m-%d}"))
    visits(prop, "a", old, 5)
    [details] = raw().keys(f"*::{old:%Y-%m-%d}::session_*")
    assert raw().hmget(details, "events", "exit") == [b"3", b"/10"]
    assert 0 < raw().ttl(details) <= DEFAULT.sessions_kept // 1000
    erase_visitors(prop, [named_uuid("a").bytes])
    assert not raw().keys("*::session_*")
    visits(prop, "a", old, 6)  # somebody new, who has never been there
    assert shape(prop) == [(1, 0)]
    is_right(prop, old.date())


late = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from([0, 20, 45, 70, 9_000, 14_400, 14_450, 28_800, 28_830, 41_000]),
    st.integers(0, 40),
    st.sampled_from(["pageview", "click", "engagement"]),
    st.sampled_from(["/", "/x", "/?utm_source=news", "/?utm_source=ads"]),
)
work = st.sampled_from(["drain", "drain", "archive", "tidy", "tidy all", "time goes by"])
lives = st.lists(st.one_of(late, late, late, work), max_size=30)


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(lives, st.integers(1, 9))
def test_the_numbers_are_those_of_a_memory_that_forgets_nothing(prop: Property, life: list[Any], size: int) -> None:
    def live(forgets: bool) -> Any:
        data().flushall()
        archive_emptied()
        for place, step in enumerate(life):
            match step:
                case "drain":
                    drain(prop)
                case "archive":
                    archive_all(prop)
                case "tidy":
                    tidied(prop, NOW)
                case "tidy all":
                    tidied(prop, NOW + timedelta(days=3))
                case "time goes by" if forgets:
                    what_expires_is_gone()
                case (visitor, base, more, name, path):
                    event = happened(name, base + more, path)
                    send(prop, visitor, [event | {"at": ms(NOW - timedelta(minutes=base + more)) + place}])
        drain(prop)
        is_right(prop)
        return everything(prop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conf.settings, "SESSIONS_KEPT_HOURS", 1 << 20)
        remembered = live(forgets=False)
    assert live(forgets=True) == remembered
    with pytest.MonkeyPatch.context() as patch:
        small_batches(patch, size)
        assert live(forgets=True) == remembered


def test_months_of_late_events_are_right(prop: Property) -> None:
    """Also in months and years that were made of their days before."""
    old = NOON - timedelta(days=29)
    visits(prop, "a", old, 0)
    visits(prop, "a", NOON, 0)
    sealed(prop)
    layout_of(prop).close(shelf_of(prop), NOW)
    archive_all(prop)
    visits(prop, "a", old, 5)
    assert [number(prop, label, "bounces") for label in (f"{old:%Y-%m-%d}", "2026-10", "2026")] == [0, 0, 1]
    is_right(prop, old.date())
