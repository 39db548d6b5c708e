import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from properties.exclusions import Exclusions
from tests.pipeline import NOW, ms, named_uuid
from tracking import stream, wire
from tracking.admission import Admitted, Sender, admit
from tracking.directory import Snapshot
from tracking.wire import Refused

TABLE = Snapshot(
    accounts=frozenset([7, 8]),
    owners={3: 7, 4: 7, 5: 8, 6: 7},
    hosts={
        (7, "shop.example"): 3,
        (7, "*.shop.example"): 3,
        (7, "blog.shop.example"): 4,
        (8, "shop.example"): 5,
        (7, "[::1]"): 6,
    },
    exclusions={3: Exclusions.parse("192.0.2.0/24")},
)
Send = Callable[..., Admitted]


@pytest.fixture
def send() -> Send:
    def _send(url: str = "https://shop.example/", host: str = "", **changes: object) -> Admitted:
        event = {"name": "pageview", "at": changes.pop("at", ms(NOW)), "url": url}
        body = {"account": 7, "visitor": str(named_uuid("v")), "session": str(named_uuid("s")), "events": [event]}
        return admit(wire.decode(json.dumps({**body, **changes}).encode()), TABLE, Sender(host, "agent"), ms(NOW))

    return _send


@pytest.mark.parametrize(
    ("url", "prop"),
    [
        ("https://shop.example/a", 3),
        ("https://SHOP.example:8443/a", 3),
        ("https://shop.example./a", 3),
        ("https://www.shop.example/a", 3),
        ("https://a.b.shop.example/", 3),
        ("https://blog.shop.example/", 4),
        ("http://[::1]:8000/", 6),
        ("http://[::2]/", None),
        ("https://notshop.example/", None),
        ("https://shop.example.evil.example/", None),
        ("https://[/", None),
        ("https://*.shop.example/", None),
        ("https://*/", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_the_hostname_tells_the_property(send: Send, url: str, prop: int | None) -> None:
    taken = send(url)
    assert list(taken.packets) == ([prop] if prop else [])
    assert bool(taken.unknown_hosts) == (prop is None)


def test_an_event_without_an_address_belongs_to_its_page(send: Send) -> None:
    assert list(send("", host="shop.example").packets) == [3]


def test_accounts_do_not_share_hostnames(send: Send) -> None:
    assert list(send(account=8).packets) == [5]


def test_a_named_property_takes_only_its_own_hosts(send: Send) -> None:
    assert list(send(property=3).packets) == [3]
    assert send("https://elsewhere.example/", property=3).drops == {(3, "wrong_host"): 1}
    assert list(send("", property=3).packets) == [3]


@pytest.mark.parametrize("changes", [{"account": 9}, {"property": 5}, {"property": 99}])
def test_nobody_can_send_to_what_is_not_there(send: Send, changes: dict[str, int]) -> None:
    with pytest.raises(Refused) as refused:
        send(**changes)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (timedelta(days=30, seconds=1), "too_old"),
        (timedelta(days=29, hours=23), ""),
        (timedelta(minutes=-4), ""),
        (timedelta(minutes=-6), "in_future"),
    ],
)
def test_only_the_last_thirty_days_are_taken(send: Send, age: timedelta, reason: str) -> None:
    taken = send(at=ms(NOW - age))
    assert taken.drops == ({(3, reason): 1} if reason else {})
    assert taken.taken == (0 if reason else 1)


def test_a_wrong_clock_does_no_harm(send: Send) -> None:
    """The sender lives in 1980; the event is ten seconds old on its own clock."""
    sent = 315_532_800_000
    taken = send(at=sent - 10_000, sent=sent)
    assert taken.packets[3].events[0].at == ms(NOW) - 10_000


def test_nothing_happens_after_it_is_received(send: Send) -> None:
    assert send(at=ms(NOW + timedelta(minutes=2))).packets[3].events[0].at == ms(NOW)


@pytest.mark.parametrize(("missing", "place"), [("visitor", "$.visitor"), ("session", "$.session")])
def test_half_an_identity_is_none(send: Send, missing: str, place: str) -> None:
    with pytest.raises(Refused) as refused:
        send(**{missing: None})
    assert refused.value.reason == "bad_schema"
    assert place in str(refused.value)


def test_who_is_not_to_be_known_again_has_no_ids_and_no_name(send: Send) -> None:
    event = {"name": "login", "at": ms(NOW), "user": "anna", "data": {"a": 1}, "signed_up": ms(NOW)}
    event |= {"url": "https://shop.example/", "attributes": {"b": 2}}
    [packet] = send(visitor=None, session=None, events=[event]).packets.values()
    assert (packet.visitor_id, packet.session_id) == (b"", b"")
    [taken] = packet.events
    assert (taken.user, taken.data, taken.signed_up, taken.attributes) == ("", {}, 0, {"b": 2})


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (None, 0),
        (0, 0),
        (1_552_205_700, 0),
        (1_552_205_700_000, 1_552_205_700_000),
        (ms(NOW) + 60_000, ms(NOW)),
        (ms(NOW) + 3_600_000, 0),
    ],
)
def test_a_sign_up_was_some_time_before(send: Send, said: int | None, taken: int) -> None:
    event = {"name": "login", "at": ms(NOW), "url": "https://shop.example/", "signed_up": said}
    assert send(events=[event]).packets[3].events[0].signed_up == taken


@pytest.mark.parametrize(("address", "taken"), [("192.0.2.7", {4: 1}), ("192.0.3.7", {3: 2, 4: 1}), ("", {3: 2, 4: 1})])
def test_what_a_property_excludes_is_counted_for_others(address: str, taken: dict[int, int]) -> None:
    hosts = ("shop.example", "blog.shop.example", "shop.example")
    events = [{"name": "x", "at": ms(NOW), "url": f"https://{host}/"} for host in hosts]
    body = {"account": 7, "visitor": str(named_uuid("v")), "session": str(named_uuid("s")), "events": events}
    admitted = admit(wire.decode(json.dumps(body).encode()), TABLE, Sender(), ms(NOW), address)
    assert {prop: len(packet.events) for prop, packet in admitted.packets.items()} == taken
    assert admitted.drops == ({(3, "excluded"): 2} if 3 not in taken else {})
    assert b"192.0" not in stream.encode(list(admitted.packets.values()))
