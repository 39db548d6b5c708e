"""Whatever is sent to any door: never a 500, every refusal has its reason, and the next event is counted."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.product.sources import Site
from tests.product.test_collector_fuzz import texts, values
from tests.stack import Answer, Stack
from tracking.sources.registry import BUILT_IN

fuzz = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
FINE = {200, 202, 204}
REFUSED = {400, 401, 404, 413, 415}
POSTS = [(source.name, path) for source in BUILT_IN for method, path in source.doors if method == "POST"]

EVENT: dict[str, Any] = {"name": "x", "visitor": "v", "user": "u"}
MESSAGE: dict[str, Any] = {"userId": "u", "event": "x", "previousId": "p", "groupId": "g", "type": "track"}
PRODUCTS = {"event": "Order Completed", "properties": {"order_id": "1", "products": [{"sku": "s"}], "total": 3}}
# Bodies that are taken as they are; the fuzzer changes parts of them.
BODIES: dict[str, list[dict[str, Any]]] = {
    "The HTTP API": [{"events": [EVENT, {**EVENT, "at": 1, "items": [{"item_id": "1"}]}], "sent": 2}],
    "Segment": [
        {
            **MESSAGE,
            "context": {"page": {"url": "https://x.example/"}, "campaign": {"name": "c"}, "screen": {"width": 1}},
        },
        {**MESSAGE, **PRODUCTS, "batch": [MESSAGE, {**MESSAGE, **PRODUCTS}], "sentAt": "2026-11-24"},
    ],
    "Plausible": [
        {"domain": "fuzz.example", "url": "https://fuzz.example/", "name": "404", "props": {}, "revenue": {}}
    ],
    "GA4 Measurement Protocol": [
        {
            "client_id": "c",
            "user_id": "u",
            "user_properties": {"a": {"value": 1}},
            "events": [{"name": "x", "params": {}}],
        }
    ],
}


@pytest.fixture(scope="module")
def site(stack: Stack) -> Site:
    return Site.make(stack, "fuzz.example")


def send(site: Site, path: str, body: bytes) -> Answer:
    if path.startswith("/v1/"):
        return site.stack.send(path, body, **{"Authorization": f"Basic {basic(site)}"})
    return site.stack.send(f"{path}?api_secret={site.key}", body, **{"Authorization": f"Bearer {site.key}"})


def basic(site: Site) -> str:
    return base64.b64encode(f"{site.key}:".encode()).decode()


def is_well_answered(answer: Answer) -> bool:
    if answer.status in FINE:
        return True
    return answer.status in REFUSED and bool(answer.headers["X-Aktivat-Reason"]) and bool(answer.body)


def changed(document: Any, path: list[int], value: Any) -> Any:
    """`document` with one part replaced, found by walking along `path`."""
    if not path or not isinstance(document, dict | list) or not document:
        return value
    keys = sorted(document) if isinstance(document, dict) else range(len(document))
    key = keys[path[0] % len(keys)]
    copy = document.copy()
    copy[key] = changed(document[key], path[1:], value)
    return copy


@pytest.mark.parametrize(("name", "path"), POSTS)
def test_what_the_fuzzer_changes_is_fine(site: Site, name: str, path: str) -> None:
    for body in BODIES[name]:
        assert is_well_answered(send(site, path, json.dumps(body).encode()))


@fuzz
@given(door=st.sampled_from(POSTS), data=st.data(), value=values)
def test_any_part_of_a_body_may_be_anything(site: Site, door: tuple[str, str], data: st.DataObject, value: Any) -> None:
    name, path = door
    body = data.draw(st.sampled_from(BODIES[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        body = changed(body, data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=4)), value)
    assert is_well_answered(send(site, path, json.dumps(body).encode()))


@fuzz
@given(door=st.sampled_from(POSTS), fields=st.dictionaries(st.sampled_from([*MESSAGE, *EVENT, "url", "at"]), values))
def test_more_fields_than_are_known(site: Site, door: tuple[str, str], fields: dict[str, Any]) -> None:
    body = {**BODIES[door[0]][0], **fields}
    assert is_well_answered(send(site, door[1], json.dumps(body).encode()))


@fuzz
@given(door=st.sampled_from(POSTS), body=st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_answered(site: Site, door: tuple[str, str], body: bytes) -> None:
    assert is_well_answered(send(site, door[1], body))


@fuzz
@given(door=st.sampled_from(POSTS), header=texts.filter(lambda text: text.isascii() and text.isprintable()))
def test_any_key_is_answered(site: Site, door: tuple[str, str], header: str) -> None:
    answer = site.post(door[1], BODIES[door[0]][0], Authorization=header[:1000])
    assert is_well_answered(answer)


@pytest.mark.parametrize(("name", "path"), POSTS)
def test_other_methods_are_told_which_there_are(site: Site, name: str, path: str) -> None:
    answer = site.stack.send(path)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")


def test_afterwards_events_are_still_counted(site: Site) -> None:
    before = site.archived()
    assert site.events({"name": "after", "user": "u"}).status == 202
    assert site.archived() == before + 1
    assert not site.stack.data.exists(site.keys.poison)
    assert "ERROR" not in (site.stack.folder / "logs" / "web.log").read_text().replace(
        "ERROR django.request: Service", ""
    )
