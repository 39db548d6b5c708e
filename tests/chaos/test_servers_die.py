"""Everything dies while 200,000 events come: the worker, the data server, the web server; and the broker is emptied.

The senders do as trackr.js does: they number their events, and send again what was not answered with 202.
"""

import json
import os
import signal
import threading
import time
import urllib.error
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from redis import Redis
from redis.exceptions import RedisError

from properties.models import LayoutName, Property
from tests.stack import Stack, wait_for
from tracking.archive import listing, reader, schema
from tracking.archive.store import store_at
from tracking.archive.writer import archive
from tracking.bitmaps.layouts import Request, Shelf
from tracking.keys import Keys
from tracking.shelves import LAYOUTS

VISITORS = 400
PACKETS_OF_EACH = 4
EVENTS_OF_PACKET = 125
TOTAL = VISITORS * PACKETS_OF_EACH * EVENTS_OF_PACKET
ORDER_EVERY = 10
CENTS = 101
SENDERS = 4
PATIENCE_SECONDS = 90


@dataclass
class Sending:
    """All senders together. `taken`: packets that were answered with 202. `again`: attempts that were not."""

    stack: Stack
    account: dict[str, Any]
    began: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    taken: int = 0
    again: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def visitor(self, number: int) -> None:
        """All packets of a visitor, one after the other."""
        for packet in range(PACKETS_OF_EACH):
            body = json.dumps(self._packet(number, packet)).encode()
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not self._send(body):
                assert time.monotonic() < deadline, "nobody takes the events"
                with self.lock:
                    self.again += 1
                time.sleep(0.25)
            with self.lock:
                self.taken += 1

    def _packet(self, number: int, packet: int) -> dict[str, object]:
        places = range(packet * EVENTS_OF_PACKET, (packet + 1) * EVENTS_OF_PACKET)
        name = f"visitor {number} of {self.account['property_id']}"
        return {
            "account": self.account["account_id"],
            "visitor": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
            "session": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"session of {name}")),
            "queue": f"queue {number}",
            "events": [self._event(number, place) for place in places],
        }

    def _event(self, number: int, place: int) -> dict[str, object]:
        is_order = place % ORDER_EVERY == 0
        return {
            "name": "order" if is_order else "pageview",
            "n": place,
            "at": self.began - place * 1000,
            "url": "https://chaos.example/",
            "title": f"{number} {place}",
            "attributes": {"value": CENTS / 100, "currency": "EUR"} if is_order else {},
        }

    def _send(self, body: bytes) -> bool:
        try:
            return self.stack.send(f"/track/it?account={self.account['account_id']}", body).status == 202
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path, environment={"AKTIVAT_RATE_PER_ADDRESS": "0"})
    stack.start("--no-demo")
    yield stack
    stack.stop()


def kill(stack: Stack, part: str) -> None:
    """End all processes of a part without warning; the supervisor starts it again."""
    wait_for(lambda: stack.pid(part) != 0, 60)
    os.killpg(os.getpgid(stack.pid(part)), signal.SIGKILL)


def empty_broker(stack: Stack) -> None:
    address = json.loads((stack.folder / "run" / "servers.json").read_text())["broker"]
    with Redis.from_url(address) as client:
        client.flushall()


def disasters(stack: Stack) -> list[Callable[[], None]]:
    return [
        lambda: kill(stack, "worker"),
        lambda: kill(stack, "cluster"),
        lambda: kill(stack, "web"),
        lambda: kill(stack, "slow_worker"),
        lambda: kill(stack, "worker"),
        lambda: empty_broker(stack),
    ]


@pytest.mark.slow
def test_200_000_events_are_200_000(running: Stack, layout: LayoutName) -> None:
    account = running.create_account(f"chaos-{layout}@chaos.example", "chaos.example", layout=layout)
    sending = Sending(running, account)
    packets = VISITORS * PACKETS_OF_EACH
    with ThreadPoolExecutor(SENDERS) as senders:
        sent = [senders.submit(sending.visitor, number) for number in range(VISITORS)]
        strikes = disasters(running)
        for number, strike in enumerate(strikes, 1):
            wait_for(lambda number=number: sending.taken >= number * packets // (len(strikes) + 1), 90)  # type: ignore[misc]
            strike()
        for one in sent:
            one.result()
    assert sending.again > 0, "the senders have noticed something"
    property_id = account["property_id"]
    prop = Property(id=property_id, account_id=account["account_id"], layout=layout, time_zone="UTC")
    keys = Keys(prop.account_id, prop.id)

    def waiting() -> int:
        """Entries on their way; -1 while nobody knows."""
        try:
            return int(running.data.xlen(keys.ingest))
        except RedisError:
            return -1

    wait_for(lambda: waiting() == 0, 150, lambda: f"{waiting()} entries wait")
    check_numbers(running, sending, prop, keys)
    check_archive(running, prop, keys)


def client_of(stack: Stack, keys: Keys) -> Any:
    return stack.data.get_redis_connection(stack.data.get_node_from_key(keys.progress))


def check_numbers(stack: Stack, sending: Sending, prop: Property, keys: Keys) -> None:
    """Events, orders, money, sessions and visitors, of all years that the events are in."""
    assert int(stack.data.hget(keys.progress, "events")) == TOTAL
    assert int(stack.data.hget(keys.progress, "visitors")) == VISITORS
    shelf = Shelf(client_of(stack, keys), keys, ZoneInfo("UTC"))
    first, last = (datetime.fromtimestamp(sending.began / 1000 - back, UTC).year for back in (3600, 0))
    metrics = ("events", "sessions", "money:EUR")
    asked = [(metric, str(year)) for metric in metrics for year in range(first, last + 1)]
    found = LAYOUTS[prop.layout].load(shelf, Request(totals=asked)).totals

    def total(metric: str, trait: str) -> int:
        return sum(by_trait.get(trait, 0) for (of, _), by_trait in found.items() if of == metric)

    orders = TOTAL // ORDER_EVERY
    assert total("events", "everyone") == TOTAL
    assert total("events", "evt:pageview") + total("events", "evt:order") == TOTAL
    assert total("sessions", "everyone") == VISITORS
    assert total("money:EUR", "evt:order") == total("events", "evt:order") * CENTS == orders * CENTS


def check_archive(stack: Stack, prop: Property, keys: Keys) -> None:
    """Every event that was sent is a row in a file, once. What is too little for a file yet is archived here."""
    store, today, client = store_at(str(stack.folder / "archive")), datetime.now(UTC).date(), client_of(stack, keys)

    def all_archived() -> bool:
        archive(client, prop, store)
        return bool(client.xlen(keys.archive) == 0)

    wait_for(all_archived, 150)  # a hold of the dead runs out first
    view = listing.look(client, keys, store, prop)
    days = (today - timedelta(days=2), today + timedelta(days=1))
    tables = list(reader.scan(store, prop, *days, ["title"], view=view))
    titles = [title for table in tables for title in schema.joined([table]).column("title").to_pylist()]
    assert len(titles) == TOTAL
    assert set(titles) == {
        f"{visitor} {place}" for visitor in range(VISITORS) for place in range(PACKETS_OF_EACH * EVENTS_OF_PACKET)
    }
