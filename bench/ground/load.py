"""A load generator that costs little beside what it loads: raw sockets, keep-alive, pipelining.

    python -m bench.ground.load PORT SECONDS CONNECTIONS DEPTH FILE

FILE holds requests, each with its length before it (4 bytes, little-endian). Each connection keeps DEPTH
of them on their way and counts status lines in what comes back; nothing of an answer is parsed beyond
that. Prints one JSON object: answers by status and the seconds they took, the warm-up left out; the share
of its time that the generator worked; and all answers, with those of the warm-up.

It runs in a process of its own, so that it can be bound to a core of its own.
"""

import asyncio
import json
import re
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

LENGTH = struct.Struct("<I")
WARM_UP_SECONDS = 1.0
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_LONGEST_STATUS = len(b"HTTP/1.1 202")


class Connection(asyncio.Protocol):
    """Sends what `requests` gives, `depth` at a time from the moment it is connected; with 0 when it is told to."""

    def __init__(self, requests: Iterator[bytes], depth: int, answers: "Counter[int]") -> None:
        self._requests = requests
        self._depth = depth
        self._answers = answers
        self._rest = b""
        self._sending = depth > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.send(self._depth)

    def data_received(self, data: bytes) -> None:
        whole = self._rest + data
        found = 0
        end = 0
        for match in _STATUS.finditer(whole):
            self._answers[int(match[1])] += 1
            found += 1
            end = match.end()
        # A status line may be cut in two; what was counted is not kept.
        self._rest = whole[max(end, len(whole) - _LONGEST_STATUS + 1) :]
        if self._sending and found:
            self.send(found)

    def send(self, count: int) -> None:
        """The next so many requests, or those that are left."""
        self._transport.write(b"".join(islice(self._requests, count)))

    def stop(self) -> None:
        self._sending = False

    def close(self) -> None:
        self._transport.close()


def post(path: str, body: bytes, user_agent: str, **headers: str) -> bytes:
    """A POST as a browser's beacon sends it."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: shop.example",
        f"User-Agent: {user_agent}",
        "Content-Type: text/plain;charset=UTF-8",
        "Origin: https://shop.example",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def write(path: Path, requests: list[bytes]) -> None:
    path.write_bytes(b"".join(LENGTH.pack(len(request)) + request for request in requests))


def read(path: Path) -> list[bytes]:
    raw, at, found = path.read_bytes(), 0, []
    while at < len(raw):
        (length,) = LENGTH.unpack_from(raw, at)
        at += LENGTH.size
        found.append(raw[at : at + length])
        at += length
    return found


async def connected(port: int, connection: Connection) -> Connection:
    await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", port)
    return connection


async def load(port: int, seconds: float, connections: int, depth: int, requests: list[bytes]) -> dict[str, float]:
    """Answers by status during `seconds`, after the warm-up."""
    answers: Counter[int] = Counter()
    some = []
    for number in range(connections):
        start = number * len(requests) // connections
        mine = cycle(requests[start:] + requests[:start])
        some.append(await connected(port, Connection(mine, depth, answers)))
    await asyncio.sleep(WARM_UP_SECONDS)
    before = answers.total()
    answers.clear()
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    took, busy = time.perf_counter() - began, time.process_time() - used
    counted = {str(status): float(number) for status, number in answers.items()}
    for connection in some:
        connection.stop()
    await asyncio.sleep(0.2)  # what is on its way is answered
    for connection in some:
        connection.close()
    in_all = float(before + answers.total())
    return {**counted, "seconds": took, "own_load": busy / took, "in_all": in_all}


def main() -> None:
    port, seconds, connections, depth, path = sys.argv[1:]
    print(json.dumps(asyncio.run(load(int(port), float(seconds), int(connections), int(depth), read(Path(path))))))


if __name__ == "__main__":
    main()
