"""Pages as the web has them, in a real browser, and what of them is in the bitmaps."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from properties import snippet
from tests.product.seen import Seen
from tests.stack import Stack
from tests.tracker.conftest import BUTTON, page_with
from tests.tracker.recorder import Recorder

GPC = "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Recorder]:
    """Somebody's site, on another host and port than Aktivat."""
    site = Recorder(host="localhost")
    yield site
    site.close()


@pytest.fixture
def seen(stack: Stack, request: pytest.FixtureRequest) -> Seen:
    """A property of its own for each test, for localhost."""
    return Seen.of(stack, stack.create_account(f"{request.node.name[:40]}@tracker.example", "localhost"))


@pytest.fixture
def site(stack: Stack, seen: Seen, elsewhere: Recorder) -> str:
    """The address of a page with the seed's snippet and a tracked button."""
    elsewhere.pages["/"] = page_with(BUTTON + snippet.body(seen.account, stack.url))
    return elsewhere.url


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor's browser, whose pages must have no error of any kind."""
    context = browser.new_context()
    errors: list[str] = []
    context.on("weberror", lambda found: errors.append(str(found.error)))
    yield context
    context.close()
    assert errors == []


def opened(context: BrowserContext, address: str) -> Page:
    """The page, with its tracker at work, both parts of it."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("window.trackr && Trackr.more.push !== [].push")
    return page


def test_the_seeds_page_and_calls(context: BrowserContext, seen: Seen, site: str) -> None:
    page = opened(context, site)
    page.click("button")
    page.evaluate("trackr.signupUser('4711', {plan: 'pro'})")
    page.evaluate("trackr.trackPageStart(), history.pushState({}, '', '/two'), trackr.trackPageEnd()")
    page.evaluate("trackr.logoutUser()")
    seen.wait_for("evt:logout", 1)
    assert (seen.number("page:/"), seen.number("page:/two")) == (1, 1)
    assert seen.number("el:click:button::label:Buy::pos:1") == 1
    assert seen.number("evt:signup") == 1
    assert seen.who("who:member") == seen.who("everyone") == seen.who("who:new")
    assert seen.number("everyone", "sessions") == 1
    assert len(seen.who("everyone")) == 1


def test_interests_experiments_goals_and_orders(context: BrowserContext, seen: Seen, site: str) -> None:
    page = opened(context, site)
    order = (
        "trackr.trackEvent('purchase', {transaction_id: 'A1', value: 39.9, currency: 'EUR',"
        " items: [{item_id: 'cup', price: 19.95, quantity: 2}]})"
    )
    variant = page.evaluate("trackr.variant('hero', ['plain', 'film'])")
    page.evaluate("trackr.trackInterest('boats', 2), trackr.trackConversion('trial', 40, 'EUR')")
    page.evaluate(f"{order}, {order}")
    page.evaluate("trackr.trackEvent('after')")
    seen.wait_for("evt:after", 1)
    assert seen.number("evt:purchase") == 1
    assert seen.number("evt:purchase", "money:EUR") == 3990
    assert (seen.number("item:cup", "quantity"), seen.number("item:cup", "money:EUR")) == (2, 3990)
    assert seen.number("int:boats", "weight") == 2000
    assert seen.number("goal:trial", "money:EUR") == 4000
    assert seen.number(f"exp:hero:{variant}") == 1


def test_a_page_and_nothing_more_is_a_bounce(context: BrowserContext, seen: Seen, site: str) -> None:
    page = opened(context, site)
    page.wait_for_timeout(700)
    page.goto("about:blank")
    seen.wait_for("evt:engagement", 1)
    seen.wait_for("evt:web_vitals", 1)
    assert seen.number("everyone", "bounces") == 1
    assert seen.number("everyone", "visible") >= 700
    opened(context, site).click("button")
    seen.wait_for("evt:click", 1)
    assert seen.number("everyone", "bounces") == 0


def test_a_tab_that_closes_right_after_a_click(context: BrowserContext, seen: Seen, site: str) -> None:
    page = opened(context, site)
    with context.expect_page() as new:
        page.evaluate("window.tab = window.open(location.href), null")
    new.value.wait_for_load_state()
    page.evaluate("tab.document.querySelector('button').click(), tab.close()")
    seen.wait_for("evt:click", 1)
    seen.wait_for("evt:pageview", 2)
    assert seen.number("everyone", "sessions") == 1


def test_offline_and_back_on_the_next_page(context: BrowserContext, seen: Seen, site: str) -> None:
    page = opened(context, site)
    seen.wait_for("evt:pageview", 1)
    context.set_offline(True)
    page.click("button")
    page.wait_for_timeout(2500)
    page.goto("about:blank")
    context.set_offline(False)
    page = opened(context, site)
    seen.wait_for("evt:click", 1)
    page.wait_for_function("localStorage.getItem('trackit_waiting') === null")
    page.wait_for_timeout(1500)
    assert (seen.number("evt:click"), seen.number("evt:pageview")) == (1, 2)
    assert (len(seen.who("everyone")), seen.number("everyone", "sessions")) == (1, 1)


def test_another_campaign_is_another_session(context: BrowserContext, seen: Seen, site: str) -> None:
    for address in ("/", "/?utm_source=news&utm_campaign=spring", "/?utm_source=news&utm_campaign=spring", "/?q=1"):
        opened(context, site + address).close()
    seen.wait_for("evt:pageview", 4)
    assert seen.number("everyone", "sessions") == 2
    assert seen.number("src:news::cpg:spring", "sessions") == 1


def test_who_may_not_be_known_is_counted_all_the_same(
    browser: Browser, context: BrowserContext, seen: Seen, site: str
) -> None:
    context.add_init_script(GPC)
    page = opened(context, site)
    page.click("button")
    page.evaluate("trackr.loginUser('4711')")
    seen.wait_for("evt:login", 1)
    again = browser.new_context()
    again.add_init_script(GPC)
    opened(again, site)
    seen.wait_for("evt:pageview", 2)
    again.close()
    assert len(seen.who("everyone")) == 1
    assert len(seen.who("who:member")) == 0


def test_where_nothing_can_be_stored(context: BrowserContext, seen: Seen, site: str) -> None:
    context.add_init_script(
        "Object.defineProperty(document, 'cookie', {get() { throw 1 }, set() { throw 1 }});"
        "Object.defineProperty(window, 'localStorage', {get() { throw 1 }})"
    )
    page = opened(context, site)
    page.click("button")
    seen.wait_for("evt:click", 1)
    assert seen.number("everyone", "sessions") == 1


def test_without_fetch(context: BrowserContext, seen: Seen, site: str) -> None:
    context.add_init_script("delete window.fetch")
    opened(context, site).click("button")
    seen.wait_for("evt:click", 1)
    assert seen.number("evt:pageview") == 1


def test_a_page_whose_tracker_is_blocked_goes_on(context: BrowserContext, elsewhere: Recorder) -> None:
    calls = "<script>window.trackr = window.trackr || []; trackr.push(['trackEvent', 'x']); window.done = 1</script>"
    elsewhere.pages["/blocked"] = page_with(calls + snippet.body(7, "http://127.0.0.1:9"))
    context.route("**/trackr.js", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{elsewhere.url}/blocked")
    assert page.evaluate("window.done") == 1


def test_two_tabs(context: BrowserContext, seen: Seen, site: str) -> None:
    pages = [opened(context, site) for _ in range(2)]
    for page in pages:
        page.bring_to_front()
        page.click("button")
    seen.wait_for("evt:click", 2)
    tabs: set[Any] = {page.evaluate("window.name") for page in pages}
    assert len(tabs) == 2
    assert (len(seen.who("everyone")), seen.number("everyone", "sessions")) == (1, 1)
