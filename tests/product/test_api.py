"""Servers with a write key: whose it is, what counts, what is told back, and that a retry counts once."""

import gzip
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.product.sources import Site, added
from tests.stack import BROWSER, Stack, wait_for

ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture(scope="module")
def site(stack: Stack) -> Site:
    return Site.make(stack, "api.example")


def order(number: str, **more: object) -> dict[str, Any]:
    said = {"transaction_id": number, "value": 12.5, "currency": "EUR"}
    items = [{"item_id": "CUP", "item_brand": "Tern", "price": 5, "quantity": 2}]
    return {"name": "purchase", "user": "4711", "attributes": said, "items": items, **more}


def test_events_of_a_server_are_in_the_bitmaps(site: Site) -> None:
    before, money = site.counted(), site.counted("money:EUR")
    view = {
        "name": "pageview",
        "visitor": "client-1",
        "url": "https://anywhere.example/prices?utm_source=letter",
        "user_agent": BROWSER,
        "language": "fr",
        "country": "FR",
        "screen": "1920x1080",
    }
    answer = site.events(view, order("1"))
    assert (answer.status, json.loads(answer.body)) == (202, {"taken": 2, "dropped": {}, "errors": []})
    new = added(before, site.counted())
    assert (new["evt:pageview"], new["page:/prices"], new["evt:purchase"], new["who:member"]) == (1, 1, 1, 1)
    assert (new["geo:FR"], new["lang:fr"], new["cfg:type:desktop"]) == (1, 1, 1)
    assert added(money, site.counted("money:EUR"))["evt:purchase"] == 1250


def test_an_id_makes_the_same_visitor_wherever_it_comes_from(site: Site) -> None:
    cookie = str(uuid.uuid4())
    for visitor in ("client-7", "client-7", "client-8", cookie, cookie.upper(), 12, "12"):
        assert site.events({"name": "met", "visitor": visitor}).status == 202
    assert (site.counted()["evt:met"], site.visitors("evt:met")) == (7, 4)
    body = {"account": site.account, "visitor": cookie, "session": str(uuid.uuid4())}
    event = {"name": "met", "at": time.time_ns() // 1_000_000, "url": f"https://{site.host}/"}
    assert site.post("/track/it", {**body, "events": [event]}).status == 202
    assert (site.counted()["evt:met"], site.visitors("evt:met")) == (8, 4), "the tracker's own cookie is that visitor"


def test_a_message_counts_once_however_often_it_comes(site: Site) -> None:
    before, dropped = site.archived(), site.drops().get("repeat", 0)
    some = [{"name": "once", "user": "u", "id": "a"}, {"name": "once", "user": "u", "id": 2}]
    for body in (some, some[::-1], [some[0], some[0]]):
        assert site.events(*body).status == 202
        assert site.archived() == before + 2
    assert site.drops()["repeat"] == dropped + 4
    site.events({"name": "once", "user": "u"}, {"name": "once", "user": "u"})
    assert site.archived() == before + 4, "without an id each is one"


def test_times_are_milliseconds_or_iso(site: Site) -> None:
    day = datetime.now(UTC) - timedelta(days=3)
    written = [
        day.isoformat(),
        day.replace(tzinfo=None).isoformat(),
        f"{day:%Y-%m-%dT%H:%M:%S}Z",
        day.timestamp() * 1000,
    ]
    assert site.events(*[{"name": "timed", "visitor": "t", "at": at} for at in written]).status == 202
    assert site.counted(days_ago=3)["evt:timed"] == 4
    late = datetime.now(UTC) + timedelta(days=2)
    answer = site.events({"name": "shifted", "visitor": "t", "at": late.isoformat()}, sent=late.isoformat())
    assert answer.status == 202
    assert site.counted()["evt:shifted"] == 1, "the sender's clock was two days ahead, and said so"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"name": "x"}, "no_visitor"),
        ({"name": "x", "user": "null"}, "no_visitor"),
        ({"visitor": "v"}, "bad_schema"),
        ({"name": "x", "visitor": "v", "surprise": 1}, "bad_schema"),
        ({"name": "x", "visitor": ["v"]}, "bad_schema"),
        ({"name": "x", "visitor": "v", "country": "France"}, "bad_schema"),
        ({"name": "x\n", "visitor": "v"}, "bad_schema"),
        ({"name": "x", "visitor": "v", "at": "yesterday"}, "bad_time"),
        ({"name": "x", "visitor": "v", "at": True}, "bad_time"),
        ({"name": "x", "visitor": "v", "at": 5}, "too_old"),
        ({"name": "x", "visitor": "v", "at": "2100-01-01"}, "in_future"),
        ({"name": "x", "visitor": "v", "attributes": {str(n): n for n in range(31)}}, "too_many_attributes"),
        ("x", "bad_schema"),
    ],
)
def test_what_is_wrong_is_told_and_counted_and_takes_nothing_else_with_it(
    site: Site, event: object, reason: str
) -> None:
    before, dropped = site.archived(), site.drops().get(reason, 0)
    alone = site.events(event)
    assert (alone.status, alone.headers["X-Aktivat-Reason"]) == (400, reason)
    answer = site.events({"name": "good", "visitor": "v"}, event)
    assert answer.status == 202
    assert answer.headers["X-Aktivat-Dropped"] == f"{reason}=1"
    told = json.loads(answer.body)
    assert (told["taken"], told["dropped"]) == (1, {reason: 1})
    assert site.archived() == before + 1
    assert site.drops()[reason] == dropped + 2


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "bad_json"),
        (b"[]", 400, "bad_schema"),
        (b"{}", 400, "bad_schema"),
        (b'{"events": []}', 400, "bad_schema"),
        (b'{"events": [], "more": 1}', 400, "bad_schema"),
        (b"[" * 100_000, 400, "bad_json"),
        (json.dumps({"events": [{"name": "x", "visitor": "v"}] * 501}).encode(), 413, "too_many_events"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_body_that_cannot_be_read_counts_for_the_keys_property(
    site: Site, body: bytes, status: int, reason: str
) -> None:
    before = site.drops().get(reason, 0)
    answer = site.post("/track/api/events", body, Authorization=f"Bearer {site.key}")
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (status, reason)
    assert json.loads(answer.body)["reason"] == reason
    assert site.drops()[reason] == before + 1


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "no_key"),
        ("Bearer ", "no_key"),
        ("Basic akw_x", "no_key"),
        ("Bearer akw_x", "unknown_key"),
        ("Bearer \xff", "unknown_key"),
    ],
)
def test_without_a_key_nothing_is_taken(site: Site, header: str, reason: str) -> None:
    answer = site.post("/track/api/events", {"events": [{"name": "x", "user": "u"}]}, Authorization=header)
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (401, reason)


def test_a_revoked_key_is_none(site: Site, stack: Stack) -> None:
    code = (
        "from properties import write_keys; from properties.models import Property, WriteKey; "
        f"prop = Property.objects.get(id={site.id}); print(write_keys.make(prop, 'short-lived'))"
    )
    key = stack.manage("shell", "--no-imports", "-c", code).splitlines()[-1]
    body = {"events": [{"name": "x", "user": "u"}]}
    assert site.post("/track/api/events", body, Authorization=f"Bearer {key}").status == 202, "at once"
    used = "from properties.models import WriteKey; print(WriteKey.objects.latest('id').last_used_on)"
    wait_for(lambda: stack.manage("shell", "--no-imports", "-c", used).strip() != "None", 30)
    end = (
        "from properties import write_keys; from properties.models import WriteKey; "
        "key = WriteKey.objects.latest('id'); write_keys.revoke(key.prop, key.id)"
    )
    stack.manage("shell", "--no-imports", "-c", end)
    wait_for(lambda: site.post("/track/api/events", body, Authorization=f"Bearer {key}").status == 401, 30)
    assert site.events({"name": "x", "user": "u"}).status == 202, "the other key goes on"


def test_a_robot_is_who_the_event_says_and_not_what_carries_it(site: Site) -> None:
    before, dropped = site.archived(), site.drops().get("bot", 0)
    body = {"events": [{"name": "x", "user": "u"}, {"name": "x", "user": "v", "user_agent": ROBOT}]}
    headers = {"Authorization": f"Bearer {site.key}", "User-Agent": "python-requests/2.34"}
    assert site.post("/track/api/events", body, **headers).status == 202
    assert (site.archived(), site.drops()["bot"]) == (before + 1, dropped + 1)


def test_events_of_any_age_need_a_key_that_may(stack: Stack) -> None:
    old = Site.make(stack, "old.example", "--backfill")
    answer = old.events({"name": "founded", "user": "u", "at": "2009-03-01T12:00:00Z"})
    assert answer.status == 202
    old.counted()
    assert stack.data.bitcount(f"{old.keys.prefix}evt:founded::2009-03-01") == 1


def test_a_body_may_be_gzipped(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.key}", "Content-Encoding": "gzip"}
    raw = json.dumps({"events": [{"name": "packed", "user": "u"}]}).encode()
    assert site.post("/track/api/events", gzip.compress(raw), **headers).status == 202
    assert site.counted()["evt:packed"] == 1
    for body, status, reason in [
        (raw, 400, "bad_encoding"),
        (gzip.compress(raw)[:-9], 400, "bad_encoding"),
        (gzip.compress(b" " * (64 << 20)), 413, "too_large"),
    ]:
        answer = site.post("/track/api/events", body, **headers)
        assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (status, reason)
    answer = site.post("/track/api/events", raw, **{**headers, "Content-Encoding": "br"})
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (415, "bad_encoding")


def test_the_pixel_needs_no_visitor(site: Site) -> None:
    before = site.archived()
    path = f"/track/it.gif?account={site.account}&name=opened&url=https://{site.host}/mail"
    answer = site.stack.send(path)
    assert (answer.status, answer.headers["Content-Type"], len(answer.body)) == (200, "image/gif", 43)
    assert "X-Aktivat-Reason" not in answer.headers
    assert site.archived() == before + 1
    assert site.visitors("evt:opened") == 1
