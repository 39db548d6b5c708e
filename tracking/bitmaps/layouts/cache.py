"""Sealed slots that this process has read, kept until they change or memory is needed for others.

A property's fields are true at one generation. A reader learns with every request which labels have
changed since, and drops those. The newest used are kept, up to a limit for all properties together.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

DEFAULT_LIMIT_BYTES = 256 * 1024 * 1024
UNKNOWN = -1  # no generation
OVERHEAD_BYTES = 200  # of an entry: its key, its object, its place in the order


class Field(NamedTuple):
    """One field of a sealed hash: what it is read as, and where it is. `trait` is empty for totals."""

    kind: int
    metric: str
    label: str
    trait: str


class Sized(NamedTuple):
    value: Any
    size: int  # bytes


@dataclass(frozen=True)
class Held:
    """What is known of a property at one generation; 0 is that of one that was never sealed."""

    generation: int = UNKNOWN
    folded: frozenset[str] = frozenset()  # months and years that are made


@dataclass
class Cache:
    limit: int = DEFAULT_LIMIT_BYTES
    size: int = 0
    _held: dict[str, Held] = field(default_factory=dict)
    _values: "OrderedDict[tuple[str, Field], Sized]" = field(default_factory=OrderedDict)
    _by_label: dict[tuple[str, str], set[Field]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def held(self, prefix: str) -> Held:
        with self._lock:
            return self._held.get(prefix, Held())

    def values(self, prefix: str, fields: Iterable[Field], generation: int) -> dict[Field, Any]:
        """Those of `fields` that are held, if they are still those of `generation`."""
        found: dict[Field, Any] = {}
        with self._lock:
            if self._held.get(prefix, Held()).generation != generation:
                return found
            for wanted in fields:
                if sized := self._values.get((prefix, wanted)):
                    self._values.move_to_end((prefix, wanted))
                    found[wanted] = sized.value
        return found

    def keep(self, prefix: str, values: Mapping[Field, Sized], generation: int) -> None:
        """Hold what was read at `generation`, unless the property has moved on since."""
        with self._lock:
            if self._held.get(prefix, Held()).generation != generation:
                return
            for place, sized in values.items():
                self._drop(prefix, place)
                self._values[(prefix, place)] = sized
                self._by_label.setdefault((prefix, place.label), set()).add(place)
                self.size += sized.size + OVERHEAD_BYTES
            while self.size > self.limit and self._values:
                self._drop(*next(iter(self._values)))

    def move_on(self, prefix: str, before: Held, now: Held, changed: Iterable[str] | None) -> None:
        """The property is at another generation: drop what is in the `changed` labels, or everything (None)."""
        with self._lock:
            if self._held.get(prefix, Held()) != before:
                return  # another thread was first; whoever is behind asks again
            self._held[prefix] = now
            if changed is None:
                changed = [label for owner, label in self._by_label if owner == prefix]
            for label in changed:
                for place in list(self._by_label.get((prefix, label), ())):
                    self._drop(prefix, place)

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
            self._values.clear()
            self._by_label.clear()
            self.size = 0

    def _drop(self, prefix: str, place: Field) -> None:
        sized = self._values.pop((prefix, place), None)
        if sized is None:
            return
        self.size -= sized.size + OVERHEAD_BYTES
        of_label = self._by_label[(prefix, place.label)]
        of_label.discard(place)
        if not of_label:
            del self._by_label[(prefix, place.label)]


cache = Cache()
