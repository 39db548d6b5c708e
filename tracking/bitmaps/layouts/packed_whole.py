"""A sealed slot as a whole: every trait's complete tallies out of what is kept, and back into notes.

Who erases visitors or changes the layout thinks in complete tallies: metric -> trait -> numbers of all
visitors. To store them again they are made notes of: for plain visitors under the set of their traits,
for mixed ones under each trait alone, which is what makes them mixed (plain.py).
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from pyroaring import BitMap

from tracking.bitmaps import roaring, values
from tracking.bitmaps.folding import Noted, Sets
from tracking.bitmaps.layouts import ByMetric
from tracking.bitmaps.layouts.packed_fields import Packed, Reading
from tracking.bitmaps.layouts.packed_plain import MIXED, follows, of_visitors
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.plain import BITS, Kinds, Level, found_in, keyed, looked_up
from tracking.bitmaps.ranges import Ints, slices
from tracking.bitmaps.roaring import bitmap_of
from tracking.bitmaps.samples import is_samples, tells_apart
from tracking.bitmaps.tally import EMPTY, Tally, apart, together
from tracking.bitmaps.traits import EVERYONE, is_of_session


class Whole:
    """What is sealed of one slot. Everyone's numbers are read once."""

    def __init__(self, reading: Reading, label: str) -> None:
        self.label = label
        self._reading = reading
        self._everyone: dict[str, Tally] = {}

    def bitmaps(self, traits: Sequence[str]) -> list[BitMap]:
        [packed] = self._reading.fields([(self._reading.keys.sealed, self._names(traits))])
        return [BitMap.deserialize(one) if one else BitMap() for one in packed]

    def tallies(self, wanted: Mapping[str, Sequence[str]], among: BitMap | None = None) -> dict[str, dict[str, Tally]]:
        """The complete tallies of each metric's traits. `among`: of followers those of these visitors are enough."""
        followed = list({trait: None for metric, some in wanted.items() for trait in some if follows(metric, trait)})
        bitmaps = dict(zip(followed, self.bitmaps(followed), strict=True))
        plain = {t: (who if among is None else who & among) - self._mixed for t, who in bitmaps.items()}
        everyone = self._everyones([metric for metric in wanted if plain])
        found: dict[str, dict[str, Tally]] = {}
        for packed in self._reading.packed([(metric, self._names(traits)) for metric, traits in wanted.items()]):
            metric, traits = packed.metric, wanted[packed.metric]
            kept = self._of_events(packed, bitmaps) if metric == EVENTS else packed.tallies()
            found[metric] = {
                trait: of_visitors(metric, everyone[metric], plain[trait]) + own if follows(metric, trait) else own
                for trait, own in zip(traits, kept, strict=True)
            }
        return found

    @cached_property
    def _mixed(self) -> BitMap:
        [mixed] = self.bitmaps([MIXED])
        return mixed

    def _everyones(self, metrics: Sequence[str]) -> Mapping[str, Tally]:
        asked = [(metric, self._names([EVERYONE])) for metric in metrics if metric not in self._everyone]
        for packed in self._reading.packed(asked):
            [self._everyone[packed.metric]] = packed.tallies()
        return self._everyone

    def _of_events(self, packed: Packed, bitmaps: Mapping[str, BitMap]) -> list[Tally]:
        """What is kept of events: the counts of a follower are those of its mixed visitors."""
        own = list(packed.own)
        for place, (_, trait) in enumerate(packed.names):
            if trait in bitmaps:
                own[place] = (bitmaps[trait] & self._mixed).serialize()
        ids, borders = roaring.unpack(own)
        return apart(ids, values.unpack(packed.counts, borders), borders)

    def _names(self, traits: Sequence[str]) -> list[tuple[str, str]]:
        return [(self.label, trait) for trait in traits]


def level_of(label: str, by_metric: ByMetric) -> Level:
    """Notes that make these tallies."""
    plain = _plain(by_metric)
    traits = list(dict.fromkeys([EVERYONE, *(trait for some in by_metric.values() for trait in some)]))
    places = {trait: place for place, trait in enumerate(traits)}
    sets = _Sets(len(traits))
    of_session, of_samples = (sets.of(plain, by_metric, places, is_wide) for is_wide in (False, True))
    noted = {}
    for metric, by_trait in by_metric.items():
        who, number = of_samples if is_samples(metric) else of_session
        rows = []
        for trait, tally in by_trait.items():
            owners = tally.ids >> BITS if is_samples(metric) else tally.ids
            at, there = found_in(who, owners)
            if trait == EVERYONE:
                set_of = np.where(there, number[at], places[EVERYONE]) if len(number) else np.full(len(owners), 0)
                rows.append((set_of, tally.ids, tally.values))
            else:
                left = ~there if follows(metric, trait) else np.ones(len(owners), np.bool_)
                rows.append((np.full(int(left.sum()), places[trait]), tally.ids[left], tally.values[left]))
        if sum(len(some[1]) for some in rows):
            numbers, ids, amounts = map(np.concatenate, zip(*rows, strict=True))
            order = np.argsort(ids, kind="stable")
            noted[metric] = Noted(numbers[order], np.zeros(len(ids), np.int64), ids[order], amounts[order])
    return Level(Kinds.of(traits, sets.sets()), [label], noted)


class _Sets:
    """Each trait alone, and after them the sets of plain visitors."""

    def __init__(self, traits: int) -> None:
        self._first = traits
        self._numbers: dict[bytes, int] = {}

    def of(self, plain: Ints, by_metric: ByMetric, places: Mapping[str, int], is_wide: bool) -> tuple[Ints, Ints]:
        """(plain visitors, the set of each): everyone and their followers, of samples those that tell apart."""
        chosen = {
            trait: tally
            for trait, tally in by_metric.get(EVENTS, {}).items()
            if trait == EVERYONE or (is_of_session(trait) and (tells_apart(trait) or not is_wide))
        }
        ids, _, borders = together(list(chosen.values()))
        trait = np.repeat(np.array([places[name] for name in chosen], np.int64), np.diff(borders))
        kept = found_in(plain, ids)[1]
        ids, trait = ids[kept], trait[kept]
        order = np.lexsort((trait, ids))
        ids, trait = ids[order], trait[order]
        who, starts = np.unique(ids, return_index=True)
        data = slices(trait.tobytes(), 8 * np.append(starts, len(ids)))
        numbers = [self._first + self._numbers.setdefault(one, len(self._numbers)) for one in data]
        return who, np.array(numbers, np.int64)

    def sets(self) -> Sets:
        lengths = [1] * self._first + [len(one) // 8 for one in self._numbers]
        whole = np.frombuffer(b"".join(self._numbers), np.int64)
        return Sets(np.array(lengths, np.int64), np.concatenate((np.arange(self._first), whole)))


def _plain(by_metric: ByMetric) -> Ints:
    """The visitors who have under each follower what they have under everyone, or no events there and nothing."""
    events = by_metric.get(EVENTS, {})
    everyone = events.get(EVERYONE, EMPTY)
    strange = [everyone.ids[everyone.values <= 0]]
    names = [trait for trait in events if is_of_session(trait)]
    ids, _, borders = together([events[trait] for trait in names])
    members = keyed(np.repeat(np.arange(len(names)), np.diff(borders)), ids)
    numbers = {trait: place for place, trait in enumerate(names)}
    for metric, by_trait in by_metric.items():
        known = by_trait.get(EVERYONE, EMPTY)
        followers = {trait: tally for trait, tally in by_trait.items() if is_of_session(trait)}
        own, amounts, ends = together(list(followers.values()))
        owners = own >> BITS if is_samples(metric) else own
        number = np.repeat(np.array([numbers.get(trait, -1) for trait in followers], np.int64), np.diff(ends))
        here = np.repeat(np.array([follows(metric, trait) for trait in followers], np.bool_), np.diff(ends))
        right = here & (number >= 0) & found_in(members, keyed(np.maximum(number, 0), owners))[1]
        right &= looked_up(known.ids, known.values, own) == amounts
        strange.append(owners[~right])
        strange.append(_incomplete(metric, known, own, names, [events[trait] for trait in names]))
    bad = bitmap_of(np.unique(np.concatenate(strange).astype(np.uint32)))
    return np.array((everyone.who() - bad).to_array(), np.uint32)


def _incomplete(metric: str, everyone: Tally, own: Ints, names: Sequence[str], events: Sequence[Tally]) -> Ints:
    """The visitors of everyone's numbers that are not under just as many followers as they have events of."""
    asked = [tally.ids for name, tally in zip(names, events, strict=True) if follows(metric, name)]
    expected, counted = _counted(np.concatenate([np.empty(0, np.uint32), *asked]))
    found, times = _counted(own)
    owners = everyone.ids >> BITS if is_samples(metric) else everyone.ids
    strange: Ints = owners[looked_up(expected, counted, owners) != looked_up(found, times, everyone.ids)]
    return strange


def _counted(ids: Ints) -> tuple[Ints, Ints]:
    found, times = np.unique(ids, return_counts=True)
    return found, times
