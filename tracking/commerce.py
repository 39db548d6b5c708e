"""What shops say: the items of an event, how many and for how much, and which orders count. Pure.

An event of a shop has `items`, each with the fields that GA4 gives them. Every item has a set of traits of its own,
and what it adds counts under these alone:

    purchase   {id: SKU-1, brand: Tern, price: 12.5, quantity: 2} and {id: SKU-2, brand: Tern, price: 3}
      item:SKU-1   events +1   quantity +2   money:EUR +2500
      item:SKU-2   events +1   quantity +1   money:EUR  +300
      brand:Tern   events +1   quantity +3   money:EUR +2800      once, with what all its items add

`quantity` and money are what was sold, and a refund takes from them. What was looked at, or put into a cart, is in
`quantity:view_item`, `quantity:add_to_cart` and so on, and is no money.

An order counts once, whoever sends it how often: `order_of` is what is remembered of it.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tracking.bitmaps import traits
from tracking.bitmaps.notes import TraitSet
from tracking.enrichment.money import decimal_of, minor_units
from tracking.people import NOBODY
from tracking.stream import StreamEvent

Value = str | int | float | bool | None
Said = Mapping[str, Value]  # the attributes of an event, or the fields of an item
Noted = dict[str, dict[str, int]]  # trait -> metric -> amount

PURCHASE, REFUND = "purchase", "refund"
SOLD = frozenset([PURCHASE, REFUND])
# What is in them may be bought some time: their money is nobody's yet.
BEFORE_THE_SALE = frozenset(
    [
        "view_item_list",
        "view_item",
        "add_to_cart",
        "remove_from_cart",
        "view_cart",
        "begin_checkout",
        "add_shipping_info",
        "add_payment_info",
    ]
)
EVENTS = SOLD | BEFORE_THE_SALE

QUANTITY = "quantity"
MONEY = "money:"  # and a currency
CATEGORIES = ("item_category", *(f"item_category{level}" for level in range(2, 6)))
LONGEST = 200
# So that a batch and a slot of them still fit into 64 bits.
MOST_PIECES = 10**6
MOST_MINOR_UNITS = 10**15
ORDER_BYTES = 12

_canonical = msgspec.json.Encoder()


def text(value: Value) -> str:
    """A name as it was said; empty for what is none."""
    return "" if value is None or isinstance(value, bool) else str(value).strip()[:LONGEST]


def item_traits(event: StreamEvent) -> list[TraitSet]:
    """The traits of each item of an event, an empty set where it has none; nothing for events of no shop."""
    if event.name not in EVENTS:
        return []
    of_event = coupon_of(event.name, event.attributes)
    return ["\n".join(_traits(item, of_event)) for item in event.items]


def _traits(item: Said, coupon_of_event: str) -> Iterator[str]:
    if name := text(item.get("item_id")) or text(item.get("item_name")):
        yield traits.named("item", name)
    for key in CATEGORIES:
        if name := text(item.get(key)):
            yield traits.named("category", name)
    if name := text(item.get("item_brand")):
        yield traits.named("brand", name)
    if (name := text(item.get("coupon"))) and name != coupon_of_event:  # that one counts for the order as a whole
        yield traits.named("coupon", name)


def coupon_of(name: str, attributes: Said) -> str:
    """The coupon that an order was bought with."""
    return text(attributes.get("coupon")) if name in SOLD else ""


def noted(name: str, attributes: Said, items: Sequence[Said], sets: Sequence[TraitSet]) -> Noted:
    """What an event notes under its items' traits, beside one event under each. `sets`: the traits of each item."""
    found: Noted = {}
    for item, some in zip(items, sets, strict=False):
        if some:
            amounts = dict(_amounts(name, item, attributes.get("currency")))
            for trait in dict.fromkeys(some.split("\n")):
                of_trait = found.setdefault(trait, {})
                for metric, amount in amounts.items():
                    of_trait[metric] = of_trait.get(metric, 0) + amount
    return {
        trait: {metric: amount for metric, amount in amounts.items() if 0 < abs(amount) <= MOST_MINOR_UNITS}
        for trait, amounts in found.items()
    }


def _amounts(name: str, item: Said, currency: Value) -> Iterator[tuple[str, int]]:
    sign = -1 if name == REFUND else 1
    quantity = decimal_of(item.get("quantity", 1))
    if quantity is None or not 0 < quantity <= MOST_PIECES:
        return
    yield QUANTITY if name in SOLD else f"{QUANTITY}:{name}", sign * math.ceil(quantity)  # half a kilo is one piece
    price = decimal_of(item.get("price"))
    if name in SOLD and price is not None and isinstance(currency, str):
        money = minor_units(price * quantity, currency)
        if money is not None:
            yield MONEY + money[0], sign * money[1]


def order_of(event: StreamEvent) -> bytes | None:
    """What tells this sale or refund from all others of the property; None for what may come any number of times.

    An order is its `transaction_id`. A refund is that, its `refund_id` where it has one, its amount and its items:
    so two parts of an order that are returned one after the other are two refunds, and the same one twice is one.
    """
    if event.name not in SOLD:
        return None
    said = event.attributes
    transaction = str(said.get("transaction_id", "")).strip()
    if transaction.lower() in NOBODY:
        return None
    parts: list[object] = [event.name, transaction]
    if event.name == REFUND:
        amount = minor_units(said.get("value"), str(said.get("currency"))) or text(said.get("value"))
        returned = sorted((text(item.get("item_id")), text(item.get("quantity"))) for item in event.items)
        parts += [text(said.get("refund_id")), amount, returned]
    return hashlib.blake2b(_canonical.encode(parts), digest_size=ORDER_BYTES, person=b"order").digest()


@dataclass
class Orders:
    """`known`: of those that a batch may bring, the ones that were taken before. `fresh`: those that it adds."""

    known: set[bytes] = field(default_factory=set)
    fresh: set[bytes] = field(default_factory=set)

    def take(self, order: bytes) -> bool:
        """Whether the order comes for the first time; then it is noted."""
        if order in self.known or order in self.fresh:
            return False
        self.fresh.add(order)
        return True
