"""Request bodies: read within limits, each and all of them together.

What a body takes is counted from its first byte until its request is answered, so the sum bounds what requests hold
in memory: the decoded events are a few times their JSON.

Nearly every body is there at once, so none gets a timer of its own: `run` looks once a second which are late.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tracking.wire import MAX_BODY_BYTES, Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

BODY_SECONDS = 20.0
LOOK_SECONDS = 1.0
MOST_BYTES = 64 << 20


class Bodies:
    """The bodies of one process. `most_bytes`: what all of them may hold at one time."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.size = 0
        self._most_bytes = most_bytes
        self._arriving: dict[asyncio.Task[Any], float] = {}  # who reads one -> since when; the longest first

    async def run(self) -> None:
        """Give up the bodies that take too long, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            began_before = time.monotonic() - BODY_SECONDS
            for task in [task for task, began in self._arriving.items() if began < began_before]:
                del self._arriving[task]  # says to `read` why it is cancelled
                task.cancel()

    async def read(self, declared: bytes, receive: Receive, most: int = MAX_BODY_BYTES) -> bytearray:
        """The body, which counts until it is given to `release`. `declared`: the header Content-Length. `most`: bytes.

        Raises Refused when it is too large, too slow to arrive, or too much together with all others (503).
        """
        if declared.isdigit() and int(declared[:16]) > most:
            raise _too_large(most)
        task = asyncio.current_task()
        assert task is not None
        self._arriving[task] = time.monotonic()
        try:
            return await self._read(receive, most)
        except asyncio.CancelledError:
            if task in self._arriving or task.uncancel():  # somebody else ends the task
                raise
            raise Refused("too_slow", f"The body did not arrive within {BODY_SECONDS:g} seconds.", 408) from None
        finally:
            self._arriving.pop(task, None)

    def release(self, body: bytearray) -> None:
        self.size -= len(body)

    async def _read(self, receive: Receive, most: int) -> bytearray:
        body = bytearray()
        more = True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused("too_slow", "The connection was closed in the middle of the body.", 400)
                part = message.get("body", b"")
                body += part
                self.size += len(part)
                if len(body) > most:
                    raise _too_large(most)
                if self.size > self._most_bytes:
                    raise Refused("busy", "Too many requests at this moment; send them again.", 503)
                more = message.get("more_body", False)
        except BaseException:
            self.release(body)
            raise
        return body


def _too_large(most: int) -> Refused:
    return Refused("too_large", f"The body is larger than {most} bytes.", 413)
