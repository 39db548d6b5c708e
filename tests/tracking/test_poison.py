"""Entries that cannot be read: set aside by the drain, shown, put back once, thrown away."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cluster.connections import find_shards_again
from properties.models import Property
from tests.environment import DATA
from tests.pipeline import NOW, admitted, append, batch, drain, ms, raw
from tests.proxy import CuttingProxy
from tracking import ingest, poison, stream
from tracking.keys import Keys
from tracking.progress import progress

UNREADABLE = b"\xc1\xff\x00"
OTHER_SHAPE = b"\x81\xa4name\xa6signup"  # {"name": "signup"}


@pytest.fixture
def set_aside(prop: Property) -> Property:
    """A property with two entries set aside, between events that were counted."""
    event = [{"name": "x", "at": ms(NOW), "url": "https://shop.example/"}]
    append(prop, admitted(prop, batch(prop, "a", event)))
    for packed in (UNREADABLE, OTHER_SHAPE):
        raw().xadd(Keys(prop.account_id, prop.id).ingest, {stream.FIELD: packed})
    append(prop, admitted(prop, batch(prop, "b", event)))
    drain(prop)
    return prop


def command(prop: Property, action: str, *arguments: str) -> str:
    out = StringIO()
    call_command("poison", action, "--property", str(prop.id), *arguments, stdout=out)
    return out.getvalue()


def ids(prop: Property) -> list[str]:
    return [entry.id for entry in poison.waiting(prop)]


def put_good(prop: Property) -> str:
    """Set a readable entry aside, as after an upgrade that can read what an older version could not."""
    taken = admitted(prop, batch(prop, "c", [{"name": "late", "at": ms(NOW), "url": "https://shop.example/"}]))
    entry = {b"e": stream.encode(list(taken.packets.values())), b"id": b"1764000000000-0"}
    return str(raw().xadd(Keys(prop.account_id, prop.id).poison, entry).decode())


def test_what_cannot_be_read_holds_nothing_up(set_aside: Property) -> None:
    assert progress(set_aside).events == 2
    assert [entry.packed for entry in poison.waiting(set_aside)] == [UNREADABLE, OTHER_SHAPE]


def test_when_too_many_are_set_aside_the_rest_waits_and_is_not_lost(
    set_aside: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poison, "MOST_SET_ASIDE", 2)
    keys = Keys(set_aside.account_id, set_aside.id)
    raw().xadd(keys.ingest, {stream.FIELD: UNREADABLE})
    event = [{"name": "x", "at": ms(NOW), "url": "https://shop.example/"}]
    append(set_aside, admitted(set_aside, batch(set_aside, "c", event)))
    with pytest.raises(poison.TooManySetAside, match="is full"):
        drain(set_aside)
    assert (raw().xlen(keys.ingest), len(ids(set_aside)), progress(set_aside).events) == (2, 2, 2)
    raw().delete(keys.lease)  # it runs out by itself
    command(set_aside, "drop", "--id", ids(set_aside)[0])
    drain(set_aside)
    assert (raw().xlen(keys.ingest), len(ids(set_aside)), progress(set_aside).events) == (0, 2, 3)


def test_a_fault_of_ours_sets_aside_no_more_than_there_is_room_for(
    set_aside: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise ArithmeticError("a fault")

    monkeypatch.setattr(poison, "MOST_SET_ASIDE", 3)
    monkeypatch.setattr(ingest, "run", fault)
    event = [{"name": "x", "at": ms(NOW), "url": "https://shop.example/"}]
    for visitor in ("c", "d"):
        append(set_aside, admitted(set_aside, batch(set_aside, visitor, event)))
    with pytest.raises(poison.TooManySetAside):
        drain(set_aside)
    keys = Keys(set_aside.account_id, set_aside.id)
    assert (raw().xlen(keys.ingest), len(ids(set_aside))) == (1, 3)


def test_the_list_says_when_and_why(set_aside: Property) -> None:
    lines = command(set_aside, "list").splitlines()
    assert [line.split()[0] for line in lines] == ids(set_aside)
    assert "3 bytes" in lines[0]
    assert "Expected `array`, got `object`" in lines[1]


def test_an_entry_is_shown_as_far_as_it_can_be_read(set_aside: Property) -> None:
    first, second = ids(set_aside)
    assert "c1 ff 00" in command(set_aside, "show", "--id", first)
    assert '"name": "signup"' in command(set_aside, "show", "--id", second)
    good = put_good(set_aside)
    assert '"late"' in command(set_aside, "show", "--id", good)
    assert command(set_aside, "show").count("-") >= 3


def test_one_that_can_be_read_now_counts_once(set_aside: Property) -> None:
    good = put_good(set_aside)
    assert "Put back: 1." in command(set_aside, "replay", "--id", good)
    with pytest.raises(CommandError, match="No entry"):
        command(set_aside, "replay", "--id", good)
    drain(set_aside)
    assert progress(set_aside).events == 3
    assert len(ids(set_aside)) == 2


def test_one_that_still_cannot_be_read_is_set_aside_again(set_aside: Property) -> None:
    before = ids(set_aside)
    assert "Put back: 2." in command(set_aside, "replay")
    assert ids(set_aside) == []
    drain(set_aside)
    assert len(ids(set_aside)) == 2
    assert set(ids(set_aside)).isdisjoint(before)


def test_only_what_is_named_is_thrown_away(set_aside: Property) -> None:
    first, second = ids(set_aside)
    with pytest.raises(CommandError, match="Name what"):
        command(set_aside, "drop")
    with pytest.raises(CommandError, match="No entry 1-1"):
        command(set_aside, "drop", "--id", "1-1")
    for nonsense in ("x", "1", "1-2-3"):
        with pytest.raises(CommandError, match="No entry"):
            call_command("poison", "drop", f"--id={nonsense}", property=set_aside.id)
    command(set_aside, "drop", "--id", first)
    assert ids(set_aside) == [second]


def test_a_property_that_is_not_there(prop: Property) -> None:
    with pytest.raises(CommandError, match="There is no property"):
        call_command("poison", "list", property=prop.id + 999)


@pytest.fixture
def cut(set_aside: Property) -> Iterator[CuttingProxy]:
    """Every transaction that passes, but the last, loses its reply."""
    proxy = CuttingProxy(DATA.port, cuts=lambda number: number % 2 == 1)
    raw().config_set("cluster-announce-port", proxy.port)
    find_shards_again()
    yield proxy
    raw().config_set("cluster-announce-port", 0)
    find_shards_again()
    proxy.close()


def test_a_lost_answer_puts_nothing_back_twice(set_aside: Property, cut: CuttingProxy) -> None:
    good = [put_good(set_aside) for _ in range(4)]
    assert poison.replay(set_aside, good) == 4
    assert cut.cut >= 2
    assert raw().xlen(Keys(set_aside.account_id, set_aside.id).ingest) == 4
    assert len(ids(set_aside)) == 2
