"""What visitors decide: Global Privacy Control, Do Not Track, consent, and counting without cookies."""

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.tracker.conftest import shop
from tests.tracker.recorder import Recorder

EVERYTHING = (
    "trackr.loginUser('u-1'), trackr.updateUser({name: 'Kim'}), trackr.variant('hero', ['a', 'b']),"
    " dispatchEvent(new Event('pagehide'))"
)
STORED = "[document.cookie, localStorage.length, sessionStorage.length, window.name]"
GPC = "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
DNT = "Object.defineProperty(navigator, 'doNotTrack', {value: '1'})"


def with_option(collector: Recorder, option: str) -> str:
    return shop(collector).replace("account:7,", f"account:7,{option},")


def assert_anonymous(page: Page, collector: Recorder) -> None:
    """Everything was counted, nobody was named, and nothing is on the device."""
    page.wait_for_function("window.trackr")
    assert page.evaluate("trackr.variant('hero', ['a', 'b'])") == "a"
    page.evaluate(EVERYTHING)
    collector.wait_for_events("user_update")
    for batch in collector.batches:
        assert (batch.visitor, batch.session, batch.tab) == (None, None, "")
    assert [(event.user, event.data) for event in collector.events] == [("", {})] * len(collector.events)
    assert collector.named("pageview")
    assert page.evaluate(STORED) == ["", 0, 0, ""]


@pytest.mark.parametrize(("browser_says", "option"), [(GPC, "debug:false"), (DNT, "dnt:true"), ("", "cookieless:true")])
def test_without_identifiers(browser_says: str, option: str, page: Page, site: Recorder, collector: Recorder) -> None:
    collector.has_more = True
    page.add_init_script(browser_says)
    site.pages["/"] = with_option(collector, option)
    page.goto(site.url)
    assert_anonymous(page, collector)


@pytest.mark.parametrize(("browser_says", "option"), [(GPC, "gpc:false"), (DNT, "debug:false")])
def test_what_the_site_does_not_honour(
    browser_says: str, option: str, page: Page, site: Recorder, collector: Recorder
) -> None:
    page.add_init_script(browser_says)
    site.pages["/"] = with_option(collector, option)
    page.goto(site.url)
    collector.wait_for_events("pageview")
    assert collector.batches[0].visitor


def test_until_somebody_agrees_nothing_is_stored_or_sent(page: Page, site: Recorder, collector: Recorder) -> None:
    collector.has_more = True
    site.pages["/"] = with_option(collector, "consent:true")
    page.goto(site.url)
    page.wait_for_function("window.Trackr && Trackr.more.push !== [].push")
    page.click("button")
    page.evaluate("trackr.loginUser('u-1')")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    page.wait_for_timeout(1500)
    assert collector.received == []
    assert page.evaluate(STORED) == ["", 0, 0, ""]
    page.evaluate("trackr.consent(true)")
    collector.wait_for_events("login")
    assert [event.name for event in collector.events][:3] == ["pageview", "mouseover", "focus"]
    assert {event.user for event in collector.named("login")} == {"u-1"}
    assert page.evaluate("document.cookie.split('; ').length") == 3


def test_who_refuses_is_forgotten(page: Page, context: BrowserContext, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = with_option(collector, "consent:true")
    page.goto(site.url)
    page.wait_for_function("window.trackr")
    page.evaluate("trackr.consent(true), trackr.loginUser('u-1')")
    collector.wait_for_events("login")
    assert len(context.cookies()) == 3
    before = len(collector.events)
    page.evaluate("trackr.trackEvent('lost'), trackr.consent(false), trackr.trackEvent('lost')")
    assert context.cookies() == []
    page.click("button")
    page.goto("about:blank")
    assert len(collector.events) == before
    page.goto(site.url)
    page.wait_for_function("window.trackr")
    page.evaluate("trackr.consent(false), trackr.consent(true), trackr.trackEvent('again')")
    assert collector.wait_for_events("again")[0].user == ""


def test_one_cookie_for_all_subdomains(page: Page, context: BrowserContext, collector: Recorder) -> None:
    body = with_option(collector, "cookieDomain:'shop.example'").replace(collector.url, "http://stats.shop.example")

    def pass_on(route: Route) -> None:
        found = route.fetch(url=route.request.url.replace("http://stats.shop.example", collector.url))
        route.fulfill(status=found.status, headers=found.headers, body=found.body())

    context.route("http://*.shop.example/", lambda route: route.fulfill(body=body, content_type="text/html"))
    context.route("http://stats.shop.example/*/*", pass_on)
    visitors = set()
    for host in ("www", "help"):
        with page.expect_response("**/track/it*"):
            page.goto(f"http://{host}.shop.example/")
        visitors.add(collector.batches[-1].visitor)
    assert len(visitors) == 1
    assert {cookie["domain"] for cookie in context.cookies()} == {".shop.example"}
