"""From the archive's stream to Parquet files, each row once.

    WATCH archived ── an intent? ── none: read up to 32 MB after the position, MULTI HSET intent EXEC
    WATCH archived ── read position … intent ── a file and a manifest for each day of it
        MULTI  position = intent · no intent · the days' manifests · XTRIM behind it  EXEC

The intent makes a repeat after a crash take the same range and write the same bytes under the same
names. What a crash leaves before EXEC is listed by no manifest that counts. After an error nothing is
sent again: the next run reads the position, which tells whether the range is done.

Rows are put by the local day of their own time, in files
<account>/<property>/<day>/<first entry>_<last entry>.parquet, sorted by (at, entry, ordinal).
"""

import logging
from datetime import UTC, datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
from pyroaring import BitMap
from redis import Redis
from redis.exceptions import WatchError

from properties.models import Property
from tracking import poison
from tracking.archive import listing, rows, schema
from tracking.archive.hold import Busy, holding
from tracking.archive.listing import State, folder
from tracking.archive.store import Store
from tracking.bitmaps.slots import labels
from tracking.keys import Keys
from tracking.stream import FIELD, after

log = logging.getLogger(__name__)

BYTES_A_RANGE = 32_000_000  # of msgpack; a tenth of a million rows and more
ENTRIES_A_READ = 50

Entry = tuple[bytes, dict[bytes, bytes]]


def archive(client: Redis, prop: Property, store: Store) -> int:
    """Move what waits in the stream into files, and return how many rows that were.

    0 when somebody else is at it or changes the archive meanwhile. Raises StoreError, and ConnectionError,
    TimeoutError and cluster.connections.MOVED, after which the next call goes on from wherever the position is.
    """
    keys = Keys(prop.account_id, prop.id)
    try:
        with holding(client, keys):
            return archive_held(client, prop, store)
    except (Busy, WatchError) as error:
        log.info("%s is gone on with the next time: %s", keys.archived, error)
        return 0


def archive_held(client: Redis, prop: Property, store: Store) -> int:
    """As `archive`, for who holds the archive already. Raises WatchError when others change it all the same."""
    keys, total = Keys(prop.account_id, prop.id), 0
    while _intend(client, keys, prop, store):
        total += _move(client, keys, prop, store)
    return total


def _intend(client: Redis, keys: Keys, prop: Property, store: Store) -> bool:
    """Whether there is something to move; if so, the intent says up to where. Raises WatchError."""
    with listing.changing(client, keys, store, prop) as (pipe, state):
        if state.intent:
            return True
        last, size, full = state.position, 0, True
        while full and size < BYTES_A_RANGE:
            entries = pipe.xrange(keys.archive, min=f"({last}", count=ENTRIES_A_READ)
            full = len(entries) == ENTRIES_A_READ
            for entry_id, fields in entries:
                if size >= BYTES_A_RANGE:
                    break
                size += len(fields.get(FIELD, b""))
                last = entry_id.decode()
        if last == state.position:
            return False
        pipe.multi()
        pipe.hset(keys.archived, "intent", last)
        pipe.execute()
        return True


def _move(client: Redis, keys: Keys, prop: Property, store: Store) -> int:
    """Move the range up to the intent, and return its rows. Raises WatchError: then nothing counts."""
    with listing.changing(client, keys, store, prop) as (pipe, state):
        if not state.intent:
            raise WatchError("Another worker has moved the range.")
        entries = pipe.xrange(keys.archive, min=f"({state.position}", max=state.intent)
        table, unreadable = read_entries(entries)
        if unreadable:
            poison.check_room(pipe, keys)
        manifests = _write_days(store, prop, state, table, f"{_name(entries)}.parquet" if entries else "")
        pipe.multi()
        pipe.hset(keys.archived, mapping={"position": state.intent, **manifests})
        pipe.hdel(keys.archived, "intent")
        poison.set_aside(pipe, keys, [(entry_id, fields.get(FIELD, b"")) for entry_id, fields in unreadable])
        pipe.xtrim(keys.archive, minid=after(state.intent), approximate=False)
        pipe.execute()
        return int(table.num_rows)


def _name(entries: list[Entry]) -> str:
    return f"{entries[0][0].decode()}_{entries[-1][0].decode()}"


def read_entries(entries: list[Entry], visitors: BitMap | None = None) -> tuple[pa.Table, list[Entry]]:
    """The rows of stream entries in their order, of all visitors or of these; and the entries that cannot be read."""
    tables, unreadable = [], []
    for entry_id, fields in entries:
        try:
            found = rows.decode(fields.get(FIELD, b""))
            wanted = found if visitors is None else [row for row in found if row.visitor in visitors]
            tables.append(schema.table_of(wanted))
        except (msgspec.DecodeError, ValueError, pa.ArrowException) as error:
            log.error("an entry of the archive's stream cannot be read: %s", error)
            unreadable.append((entry_id, fields))
    return schema.joined(tables), unreadable


def _write_days(store: Store, prop: Property, state: State, table: pa.Table, name: str) -> dict[str, str]:
    """Write a file and a manifest for each day of the table; the fields of the hash that name them."""
    fields: dict[str, str] = {}
    for day, rows_of_day in _days(table, prop.tz).items():
        written = write_file(store, f"{folder(prop, day)}/{name}", schema.by_time(rows_of_day), "at")
        fields |= listing.succeed(store, prop, state, day, remove=set(), add=[written])
    return fields


def _days(table: pa.Table, tz: ZoneInfo) -> dict[str, pa.Table]:
    """The rows of each local day, by its label."""
    minutes, which = np.unique(schema.numbers(table, "at") // 60_000, return_inverse=True)
    names = [labels(int(minute), tz)[2] for minute in minutes]
    days = sorted(set(names))
    day_of_row = np.array([days.index(name) for name in names], np.int64)[which]
    return {day: table.take(np.flatnonzero(day_of_row == number)) for number, day in enumerate(days)}


def write_file(store: Store, path: str, table: pa.Table, order: str) -> listing.File:
    """Write the rows of a table as a file, and say what a manifest has to. Raises StoreError."""

    def write(sink: BinaryIO) -> None:
        with schema.FileWriter(sink) as writer:
            writer.write(table)

    store.put(path, write)
    return listing.file_of(path.rpartition("/")[2], table, order)


def today(prop: Property) -> str:
    """The local day that it is now."""
    return labels(int(datetime.now(UTC).timestamp()) // 60, prop.tz)[2]
