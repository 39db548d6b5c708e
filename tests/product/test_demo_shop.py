"""An order in the demo's shop, in a real browser, to the cent."""

import json

from playwright.sync_api import Browser

from tests.product.seen import Seen
from tests.stack import Stack


def test_an_order_counts_once_and_to_the_cent(stack: Stack, browser: Browser) -> None:
    seen = Seen.of(stack, json.loads(stack.manage("demo_account").splitlines()[-1]))
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{stack.url}/demo/shop/tern-cup/")
    page.get_by_role("button", name="Add to cart").click()
    page.goto(f"{stack.url}/demo/shop/tern-cup/")
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Check out").click()
    page.get_by_label("Name").fill("Kim")
    page.get_by_label("E-mail").fill("kim@example.org")
    page.get_by_label("Address").fill("1 Quay")
    page.get_by_role("button", name="Place the order").click()
    page.wait_for_url("**/thank-you/")
    page.wait_for_load_state("load")
    page.reload()
    page.goto(f"{stack.url}/demo/about/")
    seen.wait_for("page:/demo/about/", 1)
    page.wait_for_timeout(2500)
    assert {
        name: seen.number(f"evt:{name}") for name in ("view_item", "add_to_cart", "begin_checkout", "purchase")
    } == {
        "view_item": 2,
        "add_to_cart": 2,
        "begin_checkout": 1,
        "purchase": 1,
    }
    assert seen.number("evt:purchase", "money:EUR") == 4800
    assert (seen.number("item:tern-cup", "quantity"), seen.number("item:tern-cup", "money:EUR")) == (2, 4800)
    context.close()
