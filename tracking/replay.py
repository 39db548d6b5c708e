"""What waits in the spill, into the streams: in order, until the shards have acknowledged all of it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from tracking.keys import Keys
from tracking.once import NEVER, Entry, Owner, append
from tracking.sending import Sending, is_away
from tracking.spill import Segment, Spill

log = logging.getLogger(__name__)

READ_BYTES = 1 << 20
# While less than this waits, the writer is held for the moment that it takes, so that the spill gets empty at last.
LAST_BYTES = 1 << 20
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
LOOK_FOR_ORPHANS_SECONDS = 30.0


class Replay:
    """`replayed(owner)` is called for each property that got something. `writing` is held by whoever appends."""

    def __init__(
        self, spill: Spill, sending: Sending, writing: asyncio.Lock, replayed: Callable[[Owner], None]
    ) -> None:
        self._spill = spill
        self._sending = sending
        self._writing = writing
        self._replayed = replayed
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Something waits."""
        self._work.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                if await self._spill.take_over():
                    log.warning("taking over what an ended process left in the spill")
                await self._empty()
            except OSError as error:
                log.error("the spill cannot be read: %s", error)
            try:
                await asyncio.wait_for(self._work.wait(), LOOK_FOR_ORPHANS_SECONDS)
            except TimeoutError:
                continue
            self._work.clear()

    async def _empty(self) -> None:
        pause, shards_answer = FIRST_PAUSE_SECONDS, False
        while self._spill.segments:
            last = shards_answer and self._spill.size <= LAST_BYTES
            held: AbstractAsyncContextManager[Any] = self._writing if last else nullcontext()
            async with held:
                shards_answer = await self.once()
            if shards_answer:
                pause = FIRST_PAUSE_SECONDS
            else:
                await asyncio.sleep(pause)
                await self._sending.look_again()
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def once(self) -> bool:
        """One pass over all that waits; whether every shard took what it was sent.

        What is refused waits for the next pass, and with it all that is behind it of the same property.
        """
        blocked: set[Owner] = set()
        silent: set[str] = set()  # shards that are not asked again in this pass
        for segment in list(self._spill.segments):
            offset = 0
            while True:
                frames, offset = await asyncio.to_thread(segment.read, offset, READ_BYTES)
                if not frames:
                    break
                entries: dict[Owner, list[Entry]] = {}
                for frame in frames:
                    if frame.number > segment.acknowledged.get(frame.owner, 0):
                        entries.setdefault(frame.owner, []).append(frame.entry)
                blocked |= {owner for owner in entries if self._shard_of(owner) in silent}
                for owner, error in (await self._send(segment, entries, blocked)).items():
                    blocked.add(owner)
                    silent |= {self._shard_of(owner)} if is_away(error) else set()
            await self._spill.remove_if_done(segment)
        return not blocked

    async def _send(
        self, segment: Segment, entries: dict[Owner, list[Entry]], blocked: set[Owner]
    ) -> dict[Owner, Exception]:
        """Send the entries of all but the blocked; who was refused, and why."""
        sent = [(owner, some) for owner, some in entries.items() if owner not in blocked]
        commands = [(Keys(*owner).ingest, append(owner, segment.writer, some, few=NEVER)) for owner, some in sent]
        refused: dict[Owner, Exception] = {}
        for (owner, some), reply in zip(sent, await self._sending.send(commands), strict=True):
            if isinstance(reply, Exception):
                log.warning("the spill of %s waits: %s", Keys(*owner).prefix, reply)
                refused[owner] = reply
            else:
                segment.acknowledged[owner] = some[-1].number
                self._replayed(owner)
        return refused

    def _shard_of(self, owner: Owner) -> str:
        return self._sending.shard_of(Keys(*owner).ingest)
