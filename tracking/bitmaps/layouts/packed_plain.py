"""What the packed layout keeps so that numbers of plain visitors (plain.py) are there once.

    sealed::2026-11-24   everyone  ████████████   counts, sums   everyone  ████████████   of all
                         src:news  ███ ██  █                     src:news     █           of the mixed among them
                         geo:DE     ███  ██                      geo:DE           █
                         ~mixed       █   █
    counts::2026-11-24   ~sizes    how many followers each of everyone's visitors has, and one

    numbers under src:news  =  everyone's, of (src:news − ~mixed)  +  what is kept under src:news

`~sizes` tells, without a look at all the bitmaps of a slot, whether somebody who comes again under a set of
traits has that very set: they are in the bitmap of each of these traits, and of no more. It means nothing
for mixed visitors.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pyroaring import BitMap

from tracking.bitmaps import roaring, values
from tracking.bitmaps.layouts.packed_fields import Reading
from tracking.bitmaps.plain import BITS, keyed
from tracking.bitmaps.ranges import Ints, borders_of, places
from tracking.bitmaps.roaring import ids_of
from tracking.bitmaps.samples import is_samples, tells_apart
from tracking.bitmaps.tally import EMPTY, Tally, apart, member_mask
from tracking.bitmaps.traits import EVERYONE, is_of_session

MIXED, SIZES = "~mixed", "~sizes"  # no trait begins so
SELDOM = 16  # fewer than one in so many: they are looked up one by one


class Roll(NamedTuple):
    """Who is in slots, as it is sealed: visitors in slots (plain.keyed), ascending.

    `counts` and `sizes` belong to `keys`, which are everyone's.
    """

    keys: Ints
    counts: Ints
    sizes: Ints
    mixed: Ints


def roll_of(reading: Reading, labels: Sequence[str]) -> Roll:
    """The roll of the slots; their places in `labels` are the numbers of the slots."""
    every, mixed, sizes = ([(label, trait) for label in labels] for trait in (EVERYONE, MIXED, SIZES))
    keys = reading.keys
    found = reading.fields([(keys.sealed, every), (keys.sealed, mixed), (keys.counts, every), (keys.counts, sizes)])
    ids, borders = roaring.unpack(found[0])
    of_mixed, ends = roaring.unpack(found[1])
    slots = np.arange(len(labels))
    return Roll(
        keyed(np.repeat(slots, np.diff(borders)), ids),
        values.unpack(found[2], borders),
        values.unpack(found[3], borders),
        keyed(np.repeat(slots, np.diff(ends)), of_mixed),
    )


def follows(metric: str, trait: str) -> bool:
    """Whether the numbers of plain visitors under the trait are those under everyone."""
    return is_of_session(trait) and (tells_apart(trait) or not is_samples(metric))


def of_visitors(metric: str, tally: Tally, who: BitMap) -> Tally:
    """The numbers of the visitors `who`; of samples, theirs."""
    if not len(tally) or not who:
        return EMPTY
    if is_samples(metric):
        return _samples_of(tally, who)
    if len(who) * SELDOM < len(tally):
        ids = ids_of(who)
        at = np.minimum(np.searchsorted(tally.ids, ids), len(tally.ids) - 1)
        at = at[tally.ids[at] == ids]
        return Tally(tally.ids[at], tally.values[at])
    chosen = member_mask(who, int(tally.ids[-1]))[tally.ids]
    return Tally(tally.ids[chosen], tally.values[chosen])


def of_each(metric: str, tally: Tally, some: Sequence[BitMap]) -> list[Tally]:
    """The numbers of the visitors of each bitmap."""
    borders = borders_of([len(who) for who in some])
    if is_samples(metric) or not len(tally.ids) or int(borders[-1]) * SELDOM < int(tally.ids[-1]):
        return [of_visitors(metric, tally, who) for who in some]
    # As many look-ups as there are places up to the last visitor: a table of all places answers them fastest.
    ids = np.concatenate([ids_of(who) for who in some])
    last = int(tally.ids[-1])
    table = np.zeros(last + 2, np.int64)
    table[tally.ids] = tally.values
    numbers = table[np.minimum(ids, last + 1)]
    there = numbers != 0
    return apart(ids[there], numbers[there], borders_of(there)[borders])


def _samples_of(tally: Tally, who: BitMap) -> Tally:
    if len(who) * SELDOM < len(tally):
        ids = ids_of(who).astype(np.uint64)
        first, end = np.searchsorted(tally.ids, ids << BITS), np.searchsorted(tally.ids, (ids + np.uint64(1)) << BITS)
        at = places(first, end - first)
        return Tally(tally.ids[at], tally.values[at])
    visitors = (tally.ids >> BITS).astype(np.int64)
    chosen = member_mask(who, int(visitors[-1]))[visitors]
    return Tally(tally.ids[chosen], tally.values[chosen])
