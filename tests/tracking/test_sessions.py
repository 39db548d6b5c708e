from datetime import datetime, timedelta

import pytest

from properties.models import Property
from tests.pipeline import NOW, drain, named_uuid, raw, view
from tracking.keys import Keys
from tracking.reading import totals

SHOP = "https://shop.example/"
MORNING = NOW.replace(hour=8, minute=0)


def sessions(prop: Property) -> list[dict[str, str]]:
    """The infos of every session, as the seed's index lists them, oldest first."""
    keys, found = Keys(prop.account_id, prop.id), []
    for key in sorted(raw().keys(f"{keys.prefix}session_index::*")):
        day = key.decode().rpartition("::")[2]
        for session_id in reversed(raw().lrange(key, 0, -1)):
            infos = raw().hgetall(keys.session(day, session_id.decode()))
            assert infos, "every session of the index has its infos"
            text = {k.decode(): v.decode() for k, v in infos.items()}
            found.append({"day": day, "id": session_id.decode(), **text})
    return found


def after(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def test_events_within_thirty_minutes_are_one_session(prop: Property) -> None:
    view(prop, "a", SHOP, after(0), referrer="https://search.example/")
    view(prop, "a", f"{SHOP}b", after(29))
    view(prop, "a", f"{SHOP}c", after(58))
    drain(prop)
    [session] = sessions(prop)
    assert session["id"] == str(named_uuid("session of a"))
    assert (session["pageviews"], session["events"]) == ("3", "3")
    assert (session["entry"], session["exit"]) == ("/", "/c")
    assert (session["source"], session["visitor_index"]) == ("search.example", "0")
    assert int(session["last"]) - int(session["started"]) == 58 * 60_000


@pytest.mark.parametrize("at_once", [True, False])
def test_thirty_minutes_of_nothing_end_a_session(prop: Property, at_once: bool) -> None:
    """Also when the cookie goes on proposing the old one."""
    for minutes in (0, 31, 40):
        view(prop, "a", SHOP, after(minutes))
        if not at_once:
            drain(prop)
    drain(prop)
    assert [session["pageviews"] for session in sessions(prop)] == ["1", "2"]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_new_campaign_begins_a_new_session(prop: Property, at_once: bool) -> None:
    addresses = (SHOP, f"{SHOP}?utm_source=news", f"{SHOP}?utm_source=news", f"{SHOP}b", f"{SHOP}?utm_source=ads")
    for minutes, url in enumerate(addresses):
        view(prop, "a", url, after(minutes))
        if not at_once:
            drain(prop)
    drain(prop)
    found = [(session["source"], session["pageviews"]) for session in sessions(prop)]
    assert found == [("(direct)", "1"), ("news", "3"), ("ads", "1")]


def test_midnight_ends_nothing(prop: Property) -> None:
    for minutes in (-10, 10):
        view(prop, "a", SHOP, NOW.replace(hour=0, minute=0) + timedelta(minutes=minutes))
        drain(prop)
    [session] = sessions(prop)
    assert (session["day"], session["pageviews"]) == ("2026-11-23", "2")


def test_a_late_event_joins_the_session_it_belongs_to(prop: Property) -> None:
    view(prop, "a", SHOP, after(0), session="first")
    view(prop, "a", SHOP, after(300), session="second")
    drain(prop)
    view(prop, "a", f"{SHOP}late", after(10), session="first")
    view(prop, "a", f"{SHOP}now", after(301), session="second")
    drain(prop)
    first, second = sessions(prop)
    assert (first["pageviews"], first["exit"]) == ("2", "/late")
    assert (second["pageviews"], second["exit"]) == ("2", "/now")


def test_a_late_event_in_the_batch_of_a_newer_session_joins_the_older(prop: Property) -> None:
    for minutes in (0, 5):
        view(prop, "a", SHOP, after(minutes), session="first")
    drain(prop)
    view(prop, "a", f"{SHOP}new", after(60), session="second")
    view(prop, "a", f"{SHOP}late", after(4), session="first")
    drain(prop)
    assert [(session["pageviews"], session["exit"]) for session in sessions(prop)] == [("3", "/"), ("1", "/new")]
    assert sessions_counted(prop) == 2


def test_a_late_event_from_before_midnight_joins_a_session_of_the_next_day(prop: Property) -> None:
    midnight = NOW.replace(hour=0, minute=0)
    view(prop, "a", SHOP, midnight + timedelta(minutes=5), session="first")
    view(prop, "a", SHOP, midnight + timedelta(hours=3), session="second")
    drain(prop)
    view(prop, "a", SHOP, midnight - timedelta(minutes=10), session="first")
    drain(prop)
    assert sorted(session["pageviews"] for session in sessions(prop)) == ["1", "2"]


def sessions_counted(prop: Property) -> int:
    """The sessions counted on the day."""
    return totals(prop, [("sessions", "2026-11-24")])[("sessions", "2026-11-24")]["everyone"]


def test_a_late_event_of_no_known_session_is_one_of_its_own(prop: Property) -> None:
    view(prop, "a", SHOP, after(300), session="second")
    drain(prop)
    view(prop, "a", SHOP, after(0), session="never heard of")
    drain(prop)
    assert len(sessions(prop)) == 2
    view(prop, "a", SHOP, after(305), session="second")
    drain(prop)
    assert sorted(session["pageviews"] for session in sessions(prop)) == ["1", "2"]


def test_nobody_joins_the_session_of_another(prop: Property) -> None:
    view(prop, "a", SHOP, after(0), session="same")
    view(prop, "b", SHOP, after(1), session="same")
    drain(prop)
    assert sessions_counted(prop) == 2
