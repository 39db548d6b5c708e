"""How many distinct names a family of traits may have in a day: the rest count under `(other)`. Pure.

Addresses with an id in them, or somebody who plays with query strings, could make any number of
names. The first of a day keep theirs; what comes when the family is full is counted, but not named.

Which names a day has is at hand while events of that day come. After that its totals tell: what its events
were counted under, and what the sessions that began on it were.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracking.bitmaps import traits
from tracking.bitmaps.notes import TraitSet

KEPT_SECONDS = 48 * 3600  # the names of a day, after they were needed last
TWO_PARTS = ("utm:", "cfg:", "attr:")  # utm:source and utm:term are families of their own


@dataclass
class Names:
    """`known`: the names of each day. `fresh`: those that are not at hand yet. `whole`: sets with nothing to cap."""

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
        if trait == other(kind):
            return trait
        sizes = self._sizes.get(day)
        if sizes is None:
            sizes = self._sizes[day] = Counter(family(name) for name in known)
        if sizes[kind] >= self.limit:
            return other(kind)
        sizes[kind] += 1
        known.add(trait)
        self.fresh.setdefault(day, set()).add(trait)
        return trait


def names_of(of_events: Iterable[str], of_sessions: Iterable[str]) -> set[str]:
    """The names of a day. `of_events`, `of_sessions`: the traits that have a total of events, of sessions begun."""
    own = {name for name in of_events if not traits.is_of_session(name) and not traits.is_entry_or_exit(name)}
    named = own | {name for name in of_sessions if traits.is_of_session(name)}
    return {name for name in named if name != other(family(name))}


def family(trait: str) -> str:
    """What is counted together: `page`, `src`, `utm:source`, `attr:colour`."""
    parts = trait.split(":", 2)
    return ":".join(parts[:2]) if trait.startswith(TWO_PARTS) else parts[0]


def other(kind: str) -> str:
    """The trait of those that a full family does not name."""
    return traits.source(traits.OTHER) if kind == "src" else f"{kind}:{traits.OTHER}"
