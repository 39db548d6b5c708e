"""What the tests of this folder begin with, and all that must be the same at their end."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

from cluster.connections import data
from properties.models import Property
from tests.pipeline import NOW, admitted, append, batch, drain, ms, raw
from tests.tracking.archive.material import keys, read_all
from tracking import stream, wire
from tracking.archive.store import store
from tracking.bitmaps.layouts.cache import cache
from tracking.drain import Drain
from tracking.shelves import layout_of, shelf_of

SHOP = "https://shop.example"
EVENTS = 15  # that count, of `before` and `arrives` together
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"

HOUR_SECONDS = 3600
# What says when something happened, or who is at it, and not what there is.
NOT_COMPARED = ("lease", "archived", "archived_lease", "generation", "changed", "archive", "tidied")


def happened(name: str, minutes_ago: int, path: str = "/", n: int | None = None, **more: object) -> dict[str, object]:
    """An event as a tracker sends it."""
    return {"name": name, "at": ms(NOW - timedelta(minutes=minutes_ago)), "url": SHOP + path, "n": n, **more}


def bought(order: str, minutes_ago: int) -> dict[str, object]:
    items = [{"item_id": "cup", "price": 12.5, "quantity": 2}, {"item_id": "map", "price": 3, "quantity": 1}]
    said = {"value": 28, "currency": "EUR", "transaction_id": order}
    return happened("purchase", minutes_ago, items=items, attributes=said)


def send(prop: Property, visitor: str, events: Sequence[Mapping[str, object]], queue: str = "") -> None:
    """One packet into the stream."""
    append(prop, admitted(prop, _batch(prop, visitor, events, queue)))


def _batch(prop: Property, visitor: str, events: Sequence[Mapping[str, object]], queue: str) -> wire.Batch:
    some = batch(prop, visitor, events)
    some.queue = queue
    return some


def before(prop: Property) -> None:
    """What is known when the scene begins: drained, and not folded yet in the packed layout."""
    order = {"value": 12.5, "currency": "EUR"}
    send(prop, "a", [happened("pageview", 2900, "/x", 0), happened("order", 2898, n=1, attributes=order)], "q")
    send(prop, "b", [happened("pageview", 12, "/y?utm_source=news", user="anna")])
    send(prop, "a", [happened("pageview", 12, "/y", 2), bought("T-1", 11)], "q")
    drain(prop)


def arrives(prop: Property) -> None:
    """What waits in the stream: somebody new, somebody known, late, again, logged in; a robot; and rubbish.

    Also orders that come again, what a browser tells after the visit, and somebody who signed up long ago.
    """
    order = {"value": 99.99, "currency": "EUR"}
    send(prop, "c", [happened("pageview", 12, "/z", attributes={"load_ms": 812, "visible_ms": 900})])
    send(prop, "a", [happened("pageview", 12, "/y", 2), happened("pageview", 10, "/z", 3)], "q")
    raw().xadd(keys(prop).ingest, {stream.FIELD: b"\xc1 not msgpack"})
    send(prop, "a", [happened("pageview", 2895, "/late", 4)], "q")
    robot = admitted(prop, _batch(prop, "robot", [happened("pageview", 12)], ""))
    robot.packets[prop.id].user_agent = BOT
    append(prop, robot)
    send(prop, "d", [happened("signup", 10, user="anna", data={"plan": "pro"}), bought("T-1", 10)])
    send(prop, "c", [bought("T-2", 11), bought("T-2", 11), happened("engagement", 1, attributes={"visible_ms": 70})])
    send(prop, "d", [happened("login", 9, user="ben", signed_up=ms(NOW - timedelta(days=400)))])
    send(prop, "e", [happened("login", 9, user="ben", signed_up=ms(NOW - timedelta(days=500)))])
    send(prop, "b", [happened("order", 10, attributes=order, user="anna"), happened("pageview", 9, "/?utm_source=ads")])


def snapshot(prop: Property) -> dict[str, Any]:
    """Every key of the property by its value; and every row, archived or not.

    Without what says when, and what runs out within the hour, as leases do.
    """
    client = shelf_of(prop).client
    found = {key.removeprefix(keys(prop).prefix): key for key in shelf_of(prop).keys.scan(client, "")}
    compared = {name: key for name, key in found.items() if name not in NOT_COMPARED}
    values = _values(client, compared)
    return {"rows": read_all(store(), prop), "rows to be archived": client.xlen(keys(prop).archive), **values}


READERS = {b"hash": "HGETALL", b"set": "SMEMBERS", b"string": "GET"}


def _values(client: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """name -> the value of its key."""
    pipe = client.pipeline(transaction=False)
    for key in names.values():
        pipe.type(key)
        pipe.ttl(key)
    replies = pipe.execute()
    kinds = {
        name: kind
        for name, kind, seconds in zip(names, replies[::2], replies[1::2], strict=True)
        if not 0 <= seconds <= HOUR_SECONDS
    }
    for name, kind in kinds.items():
        match kind:
            case b"list":
                pipe.lrange(names[name], 0, -1)
            case b"stream":
                pipe.xrange(names[name])
            case _:
                pipe.execute_command(READERS[kind], names[name])
    # The id of a stream entry is the time at which it was written.
    return {
        name: [fields for _, fields in reply] if kinds[name] == b"stream" else reply
        for name, reply in zip(kinds, pipe.execute(), strict=True)
    }


@dataclass(frozen=True)
class Saved:
    """Everything on the data server and in the archive at one moment."""

    client: Any
    keys: dict[bytes, bytes]
    archive: Path
    copy: Path

    @staticmethod
    def now(prop: Property, folder: Path) -> "Saved":
        """`folder`: where the copy of the archive goes."""
        client = shelf_of(prop).client
        names = client.keys("*")
        pipe = client.pipeline(transaction=False)
        for name in names:
            pipe.dump(name)
        root = Path(store().root)
        root.mkdir(exist_ok=True)
        shutil.copytree(root, folder)
        return Saved(client, dict(zip(names, pipe.execute(), strict=True)), root, folder)

    def restore(self) -> None:
        """Everything as it was, and nothing kept in memory."""
        pipe = self.client.pipeline(transaction=False)
        pipe.flushall()
        for name, dumped in self.keys.items():
            pipe.restore(name, 0, dumped)
        pipe.execute()
        shutil.rmtree(self.archive)
        shutil.copytree(self.copy, self.archive)
        cache.clear()


def archive_emptied() -> None:
    """As on the first day."""
    shutil.rmtree(store().root, ignore_errors=True)


def small_batches(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    """Drain about so many events at a time."""
    monkeypatch.setattr(Drain, "batch", partialmethod(Drain.batch, most=events))


def leases_run_out(prop: Property) -> None:
    """What happens some time after the death of who held them."""
    data().delete(keys(prop).lease, f"{keys(prop).archived}_lease")


def sealed(prop: Property) -> None:
    """Fold what waits."""
    layout_of(prop).seal(shelf_of(prop))
