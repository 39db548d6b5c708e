"""What a visitor does in the shop: pages, and what they touch on each, until they leave. Pure."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from demo import pages
from demo.catalogue import ARTICLES, PRODUCTS, Product
from demo.elements import Element, fields_on, link_to, links_on
from demo.orders import Items, items_of, worth
from demo.pages import Page, article_page, product_page
from demo.people import Person, Source

SECOND = 1000
MOST_PAGES = 25

_PRODUCT_OF = {product_page(product): product for product in PRODUCTS}
_PRODUCTS = tuple(_PRODUCT_OF)
_ARTICLES = tuple(article_page(article) for article in ARTICLES)
_PRODUCT, _ARTICLE = _PRODUCTS[0], _ARTICLES[0]

# From a page, the chances (in hundredths) of what comes next; what is missing to 100 leaves.
# The first product and article stand for all of their kind.
NEXT: dict[Page, dict[Page, int]] = {
    pages.HOME: {pages.SHOP: 38, _PRODUCT: 14, _ARTICLE: 6, pages.ABOUT: 5, pages.SIGN_UP: 5, pages.JOURNAL: 4},
    pages.SHOP: {_PRODUCT: 66, pages.JOURNAL: 3, pages.ABOUT: 3},
    _PRODUCT: {pages.CART: 17, pages.SHOP: 19, _PRODUCT: 20, pages.ABOUT: 3},
    pages.CART: {pages.CHECKOUT: 52, pages.SHOP: 20},
    pages.CHECKOUT: {pages.THANK_YOU: 64},
    pages.THANK_YOU: {pages.SIGN_UP: 15},
    pages.JOURNAL: {_ARTICLE: 62, pages.SHOP: 8},
    _ARTICLE: {_PRODUCT: 22, pages.SIGN_UP: 6, pages.JOURNAL: 8, pages.SHOP: 5},
    pages.ABOUT: {pages.SHOP: 30, pages.JOURNAL: 8},
    pages.SIGN_UP: {pages.WELCOME: 55},
    pages.WELCOME: {pages.SHOP: 45},
}


@dataclass(frozen=True)
class Step:
    """Something that happened. `path` has the query with which the page was opened."""

    name: str
    at: int
    path: str
    # The page before: an address, or a path of the shop itself.
    referrer: str
    title: str
    attributes: dict[str, str | int] = field(default_factory=dict)
    items: Items = field(default_factory=list)


class _Reader:
    """A visitor on their way: the time, the page they are on, and what they have done so far."""

    def __init__(self, random_: random.Random, person: Person, at: int) -> None:
        self.random = random_
        self.person = person
        self.at = at
        self.steps: list[Step] = []
        self.path = self.referrer = self.title = ""
        self.opened = at
        self.cart: Counter[Product] = Counter()

    def open(self, page: Page, referrer: str, query: str = "") -> None:
        self.path = f"{page.path}?{query}" if query else page.path
        self.referrer, self.title = referrer, page.title
        load = round(180 + 420 * self.person.slowness * self.random.lognormvariate(0, 0.45))
        self._note("pageview", {"load_ms": load})
        self.opened = self.at
        self._tell_of_goods(page)
        self.wait(2, 9)

    def leave(self) -> None:
        """What the page took of somebody's attention."""
        scroll = min(100, round(self.random.triangular(25, 115, 70)))
        self._note("engagement", {"visible_ms": self.at - self.opened, "scroll": scroll})

    def add_to_cart(self, product: Product) -> None:
        self.cart[product] += 1
        self._note_goods("add_to_cart", {product: 1})

    def _tell_of_goods(self, page: Page) -> None:
        if page in _PRODUCT_OF:
            self._note_goods("view_item", {_PRODUCT_OF[page]: 1})
        elif page == pages.CHECKOUT and self.cart:
            self._note_goods("begin_checkout", self.cart)
        elif page == pages.THANK_YOU and self.cart:
            self._note_goods("purchase", self.cart, transaction_id=f"S-{self.random.randrange(10**9):09}")
            self.cart.clear()

    def _note_goods(self, name: str, goods: Mapping[Product, int], **more: str) -> None:
        self._note(name, worth(goods.items(), **more), items_of(goods.items()))

    def wait(self, least: float, usual: float) -> None:
        self.at += round((least + self.random.expovariate(1 / usual)) * SECOND)

    def touch(self, name: str, element: Element) -> None:
        self._note(name, {**element.attributes})

    def _note(self, name: str, attributes: dict[str, str | int], items: Items | None = None) -> None:
        self.steps.append(Step(name, self.at, self.path, self.referrer, self.title, attributes, items or []))

    def point_at(self, element: Element) -> None:
        """Fingers do not hover."""
        if "Mobile" not in self.person.agent:
            self.touch("mouseover", element)
            self.wait(0.2, 0.6)

    def click(self, element: Element) -> None:
        self.point_at(element)
        self.touch("focus", element)
        self.at += self.random.randrange(1, 8)
        self.touch("click", element)
        self.at += self.random.randrange(30, 220)

    def fill_in(self, element: Element) -> None:
        self.point_at(element)
        self.touch("focus", element)
        self.wait(2, 5)
        self.touch("blur", element)
        self.wait(0.2, 0.8)


def walk(random_: random.Random, person: Person, source: Source, at: int) -> list[Step]:
    """The steps of one visit, which begins at `at`."""
    reader = _Reader(random_, person, at)
    page = random_.choice(source.entries)
    reader.open(page, source.referrer, source.query)
    for _ in range(MOST_PAGES):
        _look_around(reader, page)
        following = _next(random_, page)
        if following is None:
            break
        _finish_form(reader, page)
        reader.click(link_to(page, following))
        if page in _PRODUCT_OF and following == pages.CART:
            reader.add_to_cart(_PRODUCT_OF[page])
        reader.leave()
        reader.open(following, reader.path)
        page = following
    else:
        reader.leave()
        return reader.steps
    # Some who leave had begun to fill in the form.
    if random_.random() < 0.5:
        for element in fields_on(page)[:1]:
            reader.fill_in(element)
    reader.leave()
    return reader.steps


def _look_around(reader: _Reader, page: Page) -> None:
    links = list(links_on(page).values())
    for element in reader.random.sample(links, min(len(links), reader.random.choice((0, 0, 1, 1, 2)))):
        reader.point_at(element)
        reader.wait(0.5, 4)
    reader.wait(1, 14)


def _finish_form(reader: _Reader, page: Page) -> None:
    for element in fields_on(page):
        reader.fill_in(element)


def _next(random_: random.Random, page: Page) -> Page | None:
    """The page that follows, one that a link of `page` or the menu leads to; None to leave."""
    chances = NEXT[_kind(page)]
    kind = random_.choices([*chances, None], [*chances.values(), 100 - sum(chances.values())])[0]
    if kind == _PRODUCT:
        # Looked at more often the further in front they stand.
        shown = [target for target in links_on(page) if target in _PRODUCTS]
        return random_.choices(shown, range(len(shown) + 3, 3, -1))[0]
    if kind == _ARTICLE:
        return random_.choice([target for target in links_on(page) if target in _ARTICLES])
    return kind


def _kind(page: Page) -> Page:
    if page in _PRODUCTS:
        return _PRODUCT
    return _ARTICLE if page in _ARTICLES else page
