"""How notes are written and bitmaps, tallies and totals read back. Chosen for each property when it is made.

    packed   a log of notes, folded into compressed bitmaps and columns, many to a key    packed.py
    seed     the seed's keys to the letter; any Redis client reads them                   seed.py

One small interface, so that the tests of one layout are the tests of all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol
from zlib import crc32
from zoneinfo import ZoneInfo

from pyroaring import BitMap

from tracking.bitmaps.addresses import Address, TallyAddress
from tracking.bitmaps.folding import Merged
from tracking.bitmaps.notes import Notes
from tracking.bitmaps.slots import DAY_LENGTH
from tracking.bitmaps.tally import Tally
from tracking.keys import Keys


class Kept(NamedTuple):
    """How long slots of the two finest granularities are kept after their end; None for ever."""

    minutes: timedelta | None = None
    hours: timedelta | None = None

    def until(self, label: str) -> datetime | None:
        """When the slot may go; some time later for each, so that they do not all go at once.

        Minutes and hours are named by their start in UTC, whatever the time zone is or was.
        """
        if len(label) <= DAY_LENGTH:
            return None
        is_minute = label.count("-") == 4
        after = self.minutes if is_minute else self.hours
        if after is None:
            return None
        jitter = timedelta(seconds=crc32(label.encode()) % max(int(after.total_seconds()) // 10, 1))
        year, month, day, hour, minute, *_ = (*map(int, label.replace("+", "-").split("-")), 0)
        begun = datetime(year, month, day, hour, minute, tzinfo=UTC)
        return begun + (timedelta(minutes=1) if is_minute else timedelta(hours=1)) + after + jitter


FOR_EVER = Kept()


@dataclass(frozen=True)
class Shelf:
    """Where the bitmaps of one property are."""

    client: Any
    keys: Keys
    tz: ZoneInfo
    kept: Kept = FOR_EVER

    def expiry(self, label: str) -> tuple[bool, int | None]:
        """(whether the slot is gone already, the second since 1970 when it goes or None)."""
        until = self.kept.until(label)
        return (until is not None and until <= datetime.now(UTC), int(until.timestamp()) if until else None)


@dataclass(frozen=True)
class Request:
    """What a page needs: bitmaps, tallies, and (metric, label) for the totals of every trait in a slot."""

    bitmaps: Sequence[Address] = ()
    tallies: Sequence[TallyAddress] = ()
    totals: Sequence[tuple[str, str]] = ()


@dataclass
class Found:
    """The answer to a Request. What never was is an empty bitmap, tally or dictionary."""

    bitmaps: dict[Address, BitMap] = field(default_factory=dict)
    tallies: dict[TallyAddress, Tally] = field(default_factory=dict)
    totals: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)


def metrics_of(shelf: Shelf) -> list[str]:
    """Every metric that was ever noted of the property."""
    return sorted(metric.decode() for metric in shelf.client.smembers(shelf.keys.metrics))


ByMetric = Mapping[str, Mapping[str, Tally]]  # metric -> trait -> tally


class Layout(Protocol):
    def add(self, shelf: Shelf, pipe: Any, notes: Notes) -> None:
        """Queue the commands that add `notes`, at all five granularities, into an open transaction."""

    def load(self, shelf: Shelf, request: Request) -> Found:
        """What is asked for, in one round trip."""

    def waiting(self, shelf: Shelf) -> int:
        """How many bytes of notes wait to be sealed; 0 in a layout that needs no sealing."""

    def seal(self, shelf: Shelf) -> None:
        """Fold what waits into the bitmaps. It can be broken off anywhere and done again."""

    def close(self, shelf: Shelf, now: datetime) -> None:
        """Make months of days and years of months, of those that are over at `now`."""

    def slots(self, shelf: Shelf) -> Iterator[str]:
        """The label of every slot that holds something. Nothing waits to be sealed."""

    def present(self, shelf: Shelf, labels: Sequence[str]) -> set[str]:
        """Those of `labels` whose slots hold something, sealed."""

    def read(self, shelf: Shelf, label: str) -> Mapping[str, Mapping[str, Tally]]:
        """Everything in a slot: metric -> trait -> tally."""

    def store(self, shelf: Shelf, label: str, by_metric: ByMetric) -> None:
        """Make `by_metric` what a slot holds, whatever it held."""

    def replace(self, shelf: Shelf, labels: Sequence[str], notes: Merged) -> None:
        """Make `notes` what these slots (days and finer) hold, whatever they held. Notes of others are left out."""

    def days_changed(self, shelf: Shelf, days: Sequence[str]) -> None:
        """These days were stored anew: whatever is made of them is made anew, now or later."""

    def remove(self, shelf: Shelf) -> None:
        """Delete every bitmap, tally and total of the property in this layout."""
