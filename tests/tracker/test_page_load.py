"""What arrives when a page loads: the pageview, its load time, the ids."""

import re
import time
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from tests.tracker.conftest import page_with, shop
from tests.tracker.recorder import Recorder, told


def test_a_page_load_arrives_with_its_load_time(page: Page, site: Recorder, collector: Recorder) -> None:
    before = int(time.time() * 1000)
    page.goto(f"{site.url}/?a=1#part")
    (event,) = collector.wait_for_events("pageview")
    after = int(time.time() * 1000)

    (received,) = collector.received
    assert urlsplit(received.target).path == "/track/it"
    assert parse_qs(urlsplit(received.target).query) == {"account": ["7"]}
    assert received.headers["Content-Type"].startswith("text/plain")
    assert "Cookie" not in received.headers
    assert received.batch.account == 7
    assert received.batch.property is None
    assert event.url == f"{site.url}/?a=1"
    assert event.title == "A page"
    assert event.referrer == ""
    assert before <= event.at <= (received.batch.sent or 0) <= after
    load = told(event)["load_ms"]
    assert isinstance(load, int)
    assert 0 <= load <= after - before


def test_the_next_page_names_the_one_before(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/next"] = shop(collector, '<a href="/" id="back">Back</a>')
    page.goto(f"{site.url}/next")
    page.click("#back")
    events = collector.wait_for_events("pageview", 2)
    assert [(event.url, event.referrer) for event in events] == [
        (f"{site.url}/next", ""),
        (f"{site.url}/", f"{site.url}/next"),
    ]


def test_without_the_first_part_of_the_snippet_the_browser_knows_when_it_began(
    page: Page, site: Recorder, collector: Recorder
) -> None:
    head, _, rest = shop(collector).partition("window.trackrloadstart = new Date().getTime();")
    site.pages["/"] = head + rest
    page.goto(site.url)
    (event,) = collector.wait_for_events("pageview")
    took = page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart")
    assert took - 100 <= told(event)["load_ms"] <= took
    assert page.evaluate("window.trackrloadstart") is None


def test_a_tab_that_closes_before_the_page_has_loaded_is_still_counted(
    context: BrowserContext, page: Page, site: Recorder, collector: Recorder
) -> None:
    stuck = '<img src="/never" alt="">'
    site.pages["/"] = shop(collector, stuck)
    page.route("**/never", lambda route: None)
    page.goto(site.url, wait_until="commit")
    page.wait_for_function("window.trackr")
    assert collector.received == []
    page.goto("about:blank")
    (event,) = collector.wait_for_events("pageview")
    assert event.attributes == {}


def test_without_a_server_address_events_go_where_the_script_came_from(
    page: Page, site: Recorder, collector: Recorder
) -> None:
    site.pages["/"] = page_with(
        f'<script src="{collector.url}/js/trackr.js"></script>'
        "<script>window.trackr = new window.Trackr({account: '7', property: 3});</script>"
    )
    page.goto(site.url)
    collector.wait_for_events("pageview")
    (received,) = collector.received
    assert parse_qs(urlsplit(received.target).query) == {"account": ["7"], "property": ["3"]}
    assert (received.batch.account, received.batch.property) == ("7", 3)


def test_a_tracker_that_starts_after_the_load_knows_the_load_time(
    page: Page, site: Recorder, collector: Recorder
) -> None:
    site.pages["/"] = page_with(f'<script src="{collector.url}/js/trackr.js"></script>')
    page.goto(site.url)
    page.wait_for_function("performance.timing.loadEventEnd > 0")
    page.evaluate("window.trackr = new window.Trackr({account: 7}), null")
    (event,) = collector.wait_for_events("pageview")
    took = page.evaluate("performance.timing.loadEventEnd - window.trackrloadstart")
    assert event.attributes == {"load_ms": took}


def test_long_and_odd_titles_and_addresses_are_cut_to_what_the_collector_takes(
    page: Page, site: Recorder, collector: Recorder
) -> None:
    site.pages["/"] = shop(collector).replace("A page", "a" + "\U0001f600" * 400)
    page.goto(f"{site.url}/?long={'y' * 3000}")
    (event,) = collector.wait_for_events("pageview")
    assert len(event.url) == 2000
    assert event.title == "a" + "\U0001f600" * 249


def test_coming_back_to_a_page_that_the_browser_kept_is_a_pageview(
    page: Page, site: Recorder, collector: Recorder
) -> None:
    collector.has_more = True
    page.goto(site.url)
    page.wait_for_function("window.Trackr && Trackr.more.length === 0 && Trackr.more.push !== [].push")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true})), null")
    assert collector.wait_for_events("pageview", 2)[1].attributes == {}


def test_every_tab_has_an_id_of_its_own_and_keeps_it(
    context: BrowserContext, page: Page, site: Recorder, collector: Recorder
) -> None:
    page.goto(site.url)
    collector.wait_for_events("pageview")
    page.reload()
    collector.wait_for_events("pageview", 2)
    context.new_page().goto(site.url)
    collector.wait_for_events("pageview", 3)
    first, again, other = [batch.tab for batch in collector.batches]
    assert first == again != other
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    assert page.evaluate("window.name") == f"trackit_tab_{first}"


def test_the_name_that_a_page_gave_its_window_stays(page: Page, site: Recorder, collector: Recorder) -> None:
    page.add_init_script("window.name = 'basket'")
    page.goto(site.url)
    collector.wait_for_events("pageview")
    assert collector.batches[0].tab
    assert page.evaluate("window.name") == "basket"


def test_tabs_are_left_alone_when_told(browser: Browser, page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector).replace("account:7,", "account:7,trackTabs:false,")
    page.goto(site.url)
    collector.wait_for_events("pageview")
    assert collector.batches[0].tab == ""
    assert page.evaluate("window.name") == ""


def test_two_browsers_are_two_visitors(browser: Browser, page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    collector.wait_for_events("pageview")
    other = browser.new_context()
    other.new_page().goto(site.url)
    collector.wait_for_events("pageview", 2)
    other.close()
    first, second = collector.batches
    assert first.visitor != second.visitor
    assert first.session != second.session
