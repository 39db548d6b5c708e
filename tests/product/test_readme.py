"""The README, tried: its one command brings the demo with numbers that move, and its pictures are made here.

With SCREENSHOTS=yes the pictures of the README are written anew.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from properties import snippet
from tests.stack import ROOT, Stack, wait_for

WRITE = os.environ.get("SCREENSHOTS") == "yes"
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def with_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("with_demo"))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def login(with_demo: Stack) -> tuple[str, str]:
    """The e-mail address and password that the first start prints."""
    printed = re.compile(r"Log in as +(\S+) with the password (\S+)")
    log = with_demo.folder / "up.log"
    wait_for(lambda: bool(printed.search(log.read_text())), 60, log.read_text)
    found = printed.search(log.read_text())
    assert found
    return found[1], found[2]


@pytest.fixture(scope="module")
def history(with_demo: Stack) -> None:
    """The demo's month has been played and counted."""
    state = with_demo.folder / "demo.json"

    def played() -> bool:
        known = json.loads(state.read_text())
        return bool(known["history"] and known["history"]["done"])

    wait_for(played, 240, (with_demo.folder / "logs" / "demo.log").read_text)


def overview(browser: Browser, stack: Stack, login: tuple[str, str], scheme: str, width: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=1.5,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(stack.url)
    page.get_by_label("E-mail address").fill(login[0])
    page.get_by_label("Password").fill(login[1])
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{page.url.partition('?')[0]}?period=7d")
    return page


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width", "name"), [
    ("light", 1280, "overview-light"), ("dark", 1280, "overview-dark"),
])  # fmt: skip
def test_the_pictures_show_the_demo(
    with_demo: Stack,
    login: tuple[str, str],
    history: None,
    browser: Browser,
    tmp_path: Path,
    scheme: str,
    width: int,
    name: str,
) -> None:
    page = overview(browser, with_demo, login, scheme, width)
    numbers = page.locator(".numbers-figure").all_inner_texts()
    assert all(int(re.sub(r"\D", "", number)) > 20 for number in numbers)
    expect(page.locator(".tables")).to_contain_text("/demo/shop/")
    folder = ROOT / "docs" / "images" if WRITE else tmp_path
    folder.mkdir(exist_ok=True)
    picture = page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert len(picture) > 20_000, "the page is drawn"
    page.context.close()


def test_the_readme_has_the_snippet_verbatim() -> None:
    shown = "\n".join(line.removeprefix("    ") for line in README.splitlines())
    assert snippet.head() in shown
    assert snippet.body("YOUR_ACCOUNT_ID", "https://stats.example.com") in shown  # type: ignore[arg-type]


def test_what_the_readme_links_to_is_there() -> None:
    for target in re.findall(r"(?:\]\(|srcset=\"|src=\")([^)\"#:]+)[)\"]", README):
        assert (ROOT / target).exists(), target
