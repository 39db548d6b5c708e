"""The columns of the archive, and the way from rows to tables and files, and back.

A row's entry id, "1764000000000-3", is kept as two numbers, so that the order of receipt is the order
of (entry_ms, entry_seq, ordinal). Text that repeats is dictionary-encoded in memory and in files.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tracking.archive.rows import NO_SESSION, Row

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("entry_ms", pa.int64(), nullable=False),
        pa.field("entry_seq", pa.int64(), nullable=False),
        pa.field("ordinal", pa.int32(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("received", pa.int64(), nullable=False),
        pa.field("visitor", pa.uint32(), nullable=False),
        pa.field("visitor_id", pa.binary(16), nullable=False),
        pa.field("session", pa.binary(16), nullable=False),
        pa.field("name", DICTIONARY, nullable=False),
        pa.field("url", DICTIONARY, nullable=False),
        pa.field("referrer", DICTIONARY, nullable=False),
        pa.field("title", DICTIONARY, nullable=False),
        pa.field("tab", DICTIONARY, nullable=False),
        pa.field("user", DICTIONARY, nullable=False),
        pa.field("attributes", pa.string(), nullable=False),
        pa.field("traits", DICTIONARY, nullable=False),
        pa.field("session_traits", DICTIONARY, nullable=False),
        pa.field("items", pa.string(), nullable=False),
        pa.field("item_traits", pa.string(), nullable=False),
    ]
)
COLUMNS: tuple[str, ...] = tuple(SCHEMA.names)
DICTIONARIES: tuple[str, ...] = tuple(field.name for field in SCHEMA if field.type == DICTIONARY)
RECEIPT = ("entry_ms", "entry_seq", "ordinal")
NUMBERS = ("entry_ms", "entry_seq", "ordinal", "at", "received")
ROWS_A_GROUP = 100_000

_values = attrgetter(*Row.__struct_fields__)
_NONE = pa.scalar(NO_SESSION, pa.binary(16))


def table_of(rows: Sequence[Row]) -> pa.Table:
    """The rows as one table, in their order."""
    if not rows:
        return SCHEMA.empty_table()
    entries, *columns = zip(*map(_values, rows), strict=True)
    # Thousands of rows share an entry.
    parts = {entry: tuple(map(int, entry.split("-"))) for entry in set(entries)}
    ms, seq = zip(*(parts[entry] for entry in entries), strict=True)
    values = [ms, seq, *columns]
    return pa.table([_array(field, some) for field, some in zip(SCHEMA, values, strict=True)], schema=SCHEMA)


def _array(field: pa.Field, values: Sequence[Any]) -> pa.Array:
    if field.type == DICTIONARY:
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, field.type)


def rows_of(table: pa.Table) -> Iterator[Row]:
    """The rows of a table that has all columns."""
    for batch in table.to_batches(max_chunksize=10_000):
        columns = [batch.column(name).to_pylist() for name in COLUMNS]
        for ms, seq, *rest in zip(*columns, strict=True):
            yield Row(f"{ms}-{seq}", *rest)


def empty(columns: Sequence[str] = COLUMNS) -> pa.Table:
    return SCHEMA.empty_table().select(list(columns))


def joined(tables: Iterable[pa.Table]) -> pa.Table:
    """The tables as one, each column in one piece with one dictionary."""
    found = list(tables)
    return pa.concat_tables(found).unify_dictionaries().combine_chunks() if found else empty()


def numbers(table: pa.Table, column: str) -> npt.NDArray[Any]:
    """A column of numbers as a numpy array."""
    found: npt.NDArray[Any] = table.column(column).to_numpy()
    return found


def codes(table: pa.Table, column: str) -> tuple[npt.NDArray[np.int32], list[str]]:
    """A dictionary column as (number of each row's text, texts)."""
    array = _one_piece(table.column(column))
    return array.indices.to_numpy(), array.dictionary.to_pylist()


def encoded(table: pa.Table, column: str) -> tuple[npt.NDArray[np.int32], list[Any]]:
    """Any other column as (number of each row's value, values)."""
    array = table.column(column).combine_chunks().dictionary_encode()
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.indices.to_numpy(), array.dictionary.to_pylist()


def texts(table: pa.Table, column: str) -> list[str]:
    """The distinct texts of a dictionary column, and perhaps some that only other rows had."""
    return list(dict.fromkeys(chain.from_iterable(c.dictionary.to_pylist() for c in table.column(column).chunks)))


def _one_piece(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks() if len(column) else pa.array([], DICTIONARY)


def of_sessions(table: pa.Table) -> pa.Table:
    """The rows of events in sessions: all but sign-ups that were told of later."""
    return table.filter(pc.not_equal(table.column("session"), _NONE))


def of_no_session(table: pa.Table) -> pa.Table:
    """The others."""
    return table.filter(pc.equal(table.column("session"), _NONE))


def by_time(table: pa.Table) -> pa.Table:
    """Sorted by (at, entry, ordinal): the order in which things happened."""
    order = np.lexsort([numbers(table, name) for name in reversed(("at", *RECEIPT))])
    return table.take(order)


def by_name(table: pa.Table) -> pa.Table:
    """Sorted by (name, visitor, at, entry, ordinal): the order that reads little for questions about few names."""
    indices, names = codes(table, "name")
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    key = rank[indices] << 32 | numbers(table, "visitor").astype(np.int64)
    order = np.lexsort([*(numbers(table, name) for name in reversed(("at", *RECEIPT))), key])
    return table.take(order)


class FileWriter:
    """Writes tables into one Parquet file, in row groups of ROWS_A_GROUP. A context: its end completes the file."""

    def __init__(self, sink: BinaryIO) -> None:
        self._writer = pq.ParquetWriter(
            sink,
            SCHEMA,
            compression="zstd",
            use_dictionary=["visitor_id", "session", *DICTIONARIES],
            column_encoding=dict.fromkeys(NUMBERS, "DELTA_BINARY_PACKED"),
            write_statistics=["at", "name", "visitor"],
            store_schema=False,
        )

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=ROWS_A_GROUP)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the footer; after an error into what the store throws away."""
        self._writer.close()
