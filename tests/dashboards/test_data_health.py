"""What was not taken is shown to the members of the property it was meant for."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cluster.connections import data
from dashboards.health import elapsed
from properties.models import Property
from tests.pipeline import admitted, append, batch, drain, ms, raw
from tracking import gauges, once
from tracking.keys import NO_PROPERTY, Keys
from tracking.once import Entry

TODAY = datetime.now(UTC).date().isoformat()


def test_drops_are_shown_with_reason_and_number(prop: Property, bob: User, client: Client) -> None:
    data().hincrby(Keys(prop.account_id, prop.id).drops(TODAY), "too_old", 12_345)
    data().hincrby(Keys(prop.account_id, NO_PROPERTY).drops(TODAY), "bad_json", 7)
    data().hincrby(Keys(prop.account_id, NO_PROPERTY).unknown_hosts(TODAY), "<b>typo</b>.example", 3)
    client.force_login(bob)
    page = client.get(reverse("data_health", args=[prop.id])).content.decode()
    assert "more than 30 days before it was sent" in page
    assert "12,345" in page or "12\u202f345" in page
    assert "no valid JSON" in page
    assert "Requests of no property" in page
    assert "&lt;b&gt;typo&lt;/b&gt;.example" in page


def test_drops_of_another_property_are_not_shown(prop: Property, bob: User, charlie: User, client: Client) -> None:
    elsewhere = charlie.accounts.get()
    data().hincrby(Keys(elsewhere.id, elsewhere.properties.get().id).drops(TODAY), "too_old", 5)
    client.force_login(bob)
    page = client.get(reverse("data_health", args=[prop.id])).content.decode()
    assert "Everything that came was taken." in page
    assert "Requests of no property" not in page


def health(prop: Property, user: User, client: Client) -> str:
    """The page as text, without its tags."""
    client.force_login(user)
    page = client.get(reverse("data_health", args=[prop.id])).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_what_waits_is_said_with_its_age(prop: Property, bob: User, client: Client) -> None:
    assert "Waiting to be counted Nothing Events are counted as they arrive" in health(prop, bob, client)
    entries = [Entry(1, 40, b"\xc1"), Entry(2, 3, b"\xc1")]
    raw().execute_command(*once.append((prop.account_id, prop.id), "a", entries, once.NEVER))
    assert re.search(r"Waiting to be counted 43 The oldest arrived \d\.\d s ago", health(prop, bob, client))


def test_what_came_lately_is_counted_by_minutes(prop: Property, bob: User, client: Client) -> None:
    now = datetime.now(UTC)
    for minutes, number in ((1, 3), (30, 4), (120, 5)):
        at = now - timedelta(minutes=minutes)
        events = [{"name": "x", "at": ms(at), "url": "https://shop.example/"}] * number
        append(prop, admitted(prop, batch(prop, str(minutes), events), now))
    drain(prop)
    assert "Events, last hour 7 3 in the last minute" in health(prop, bob, client)


@pytest.mark.parametrize(("number", "said"), [(1, "1 entry could not be read"), (2, "2 entries could not be read")])
def test_what_could_not_be_read_is_said(prop: Property, bob: User, client: Client, number: int, said: str) -> None:
    assert "could not be read and" not in health(prop, bob, client)
    for _ in range(number):
        raw().xadd(Keys(prop.account_id, prop.id).poison, {b"e": b"x"})
    assert said in health(prop, bob, client)


def test_a_spill_is_said_without_its_size(prop: Property, bob: User, client: Client) -> None:
    """How much other tenants send is nobody's business."""
    assert "kept on the disk" not in health(prop, bob, client)
    gauges._tell(gauges.OF_ONE + "a", Counter(), {"waiting": 0, "spilled_events": 98_765, "spilled_bytes": 98_765})
    page = health(prop, bob, client)
    assert "kept on the disk" in page
    assert "98" not in page


def test_bots_are_told_from_other_drops(prop: Property, bob: User, client: Client) -> None:
    data().hincrby(Keys(prop.account_id, prop.id).drops(TODAY), "bot", 12)
    data().hincrby(Keys(prop.account_id, prop.id).drops(TODAY), "excluded", 5)
    page = health(prop, bob, client)
    assert "17 12 of them from bots" in page
    assert "one that you excluded" in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.9, "59 s"), (161, "2m 41s"), (11_100, "3h 05m"), (187_200, "2d 4h")],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert elapsed(seconds) == words
