"""Real Chromium, a site that carries the snippet, and a recorder in the collector's place on another origin."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from properties import snippet
from tests.browser import chromium
from tests.tracker.recorder import Recorder

BUTTON = (
    '<button class="track-it" data-trackr-type="button" data-trackr-label="Buy" data-trackr-position="1">Buy</button>'
)
FIELD = '<input class="track-it" data-trackr-type="field" data-trackr-label="Name" id="name">'


def page_with(body: str, head: str = "", title: str = "A page") -> str:
    """A page with `body`, and in its head `head`, the seed's first part before it."""
    return (
        f"<!doctype html><html lang=en><head>{snippet.head()}<title>{title}</title>{head}</head>"
        f"<body><p>Some words.</p>{body}</body></html>"
    )


def shop(collector: Recorder, body: str = BUTTON + FIELD, **snippet_options: str) -> str:
    return page_with(body + snippet.body(7, collector.url, **snippet_options))


@pytest.fixture
def collector() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.close()


@pytest.fixture
def site(collector: Recorder) -> Iterator[Recorder]:
    """Pages on another origin than the collector's, and `/` with a tracked button and field."""
    recorder = Recorder(host="localhost")
    recorder.pages["/"] = shop(collector)
    yield recorder
    recorder.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor's browser, whose pages must have no error of any kind."""
    context = browser.new_context()
    errors: list[str] = []
    context.on("weberror", lambda found: errors.append(str(found.error)))
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
