"""The drain: from a property's stream to its bitmaps, counts and sessions, each event once.

    WATCH progress, lease ── is the lease still ours? ── XRANGE after progress.entry
        │                                                     │
        │      load what the steps look up  ◄─────────────────┘
        │      run the steps (ingest.py)
        ▼
    MULTI  marks · counts · sessions · visitors · drops · progress · XTRIM behind it  EXEC

Everything a batch does and the position it has reached are one transaction on one node. If it is
refused (somebody else moved the position) nothing happened. If the connection breaks after EXEC,
nobody knows: so nothing is ever re-sent. The position is read again, and tells whether the batch
counts already.

The lease keeps two workers from doing the same work twice; the watched position keeps it exact even
when the lease is lost. A wake-up that finds the lease taken can go: the holder looks at the stream
once more after letting go of it.
"""

import logging
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.cluster import RedisCluster
from redis.exceptions import ConnectionError, TimeoutError, WatchError

from properties.models import Property
from tracking import ingest, lease, stream
from tracking.effects import write
from tracking.keys import Keys
from tracking.layouts import layout_of
from tracking.lookups import load_batch
from tracking.progress import Progress, event_text, time_of

log = logging.getLogger(__name__)

LEASE_MS = 15_000
ENTRIES_A_READ = 200
EVENTS_A_BATCH = 2_000
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Drain:
    """The drain of one property. `token` is what the lease holds while it is ours."""

    client: RedisCluster
    keys: Keys
    prop: Property
    token: bytes

    @staticmethod
    def of(client: RedisCluster, prop: Property) -> "Drain":
        return Drain(client, Keys(prop.account_id, prop.id), prop, lease.new_token())

    def run(self, seconds: float = 20.0) -> bool:
        """Drain until the stream is empty (True), the time is up or the lease is elsewhere (False)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not lease.take(self.client, self.keys, self.token, LEASE_MS):
                return False
            # Its layout may have been changed by whoever had the lease before.
            self.prop.refresh_from_db()
            emptied = self._until_empty(deadline)
            lease.let_go(self.client, self.keys, self.token)
            # Whoever was woken while we held the lease has gone away; what they came for is ours.
            if emptied and not self.client.xlen(self.keys.ingest):
                return True
        return False

    def _until_empty(self, deadline: float) -> bool:
        while time.monotonic() < deadline:
            try:
                if not self._batch_with_patience():
                    return True
            except LeaseLost:
                return False
        return False

    def _batch_with_patience(self) -> int:
        """One batch; after an error, from the position as it is then. Raises the last error."""
        for attempt in range(ATTEMPTS):
            try:
                return self.batch()
            except WatchError:
                continue
            except (ConnectionError, TimeoutError) as error:
                log.warning("drain %s: %s; reading the position again", self.keys.prefix, error)
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
        return 1

    def batch(self) -> int:
        """Drain one batch and return how many stream entries it took.

        Raises LeaseLost, WatchError (nothing was written), ConnectionError and TimeoutError (it may
        have been written: the position tells).
        """
        with self.client.pipeline(transaction=True) as pipe:
            pipe.watch(self.keys.progress, self.keys.lease)
            if pipe.get(self.keys.lease) != self.token:
                raise LeaseLost
            progress = Progress.from_hash(pipe.hgetall(self.keys.progress))
            entries = pipe.xrange(self.keys.ingest, min=f"({progress.entry}", count=ENTRIES_A_READ)
            if not entries:
                return 0
            taken, events, poison = _read(entries)
            batch = load_batch(self.client, self.keys, self.prop.tz, progress.visitors, events)
            ingest.run(events, batch)
            _advance(progress, taken, batch, events)
            pipe.multi()
            write(pipe, self.keys, layout_of(self.prop), batch)
            for entry_id, entry in poison:
                pipe.xadd(self.keys.poison, {b"e": entry, b"id": entry_id}, maxlen=10_000)
            pipe.hset(self.keys.progress, mapping=progress.to_hash())
            pipe.xtrim(self.keys.ingest, minid=stream.after(progress.entry), approximate=False)
            pipe.pexpire(self.keys.lease, LEASE_MS)
            pipe.execute()
            return len(taken)


class LeaseLost(Exception):
    """Another worker drains this property now."""


def _read(entries: list[Any]) -> tuple[list[str], list[stream.StreamEvent], list[tuple[bytes, bytes]]]:
    """(ids taken, their events, entries that cannot be read) up to a batch's worth of events."""
    taken: list[str] = []
    events: list[stream.StreamEvent] = []
    poison: list[tuple[bytes, bytes]] = []
    for entry_id, fields in entries:
        if len(events) >= EVENTS_A_BATCH:
            break
        taken.append(entry_id.decode())
        entry = fields.get(stream.FIELD, b"")
        try:
            events.extend(stream.decode(entry))
        except msgspec.DecodeError as error:
            log.error("a stream entry cannot be read and is set aside: %s", error)
            poison.append((entry_id, entry))
    return taken, events, poison


def _advance(progress: Progress, taken: list[str], batch: ingest.Batch, events: list[stream.StreamEvent]) -> None:
    progress.entry = taken[-1]
    progress.visitors = batch.next_visitor_index
    progress.events += batch.events
    if events:
        first, newest = events[0], max(events, key=lambda event: event.at)
        progress.first_event = progress.first_event or event_text(first.at, first.name, first.url)
        if not progress.last_event or newest.at >= time_of(progress.last_event):
            progress.last_event = event_text(newest.at, newest.name, newest.url)
