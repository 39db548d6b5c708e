"""Who did everything in a slot under one set of session traits, and who did not. Pure.

All that a session adds to the numbers comes under the same set of traits, which begins with everyone
(sessions.py). So whoever had one kind of session in a slot has under each of its traits the numbers
that they have under everyone:

    events in a day          everyone      src:news     geo:DE     geo:FR
    visitor 7  (plain)           5             5           5
    visitor 9  (plain)           2                                    2
    visitor 12 (mixed)           4             3           3          1      two sessions, of two countries

Such visitors are *plain* in the slot, all others *mixed*. The numbers of plain ones are kept once, under
everyone, and are read from there for all who are in the bitmap of a trait (layouts/packed_plain.py). Only
those of the mixed ones are kept under the trait itself. Notes of any other form make their visitors
mixed: notes of a session's trait without everyone, numbers of somebody without an event.

The traits that everyone's numbers stand for are called the followers here: `traits.is_of_session`. Of
samples they are those of them that samples are told apart by.

A visitor in a slot is one number: the slot's place in the list of labels, then the visitor.

    slot (32 bits) | visitor (32 bits)
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tracking.bitmaps.folding import Merged, Noted, Rows, Sets, by_cell, pairs, spread, summed
from tracking.bitmaps.notes import Numbered
from tracking.bitmaps.ranges import Ints, borders_of, places, slices
from tracking.bitmaps.samples import is_samples, tells_apart
from tracking.bitmaps.slots import DAY, labels
from tracking.bitmaps.tally import Tally
from tracking.bitmaps.traits import EVERYONE, is_of_session

Name = tuple[str, str]  # (label, trait)

NEUTRAL, ODD = -1, -2  # sets without a session's trait; those that make whoever has them mixed
BITS = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


def keyed(slots: Ints, ids: Ints) -> Ints:
    """Visitors in slots as one number each."""
    found: Ints = slots.astype(np.uint64) << BITS | ids.astype(np.uint64)
    return found


def looked_up(keys: Ints, numbers: Ints, wanted: Ints) -> Ints:
    """The number of each of `wanted`; 0 of those that are not in `keys`, which ascend."""
    at, there = found_in(keys, wanted)
    return np.where(there, numbers[at], 0) if len(keys) else np.zeros(len(wanted), np.int64)


def found_in(keys: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """(where each of `wanted` is in `keys`, which ascend; whether it is there at all)."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return at, keys[at] == wanted


@dataclass(frozen=True)
class Kinds:
    """Distinct sets of traits, and what each of them says about who has it.

    `whole`: the number of the session's traits in each set, NEUTRAL or ODD. `told`: the number of those that samples
    are told apart by, likewise; `told_of`: by the number in `whole`. `followers`: the sets that `whole` numbers,
    without everyone.
    """

    traits: list[str]
    sets: Sets
    own: Sets  # of each set, the traits that are no followers
    other: Sets  # and those that are
    whole: Ints
    told: Ints
    told_of: Ints
    followers: Sets

    @staticmethod
    def of(traits: list[str], sets: Sets) -> "Kinds":
        follows = np.array([is_of_session(trait) for trait in traits], np.bool_)
        apart = np.array([tells_apart(trait) for trait in traits], np.bool_)
        everyone = traits.index(EVERYONE) if EVERYONE in traits else -1
        of_session = follows.copy()
        of_session[everyone : everyone + 1 if everyone >= 0 else 0] = True
        ordered = _ordered(sets.only(of_session[sets.places]))
        whole, first = _numbered(ordered, everyone)
        told, _ = _numbered(ordered.only(apart[ordered.places]), everyone)
        borders = borders_of(ordered.lengths)
        chosen = places(borders[first], ordered.lengths[first])
        firsts = Sets(ordered.lengths[first], ordered.places[chosen])
        of_samples = np.where(ordered.only(~apart[ordered.places]).lengths > 0, ODD, told)
        return Kinds(
            traits,
            sets,
            sets.only(~follows[sets.places]),
            sets.only(follows[sets.places]),
            whole,
            np.where(ordered.lengths > 0, of_samples, NEUTRAL),
            told[first],
            firsts.only(firsts.places != everyone),
        )


def _ordered(sets: Sets) -> Sets:
    """The same sets, the places of each ascending."""
    of_set = np.repeat(np.arange(len(sets.lengths)), sets.lengths)
    return Sets(sets.lengths, sets.places[np.lexsort((sets.places, of_set))])


def _numbered(sets: Sets, everyone: int) -> tuple[Ints, Ints]:
    """(the number of each set, equal ones having the same; for each number the first set that has it).

    ODD, without a number: sets without everyone, and those that name a trait twice.
    """
    borders = borders_of(sets.lengths)
    of_set = np.repeat(np.arange(len(sets.lengths)), sets.lengths)
    twice = np.zeros(len(of_set), np.bool_)
    twice[1:] = (of_set[1:] == of_set[:-1]) & (sets.places[1:] == sets.places[:-1])
    good = np.zeros(len(sets.lengths), np.bool_)
    good[of_set[sets.places == everyone]] = True
    good[of_set[twice]] = False
    numbers: dict[bytes, int] = {}
    first: list[int] = []
    found = np.full(len(good), ODD)
    data = slices(sets.places.astype(np.int64).tobytes(), 8 * borders)
    for place in np.flatnonzero(good).tolist():
        number = numbers.setdefault(data[place], len(numbers))
        if number == len(first):
            first.append(place)
        found[place] = number
    found[sets.lengths == 0] = NEUTRAL
    return found, np.array(first, np.int64)


@dataclass(frozen=True)
class Gathered:
    """Notes of any time zones, under the same numbers of sets."""

    kinds: Kinds
    rows: dict[str, list["_Timed"]]

    @staticmethod
    def of(parts: Iterable[Merged]) -> "Gathered":
        traits, sets = Numbered(), dict[bytes, int]()
        rows: dict[str, list[_Timed]] = defaultdict(list)
        for part in parts:
            numbers = np.array([traits[trait] for trait in part.traits], np.int64)[part.sets.places]
            bounds = borders_of(part.sets.lengths)
            data = slices(numbers.tobytes(), 8 * bounds)
            same = np.array([sets.setdefault(one, len(sets)) for one in data], np.int64)
            for metric, some in part.rows.items():
                rows[metric].append(_Timed.of(part.tz, some._replace(sets=same[some.sets])))
        lengths = np.array([len(one) // 8 for one in sets], np.int64)
        return Gathered(Kinds.of(list(traits), Sets(lengths, np.frombuffer(b"".join(sets), np.int64))), rows)

    def at(self, level: int, wanted: Callable[[str], bool]) -> "Level":
        """The notes by slot, of the slots that are `wanted`."""
        names: dict[str, int] = {}
        noted: dict[str, Noted] = {}
        for metric, parts in self.rows.items():
            if level != DAY and is_samples(metric):
                continue
            found = [timed.at(level, names, wanted) for timed in parts]
            sets, slots, ids, amounts = map(np.concatenate, zip(*found, strict=True))
            many = max(len(names), 1)
            groups, ids, amounts = summed(sets * many + slots, ids, amounts)
            if len(groups):
                noted[metric] = Noted(groups // many, groups % many, ids, amounts)
        return Level(self.kinds, list(names), noted)


class _Timed(NamedTuple):
    """Rows of one time zone: the labels of each minute that is in them, and which of these minutes a row is in."""

    rows: Rows
    labels: list[tuple[str, ...]]
    minute: Ints

    @staticmethod
    def of(tz: ZoneInfo, rows: Rows) -> "_Timed":
        minutes, minute = np.unique(rows.minutes, return_inverse=True)
        return _Timed(rows, [labels(one, tz) for one in minutes.tolist()], minute)

    def at(self, level: int, names: dict[str, int], wanted: Callable[[str], bool]) -> tuple[Ints, Ints, Ints, Ints]:
        """(sets, slots, ids, amounts) of the rows in wanted slots; `names` numbers these."""
        of_minute = [some[level] for some in self.labels]
        known = {name: wanted(name) for name in dict.fromkeys(of_minute)}
        numbers = [names.setdefault(name, len(names)) if known[name] else -1 for name in of_minute]
        slots, rows = np.array(numbers, np.int64)[self.minute], self.rows
        if all(known.values()):
            return rows.sets, slots, rows.visitors, rows.amounts
        chosen = slots >= 0
        return rows.sets[chosen], slots[chosen], rows.visitors[chosen], rows.amounts[chosen]


@dataclass
class Level:
    """What notes make of the slots of one granularity.

    `persons`: visitors in slots who have notes under a session's traits, ascending. `kind` of each: the number of
    their set, ODD where it is not one whole set.
    """

    kinds: Kinds
    labels: list[str]
    noted: dict[str, Noted]
    persons: Ints = field(init=False)
    kind: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.persons, self.kind = self._persons()

    def totals(self) -> tuple[list[Name], dict[str, tuple[Ints, Ints]]]:
        """(names, metric -> (places in names, totals)): how much of each metric there is in all."""
        found = {metric: self._totals(noted) for metric, noted in self.noted.items()}
        cells = np.unique(np.concatenate([some for some, _ in found.values()]))
        return self._named(cells), {m: (np.searchsorted(cells, some), t) for m, (some, t) in found.items()}

    def own(self) -> dict[str, dict[Name, Tally]]:
        """metric -> the tallies under everyone and all that are no followers, label by label."""
        return {metric: self._cells(self.kinds.own, noted) for metric, noted in self.noted.items()}

    def of_mixed(self, mixed: Ints) -> dict[str, dict[Name, Tally]]:
        """metric -> the tallies under followers, of the visitors in slots `mixed` alone."""
        found = {}
        for metric, noted in self.noted.items():
            chosen = found_in(mixed, _owners(metric, noted))[1]
            found[metric] = self._cells(self.kinds.other, Noted(*(column[chosen] for column in noted)))
        return found

    def followed(self, chosen: Ints) -> tuple[list[Name], Ints, Ints]:
        """(names, persons, borders): the followers of the persons at these places, and who has each of them.

        The places of persons are end to end, in the order of names.
        """
        person, trait = pairs(self.kinds.followers, self.kind[chosen])
        person = chosen[person]
        cells = (self.persons[person] >> BITS).astype(np.int64) * len(self.kinds.traits) + trait
        if not len(cells):
            return [], person, borders_of([])
        order = by_cell(cells)
        cells, person = cells[order], person[order]
        first = np.flatnonzero(np.diff(cells, prepend=-1))
        return self._named(cells[first]), person, np.append(first, len(cells))

    def _named(self, cells: Ints) -> list[Name]:
        many = len(self.kinds.traits)
        return [(self.labels[cell // many], self.kinds.traits[cell % many]) for cell in cells.tolist()]

    def _totals(self, noted: Noted) -> tuple[Ints, Ints]:
        """(cells, totals): a cell is a slot and a trait."""
        many, of_sets = len(self.kinds.traits), len(self.kinds.sets.lengths)
        groups, sums = _added(noted.slots * of_sets + noted.sets, noted.amounts)
        row, trait = pairs(self.kinds.sets, groups % of_sets)
        return _added((groups // of_sets)[row] * many + trait, sums[row])

    def _cells(self, sets: Sets, noted: Noted) -> dict[Name, Tally]:
        return {(self.labels[slot], self.kinds.traits[trait]): tally for slot, trait, tally in spread(sets, noted)}

    def _persons(self) -> tuple[Ints, Ints]:
        found: list[tuple[Ints, Ints]] = []
        of_samples: list[tuple[Ints, Ints]] = []
        for metric, noted in self.noted.items():
            kind = (self.kinds.told if is_samples(metric) else self.kinds.whole)[noted.sets]
            chosen = kind != NEUTRAL
            (of_samples if is_samples(metric) else found).append((_owners(metric, noted)[chosen], kind[chosen]))
        keys, kinds = _one_kind(*_joined(found))
        sampled, told = _joined(of_samples)
        persons = np.union1d(keys, sampled)
        kind = np.full(len(persons), ODD)
        kind[np.searchsorted(persons, keys)] = kinds
        at = np.searchsorted(persons, sampled)
        expected = np.append(self.kinds.told_of, [ODD, ODD])[kind[at]]  # ODD and NEUTRAL count from the end
        kind[at[(told == ODD) | (told != expected)]] = ODD
        return persons, kind


def _added(groups: Ints, amounts: Ints) -> tuple[Ints, Ints]:
    """(groups, each once; the sum of its amounts)."""
    if not len(groups):
        return groups, amounts
    order = by_cell(groups)
    groups, amounts = groups[order], amounts[order]
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    return groups[first], np.add.reduceat(amounts, first)


def _owners(metric: str, noted: Noted) -> Ints:
    """The visitors in slots of rows; a sample belongs to the visitor in its upper half."""
    return keyed(noted.slots, noted.ids >> BITS if is_samples(metric) else noted.ids)


def _joined(parts: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    if not parts:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    keys, kinds = map(np.concatenate, zip(*parts, strict=True))
    return keys, kinds


def _one_kind(keys: Ints, kinds: Ints) -> tuple[Ints, Ints]:
    """(keys, each once; the kind of all its rows, ODD where they are of several)."""
    if not len(keys):
        return keys, kinds
    order = np.argsort(keys, kind="stable")
    keys, kinds = keys[order], kinds[order]
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    low, high = np.minimum.reduceat(kinds, first), np.maximum.reduceat(kinds, first)
    return keys[first], np.where(low == high, low, ODD)
