"""What people send to Segment, Plausible and Google arrives in the bitmaps under our names."""

import json
import time
from typing import Any

import pytest
from segment.analytics.client import Client

from tests.product.sources import Site, added
from tests.stack import BROWSER, Stack

ANONYMOUS = "507f191e-810c-4197-9de8-60ea00000001"


@pytest.fixture(scope="module")
def site(stack: Stack) -> Site:
    return Site.make(stack, "vendors.example")


def plausible(site: Site, query: str = "", /, **body: object) -> Any:
    return site.post(f"/api/event{query}", {"domain": site.host, "url": f"https://{site.host}/", **body})


@pytest.mark.parametrize("packed", [False, True])
def test_segments_own_client_is_understood(site: Site, packed: bool) -> None:
    before, failed = site.counted(), []
    client = Client(
        site.key, host=site.stack.url, gzip=packed, upload_interval=0.1, on_error=lambda error, _: failed.append(error)
    )
    context = {"userAgent": BROWSER, "locale": "de-DE", "campaign": {"source": "letter", "name": "may"}}
    client.identify("u-1", {"plan": "pro", "address": {"city": "Kiel"}}, context=context)
    client.track("u-1", "Song Played", {"title": "Night", "revenue": 3.5}, context=context)
    client.page("u-1", "Docs", "Prices", {"url": f"https://{site.host}/prices"}, context=context)
    client.screen("u-2", "Main", "Start Screen", context=context)
    client.group("u-1", "g-9", {"seats": 5}, context=context)
    client.alias("anonymous-1", "u-1", context=context)
    client.flush()
    client.shutdown()
    assert failed == []
    new = added(before, site.counted())
    for trait in ("user_update", "Song Played", "group", "login"):
        assert new[f"evt:{trait}"] == 1
    assert new["evt:pageview"] == 2
    assert (new["page:/prices"], new["page:/Start%2520Screen"]) == (1, 1)
    assert new["src:letter::cpg:may"] == 6, "the campaign is one of the address, whatever the message"


def test_an_order_of_segments_is_an_order(site: Site) -> None:
    before, money = site.counted(), site.counted("money:USD")
    product = {"product_id": "P1", "name": "Cup", "brand": "Tern", "price": 19, "quantity": 1, "category": "Cups"}
    order = {
        "order_id": "50314b8e",
        "total": 27.5,
        "revenue": 25,
        "shipping": 3,
        "currency": "USD",
        "products": [product],
    }
    told = site.segment("track", {"userId": "u-3", "event": "Order Completed", "properties": order})
    assert (told.status, json.loads(told.body)) == (200, {"success": True})
    site.segment(
        "track", {"anonymousId": ANONYMOUS, "event": "Product Added", "properties": {**product, "cart_id": "c"}}
    )
    new = added(before, site.counted())
    assert (new["evt:purchase"], new["evt:add_to_cart"]) == (1, 1)
    assert (new["item:P1"], new["brand:Tern"], new["category:Cups"]) == (2, 2, 2)
    assert added(money, site.counted("money:USD"))["evt:purchase"] == 2500


def test_a_message_of_segments_counts_once(site: Site) -> None:
    before = site.archived()
    message = {"type": "track", "userId": "u-4", "event": "Once", "messageId": "m-1"}
    assert site.segment("batch", {"batch": [message, message], "sentAt": "2026-11-24T10:00:00Z"}).status == 200
    assert site.segment("track", message).status == 200
    assert site.archived() == before + 1


def test_alias_joins_who_was_anonymous(site: Site) -> None:
    site.counted()
    before = site.stack.data.hlen(site.keys.aliases)
    site.segment("track", {"anonymousId": "before-login", "event": "Looked"})
    site.segment("track", {"userId": "u-5", "event": "Paid"})
    site.segment("alias", {"previousId": "before-login", "userId": "u-5"})
    site.counted()
    assert site.stack.data.hlen(site.keys.aliases) == before + 1


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("track", {"event": "x"}, "no_visitor"),
        ("track", {"userId": "u"}, "bad_schema"),
        ("track", {"userId": "u", "event": "x", "timestamp": "soon"}, "bad_time"),
        ("identify", {"anonymousId": "a", "traits": {}}, "no_user"),
        ("alias", {"userId": "u"}, "no_user"),
        ("group", {"userId": "u"}, "no_group"),
        ("batch", {"batch": [{"type": "scream", "userId": "u"}]}, "unknown_type"),
        ("batch", {"batch": []}, "bad_schema"),
        ("batch", {}, "bad_schema"),
    ],
)
def test_what_segment_would_not_take_has_its_reason(site: Site, kind: str, body: dict[str, Any], reason: str) -> None:
    answer = site.segment(kind, body)
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (400, reason)
    assert json.loads(answer.body)["success"] is False
    assert site.post(f"/v1/{kind}", body).status == 401
    assert site.post(f"/v1/{kind}", {**body, "writeKey": site.key}).status == 400, "a key in the body will do"


def test_plausibles_script_is_understood(site: Site) -> None:
    before, money = site.counted(), site.counted("money:EUR")
    page = f"https://{site.host}/guide"
    for body in (
        {"name": "pageview", "url": page, "referrer": "https://news.example/", "props": {"author": "Ada"}},
        {"n": "pageview", "u": page, "d": site.host, "r": None, "p": '{"author":"Ada"}', "v": 22},
        {"name": "engagement", "url": page, "sd": 80, "e": 4000, "v": 22},
        {"name": "Outbound Link: Click", "url": page, "props": {"url": "https://other.example/x"}},
        {"name": "404", "url": page, "props": {"path": "/gone"}, "interactive": False},
        {"name": "Bought", "url": page, "revenue": {"currency": "EUR", "amount": "1322.22"}},
    ):
        answer = plausible(site, **body) if "url" in body else site.post("/api/event", body)
        assert (answer.status, answer.body, answer.headers["x-plausible-dropped"]) == (202, b"ok", None)
    new = added(before, site.counted())
    assert (new["evt:pageview"], new["page:/guide"]) == (2, 2)
    assert (new["evt:engagement"], new["evt:outbound_click"], new["to:other.example"], new["evt:not_found"]) == (
        1,
        1,
        1,
        1,
    )
    assert added(money, site.counted("money:EUR"))["evt:Bought"] == 132222
    assert site.visitors("page:/guide") == 1, "nobody has an id, and one browser is one visitor"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"domain": "nowhere.example", "name": "pageview", "url": "https://nowhere.example/"}, 202, "unknown_host"),
        ({"name": "pageview", "url": "https://staging.example/"}, 202, "wrong_host"),
        ({"name": "pageview", "url": ""}, 400, "bad_schema"),
        ({"name": "", "url": "https://vendors.example/"}, 400, "bad_schema"),
        ({"domain": None, "name": "x"}, 400, "bad_schema"),
    ],
)
def test_what_plausible_would_drop_is_dropped(site: Site, body: dict[str, Any], status: int, reason: str) -> None:
    answer = plausible(site, **body)
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (status, reason)
    assert answer.headers["x-plausible-dropped"] == "1"


def test_a_hostname_of_two_accounts_needs_the_account(site: Site, stack: Stack) -> None:
    hosts = [Site.make(stack, "twice.example"), Site.make(stack, "other.example")]
    code = (
        "from properties import definitions; from properties.models import Property; "
        f"definitions.set_hostnames(Property.objects.get(id={hosts[1].id}), ['other.example', 'twice.example'])"
    )
    stack.manage("shell", "--no-imports", "-c", code)
    body = {"name": "pageview", "url": "https://twice.example/both"}
    time.sleep(2)  # the table is read once a second
    answer = plausible(hosts[0], **body)
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (202, "ambiguous_host")
    assert plausible(hosts[0], f"?account={hosts[1].account}", **body).headers["X-Aktivat-Reason"] is None
    assert hosts[1].counted()["page:/both"] == 1
    assert hosts[0].counted() == {}


def test_googles_protocol_is_understood(site: Site) -> None:
    before, money = site.counted(), site.counted("money:USD")
    item = {"item_id": "G1", "item_name": "Cup", "item_brand": "Gull", "price": 10, "quantity": 3}
    params = {"transaction_id": "T1", "value": 30.03, "currency": "USD", "items": [item], "engagement_time_msec": 100}
    view = {"page_location": f"https://{site.host}/ga?utm_source=ads", "page_title": "Ga", "session_id": "123"}
    body = {
        "client_id": "1234.5678",
        "user_id": "u-6",
        "timestamp_micros": str(time.time_ns() // 1000 - 5_000_000),
        "user_properties": {"tier": {"value": "gold"}},
        "user_agent": BROWSER,
        "device": {"language": "nl"},
        "user_location": {"country_id": "NL"},
        "events": [
            {"name": "page_view", "params": view},
            {"name": "user_engagement", "params": {"engagement_time_msec": 900, **view}},
            {"name": "sign_up", "params": {"method": "mail"}},
            {"name": "purchase", "params": params},
            {"name": "level_up", "params": {"level": 3}},
        ],
    }
    answer = site.google(body)
    assert (answer.status, answer.body, answer.headers["X-Aktivat-Reason"]) == (204, b"", None)
    new = added(before, site.counted())
    for name in ("pageview", "engagement", "signup", "purchase", "level_up"):
        assert new[f"evt:{name}"] == 1
    assert (new["page:/ga"], new["item:G1"], new["geo:NL"], new["lang:nl"]) == (1, 1, 5, 5)
    assert added(money, site.counted("money:USD"))["evt:purchase"] == 3003


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"events": [{"name": "x"}]}, "bad_schema"),
        ({"client_id": "c"}, "bad_schema"),
        ({"client_id": "c", "events": []}, "bad_schema"),
        ({"client_id": "c", "events": [{"params": {}}]}, "bad_schema"),
        ({"client_id": "c", "timestamp_micros": "now", "events": [{"name": "x"}]}, "bad_time"),
    ],
)
def test_google_is_silent_and_its_debugger_tells(site: Site, body: dict[str, Any], reason: str) -> None:
    dropped = site.drops().get(reason, 0)
    answer = site.google(body)
    assert (answer.status, answer.headers["X-Aktivat-Reason"]) == (204, reason)
    told = site.google(body, "/debug/mp/collect")
    assert told.status == 200
    [message] = json.loads(told.body)["validationMessages"]
    assert message["validationCode"] == reason.upper()
    assert site.drops()[reason] == dropped + 1, "asking is not sending"


def test_googles_debugger_takes_nothing(site: Site) -> None:
    before = site.archived()
    good = {"client_id": "c", "events": [{"name": "x"}]}
    assert json.loads(site.google(good, "/debug/mp/collect").body) == {"validationMessages": []}
    assert site.archived() == before
    assert site.post("/mp/collect?api_secret=akw_wrong", good).headers["X-Aktivat-Reason"] == "unknown_key"
