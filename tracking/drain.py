"""The drain: from a property's stream to its bitmaps, counts and sessions, each event once.

    WATCH progress, lease ── is the lease still ours? ── XRANGE after progress.entry
        │                                                     │
        │      load what the steps look up  ◄─────────────────┘
        │      (much too late: sessions from the archive, the lease renewed meanwhile, WATCH again)
        │      run the steps (ingest.py)
        ▼
    MULTI  notes · sessions · visitors · people · drops · archive · progress · XTRIM behind it  EXEC

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
from dataclasses import dataclass, field
from typing import Any

import msgspec
from redis.exceptions import ConnectionError, RedisError, TimeoutError, WatchError

from cluster.connections import MOVED, find_shards_again
from properties.models import Property
from tracking import ingest, lease, messages, poison, stream
from tracking.bitmaps.layouts import Shelf
from tracking.cycles import no_search_for_cycles
from tracking.effects import write
from tracking.keys import Keys
from tracking.lookups import load_batch
from tracking.progress import Progress, event_text, time_of
from tracking.rules import Rules
from tracking.shelves import layout_of, rules_of, shelf_of

log = logging.getLogger(__name__)

LEASE_MS = 15_000
LEASE_WHILE_READING_MS = 60_000  # renewed before each file of the archive
FIRST_ENTRIES = 10  # of a read
MOST_ENTRIES = 500
EVENTS_A_BATCH = 5_000
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Drain:
    """The drain of one property. `token` is what the lease holds while it is ours."""

    prop: Property
    token: bytes

    @staticmethod
    def of(prop: Property) -> "Drain":
        return Drain(prop, lease.new_token())

    def run(self, seconds: float = 20.0) -> bool:
        """Drain until the stream is empty (True), the time is up or the lease is elsewhere (False)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            shelf = shelf_of(self.prop)
            if not lease.take(shelf.client, shelf.keys, self.token, LEASE_MS):
                return False
            # Its layout and rules may have been changed by whoever had the lease before.
            self.prop.refresh_from_db()
            emptied = self._until_empty(deadline)
            shelf = shelf_of(self.prop)
            lease.let_go(shelf.client, shelf.keys, self.token)
            # Whoever was woken while we held the lease has gone away; what they came for is ours.
            if emptied and not shelf.client.xlen(shelf.keys.ingest):
                return True
        return False

    def _until_empty(self, deadline: float) -> bool:
        rules = rules_of(self.prop)
        with no_search_for_cycles():
            while time.monotonic() < deadline:
                try:
                    if not self._batch_with_patience(rules):
                        return True
                except LeaseLost:
                    return False
        return False

    def _batch_with_patience(self, rules: Rules) -> int:
        """One batch; after an error, from the position as it is then. Raises the last error."""
        for attempt in range(ATTEMPTS):
            try:
                return self.batch(shelf_of(self.prop), rules)
            except WatchError:
                continue
            except (ConnectionError, TimeoutError, *MOVED) as error:
                log.warning("drain of property %s: %s; reading the position again", self.prop.id, error)
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
                _look_for_the_shard()
            except (LeaseLost, poison.TooManySetAside):
                raise
            except Exception:  # a fault of ours: one entry must not stop all that come after it
                log.exception("property %s: a batch failed; its entries are taken one by one", self.prop.id)
                return self._one_by_one(rules)
        return 1

    def _one_by_one(self, rules: Rules) -> int:
        """Entries as batches of their own, up to the one that fails, which is set aside; how many those were."""
        done = 0
        while True:
            shelf = shelf_of(self.prop)
            try:
                taken = self.batch(shelf, rules, most=1)
            except (RedisError, LeaseLost, poison.TooManySetAside, OSError, MemoryError):  # not the entry's fault
                raise
            except Exception:
                log.exception("property %s: an entry fails and is set aside", self.prop.id)
                self._set_first_aside(shelf)
                return done + 1
            if not taken:
                return done
            done += taken

    def _set_first_aside(self, shelf: Shelf) -> None:
        keys = shelf.keys
        with shelf.client.pipeline(transaction=True) as pipe:
            progress = self._watch(pipe, keys)
            [(entry_id, fields)] = pipe.xrange(keys.ingest, min=f"({progress.entry}", count=1)
            poison.check_room(pipe, keys)
            pipe.multi()
            poison.set_aside(pipe, keys, [(entry_id, fields.get(stream.FIELD, b""))])
            pipe.hset(keys.progress, "entry", entry_id)
            pipe.xtrim(keys.ingest, minid=stream.after(entry_id.decode()), approximate=False)
            pipe.execute()

    def batch(self, shelf: Shelf, rules: Rules, most: int | None = None) -> int:
        """Drain one batch of about `most` events (EVENTS_A_BATCH) and return how many stream entries it took.

        Raises LeaseLost, WatchError (nothing was written), ConnectionError and TimeoutError (it may
        have been written: the position tells), and cluster.connections.MOVED.
        """
        keys, layout = shelf.keys, layout_of(self.prop)
        with shelf.client.pipeline(transaction=True) as pipe:
            progress = self._watch(pipe, keys)
            taken = _take(pipe, keys.ingest, progress.entry, most or EVENTS_A_BATCH)
            if not taken.ids:
                return 0
            if taken.poison:
                poison.check_room(pipe, keys)
            batch, late = load_batch(shelf, layout, rules, progress, taken.packets)
            batch.messages = messages.load(shelf.client, keys, taken.packets)
            if late:
                late.recall(shelf, self.prop, batch, lambda: self._renew_lease(shelf))
                pipe.unwatch()
                if self._watch(pipe, keys) != progress:
                    raise WatchError("Another worker has drained meanwhile.")
            ingest.run(taken.entries, batch)
            _advance(progress, taken, batch)
            pipe.multi()
            write(pipe, shelf, layout, batch)
            messages.write(pipe, keys, batch.messages)
            poison.set_aside(pipe, keys, taken.poison)
            pipe.hset(keys.progress, mapping=progress.to_hash())
            pipe.xtrim(keys.ingest, minid=stream.after(progress.entry), approximate=False)
            pipe.pexpire(keys.lease, LEASE_MS)
            pipe.execute()
            return len(taken.ids)

    def _watch(self, pipe: Any, keys: Keys) -> Progress:
        """Watch what must be as it is when the batch is written. Raises LeaseLost."""
        pipe.watch(keys.progress, keys.lease)
        if pipe.get(keys.lease) != self.token:
            raise LeaseLost
        return Progress.from_hash(pipe.hgetall(keys.progress))

    def _renew_lease(self, shelf: Shelf) -> None:
        if not lease.renew(shelf.client, shelf.keys, self.token, LEASE_WHILE_READING_MS):
            raise LeaseLost


class LeaseLost(Exception):
    """Another worker drains this property now."""


@dataclass
class _Taken:
    """What a batch takes from the stream, up to a batch's worth of events."""

    ids: list[str] = field(default_factory=list)
    entries: list[tuple[str, list[stream.Packet]]] = field(default_factory=list)
    poison: list[tuple[bytes, bytes]] = field(default_factory=list)  # what cannot be read
    events: int = 0

    def add(self, entry_id: bytes, entry: bytes) -> None:
        self.ids.append(entry_id.decode())
        try:
            packets = stream.decode(entry)
        except msgspec.DecodeError as error:
            log.error("a stream entry cannot be read and is set aside: %s", error)
            self.poison.append((entry_id, entry))
        else:
            self.entries.append((self.ids[-1], packets))
            self.events += sum(len(packet.events) for packet in packets)

    @property
    def packets(self) -> list[stream.Packet]:
        return [packet for _, packets in self.entries for packet in packets]


def _take(pipe: Any, stream_key: str, after: str, most: int) -> _Taken:
    """The next entries, ever more at a time, until they hold `most` events.

    An entry holds one event or hundreds, and those read in vain are read again by the next batch.
    """
    taken, count = _Taken(), min(FIRST_ENTRIES, most)
    while taken.events < most and len(taken.ids) < most:
        entries = pipe.xrange(stream_key, min=f"({after}", count=count)
        for entry_id, fields in entries:
            taken.add(entry_id, fields.get(stream.FIELD, b""))
            if taken.events >= most:
                break
        if len(entries) < count:
            break
        after, count = taken.ids[-1], min(2 * count, MOST_ENTRIES)
    return taken


def _advance(progress: Progress, taken: _Taken, batch: ingest.Batch) -> None:
    progress.entry = taken.ids[-1]
    progress.visitors = batch.next_visitor_index
    progress.events += batch.events
    if batch.rows:
        first, newest = batch.rows[0], max(batch.rows, key=lambda row: row.at)
        progress.first_event = progress.first_event or event_text(first.at, first.name, first.url)
        if not progress.last_event or newest.at >= time_of(progress.last_event):
            progress.last_event = event_text(newest.at, newest.name, newest.url)


def _look_for_the_shard() -> None:
    try:
        find_shards_again()
    except RedisError as error:  # still away: the next attempt says so
        log.info("the cluster does not answer: %s", error)
