"""The calls of docs/tracker.md: what each of them sends."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.tracker.conftest import page_with, shop
from tests.tracker.recorder import Recorder, told

SIGNED_UP = 1_600_000_000


@pytest.fixture
def tracked(page: Page, site: Recorder, collector: Recorder) -> Page:
    """A page with its tracker running."""
    page.goto(site.url)
    collector.wait_for_events("pageview")
    return page


def sent(collector: Recorder, name: str) -> Any:
    (event,) = collector.wait_for_events(name)
    return event


def test_somebody_signs_up(tracked: Page, context: BrowserContext, collector: Recorder) -> None:
    tracked.evaluate(f"trackr.signupUser('a b', {{plan: 'pro', seats: 3, nested: {{}}}}, {SIGNED_UP})")
    event = sent(collector, "signup")
    assert (event.user, event.data, event.signed_up) == ("a b", {"plan": "pro", "seats": 3}, SIGNED_UP * 1000)
    (cookie,) = [cookie for cookie in context.cookies() if cookie["name"] == "trackit_visitor"]
    assert cookie["value"] == "a%20b"


@pytest.mark.parametrize(
    "date", [f"new Date({SIGNED_UP}000)", f"{SIGNED_UP}000", f"{SIGNED_UP}.0001", f"'{SIGNED_UP}'"]
)
def test_dates_are_seconds_milliseconds_or_dates(date: str, tracked: Page, collector: Recorder) -> None:
    tracked.evaluate(f"trackr.loginAndImportUser(7, {{}}, {date})")
    event = sent(collector, "login")
    assert (event.user, event.signed_up) == ("7", SIGNED_UP * 1000)


@pytest.mark.parametrize("date", ["undefined", "null", "'soon'", "-1", "{}"])
def test_what_is_no_date_is_left_out(date: str, tracked: Page, collector: Recorder) -> None:
    tracked.evaluate(f"trackr.signupUser('x', null, {date})")
    assert sent(collector, "signup").signed_up is None


def test_who_has_logged_in_is_known_until_they_log_out(
    tracked: Page, context: BrowserContext, site: Recorder, collector: Recorder
) -> None:
    tracked.evaluate("trackr.loginUser('u-1')")
    assert sent(collector, "login").user == "u-1"
    other = context.new_page()
    other.goto(site.url)
    assert collector.wait_for_events("pageview", 2)[1].user == "u-1"
    other.evaluate("trackr.updateUser({city: 'Bergen'})")
    event = sent(collector, "user_update")
    assert (event.user, event.data) == ("u-1", {"city": "Bergen"})
    other.evaluate("trackr.logoutUser()")
    assert sent(collector, "logout").user == "u-1"
    tracked.evaluate("trackr.trackEvent('after')")
    assert sent(collector, "after").user == ""
    assert "trackit_visitor" not in {cookie["name"] for cookie in context.cookies()}


def test_pages_of_an_application(tracked: Page, site: Recorder, collector: Recorder) -> None:
    tracked.evaluate("trackr.trackPageStart()")
    tracked.evaluate("history.pushState({}, '', '/two#part'), document.title = 'Two'")
    tracked.wait_for_timeout(30)
    tracked.evaluate("trackr.trackPageEnd()")
    tracked.evaluate("history.pushState({}, '', '/three'), trackr.trackPageEnd()")
    _, second, third = collector.wait_for_events("pageview", 3)
    assert (second.url, second.title, second.referrer) == (f"{site.url}/two", "Two", f"{site.url}/")
    assert 30 <= told(second)["load_ms"] < 5000
    assert (third.url, third.referrer, third.attributes) == (f"{site.url}/three", f"{site.url}/two", {})


def test_an_event_of_ones_own(tracked: Page, collector: Recorder) -> None:
    tracked.evaluate(
        "trackr.trackEvent('Film\\u0000 seen', {title: 'Sky', long: true, skip: [1], half: 0.5, no: NaN}, 12)"
    )
    event = sent(collector, "Film seen")
    assert event.attributes == {"title": "Sky", "long": True, "half": 0.5, "value": 12}


def test_an_order(tracked: Page, collector: Recorder) -> None:
    tracked.evaluate(
        "trackr.trackEvent('purchase', {transaction_id: 'A1', value: 39.9, currency: 'EUR', coupon: 'SPRING',"
        " items: [{item_id: 'cup', item_name: 'Cup', price: 19.95, quantity: 2, deep: {}}]})"
    )
    event = sent(collector, "purchase")
    assert event.attributes == {"transaction_id": "A1", "value": 39.9, "currency": "EUR", "coupon": "SPRING"}
    assert event.items == [{"item_id": "cup", "item_name": "Cup", "price": 19.95, "quantity": 2}]


def test_interests_and_conversions(tracked: Page, collector: Recorder) -> None:
    tracked.evaluate("trackr.trackInterest('boats', 2.5), trackr.trackConversion('trial', 40, 'EUR')")
    assert sent(collector, "interest").attributes == {"topic": "boats", "weight": 2.5}
    assert sent(collector, "conversion").attributes == {"goal": "trial", "value": 40, "currency": "EUR"}
    tracked.evaluate("trackr.trackInterest('knots'), trackr.trackConversion('call')")
    assert collector.wait_for_events("interest", 2)[1].attributes == {"topic": "knots", "weight": 1}
    assert collector.wait_for_events("conversion", 2)[1].attributes == {"goal": "call"}


def test_a_variant_is_the_same_on_every_page_and_told_once_a_page(
    tracked: Page, site: Recorder, collector: Recorder
) -> None:
    ask = "trackr.variant('hero', ['a', 'b', 'c'])"
    first = tracked.evaluate(f"[{ask}, {ask}]")
    assert first[0] == first[1]
    tracked.goto(site.url)
    tracked.wait_for_function("window.trackr")
    assert tracked.evaluate(ask) == first[0]
    for event in collector.wait_for_events("exposure", 2):
        assert event.attributes == {"experiment": "hero", "variant": first[0]}


def test_variants_by_weight_and_by_option(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector).replace("account:7,", "account:7,experiments:{price:{low:0,high:1}},")
    page.goto(site.url)
    page.wait_for_function("window.trackr")
    assert page.evaluate("trackr.variant('price')") == "high"
    assert page.evaluate("trackr.variant('nothing')") is None
    assert page.evaluate("trackr.variant('price', {low: 2, high: 0})") == "low"


def test_calls_that_come_before_the_script_are_kept(page: Page, site: Recorder, collector: Recorder) -> None:
    early = "<script>window.trackr = [['trackEvent', 'early', {n: 1}], ['loginUser', 'u-2']]</script>"
    site.pages["/"] = shop(collector, early)
    page.goto(site.url)
    assert sent(collector, "early").attributes == {"n": 1}
    assert sent(collector, "login").user == "u-2"
    page.evaluate("trackr.push(['trackEvent', 'late']), trackr.push(['noSuchCall'])")
    sent(collector, "late")


def test_the_script_alone_with_its_options_in_the_address(page: Page, site: Recorder, collector: Recorder) -> None:
    collector.has_more = True
    address = f"{collector.url}/js/trackr.js?account=7&property=3&trackHistory=true&trackTabs=false"
    site.pages["/"] = page_with("", f'<script defer src="{address}"></script>').replace("trackrloadstart", "unused")
    page.goto(site.url)
    event = sent(collector, "pageview")
    assert told(event)["load_ms"] > 0
    (received,) = collector.received
    assert (received.batch.account, received.batch.property, received.batch.tab) == ("7", 3, "")
    page.wait_for_function("Trackr.more.push !== [].push")
    page.evaluate("history.pushState({}, '', '/next')")
    assert collector.wait_for_events("pageview", 2)[1].url == f"{site.url}/next"


def test_errors_show_in_the_console_only_when_asked(page: Page, site: Recorder, collector: Recorder) -> None:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.text.startswith("trackr") else None)
    wrong = "trackr.trackEvent({toString: null}), trackr.variant('x', 7)"
    page.goto(site.url)
    page.wait_for_function("window.trackr")
    page.evaluate(wrong)
    assert told == []
    site.pages["/"] = shop(collector).replace("account:7,", "account:7,debug:true,")
    page.goto(site.url)
    page.wait_for_function("window.trackr")
    page.evaluate(wrong)
    assert told
