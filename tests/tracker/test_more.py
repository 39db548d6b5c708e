"""What is loaded behind the page: engagement, vitals, links, forms, pages that are not there, interests."""

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.tracker.conftest import BUTTON, page_with, shop
from tests.tracker.recorder import Recorder, told

LINKS = (
    '<a id=own href="/other">Own</a> <a id=away href="https://away.example/path?secret=1#x"><b>Away</b></a>'
    ' <a id=file href="/files/list.PDF?key=1">List</a> <a id=mail href="mailto:a@b.example">Mail</a>'
)


@pytest.fixture(autouse=True)
def stays(context: BrowserContext, collector: Recorder) -> None:
    """The second file is there; no link or form leads anywhere."""
    collector.has_more = True
    context.add_init_script("addEventListener('click', event => event.preventDefault())")
    context.add_init_script("addEventListener('submit', event => event.preventDefault())")


def visit(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function("window.Trackr && Trackr.more.push !== [].push")


def test_what_a_page_took_of_somebodys_attention(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector, '<input id="plain"><div style="height:9000px"></div>')
    visit(page, site.url)
    page.click("#plain")
    page.keyboard.type("four")
    page.mouse.wheel(0, 4500)
    page.wait_for_function("scrollY > 4000")
    page.wait_for_timeout(700)
    page.goto("about:blank")
    (event,) = collector.wait_for_events("engagement")
    assert told(event)["keys"] == 4
    assert 700 <= told(event)["visible_ms"] <= 15_000
    assert 48 <= told(event)["scroll"] <= 65
    assert "four" not in str(collector.batches)


def test_time_out_of_sight_does_not_count(page: Page, site: Recorder, collector: Recorder) -> None:
    page.clock.install()
    visit(page, site.url)
    show = (
        "Object.defineProperty(document, 'visibilityState', {value: '%s', configurable: true}),"
        " document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.clock.run_for(10_000)
    page.evaluate(show % "hidden")
    page.clock.run_for(100_000)
    page.evaluate(show % "visible")
    page.clock.run_for(3_000)
    page.evaluate(show % "hidden")
    first, second = collector.wait_for_events("engagement", 2)
    assert 9_900 <= told(first)["visible_ms"] <= 12_000
    assert 2_900 <= told(second)["visible_ms"] <= 4_500


def test_each_page_of_an_application_has_its_own_attention(page: Page, site: Recorder, collector: Recorder) -> None:
    visit(page, site.url)
    page.wait_for_timeout(600)
    page.evaluate("history.pushState({}, '', '/two'), trackr.trackPageEnd()")
    page.wait_for_timeout(600)
    page.goto("about:blank")
    first, second = collector.wait_for_events("engagement", 2)
    names = [event.name for event in collector.events]
    assert names.index("engagement") < names.index("pageview", 1)
    assert second.url == f"{site.url}/two"
    assert told(first)["visible_ms"] >= 600 <= told(second)["visible_ms"]


def test_web_vitals_are_told_once(page: Page, site: Recorder, collector: Recorder) -> None:
    slow = "<h1>Words</h1><button id=slow onclick='for (let end = Date.now() + 120; Date.now() < end;);'>Slow</button>"
    site.pages["/"] = shop(collector, slow)
    visit(page, site.url)
    page.evaluate("new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)))")
    page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<div style=height:300px>Late</div>')")
    page.wait_for_timeout(600)
    page.click("#slow")
    page.wait_for_timeout(300)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    (event,) = collector.wait_for_events("web_vitals")
    vitals = told(event)
    assert 0 <= vitals["ttfb_ms"] <= vitals["fcp_ms"] <= vitals["lcp_ms"]
    assert vitals["inp_ms"] >= 120
    assert 0 < vitals["cls"] < 1
    page.goto("about:blank")
    assert len(collector.named("web_vitals")) == 1


def test_links_that_lead_away_and_files(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector, LINKS)
    visit(page, site.url)
    for link in ("#own", "#mail", "#away b", "#file"):
        page.click(link)
    page.click("#away", button="middle")
    away = collector.wait_for_events("outbound_click", 2)
    assert [event.attributes for event in away] == [{"href": "https://away.example/path"}] * 2
    (file,) = collector.wait_for_events("file_download")
    assert file.attributes == {"href": f"{site.url}/files/list.PDF"}


def test_forms_by_id_name_or_where_they_go(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(
        collector,
        "<form id=one name=x><input name=id><button>1</button></form><form name=two><button>2</button></form>"
        "<form action='/three?q=1'><input name=password value=secret><button>3</button></form>",
    )
    visit(page, site.url)
    page.evaluate("document.querySelectorAll('form').forEach(form => form.requestSubmit())")
    forms = collector.wait_for_events("form_submit", 3)
    assert [told(event)["form"] for event in forms] == ["one", "two", "/three"]
    assert "secret" not in str(collector.batches)


def test_a_page_that_is_not_there(page: Page, site: Recorder, collector: Recorder) -> None:
    visit(page, site.url)
    site.pages["/gone"] = shop(collector).replace("<title>", '<meta name="trackr-status" content="404"><title>')
    visit(page, f"{site.url}/gone")
    (event,) = collector.wait_for_events("not_found")
    assert event.url == f"{site.url}/gone"


def test_the_browser_tells_the_status_of_a_page(page: Page, site: Recorder, collector: Recorder) -> None:
    site.not_found = shop(collector)
    visit(page, f"{site.url}/missing")
    (event,) = collector.wait_for_events("not_found")
    assert event.url == f"{site.url}/missing"


def test_interests_of_a_page_and_of_what_is_clicked(page: Page, site: Recorder, collector: Recorder) -> None:
    body = "<article data-trackr-interest='boats, ropes'><p id=inner>Read</p></article>"
    site.pages["/"] = shop(collector, body).replace("<title>", '<meta name="trackr-interest" content="sea,"><title>')
    visit(page, site.url)
    page.click("#inner")
    found = collector.wait_for_events("interest", 3)
    assert [told(event)["topic"] for event in found] == ["sea", "boats", "ropes"]


def test_addresses_that_an_application_changes(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector).replace("account:7,", "account:7,trackHistory:true,")
    visit(page, site.url)
    page.evaluate("history.pushState({}, '', '/a'), document.title = 'A'")
    collector.wait_for_events("pageview", 2)
    page.evaluate("history.replaceState({}, '', '/a#part')")
    page.go_back()
    views = collector.wait_for_events("pageview", 3)
    assert [(event.url.removeprefix(site.url), event.referrer.removeprefix(site.url)) for event in views] == [
        ("/", ""),
        ("/a", "/"),
        ("/", "/a"),
    ]
    assert views[1].title == "A"


def test_it_can_be_left_out(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector, BUTTON).replace("account:7,", "account:7,trackMore:false,")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url)
    collector.wait_for_events("pageview")
    assert not [address for address in asked if "more" in address]


def test_under_a_strict_policy_with_a_nonce(page: Page, site: Recorder, collector: Recorder) -> None:
    tag = f'<script nonce="n1" defer src="{collector.url}/js/trackr.js?account=7"></script>'
    site.pages["/"] = page_with("", tag)
    site.page_headers = {
        "Content-Security-Policy": f"default-src 'none'; script-src 'nonce-n1'; connect-src {collector.url}"
    }
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "trackr" in message.text else None)
    with page.expect_response("**/trackr-more.js"):
        page.goto(site.url)
    page.wait_for_timeout(700)
    page.goto("about:blank")
    collector.wait_for_events("engagement")
    assert refused == []
