import json

import pytest

from tests.pipeline import named_uuid
from tracking import wire
from tracking.wire import Refused

EVENT = {"name": "pageview", "at": 1_795_500_000_000, "url": "https://shop.example/"}
BATCH = {"account": 7, "visitor": str(named_uuid("v")), "session": str(named_uuid("s")), "events": [EVENT]}


def decode(**changes: object) -> wire.Batch:
    return wire.decode(json.dumps({**BATCH, **changes}).encode())


def test_a_batch_is_decoded() -> None:
    batch = decode(account="7", property=3, tab="t1")
    assert (batch.account, batch.property, batch.events[0].name) == ("7", 3, "pageview")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"account": []}, "$.account"),
        ({"account": "seven"}, "$.account"),
        ({"account": 0}, "$.account"),
        ({"visitor": ["a"]}, "$.visitor"),
        ({"visitor": "not a uuid"}, "$.visitor"),
        ({"events": []}, "$.events"),
        ({"events": "pageview"}, "$.events"),
        ({"events": [{**EVENT, "name": ["pageview"]}]}, "$.events[0].name"),
        ({"events": [{**EVENT, "name": "a\x00b"}]}, "$.events[0].name"),
        ({"events": [{**EVENT, "name": ""}]}, "$.events[0].name"),
        ({"events": [{**EVENT, "name": "signup\n"}]}, "$.events[0].name"),
        ({"events": [{**EVENT, "url": "https://a/\n"}]}, "$.events[0].url"),
        ({"events": [{**EVENT, "url": "https://a/\x00"}]}, "$.events[0].url"),
        ({"events": [{**EVENT, "url": "https://a/ b"}]}, "$.events[0].url"),
        ({"events": [EVENT, {**EVENT, "referrer": "https://a/ b"}]}, "$.events[1].referrer"),
        ({"events": [{**EVENT, "title": "\x00"}]}, "$.events[0].title"),
        ({"events": [{**EVENT, "user": "\x00"}]}, "$.events[0].user"),
        ({"events": [{**EVENT, "attributes": {"a\n": 1}}]}, "$.events[0]: 'a\\n'"),
        ({"events": [{**EVENT, "attributes": {"a": "\x00"}}]}, "$.events[0]: 'a'"),
        ({"events": [{**EVENT, "data": {"plan": "\x00"}}]}, "$.events[0]: 'plan'"),
        ({"tab": "\x00"}, "$.tab"),
        ({"queue": "\x00"}, "$.queue"),
        ({"language": "\x00"}, "$.language"),
        ({"screen": "\x00"}, "$.screen"),
        ({"events": [EVENT, {**EVENT, "at": "now"}]}, "$.events[1].at"),
        ({"events": [{**EVENT, "at": -1}]}, "$.events[0].at"),
        ({"events": [{**EVENT, "attributes": {"a": {"b": 1}}}]}, "$.events[0].attributes"),
        ({"events": [{**EVENT, "attributes": {"a": 2**70}}]}, "$.events[0].attributes"),
        ({"events": [{**EVENT, "unknown": 1}]}, "unknown"),
        ({"events": [{**EVENT, "items": {}}]}, "$.events[0].items"),
        ({"events": [EVENT, {**EVENT, "items": [{"item_id": [1]}]}]}, "$.events[1].items[0]"),
        ({"events": [{**EVENT, "items": [{}] * 201}]}, "$.events[0].items"),
        ({"events": [{**EVENT, "items": [{f"a{n}": n for n in range(31)}]}]}, "$.events[0].items[0]"),
        ({"events": [{**EVENT, "items": [{"a\n": 1}]}]}, "$.events[0]: 'a\\n'"),
        ({"events": [{**EVENT, "items": [{}, {"item_id": "\x00"}]}]}, "$.events[0]: 'item_id'"),
        ({"events": [{**EVENT, "signed_up": "today"}]}, "$.events[0].signed_up"),
        ({"events": [{**EVENT, "signed_up": -1}]}, "$.events[0].signed_up"),
        ({"surprise": 1}, "surprise"),
        ({"surprise": json.loads("[" * 900 + "]" * 900)}, "surprise"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(changes: dict[str, object], place: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(**changes)
    assert refused.value.reason == "bad_schema"
    assert place in str(refused.value)


def test_items_and_a_sign_up_are_decoded_and_ids_may_be_missing() -> None:
    items = [{"item_id": "1", "price": 12.5, "quantity": 2}, {}]
    body = {"account": 7, "visitor": None, "events": [{**EVENT, "items": items, "signed_up": 1_552_205_700_000}]}
    found = wire.decode(json.dumps(body).encode())
    assert (found.visitor, found.session) == (None, None)
    assert (found.events[0].items, found.events[0].signed_up) == (items, 1_552_205_700_000)


@pytest.mark.parametrize("name", ["name", "url", "referrer"])
def test_a_del_is_found_although_json_does_not_escape_it(name: str) -> None:
    body = json.dumps({**BATCH, "events": [{**EVENT, name: "https://a/\x7f"}]}, ensure_ascii=False).encode()
    assert b"\\" not in body
    with pytest.raises(Refused) as refused:
        wire.decode(body)
    assert f"$.events[0].{name}" in str(refused.value)


def test_no_control_character_comes_without_an_escape() -> None:
    body = json.dumps({**BATCH, "tab": "?"}).encode()
    for letter in range(0x20):
        with pytest.raises(Refused) as refused:
            wire.decode(body.replace(b"?", bytes([letter])))
        assert refused.value.reason == "bad_json"


def test_texts_may_have_quotes_lines_and_any_letters() -> None:
    event = {**EVENT, "title": 'a "b"\n\t\\ \x7fé', "attributes": {"grüß gott": "a\nb"}, "user": "\x01"}
    assert decode(events=[event], tab="\n").events[0].title == event["title"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"account": 7', b'"\\ud800"'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        wire.decode(body)
    assert refused.value.reason == "bad_json"


def test_too_much_in_one_batch_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        decode(events=[EVENT] * (wire.MAX_EVENTS + 1))
    assert (refused.value.reason, refused.value.status) == ("too_many_events", 413)
    with pytest.raises(Refused) as refused:
        decode(events=[{**EVENT, "attributes": {f"a{n}": n for n in range(31)}}])
    assert refused.value.reason == "too_many_attributes"
