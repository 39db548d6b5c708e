from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Aktivat, running, without the demo's visitors."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.start("--no-demo")
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def shop(stack: Stack) -> dict[str, Any]:
    """An account with a property for shop.example; what create_account printed."""
    return stack.create_account("owner@shop.example", "shop.example")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
