"""Notes of one granularity into its slots: the only way in which anything is written to them.

    the log's persons    who has notes under a session's traits in a slot
      └─► become mixed     those of several sets, and those whose sealed set is another (packed_plain.py)
            └─► newcomers    who were plain: their numbers under everyone are moved under each of their traits
    plain persons        into the bitmaps of their traits, and nothing else
    mixed persons        into bitmaps and columns of the traits they have notes under
    everyone and all traits that are none of a session's: as they are

The arithmetic is on all slots and traits at once. A name (label, trait) is its place in a list, and a
visitor under it one number: that place, then the visitor.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyroaring import BitMap

from tracking.bitmaps import roaring, values
from tracking.bitmaps.layouts import packed_fields, packed_totals
from tracking.bitmaps.layouts.packed_fields import Reading
from tracking.bitmaps.layouts.packed_plain import MIXED, SIZES, follows, of_each, of_visitors, roll_of
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.plain import BITS, LOW, ODD, Level, Name, found_in, keyed, looked_up
from tracking.bitmaps.ranges import Ints, borders_of
from tracking.bitmaps.roaring import bitmap_of, ids_of
from tracking.bitmaps.tally import EMPTY, Tally, added, apart
from tracking.bitmaps.traits import EVERYONE, is_of_session

Tallies = dict[str, dict[Name, Tally]]  # by metric


def seal(pipe: Any, reading: Reading, levels: Sequence[Level], metrics: Sequence[str]) -> None:
    """Queue what adds the notes of `levels` to what is sealed. `metrics`: all there are in any slot."""
    parts = [_Sealing(pipe, reading, level, metrics) for level in levels if level.noted]
    before, after = _write_columns(pipe, reading, parts)
    gone = _write_own(pipe, reading, _joined([part.own for part in parts]))
    for part in parts:
        part.write_bitmaps(before, after)
        part.write_roll()
        part.write_totals(gone)


def _write_columns(
    pipe: Any, reading: Reading, parts: Sequence["_Sealing"]
) -> tuple[dict[Name, Tally], dict[Name, Tally]]:
    """Write what mixed visitors have under followers; their events under each name before and after."""
    moved, new = _joined([part.moved for part in parts]), _joined([part.of_mixed for part in parts])
    before: dict[Name, Tally] = {}
    after: dict[Name, Tally] = {}
    for metric in dict.fromkeys([*moved, *new]):
        here, there = moved.get(metric, {}), new.get(metric, {})
        names = sorted({**here, **there})
        if not names:
            continue
        known = _known_events(reading, parts, names) if metric == EVENTS else _known(reading, metric, names)
        known = added(known, [here.get(name, EMPTY) for name in names])
        whole = added(known, [there.get(name, EMPTY) for name in names])
        if metric == EVENTS:
            before, after = dict(zip(names, known, strict=True)), dict(zip(names, whole, strict=True))
            packed_fields.write_counts(pipe, reading.keys, names, whole)
        else:
            packed_fields.write(pipe, reading.keys, metric, names, whole)
    return before, after


def _known(reading: Reading, metric: str, names: Sequence[Name]) -> list[Tally]:
    [packed] = reading.packed([(metric, names)])
    return packed.tallies()


def _known_events(reading: Reading, parts: Sequence["_Sealing"], names: Sequence[Name]) -> list[Tally]:
    """The events of mixed visitors, as they are sealed."""
    [counts] = reading.fields([(reading.keys.counts, names)])
    mixed, bitmaps = dict[str, BitMap](), dict[Name, bytes | None]()
    for part in parts:
        mixed |= _by_slot(part.level.labels, part.roll.mixed)
        bitmaps |= part.packed
    ids: list[Ints] = []
    for name in names:
        packed = bitmaps[name] if name[0] in mixed else None
        ids.append(ids_of(BitMap.deserialize(packed) & mixed[name[0]]) if packed else EMPTY.ids)
    borders = borders_of([len(some) for some in ids])
    return apart(np.concatenate(ids), values.unpack(counts, borders), borders)


def _write_own(pipe: Any, reading: Reading, own: Tallies) -> list[tuple[str, Name]]:
    """Write everyone's numbers and those under traits of their own; (metric, name) of what comes to nothing."""
    gone = []
    for known in reading.packed([(metric, list(some)) for metric, some in own.items()]):
        new = own[known.metric]
        for part in known.parts():
            whole = added(part.tallies(), [new[name] for name in part.names])
            packed_fields.write(pipe, reading.keys, known.metric, part.names, whole)
            gone += [(part.metric, n) for n, tally in zip(part.names, whole, strict=True) if not len(tally.ids)]
    return gone


def _joined(parts: Sequence[Tallies]) -> Tallies:
    """The tallies of all levels, whose names differ."""
    found: Tallies = defaultdict(dict)
    for part in parts:
        for metric, some in part.items():
            found[metric] |= some
    return found


@dataclass
class _Sealing:
    """The notes of one level, and what is sealed of the slots they are in."""

    pipe: Any
    reading: Reading
    level: Level
    metrics: Sequence[str]

    def __post_init__(self) -> None:
        level, reading = self.level, self.reading
        self.own = level.own()
        self.totals = level.totals()
        self.names = [name for name in self.totals[0] if is_of_session(name[1])]
        self.roll = roll_of(reading, level.labels)
        [bitmaps] = reading.fields([(reading.keys.sealed, self.names)])
        self.packed = dict(zip(self.names, bitmaps, strict=True))  # and those of newcomers
        ids, borders = roaring.unpack(bitmaps)
        self.old = keyed(np.repeat(np.arange(len(self.names)), np.diff(borders)), ids)  # who is in the bitmaps
        self.persons = persons = _Persons.of(self)
        self.mixed = np.union1d(self.roll.mixed, level.persons[persons.become])  # from now on
        self.moved = self._moved(level.persons[persons.become & persons.were])
        self.of_mixed = level.of_mixed(self.mixed)

    def _moved(self, newcomers: Ints) -> Tallies:
        """What visitors who are plain no more have under each of their traits: until now that was everyone's."""
        found: Tallies = defaultdict(dict)
        for label, who in _by_slot(self.level.labels, newcomers).items():
            traits = self._traits_of(label, who)
            wanted = [(metric, [(label, EVERYONE)]) for metric in self.metrics]
            for packed in self.reading.packed(wanted):
                [everyone] = packed.tallies()
                theirs = of_visitors(packed.metric, everyone, who)
                some = {trait: had for trait, had in traits.items() if follows(packed.metric, trait)}
                if len(theirs) and some:
                    here = found[packed.metric]
                    tallies = of_each(packed.metric, theirs, list(some.values()))
                    here |= {(label, t): tally for t, tally in zip(some, tallies, strict=True) if len(tally.ids)}
        return found

    def _traits_of(self, label: str, who: BitMap) -> dict[str, BitMap]:
        """Trait of the session -> those of `who` that have it."""
        found = {}
        for name, packed in self.reading.client.hgetall(self.reading.keys.sealed(label)).items():
            if is_of_session(trait := name.decode()) and (some := BitMap.deserialize(packed) & who):
                found[trait] = some
                self.packed[(label, trait)] = packed
        return found

    def write_bitmaps(self, before: Mapping[Name, Tally], after: Mapping[Name, Tally]) -> None:
        """Of followers: who is plain is in for ever, who is mixed while they have events."""
        persons = self.persons
        places = {name: place for place, name in enumerate(self.names)}
        had = _placed(places, before)
        has = _placed(places, after)
        gone = np.setdiff1d(had, has, assume_unique=True)
        fresh = np.union1d(persons.pairs[~persons.known & ~persons.become[persons.of_pair]], has)
        fresh = fresh[~found_in(self.old, fresh)[1]]
        changed = np.unique(np.concatenate((gone, fresh)) >> BITS).astype(np.int64)
        if not len(changed):
            return
        kept = self.old
        if len(gone):
            at, there = found_in(kept, gone)
            kept = np.delete(kept, at[there])
        kept = np.insert(kept, np.searchsorted(kept, fresh), fresh)
        starts = np.searchsorted(kept, changed.astype(np.uint64) << BITS)
        ends = np.searchsorted(kept, (changed + 1).astype(np.uint64) << BITS)
        left = ends > starts
        ids = np.concatenate(
            [np.empty(0, np.uint64), *(kept[a:b] for a, b in zip(starts[left], ends[left], strict=True))]
        )
        packed = roaring.pack((ids & LOW).astype(np.uint32), borders_of((ends - starts)[left]))
        names = [self.names[place] for place in changed.tolist()]
        held = dict(zip([self.names[place] for place in changed[left].tolist()], packed, strict=True))
        packed_fields.put(self.pipe, self.reading.keys.sealed, names, held)

    def write_roll(self) -> None:
        level, roll, persons, keys = self.level, self.roll, self.persons, self.reading.keys
        if len(self.mixed) > len(roll.mixed):
            changed = {level.labels[slot] for slot in np.unique(level.persons[persons.become] >> BITS).tolist()}
            bitmaps = {label: who for label, who in _by_slot(level.labels, self.mixed).items() if label in changed}
            for label, who in bitmaps.items():
                who.run_optimize()
                packed_fields.put(self.pipe, keys.sealed, [], {(label, MIXED): who.serialize()})
        here = persons.events != 0
        fresh, gone, moved = here & ~persons.were, ~here & persons.were, persons.were & persons.become
        if not (fresh | gone | moved).any():
            return
        touched = np.unique(level.persons[fresh | gone | moved] >> BITS)
        sizes = roll.sizes.copy()
        sizes[found_in(roll.keys, level.persons[moved])[0]] = 1
        at = found_in(roll.keys, level.persons[gone])[0]
        known, sizes = np.delete(roll.keys, at), np.delete(sizes, at)
        new, new_sizes = level.persons[fresh], np.where(persons.become, 1, persons.sizes)[fresh]
        where = np.searchsorted(known, new)
        known, sizes = np.insert(known, where, new), np.insert(sizes, where, new_sizes)
        chosen = found_in(touched, known >> BITS)[1]
        slots, starts = np.unique(known[chosen] >> BITS, return_index=True)
        packed = values.pack(sizes[chosen], np.append(starts, int(chosen.sum())))
        names = [(level.labels[slot], SIZES) for slot in touched.tolist()]
        held = [(level.labels[slot], SIZES) for slot in slots.tolist()]
        packed_fields.put(self.pipe, keys.counts, names, dict(zip(held, packed, strict=True)))

    def write_totals(self, gone: list[tuple[str, Name]]) -> None:
        """What comes to nothing has no total. Of followers that is not asked: it would take everyone's column."""
        names, changes = self.totals
        whole = packed_totals.read(self.reading, names)
        for metric, (places, amounts) in changes.items():
            code = packed_totals.code_of(metric)
            for place, amount in zip(places.tolist(), amounts.tolist(), strict=True):
                whole[place][code] = whole[place].get(code, 0) + amount
        places_of = {name: place for place, name in enumerate(names)} if gone else {}
        for metric, name in gone:
            if name in places_of:
                del whole[places_of[name]][packed_totals.code_of(metric)]
        packed_totals.write(self.pipe, self.reading, names, whole)


@dataclass(frozen=True)
class _Persons:
    """The log's persons: masks and numbers in their order. `pairs`: visitors under names, of the plain ones."""

    were: Ints  # in everyone's bitmap
    become: Ints  # mixed by this log
    events: Ints  # under everyone, with those of the log
    sizes: Ints
    pairs: Ints
    of_pair: Ints  # the person
    known: Ints  # whether the visitor is in the bitmap already

    @staticmethod
    def of(sealing: _Sealing) -> "_Persons":
        level, roll = sealing.level, sealing.roll
        persons, kind = level.persons, level.kind
        at, were = found_in(roll.keys, persons)
        events = looked_up(roll.keys, roll.counts, persons) + _everyones_events(sealing, persons)
        plain = (kind != ODD) & ~found_in(roll.mixed, persons)[1]
        names, of_pair, borders = level.followed(np.flatnonzero(plain))
        places = {name: place for place, name in enumerate(sealing.names)}
        of_name = np.array([places[name] for name in names], np.int64)
        pairs = keyed(np.repeat(of_name, np.diff(borders)), persons[of_pair] & LOW)
        known = found_in(sealing.old, pairs)[1]
        hits = np.bincount(of_pair[known], minlength=len(persons))
        sizes = np.append(level.kinds.followers.lengths, [0, 0])[kind] + 1
        other = were & (hits + 1 != sizes)
        if len(roll.sizes):
            other |= were & (roll.sizes[at] != sizes)
        already = found_in(roll.mixed, persons)[1]
        return _Persons(were, ~already & (~plain | other | (events <= 0)), events, sizes, pairs, of_pair, known)


def _everyones_events(sealing: _Sealing, persons: Ints) -> Ints:
    """The events of the log under everyone."""
    tallies = sealing.own.get(EVENTS, {})
    found = [
        (keyed(np.full(len(tally.ids), slot), tally.ids), tally.values)
        for slot, label in enumerate(sealing.level.labels)
        if (tally := tallies.get((label, EVERYONE))) is not None
    ]
    if not found:
        return np.zeros(len(persons), np.int64)
    keys, numbers = map(np.concatenate, zip(*found, strict=True))
    return looked_up(keys, numbers, persons)


def _placed(places: Mapping[Name, int], tallies: Mapping[Name, Tally]) -> Ints:
    """Who has a number under names: of those alone that have a place."""
    some = [keyed(np.full(len(tally.ids), places[n]), tally.ids) for n, tally in tallies.items() if n in places]
    found: Ints = np.sort(np.concatenate([np.empty(0, np.uint64), *some]))
    return found


def _by_slot(labels: Sequence[str], keys: Ints) -> dict[str, BitMap]:
    """label -> the visitors of the keys that are in its slot."""
    slots, starts = np.unique(keys >> BITS, return_index=True)
    parts = np.split((keys & LOW).astype(np.uint32), starts[1:])
    return {labels[slot]: bitmap_of(part) for slot, part in zip(slots.tolist(), parts, strict=False)}
