"""The data set as ClickHouse would hold it: one row an event, its words in LowCardinality columns.

MergeTree on disk, ordered by (name, day, visitor), merged to as few parts as it makes of it: the best
order there is for the questions, which name events and days and count visitors.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.dataset import Dataset
from bench.ground.coded import Coded, columns_of
from bench.ground.columns import Columns
from bench.ground.visits import DAY_MS
from bench.peers import ClickHouse

WORDS = (
    *("name", "page", "entry", "plan", "browser", "version", "platform", "type", "resolution", "language", "country"),
    *("source", "campaign", "channel", "medium", "referrer", "who"),
)
_LOW = ", ".join(f"{word} LowCardinality(String)" for word in WORDS)
CREATE = f"""
    CREATE TABLE events (
        at UInt64, day Date, visitor UInt32, session UInt32, member Bool,
        load_ms Int32, visible_ms Int32, money Int32, {_LOW}
    ) ENGINE = MergeTree ORDER BY (name, day, visitor)
"""


class Loading:
    """Takes the days of a data set into the table `events`. `spare`: a folder for a day's rows on their way."""

    def __init__(self, house: ClickHouse, spare: Path) -> None:
        self._house = house
        self._file = spare / "day.parquet"
        self.seconds = 0.0
        house.query(CREATE)

    def add(self, data: Dataset, events: Columns) -> None:
        pq.write_table(_arrow(data, events), self._file, compression="lz4")
        names = f"at, day, visitor, session, member, load_ms, visible_ms, money, {', '.join(WORDS)}"
        self.seconds += self._house.query(
            f"INSERT INTO events ({names}) SELECT {names} FROM file('{self._file}')"
        ).seconds

    def finish(self) -> int:
        """Merge what was inserted; returns the bytes on disk."""
        self._file.unlink(missing_ok=True)
        self.seconds += self._house.query("OPTIMIZE TABLE events FINAL").seconds
        sizes = self._house.query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'events'")
        return int(sizes.rows[0][0])


def drop_from_page_cache(folder: Path) -> None:
    """Ask the kernel to forget the files of `folder`, so that the next reader takes them from the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def _arrow(data: Dataset, events: Columns) -> Any:
    words = columns_of(data, events)
    plain = {name: pa.array(getattr(events, name)) for name in ("visitor", "session", "load_ms", "visible_ms", "money")}
    days = pa.array((events.at // DAY_MS).astype(np.int32)).cast(pa.date32())
    at, member = pa.array(events.at.astype(np.uint64)), pa.array(events.member)
    return pa.table({"at": at, "day": days, "member": member, **plain, **{name: _words(words[name]) for name in WORDS}})


def _words(column: Coded) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(column.codes.astype(np.int32)), pa.array(column.words))
