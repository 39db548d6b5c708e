"""A month made of its days, a year of its months: some traits at a time, as all of them may be much.

    mixed in a month    who is mixed on one of its days, or of different sets on two of them:
                        the number of traits they have in the month is not that of each day

Samples are not made months of: they are asked of the days.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from pyroaring import BitMap

from tracking.bitmaps import values
from tracking.bitmaps.layouts import packed_fields, packed_totals
from tracking.bitmaps.layouts.packed_fields import Reading
from tracking.bitmaps.layouts.packed_plain import MIXED, SIZES, roll_of
from tracking.bitmaps.layouts.packed_totals import Totals
from tracking.bitmaps.layouts.packed_whole import Whole
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.ranges import Ints, borders_of
from tracking.bitmaps.roaring import bitmap_of, ids_of
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.tally import EMPTY, Tally, added
from tracking.bitmaps.traits import EVERYONE, is_of_session

TRAITS_AT_ONCE = 500

Drafting = Callable[[], AbstractContextManager[Any]]  # a transaction each time


class Made:
    """What slots come to together."""

    def __init__(self, reading: Reading, parts: Sequence[str]) -> None:
        self._reading = reading
        by_part = zip(parts, packed_totals.in_slots(reading, parts), strict=True)
        self._slots = [(Whole(reading, label), totals) for label, totals in by_part if totals]
        self._totals = _added(totals for _, totals in self._slots)

    def write(self, label: str, drafting: Drafting) -> None:
        """Write it as the slot `label`, some traits in a transaction."""
        for traits in some_at_once(sorted(self._totals)):
            sums = self._added_up(traits)
            followers = self._followers(sums.get(EVENTS, {}), [trait for trait in traits if is_of_session(trait)])
            with drafting() as pipe:
                for metric, tallies in sums.items():
                    self._write(pipe, label, metric, tallies)
                held = {(label, trait): who.serialize() for trait, who in followers.items() if who}
                packed_fields.put(pipe, self._reading.keys.sealed, [], held)
        with drafting() as pipe:
            names = [(label, trait) for trait in self._totals]
            coded = [{packed_totals.code_of(m): n for m, n in some.items()} for some in self._totals.values()]
            packed_totals.write(pipe, self._reading, names, coded)
            self._write_roll(pipe, label)

    def _write(self, pipe: Any, label: str, metric: str, tallies: dict[str, Tally]) -> None:
        for is_follower in (False, True):
            some = {(label, trait): tally for trait, tally in tallies.items() if is_of_session(trait) == is_follower}
            names, numbers = list(some), list(some.values())
            if is_follower and metric == EVENTS:
                packed_fields.write_counts(pipe, self._reading.keys, names, numbers)
            else:
                packed_fields.write(pipe, self._reading.keys, metric, names, numbers)

    def _write_roll(self, pipe: Any, label: str) -> None:
        roll, keys = self._roll, self._reading.keys
        if roll.mixed:
            packed_fields.put(pipe, keys.sealed, [], {(label, MIXED): roll.mixed.serialize()})
        if len(ids := self._added_up([EVERYONE]).get(EVENTS, {}).get(EVERYONE, EMPTY).ids):
            ids = ids[ids < len(roll.sizes)]
            [packed] = values.pack(roll.sizes[ids], borders_of([len(ids)]))
            packed_fields.put(pipe, keys.counts, [], {(label, SIZES): packed})

    def _added_up(self, traits: Sequence[str]) -> dict[str, dict[str, Tally]]:
        """metric -> trait -> what it has in all slots: followers of the mixed visitors alone."""
        sums: dict[str, dict[str, Tally]] = {}
        for slot, totals in self._slots:
            wanted: dict[str, list[str]] = defaultdict(list)
            for trait in traits:
                for metric in totals.get(trait, ()):
                    if not is_samples(metric):
                        wanted[metric].append(trait)
            for metric, found in slot.tallies(wanted, self._roll.mixed).items():
                known = sums.setdefault(metric, {})
                whole = added([known.get(trait, EMPTY) for trait in found], list(found.values()))
                known.update(zip(found, whole, strict=True))
        return sums

    def _followers(self, events: dict[str, Tally], traits: Sequence[str]) -> dict[str, BitMap]:
        """The bitmaps of followers, in which mixed visitors are while they have events left."""
        mixed = self._roll.mixed
        return {trait: (who - mixed) | events.get(trait, EMPTY).who() for trait, who in self._seen(traits).items()}

    def _seen(self, traits: Sequence[str]) -> dict[str, BitMap]:
        """trait -> who is in its bitmap in any of the slots."""
        found = {trait: BitMap() for trait in traits}
        for slot, totals in self._slots:
            here = [trait for trait in traits if trait in totals]
            for trait, who in zip(here, slot.bitmaps(here), strict=True):
                found[trait] |= who
        return found

    @cached_property
    def _roll(self) -> "_Roll":
        """Who is mixed, found by counting the traits of each visitor.

        Whoever comes while this is read is left out: their slot has changed, and the month is made again.
        """
        rolls = [slot.bitmaps([EVERYONE, MIXED]) for slot, _ in self._slots]
        many = max((who.max() + 1 for some in rolls for who in some if who), default=0)
        sizes, mixed, seen = np.ones(many, np.int64), np.zeros(many, np.bool_), np.zeros(many, np.bool_)
        for slot, _ in self._slots:
            roll = roll_of(self._reading, [slot.label])
            known = roll.keys < many
            ids, of_slot = roll.keys[known].astype(np.int64), roll.sizes[known]
            mixed[ids] |= seen[ids] & (sizes[ids] != of_slot)
            sizes[ids], seen[ids] = of_slot, True
            mixed[roll.mixed[roll.mixed < many].astype(np.int64)] = True
        traits = np.ones(many, np.int64)
        for some in some_at_once([trait for trait in self._totals if is_of_session(trait)]):
            for who in self._seen(some).values():
                ids = ids_of(who)
                traits[ids[ids < many]] += 1
        mixed |= seen & (traits != sizes)
        sizes[mixed] = 1
        return _Roll(bitmap_of(np.flatnonzero(mixed)), sizes)


def _added(slots: Iterable[dict[str, Totals]]) -> dict[str, Totals]:
    found: dict[str, Totals] = {}
    for by_trait in slots:
        for trait, totals in by_trait.items():
            known = found.setdefault(trait, {})
            for metric, total in totals.items():
                if not is_samples(metric):
                    known[metric] = known.get(metric, 0) + total
    return {trait: totals for trait, totals in found.items() if totals}


class _Roll(NamedTuple):
    """`sizes`: by visitor, one more than the number of their followers."""

    mixed: BitMap
    sizes: Ints


def some_at_once(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), TRAITS_AT_ONCE):
        yield list(names[start : start + TRAITS_AT_ONCE])
