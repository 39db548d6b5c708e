"""Bitmaps and tallies anew, from the archive: the same numbers that the drain has made.

    take the drain's lease ─► everything into the archive ─► seal ─► each day: read, note, add up, store
         events wait in the stream meanwhile                            day by day: it can be begun again

A day needs the rest of the sessions it shares with the days around it. Days are the property's own as
its time zone is now, so this is also what a change of the time zone is followed by.
"""

import logging
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta

import django
import pyarrow as pa
import pyarrow.compute as pc

from properties.models import Property
from tracking import lease
from tracking.archive import listing, reader, schema
from tracking.archive.hold import holding
from tracking.archive.notes import COLUMNS, notes_of
from tracking.archive.store import Store, store
from tracking.archive.writer import archive_held
from tracking.bitmaps.layouts import Shelf
from tracking.bitmaps.slots import Granularity, between, midnight
from tracking.cycles import no_search_for_cycles
from tracking.shelves import layout_of, seal_all, shelf_of

log = logging.getLogger(__name__)

LEASE_MS = 600_000
SECONDS_FOR_THE_LEASE = 60
ONE_DAY = timedelta(days=1)
Told = Callable[[date, int], None]  # of each day that is done, and its events


def rebuild(prop: Property, first: date, last: date, told: Told = lambda day, events: None, jobs: int = 1) -> int:
    """Make the numbers of the local days `first` to `last` anew; how many events that were.

    Raises lease.Busy, and tracking.archive.store.StoreError when the archive cannot be read.
    """
    shelf = shelf_of(prop)
    days = [first + number * ONE_DAY for number in range((last - first).days + 1)]
    while True:
        with lease.holding(shelf.client, shelf.keys, LEASE_MS, SECONDS_FOR_THE_LEASE) as token:
            archive_all_of(prop)
            seal_all(prop)
            total = 0
            for day, events in zip(days, _each(prop, days, jobs), strict=True):
                # Who has drained meanwhile has noted what this day does not know of: all must be done again.
                if not lease.renew(shelf.client, shelf.keys, token, LEASE_MS):
                    break
                told(day, events)
                total += events
            else:
                layout_of(prop).days_changed(shelf, [str(day) for day in days])
                return total
        log.warning("property %s: the lease ran out; its rebuild begins again", prop.id)


def days_of_archive(prop: Property) -> tuple[date, date] | None:
    """The first and the last day that may have events; None when there never were any. Archives what waits."""
    shelf = shelf_of(prop)
    archive_all_of(prop)
    days = sorted(listing.look(shelf.client, shelf.keys, store(), prop, tail=False).days)
    return (date.fromisoformat(days[0]) - ONE_DAY, date.fromisoformat(days[-1]) + ONE_DAY) if days else None


def archive_all_of(prop: Property) -> None:
    """Move all that waits into the archive, once nobody else changes it. Raises archive.hold.Busy."""
    shelf = shelf_of(prop)
    with holding(shelf.client, shelf.keys, SECONDS_FOR_THE_LEASE):
        while archive_held(shelf.client, prop, store()):
            pass


def _each(prop: Property, days: list[date], jobs: int) -> Iterator[int]:
    if jobs <= 1:
        yield from (rebuild_day(prop.id, day) for day in days)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=django.setup) as pool:
        yield from pool.map(rebuild_day, [prop.id] * len(days), days)


@no_search_for_cycles()
def rebuild_day(property_id: int, day: date) -> int:
    """Make the numbers of one local day anew; how many events it has. The caller holds the lease."""
    prop = Property.objects.get(id=property_id)
    shelf, layout, archived = shelf_of(prop), layout_of(prop), store()
    table = _with_neighbours(archived, prop, day)
    start, end = midnight(day, prop.tz), midnight(day + ONE_DAY, prop.tz)
    notes = notes_of(table, prop.tz, _ms(start), _ms(end))
    granularities = [list(Granularity)[level] for level in _levels(shelf, end)]
    labels = [slot.label for granularity in granularities for slot in between(start, end, granularity, shelf.tz)]
    layout.replace(shelf, labels, notes)
    at = schema.numbers(schema.of_sessions(table), "at")
    return int(((at >= _ms(start)) & (at < _ms(end))).sum())


def _with_neighbours(archived: Store, prop: Property, day: date) -> pa.Table:
    """The rows of a day, and those of the sessions it shares with the days before and after."""
    rows = _rows(archived, prop, day)
    sessions = schema.of_sessions(rows).column("session").unique()
    before = _of_sessions(_rows(archived, prop, day - ONE_DAY), sessions)
    found, following = [before, rows], day + ONE_DAY
    while len(sessions):
        after = _of_sessions(_rows(archived, prop, following), sessions)
        if not after.num_rows:
            break
        found.append(after)
        following += ONE_DAY
    return schema.joined(found)


def _rows(archived: Store, prop: Property, day: date) -> pa.Table:
    tables = list(reader.scan(archived, prop, day, day, COLUMNS))
    return schema.joined(tables) if tables else schema.empty(COLUMNS)


def _of_sessions(rows: pa.Table, sessions: pa.ChunkedArray) -> pa.Table:
    return rows.filter(pc.is_in(rows.column("session"), value_set=sessions))


def _levels(shelf: Shelf, end: datetime) -> list[int]:
    """The granularities that are kept of a day: its minutes and hours are forgotten some time."""
    age = datetime.now(UTC) - end
    kept = [level for level, limit in enumerate((shelf.kept.minutes, shelf.kept.hours)) if limit is None or age < limit]
    return [*kept, 2]


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000
