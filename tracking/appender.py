"""From requests to the streams: many requests to one round trip, durable before any is answered.

    request ─┐
    request ─┼─► waiting ──► one pipeline a shard: once.append per property + counted drops ──► every request answered
    request ─┘      ▲                                  │ no answer
                    │                                  └──► spill: the same numbers, on this machine's disk ──► 202
                    └── what arrives meanwhile is the next pipeline

The server's AOF decides what durable means (`appendfsync always`: on disk before the reply). When the answer is
lost nobody knows whether the entries were written; the spill keeps them with the numbers of that attempt, and the
shard skips what it has (`once`). Without room in the spill the request is answered 503.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tracking import stream
from tracking.admission import Admitted
from tracking.drops import KEPT_SECONDS, UNKNOWN_HOSTS_A_DAY
from tracking.keys import NO_PROPERTY, Keys
from tracking.once import Entry, Owner, append
from tracking.replay import Replay
from tracking.sending import Sending, is_away
from tracking.spill import Frame, Spill, SpillFull
from tracking.wire import MAX_EVENTS

log = logging.getLogger(__name__)

# Above this many events in memory new ones are refused (503), so that memory stays bounded.
MOST_WAITING = 50_000
# While shards are away, so many (key, field) of counted drops are kept for later; the counts of others are lost.
MOST_COUNTS = 20_000
# How often a property whose stream is full is looked at again.
LOOK_AGAIN_SECONDS = 1.0


class Unavailable(Exception):
    """The events could not be made durable; the sender keeps them. `reason` goes into a header."""

    reason = "unavailable"


class Backlog(Unavailable):
    """More events wait in the property's stream than may."""

    reason = "backlog"


@dataclass(slots=True)
class _Waiting:
    admitted: Admitted
    day: str
    done: "asyncio.Future[None]"


@dataclass
class _Outcome:
    """What became of each property's entries, while a group is written."""

    failed: dict[Owner, Exception] = field(default_factory=dict)
    to_spill: dict[Owner, list[Entry]] = field(default_factory=dict)


class Appender:
    """Appends what requests bring. `wake(account_id, property_id)` is called for what was written.

    `spill` is closed with the appender. `most_in_stream`: events that may wait in the stream of one property.
    """

    def __init__(self, wake: Callable[[int, int], None], writer: str, spill: Spill, most_in_stream: int) -> None:
        self._wake = wake
        self._writer = writer
        self._most_in_stream = most_in_stream
        self._numbers = count(1)
        self._waiting: list[_Waiting] = []
        self._events = 0
        self._closing = False
        self._work = asyncio.Event()
        self._writing = asyncio.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._away: set[str] = set()  # shards that did not answer the last time
        self._full: dict[Owner, float] = {}  # streams with too many events -> when to look again (monotonic)
        self.spill = spill
        self._sending = Sending()
        self._replay = Replay(spill, self._sending, self._writing, self._replayed)
        self._replay_task = asyncio.create_task(self._replay.run())
        self._loop = asyncio.get_running_loop()
        self._loop_task = asyncio.create_task(self._run())

    @property
    def events_waiting(self) -> int:
        """Events in memory whose requests are not answered yet."""
        return self._events

    async def append(self, admitted: Admitted, day: str) -> None:
        """Return when everything is durable. Raises Unavailable. `day` (UTC) files the drops."""
        self._refuse_if_too_many(admitted.taken)
        for owner in _owners(admitted) if self._full else ():
            await self._refuse_if_full(owner)
        await self._put(admitted, day)

    async def append_together(self, some: Sequence[Admitted], day: str) -> None:
        """The same of several that came together: of one property all are written, or none."""
        self._refuse_if_too_many(sum(admitted.taken for admitted in some))
        for owner in {owner for admitted in some for owner in _owners(admitted)} if self._full else ():
            await self._refuse_if_full(owner)
        await asyncio.gather(*[self._put(admitted, day) for admitted in some])

    def _refuse_if_too_many(self, events: int) -> None:
        if self._closing or self._events + events > MOST_WAITING:
            raise Unavailable("Too many events are waiting, or this process is ending.")

    def _put(self, admitted: Admitted, day: str) -> "asyncio.Future[None]":
        """It joins the next group that is written; done when that is durable."""
        waiting = _Waiting(admitted, day, self._loop.create_future())
        self._waiting.append(waiting)
        self._events += admitted.taken
        self._work.set()
        return waiting.done

    async def close(self) -> None:
        """Write what waits, then stop. What is in the spill stays there for the next process."""
        self._closing = True
        self._work.set()
        await self._loop_task
        self._replay_task.cancel()
        with suppress(asyncio.CancelledError):
            await self._replay_task
        self.spill.close()
        await self._sending.close()

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            await self._work.wait()
            self._work.clear()
            async with self._writing:
                together, self._waiting = self._waiting, []
                try:
                    await self._write(together)
                except Exception as error:  # a fault of ours must not leave requests hanging
                    log.exception("events cannot be written")
                    _settle(together, Unavailable(str(error)))
                finally:
                    self._events -= sum(waiting.admitted.taken for waiting in together)

    async def _write(self, together: list[_Waiting]) -> None:
        """Write everything of `together`; each request is answered by what became of its own entries."""
        outcome = _Outcome()
        direct: dict[Owner, list[Entry]] = {}
        for owner, entries in self._entries(together).items():
            (outcome.to_spill if self._goes_to_spill(owner) else direct)[owner] = entries
        self._count(together)
        await self._send(direct, outcome)
        await self._spill(outcome)
        if not outcome.failed:
            _settle(together)
            return
        for waiting in together:
            lost = [outcome.failed[owner] for owner in _owners(waiting.admitted) if owner in outcome.failed]
            _settle([waiting], Unavailable(str(lost[0])) if lost else None)

    async def _send(self, direct: dict[Owner, list[Entry]], outcome: _Outcome) -> None:
        """To the shards: the entries and the counts. What a shard does not take is noted in `outcome`."""
        few = self._most_in_stream // MAX_EVENTS
        counts, self._counts = self._counts, Counter()
        commands = [
            (Keys(*owner).ingest, append(owner, self._writer, entries, few)) for owner, entries in direct.items()
        ]
        for (key, name), number in counts.items():
            commands += [(key, ("HINCRBY", key, name, number)), (key, ("EXPIRE", key, KEPT_SECONDS))]
        replies = await self._sending.send(commands)
        for (owner, entries), reply in zip(direct.items(), replies, strict=False):
            self._note(owner, entries, reply, outcome)
        for (place, number), reply in zip(counts.items(), replies[len(direct) :: 2], strict=True):
            if isinstance(reply, Exception) and is_away(reply) and len(self._counts) < MOST_COUNTS:
                self._counts[place] += number

    def _note(self, owner: Owner, entries: list[Entry], reply: Any, outcome: _Outcome) -> None:
        if not isinstance(reply, Exception):
            self._note_backlog(owner, reply)
            self._away.discard(self._shard_of(owner))
            self._wake(*owner)
        elif is_away(reply):
            log.warning("the shard of %s does not take events: %s", Keys(*owner).prefix, reply)
            self._away.add(self._shard_of(owner))
            outcome.to_spill[owner] = entries
        else:
            log.warning("%s: %s", Keys(*owner).ingest, reply)
            outcome.failed[owner] = reply

    async def _spill(self, outcome: _Outcome) -> None:
        """To the disk, what cannot go to its shard."""
        if not outcome.to_spill:
            return
        frames = [Frame.of(owner, entry) for owner, entries in outcome.to_spill.items() for entry in entries]
        try:
            await self.spill.append(frames)
            self._replay.wake()
        except (SpillFull, OSError) as error:
            log.warning("events cannot be kept on the disk: %s", error)
            outcome.failed |= dict.fromkeys(outcome.to_spill, error)
            if not self.spill.segments:  # else the replay does it
                await self._sending.look_again()

    def _goes_to_spill(self, owner: Owner) -> bool:
        """Whether events of this property have to wait behind others; or its shard is known to be away."""
        if not self.spill.segments:
            return False
        return self.spill.owes(owner) or self._shard_of(owner) in self._away

    def _replayed(self, owner: Owner) -> None:
        self._away.discard(self._shard_of(owner))
        self._wake(*owner)

    def _shard_of(self, owner: Owner) -> str:
        return self._sending.shard_of(Keys(*owner).ingest)

    async def _refuse_if_full(self, owner: Owner) -> None:
        """Raises Backlog while the property's stream holds too many events."""
        due = self._full.get(owner)
        if due is None:
            return
        if due <= time.monotonic():
            self._full[owner] = time.monotonic() + LOOK_AGAIN_SECONDS
            few = self._most_in_stream // MAX_EVENTS
            [reply] = await self._sending.send([(Keys(*owner).ingest, append(owner, self._writer, [], few))])
            if not isinstance(reply, Exception):
                self._note_backlog(owner, reply)
        if owner in self._full:
            raise Backlog(f"More than {self._most_in_stream} events wait to be counted.")

    def _note_backlog(self, owner: Owner, waiting: int) -> None:
        if waiting > self._most_in_stream:
            self._full[owner] = time.monotonic() + LOOK_AGAIN_SECONDS
        else:
            self._full.pop(owner, None)

    def _entries(self, together: Iterable[_Waiting]) -> dict[Owner, list[Entry]]:
        """What becomes entries of the streams, by property, each with the next number."""
        packets: dict[Owner, list[stream.Packet]] = {}
        for waiting in together:
            for property_id, packet in waiting.admitted.packets.items():
                packets.setdefault((waiting.admitted.account_id, property_id), []).append(packet)
        return {
            owner: [Entry(next(self._numbers), _events(part), stream.encode(part)) for part in _parts(some)]
            for owner, some in packets.items()
        }

    def _count(self, together: Iterable[_Waiting]) -> None:
        """Add what was not taken to what is to be counted."""
        for waiting in together:
            admitted = waiting.admitted
            if admitted.is_whole:
                continue
            for (property_id, reason), number in admitted.drops.items():
                self._counts[(Keys(admitted.account_id, property_id).drops(waiting.day), reason)] += number
            # The most frequent few: the list is for typing errors, not for a flood of invented hosts.
            for host, number in Counter(admitted.unknown_hosts).most_common(UNKNOWN_HOSTS_A_DAY):
                self._counts[(Keys(admitted.account_id, NO_PROPERTY).unknown_hosts(waiting.day), host)] += number


def _owners(admitted: Admitted) -> list[Owner]:
    return [(admitted.account_id, property_id) for property_id in admitted.packets]


def _settle(together: list[_Waiting], error: Unavailable | None = None) -> None:
    for waiting in together:
        if waiting.done.done():  # the request was given up
            continue
        if error is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)


def _events(packets: list[stream.Packet]) -> int:
    return sum(len(packet.events) for packet in packets)


def _parts(packets: list[stream.Packet]) -> Iterator[list[stream.Packet]]:
    """Packets in parts of about MAX_EVENTS events."""
    part: list[stream.Packet] = []
    events = 0
    for packet in packets:
        if part and events + len(packet.events) > MAX_EVENTS:
            yield part
            part, events = [], 0
        part.append(packet)
        events += len(packet.events)
    yield part
