"""The preview of page groups: which of today's pages a set of patterns makes one."""

import html
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from dashboards.page_groups import MOST_GROUPS, preview
from properties import grouping
from properties.models import Property
from tests.pipeline import admitted, append, batch, drain, ms

VIEWS = {"/": 9, "/product/1": 3, "/product/2": 4, "/shop/a": 1, "/shop/a/b": 1, "/about": 2}


def groups(text: str) -> list[tuple[str, tuple[str, ...], int]]:
    return [(group.name, group.pages, group.views) for group in preview(grouping.parse(text), VIEWS).groups]


def test_pages_fall_into_the_first_group_that_fits() -> None:
    assert groups("/product/:id\n/shop/** -> Shop\n/product/1 -> never") == [
        ("/product/:id", ("/product/2", "/product/1"), 7),
        ("Shop", ("/shop/a", "/shop/a/b"), 2),
    ]


def test_two_patterns_may_have_one_name() -> None:
    assert groups("/product/* -> Things\n/shop/** -> Things") == [
        ("Things", ("/product/2", "/product/1", "/shop/a", "/shop/a/b"), 9)
    ]


def test_what_no_pattern_takes_and_what_takes_nothing_is_told() -> None:
    found = preview(grouping.parse("/product/:id\n/nothing/*"), VIEWS)
    assert (found.alone, found.unused) == (4, ("/nothing/*",))
    assert preview(grouping.parse("/**"), VIEWS).alone == 0


def test_only_the_most_viewed_groups_are_shown() -> None:
    views = {f"/{number}/x": number for number in range(1, 41)}
    found = preview(grouping.parse("\n".join(f"/{number}/*" for number in range(1, 41))), views)
    assert [group.views for group in found.groups] == list(range(40, 40 - MOST_GROUPS, -1))


@pytest.fixture
def owner(client: Client, alice: User, prop: Property) -> Client:
    client.force_login(alice)
    return client


def shown(owner: Client, prop: Property, text: str) -> str:
    answer = owner.post(reverse("page_groups", args=[prop.id]), {"page_groups": text})
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_preview_is_made_of_todays_pages(owner: Client, prop: Property) -> None:
    assert "No page was viewed today yet." in shown(owner, prop, "/product/*")
    now = datetime.now(UTC)
    for path in ("product/1", "product/2", "<b>"):
        event = {"name": "pageview", "at": ms(now), "url": f"https://shop.example/{path}"}
        append(prop, admitted(prop, batch(prop, path, [event]), now))
    drain(prop)
    page = shown(owner, prop, "/product/*")
    assert "/product/1, /product/2" in page
    assert "1</span> page of today fits no pattern" in page
    assert "a pattern begins with a slash" in shown(owner, prop, "product")
    assert "Without a pattern every page counts by itself." in shown(owner, prop, "")
