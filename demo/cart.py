"""The cart: a signed cookie that ends with the browser session. The server keeps nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from demo.catalogue import PRODUCT, Product

COOKIE = "demo_cart"
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
    text = request.get_signed_cookie(COOKIE, default="") or ""
    pairs = (pair.partition(":") for pair in text.split("."))
    return {slug: int(count) for slug, _, count in pairs if slug in PRODUCT}


def write(response: HttpResponse, cart: Mapping[str, int]) -> None:
    text = ".".join(f"{slug}:{min(count, MOST_OF_ONE)}" for slug, count in cart.items() if count > 0)
    response.set_signed_cookie(COOKIE, text, path="/demo/", httponly=True, samesite="Lax", secure=settings.HTTPS)


def lines(cart: Mapping[str, int]) -> list[Line]:
    return [Line(PRODUCT[slug], count) for slug, count in cart.items()]
