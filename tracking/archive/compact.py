"""Days that are over: many small files become one, sorted by (name, visitor, at, entry, ordinal).

Questions about few names or visitors then read few row groups of it. Late events make new files
beside it, which are put into it when they are many. The new file counts, and the old ones do not,
from the EXEC that names the day's new manifest.

The day is written in passes of at most ROWS_A_PASS rows, each a range of (name, visitor), so that the
memory needed does not grow with the day but for eight bytes a row.
"""

import logging
import secrets
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from redis import Redis
from redis.exceptions import WatchError

from properties.models import Property
from tracking.archive import listing, schema
from tracking.archive.hold import Busy, holding
from tracking.archive.listing import File, Manifest, folder
from tracking.archive.reader import Wanted, read
from tracking.archive.store import Store
from tracking.archive.writer import today
from tracking.keys import Keys

log = logging.getLogger(__name__)

LATE_FILES = 8
ROWS_A_PASS = 1_000_000
KEY = ("name", "visitor")


def compact(client: Redis, prop: Property, store: Store) -> int:
    """Compact the days that are over and need it; how many. 0 when somebody else changes the archive.

    Raises StoreError and what connections raise: then the days that were not done are for the next time.
    """
    keys, done = Keys(prop.account_id, prop.id), 0
    try:
        with holding(client, keys):
            with listing.changing(client, keys, store, prop) as (_, state):
                days = sorted(day for day in state.days if day < today(prop))
            for day in days:
                done += compact_day(client, prop, store, day)
    except (Busy, WatchError) as error:
        log.info("%s is compacted the next time: %s", keys.archived, error)
    return done


def compact_day(client: Redis, prop: Property, store: Store, day: str) -> bool:
    """Compact one day for who holds the archive; whether it needed it. Raises WatchError: nothing counts."""
    keys = Keys(prop.account_id, prop.id)
    with listing.changing(client, keys, store, prop) as (pipe, state):
        before = listing.load(store, prop, day, state.days.get(day, ""))
        if not needs_it(before):
            return False
        name = f"sorted_{before.version + 1:08}_{secrets.token_hex(8)}.parquet"
        _write(store, prop, day, before, name)
        whole = File(
            name,
            before.rows,
            min(file.first for file in before.files),
            max(file.last for file in before.files),
            "name",
        )
        fields = listing.succeed(store, prop, state, day, remove={file.name for file in before.files}, add=[whole])
        pipe.multi()
        pipe.hset(keys.archived, mapping=fields)
        pipe.execute()
        return True


def needs_it(manifest: Manifest) -> bool:
    """Whether no file is sorted by name yet, or many have come since."""
    late = sum(file.order != "name" for file in manifest.files)
    return late >= LATE_FILES or (late > 0 and late == len(manifest.files))


def _write(store: Store, prop: Property, day: str, manifest: Manifest, name: str) -> None:
    names = _names(store, prop, day, manifest)
    ranks = {text: rank for rank, text in enumerate(names)}
    borders = _borders(np.concatenate([_keys(table, ranks) for table in _tables(store, prop, day, manifest, KEY)]))

    def write(sink: BinaryIO) -> None:
        with schema.FileWriter(sink) as writer:
            for low, high in pairwise(borders):
                whole = _tables(store, prop, day, manifest, schema.COLUMNS)
                some = (_between(table, ranks, low, high) for table in whole)
                writer.write(schema.by_name(schema.joined(some)))

    store.put(f"{folder(prop, day)}/{name}", write)


def _tables(store: Store, prop: Property, day: str, manifest: Manifest, columns: tuple[str, ...]) -> Iterator[pa.Table]:
    for file in manifest.files:
        yield from read(store, f"{folder(prop, day)}/{file.name}", file, columns, Wanted())


def _names(store: Store, prop: Property, day: str, manifest: Manifest) -> list[str]:
    """The names of the day's events, sorted."""
    tables = _tables(store, prop, day, manifest, ("name",))
    return sorted({text for table in tables for text in schema.texts(table, "name")})


def _keys(table: pa.Table, ranks: dict[str, int]) -> npt.NDArray[np.int64]:
    """(place of the name) << 32 | visitor."""
    indices, names = schema.codes(table, "name")
    ranked = np.array([ranks[name] for name in names], np.int64)
    keys: npt.NDArray[np.int64] = ranked[indices] << 32 | schema.numbers(table, "visitor").astype(np.int64)
    return keys


def _borders(keys: npt.NDArray[np.int64]) -> list[int]:
    """Where to cut the keys, so that a piece has about ROWS_A_PASS rows; the last border is after all."""
    keys.sort()
    cuts: list[Any] = np.unique(keys[::ROWS_A_PASS]).tolist()
    return [*cuts, int(keys[-1]) + 1]


def _between(table: pa.Table, ranks: dict[str, int], low: int, high: int) -> pa.Table:
    keys = _keys(table, ranks)
    return table.filter(pa.array((keys >= low) & (keys < high)))
