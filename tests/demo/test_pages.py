"""The shop's pages: the seed's snippet verbatim, the way to an order, and what they keep (nothing)."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from demo import elements, pages
from demo.account import Demo
from demo.catalogue import ARTICLES, PRODUCTS
from demo.elements import MENU, Element
from demo.pages import Page
from demo.visits import plan

PRODUCT_PAGES = [pages.product_page(product) for product in PRODUCTS]
ARTICLE_PAGES = [pages.article_page(article) for article in ARTICLES]
ALL = [
    pages.HOME,
    pages.SHOP,
    pages.JOURNAL,
    pages.ABOUT,
    pages.SIGN_UP,
    pages.WELCOME,
    pages.CART,
    pages.CHECKOUT,
    pages.THANK_YOU,
    *PRODUCT_PAGES,
    *ARTICLE_PAGES,
]


def seed_snippet(account_id: int, server: str) -> tuple[str, str]:
    """Both parts as the seed's document has them, filled in as it says."""
    text = (Path(__file__).parent / "snippet.txt").read_text()
    # Markdown takes four columns of an indented block away.
    text = re.sub(r"^(?: {0,3}\t| {4})", "", text, flags=re.MULTILINE)
    text = text.replace("YOUR_ACCOUNT_ID", str(account_id)).replace("http://trackit.io", server)
    text = text.replace("DOM_CLASSES_YOU_WANT_TO_TRACK_MOUSE_AND_KEYBOARD_EVENTS_FOR", '"track-it"')
    head, body = text.split("\n\n")
    return head + "\n", body


class Tracked(HTMLParser):
    """Collects the title and the tracked elements of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[Element] = set()
        self.title = ""
        self._in_title = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        found = {name: value or "" for name, value in attrs}
        if "track-it" in found.get("class", "").split():
            self.elements.add(Element(*(found[f"data-trackr-{key}"] for key in ("type", "label", "position"))))

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
            self._in_title = False


def html_of(client: Client, page: Page) -> str:
    """The page, with something in the cart where it needs that."""
    if page in (pages.CART, pages.CHECKOUT):
        client.post(reverse("demo:add_to_cart", args=["ferry-jug"]))
    response = client.get(page.path)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.path)
def test_every_page_carries_the_snippet_verbatim(page: Page, demo: Demo, client: Client) -> None:
    html = html_of(client, page)
    head, body = seed_snippet(demo.account_id, "http://testserver")
    assert html.split("<head>\n")[1].startswith(head)
    assert html.split("</body>")[0].endswith(body)


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.path)
def test_every_page_has_its_title_and_elements(page: Page, demo: Demo, client: Client) -> None:
    found = Tracked(html_of(client, page))
    assert found.title == page.title
    expected = {*elements.links_on(page).values(), *elements.fields_on(page), *MENU.values()}
    assert found.elements == expected


def test_generated_visitors_use_only_what_is_on_the_pages(demo: Demo, client: Client) -> None:
    there = {page.path: Tracked(html_of(client, page)) for page in ALL}
    for visit in plan(seed=3, now=1_764_000_000_000, visitors=60, days=30):
        for step in visit.steps:
            page = there[step.path.split("?")[0]]
            assert step.title == page.title
            if step.name in ("mouseover", "click", "focus", "blur"):
                assert Element(**{key: str(value) for key, value in step.attributes.items()}) in page.elements


def test_the_policy_lets_the_snippet_run_and_nothing_else(demo: Demo, client: Client) -> None:
    policy = client.get("/demo/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline';" in f"{policy};"
    assert "nonce" not in policy.split("script-src")[1].split(";")[0]
    assert "default-src 'self'" in policy


def test_before_there_is_an_account_there_is_no_shop(
    db: None, data_folder: Path, static_files: None, client: Client
) -> None:
    response = client.get("/demo/")
    assert response.status_code == 404
    assert "demo_account" in response.content.decode()


@pytest.mark.parametrize("path", ["/demo/shop/none/", "/demo/journal/none/", "/demo/none/"])
def test_what_is_not_there_is_not_found(path: str, demo: Demo, client: Client) -> None:
    assert client.get(path).status_code == 404


def test_the_way_to_an_order(demo: Demo, client: Client) -> None:
    for slug in ("ferry-jug", "tern-cup", "tern-cup"):
        assert client.post(reverse("demo:add_to_cart", args=[slug])).headers["Location"] == pages.CART.path
    assert "€ 94" in client.get(pages.CART.path).content.decode()
    client.post(reverse("demo:remove_from_cart", args=["ferry-jug"]))
    assert "€ 48" in client.get(pages.CHECKOUT.path).content.decode()
    ordered = client.post(pages.CHECKOUT.path, {"name": "A", "email": "a@visitor.example", "address": "B"})
    assert ordered.headers["Location"] == pages.THANK_YOU.path
    assert "Nothing in it yet" in client.get(pages.CART.path).content.decode()


def test_without_a_cart_there_is_no_order(demo: Demo, client: Client) -> None:
    assert client.get(pages.CHECKOUT.path).headers["Location"] == pages.CART.path


def test_a_cart_that_was_tampered_with_is_empty(demo: Demo, client: Client) -> None:
    client.cookies["demo_cart"] = "ferry-jug:900"
    assert "Nothing in it yet" in client.get(pages.CART.path).content.decode()


def test_signing_up_leads_to_the_welcome_and_keeps_nothing(demo: Demo, client: Client) -> None:
    response = client.post(pages.SIGN_UP.path, {"first_name": "A", "email": "a@visitor.example"})
    assert response.headers["Location"] == pages.WELCOME.path
    assert "visitor.example" not in client.get(pages.WELCOME.path).content.decode()
    assert not Session.objects.exists()


def test_a_form_of_another_site_is_refused(demo: Demo) -> None:
    assert Client(enforce_csrf_checks=True).post(pages.SIGN_UP.path).status_code == 403
