"""The tracked elements of the demo's pages, as the generated visitors use them. Pure.

The templates carry the same; a test compares the two.
"""

from dataclasses import dataclass

from demo import pages
from demo.catalogue import ARTICLE, ARTICLES, FEATURED, PRODUCT, PRODUCTS, Article, Product, related_to
from demo.pages import Page


@dataclass(frozen=True)
class Element:
    type: str
    label: str
    position: str

    @property
    def attributes(self) -> dict[str, str]:
        return {"type": self.type, "label": self.label, "position": self.position}


MENU = {
    pages.SHOP: Element("menu", "Collection", "1"),
    pages.JOURNAL: Element("menu", "Journal", "2"),
    pages.ABOUT: Element("menu", "About", "3"),
    pages.SIGN_UP: Element("menu", "Letter", "4"),
    pages.CART: Element("menu", "Cart", "5"),
}
COLLECTION = Element("button", "See the collection", "1")
JOIN = Element("button", "Join the letter", "2")
ADD_TO_CART = Element("button", "Add to cart", "1")
CHECK_OUT = Element("button", "Check out", "1")
PLACE_ORDER = Element("button", "Place the order", "4")
SIGN_UP = Element("button", "Sign up", "3")
CHECKOUT_FIELDS = tuple(Element("field", label, str(n)) for n, label in enumerate(("Name", "E-mail", "Address"), 1))
SIGN_UP_FIELDS = tuple(Element("field", label, str(n)) for n, label in enumerate(("First name", "E-mail"), 1))

_PRODUCT_OF = {pages.product_page(product): product for product in PRODUCTS}
_ARTICLE_OF = {pages.article_page(article): article for article in ARTICLES}


def _products(products: tuple[Product, ...]) -> dict[Page, Element]:
    return {
        pages.product_page(product): Element("product", product.name, str(n)) for n, product in enumerate(products, 1)
    }


def _articles(articles: tuple[Article, ...]) -> dict[Page, Element]:
    return {
        pages.article_page(article): Element("article", article.title, str(n)) for n, article in enumerate(articles, 1)
    }


def links_on(page: Page) -> dict[Page, Element]:
    """Where the tracked links of `page` lead, the menu's apart."""
    if page in _PRODUCT_OF:
        return {**_products(related_to(_PRODUCT_OF[page])), pages.CART: ADD_TO_CART}
    if page in _ARTICLE_OF:
        return _products(tuple(PRODUCT[slug] for slug in _ARTICLE_OF[page].products))
    return _LINKS.get(page, {})


_LINKS: dict[Page, dict[Page, Element]] = {
    pages.HOME: {**_products(FEATURED), **_articles(ARTICLES), pages.SHOP: COLLECTION, pages.SIGN_UP: JOIN},
    pages.SHOP: _products(PRODUCTS),
    pages.JOURNAL: _articles(tuple(ARTICLE.values())),
    pages.ABOUT: {pages.SHOP: COLLECTION},
    pages.WELCOME: {pages.SHOP: COLLECTION},
    pages.THANK_YOU: {pages.SIGN_UP: JOIN},
    pages.CART: {pages.CHECKOUT: CHECK_OUT},
    pages.CHECKOUT: {pages.THANK_YOU: PLACE_ORDER},
    pages.SIGN_UP: {pages.WELCOME: SIGN_UP},
}


def fields_on(page: Page) -> tuple[Element, ...]:
    return {pages.CHECKOUT: CHECKOUT_FIELDS, pages.SIGN_UP: SIGN_UP_FIELDS}.get(page, ())


def link_to(page: Page, target: Page) -> Element:
    """The element that leads from `page` to `target`: on the page itself, else in the menu."""
    return links_on(page).get(target) or MENU[target]
