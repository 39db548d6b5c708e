"""What the shop tells of its goods, in the words of Google Analytics 4. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from demo.catalogue import Product

CURRENCY = "EUR"
CATEGORY = "Stoneware"

Attributes = dict[str, str | int]
Items = list[dict[str, str | int]]
Lines = Iterable[tuple[Product, int]]  # and how many of it


def items_of(lines: Lines) -> Items:
    return [
        {
            "item_id": product.slug,
            "item_name": product.name,
            "item_category": CATEGORY,
            "price": product.euros,
            "quantity": count,
        }
        for product, count in lines
    ]


def worth(lines: Lines, **more: str) -> Attributes:
    """Their value, and what else there is to say."""
    return {**more, "value": sum(product.euros * count for product, count in lines), "currency": CURRENCY}


def call(name: str, lines: Lines, **more: str) -> list[Any]:
    """What a page pushes to the tracker."""
    kept = list(lines)
    told: Mapping[str, Any] = {**worth(kept, **more), "items": items_of(kept)}
    return ["trackEvent", name, told]
