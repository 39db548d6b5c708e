"""Request bodies: read within limits, each and all of them together.

What a body takes is counted from its first byte until its request is answered, so the sum bounds what requests hold
in memory: the decoded events are a few times their JSON.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from tracking.wire import MAX_BODY_BYTES, Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

BODY_SECONDS = 20
MOST_BYTES = 64 << 20


class Bodies:
    """The bodies of one process. `most_bytes`: what all of them may hold at one time."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.size = 0
        self._most_bytes = most_bytes

    @asynccontextmanager
    async def read(self, declared: str, receive: Receive) -> AsyncIterator[bytes]:
        """The body, counted until the block ends. `declared`: the header Content-Length.

        Raises Refused when it is too large, too slow to arrive, or too much together with all others (503).
        """
        if declared.isascii() and declared.isdigit() and int(declared[:16]) > MAX_BODY_BYTES:
            raise _too_large()
        body = bytearray()
        try:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    await self._read(receive, body)
            except TimeoutError:
                raise Refused("too_slow", f"The body did not arrive within {BODY_SECONDS} seconds.", 408) from None
            yield bytes(body)
        finally:
            self.size -= len(body)

    async def _read(self, receive: Receive, body: bytearray) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused("too_slow", "The connection was closed in the middle of the body.", 400)
            part = message.get("body", b"")
            body += part
            self.size += len(part)
            if len(body) > MAX_BODY_BYTES:
                raise _too_large()
            if self.size > self._most_bytes:
                raise Refused("busy", "Too many requests at this moment; send them again.", 503)
            more = message.get("more_body", False)


def _too_large() -> Refused:
    return Refused("too_large", f"The body is larger than {MAX_BODY_BYTES} bytes.", 413)
