"""No event is lost: tabs that close, servers that fail, browsers that lack something."""

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.tracker.conftest import BUTTON, shop
from tests.tracker.recorder import Recorder


def labels(recorder: Recorder) -> list[object]:
    return [event.attributes["label"] for event in recorder.named("click")]


def test_a_tab_that_closes_right_after_a_click(
    context: BrowserContext, page: Page, site: Recorder, collector: Recorder
) -> None:
    page.goto(site.url)
    with context.expect_page() as opened:
        page.evaluate("window.tab = window.open(location.href), null")
    tab = opened.value
    tab.wait_for_load_state()
    page.evaluate("tab.document.querySelector('button').click(), tab.close()")
    assert collector.wait_for_events("click")[0].attributes["label"] == "Buy"
    collector.wait_for_events("pageview", 2)


def test_a_tracked_link_that_leads_away(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector, '<a class="track-it" data-trackr-label="Away" href="about:blank">Away</a>')
    page.goto(site.url)
    page.click("a")
    collector.wait_for_events("click")
    assert labels(collector) == ["Away"]


def test_a_page_that_is_hidden_sends_at_once(page: Page, site: Recorder, collector: Recorder) -> None:
    page.clock.install()
    page.goto(site.url)
    page.click("button")
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden'}),"
        " document.dispatchEvent(new Event('visibilitychange'))"
    )
    collector.wait_for_events("click")
    assert collector.named("pageview")


@pytest.mark.parametrize("status", [500, 503, 408, 429])
def test_after_a_failure_the_events_are_sent_again(
    status: int, page: Page, site: Recorder, collector: Recorder
) -> None:
    collector.answers = [status, status]
    page.goto(site.url)
    page.click("button")
    collector.wait_for(lambda: len(collector.refused) == 1)
    page.focus("#name")
    collector.wait_for_events("blur")
    assert collector.refused == [status, status]
    assert [event.name for event in collector.events] == ["pageview", "mouseover", "focus", "click", "blur", "focus"]


def test_after_the_network_was_away_the_events_are_sent_again(page: Page, site: Recorder, collector: Recorder) -> None:
    page.route("**/track/it*", lambda route: route.abort())
    page.goto(site.url)
    page.click("button")
    page.wait_for_event("requestfailed", lambda request: "/track/it" in request.url)
    assert collector.received == []
    page.unroute("**/track/it*")
    collector.wait_for_events("click")
    assert [event.name for event in collector.events] == ["pageview", "mouseover", "focus", "click"]


def test_a_refused_batch_is_not_sent_again(page: Page, site: Recorder, collector: Recorder) -> None:
    collector.answers = [400]
    page.goto(site.url)
    collector.wait_for(lambda: collector.refused == [400])
    page.click("button")
    collector.wait_for_events("click")
    assert collector.named("pageview") == []


def test_many_events_go_in_several_batches_in_order(page: Page, site: Recorder, collector: Recorder) -> None:
    buttons = "".join(f'<button class="track-it" data-trackr-label="{n}">{n}</button>' for n in range(75))
    site.pages["/"] = shop(collector, buttons)
    page.goto(site.url)
    page.evaluate("document.querySelectorAll('button').forEach(button => button.click())")
    collector.wait_for_events("click", 75)
    assert labels(collector) == [str(n) for n in range(75)]
    assert max(len(batch.events) for batch in collector.batches) == 20


def test_all_that_waits_goes_out_when_the_page_is_left(page: Page, site: Recorder, collector: Recorder) -> None:
    buttons = "".join(f'<button class="track-it" data-trackr-label="{n}">{n}</button>' for n in range(75))
    site.pages["/"] = shop(collector, buttons)
    page.goto(site.url)
    page.evaluate("document.querySelectorAll('button').forEach(button => button.click())")
    page.goto("about:blank")
    collector.wait_for_events("click", 75)
    assert sorted(labels(collector), key=str) == sorted((str(n) for n in range(75)), key=str)


SABOTAGE = {
    "cookies that throw": "Object.defineProperty(document, 'cookie', {get() { throw 1 }, set() { throw 2 }})",
    "a beacon that refuses": "navigator.sendBeacon = () => false",
    "no beacon": "navigator.sendBeacon = undefined",
    "no crypto": "Object.defineProperty(window, 'crypto', {value: undefined})",
    "a fetch that throws once": (
        "{ const real = window.fetch; let calls = 0;"
        " window.fetch = (...given) => { if (!calls++) throw new Error('no'); return real(...given) } }"
    ),
}


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_browser_that_lacks_something(what: str, page: Page, site: Recorder, collector: Recorder) -> None:
    page.add_init_script(SABOTAGE[what])
    page.goto(site.url)
    page.click("button")
    collector.wait_for_events("click")
    page.focus("#name")
    page.goto("about:blank")
    collector.wait_for_events("blur")
    assert [event.name for event in collector.events] == ["pageview", "mouseover", "focus", "click", "blur", "focus"][
        : len(collector.events)
    ]


def test_a_browser_without_anything_shows_no_error(page: Page, site: Recorder, collector: Recorder) -> None:
    """The context's own check, for errors on its pages, is what can fail here."""
    page.add_init_script("window.fetch = navigator.sendBeacon = JSON.stringify = Date.now = undefined")
    page.goto(site.url)
    page.wait_for_function("window.trackr")
    page.click("button")
    page.goto("about:blank")
    assert collector.received == []


def test_a_sandboxed_frame_is_tracked_without_cookies(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/frame"] = shop(collector, BUTTON)
    site.pages["/"] = '<!doctype html><iframe sandbox="allow-scripts" src="/frame"></iframe>'
    page.goto(site.url)
    page.frame_locator("iframe").locator("button").click()
    collector.wait_for_events("click")
    assert collector.events[0].url == f"{site.url}/frame"
