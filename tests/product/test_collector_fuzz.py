"""Whatever is sent, the collector answers with a reason and goes on: never a 500, nothing else disturbed."""

import json
import string
import uuid
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.product.test_collector import batch, events, post
from tests.stack import Answer, Stack
from tracking.keys import Keys
from tracking.sources.pixel import GIF

ANSWERS = {202, 400, 404, 413}
fuzz = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.one_of(st.text(max_size=30), st.text(string.printable, max_size=30), st.just("a" * 3000))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
FIELDS = ["account", "property", "visitor", "session", "tab", "sent", "events", "surprise"]
EVENT_FIELDS = ["name", "at", "url", "referrer", "title", "attributes", "surprise"]
EVENT_FIELDS += ["n", "user", "data", "items", "signed_up"]
SHOP_EVENTS = [
    "purchase",
    "refund",
    "add_to_cart",
    "view_item_list",
    "interest",
    "outbound_click",
    "engagement",
    "login",
]
ITEM_FIELDS = ["item_id", "item_name", "item_brand", "item_category", "price", "quantity", "coupon"]
SAID = ["transaction_id", "value", "currency", "coupon", "topic", "weight", "href", "visible_ms"]


def is_well_answered(answer: Answer) -> bool:
    if answer.status == 202:
        return "X-Aktivat-Reason" not in answer.headers
    return answer.status in ANSWERS and bool(answer.headers["X-Aktivat-Reason"]) and bool(answer.body)


@fuzz
@given(changes=st.dictionaries(st.sampled_from(FIELDS), values, max_size=3))
def test_any_field_may_be_anything(stack: Stack, shop: dict[str, Any], changes: dict[str, Any]) -> None:
    assert is_well_answered(post(stack, shop, batch(shop, **changes)))


@fuzz
@given(changes=st.dictionaries(st.sampled_from(EVENT_FIELDS), values, max_size=3))
def test_any_field_of_an_event_may_be_anything(stack: Stack, shop: dict[str, Any], changes: dict[str, Any]) -> None:
    event = {"name": "fuzz", "at": 1_795_500_000_000, "url": "https://shop.example/", **changes}
    assert is_well_answered(post(stack, shop, batch(shop, events=[event])))


@fuzz
@given(
    name=st.sampled_from(SHOP_EVENTS),
    items=st.lists(st.dictionaries(st.sampled_from(ITEM_FIELDS), values, max_size=5), max_size=4),
    said=st.dictionaries(st.sampled_from(SAID), values, max_size=5),
    ids=st.sampled_from([{}, {"visitor": None, "session": None}, {"visitor": None}]),
)
def test_items_and_what_events_say_may_be_anything(
    stack: Stack, shop: dict[str, Any], name: str, items: list[Any], said: dict[str, Any], ids: dict[str, None]
) -> None:
    event = {"name": name, "at": 1_795_500_000_000, "url": "https://shop.example/", "items": items, "attributes": said}
    assert is_well_answered(post(stack, shop, batch(shop, events=[{**event, "user": "u"}], **ids)))


@fuzz
@given(body=st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_answered(stack: Stack, shop: dict[str, Any], body: bytes) -> None:
    assert is_well_answered(post(stack, shop, body))


@fuzz
@given(query=st.dictionaries(st.sampled_from([*FIELDS, *EVENT_FIELDS]), texts, max_size=6))
def test_any_query_brings_a_gif(stack: Stack, shop: dict[str, Any], query: dict[str, str]) -> None:
    ids = {"account": str(shop["account_id"]), "visitor": str(uuid.uuid4()), "session": str(uuid.uuid4())}
    pairs = {**ids, **query}.items()
    path = "/track/it?" + "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in pairs)
    answer = stack.send(path)
    assert (answer.status, answer.body) == (200, GIF)


def test_afterwards_events_are_still_counted(stack: Stack, shop: dict[str, Any]) -> None:
    before = events(stack, shop)
    assert post(stack, shop, batch(shop)).status == 202
    assert events(stack, shop) == before + 1
    assert not stack.data.xlen(Keys(shop["account_id"], shop["property_id"]).poison)
    assert "ERROR" not in (stack.folder / "logs" / "web.log").read_text().replace("ERROR django.request: Service", "")
