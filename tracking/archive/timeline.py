"""What some visitors did last, newest first."""

import heapq
from collections.abc import Collection, Iterator
from datetime import date

from pyroaring import BitMap
from redis import Redis

from properties.models import Property
from tracking.archive import reader, schema
from tracking.archive.listing import File, View, folder, look
from tracking.archive.reader import Lookup, Wanted
from tracking.archive.rows import Row
from tracking.archive.store import Store
from tracking.keys import Keys

Place = tuple[int, int, int, int]


def timeline(
    store: Store, client: Redis, prop: Property, visitors: BitMap, limit: int, *, days: Collection[date] | None = None
) -> list[Row]:
    """The newest `limit` events of these visitor indexes (one, or all of a person), newest first.

    Archive and not yet archived rows together, in the order of (at, entry, ordinal). `days`: the only
    local days to look at, where it is known on which they were seen; without it, everything there is may
    be read. Raises Changed, StoreError.
    """
    if limit < 1:
        return []
    view = look(client, Keys(prop.account_id, prop.id), store, prop)
    wanted = Wanted(visitors=Lookup(visitors))
    spans = None if days is None else [Wanted.of(prop, day, day, None, None) for day in days]
    newest = _Newest(limit, spans)
    newest.add(reader.matching(reader.tail(view), wanted))
    for day, file in _latest_first(store, prop, view):
        if file.last < newest.oldest_kept:
            break
        if newest.may_take(file):
            path = f"{folder(prop, day)}/{file.name}"
            for table in reader.read(store, path, file, schema.COLUMNS, wanted):
                newest.add(table)
    return newest.rows()


class _Newest:
    """The newest rows of all that were added, within the spans."""

    def __init__(self, limit: int, spans: list[Wanted] | None) -> None:
        self._limit = limit
        self._spans = spans
        self._kept: list[tuple[Place, Row]] = []  # a heap: the oldest first

    @property
    def oldest_kept(self) -> int:
        """What is older than this cannot be among the newest any more."""
        return self._kept[0][0][0] if len(self._kept) == self._limit else reader.FOREVER[0]

    def may_take(self, file: File) -> bool:
        return self._spans is None or any(file.first < span.end and file.last >= span.start for span in self._spans)

    def add(self, table: object) -> None:
        for row in schema.rows_of(table):
            if self._spans is None or any(span.start <= row.at < span.end for span in self._spans):
                place = (_place(row), row)
                if len(self._kept) < self._limit:
                    heapq.heappush(self._kept, place)
                else:
                    heapq.heappushpop(self._kept, place)

    def rows(self) -> list[Row]:
        return [row for _, row in sorted(self._kept, key=lambda kept: kept[0], reverse=True)]


def _place(row: Row) -> Place:
    ms, _, seq = row.entry.partition("-")
    return row.at, int(ms), int(seq), row.ordinal


def _latest_first(store: Store, prop: Property, view: View) -> Iterator[tuple[str, File]]:
    return iter(sorted(reader.files(store, prop, view), key=lambda found: found[1].last, reverse=True))
