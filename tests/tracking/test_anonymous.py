"""Visitors without a cookie: the same all day wherever they are taken, another the next; nothing is kept of them."""

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from properties.models import Property
from tests.pipeline import NOW, admitted, append, drain, ms, raw
from tests.tracking.archive.material import keys, read_all
from tracking import people, stream, wire
from tracking.admission import Admitted
from tracking.anonymous import SALT_BYTES, Anonymous, ids
from tracking.appender import Unavailable
from tracking.archive.store import store
from tracking.bitmaps.addresses import Address
from tracking.keys import Keys
from tracking.reading import load
from tracking.wire import Refused

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
HOME, WORK = "198.51.100.9", "2001:db8::7"
SHOP, BLOG = (7, 3), (7, 4)
# Salts run out by the clock of the server, so these tests live tomorrow.
TODAY = datetime.now(UTC).replace(hour=12, minute=30, second=0, microsecond=0) + timedelta(days=1)


def run(work: Callable[..., Coroutine[Any, Any, None]], collectors: int = 1) -> None:
    """`work`, with so many collectors' parts."""

    async def all_of_it() -> None:
        some = [Anonymous() for _ in range(collectors)]
        try:
            await work(*some)
        finally:
            for who in some:
                await who.close()

    asyncio.run(all_of_it())


def packets(*owners: tuple[int, int]) -> Admitted:
    """A batch without ids, as it was taken for these properties."""
    made = {prop: stream.Packet(b"", b"", ms(NOW), [stream.StreamEvent("x", ms(NOW))]) for _, prop in owners}
    return Admitted(owners[0][0], made, taken=len(owners))


async def named(
    who: Anonymous, address: str = HOME, agent: str = AGENT, at: datetime = TODAY, owner: tuple[int, int] = SHOP
) -> bytes:
    some = packets(owner)
    await who.name(some, address, agent, ms(at))
    return some.packets[owner[1]].visitor_id


def test_one_is_the_same_in_every_collector_all_day(empty_servers: None) -> None:
    async def work(one: Anonymous, other: Anonymous) -> None:
        midnight = TODAY.replace(hour=0, minute=0)
        found = {await named(who, at=midnight + timedelta(hours=h)) for who in (one, other) for h in (0, 9, 23)}
        assert len(found) == 1

    run(work, 2)


def test_anything_else_makes_another(empty_servers: None) -> None:
    async def work(who: Anonymous) -> None:
        found = [
            await named(who),
            await named(who, address=WORK),
            await named(who, agent="another browser"),
            await named(who, owner=BLOG),
            await named(who, owner=(8, 3)),
            await named(who, at=TODAY + timedelta(days=1)),
        ]
        assert len(set(found)) == len(found)

    run(work)


def test_each_property_of_a_batch_has_ids_of_its_own_in_the_form_of_random_ones(empty_servers: None) -> None:
    async def work(who: Anonymous) -> None:
        some = packets(SHOP, BLOG)
        await who.name(some, HOME, AGENT, ms(TODAY))
        made = [id for packet in some.packets.values() for id in (packet.visitor_id, packet.session_id)]
        assert len(set(made)) == 4
        assert {uuid.UUID(bytes=id).version for id in made} == {4}

    run(work)


def test_collectors_that_begin_a_day_together_share_its_salt(empty_servers: None) -> None:
    async def work(*some: Anonymous) -> None:
        assert len(set(await asyncio.gather(*(named(who) for who in some)))) == 1

    run(work, 8)


def test_the_salt_is_gone_an_hour_after_the_day_and_nothing_tells_it(
    empty_servers: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(who: Anonymous) -> None:
        await named(who)
        [key] = raw().keys("*salt*")
        assert key.decode().endswith(f"::salt::{TODAY:%Y-%m-%d}")
        end = TODAY.replace(hour=0, minute=0) + timedelta(days=1, hours=1)
        assert raw().execute_command("EXPIRETIME", key) == int(end.timestamp())
        salt = raw().get(key)
        assert len(salt) == SALT_BYTES
        assert salt.hex() not in caplog.text
        assert repr(salt) not in caplog.text
        assert HOME not in caplog.text
        await named(who, at=TODAY + timedelta(days=1))
        assert list(who._salts) == [SHOP]
        assert salt not in who._salts.values()

    run(work)


def test_without_the_salt_nobody_can_make_the_ids_again() -> None:
    assert ids(b"a" * SALT_BYTES, SHOP, HOME, AGENT) != ids(b"b" * SALT_BYTES, SHOP, HOME, AGENT)
    assert ids(b"a" * SALT_BYTES, (7, 31), HOME, AGENT) != ids(b"a" * SALT_BYTES, (73, 1), HOME, AGENT)


def test_where_nothing_tells_them_they_are_refused(empty_servers: None) -> None:
    async def work(who: Anonymous) -> None:
        with pytest.raises(Refused, match="address") as refused:
            await named(who, address="")
        assert refused.value.reason == "no_address"
        known = await named(who)
        raw().lpush(Keys(*BLOG).salt(f"{TODAY:%Y-%m-%d}"), b"no string")
        with pytest.raises(Unavailable):
            await named(who, owner=BLOG)
        assert await named(who) == known

    run(work)


def test_their_events_reach_the_bitmaps_and_say_nothing_of_a_person(prop: Property) -> None:
    def taken(name: str) -> Admitted:
        event = {"name": name, "at": ms(NOW), "url": "https://shop.example/", "user": "anna", "data": {"plan": "pro"}}
        sent = {"account": prop.account_id, "events": [{**event, "signed_up": ms(NOW - timedelta(days=90))}]}
        return admitted(prop, wire.decode(json.dumps(sent).encode()))

    async def work(who: Anonymous) -> None:
        for address, one in some:
            await who.name(one, address, AGENT, ms(TODAY))

    some = [(HOME, taken("pageview")), (WORK, taken("pageview")), (HOME, taken("signup"))]
    run(work)
    for _, one in some:
        append(prop, one)
    drain(prop)
    everyone, sign_ups = Address("everyone", "2026-11-24"), Address("evt:signup", "2026-11-24")
    bitmaps = load(prop, [everyone, sign_ups])
    assert (list(bitmaps[everyone]), list(bitmaps[sign_ups])) == ([0, 1], [0])
    assert not raw().hgetall(keys(prop).people(people.person_id("anna")))
    assert {row.user for row in read_all(store(), prop)} == {""}
    client = raw()
    for key in client.keys("*"):
        assert client.type(key) != b"string" or HOME.encode() not in client.get(key)
