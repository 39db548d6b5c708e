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
                              {7::3}::totals:events::2026-11-24-02  hash: trait -> total
                                   │ a month is made of its days when it is over, a year of its months
                                   ▼
                              {7::3}::sealed::2026-11   …

A reader takes sealed slots, the log being sealed and the open log in one transaction, so a note is
seen from the moment it is written, and once. A month that is not made yet, or has got late notes
since, is read from its days.

Sealing first folds a log that a crashed sealing left behind, and only then takes the next. Amounts
are not idempotent, so the results and the deletion of the log are one transaction: of two that seal
the same log one wins. Late notes of any age are folded into the old slots like all others.

    {7::3}::generation   raised by every sealing        {7::3}::folded     months and years that are made
    {7::3}::changed      label -> its last generation    {7::3}::unfolded   those with days or months to make them of

Readers keep what they have read (cache.py) and ask which labels have changed since.
"""

import random
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from redis.exceptions import ResponseError, WatchError

from tracking.bitmaps.folding import fold
from tracking.bitmaps.layouts import ByMetric, Found, Request, Shelf, metrics_of, packed_fields
from tracking.bitmaps.layouts.packed_reading import EVERYTHING_CHANGED, LABELS_REMEMBERED, load
from tracking.bitmaps.notes import EVENTS, Notes
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.slots import Slot, days_of_month, level, months_of_year
from tracking.bitmaps.tally import EMPTY, Tally, added
from tracking.cycles import no_search_for_cycles

SEALED_LEVELS = range(3)  # minute, hour, day; months and years are made of days
TRAITS_AT_ONCE = 500
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
        for label in sorted(waiting, key=level):
            if Slot.parse(label, shelf.tz).end <= now:
                self._make(shelf, label)

    def slots(self, shelf: Shelf) -> Iterator[str]:
        start = f"totals:{EVENTS}::"
        for key in shelf.keys.scan(shelf.client, start):
            if DRAFT not in key:
                yield key.removeprefix(f"{shelf.keys.prefix}{start}")

    def present(self, shelf: Shelf, labels: Sequence[str]) -> set[str]:
        pipe = shelf.client.pipeline(transaction=False)
        for label in labels:
            pipe.exists(shelf.keys.totals(EVENTS, label))
        return {label for label, there in zip(labels, pipe.execute() if labels else [], strict=True) if there}

    def read(self, shelf: Shelf, label: str) -> dict[str, dict[str, Tally]]:
        found: dict[str, dict[str, Tally]] = {}
        for metric in metrics_of(shelf):
            for some in _some_at_once(_names(shelf, metric, [label])):
                found.setdefault(metric, {}).update(_tallies(shelf, label, metric, some))
        return found

    @no_search_for_cycles()
    def store(self, shelf: Shelf, label: str, by_metric: ByMetric) -> None:
        if shelf.expiry(label)[0]:
            return
        for attempt in range(STORE_ATTEMPTS):
            try:
                self._store(shelf, label, by_metric)
            except WatchError:  # another slot of the property was written meanwhile
                time.sleep(random.random() * 0.002 * min(attempt, 10))  # noqa: S311 - two that collide shall not collide again
            else:
                return
        self._store(shelf, label, by_metric)

    def _store(self, shelf: Shelf, label: str, by_metric: ByMetric) -> None:
        with shelf.client.pipeline(transaction=True) as pipe:
            pipe.watch(shelf.keys.generation)
            generation = _next(pipe, shelf)
            old = [metric for metric in metrics_of(shelf) if metric not in by_metric]
            pipe.multi()
            for metric in (*old, *by_metric):
                pipe.delete(*_keys_of(shelf, metric, label))
            for metric, by_trait in by_metric.items():
                names = [(label, trait) for trait in by_trait]
                packed_fields.write(pipe, shelf.keys, metric, names, list(by_trait.values()))
            _expire(shelf, pipe, {label: by_metric})
            _changed(shelf, pipe, [label], generation)
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
            cells = {label: some for label, some in fold(log, SEALED_LEVELS).items() if not shelf.expiry(label)[0]}
            by_metric = _by_metric(cells)
            sealed = packed_fields.fetch(shelf.client, keys, {metric: list(some) for metric, some in by_metric.items()})
            pipe.multi()
            for known in sealed:
                new = by_metric[known.metric]
                for part in known.parts():
                    whole = added(part.tallies(), [new[name] for name in part.names])
                    packed_fields.write(pipe, keys, known.metric, part.names, whole)
            _expire(shelf, pipe, cells)
            _changed(shelf, pipe, cells, generation)
            pipe.delete(keys.sealing)
            pipe.execute()

    def _make(self, shelf: Shelf, label: str) -> None:
        """Make a month of its days or a year of its months, unless one of them changes meanwhile."""
        keys, client = shelf.keys, shelf.client
        parts = days_of_month(label) if level(label) == 3 else months_of_year(label)
        if set(parts) & {part.decode() for part in client.smembers(keys.unfolded)}:
            return
        before = int(client.get(keys.generation) or 0)
        draft = f"{label}{DRAFT}{secrets.token_hex(8)}"
        metrics = [metric for metric in metrics_of(shelf) if not is_samples(metric)]  # those are asked of the days
        for metric in metrics:
            for traits in _some_at_once(_names(shelf, metric, parts)):
                _write_draft(shelf, draft, metric, traits, _added_up(shelf, parts, metric, traits))
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.generation)
            generation = _next(pipe, shelf)
            scores = pipe.zmscore(keys.changed, parts)
            unfolded = {name.decode() for name in pipe.smembers(keys.unfolded)}
            if set(parts) & unfolded or any(score is not None and score > before for score in scores):
                return  # the next time; the draft runs out
            drafted = [key for metric in metrics for key in _keys_of(shelf, metric, draft)]
            final = [key for metric in metrics for key in _keys_of(shelf, metric, label)]
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


def _names(shelf: Shelf, metric: str, labels: Sequence[str]) -> list[str]:
    pipe = shelf.client.pipeline(transaction=False)
    for label in labels:
        pipe.hkeys(shelf.keys.totals(metric, label))
    return sorted({trait.decode() for reply in pipe.execute() for trait in reply})


def _added_up(shelf: Shelf, labels: Sequence[str], metric: str, traits: Sequence[str]) -> list[Tally]:
    sums = [EMPTY] * len(traits)
    for label in labels:
        sums = added(sums, list(_tallies(shelf, label, metric, traits).values()))
    return sums


def _write_draft(shelf: Shelf, draft: str, metric: str, traits: Sequence[str], tallies: Sequence[Tally]) -> None:
    """Write a part of a month or year that is being made. Nobody reads it, and it runs out by itself."""
    pipe = shelf.client.pipeline(transaction=True)  # or half of it could stay for ever
    packed_fields.write(pipe, shelf.keys, metric, [(draft, trait) for trait in traits], tallies)
    for key in _keys_of(shelf, metric, draft):
        pipe.expire(key, DRAFT_SECONDS)
    pipe.execute()


def _tallies(shelf: Shelf, label: str, metric: str, traits: Sequence[str]) -> dict[str, Tally]:
    """What is sealed of these traits in a slot."""
    names = {metric: [(label, trait) for trait in traits]}
    [packed] = packed_fields.fetch(shelf.client, shelf.keys, names)
    return dict(zip(traits, packed.tallies(), strict=True))


def _by_metric(cells: Mapping[str, ByMetric]) -> dict[str, dict[packed_fields.Name, Tally]]:
    """metric -> (label, trait) -> tally, label by label."""
    found: dict[str, dict[packed_fields.Name, Tally]] = {}
    for label, by_metric in cells.items():
        for metric, by_trait in by_metric.items():
            some = found.setdefault(metric, {})
            for trait, tally in by_trait.items():
                some[(label, trait)] = tally
    return found


def _expire(shelf: Shelf, pipe: Any, cells: Mapping[str, ByMetric]) -> None:
    """Queue the names of the metrics, and when the slots go."""
    if metrics := {metric for by_metric in cells.values() for metric in by_metric}:
        pipe.sadd(shelf.keys.metrics, *metrics)
    for label, by_metric in cells.items():
        _, until = shelf.expiry(label)
        if until is not None:
            for metric in by_metric:
                for key in _keys_of(shelf, metric, label):
                    pipe.expireat(key, until)


def _changed(shelf: Shelf, pipe: Any, labels: Iterable[str], generation: int) -> None:
    """Queue that these slots have changed: readers let go of them, their months and years must be made again."""
    coarse = {part for label in labels for part in (label[:7], label[:4]) if level(label) == 2}
    coarse |= {label[:4] for label in labels if level(label) == 3}
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


def _keys_of(shelf: Shelf, metric: str, label: str) -> list[str]:
    keys = shelf.keys
    own = [keys.sealed(label), keys.counts(label)] if metric == EVENTS else [keys.sums(metric, label)]
    return [*own, keys.totals(metric, label)]


def _some_at_once(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), TRAITS_AT_ONCE):
        yield list(names[start : start + TRAITS_AT_ONCE])
