"""A site that passes a path of its own on: the script and the events go by names of its choice."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.product.seen import Seen
from tests.stack import Stack
from tests.tracker.conftest import page_with
from tests.tracker.recorder import Recorder


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(
        tmp_path_factory.mktemp("named"),
        environment={"AKTIVAT_SCRIPT_NAMES": "s,other", "AKTIVAT_COLLECT_PATHS": "/e"},
    )
    stack.start("--no-demo")
    yield stack
    stack.stop()


def test_script_and_events_under_other_names(named: Stack, browser: Browser) -> None:
    seen = Seen.of(named, named.create_account("owner@named.example", "localhost"))
    address = f"{named.url}/js/s.js?account={seen.account}&collectPath=/e"
    site = Recorder(host="localhost")
    site.pages["/"] = page_with("", f'<script defer src="{address}"></script>')
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(named.url).partition("?")[0]))
    with page.expect_response(f"{named.url}/e?*"):
        page.goto(site.url)
    page.goto("about:blank")
    seen.wait_for("evt:engagement", 1)
    page.close()
    site.close()
    assert {"/js/s.js", "/js/s-more.js", "/e"} <= set(asked)
    assert not [path for path in asked if "track" in path]
