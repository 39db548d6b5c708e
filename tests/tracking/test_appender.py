"""Appending when the shard is away or its answers are lost: every acknowledged event is in the stream, once."""

import asyncio
import os
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from cluster.connections import data_client
from cluster.embedded import EmbeddedServer, free_port
from tests.environment import DATA, FIRST_PORT, start, stop
from tests.proxy import CuttingProxy
from tracking import stream
from tracking.admission import Admitted
from tracking.appender import Appender, Backlog, Unavailable
from tracking.keys import Keys
from tracking.spill import Spill

SHOP, BLOG = (7, 3), (7, 4)
DAY = "2026-11-24"
PLENTY = 1_000_000
Wake = Callable[[int, int], None]


class Server:
    """A Valkey of the test's own, which it may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedServer(folder, free_port(FIRST_PORT), "test-password", cluster=True)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = start(self.server)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def events(self, owner: tuple[int, int]) -> list[str]:
        """The names of the events in the property's stream."""
        return events_at(self.server.url, owner)


def events_at(url: str, owner: tuple[int, int]) -> list[str]:
    client: Any = data_client(url)
    entries = client.xrange(Keys(*owner).ingest)
    client.close()
    return [event.name for _, found in entries for packet in stream.decode(found[b"e"]) for event in packet.events]


@pytest.fixture
def server(tmp_path: Path, settings: Settings) -> Iterator[Server]:
    server = Server(tmp_path / "valkey")
    server.start()
    settings.CLUSTER_URL = server.server.url
    yield server
    if server.process:
        stop(server.process)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def events(name: str, owner: tuple[int, int] = SHOP, number: int = 1) -> Admitted:
    admitted = Admitted(owner[0])
    some = [stream.StreamEvent(name, 1) for _ in range(number)]
    admitted.packets[owner[1]] = stream.Packet(b"v" * 16, b"s" * 16, 1, some)
    admitted.taken = number
    return admitted


@asynccontextmanager
async def appender(
    folder: Path, writer: str = "a", most_bytes: int = PLENTY, limit: int = PLENTY, wake: Wake = lambda *_: None
) -> AsyncIterator[Appender]:
    made = Appender(wake, writer, Spill(folder, writer, most_bytes), limit)
    yield made
    await made.close()


async def until(happened: Callable[[], bool], seconds: float = 30) -> None:
    for _ in range(int(seconds * 50)):
        if happened():
            return
        await asyncio.sleep(0.02)
    pytest.fail("It did not happen in time.")


def test_while_the_shard_is_away_events_wait_on_the_disk(server: Server, tmp_path: Path) -> None:
    async def work() -> None:
        woken: Counter[int] = Counter()

        async with appender(tmp_path / "spill", wake=lambda _, prop: woken.update([prop])) as made:
            await made.append(events("before"), DAY)
            server.kill()
            for number in range(20):
                await made.append(events(f"away {number}"), DAY)
            assert made.spill.events == 20
            woken.clear()
            server.start()
            await until(lambda: not made.spill.segments)
            await made.append(events("after"), DAY)
            assert made.spill.segments == []
            assert woken[SHOP[1]] >= 2
        assert server.events(SHOP) == ["before", *(f"away {number}" for number in range(20)), "after"]
        assert os.listdir(tmp_path / "spill") == []

    run(work())


def test_counts_of_what_was_not_taken_wait_in_memory(server: Server, tmp_path: Path) -> None:
    async def work() -> None:
        refused = Admitted(SHOP[0])
        refused.drops[(SHOP[1], "too_old")] = 3
        async with appender(tmp_path / "spill") as made:
            server.kill()
            await made.append(refused, DAY)
            server.start()
            await made.append(events("x"), DAY)
            await until(lambda: not made.spill.segments)
            await made.append(events("y"), DAY)
        client: Any = data_client(server.server.url)
        assert client.hgetall(Keys(*SHOP).drops(DAY)) == {b"too_old": b"3"}
        client.close()

    run(work())


def test_without_room_the_sender_keeps_the_events(server: Server, tmp_path: Path) -> None:
    async def work() -> None:
        async with appender(tmp_path / "spill", most_bytes=0) as made:
            server.kill()
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await made.append(events("away"), DAY)
            server.start()
            await made.append(events("after"), DAY)
        assert server.events(SHOP) == ["after"]

    run(work())


def test_what_a_process_left_is_replayed_by_the_next(server: Server, tmp_path: Path) -> None:
    async def work() -> None:
        async with appender(tmp_path / "spill", "first") as made:
            await made.append(events("before"), DAY)
            server.kill()
            await made.append(events("left"), DAY)
        assert len(os.listdir(tmp_path / "spill")) == 1
        server.start()
        async with appender(tmp_path / "spill", "second") as made:
            await made.append(events("new"), DAY)
            await until(lambda: not os.listdir(tmp_path / "spill"))
        assert sorted(server.events(SHOP)) == ["before", "left", "new"]

    run(work())


def test_a_property_that_refuses_holds_up_no_other(server: Server, tmp_path: Path) -> None:
    async def work() -> None:
        client: Any = data_client(server.server.url)
        async with appender(tmp_path / "spill") as made:
            await made.append(events("before"), DAY)
            server.kill()
            await made.append(events("waits", BLOG), DAY)
            await made.append(events("passes", SHOP), DAY)
            server.start()
            client.close()
            client = data_client(server.server.url)
            client.set(Keys(*BLOG).ingest, "no stream")
            await until(lambda: server.events(SHOP) == ["before", "passes"])
            await until(lambda: not made.spill.owes(SHOP))
            assert made.spill.owes(BLOG)
            await made.append(events("direct", SHOP), DAY)
            assert server.events(SHOP)[-1] == "direct"
            client.delete(Keys(*BLOG).ingest)
            await until(lambda: not made.spill.segments)
        assert server.events(BLOG) == ["waits"]
        client.close()

    run(work())


def test_a_stream_that_is_too_long_is_refused_until_it_is_shorter(server: Server, tmp_path: Path) -> None:
    async def work() -> None:
        client: Any = data_client(server.server.url)
        async with appender(tmp_path / "spill", limit=1_200) as made:
            for _ in range(3):
                await made.append(events("x", number=500), DAY)
            with pytest.raises(Backlog):
                await made.append(events("y"), DAY)
            await made.append(events("other", BLOG), DAY)
            client.xtrim(Keys(*SHOP).ingest, maxlen=1, approximate=False)

            async def taken() -> bool:
                try:
                    await made.append(events("y"), DAY)
                except Backlog:
                    return False
                return True

            for _ in range(100):
                if await taken():
                    break
                await asyncio.sleep(0.05)
        assert server.events(SHOP) == ["x"] * 500 + ["y"]
        client.close()

    run(work())


@pytest.fixture
def cut_appends(empty_servers: None, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[CuttingProxy]:
    """Every second append that passes loses its reply; the server tells clients to connect here."""
    monkeypatch.setattr("tests.proxy.EXEC", b"\r\n$4\r\nEVAL\r\n")
    proxy = CuttingProxy(DATA.port, cuts=lambda number: number % 2 == 0)
    client: Any = data_client(DATA.url)
    client.config_set("cluster-announce-port", proxy.port)
    yield proxy
    client.config_set("cluster-announce-port", 0)
    client.close()
    proxy.close()


def test_lost_answers_neither_lose_nor_double_an_event(
    cut_appends: CuttingProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracking.replay.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("tracking.replay.LONGEST_PAUSE_SECONDS", 0.01)
    senders, each = 20, 25

    async def work() -> None:
        async def send(made: Appender, sender: int) -> None:
            for number in range(each):
                await made.append(events(f"{sender} {number}", SHOP if sender % 2 else BLOG), DAY)
                await asyncio.sleep(0.04)

        async with appender(tmp_path / "spill") as made:
            await asyncio.gather(*(send(made, sender) for sender in range(senders)))
            cut_appends.cuts = lambda _: False
            await until(lambda: not made.spill.segments)

    run(work())
    assert cut_appends.cut >= 10, "the proxy has cut what this test is about"
    found = Counter(events_at(DATA.url, SHOP) + events_at(DATA.url, BLOG))
    assert found == Counter(f"{sender} {number}" for sender in range(senders) for number in range(each))
