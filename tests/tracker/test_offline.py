"""What cannot be sent while somebody is there goes out when they come back; what was sent twice has one number."""

from playwright.sync_api import BrowserContext, Page

from tests.tracker.conftest import shop
from tests.tracker.recorder import Recorder


def visit(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function("window.Trackr && Trackr.more.push !== [].push")


def test_offline_for_a_while_and_back(page: Page, context: BrowserContext, site: Recorder, collector: Recorder) -> None:
    collector.has_more = True
    visit(page, site.url)
    collector.wait_for_events("pageview")
    context.set_offline(True)
    page.click("button")
    page.wait_for_timeout(2500)
    assert collector.named("click") == []
    context.set_offline(False)
    collector.wait_for_events("click")


def test_a_page_that_is_left_offline_is_told_by_the_next(
    page: Page, context: BrowserContext, site: Recorder, collector: Recorder
) -> None:
    collector.has_more = True
    visit(page, site.url)
    collector.wait_for_events("pageview")
    first = collector.batches[0]
    context.set_offline(True)
    page.click("button")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    page.goto("about:blank")
    assert collector.named("click") == []
    context.set_offline(False)
    visit(page, site.url)
    (click,) = collector.wait_for_events("click")
    told = next(batch for batch in collector.batches if click in batch.events)
    assert (told.queue, told.visitor, told.session) == (first.queue, first.visitor, first.session)
    assert told.sent
    assert told.sent > click.at
    page.wait_for_function("localStorage.getItem('trackit_waiting') === null")


def test_a_server_that_fails_gets_it_from_the_next_page_once(page: Page, site: Recorder, collector: Recorder) -> None:
    collector.has_more = True
    visit(page, site.url)
    collector.wait_for_events("pageview")
    collector.answers = [503] * 3
    page.click("button")
    collector.wait_for(lambda: len(collector.refused) == 1)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    collector.wait_for(lambda: len(collector.refused) >= 2)
    page.goto("about:blank")
    collector.answers = []
    visit(page, site.url)
    (click, *_) = collector.wait_for_events("click")
    page.wait_for_function("localStorage.getItem('trackit_waiting') === null")
    assert len({event.n for event in collector.named("click")}) == 1, click


def test_where_nothing_can_be_stored_nothing_breaks(
    page: Page, context: BrowserContext, site: Recorder, collector: Recorder
) -> None:
    collector.has_more = True
    site.pages["/"] = shop(collector)
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('blocked') }})")
    visit(page, site.url)
    collector.wait_for_events("pageview")
    context.set_offline(True)
    page.click("button")
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    context.set_offline(False)
    page.click("button")
    collector.wait_for_events("click")
