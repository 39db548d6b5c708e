"""Mouse and keyboard events of tracked elements."""

from playwright.sync_api import Page

from tests.tracker.conftest import BUTTON, FIELD, shop
from tests.tracker.recorder import Recorder

BUY = {"type": "button", "label": "Buy", "position": "1"}
NAME = {"type": "field", "label": "Name"}


def test_the_mouse_on_a_tracked_element(page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    page.mouse.move(1, 1)
    page.click("button")
    collector.wait_for_events("click")
    assert [(event.name, event.attributes) for event in collector.events[1:]] == [
        ("mouseover", BUY),
        ("focus", BUY),
        ("click", BUY),
    ]


def test_the_keyboard_on_tracked_elements(page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.focus("#name")
    page.evaluate("document.activeElement.blur()")
    collector.wait_for_events("blur", 2)
    assert [(event.name, event.attributes) for event in collector.events[1:]] == [
        ("focus", BUY),
        ("click", BUY),
        ("blur", {**BUY, "keys": 2}),
        ("focus", NAME),
        ("blur", NAME),
    ]


def test_of_keys_only_how_many(page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    page.click("#name")
    page.keyboard.type("secret")
    page.mouse.move(1, 1)
    page.mouse.move(200, 60)
    page.evaluate("document.activeElement.blur()")
    (blurred,) = collector.wait_for_events("blur")
    assert blurred.attributes == {**NAME, "keys": 6}
    assert "secret" not in str(collector.batches)
    page.focus("#name")
    page.evaluate("document.activeElement.blur()")
    assert collector.wait_for_events("blur", 2)[1].attributes == NAME


def test_events_carry_the_time_and_place_where_they_happened(page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    page.click("button")
    page.evaluate("history.pushState({}, '', '/second#x')")
    page.click("button")
    first, second = collector.wait_for_events("click", 2)
    assert (first.url, second.url) == (f"{site.url}/", f"{site.url}/second")
    assert [event.at for event in collector.events] == sorted(event.at for event in collector.events)


def test_an_element_added_later_is_tracked(page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    collector.wait_for_events("pageview")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend',"
        " '<a id=late class=track-it data-trackr-type=link data-trackr-label=Late href=\"#late\">Late</a>')"
    )
    page.click("#late")
    (event,) = collector.wait_for_events("click")
    assert event.attributes == {"type": "link", "label": "Late"}


def test_several_classes_are_tracked(page: Page, site: Recorder, collector: Recorder) -> None:
    both = "".join(
        f'<button id="{name}" class="{name} wide" data-trackr-label="{name}">{name}</button>'
        for name in ("first", "second", "third")
    )
    site.pages["/"] = shop(collector, both, trackr_class="first second")
    page.goto(site.url)
    for name in ("third", "second", "first"):
        page.click(f"#{name}")
    collector.wait_for_events("click", 2)
    page.goto("about:blank")
    assert [event.attributes["label"] for event in collector.named("click")] == ["second", "first"]


def test_without_the_option_the_class_is_track_it(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector).replace('trackrClass:"track-it",', "")
    page.goto(site.url)
    page.click("button")
    assert collector.wait_for_events("click")[0].attributes == BUY


def test_an_element_is_entered_once(page: Page, site: Recorder, collector: Recorder) -> None:
    card = (
        '<div class="track-it" data-trackr-type="card" id="card"><b id="one">One</b> <i id="two">Two</i> '
        f'<svg id="drawing" width="20" height="20"><rect width="20" height="20"/></svg></div><hr>{BUTTON}{FIELD}'
    )
    site.pages["/"] = shop(collector, card)
    page.goto(site.url)
    for inside in ("#one", "#two", "#drawing", "#one"):
        page.hover(inside)
    page.hover("button")
    page.hover("#two")
    page.click("#drawing")
    collector.wait_for_events("click")
    over = [event.attributes["type"] for event in collector.named("mouseover")]
    assert over == ["card", "button", "card"]
    assert collector.named("click")[0].attributes == {"type": "card"}


def test_the_innermost_tracked_element_counts(page: Page, site: Recorder, collector: Recorder) -> None:
    site.pages["/"] = shop(collector, f'<div class="track-it" data-trackr-type="card" id="card">{BUTTON}</div>')
    page.goto(site.url)
    page.click("button")
    collector.wait_for_events("click")
    page.goto("about:blank")
    assert [event.attributes["type"] for event in collector.named("click")] == ["button"]


def test_odd_attributes_do_not_cost_the_batch(page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    page.evaluate(
        "document.querySelector('button').setAttribute('data-trackr-label', 'a\\0b\\ud83dc\\udc00' + 'z'.repeat(3000))"
    )
    page.click("button")
    label = collector.wait_for_events("click")[0].attributes["label"]
    assert label == "abc" + "z" * 494
