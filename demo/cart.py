"""The cart: a signed cookie that ends with the browser session. The server keeps nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from demo.catalogue import PRODUCT, Product

COOKIE, ORDER = "demo_cart", "demo_order"
MOST_OF_ONE = 12


@dataclass(frozen=True)
class Line:
    product: Product
    count: int

    @property
    def euros(self) -> int:
        return self.product.euros * self.count


def read(request: HttpRequest) -> dict[str, int]:
    """How many of each product; nothing for a cookie that is missing or was tampered with."""
    return _counts(request.get_signed_cookie(COOKIE, default="") or "")


def write(response: HttpResponse, cart: Mapping[str, int]) -> None:
    text = ".".join(f"{slug}:{min(count, MOST_OF_ONE)}" for slug, count in cart.items() if count > 0)
    response.set_signed_cookie(COOKIE, text, path="/demo/", httponly=True, samesite="Lax", secure=settings.HTTPS)


def order(response: HttpResponse, number: str, cart: Mapping[str, int]) -> None:
    """Remember an order for the page that thanks for it, and empty the cart."""
    write(response, {})
    text = f"{number}/" + ".".join(f"{slug}:{count}" for slug, count in cart.items())
    response.set_signed_cookie(ORDER, text, path="/demo/", httponly=True, samesite="Lax", secure=settings.HTTPS)


def ordered(request: HttpRequest) -> tuple[str, dict[str, int]]:
    """The number of the last order, and how many of each product; empty without one."""
    number, _, text = (request.get_signed_cookie(ORDER, default="") or "").partition("/")
    return number, _counts(text)


def _counts(text: str) -> dict[str, int]:
    pairs = (pair.partition(":") for pair in text.split("."))
    return {slug: int(count) for slug, _, count in pairs if slug in PRODUCT}


def lines(cart: Mapping[str, int]) -> list[Line]:
    return [Line(PRODUCT[slug], count) for slug, count in cart.items()]
