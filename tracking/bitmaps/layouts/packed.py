"""The packed layout: notes are appended to a log, and folded now and then into compressed bitmaps.

    drain ── APPEND frame ──► {7::3}::notes            the open log: one command for a whole batch
                                   │ RENAMENX
                                   ▼
                              {7::3}::notes_sealing    the log being sealed
                                   │ added up; HSET, DEL in one guarded transaction
                                   ▼
                              {7::3}::sealed::2026-11-24-02         hash: trait -> Roaring bitmap
                              {7::3}::counts::2026-11-24-02         hash: trait -> events of each of them
                              {7::3}::sums:seconds::2026-11-24-02   hash: trait -> bitmap and amounts
                              {7::3}::totals::2026-11-24-02         hash: trait -> total of each metric
                                   │ a month is made of its days when it is over, a year of its months
                                   ▼
                              {7::3}::sealed::2026-11   …

A reader takes sealed slots, the log being sealed and the open log in one transaction, so a note is
seen from the moment it is written, and once. A month that is not made yet, or has got late notes
since, is read from its days.

Sealing first folds a log that a crashed sealing left behind, and only then takes the next. Amounts
are not idempotent, so the results and the deletion of the log are one transaction: of two that seal
the same log one wins. Late notes of any age are folded into the old slots like all others.

What is in these hashes: packed_fields.py, packed_plain.py, packed_totals.py. They are written by
packed_sealing.py and packed_months.py, read by packed_reading.py, and as a whole by packed_whole.py.

    {7::3}::generation   raised by every sealing        {7::3}::folded     months and years that are made
    {7::3}::changed      label -> its last generation    {7::3}::unfolded   those with days or months to make them of

Readers keep what they have read (cache.py) and ask which labels have changed since.
"""

import random
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from redis.exceptions import ResponseError, WatchError

from tracking.bitmaps.folding import Merged, merged
from tracking.bitmaps.layouts import ByMetric, Found, Request, Shelf, metrics_of, packed_totals
from tracking.bitmaps.layouts.packed_fields import Reading
from tracking.bitmaps.layouts.packed_months import Made, some_at_once
from tracking.bitmaps.layouts.packed_reading import EVERYTHING_CHANGED, LABELS_REMEMBERED, load
from tracking.bitmaps.layouts.packed_sealing import seal
from tracking.bitmaps.layouts.packed_whole import Whole, level_of
from tracking.bitmaps.notes import EVENTS, Notes
from tracking.bitmaps.plain import Gathered, Level
from tracking.bitmaps.slots import Slot, days_of_month, months_of_year
from tracking.bitmaps.slots import level as granularity
from tracking.bitmaps.tally import Tally
from tracking.cycles import no_search_for_cycles

SEALED_LEVELS = range(3)  # minute, hour, day; months and years are made of days
SLOTS_AT_ONCE = (120, 4, 1)  # minutes, hours and days that are made anew in one transaction
DRAFT = "~"  # between the label of a month or year that is being made, and who makes it
DRAFT_SECONDS = 3600
STORE_ATTEMPTS = 200


class PackedLayout:
    def add(self, shelf: Shelf, pipe: Any, notes: Notes) -> None:
        if frame := notes.frame():
            pipe.append(shelf.keys.notes, frame)

    def load(self, shelf: Shelf, request: Request) -> Found:
        return load(shelf, request)

    def waiting(self, shelf: Shelf) -> int:
        pipe = shelf.client.pipeline(transaction=False)
        pipe.strlen(shelf.keys.notes)
        pipe.strlen(shelf.keys.sealing)
        return sum(pipe.execute())

    def seal(self, shelf: Shelf) -> None:
        """Fold what waits. Raises WatchError when somebody else did at the same time (nothing is lost)."""
        self._fold(shelf)
        if not shelf.client.exists(shelf.keys.notes):
            return
        try:
            taken = shelf.client.renamenx(shelf.keys.notes, shelf.keys.sealing)
        except ResponseError:  # no such key: somebody else has just taken it
            return
        if taken:
            self._fold(shelf)

    def close(self, shelf: Shelf, now: datetime) -> None:
        waiting = sorted(label.decode() for label in shelf.client.smembers(shelf.keys.unfolded))
        for label in sorted(waiting, key=granularity):
            if Slot.parse(label, shelf.tz).end <= now:
                self._make(shelf, label)

    def slots(self, shelf: Shelf) -> Iterator[str]:
        start = "totals::"
        for key in shelf.keys.scan(shelf.client, start):
            if DRAFT not in key:
                yield key.removeprefix(f"{shelf.keys.prefix}{start}")

    def present(self, shelf: Shelf, labels: Sequence[str]) -> set[str]:
        pipe = shelf.client.pipeline(transaction=False)
        for label in labels:
            pipe.exists(shelf.keys.totals(label))
        return {label for label, there in zip(labels, pipe.execute() if labels else [], strict=True) if there}

    def read(self, shelf: Shelf, label: str) -> dict[str, dict[str, Tally]]:
        reading = Reading(shelf.client, shelf.keys)
        whole, found = Whole(reading, label), dict[str, dict[str, Tally]]()
        [totals] = packed_totals.in_slots(reading, [label])
        for traits in some_at_once(list(totals)):
            wanted: dict[str, list[str]] = {}
            for trait in traits:
                for metric in totals[trait]:
                    wanted.setdefault(metric, []).append(trait)
            for metric, tallies in whole.tallies(wanted).items():
                left = {trait: tally for trait, tally in tallies.items() if len(tally)}
                if left:
                    found.setdefault(metric, {}).update(left)
        return found

    @no_search_for_cycles()
    def store(self, shelf: Shelf, label: str, by_metric: ByMetric) -> None:
        if not shelf.expiry(label)[0]:
            self._store(shelf, [label], level_of(label, by_metric))

    @no_search_for_cycles()
    def replace(self, shelf: Shelf, labels: Sequence[str], notes: Merged) -> None:
        gathered = Gathered.of([notes])
        for level, most in enumerate(SLOTS_AT_ONCE):
            here = [label for label in labels if granularity(label) == level and not shelf.expiry(label)[0]]
            for start in range(0, len(here), most):
                some = here[start : start + most]
                new = gathered.at(level, set(some).__contains__)
                self._store(shelf, sorted(self.present(shelf, some) | set(new.labels)), new)

    def _store(self, shelf: Shelf, labels: Sequence[str], level: Level) -> None:
        """Make the notes of `level` what the slots hold. It has notes of no others."""
        if not labels:
            return
        for attempt in range(STORE_ATTEMPTS):
            try:
                self._replaced(shelf, labels, level)
            except WatchError:  # another slot of the property was written meanwhile
                time.sleep(random.random() * 0.002 * min(attempt, 10))  # noqa: S311 - two that collide shall not collide again
            else:
                return
        self._replaced(shelf, labels, level)

    def _replaced(self, shelf: Shelf, labels: Sequence[str], level: Level) -> None:
        with shelf.client.pipeline(transaction=True) as pipe:
            pipe.watch(shelf.keys.generation)
            generation = _next(pipe, shelf)
            metrics = metrics_of(shelf)
            pipe.multi()
            for label in labels:
                pipe.unlink(*_keys_of(shelf, metrics, label))
            seal(pipe, Reading(shelf.client, shelf.keys, anew=True), [level], metrics)
            _expire(shelf, pipe, [level])
            _changed(shelf, pipe, labels, generation)
            pipe.execute()

    def days_changed(self, shelf: Shelf, days: Sequence[str]) -> None:
        """`store` has noted it already; `close` makes their months and years."""

    def remove(self, shelf: Shelf) -> None:
        keys = shelf.keys
        for start in ("sealed::", "counts::", "sums:", "totals:"):
            for key in list(keys.scan(shelf.client, start)):
                shelf.client.unlink(key)
        shelf.client.unlink(keys.notes, keys.sealing, keys.folded, keys.unfolded, keys.changed)
        with shelf.client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.generation)
            generation = _next(pipe, shelf)
            pipe.multi()
            _count_generation(shelf, pipe, [EVERYTHING_CHANGED], generation)
            pipe.execute()

    @no_search_for_cycles()
    def _fold(self, shelf: Shelf) -> None:
        keys = shelf.keys
        with shelf.client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.sealing, keys.generation)
            log = pipe.get(keys.sealing)
            if log is None:
                return
            generation = _next(pipe, shelf)
            gathered, metrics = Gathered.of(merged(log)), metrics_of(shelf)
            levels = [gathered.at(level, lambda label: not shelf.expiry(label)[0]) for level in SEALED_LEVELS]
            pipe.multi()
            with _overtaken(shelf):
                seal(pipe, Reading(shelf.client, keys), levels, metrics)
            _expire(shelf, pipe, levels)
            _changed(shelf, pipe, [label for level in levels for label in level.labels], generation)
            pipe.delete(keys.sealing)
            pipe.execute()

    def _make(self, shelf: Shelf, label: str) -> None:
        """Make a month of its days or a year of its months, unless one of them changes meanwhile."""
        keys, client = shelf.keys, shelf.client
        parts = days_of_month(label) if granularity(label) == 3 else months_of_year(label)
        if set(parts) & {part.decode() for part in client.smembers(keys.unfolded)}:
            return
        before = int(client.get(keys.generation) or 0)
        draft = f"{label}{DRAFT}{secrets.token_hex(8)}"
        metrics = metrics_of(shelf)
        try:
            with _overtaken(shelf):
                made = Made(Reading(client, keys), parts)
                made.write(draft, lambda: _drafting(shelf, _keys_of(shelf, metrics, draft)))
        except WatchError:
            return  # the next time; the draft runs out
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.generation)
            generation = _next(pipe, shelf)
            scores = pipe.zmscore(keys.changed, parts)
            unfolded = {name.decode() for name in pipe.smembers(keys.unfolded)}
            if set(parts) & unfolded or any(score is not None and score > before for score in scores):
                return  # the next time; the draft runs out
            drafted, final = _keys_of(shelf, metrics, draft), _keys_of(shelf, metrics, label)
            there = [pipe.exists(key) for key in drafted]
            pipe.multi()
            for old, new, exists in zip(final, drafted, there, strict=True):
                pipe.delete(old)
                if exists:
                    pipe.rename(new, old)
                    pipe.persist(old)
            pipe.srem(keys.unfolded, label)
            pipe.sadd(keys.folded, label)
            _count_generation(shelf, pipe, [label], generation)
            pipe.execute()


@contextmanager
def _overtaken(shelf: Shelf) -> Iterator[None]:
    """Bitmaps and numbers that were read do not fit each other where somebody has sealed in between: a WatchError."""
    before = shelf.client.get(shelf.keys.generation)
    try:
        yield
    except ValueError as error:
        if shelf.client.get(shelf.keys.generation) != before:
            raise WatchError("What is sealed changed while it was read.") from error
        raise


@contextmanager
def _drafting(shelf: Shelf, keys: Sequence[str]) -> Iterator[Any]:
    """Write a part of a month or year that is being made. Nobody reads it, and it runs out by itself."""
    pipe = shelf.client.pipeline(transaction=True)  # or half of it could stay for ever
    yield pipe
    for key in keys:
        pipe.expire(key, DRAFT_SECONDS)
    pipe.execute()


def _expire(shelf: Shelf, pipe: Any, levels: Iterable[Level]) -> None:
    """Queue the names of the metrics, and when the slots go."""
    for level in levels:
        if level.noted:
            pipe.sadd(shelf.keys.metrics, *level.noted)
        for label in level.labels:
            _, until = shelf.expiry(label)
            if until is not None:
                for key in _keys_of(shelf, list(level.noted), label):
                    pipe.expireat(key, until)


def _changed(shelf: Shelf, pipe: Any, labels: Iterable[str], generation: int) -> None:
    """Queue that these slots have changed: readers let go of them, their months and years must be made again."""
    coarse = {part for label in labels for part in (label[:7], label[:4]) if granularity(label) == 2}
    coarse |= {label[:4] for label in labels if granularity(label) == 3}
    if coarse:
        pipe.srem(shelf.keys.folded, *coarse)
        pipe.sadd(shelf.keys.unfolded, *coarse)
    _count_generation(shelf, pipe, labels, generation)


def _next(pipe: Any, shelf: Shelf) -> int:
    """The generation after the present one. It goes with the time, so that none comes twice.

    Where there is none, the property is new, or all its keys were lost: what readers may have kept from
    before is not true any more.
    """
    present = pipe.get(shelf.keys.generation)
    generation = max(int(present or 0) + 1, time.time_ns() // 1000)
    if present is None:
        shelf.client.zadd(shelf.keys.changed, {EVERYTHING_CHANGED: generation})
    return generation


def _count_generation(shelf: Shelf, pipe: Any, labels: Iterable[str], generation: int) -> None:
    pipe.set(shelf.keys.generation, generation)
    if scores := dict.fromkeys(labels, generation):
        pipe.zadd(shelf.keys.changed, scores)
        pipe.zremrangebyrank(shelf.keys.changed, 0, -LABELS_REMEMBERED - 1)


def _keys_of(shelf: Shelf, metrics: Sequence[str], label: str) -> list[str]:
    """All that a slot is in."""
    keys = shelf.keys
    sums = [keys.sums(metric, label) for metric in metrics if metric != EVENTS]
    return [keys.sealed(label), keys.counts(label), keys.totals(label), *sums]
