"""What the collector answers over HTTP: good input is durable, bad input gets a reason and is counted."""

import gzip
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.stack import Answer, Stack, wait_for
from tracking.keys import Keys
from tracking.sources.pixel import GIF

PAGE = "https://shop.example/a"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def batch(shop: dict[str, Any], **changes: Any) -> dict[str, Any]:
    event = {"name": "pageview", "at": now_ms(), "url": PAGE}
    ids = {"visitor": str(uuid.uuid4()), "session": str(uuid.uuid4())}
    return {"account": shop["account_id"], **ids, "sent": now_ms(), "events": [event], **changes}


def post(stack: Stack, shop: dict[str, Any], body: object, path: str = "") -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = path or f"/track/it?account={shop['account_id']}"
    return stack.send(path, raw, **{"Content-Type": "text/plain", "Origin": "https://shop.example"})


def drops(stack: Stack, shop: dict[str, Any]) -> dict[str, int]:
    key = Keys(shop["account_id"], shop["property_id"]).drops(datetime.now(UTC).date().isoformat())
    return {reason.decode(): int(n) for reason, n in stack.data.hgetall(key).items()}


def events(stack: Stack, shop: dict[str, Any]) -> int:
    """How many events are in the bitmaps, once nothing waits any more."""
    keys = Keys(shop["account_id"], shop["property_id"])
    wait_for(lambda: not stack.data.xlen(keys.ingest), 30)
    return int(stack.data.hget(keys.progress, "events") or 0)


def test_a_batch_is_taken_and_reaches_the_bitmaps(stack: Stack, shop: dict[str, Any]) -> None:
    before = events(stack, shop)
    answer = post(stack, shop, batch(shop))
    assert (answer.status, answer.body) == (202, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert events(stack, shop) == before + 1


def one(**changes: Any) -> dict[str, Any]:
    return {"events": [{"name": "pageview", "at": now_ms(), "url": PAGE, **changes}]}


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"account": None}, 400, "bad_schema"),
        ({"account": ["7"]}, 400, "bad_schema"),
        ({"visitor": "nobody"}, 400, "bad_schema"),
        ({"session": None}, 400, "bad_schema"),
        ({"events": "pageview"}, 400, "bad_schema"),
        (one(name=["pageview"]), 400, "bad_schema"),
        (one(name="a\x00b"), 400, "bad_schema"),
        (one(url="https://shop.example/\x00"), 400, "bad_schema"),
        (one(attributes={"a": {"b": 1}}), 400, "bad_schema"),
        (one(items=[{}] * 201), 400, "bad_schema"),
        (one(at=-5), 400, "bad_schema"),
        (one(at=0), 400, "too_old"),
        (one(at=4_102_444_800_000), 400, "in_future"),
        ({"sent": None, **one(at=315_532_800_000)}, 400, "too_old"),
        ({"events": [{"name": "x", "at": 1}] * 501}, 413, "too_many_events"),
        ({"events": [{"name": "x", "at": 1}] * 10_000}, 413, "too_many_events"),
        (one(attributes={f"a{n}": n for n in range(31)}), 400, "too_many_attributes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_gets_its_reason_and_is_counted(
    stack: Stack, shop: dict[str, Any], changes: dict[str, Any], status: int, reason: str
) -> None:
    before = drops(stack, shop).get(reason, 0)
    answer = post(stack, shop, batch(shop, **changes))
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (status, reason)
    assert answer.body, "a sentence says what is wrong"
    assert drops(stack, shop)[reason] == before + 1


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "bad_json"),
        (b"{{{", 400, "bad_json"),
        (b"\xff\xfe\x00", 400, "bad_json"),
        (b"[]", 400, "bad_schema"),
        (b"null", 400, "bad_schema"),
        (b"[" * 200_000, 400, "bad_schema"),
        (b'{"account":' * 20_000, 400, "bad_schema"),
        (b"x" * 1_000_000, 413, "too_large"),
        (gzip.compress(b"{}", mtime=0), 400, "bad_json"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_body_that_cannot_be_read_counts_for_its_page(
    stack: Stack, shop: dict[str, Any], body: bytes, status: int, reason: str
) -> None:
    before = drops(stack, shop).get(reason, 0)
    answer = post(stack, shop, body)
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (status, reason)
    assert drops(stack, shop)[reason] == before + 1


def test_without_an_account_nothing_is_taken(stack: Stack, shop: dict[str, Any]) -> None:
    body = batch(shop)
    del body["account"]
    answer = post(stack, shop, body, path="/track/it")
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (400, "bad_schema")
    assert b"account" in answer.body


@pytest.mark.parametrize("named", ["%C2%B2", "9" * 40, "-1", "%00", "1e3"])
def test_a_strange_property_in_the_query_is_no_fault(stack: Stack, shop: dict[str, Any], named: str) -> None:
    path = f"/track/it?account={shop['account_id']}&property={named}"
    assert post(stack, shop, b"{", path=path).status == 400
    assert stack.send(path).body == GIF


def test_the_trouble_of_one_property_is_not_anothers(stack: Stack, shop: dict[str, Any]) -> None:
    """Requests that share a write get each the answer of their own entries."""
    other = stack.create_account("trouble@shop.example", "trouble.example")
    keys = Keys(other["account_id"], other["property_id"])
    stack.data.set(keys.ingest, "no stream")
    troubled = batch(other, events=[{"name": "x", "at": now_ms(), "url": "https://trouble.example/"}])
    before = events(stack, shop)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: post(stack, shop, troubled if n % 2 else batch(shop)).status, range(64)))
    assert answers == [202, 503] * 32
    assert events(stack, shop) == before + 32
    stack.data.delete(keys.ingest)


def test_who_it_is_for_must_exist(stack: Stack, shop: dict[str, Any]) -> None:
    for changes, reason in [({"account": 999_999}, "unknown_account"), ({"property": 999_999}, "unknown_property")]:
        answer = post(stack, shop, batch(shop, **changes))
        assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (404, reason)
    answer = post(stack, shop, batch(shop, **one(url="https://unknown.example/")))
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (404, "unknown_host")
    key = Keys(shop["account_id"], 0).unknown_hosts(datetime.now(UTC).date().isoformat())
    assert stack.data.hget(key, "unknown.example") == b"1"
    assert post(stack, shop, batch(shop), path="/track/it?account=abc&property=zz").status == 202


def test_the_good_part_of_a_batch_is_taken(stack: Stack, shop: dict[str, Any]) -> None:
    before = events(stack, shop)
    some = [{"name": "x", "at": at, "url": PAGE} for at in (now_ms(), 0, 4_102_444_800_000)]
    answer = post(stack, shop, batch(shop, events=some))
    assert answer.status == 202
    assert answer.headers["X-Aktivat-Dropped"] == "too_old=1, in_future=1"
    assert events(stack, shop) == before + 1


def test_the_pixel_is_always_a_gif(stack: Stack, shop: dict[str, Any]) -> None:
    before = events(stack, shop)
    ids = f"account={shop['account_id']}&visitor={uuid.uuid4()}&session={uuid.uuid4()}"
    good = stack.send(f"/track/it?{ids}&name=open&url=https://shop.example/mail")
    bad = stack.send("/track/it")
    strange = stack.send(f"/track/it?{ids}&name=open&url=https://unknown.example/")
    for answer in (good, bad, strange):
        assert (answer.status, answer.body) == (200, GIF)
        assert answer.headers["Content-Type"] == "image/gif"
    assert len(GIF) == 43
    assert "X-Aktivat-Reason" not in good.headers
    assert bad.headers["X-Aktivat-Reason"] == "bad_schema"
    assert strange.headers["X-Aktivat-Reason"] == "unknown_host"
    assert events(stack, shop) == before + 1


def test_who_names_no_visitor_is_one_all_day(stack: Stack, shop: dict[str, Any]) -> None:
    before = events(stack, shop)
    progress = Keys(shop["account_id"], shop["property_id"]).progress
    visitors = int(stack.data.hget(progress, "visitors") or 0)
    for _ in range(3):
        assert post(stack, shop, batch(shop, visitor=None, session=None)).status == 202
    pixel = stack.send(f"/track/it?account={shop['account_id']}&name=open&url=https://shop.example/mail")
    assert "X-Aktivat-Reason" not in pixel.headers
    assert events(stack, shop) == before + 4
    assert int(stack.data.hget(progress, "visitors")) == visitors + 1


@pytest.mark.parametrize(("path", "status"), [("/track/", 404), ("/track/nothing", 404), ("/track/it/", 404)])
def test_there_is_nothing_else_at_track(stack: Stack, path: str, status: int) -> None:
    assert stack.send(path).status == status


def test_many_at_once_each_get_their_own_answer(stack: Stack, shop: dict[str, Any]) -> None:
    before = events(stack, shop)
    good = [batch(shop) for _ in range(200)]
    mixed = [body for pair in zip(good, [b"{"] * 200, strict=True) for body in pair]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda body: post(stack, shop, body), mixed))
    assert [answer.status for answer in answers] == [202, 400] * 200
    assert events(stack, shop) == before + 200
