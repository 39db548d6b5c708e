"""The generated visitors: what they use, where they come from, how often they return. Pure."""

import random
import uuid
from dataclasses import dataclass

from demo import pages
from demo.catalogue import ARTICLES, PRODUCTS
from demo.pages import Page, article_page, product_page

# The letter goes out on these days, counted back from today (1 is today).
LETTER_DAYS = (24, 10)


@dataclass(frozen=True)
class Source:
    """Where a visit comes from: the page that links here, the query of the link, the pages it leads to."""

    referrer: str
    query: str
    entries: tuple[Page, ...]
    letter: bool = False


@dataclass(frozen=True)
class Person:
    id: str
    agent: str
    # How long their pages take to load, beside others'; and how many times they come back.
    slowness: float
    returns: int
    source: Source


_PRODUCT_PAGES = tuple(product_page(product) for product in PRODUCTS)
_ARTICLE_PAGES = tuple(article_page(article) for article in ARTICLES)

DIRECT = Source("", "", (pages.HOME, pages.HOME, pages.SHOP))
LETTER = Source("", "utm_source=news&utm_campaign=spring", (pages.SHOP, _PRODUCT_PAGES[2]), letter=True)
LETTER_LATER = Source("", "utm_source=news&utm_campaign=table-for-six", (_ARTICLE_PAGES[1],), letter=True)
PARTNER = Source("https://kitchenletters.example/", "utm_source=kitchenletters&utm_medium=partner", _ARTICLE_PAGES)
SOURCES = (
    (30, DIRECT),
    (26, Source("https://www.google.com/", "", (pages.HOME, pages.HOME, pages.SHOP, *_PRODUCT_PAGES, *_ARTICLE_PAGES))),
    (5, Source("https://duckduckgo.com/", "", (pages.HOME, *_PRODUCT_PAGES, *_ARTICLE_PAGES))),
    (3, Source("https://www.bing.com/", "", (pages.HOME, pages.SHOP))),
    (12, LETTER),
    (5, LETTER_LATER),
    (9, Source("https://www.pinterest.com/", "", _PRODUCT_PAGES)),
    (4, Source("https://mastodon.social/", "", _ARTICLE_PAGES)),
    (6, PARTNER),
)

_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko)"
# weight, slowness, User-Agent
_AGENTS = (
    (26, 1.5, f"{_IPHONE} {_APPLE} Version/18.6 Mobile/15E148 Safari/604.1"),
    (24, 1.8, f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Chrome/142.0.0.0 Mobile Safari/537.36"),
    (22, 0.8, f"{_WINDOWS} {_CHROME} Chrome/142.0.0.0 Safari/537.36"),
    (9, 0.7, f"{_MAC} {_APPLE} Version/18.6 Safari/605.1.15"),
    (8, 0.7, f"{_MAC} {_CHROME} Chrome/142.0.0.0 Safari/537.36"),
    (6, 0.9, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    (5, 0.9, f"{_WINDOWS} {_CHROME} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"),
)


def uuid_from(random_: random.Random) -> str:
    return str(uuid.UUID(int=random_.getrandbits(128), version=4))


def people(random_: random.Random, count: int) -> list[Person]:
    return [_person(random_) for _ in range(count)]


def _person(random_: random.Random) -> Person:
    _, slowness, agent = random_.choices(_AGENTS, [weight for weight, _, _ in _AGENTS])[0]
    _, source = random_.choices(SOURCES, [weight for weight, _ in SOURCES])[0]
    # Half of them never return; a few keep coming.
    returns = min(12, int(random_.expovariate(1 / 1.6)))
    return Person(uuid_from(random_), agent, slowness * random_.lognormvariate(0, 0.3), returns, source)


def source_of_return(random_: random.Random, person: Person) -> Source:
    """Most who come back know the address; some follow the way of their first visit, or the letter."""
    return random_.choices((DIRECT, person.source, LETTER_LATER), (60, 32, 8))[0]
