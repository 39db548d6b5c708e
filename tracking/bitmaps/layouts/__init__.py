"""How marks are written and bitmaps read back. Chosen for each property when it is made.

    seed     the seed's keys to the letter; any Redis client reads them            seed.py
    packed   a log of marks, folded into compressed bitmaps, many to a key         packed.py

One small interface, so that the tests of one layout are the tests of all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from pyroaring import BitMap

from tracking.bitmaps.addresses import Address
from tracking.keys import Keys


class Mark(NamedTuple):
    """One visitor under one trait in one UTC minute (minutes since 1970)."""

    trait: str
    visitor_index: int
    minute: int


class Layout(Protocol):
    def add(self, pipe: Any, keys: Keys, marks: Iterable[Mark], tz: ZoneInfo) -> None:
        """Queue the commands that set `marks`, at all five granularities, into an open transaction."""

    def load(self, client: Any, keys: Keys, addresses: Sequence[Address]) -> dict[Address, BitMap]:
        """The bitmaps at `addresses`, in one round trip; an empty one where nothing was marked."""

    def waiting(self, client: Any, keys: Keys) -> int:
        """How many bytes of marks wait to be sealed; 0 in a layout that needs no sealing."""

    def seal(self, client: Any, keys: Keys) -> None:
        """Fold what waits into the bitmaps. It can be broken off anywhere and done again."""

    def addresses(self, client: Any, keys: Keys) -> Iterator[Address]:
        """Every sealed bitmap there is, in no order; some may come twice. Reads the whole node."""

    def store(self, client: Any, keys: Keys, bitmaps: Mapping[Address, BitMap]) -> None:
        """Make `bitmaps` what these addresses hold, whatever they held."""

    def remove(self, client: Any, keys: Keys) -> None:
        """Delete every bitmap of the property in this layout."""
