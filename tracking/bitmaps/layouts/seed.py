"""The seed's layout to the letter: one SETBIT for each mark and granularity, one key an address.

    SETBIT {7::3}::evt:signup::2026-11-24-02-13 <visitor_index> 1       minute
    SETBIT {7::3}::evt:signup::2026-11-24-02    <visitor_index> 1       hour
    SETBIT {7::3}::evt:signup::2026-11-24       <visitor_index> 1       day
    SETBIT {7::3}::evt:signup::2026-11          <visitor_index> 1       month
    SETBIT {7::3}::evt:signup::2026             <visitor_index> 1       year

and beside each bitmap what it cannot hold:

    HINCRBY {7::3}::tally:events::evt:signup::2026-11-24   <visitor_index> 1
    HINCRBY {7::3}::total:events::2026-11-24               evt:signup      1

The reference: any Redis client reads it. It is large (one late visitor makes a minute's bitmap as
long as their index needs) and not fast.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tracking.bitmaps.addresses import Address, TallyAddress
from tracking.bitmaps.bits import bitmap_from, bits_of
from tracking.bitmaps.folding import Cells, Merged, Wanted, add_up, fold
from tracking.bitmaps.layouts import ByMetric, Found, Request, Shelf, metrics_of
from tracking.bitmaps.notes import EVENTS, Notes
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.slots import days_of_month, level, months_of_year
from tracking.bitmaps.tally import EMPTY, Tally

ALL_LEVELS = range(5)
TOTAL = "total:"


class SeedLayout:
    def add(self, shelf: Shelf, pipe: Any, notes: Notes) -> None:
        cells = fold(notes.frame(), ALL_LEVELS)
        before = _before(shelf, cells)
        if metrics := {metric for by_metric in cells.values() for metric in by_metric}:
            pipe.sadd(shelf.keys.metrics, *metrics)
        for label, by_metric in cells.items():
            gone, until = shelf.expiry(label)
            if gone:
                continue
            for metric, by_trait in by_metric.items():
                for trait, tally in by_trait.items():
                    self._add(shelf, pipe, TallyAddress(metric, trait, label), tally, before)
                    _expire(pipe, [shelf.keys.tally(metric, trait, label)], until)
                    if metric == EVENTS:
                        _expire(pipe, [shelf.keys.bitmap(Address(trait, label))], until)
                _expire(pipe, [shelf.keys.total(metric, label)], until)

    def _add(
        self, shelf: Shelf, pipe: Any, at: TallyAddress, tally: Tally, before: Mapping[tuple[TallyAddress, int], int]
    ) -> None:
        pipe.hincrby(shelf.keys.total(at.metric, at.label), at.trait, tally.total())
        for visitor, amount in tally.to_dict().items():
            pipe.hincrby(shelf.keys.tally(*at), visitor, amount)
            if at.metric == EVENTS:
                known = before.get((at, visitor), 0)
                pipe.setbit(shelf.keys.bitmap(Address(at.trait, at.label)), visitor, int(known + amount > 0))

    def load(self, shelf: Shelf, request: Request) -> Found:
        # All keys of a property are in one slot of the cluster, so one transaction reads them all.
        pipe = shelf.client.pipeline(transaction=True)
        pipe.mget([shelf.keys.bitmap(address) for address in request.bitmaps] or [shelf.keys.progress])
        for at in request.tallies:
            pipe.hgetall(shelf.keys.tally(*at))
        for metric, label in request.totals:
            pipe.hgetall(shelf.keys.total(metric, label))
        bits, *rest = pipe.execute()
        tallies, totals = rest[: len(request.tallies)], rest[len(request.tallies) :]
        return Found(
            {address: bitmap_from(some) for address, some in zip(request.bitmaps, bits, strict=False)},
            {at: _tally(at.metric, some) for at, some in zip(request.tallies, tallies, strict=True)},
            {key: _named(some) for key, some in zip(request.totals, totals, strict=True)},
        )

    def waiting(self, shelf: Shelf) -> int:
        return 0

    def seal(self, shelf: Shelf) -> None:
        """Its marks are bitmaps from the start."""

    def close(self, shelf: Shelf, now: datetime) -> None:
        """Its months and years are marked with the days."""

    def slots(self, shelf: Shelf) -> Iterator[str]:
        found = {key.rpartition("::")[2] for key in shelf.keys.scan(shelf.client, TOTAL)}
        yield from sorted(found)

    def present(self, shelf: Shelf, labels: Sequence[str]) -> set[str]:
        pipe = shelf.client.pipeline(transaction=False)
        for label in labels:
            pipe.exists(shelf.keys.total(EVENTS, label))
        return {label for label, there in zip(labels, pipe.execute() if labels else [], strict=True) if there}

    def read(self, shelf: Shelf, label: str) -> dict[str, dict[str, Tally]]:
        names = _names(shelf, [(metric, label) for metric in metrics_of(shelf)])
        pipe = shelf.client.pipeline(transaction=False)
        for metric, _, trait in names:
            pipe.hgetall(shelf.keys.tally(metric, trait, label))
        found: dict[str, dict[str, Tally]] = {}
        for (metric, _, trait), numbers in zip(names, pipe.execute() if names else [], strict=True):
            found.setdefault(metric, {})[trait] = _tally(metric, numbers)
        return found

    def store(self, shelf: Shelf, label: str, by_metric: ByMetric) -> None:
        self._clear(shelf, [(metric, label) for metric in metrics_of(shelf)])
        gone, until = shelf.expiry(label)
        if gone:
            return
        pipe = shelf.client.pipeline(transaction=False)
        for metric, by_trait in by_metric.items():
            pipe.sadd(shelf.keys.metrics, metric)
            held = {trait: tally for trait, tally in by_trait.items() if len(tally)}
            for trait, tally in held.items():
                pipe.hset(shelf.keys.tally(metric, trait, label), mapping=tally.to_dict())
                _expire(pipe, [shelf.keys.tally(metric, trait, label)], until)
                if metric == EVENTS:
                    pipe.set(shelf.keys.bitmap(Address(trait, label)), bits_of(tally.who()))
                    _expire(pipe, [shelf.keys.bitmap(Address(trait, label))], until)
            if held:
                totals = {trait: tally.total() for trait, tally in held.items()}
                pipe.hset(shelf.keys.total(metric, label), mapping=totals)
                _expire(pipe, [shelf.keys.total(metric, label)], until)
        pipe.execute()

    def replace(self, shelf: Shelf, labels: Sequence[str], notes: Merged) -> None:
        wanted = Wanted(frozenset(labels))
        cells = add_up([notes], sorted({level(label) for label in labels}), wanted)
        for label in sorted(self.present(shelf, labels) | cells.keys()):
            self.store(shelf, label, cells.get(label, {}))

    def days_changed(self, shelf: Shelf, days: Sequence[str]) -> None:
        for month in sorted({day[:7] for day in days}):
            self.store(shelf, month, self._added_up(shelf, days_of_month(month)))
        for year in sorted({day[:4] for day in days}):
            self.store(shelf, year, self._added_up(shelf, months_of_year(year)))

    def _added_up(self, shelf: Shelf, labels: Sequence[str]) -> ByMetric:
        sums: dict[str, dict[str, Tally]] = {}
        for label in labels:
            for metric, by_trait in self.read(shelf, label).items():
                if is_samples(metric):  # they are asked of the days
                    continue
                of_metric = sums.setdefault(metric, {})
                for trait, tally in by_trait.items():
                    of_metric[trait] = of_metric.get(trait, EMPTY) + tally
        return sums

    def remove(self, shelf: Shelf) -> None:
        start = f"{shelf.keys.prefix}{TOTAL}"
        for key in shelf.keys.scan(shelf.client, TOTAL):
            metric, _, label = key.removeprefix(start).rpartition("::")
            self._clear(shelf, [(metric, label)])

    def _clear(self, shelf: Shelf, totals: Sequence[tuple[str, str]]) -> None:
        """Delete the totals of each (metric, label) after all that belongs to them: they tell what that is."""
        pipe = shelf.client.pipeline(transaction=False)
        for metric, label, trait in _names(shelf, totals):
            pipe.unlink(shelf.keys.tally(metric, trait, label))
            if metric == EVENTS:
                pipe.unlink(shelf.keys.bitmap(Address(trait, label)))
        for metric, label in totals:
            pipe.unlink(shelf.keys.total(metric, label))
        pipe.execute()


def _names(shelf: Shelf, totals: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(metric, label, trait) of all that (metric, label) have, also of what came to nothing. One round trip."""
    pipe = shelf.client.pipeline(transaction=False)
    for metric, label in totals:
        pipe.hgetall(shelf.keys.total(metric, label))
    replies = pipe.execute() if totals else []
    return [
        (metric, label, trait)
        for (metric, label), reply in zip(totals, replies, strict=True)
        for trait in _named(reply, zeros=True)
    ]


def _before(shelf: Shelf, cells: Cells) -> dict[tuple[TallyAddress, int], int]:
    """The events there are where some are taken back: only then may a bit have to go."""
    asked: dict[TallyAddress, list[int]] = {}
    for label, by_metric in cells.items():
        for trait, tally in by_metric.get(EVENTS, {}).items():
            if negative := tally.ids[tally.values < 0].tolist():
                asked[TallyAddress(EVENTS, trait, label)] = negative
    pipe = shelf.client.pipeline(transaction=False)
    for at, visitors in asked.items():
        pipe.hmget(shelf.keys.tally(*at), visitors)
    replies = pipe.execute() if asked else []
    return {
        (at, visitor): int(number or 0)
        for (at, visitors), reply in zip(asked.items(), replies, strict=True)
        for visitor, number in zip(visitors, reply, strict=True)
    }


def _expire(pipe: Any, keys: list[str], until: int | None) -> None:
    if until is not None:
        for key in keys:
            pipe.expireat(key, until)


def _tally(metric: str, reply: Mapping[bytes, bytes]) -> Tally:
    return Tally.of({int(place): int(number) for place, number in reply.items()}, is_samples(metric))


def _named(reply: Mapping[bytes, bytes], zeros: bool = False) -> dict[str, int]:
    return {trait.decode(): int(number) for trait, number in reply.items() if zeros or int(number)}
