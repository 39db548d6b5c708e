"""Files that were written before there were as many columns."""

from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from properties.models import Property
from tests.tracking.archive.material import BreakingStore, append, client, ordered, read_files, some_rows
from tracking.archive.writer import archive

LATER = ["items", "item_traits"]


def test_what_they_do_not_have_is_empty(prop: Property, store: BreakingStore) -> None:
    some = some_rows(60)
    append(prop, some)
    archive(client(prop), prop, store)
    for path in Path(store.root).rglob("*.parquet"):
        pq.write_table(pq.read_table(path, partitioning=None).drop_columns(LATER), path)
    expected = [msgspec.structs.replace(row, items="", item_traits="") for row in some]
    assert read_files(store, prop) == ordered(expected) != ordered(some)
