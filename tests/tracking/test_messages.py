"""What a server sends again counts once: within a batch, in another one, and a week later."""

from datetime import timedelta

import pytest

from properties.models import Property
from tests.pipeline import NOW, admitted, batch, drain, everything, ms, raw
from tracking import messages, stream
from tracking.bitmaps.traits import event
from tracking.keys import Keys
from tracking.stream import Packet

WEEK = timedelta(days=7)


def packet(prop: Property, received: int, message: bytes = messages.digest_of("m")) -> Packet:
    said = {"name": "paid", "at": ms(NOW), "url": "https://shop.example/"}
    made = admitted(prop, batch(prop, "a", [said])).packets[prop.id]
    made.received, made.message = received, message
    return made


def append(prop: Property, *packets: Packet) -> None:
    raw().xadd(Keys(prop.account_id, prop.id).ingest, {stream.FIELD: stream.encode(list(packets))})


def paid(prop: Property) -> int:
    """How often, by the bitmaps and their tallies."""
    return everything(prop).get(("2026-11-24", "events", event("paid")), {}).get(0, 0)


@pytest.mark.parametrize("again_after", [timedelta(0), timedelta(hours=1), WEEK])
def test_a_message_counts_once(prop: Property, again_after: timedelta) -> None:
    append(prop, packet(prop, ms(NOW)), packet(prop, ms(NOW)))
    drain(prop)
    append(prop, packet(prop, ms(NOW + again_after)))
    drain(prop)
    assert paid(prop) == 1
    assert raw().hget(Keys(prop.account_id, prop.id).drops("2026-11-24"), "repeat") == b"2"


def test_messages_without_an_id_and_with_others_are_each_one(prop: Property) -> None:
    ids = [b"", b"", messages.digest_of("m"), messages.digest_of("n"), messages.digest_of("M")]
    append(prop, *[packet(prop, ms(NOW), message) for message in ids])
    drain(prop)
    assert paid(prop) == len(ids)


def test_ids_are_kept_for_two_weeks_and_no_longer(prop: Property) -> None:
    append(prop, packet(prop, ms(NOW)))
    drain(prop)
    [key] = list(raw().scan_iter("*messages*"))
    assert 0 < raw().ttl(key) <= messages.KEPT_SECONDS
    append(prop, packet(prop, ms(NOW + 2 * WEEK)))
    drain(prop)
    assert paid(prop) == 2
