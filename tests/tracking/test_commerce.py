"""Items with amounts of their own, and orders that count once, whoever sends them how often."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from redis.exceptions import WatchError

from properties.models import Property
from tests.pipeline import NOW, admitted, append, batch, drain, everything, ms, raw
from tests.tracking.archive.material import keys, read_all
from tests.tracking.late import number
from tracking import commerce, ingest
from tracking.archive.store import store
from tracking.bitmaps.addresses import Address
from tracking.drain import Drain
from tracking.reading import load
from tracking.shelves import rules_of, shelf_of
from tracking.stream import StreamEvent

DAY = "2026-11-24"
Fields = dict[str, object]
CUP: Fields = {
    "item_id": "CUP",
    "item_name": "Tern cup",
    "item_brand": "Tern",
    "item_category": "Kitchen",
    "price": 12.5,
}
MAP: Fields = {
    "item_name": "Map",
    "item_brand": "Tern",
    "item_category": "Paper",
    "item_category2": "Maps",
    "price": "3.10",
}


def event(name: str, items: Sequence[Fields] = (), n: int | None = None, days: int = 0, **attributes: object) -> Fields:
    at = ms(NOW - timedelta(days=days))
    said = {"currency": "EUR", **attributes}
    return {"name": name, "at": at, "url": "https://shop.example/", "n": n, "items": list(items), "attributes": said}


def send(prop: Property, visitor: str, *events: Fields) -> None:
    append(prop, admitted(prop, batch(prop, visitor, events)))


def drops(prop: Property, day: str = DAY) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = raw().hgetall(keys(prop).drops(day))
    return found


def test_each_item_has_its_own_amounts_and_what_they_share_counts_once(prop: Property) -> None:
    send(prop, "a", event("purchase", [{**CUP, "quantity": 2}, MAP, {**CUP, "quantity": 1}], value=40.6))
    drain(prop)
    expected = {
        "item:CUP": (1, 3, 3750),
        "item:Map": (1, 1, 310),
        "brand:Tern": (1, 4, 4060),
        "category:Kitchen": (1, 3, 3750),
        "category:Paper": (1, 1, 310),
        "category:Maps": (1, 1, 310),
    }
    for trait, amounts in expected.items():
        assert tuple(number(prop, DAY, metric, trait) for metric in ("events", "quantity", "money:EUR")) == amounts
    assert number(prop, DAY, "money:EUR") == 4060, "the order's own value, and no more"
    assert number(prop, DAY, "quantity") == 0


def test_before_the_sale_items_are_counted_by_what_was_done_and_have_no_money(prop: Property) -> None:
    send(prop, "a", event("view_item_list", [CUP, MAP]), event("add_to_cart", [{**CUP, "quantity": 2}], value=25))
    send(prop, "b", event("purchase", [CUP], value=12.5), event("read", [CUP]))
    drain(prop)
    metrics = ("events", "quantity", "quantity:view_item_list", "quantity:add_to_cart", "money:EUR")
    assert [number(prop, DAY, metric, "item:CUP") for metric in metrics] == [3, 1, 1, 2, 1250]
    assert not [metric for _, metric, _ in everything(prop) if metric == "quantity:read"]


def test_money_of_items_is_exact_and_nonsense_is_none(prop: Property) -> None:
    many: list[Fields] = [{"item_id": "A", "price": 0.1, "quantity": 3} for _ in range(100)]
    odd: list[Fields] = [
        {"item_id": "B", "price": "much", "quantity": 2},
        {"item_id": "C", "price": 1, "quantity": -1},
        {"item_id": "D", "price": 10**11, "quantity": 10**6},
        {"item_id": "E", "price": 1, "quantity": 0.5},
        {"item_id": None, "item_name": True, "price": 5},
    ]
    send(prop, "a", event("purchase", [*many, *odd], value=1))
    drain(prop)
    assert number(prop, DAY, "money:EUR", "item:A") == 3000
    assert [number(prop, DAY, "money:EUR", f"item:{name}") for name in "BCDE"] == [0, 0, 0, 50]
    assert [number(prop, DAY, "quantity", f"item:{name}") for name in "BCDE"] == [2, 0, 10**6, 1]
    assert not [trait for _, _, trait in everything(prop) if trait in ("item:None", "item:True")]


def test_a_coupon_is_of_the_order_or_of_an_item_and_counts_once(prop: Property) -> None:
    some = [{**CUP, "coupon": "SPRING"}, {**MAP, "coupon": "MAPS"}]
    send(prop, "a", event("purchase", some, value=15.6, coupon="SPRING"))
    drain(prop)
    found = {
        name: [number(prop, DAY, m, f"coupon:{name}") for m in ("events", "money:EUR")] for name in ("SPRING", "MAPS")
    }
    assert found == {"SPRING": [1, 1560], "MAPS": [1, 310]}


def test_too_many_items_count_together_and_each_amount_once(prop: Property) -> None:
    prop.names_a_day = 10
    prop.save()
    send(prop, "a", event("purchase", [{"item_id": n, "price": 1} for n in range(25)], value=25))
    drain(prop)
    amounts = [number(prop, DAY, metric, "item:(other)") for metric in ("events", "quantity", "money:EUR")]
    assert amounts == [1, 15, 1500]


def test_an_order_counts_once_whoever_sends_it(prop: Property) -> None:
    order = event("purchase", [CUP], value=12.5, transaction_id="T-1")
    send(prop, "a", order, order)
    send(prop, "b", order)
    drain(prop)
    send(prop, "c", order, event("purchase", value=12.5, transaction_id=2))
    send(prop, "c", event("purchase", value=12.5, transaction_id="2", days=3))
    drain(prop)
    assert (number(prop, DAY, "money:EUR"), number(prop, DAY, "money:EUR", "item:CUP")) == (2500, 1250)
    assert number(prop, DAY, "events", "evt:purchase") == 2
    assert (drops(prop), drops(prop, "2026-11-21")) == ({b"repeated_order": b"3"}, {b"repeated_order": b"1"})
    assert len(read_all(store(), prop)) == 2
    address = Address("everyone", DAY)
    assert len(load(prop, [address])[address]) == 2, "who only repeats an order was not there"


@pytest.mark.parametrize("nothing", [None, "", " ", "null", "undefined", 0, False])
def test_orders_without_an_id_all_count(prop: Property, nothing: object) -> None:
    send(prop, "a", *[event("purchase", value=1, transaction_id=nothing)] * 2, event("purchase", value=1))
    drain(prop)
    assert number(prop, DAY, "money:EUR") == 300


def test_a_refund_is_negative_on_its_own_day_and_counts_once(prop: Property) -> None:
    send(prop, "a", event("purchase", [{**CUP, "quantity": 2}], value=25, transaction_id="T-1", days=3))
    back = event("refund", [CUP], value=12.5, transaction_id="T-1")
    send(prop, "a", back, back)
    drain(prop)
    send(prop, "b", back)
    drain(prop)
    assert (number(prop, "2026-11-21", "money:EUR"), number(prop, DAY, "money:EUR")) == (2500, -1250)
    assert [number(prop, "2026-11", metric, "item:CUP") for metric in ("quantity", "money:EUR")] == [1, 1250]
    assert drops(prop) == {b"repeated_order": b"2"}


def test_parts_of_an_order_come_back_one_by_one(prop: Property) -> None:
    for n in range(2):
        send(prop, "a", event("refund", value=5, transaction_id="T-1", refund_id=f"R-{n}"))
    send(prop, "a", event("refund", value=-4, transaction_id="T-1"))
    send(prop, "a", event("refund", [CUP], value=5, transaction_id="T-1"))
    send(prop, "a", event("refund", [MAP], value=5, transaction_id="T-1"))
    send(prop, "a", event("refund", [MAP], value=5.0, transaction_id="T-1"))
    drain(prop)
    assert number(prop, DAY, "money:EUR") == -2400


def test_an_order_of_a_batch_that_was_refused_counts_with_the_next(
    prop: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else moves the position, so nothing is written; not even that the order was seen."""
    shelf, rules, holder = shelf_of(prop), rules_of(prop), Drain.of(prop)
    shelf.client.set(shelf.keys.lease, holder.token)
    send(prop, "a", event("purchase", [CUP], value=12.5, transaction_id="T-1"))
    real = ingest.run

    def overtaken(*arguments: Any) -> None:
        real(*arguments)
        raw().hset(shelf.keys.progress, "visitors", 0)

    monkeypatch.setattr("tracking.drain.ingest.run", overtaken)
    with pytest.raises(WatchError):
        holder.batch(shelf, rules)
    monkeypatch.undo()
    assert not raw().keys("*orders*")
    assert holder.batch(shelf, rules) == 1
    assert number(prop, DAY, "money:EUR", "item:CUP") == 1250


def test_what_is_kept_of_an_order_tells_nothing(prop: Property) -> None:
    send(prop, "a", event("purchase", value=1, transaction_id="anna@shop.example/1"))
    drain(prop)
    [key] = raw().keys("*orders*")
    [kept] = raw().smembers(key)
    assert (len(kept), b"anna" in kept, raw().ttl(key)) == (commerce.ORDER_BYTES, False, -1)


def test_what_tells_orders_apart() -> None:
    def order(name: str, **said: Any) -> bytes | None:
        return commerce.order_of(StreamEvent(name, 1, attributes=said))

    assert order("purchase", transaction_id="1") == order("purchase", transaction_id=1, value=5)
    assert order("purchase", transaction_id="1") != order("refund", transaction_id="1")
    assert order("refund", transaction_id="1", value=5, currency="EUR") == order(
        "refund", transaction_id="1", value="5.00", currency="eur"
    )
    assert order("refund", transaction_id="1", value=5) != order("refund", transaction_id="1", value=6)
    assert order("order", transaction_id="1") is None
