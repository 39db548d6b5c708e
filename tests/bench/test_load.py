"""The load generator counts what a server answers, wherever the network cuts the answers."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import cycle
from pathlib import Path

import pytest

from bench.ground.load import Connection, load, post, read, write
from bench.ground.paced import once

ANSWERS = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\nHTTP/1.1 503 Busy\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n"


class Sink(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        self.written.append(bytes(data))


@pytest.mark.parametrize("size", [1, 7, 12, 13, 1000])
def test_answers_are_counted_once_however_they_are_cut(size: int) -> None:
    answers: Counter[int] = Counter()
    connection, sink = Connection(cycle([b"a", b"b", b"c"]), 2, answers), Sink()
    connection.connection_made(sink)
    for start in range(0, len(ANSWERS), size):
        connection.data_received(ANSWERS[start : start + size])
    assert answers == {202: 2, 503: 1}
    assert b"".join(sink.written) == b"abcab"  # two at first, then one for each answer


def test_requests_survive_the_file(tmp_path: Path) -> None:
    some = [post("/track/it", b'{"a":1}', "Firefox"), post("/track/it", b"", "")]
    write(tmp_path / "requests", some)
    assert read(tmp_path / "requests") == some
    assert b"content-length: 7\r\n" in some[0].lower()


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def against(handle: Handle, ask: Callable[[int], Awaitable[dict[str, float]]]) -> dict[str, float]:
    """What `ask` finds at the port of a server that answers with `handle`."""
    handlers: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        await handle(reader, writer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        found = await ask(server.sockets[0].getsockname()[1])
        await asyncio.gather(*(handler for handler in handlers if handler))
        return found


def test_it_loads_a_server() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    found = asyncio.run(against(answer, lambda port: load(port, 0.2, 3, 1, [post("/", b"", "")])))
    assert found["204"] > 10
    assert found["in_all"] > found["204"]
    assert set(found) == {"204", "seconds", "own_load", "in_all"}


@pytest.mark.parametrize(("per_second", "depth"), [(200, 0), (0, 2)], ids=["paced", "as fast as answered"])
def test_each_request_is_sent_once_and_not_before_its_time(per_second: float, depth: int) -> None:
    taken: Counter[bytes] = Counter()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            taken[line] += 1
            writer.write(b"HTTP/1.1 202 Accepted\r\n\r\n")

    requests = [b"%d\n" % number for number in range(60)]
    found = asyncio.run(against(answer, lambda port: once(port, per_second, 4, depth, requests)))
    assert taken == Counter(requests)
    assert found["202"] == 60
    assert not per_second or 59 / per_second <= found["seconds"] < 10
