"""How marks are written and bitmaps read back. Chosen for each property when it is made.

One small interface, so that the tests of one layout are the tests of all.
"""

from collections.abc import Iterable, Sequence
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
