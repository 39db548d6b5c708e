"""How many distinct names a family of traits may have in a day: the rest count under `(other)`. Pure.

Addresses with an id in them, or somebody who plays with query strings, could make any number of
names. The first of a day keep theirs; what comes when the family is full is counted, but not named.
"""

from collections import Counter
from dataclasses import dataclass, field

from tracking.bitmaps import traits
from tracking.bitmaps.notes import TraitSet

TWO_PARTS = ("utm:", "cfg:", "attr:")  # utm:source and utm:term are families of their own


@dataclass
class Names:
    """`known`: the names of each day. `fresh`: those that this batch adds. `whole`: sets with nothing to cap."""

    limit: int
    known: dict[str, set[str]]
    fresh: dict[str, set[str]] = field(default_factory=dict)
    whole: dict[str, set[TraitSet]] = field(default_factory=dict)
    _sizes: dict[str, Counter[str]] = field(default_factory=dict)

    def page(self, path: str, day: str) -> str:
        """The path, or `(other)` when the day has too many."""
        trait = traits.page(path)
        return path if self._capped(trait, day) == trait else traits.OTHER

    def capped(self, some: TraitSet, day: str) -> TraitSet:
        """Each trait its own or that of the others. What has been asked before is answered at once."""
        if some in self.whole.setdefault(day, set()):
            return some
        capped = "\n".join([self._capped(trait, day) for trait in some.split("\n")])
        if capped == some:
            self.whole[day].add(some)
        return capped

    def _capped(self, trait: str, day: str) -> str:
        known = self.known.setdefault(day, set())
        if trait in known:
            return trait
        kind = family(trait)
        sizes = self._sizes.get(day)
        if sizes is None:
            sizes = self._sizes[day] = Counter(family(name) for name in known)
        if sizes[kind] >= self.limit:
            return other(kind)
        sizes[kind] += 1
        known.add(trait)
        self.fresh.setdefault(day, set()).add(trait)
        return trait


def family(trait: str) -> str:
    """What is counted together: `page`, `src`, `utm:source`, `attr:colour`."""
    parts = trait.split(":", 2)
    return ":".join(parts[:2]) if trait.startswith(TWO_PARTS) else parts[0]


def other(kind: str) -> str:
    """The trait of those that a full family does not name."""
    return traits.source(traits.OTHER) if kind == "src" else f"{kind}:{traits.OTHER}"
