"""From the demo's page with the seed's snippet to the dashboard, in a real browser, number by number.

Two visitors in separate contexts: one comes by a campaign and clicks, the other comes directly.
"""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.product.seen import Seen
from tests.stack import Stack
from tests.tracker.recorder import Recorder


@pytest.fixture(scope="module")
def demo(stack: Stack) -> dict[str, Any]:
    """The demo's account: its login and ids."""
    made: dict[str, Any] = json.loads(stack.manage("demo_account").splitlines()[-1])
    return made


@pytest.fixture(scope="module")
def visited(stack: Stack, demo: dict[str, Any], browser: Browser) -> datetime:
    """What the two visitors did, all of it within one hour. Returns when."""
    left = 3600 - time.time() % 3600
    if left < 60:
        time.sleep(left + 1)
    news = browser.new_context()
    page = news.new_page()
    page.goto(f"{stack.url}/demo/?utm_source=news&utm_campaign=spring")
    arrived(page)
    page.get_by_role("link", name="See the collection").click()
    page.wait_for_url("**/demo/shop/")
    arrived(page)
    news.close()
    direct = browser.new_context()
    page = direct.new_page()
    for path in ("/demo/", "/demo/about/", "/demo/"):
        page.goto(stack.url + path)
        arrived(page)
    direct.close()
    when = datetime.now(UTC)
    Seen.of(stack, demo).wait_for("evt:pageview", 5)
    Seen.of(stack, demo).wait_for("evt:click", 1)
    return when


def arrived(page: Page) -> None:
    """Wait until the page has told its page view."""
    page.wait_for_function("() => window.trackr")
    with page.expect_response(lambda answer: "/track/it" in answer.url and answer.status == 202):
        pass


@pytest.fixture
def dashboard(stack: Stack, demo: dict[str, Any], visited: datetime, browser: Browser) -> Iterator[Page]:
    """The overview of the demo's property, logged in by the form."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(stack.url)
    page.get_by_label("E-mail address").fill(demo["email"])
    page.get_by_label("Password").fill(demo["password"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**/properties/{demo['property_id']}/")
    yield page
    context.close()


def figures(page: Page) -> dict[str, str]:
    numbers = page.locator(".numbers a")
    return {
        one.locator(".numbers-name").inner_text(): one.locator(".numbers-figure").inner_text() for one in numbers.all()
    }


def table(page: Page, name: str) -> dict[str, tuple[int, int]]:
    """The rows of a table: name -> (visitors, its own count)."""
    rows = page.get_by_role("region", name=name).locator("tbody tr")
    found = {}
    for row in rows.all():
        visitors, count = (int(cell) for cell in row.get_by_role("cell").all_inner_texts())
        found[row.get_by_role("rowheader").inner_text()] = (visitors, count)
    return found


EXPECTED = {"Visitors": "2", "Sessions": "2", "Pageviews": "5"}


@pytest.mark.parametrize("period", ["today", "7d", "30d", "12m"])
def test_the_dashboard_shows_exactly_what_happened(dashboard: Page, stack: Stack, period: str) -> None:
    dashboard.goto(f"{dashboard.url.partition('?')[0]}?period={period}")
    assert EXPECTED.items() <= figures(dashboard).items()
    assert table(dashboard, "Top pages") == {"/demo/": (2, 3), "/demo/about/": (1, 1), "/demo/shop/": (1, 1)}
    assert table(dashboard, "Top sources") == {"news": (1, 1), "(direct)": (1, 1)}
    assert table(dashboard, "Top campaigns") == {"spring": (1, 1)}
    assert table(dashboard, "Top events")["pageview"] == (2, 5)
    assert table(dashboard, "Top events")["click"] == (1, 1)


@pytest.mark.parametrize(("period", "row"), [("today", "%H:00"), ("7d", "{0.day} %b")])
def test_the_chart_shows_it_in_its_hour_and_day(dashboard: Page, visited: datetime, period: str, row: str) -> None:
    dashboard.goto(f"{dashboard.url.partition('?')[0]}?period={period}&metric=pageviews")
    dashboard.get_by_text("Show as table").click()
    rows = dashboard.get_by_role("region", name=re.compile("Pageviews by")).locator("tbody tr")
    values = {
        one.get_by_role("rowheader").inner_text(): one.get_by_role("cell").first.inner_text() for one in rows.all()
    }
    here = [words for words, value in values.items() if value == "5"]
    assert len(here) == 1
    assert visited.strftime(row).format(visited) in here[0]
    assert {value for words, value in values.items() if words != here[0]} <= {"0", ""}


def test_the_seeds_keys_and_addresses_hold_the_same(stack: Stack, demo: dict[str, Any], visited: datetime) -> None:
    prefix = f"{{{demo['account_id']}::{demo['property_id']}}}::"
    stack.manage("convert_layout", str(demo["property_id"]), "seed")
    for trait, visitors in [
        ("evt:pageview", 2),
        ("evt:click", 1),
        ("src:news::cpg:spring", 1),
        ("src:(direct)::cpg:(none)", 1),
        ("page:/demo/about/", 1),
    ]:
        for slot in (f"{visited:%Y-%m-%d-%H}", f"{visited:%Y-%m-%d}", f"{visited:%Y-%m}", f"{visited:%Y}"):
            assert stack.data.bitcount(f"{prefix}{trait}::{slot}") == visitors
        address = f"{trait}::{visited:%Y-%m-%d}"
        assert stack.manage("bitmap", "count", address, "--property", str(demo["property_id"])).strip() == str(visitors)
    stack.manage("convert_layout", str(demo["property_id"]), "packed")
    sessions = stack.data.lrange(f"{prefix}session_index::{visited:%Y-%m-%d}", 0, -1)
    infos = [stack.data.hgetall(f"{prefix}{visited:%Y-%m-%d}::session_{one.decode()}") for one in sessions]
    assert sorted((one[b"source"], one.get(b"campaign", b"(none)"), one[b"pageviews"]) for one in infos) == [
        (b"(direct)", b"(none)", b"3"),
        (b"news", b"spring", b"2"),
    ]


def test_the_live_count_moves_by_itself(dashboard: Page, stack: Stack, browser: Browser) -> None:
    live = dashboard.locator(".live")
    expect(live).to_have_text("2 visitors now")
    third = browser.new_context()
    page = third.new_page()
    page.goto(f"{stack.url}/demo/")
    expect(live).to_have_text("3 visitors now", timeout=15_000)
    third.close()


@pytest.fixture
def elsewhere() -> Iterator[Recorder]:
    """Another site, on another host and port."""
    site = Recorder(host="localhost")
    yield site
    site.close()


def test_the_snippet_page_waits_for_the_first_event(stack: Stack, browser: Browser, elsewhere: Recorder) -> None:
    made = stack.create_account("waiting@shop.example", "localhost")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{stack.url}/login/?next=/properties/{made['property_id']}/snippet/")
    page.get_by_label("E-mail address").fill("waiting@shop.example")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("The first event is here")).to_have_count(0)
    head, body = (code.inner_text() for code in page.locator(".steps pre").all())
    elsewhere.pages["/first"] = f"<!doctype html><head>{head}</head><body>{body}</body>"
    context.new_page().goto(f"{elsewhere.url}/first?x=1")
    expect(page.get_by_text("The first event is here")).to_be_visible(timeout=15_000)
    expect(page.get_by_text(f"{elsewhere.url}/first?x=1")).to_be_visible()
    page.get_by_role("link", name="Open the overview").click()
    assert figures(page) == {"Visitors": "1", "Sessions": "1", "Pageviews": "1", "Events": "1"}
    context.close()
