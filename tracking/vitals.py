"""How a property's events are doing on their way: what waits where, and for how long."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cluster.connections import data
from properties.models import Property
from tracking.bitmaps.addresses import TallyAddress
from tracking.bitmaps.layouts import Request
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.slots import Granularity, Slot, between
from tracking.bitmaps.traits import EVERYONE
from tracking.keys import Keys
from tracking.once import BEFORE
from tracking.progress import Progress
from tracking.reading import read

HOUR_MINUTES = 60


@dataclass(frozen=True)
class Vitals:
    """`entries`, `waiting`: of the stream; how many events are in it. `lag_seconds`: the age of the oldest of them.

    `marks_bytes`: notes that are not folded into bitmaps. `archive_entries`: batches on their way to the archive.
    `drops`: of one day, by reason.
    """

    taken: int = 0
    counted: int = 0
    entries: int = 0
    waiting: int = 0
    lag_seconds: float = 0.0
    marks_bytes: int = 0
    archive_entries: int = 0
    poison: int = 0
    drops: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Throughput:
    """Events counted in the last whole minute, and in the last 60 whole minutes."""

    minute: int
    hour: int


def vitals(owners: Sequence[tuple[int, int]], today: date) -> list[Vitals]:
    """Of each (account, property). `today` (UTC) is the day of the drops. Two round trips in all."""
    asked = data().pipeline(transaction=False)
    for owner in owners:
        _ask(asked, owner, today)
    replies: list[Any] = asked.execute() if owners else []
    of_each = [replies[place : place + ASKED] for place in range(0, len(replies), ASKED)]
    waiting = [owner for owner, found in zip(owners, of_each, strict=True) if found[0]]
    firsts = data().pipeline(transaction=False)
    for owner in waiting:
        firsts.xrange(Keys(*owner).ingest, count=1)
    first_of = dict(zip(waiting, firsts.execute() if waiting else [], strict=True))
    return [_vitals(found, first_of.get(owner, [])) for owner, found in zip(owners, of_each, strict=True)]


ASKED = 8


def _ask(pipe: Any, owner: tuple[int, int], today: date) -> None:
    keys = Keys(*owner)
    pipe.xlen(keys.ingest)
    pipe.hgetall(keys.progress)
    pipe.get(keys.taken)
    pipe.strlen(keys.notes)
    pipe.strlen(keys.sealing)
    pipe.xlen(keys.archive)
    pipe.xlen(keys.poison)
    pipe.hgetall(keys.drops(today.isoformat()))


def _vitals(found: list[Any], first: list[Any]) -> Vitals:
    entries, progress, taken, notes, sealing, archive, poison, drops = found
    total = int(taken or 0)
    waiting, lag = 0, 0.0
    if first:
        entry_id, fields = first[0]
        # Entries that were put back by hand do not say how many events came before them.
        waiting = total - int(fields[BEFORE]) if BEFORE in fields else entries
        lag = max(time.time() - int(entry_id.partition(b"-")[0]) / 1000, 0.0)
    return Vitals(
        taken=total,
        counted=Progress.from_hash(progress).events,
        entries=entries if first else 0,
        waiting=waiting,
        lag_seconds=lag,
        marks_bytes=notes + sealing,
        archive_entries=archive,
        poison=poison,
        drops={reason.decode(): int(number) for reason, number in drops.items()},
    )


def throughput(prop: Property, now: datetime) -> Throughput:
    """How many events the property had lately, by the events' own time."""
    end = now.astimezone(UTC).replace(second=0, microsecond=0)
    slots: list[Slot] = list(between(end - timedelta(minutes=HOUR_MINUTES), end, Granularity.MINUTE, prop.tz))
    asked = [TallyAddress(EVENTS, EVERYONE, slot.label) for slot in slots]
    found = read(prop, Request(tallies=asked)).tallies
    minutes = [found[address].total() for address in asked]
    return Throughput(minute=minutes[-1], hour=sum(minutes))
