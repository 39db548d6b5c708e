"""Rows of the archive and of what is not archived yet, as tables, each row once.

A View (listing.look) is the archive and the rest of its stream at one moment. `scan` and `live` read
what the view names, whatever the archiver does meanwhile: replaced files stay for a day.
Days are the property's as its time zone is now: rows are chosen by their own time, not by the folder
they are in, so a changed time zone moves no file.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pyroaring import BitMap
from redis import Redis

from cluster.connections import shard
from properties.models import Property
from tracking.archive import listing, schema
from tracking.archive.listing import Changed, File, View, folder, look
from tracking.archive.store import Missing, Store, StoreError
from tracking.archive.writer import read_entries
from tracking.bitmaps.slots import midnight
from tracking.bitmaps.tally import member_mask
from tracking.keys import Keys

# No two time zones are further apart, so no row is further from the folder of its day.
ZONES_APART = timedelta(days=2)
FOREVER = (-(1 << 62), 1 << 62)


@dataclass(frozen=True)
class Wanted:
    """Which rows: start <= at < end in ms since 1970; of these names; of these visitors. None: of all."""

    start: int = FOREVER[0]
    end: int = FOREVER[1]
    names: frozenset[str] | None = None
    visitors: "Lookup | None" = None

    @staticmethod
    def of(prop: Property, first: date, last: date, names: Collection[str] | None, visitors: BitMap | None) -> "Wanted":
        """Of the local days `first` to `last`, both included."""
        return Wanted(
            start=_ms(first, prop),
            end=_ms(last + timedelta(days=1), prop),
            names=None if names is None else frozenset(names),
            visitors=None if visitors is None else Lookup(visitors),
        )


class Lookup:
    """Which visitor indexes are in a set, for whole arrays at once: one byte for each up to the largest."""

    def __init__(self, visitors: BitMap) -> None:
        self.visitors = visitors
        # The last place is for all that are larger.
        self._among = member_mask(visitors, visitors.max() + 1 if visitors else 0)

    def mask(self, visitors: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        among: npt.NDArray[np.bool_] = self._among[np.minimum(visitors, len(self._among) - 1)]
        return among

    def any_between(self, first: int, last: int) -> bool:
        return bool(self.visitors.range_cardinality(first, last + 1))


def scan(
    store: Store,
    prop: Property,
    first: date,
    last: date,
    columns: Sequence[str],
    *,
    names: Collection[str] | None = None,
    visitors: BitMap | None = None,
    view: View | None = None,
) -> Iterator[pa.Table]:
    """The archived rows of the local days `first` to `last`, both included, as tables of `columns`.

    No order is promised. Dictionary columns stay dictionary arrays. `names` and `visitors` choose rows;
    `view` says as of when, else now. Raises ValueError for an unknown column, Changed, StoreError.
    """
    keys = Keys(prop.account_id, prop.id)
    view = view or look(shard(keys.archived), keys, store, prop, tail=False)
    wanted = Wanted.of(prop, first, last, names, visitors)
    for day, file in files(store, prop, view, first - ZONES_APART, last + ZONES_APART):
        yield from read(store, f"{folder(prop, day)}/{file.name}", file, columns, wanted)


def everything(
    store: Store,
    client: Redis,
    prop: Property,
    first: date,
    last: date,
    *,
    columns: Sequence[str],
    names: Collection[str] | None = None,
    visitors: BitMap | None = None,
) -> Iterator[pa.Table]:
    """As `scan`, and then the rows that are not archived yet."""
    view = look(client, Keys(prop.account_id, prop.id), store, prop)
    yield from scan(store, prop, first, last, columns, names=names, visitors=visitors, view=view)
    rest = matching(tail(view), Wanted.of(prop, first, last, names, visitors))
    if rest.num_rows:
        yield rest.select(list(columns))


def live(client: Redis, keys: Keys) -> pa.Table:
    """All rows that are not archived yet, in order of receipt, with all columns."""
    entries: Any = client.xrange(keys.archive)
    return read_entries(entries)[0]


def tail(view: View, visitors: BitMap | None = None) -> pa.Table:
    """The rows that were not archived yet, of all visitors or of these, in order of receipt, with all columns."""
    return read_entries(view.tail, visitors)[0]


def files(
    store: Store, prop: Property, view: View, first: date | None = None, last: date | None = None
) -> Iterator[tuple[str, File]]:
    """The files of the folders `first` to `last`, each with its folder's day. Raises Changed, StoreError."""
    low, high = str(first or date.min), str(last or date.max)
    for day in sorted(day for day in view.days if low <= day <= high):
        for file in _manifest(store, prop, day, view).files:
            yield day, file


def _manifest(store: Store, prop: Property, day: str, view: View) -> listing.Manifest:
    try:
        return listing.load(store, prop, day, view.days[day])
    except Missing as missing:
        raise Changed(str(missing)) from missing


def read(store: Store, path: str, file: File, columns: Sequence[str], wanted: Wanted) -> Iterator[pa.Table]:
    """The wanted rows of one file, a table for each row group. Raises ValueError, Changed, StoreError."""
    if unknown := set(columns) - set(schema.COLUMNS):
        raise ValueError(f"The archive has no column {sorted(unknown)[0]!r}.")
    if file.last < wanted.start or file.first >= wanted.end:
        return
    needed = list(dict.fromkeys([*columns, *_needed(file, wanted)]))
    try:
        source = store.open(path)
    except Missing as missing:
        raise Changed(str(missing)) from missing
    with source:
        with _readable(path):
            parquet = pq.ParquetFile(source, read_dictionary=[n for n in needed if n in schema.DICTIONARIES])
        for number in range(parquet.num_row_groups):
            with _readable(path):
                table = _row_group(parquet, number, needed, wanted)
            if table is not None and table.num_rows:
                yield table.select(list(columns))


@contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def _row_group(parquet: pq.ParquetFile, number: int, needed: Sequence[str], wanted: Wanted) -> pa.Table | None:
    """The wanted rows of a row group; None where its statistics or its visitors say that there are none."""
    if not _may_have(parquet.metadata.row_group(number), wanted) or not _has_visitors(parquet, number, wanted):
        return None
    table = parquet.read_row_group(number, columns=list(needed) or ["ordinal"])
    return matching(_typed(table, needed), wanted)


def _needed(file: File, wanted: Wanted) -> Iterator[str]:
    """The columns that say whether a row is wanted."""
    if wanted.names is not None:
        yield "name"
    if wanted.visitors is not None:
        yield "visitor"
    if file.first < wanted.start or file.last >= wanted.end:
        yield "at"


def _typed(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """In the schema's own types, each column in one piece. What files of before did not have is empty text."""
    fields = [schema.SCHEMA.field(name) for name in columns]
    for name in set(columns) - set(table.column_names):
        table = table.append_column(name, pa.repeat("", table.num_rows))
    return table.select(list(columns)).unify_dictionaries().combine_chunks().cast(pa.schema(fields))


def _has_visitors(parquet: pq.ParquetFile, number: int, wanted: Wanted) -> bool:
    """Whether a wanted visitor is in the row group: one narrow column, before all the others are read."""
    if wanted.visitors is None:
        return True
    return bool(wanted.visitors.mask(schema.numbers(parquet.read_row_group(number, ["visitor"]), "visitor")).any())


def _may_have(group: pq.RowGroupMetaData, wanted: Wanted) -> bool:
    """Whether the row group's statistics allow that a wanted row is in it."""
    for number in range(group.num_columns):
        column = group.column(number)
        known = column.statistics
        if known is None or not known.has_min_max:
            continue
        low, high = known.min, known.max
        match column.path_in_schema:
            case "at" if high < wanted.start or low >= wanted.end:
                return False
            case "name" if wanted.names is not None and not any(low <= name <= high for name in wanted.names):
                return False
            case "visitor" if wanted.visitors is not None and not wanted.visitors.any_between(low, high):
                return False
    return True


def matching(table: pa.Table, wanted: Wanted) -> pa.Table:
    """The wanted rows of a table. A column it has not got says nothing."""
    mask = np.ones(table.num_rows, np.bool_)
    if "at" in table.column_names:
        at = schema.numbers(table, "at")
        mask &= (at >= wanted.start) & (at < wanted.end)
    if wanted.visitors is not None:
        mask &= wanted.visitors.mask(schema.numbers(table, "visitor"))
    if wanted.names is not None:
        indices, names = schema.codes(table, "name")
        mask &= np.array([name in wanted.names for name in names], np.bool_)[indices] if len(indices) else True
    return table if mask.all() else table.filter(pa.array(mask))


def _ms(day: date, prop: Property) -> int:
    return int(midnight(day, prop.tz).timestamp()) * 1000
