"""Compaction and cleaning change the files, never the rows."""

import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from pyroaring import BitMap
from redis.exceptions import WatchError

from properties.models import Property
from tests.pipeline import raw
from tests.tracking.archive.material import (
    EVER,
    NAMES,
    BreakingStore,
    Broken,
    append,
    client,
    keys,
    ordered,
    read_all,
    read_files,
    some_rows,
)
from tracking.archive import cleaning, compact, reader, schema, writer
from tracking.archive.compact import compact_day
from tracking.archive.hold import holding
from tracking.archive.listing import Changed, folder, look
from tracking.archive.rows import Row
from tracking.archive.writer import archive
from tracking.bitmaps.slots import labels

DAYS = ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"]


@pytest.fixture(autouse=True)
def a_later_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's rows are of days that are over."""
    monkeypatch.setattr(compact, "today", lambda prop: "2026-11-30")


def fill(prop: Property, store: BreakingStore, batches: int = 3) -> list[Row]:
    expected = []
    for seed in range(1, batches + 1):
        some = some_rows(60, seed, days=3)
        append(prop, some)
        archive(client(prop), prop, store)
        expected += some
    return expected


def data_files(store: BreakingStore, day: str) -> set[str]:
    return {path.name for path in Path(store.root).rglob(f"{day}/*.parquet")}


def listed(prop: Property, store: BreakingStore) -> list[str]:
    return [file.order for _, file in reader.files(store, prop, look(client(prop), keys(prop), store, prop))]


def test_a_day_becomes_one_file_sorted_by_name_and_visitor(
    prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "ROWS_A_PASS", 7)
    expected = fill(prop, store)
    assert compact.compact(client(prop), prop, store) == 4
    assert compact.compact(client(prop), prop, store) == 0
    assert listed(prop, store) == ["name"] * 4
    assert read_files(store, prop) == ordered(expected)
    for file in Path(store.root).rglob("sorted_*.parquet"):
        rows = pq.read_table(file).to_pylist()
        found = [tuple(row[n] for n in ("name", "visitor", "at", *schema.RECEIPT)) for row in rows]
        assert found == sorted(found)


def test_the_day_that_is_not_over_stays(prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "today", lambda prop: "2026-11-24")
    fill(prop, store)
    compact.compact(client(prop), prop, store)
    assert listed(prop, store) == ["name"] * 3 + ["at"] * 3


def test_late_files_are_taken_in_when_they_are_many(prop: Property, store: BreakingStore) -> None:
    expected = fill(prop, store)
    compact.compact(client(prop), prop, store)
    for seed in range(10, 10 + compact.LATE_FILES):
        assert not compact_day(client(prop), prop, store, DAYS[2])
        some = [row for row in some_rows(100, seed, days=3) if "2026-11-23" in day_of(row)]
        append(prop, some)
        archive(client(prop), prop, store)
        expected += some
    assert compact_day(client(prop), prop, store, DAYS[2])
    assert read_files(store, prop) == ordered(expected)


def day_of(row: Row) -> str:
    return str(labels(row.at // 60_000, ZoneInfo("UTC"))[2])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_of_the_store_changes_no_row(prop: Property, store: BreakingStore, after: bool) -> None:
    expected = fill(prop, store, batches=2)
    for call in range(1, 100):
        store.arm(call, after=after)
        try:
            compact_day(client(prop), prop, store, DAYS[1])
        except Broken:
            store.arm(0, after=False)
            assert read_all(store, prop) == ordered(expected)
        else:
            store.arm(0, after=False)
            break
    assert call > 5
    assert read_files(store, prop) == ordered(expected)


def test_names_and_visitors_choose_rows(prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "ROWS_A_GROUP", 5)
    expected = fill(prop, store)
    archived_before = [compact_day(client(prop), prop, store, day) for day in DAYS[:2]]
    assert archived_before == [True, True]
    for names in ([], ["signup"], NAMES[:3], ["no such"]):
        for visitors in (BitMap(), BitMap([2]), BitMap([1, 6, 900])):
            tables = reader.scan(store, prop, *EVER, schema.COLUMNS, names=names, visitors=visitors)
            found = ordered(list(schema.rows_of(schema.joined(tables))))
            assert found == ordered([row for row in expected if row.name in names and row.visitor in visitors])


def test_columns_keep_their_types(prop: Property, store: BreakingStore) -> None:
    fill(prop, store)
    tables = list(reader.scan(store, prop, *EVER, ["traits", "visitor"], names=["signup"]))
    assert {table.schema for table in tables} == {schema.empty(["traits", "visitor"]).schema}
    with pytest.raises(ValueError, match="no column 'ip'"):
        list(reader.scan(store, prop, *EVER, ["ip"]))


def test_replaced_files_stay_for_a_day_and_leftovers_go(
    prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fill(prop, store)
    view = look(client(prop), keys(prop), store, prop)
    compact.compact(client(prop), prop, store)
    assert len(data_files(store, DAYS[1])) == 4
    assert cleaning.clean(client(prop), prop, store) == 0
    before = schema.joined(reader.scan(store, prop, *EVER, schema.COLUMNS, view=view))
    assert ordered(list(schema.rows_of(before))) == ordered(expected)
    later = time.time() + 25 * 3600
    monkeypatch.setattr("tracking.archive.cleaning.time.time", lambda: later)
    assert cleaning.clean(client(prop), prop, store) > 0
    assert len(data_files(store, DAYS[1])) == 1
    assert read_files(store, prop) == ordered(expected)
    with pytest.raises(Changed):
        list(reader.scan(store, prop, *EVER, ["at"], view=view))


def test_compaction_under_an_archiver_is_refused_or_right(prop: Property, store: BreakingStore) -> None:
    """Somebody archives between the first look and the EXEC of a compaction that thinks it is alone."""
    expected = fill(prop, store)
    more = some_rows(50, seed=9, days=3)

    class Meddling(BreakingStore):
        done = False

        def put(self, path: str, write: Any) -> None:
            super().put(path, write)
            if not self.done:
                self.done = True
                append(prop, more)
                writer.archive_held(client(prop), prop, store)

    with pytest.raises(WatchError):
        compact_day(client(prop), prop, Meddling(store.root), DAYS[1])
    assert read_files(store, prop) == ordered(expected + more)


def test_who_finds_the_archive_held_does_nothing(prop: Property, store: BreakingStore) -> None:
    fill(prop, store)
    with holding(client(prop), keys(prop)):
        assert compact.compact(client(prop), prop, store) == 0
        assert cleaning.clean(client(prop), prop, store) == 0
    assert not raw().exists(f"{keys(prop).archived}_lease")


def test_the_largest_visitor_indexes_are_found(prop: Property, store: BreakingStore) -> None:
    """A row group's statistics are unsigned as well."""
    some = some_rows(20, days=1)
    for row in some:
        row.visitor += (1 << 31) - 3
    append(prop, some)
    archive(client(prop), prop, store)
    for visitor in {row.visitor for row in some}:
        wanted = reader.Wanted(visitors=reader.Lookup(BitMap([visitor])))
        found = [
            row
            for day, file in reader.files(store, prop, look(client(prop), keys(prop), store, prop))
            for table in reader.read(store, f"{folder(prop, day)}/{file.name}", file, schema.COLUMNS, wanted)
            for row in schema.rows_of(table)
        ]
        assert ordered(found) == ordered([row for row in some if row.visitor == visitor])
