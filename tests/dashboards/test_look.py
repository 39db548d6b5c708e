"""The pages in real Chromium: without faults for assistive technology, in both themes and on a phone, and alive."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from properties import snippet
from tests.browser import chromium
from tests.dashboards.site import OWNER, PASSWORD, VIEWER, Site, make
from tests.stack import Stack

MOST_KILOBYTES = 60
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 900}
PATIENCE_MS = 20_000
# A status that a page has on purpose; the browser logs it as an error.
MEANT = re.compile(r"status of (400|403|404|422)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    stack = Stack(tmp_path_factory.mktemp("look"))
    stack.start("--no-demo")
    try:
        yield make(stack)
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    with chromium() as running:
        yield running


def log_in(browser: Browser, site: Site, email: str) -> Any:
    """The cookies of somebody who logged in by the form."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.stack.url)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/properties/*/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def owner(browser: Browser, site: Site) -> Any:
    return log_in(browser, site, OWNER)


@pytest.fixture
def context(browser: Browser, owner: Any) -> Iterator[BrowserContext]:
    """The owner's browser, in which no page may log an error, a policy's refusal included."""
    context = browser.new_context(viewport=DESK, reduced_motion="reduce", storage_state=owner)
    errors: list[str] = []
    context.on("weberror", lambda found: errors.append(str(found.error)))
    context.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
    yield context
    context.close()
    assert [error for error in errors if not MEANT.search(error)] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in found]


def open_page(page: Page, address: str) -> None:
    """With what the page fetches by itself once it is there."""
    page.goto(address)
    if "/snippet/" in address:
        page.wait_for_selector(".waiting-for, .arrived")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_fault_in_either_theme(page: Page, site: Site, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    found = {}
    for name, address in site.pages().items():
        open_page(page, address)
        found[name] = faults(page)
    assert found == {name: [] for name in found}


def test_menus_and_the_dialog_have_no_fault(page: Page, site: Site) -> None:
    open_page(page, site.page("shop"))
    for opener in ("#range-button", ".switcher summary", ".menu-icon summary"):
        page.locator(opener).click()
        assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_text("Show as table").click()
    page.locator("[data-chart-cursor]").hover()
    assert faults(page) == []
    page.keyboard.press("?")
    assert faults(page) == []


def test_pages_for_others_have_no_fault(browser: Browser, site: Site) -> None:
    page = browser.new_page()
    open_page(page, f"{site.stack.url}/login/")
    assert faults(page) == []
    page.close()
    page = browser.new_page(storage_state=log_in(browser, site, VIEWER))
    page.goto(site.page("shop", "snippet/"))
    expect(page.get_by_role("link", name=OWNER)).to_be_visible()
    assert faults(page) == []
    page.close()


def test_every_page_fits_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size(PHONE)
    widths = {}
    for name, address in site.pages().items():
        open_page(page, address)
        widths[name] = page.evaluate("document.documentElement.scrollWidth")
    assert widths == dict.fromkeys(widths, PHONE["width"])


def test_a_page_has_no_inline_style_or_script(page: Page, site: Site) -> None:
    for address in site.pages().values():
        html = page.request.get(address).text()
        assert not re.search(r"<[^>]+ (style|on[a-z]+)=", html)
        assert not re.search(r"<script(?![^>]* src=)", html)
        assert "<style" not in html


def test_the_first_view_is_light(page: Page, site: Site) -> None:
    sizes: list[float] = []
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda loaded: sizes.append(loaded["encodedDataLength"]))
    page.goto(site.page("shop"), wait_until="networkidle")
    assert len(sizes) > 5
    assert sum(sizes) <= MOST_KILOBYTES * 1024


def test_only_the_content_is_swapped_and_back_works(page: Page, site: Site) -> None:
    open_page(page, site.page("shop"))
    page.evaluate("window.stays = true")
    page.locator("#range-button").click()
    page.get_by_role("link", name="Last 7 days").click()
    expect(page).to_have_url(re.compile(r"\?period=7d$"))
    expect(page.locator("#range-button")).to_contain_text("Last 7 days")
    page.locator("#number-sessions").click()
    expect(page).to_have_url(re.compile(r"\?period=7d&metric=sessions$"))
    expect(page.locator("#number-sessions")).to_have_attribute("aria-current", "true")
    expect(page.locator("#number-sessions")).to_be_focused()
    page.go_back()
    expect(page.locator("#number-visitors")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#range-button")).to_contain_text("Last 30 days")
    assert page.evaluate("window.stays")


def test_own_dates_are_in_the_address(page: Page, site: Site) -> None:
    open_page(page, site.page("shop"))
    page.locator("#range-button").click()
    page.get_by_label("From").fill("2025-10-30")
    page.get_by_label("To", exact=True).fill("2025-11-02")
    page.get_by_role("button", name="Show these dates").click()
    expect(page).to_have_url(re.compile(r"\?from=2025-10-30&to=2025-11-02$"))
    expect(page.locator("#content")).to_contain_text(
        "30 Oct to 2 Nov 2025, compared with 26 to 29 Oct 2025. Days are those of UTC."
    )


def test_a_range_that_ends_before_it_begins_says_so(page: Page, site: Site) -> None:
    open_page(page, site.pages()["bad dates"])
    expect(page.get_by_role("alert")).to_contain_text("The range ends before it begins.")
    expect(page.locator("#range-button")).to_contain_text("Last 30 days")


def test_all_of_it_works_without_javascript(browser: Browser, site: Site, owner: Any) -> None:
    page = browser.new_page(java_script_enabled=False, storage_state=owner)
    page.goto(site.page("shop"))
    page.locator("#range-button").click()
    page.get_by_role("link", name="Last 7 days").click()
    page.locator("#number-events").click()
    assert page.url.endswith("?period=7d&metric=events")
    expect(page.locator("#number-events")).to_have_attribute("aria-current", "true")
    page.locator(".menu-icon summary").click()
    expect(page.locator("[data-theme-choice]")).to_be_hidden()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.close()


def test_the_chart_reads_the_numbers_of_its_table(page: Page, site: Site) -> None:
    open_page(page, site.page("shop", "?metric=pageviews"))
    cursor = page.get_by_role("slider")
    cursor.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.get_by_text("Show as table").click()
    rows = page.locator("[data-chart] tbody tr")
    day, number = (rows.nth(28).locator(cell).inner_text() for cell in ("th", "td >> nth=0"))
    assert number == "2"
    cursor.focus()
    expect(cursor).to_have_attribute("aria-valuetext", re.compile(rf"^{day}: {number}; "))
    expect(page.locator("[data-chart-reading]")).to_contain_text(day)
    page.keyboard.press("Home")
    expect(cursor).to_have_attribute("aria-valuenow", "1")
    page.keyboard.press("Escape")
    expect(page.locator("[data-chart-reading]")).to_be_hidden()
    counted = sum(int(text) for text in rows.locator("td:nth-of-type(1)").all_inner_texts())
    assert str(counted) == page.locator("#number-pageviews .numbers-figure").inner_text() == "24"


def test_keys_go_places_until_they_are_switched_off(page: Page, site: Site) -> None:
    open_page(page, site.page("shop"))
    page.keyboard.press("d")
    expect(page.locator("#range-button")).to_contain_text("Today")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Go to data health")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", name="Data health")).to_be_visible()
    page.keyboard.press("?")
    dialog.get_by_role("checkbox").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()


def test_letters_typed_into_a_field_are_no_keys(page: Page, site: Site) -> None:
    open_page(page, site.page("shop", "settings/"))
    page.get_by_label("Name", exact=True).press_sequentially("go?")
    assert page.url == site.page("shop", "settings/")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_chosen_theme_is_kept(page: Page, site: Site) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    open_page(page, site.page("shop"))
    light = page.evaluate(ground)
    page.locator(".menu-icon summary").click()
    page.get_by_role("button", name="Dark").click()
    open_page(page, site.page("shop", "snippet/"))
    assert page.evaluate(ground) != light
    page.locator(".menu-icon summary").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="As the system").click()
    open_page(page, site.page("shop"))
    assert page.evaluate(ground) == light


def test_data_health_says_what_was_not_taken_and_takes_a_hostname_in(page: Page, site: Site) -> None:
    open_page(page, site.page("shop", "health/"))
    old = page.get_by_role("row", name="The event happened more than 30 days before it was sent.")
    expect(old.get_by_role("cell").last).to_have_text("1")
    page.get_by_role("button", name="Add unknown.example to shop.example").click()
    expect(page.get_by_role("status")).to_contain_text("Events from unknown.example now count for shop.example.")
    expect(page.get_by_text("No unknown hostname sent events.")).to_be_visible()


def test_the_live_count_moves_by_itself(page: Page, site: Site) -> None:
    open_page(page, site.page("alive", "snippet/"))
    live = page.locator(".live")
    expect(live).to_contain_text("0 visitors now")
    site.send(("pageview", "https://alive.example/", datetime.now(UTC)))
    expect(live).to_contain_text("1 visitor now", timeout=PATIENCE_MS)


def test_the_snippet_page_waits_for_the_first_event(page: Page, site: Site) -> None:
    open_page(page, site.page("waiting", "snippet/"))
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    site.send(("pageview", "https://waiting.example/hello", datetime.now(UTC)))
    arrived = page.locator(".arrived")
    expect(arrived).to_contain_text("https://waiting.example/hello", timeout=PATIENCE_MS)
    expect(arrived).to_contain_text("pageview")
    arrived.get_by_role("link", name="Open the overview").click()
    expect(page.locator("#number-visitors .numbers-figure")).to_have_text("1")


def test_names_from_outside_stay_text(page: Page, site: Site) -> None:
    name = "<img src=x onerror=document.title='gone'>"
    site.send((name, "https://hostile.example/", datetime.now(UTC)))
    page.goto(site.page("hostile", "?metric=events"))
    while not page.get_by_role("region", name="Top events").is_visible():
        page.reload()
    expect(page.get_by_role("region", name="Top events")).to_contain_text(name)
    assert page.title().startswith("Hostile")


def test_the_copied_snippet_is_the_seeds_to_the_byte(page: Page, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_page(page, site.page("shop", "snippet/"))
    for part, text in (("first", snippet.head()), ("second", snippet.body(site.account, site.stack.url))):
        button = page.get_by_role("button", name=f"the {part} part")
        button.click()
        expect(button).to_contain_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == text


def test_an_expired_login_asks_again_and_comes_back(page: Page, site: Site) -> None:
    open_page(page, site.page("shop", "snippet/"))
    page.context.clear_cookies()
    page.wait_for_url("**/login/?next=*", timeout=PATIENCE_MS)
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(site.page("shop", "snippet/"))


def test_wrong_dates_from_the_menu_say_why(page: Page, site: Site) -> None:
    open_page(page, site.page("shop"))
    page.locator("#range summary").click()
    page.locator("input[name=from]").fill("2026-01-05")
    page.locator("input[name=to]").fill("2026-01-01")
    page.get_by_role("button", name="Show these dates").click()
    expect(page.get_by_role("alert")).to_contain_text("The range ends before it begins.")


def test_type_has_its_sizes(page: Page, site: Site) -> None:
    open_page(page, site.page("shop"))
    sizes = page.evaluate(
        "[...document.querySelectorAll('body *')].map((element) => getComputedStyle(element).fontSize)"
    )
    assert {float(size.removesuffix("px")) for size in sizes} <= {12, 14, 16, 20, 28, 40}
