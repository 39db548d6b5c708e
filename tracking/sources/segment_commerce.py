"""The events of shops as Segment names them (its e-commerce specification, version 2), in GA4's words. Pure."""

from collections.abc import Mapping
from typing import Any

from tracking.sources.lenient import amount, first, flat, mapping
from tracking.wire import MAX_ATTRIBUTES, MAX_ITEMS

Fields = Mapping[str, Any]

# Events about many products, which are in `products`.
OF_MANY = {
    "Product List Viewed": "view_item_list",
    "Product List Filtered": "filter_item_list",
    "Cart Viewed": "view_cart",
    "Checkout Started": "begin_checkout",
    "Checkout Step Viewed": "view_checkout_step",
    "Checkout Step Completed": "add_shipping_info",
    "Payment Info Entered": "add_payment_info",
    "Order Completed": "purchase",
    "Order Updated": "update_order",
    "Order Refunded": "refund",
    "Order Cancelled": "cancel_order",
    "Products Searched": "search",
    "Promotion Viewed": "view_promotion",
    "Promotion Clicked": "select_promotion",
    "Coupon Entered": "enter_coupon",
    "Coupon Applied": "apply_coupon",
    "Coupon Denied": "deny_coupon",
    "Coupon Removed": "remove_coupon",
}
# Events about one product, whose fields are the event's own.
OF_ONE = {
    "Product Clicked": "select_item",
    "Product Viewed": "view_item",
    "Product Added": "add_to_cart",
    "Product Removed": "remove_from_cart",
    "Product Added to Wishlist": "add_to_wishlist",
    "Product Removed from Wishlist": "remove_from_wishlist",
    "Product Reviewed": "review_item",
}
SHOP = {**OF_MANY, **OF_ONE}

ITEM = {
    "product_id": "item_id",
    "name": "item_name",
    "brand": "item_brand",
    "category": "item_category",
    "variant": "item_variant",
    "position": "index",
    "price": "price",
    "quantity": "quantity",
    "coupon": "coupon",
    "sku": "sku",
    "discount": "discount",
}
EVENT = {"order_id": "transaction_id", "query": "search_term", "promotion_id": "promotion_id"}
MONEY = ("revenue", "value", "total")  # what an order is worth without tax and shipping, where it says that


def of_shop(name: str, properties: Fields) -> Fields:
    """The event that Segment calls `name`."""
    products = [properties] if name in OF_ONE else properties.get("products")
    items = [_item(mapping(product)) for product in products[:MAX_ITEMS]] if isinstance(products, list) else []
    without = {"products", *MONEY, *(ITEM if name in OF_ONE else ())}
    attributes = {EVENT.get(key, key): value for key, value in flat(properties, without).items()}
    worth = first(*(amount(properties.get(key)) for key in MONEY))
    if worth is not None:
        attributes = {"value": worth, **attributes}
    return {
        "name": SHOP[name],
        "attributes": dict(list(attributes.items())[:MAX_ATTRIBUTES]),
        "items": [item for item in items if item],
    }


def _item(product: Fields) -> dict[str, Any]:
    item = {ITEM.get(key, key): value for key, value in flat(product).items()}
    if "item_id" not in item and "sku" in item:
        item["item_id"] = item["sku"]
    return dict(list(item.items())[:MAX_ATTRIBUTES])
