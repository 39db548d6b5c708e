"""The same append, said again: by the same writer it is written once, whenever it arrives."""

from typing import Any

import pytest

from properties.models import Property
from tests.pipeline import raw
from tracking import once
from tracking.keys import Keys
from tracking.once import Entry, Owner

FEW = 1 << 30


@pytest.fixture
def owner(prop: Property) -> Owner:
    return (prop.account_id, prop.id)


def append(owner: Owner, writer: str, *numbers: int, few: int = FEW, events: int = 1) -> Any:
    entries = [Entry(number, events, f"{writer}{number}".encode()) for number in numbers]
    return raw().execute_command(*once.append(owner, writer, entries, few))


def stream(owner: Owner) -> list[str]:
    return [fields[b"e"].decode() for _, fields in raw().xrange(Keys(*owner).ingest)]


def test_what_is_said_twice_is_written_once(owner: Owner) -> None:
    append(owner, "a", 1, 2)
    append(owner, "a", 1, 2)
    append(owner, "a", 2, 3)
    assert stream(owner) == ["a1", "a2", "a3"]


def test_an_attempt_that_arrives_after_its_repetition_does_nothing(owner: Owner) -> None:
    append(owner, "a", 1)
    append(owner, "a", 2, 3)  # the repetition, from the spill
    append(owner, "a", 4)
    append(owner, "a", 2)  # the first attempt, which was on its way all the time
    assert stream(owner) == ["a1", "a2", "a3", "a4"]


def test_writers_and_properties_do_not_get_into_each_others_way(owner: Owner) -> None:
    other = (owner[0], owner[1] + 1)
    append(owner, "a", 5)
    append(owner, "b", 3)
    append(other, "a", 2)
    assert (stream(owner), stream(other)) == (["a5", "b3"], ["a2"])


def test_a_writer_is_forgotten_after_a_month(owner: Owner) -> None:
    append(owner, "a", 1)
    [key] = raw().keys(f"{Keys(*owner).prefix}appended::*")
    assert 0 < raw().ttl(key) <= once.WRITER_KEPT_SECONDS


def test_what_waits_is_counted_once_there_is_much(owner: Owner) -> None:
    keys = Keys(*owner)
    assert append(owner, "a", 1, 2, few=3, events=10) == 0
    assert append(owner, "a", 3, few=3, events=500) == 520
    first = raw().xrange(keys.ingest, count=1)[0][0]
    raw().xdel(keys.ingest, first)  # drained
    assert append(owner, "a", few=2) == 510
    assert append(owner, "a", few=3) == 0
    assert stream(owner) == ["a2", "a3"]


def test_counting_alone_leaves_no_trace(owner: Owner) -> None:
    assert append(owner, "a", few=1) == 0
    assert raw().keys(f"{Keys(*owner).prefix}*") == []


def test_large_numbers_stay_exact(owner: Owner) -> None:
    large = 2**52
    append(owner, "a", large, large + 1, events=10**12)
    append(owner, "a", large, large + 1)
    assert raw().xrange(Keys(*owner).ingest)[1][1][once.BEFORE] == str(10**12).encode()
    assert len(stream(owner)) == 2
