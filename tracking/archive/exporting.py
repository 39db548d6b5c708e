"""Rows as CSV, as JSON lines or as Parquet, for other programs.

In CSV and JSON times are ISO 8601 in UTC and ids are uuids. In CSV a text that a spreadsheet would take for
a formula, beginning with = + - @, a tab or a carriage return, gets an apostrophe before it (OWASP, "CSV
Injection"); numbers are written as numbers. In JSON attributes are an object, items and traits lists.
Parquet has the archive's own columns.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO
from uuid import UUID

import msgspec
import pyarrow as pa

from tracking.archive import schema
from tracking.archive.rows import ITEM_SEPARATOR, Row

FIELDS = Row.__struct_fields__
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Counted = Iterator[int]


def write_csv(tables: Iterable[pa.Table], out: BinaryIO) -> Counted:
    """Write a line for each row, after one with the columns' names. Yields how many rows each step wrote."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(FIELDS)
    for table in tables:
        writer.writerows([_cell(value) for value in _plain(row)] for row in schema.rows_of(table))
        yield table.num_rows
    text.detach()


def write_ndjson(tables: Iterable[pa.Table], out: BinaryIO) -> Counted:
    """Write a JSON object for each row, one a line. Yields how many rows each step wrote."""
    encoder = msgspec.json.Encoder()
    for table in tables:
        for row in schema.rows_of(table):
            values = dict(zip(FIELDS, _plain(row), strict=True))
            values["attributes"] = msgspec.Raw((row.attributes or "{}").encode())
            values["items"] = msgspec.Raw((row.items or "[]").encode())
            values["item_traits"] = [
                some.split("\n") if some else [] for some in row.item_traits.split(ITEM_SEPARATOR) if row.items
            ]
            values["traits"] = row.traits.split("\n") if row.traits else []
            values["session_traits"] = row.session_traits.split("\n") if row.session_traits else []
            out.write(encoder.encode(values) + b"\n")
        yield table.num_rows


def write_parquet(tables: Iterable[pa.Table], out: BinaryIO) -> Counted:
    """Write one Parquet file. Yields how many rows each step wrote."""
    with schema.FileWriter(out) as writer:
        for table in tables:
            writer.write(table)
            yield table.num_rows


FORMATS: dict[str, Callable[[Iterable[pa.Table], BinaryIO], Counted]] = {
    "csv": write_csv,
    "ndjson": write_ndjson,
    "parquet": write_parquet,
}


def _plain(row: Row) -> Iterator[object]:
    """The row's values, times and ids as text."""
    for name in FIELDS:
        value = getattr(row, name)
        if name in ("at", "received"):
            yield datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        elif isinstance(value, bytes):
            yield str(UUID(bytes=value))
        else:
            yield value


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
