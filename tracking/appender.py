"""From requests to the streams: many requests to one round trip, durable before any is answered.

    request ─┐
    request ─┼─► waiting ──► one pipeline: XADD per property + counted drops ──► every request answered
    request ─┘      ▲                                              │
                    └── what arrives meanwhile is the next pipeline ┘

The server's AOF decides what durable means (`appendfsync always`: on disk before the reply). When
the answer is lost nobody knows whether the entry was written; the request is answered 503.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from cluster.connections import data_async
from tracking import stream
from tracking.admission import Admitted
from tracking.drops import KEPT_SECONDS, UNKNOWN_HOSTS_A_DAY
from tracking.keys import NO_PROPERTY, Keys
from tracking.wire import MAX_EVENTS

log = logging.getLogger(__name__)

# Above this many events in memory new ones are refused (503), so that memory stays bounded.
MOST_WAITING = 50_000


class Unavailable(Exception):
    """The events could not be made durable; the sender keeps them."""


Owner = tuple[int, int]  # (account, property)


@dataclass
class _Waiting:
    admitted: Admitted
    day: str
    done: "asyncio.Future[None]"

    def owners(self) -> list[Owner]:
        return [(self.admitted.account_id, property_id) for property_id in self.admitted.packets]


class Appender:
    """Appends what requests bring. `wake(account_id, property_id)` is called for what was written."""

    def __init__(self, wake: Callable[[int, int], None]) -> None:
        self._wake = wake
        self._waiting: list[_Waiting] = []
        self._events = 0
        self._closing = False
        self._work = asyncio.Event()
        self._client = data_async()
        self._loop_task = asyncio.create_task(self._run())

    async def append(self, admitted: Admitted, day: str) -> None:
        """Return when everything is durable. Raises Unavailable. `day` (UTC) files the drops."""
        if self._closing or self._events + admitted.taken > MOST_WAITING:
            raise Unavailable("Too many events are waiting, or this process is ending.")
        waiting = _Waiting(admitted, day, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._events += admitted.taken
        self._work.set()
        await waiting.done

    async def close(self) -> None:
        """Write what waits, then stop."""
        self._closing = True
        self._work.set()
        await self._loop_task
        await self._client.aclose()

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            await self._work.wait()
            self._work.clear()
            together, self._waiting = self._waiting, []
            try:
                await self._write(together)
            except (RedisError, OSError) as error:
                log.warning("events cannot be written: %s", error)
                _settle(together, Unavailable(str(error)))
            except Exception as error:  # a fault of ours must not leave requests hanging
                log.exception("events cannot be written")
                _settle(together, Unavailable(str(error)))
            finally:
                self._events -= sum(waiting.admitted.taken for waiting in together)

    async def _write(self, together: list[_Waiting]) -> None:
        """Write everything of `together`; each request is answered by what became of its own entries."""
        owners, commands = _commands(together)
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        replies = await pipe.execute(raise_on_error=False) if commands else []
        failed: dict[Owner, Exception] = {}
        for owner, command, reply in zip(owners, commands, replies, strict=True):
            if not isinstance(reply, Exception):
                continue
            log.warning("%s %s: %s", command[0], command[1], reply)
            if owner is not None:
                failed[owner] = reply
        for waiting in together:
            lost = [failed[owner] for owner in waiting.owners() if owner in failed]
            _settle([waiting], Unavailable(str(lost[0])) if lost else None)
        for owner in {owner for owner in owners if owner is not None} - failed.keys():
            self._wake(*owner)


def _settle(together: list[_Waiting], error: Unavailable | None = None) -> None:
    for waiting in together:
        if waiting.done.done():  # the request was given up
            continue
        if error is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)


def _commands(together: list[_Waiting]) -> tuple[list[Owner | None], list[tuple[Any, ...]]]:
    """The commands that write everything of `together`; beside each whose events it holds, None for counts."""
    packets: dict[Owner, list[stream.Packet]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for waiting in together:
        admitted = waiting.admitted
        for property_id, packet in admitted.packets.items():
            packets.setdefault((admitted.account_id, property_id), []).append(packet)
        for (property_id, reason), number in admitted.drops.items():
            counts[(Keys(admitted.account_id, property_id).drops(waiting.day), reason)] += number
        # The most frequent few: the list is for typing errors, not for a flood of invented hosts.
        for host, number in admitted.unknown_hosts.most_common(UNKNOWN_HOSTS_A_DAY):
            counts[(Keys(admitted.account_id, NO_PROPERTY).unknown_hosts(waiting.day), host)] += number
    owners: list[Owner | None] = []
    commands: list[tuple[Any, ...]] = []
    for owner, some in packets.items():
        for entry in _entries(some):
            owners.append(owner)
            commands.append(("XADD", Keys(*owner).ingest, "*", stream.FIELD, stream.encode(entry)))
    for (key, field), number in counts.items():
        owners += [None, None]
        commands += [("HINCRBY", key, field, number), ("EXPIRE", key, KEPT_SECONDS)]
    return owners, commands


def _entries(packets: list[stream.Packet]) -> Iterator[list[stream.Packet]]:
    """Packets in parts of about MAX_EVENTS events."""
    entry: list[stream.Packet] = []
    events = 0
    for packet in packets:
        if entry and events + len(packet.events) > MAX_EVENTS:
            yield entry
            entry, events = [], 0
        entry.append(packet)
        events += len(packet.events)
    yield entry
