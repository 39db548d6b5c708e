"""Erasing visitors from the archive: afterwards no file holds a row of them.

    hold the archive ─► move what waits in the stream into files ─► raise `changes`
      ─► for each day with rows of them: new files without them, a new manifest, EXEC
      ─► delete every file that no manifest names

`changes` stops whoever wrote without the hold: their EXEC is refused, and they begin again from files
that have no such rows. A crash leaves the days that are done; a repeat does the others and deletes
what was left. Readers that began before get listing.Changed.
"""

import secrets
from typing import BinaryIO

import pyarrow as pa
from pyroaring import BitMap
from redis import Redis
from redis.exceptions import WatchError

from cluster.connections import shard
from properties.models import Property
from tracking.archive import cleaning, listing, schema
from tracking.archive.hold import Busy, holding
from tracking.archive.listing import File, folder
from tracking.archive.reader import Lookup, Wanted, read
from tracking.archive.store import Store
from tracking.archive.writer import archive_held
from tracking.keys import Keys

PATIENCE_SECONDS = 60


def erase(store: Store, prop: Property, visitors: BitMap) -> int:
    """Remove every row of these visitor indexes, and return how many rows that were.

    Raises Busy when the archive is not free within a minute or is changed by others, StoreError, and
    what connections raise: then it may be done in part, and is to be called again.
    """
    keys = Keys(prop.account_id, prop.id)
    client = shard(keys.archived)
    with holding(client, keys, PATIENCE_SECONDS):
        try:
            archive_held(client, prop, store)
            with listing.changing(client, keys, store, prop) as (pipe, state):
                pipe.multi()
                pipe.hincrby(keys.archived, "changes", 1)
                pipe.execute()
            lookup = Lookup(visitors)
            removed = sum(_erase_day(client, store, prop, day, lookup) for day in sorted(state.days))
            cleaning.clean_held(client, store, prop, store.folders(folder(prop)), grace_ms=0)
            return removed
        except WatchError:
            raise Busy("The archive of this property was changed meanwhile; try again.") from None


def forget(store: Store, account_id: int, property_id: int) -> None:
    """Remove all of a property's files; its keys in Valkey are for others. Raises StoreError."""
    store.delete_folder(f"{account_id}/{property_id}")


def _erase_day(client: Redis, store: Store, prop: Property, day: str, visitors: Lookup) -> int:
    keys = Keys(prop.account_id, prop.id)
    with listing.changing(client, keys, store, prop) as (pipe, state):
        before = listing.load(store, prop, day, state.days[day])
        replaced = {file.name: _without(store, prop, day, file, visitors) for file in before.files}
        changed = {name: new for name, new in replaced.items() if new is None or new.name != name}
        if not changed:
            return 0
        fields = listing.succeed(
            store, prop, state, day, remove=set(changed), add=[new for new in changed.values() if new]
        )
        after = listing.load(store, prop, day, next(iter(fields.values())))
        pipe.multi()
        pipe.hset(keys.archived, mapping=fields)
        pipe.execute()
        return before.rows - after.rows


def _without(store: Store, prop: Property, day: str, file: File, visitors: Lookup) -> File | None:
    """The file itself, or a new one without the rows of the visitors; None when no row would be left."""
    path = f"{folder(prop, day)}/{file.name}"
    theirs = sum(table.num_rows for table in read(store, path, file, ["visitor"], Wanted(visitors=visitors)))
    if not theirs:
        return file
    if theirs == file.rows:
        return None
    name = f"{file.name.removesuffix('.parquet').partition('.')[0]}.{secrets.token_hex(4)}.parquet"
    times: list[int] = []

    def write(sink: BinaryIO) -> None:
        with schema.FileWriter(sink) as writer:
            for table in read(store, path, file, schema.COLUMNS, Wanted()):
                kept = table.filter(pa.array(~visitors.mask(schema.numbers(table, "visitor"))))
                if kept.num_rows:
                    at = schema.numbers(kept, "at")
                    times.extend((int(at.min()), int(at.max())))
                    writer.write(kept)

    store.put(f"{folder(prop, day)}/{name}", write)
    return File(name, file.rows - theirs, min(times), max(times), file.order)
