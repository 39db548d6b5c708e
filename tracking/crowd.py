"""Counting people instead of virtual visitors: several browsers of one person count once.

Every operand of a question is mapped to people before the set operations, or "who did this and not
that" would find somebody who did both in two browsers. The table of aliases also applies to the past.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap

from properties.models import Property
from tracking.bitmaps.roaring import bitmap_of, ids_of
from tracking.bitmaps.tally import Ids
from tracking.shelves import shelf_of


@dataclass(frozen=True, eq=False)
class Crowd:
    """Who stands for whom: visitor `aliases[n]` is counted as visitor `people[n]`."""

    aliased: BitMap
    aliases: Ids
    people: Ids

    @staticmethod
    def of(table: Mapping[int, int]) -> "Crowd":
        aliases = sorted(table)
        return Crowd(
            BitMap(aliases),
            np.array(aliases, np.uint32),
            np.array([table[alias] for alias in aliases], np.uint32),
        )

    def people_of(self, visitors: BitMap) -> BitMap:
        """The people whom `visitors` are, each by the visitor that stands for them."""
        some = visitors & self.aliased
        if not some:
            return visitors
        standing = self.people[np.searchsorted(self.aliases, ids_of(some))]
        return (visitors - some) | bitmap_of(np.unique(standing))


def crowd(prop: Property) -> Crowd:
    """The people of a property as they are known now."""
    shelf = shelf_of(prop)
    table = shelf.client.hgetall(shelf.keys.aliases)
    return Crowd.of({int(alias): int(person) for alias, person in table.items()})
