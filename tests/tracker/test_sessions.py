"""The cookies of sessions and virtual visitors."""

import time
import uuid
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Browser, BrowserContext, Page

from properties import snippet
from tests.browser import ARGUMENTS, find_or_install
from tests.tracker.conftest import BUTTON, page_with, shop
from tests.tracker.recorder import TRACKER, Recorder

THIRTEEN_MONTHS = 395 * 24 * 3600


def cookies(context: BrowserContext) -> dict[str, dict[str, Any]]:
    return {cookie["name"]: cast(dict[str, Any], cookie) for cookie in context.cookies() if "name" in cookie}


def visit(page: Page, address: str, collector: Recorder) -> tuple[uuid.UUID, uuid.UUID]:
    """Load `address`; the visitor and session that arrive."""
    seen = len(collector.named("pageview"))
    page.goto(address)
    collector.wait_for_events("pageview", seen + 1)
    last = collector.batches[-1]
    assert last.visitor
    assert last.session
    return last.visitor, last.session


def test_visitor_and_session_stay_from_page_to_page(page: Page, site: Recorder, collector: Recorder) -> None:
    assert visit(page, site.url, collector) == visit(page, f"{site.url}/?page=2", collector)


def test_what_the_cookies_hold_and_for_how_long(
    context: BrowserContext, page: Page, site: Recorder, collector: Recorder
) -> None:
    before = time.time()
    visitor, session = visit(page, site.url, collector)
    after = time.time()
    kept = cookies(context)
    assert {name: cookie["value"] for name, cookie in kept.items()} == {
        "trackit_session": str(session),
        "trackit_v_visitor": str(visitor),
    }
    for name, lifetime in (("trackit_session", 1800), ("trackit_v_visitor", THIRTEEN_MONTHS)):
        assert before + lifetime - 1 <= kept[name]["expires"] <= after + lifetime + 1
        assert (kept[name]["path"], kept[name]["sameSite"], kept[name]["secure"]) == ("/", "Lax", False)


def test_on_https_the_cookies_go_by_https_only(context: BrowserContext, page: Page) -> None:
    """The certificate is the browser's own: it is given the pages of an address that starts with https."""
    shop_page = page_with(BUTTON + snippet.body(7, "https://shop.example"))
    page.route("https://shop.example/", lambda route: route.fulfill(body=shop_page, content_type="text/html"))
    page.route("https://shop.example/js/trackr.js", lambda route: route.fulfill(path=TRACKER))
    page.route("https://shop.example/track/it*", lambda route: route.fulfill(status=204))
    page.route("https://shop.example/js/trackr-more.js", lambda route: route.fulfill(body=""))
    page.goto("https://shop.example/")
    page.wait_for_function("document.cookie.includes('trackit_session')")
    assert [cookie["secure"] for cookie in cookies(context).values()] == [True, True]


def test_the_session_slides_and_the_visitor_does_not(
    context: BrowserContext, page: Page, site: Recorder, collector: Recorder
) -> None:
    visit(page, site.url, collector)
    soon = time.time() + 60
    for cookie in context.cookies():
        context.add_cookies([{**cookie, "expires": soon}])  # type: ignore[typeddict-item]
    page.click("button")
    collector.wait_for_events("click")
    kept = cookies(context)
    assert kept["trackit_session"]["expires"] > soon + 1000
    assert kept["trackit_v_visitor"]["expires"] < soon + 1


def test_when_the_session_has_ended_another_begins(
    context: BrowserContext, page: Page, site: Recorder, collector: Recorder
) -> None:
    visitor, first = visit(page, site.url, collector)
    context.clear_cookies(name="trackit_session")
    page.click("button")
    collector.wait_for_events("click")
    second = collector.batches[-1].session
    assert second != first
    assert visit(page, site.url, collector) == (visitor, second)


def test_an_older_tab_with_a_campaign_stays_in_the_newer_session(
    context: BrowserContext, page: Page, site: Recorder, collector: Recorder
) -> None:
    visit(page, f"{site.url}/?utm_source=news", collector)
    _, newer = visit(context.new_page(), f"{site.url}/?utm_source=partner", collector)
    page.bring_to_front()
    page.click("button")
    collector.wait_for_events("click")
    assert collector.batches[-1].session == newer


def test_cookies_are_named_by_option(context: BrowserContext, page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector).replace(
        "account:7,", "account:7,sessionCookieName:'s1',v_visitorCookieName:'v1',"
    )
    visitor, session = visit(page, site.url, collector)
    kept = {name: cookie["value"] for name, cookie in cookies(context).items()}
    assert kept == {"s1": str(session), "v1": str(visitor)}


def test_a_spoilt_cookie_is_replaced(context: BrowserContext, page: Page, site: Recorder, collector: Recorder) -> None:
    names = ("trackit_session", "trackit_v_visitor")
    context.add_cookies([{"name": name, "value": "null", "url": site.url} for name in names])
    visitor, session = visit(page, site.url, collector)
    kept = {name: cookie["value"] for name, cookie in cookies(context).items()}
    assert kept == {"trackit_session": str(session), "trackit_v_visitor": str(visitor)}


def test_with_cookies_blocked_the_ids_last_as_long_as_the_page(
    browser: Browser, tmp_path: Path, site: Recorder, collector: Recorder
) -> None:
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text('{"profile": {"default_content_setting_values": {"cookies": 2}}}')
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=find_or_install(), args=ARGUMENTS
    )
    try:
        page = context.new_page()
        visitor, session = visit(page, site.url, collector)
        assert page.evaluate("document.cookie = 'a=b'; document.cookie") == ""
        page.click("button")
        collector.wait_for_events("click")
        assert (collector.batches[-1].visitor, collector.batches[-1].session) == (visitor, session)
        assert visit(page, site.url, collector)[0] != visitor
    finally:
        context.close()
