"""Rows go from the stream into files once each, whatever breaks on the way."""

import threading
from contextlib import suppress
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from redis.exceptions import ConnectionError, WatchError

from cluster.connections import data, find_shards_again
from properties.models import Property
from tests.environment import DATA
from tests.pipeline import raw
from tests.proxy import CuttingProxy
from tests.tracking.archive.material import (
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
from tracking.archive import reader, schema, writer
from tracking.archive.listing import look
from tracking.archive.writer import archive
from tracking.shelves import shelf_of


def test_rows_come_back_as_they_went_in_by_local_day(prop: Property, store: BreakingStore) -> None:
    prop.time_zone = "Asia/Kolkata"
    some = some_rows(200)
    append(prop, some)
    assert archive(client(prop), prop, store) == 200
    assert raw().xlen(keys(prop).archive) == 0
    assert read_files(store, prop) == ordered(some)
    assert store.folders(f"{prop.account_id}/{prop.id}") == [f"2026-11-{day}" for day in range(20, 25)]
    day = date(2026, 11, 22)
    tables = list(reader.scan(store, prop, day, day, ["at"]))
    start = 1795285800000  # 2026-11-22 00:00 in Kolkata, 18:30 UTC of the day before
    expected = sorted(row.at for row in some if start <= row.at < start + 86_400_000)
    assert sorted(schema.joined(tables).column("at").to_pylist()) == expected


def test_files_are_sorted_by_time_then_receipt(prop: Property, store: BreakingStore) -> None:
    append(prop, some_rows(300, days=1))
    archive(client(prop), prop, store)
    for file in Path(store.root).rglob("*.parquet"):
        table = pq.read_table(file)
        found = list(zip(*(table.column(n).to_pylist() for n in ("at", *schema.RECEIPT)), strict=True))
        assert found == sorted(found)


def test_a_changed_time_zone_moves_no_row_out_of_reach(prop: Property, store: BreakingStore) -> None:
    some = some_rows(200)
    append(prop, some)
    archive(client(prop), prop, store)
    prop.time_zone = "Pacific/Kiritimati"  # fourteen hours before UTC
    start = 1795255200000  # 2026-11-22 00:00 there
    day = date(2026, 11, 22)
    tables = list(reader.scan(store, prop, day, day, ["at"]))
    expected = sorted(row.at for row in some if start <= row.at < start + 86_400_000)
    assert expected
    assert sorted(schema.joined(tables).column("at").to_pylist()) == expected


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_of_the_store_loses_and_doubles_nothing(
    prop: Property, store: BreakingStore, after: bool
) -> None:
    """The archive grows by a batch each round, broken off one call later each time, until no call is left."""
    expected = []
    for call in range(1, 100):
        some = some_rows(40, seed=call, days=3)
        append(prop, some)
        expected += some
        store.arm(call, after=after)
        try:
            archive(client(prop), prop, store)
        except Broken:
            store.arm(0, after=False)
            assert read_all(store, prop) == ordered(expected)
            names = {path.name for path in Path(store.root).rglob("*_*-*.parquet")}
            archive(client(prop), prop, store)
            assert names <= {path.name for path in Path(store.root).rglob("*_*-*.parquet")}
            assert read_files(store, prop) == ordered(expected)
        else:
            store.arm(0, after=False)
            break
    assert call >= 7, "three files and three manifests were written"
    assert read_files(store, prop) == ordered(expected)


def test_a_repeat_after_a_crash_takes_the_same_range(prop: Property, store: BreakingStore) -> None:
    first, second = some_rows(40, seed=1, days=1), some_rows(40, seed=2, days=1)
    append(prop, first)
    store.arm(4, after=False)
    with pytest.raises(Broken):
        archive(client(prop), prop, store)
    written = {path.name for path in Path(store.root).rglob("*.parquet")}
    append(prop, second)
    store.arm(0, after=False)
    archive(client(prop), prop, store)
    assert read_files(store, prop) == ordered(first + second)
    listed = {file.name for _, file in reader.files(store, prop, look(client(prop), keys(prop), store, prop))}
    assert written
    assert written <= listed


def test_lost_replies_of_valkey_lose_and_double_nothing(
    prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BYTES_A_RANGE", 5_000)
    some = some_rows(400)
    append(prop, some, entries=20)
    proxy = CuttingProxy(DATA.port, cuts=lambda number: number % 2 == 0)
    data().config_set("cluster-announce-port", proxy.port)
    find_shards_again()
    try:
        for _ in range(200):
            with suppress(ConnectionError):
                archive(shelf_of(prop).client, prop, store)
            raw().delete(f"{keys(prop).archived}_lease")  # it would run out by itself
            if not raw().xlen(keys(prop).archive):
                break
    finally:
        data().config_set("cluster-announce-port", 0)
        find_shards_again()
        proxy.close()
    assert proxy.cut >= 5
    assert read_files(store, prop) == ordered(some)


def test_two_archivers_at_once_are_harmless(
    prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both believe that they hold the archive; events keep coming."""
    monkeypatch.setattr(writer, "BYTES_A_RANGE", 5_000)
    expected = some_rows(300)
    append(prop, expected, entries=20)
    errors: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(200):
                with suppress(WatchError):
                    writer.archive_held(connection, prop, store)
                if not raw().xlen(keys(prop).archive):
                    return
        except Exception as error:
            errors.append(error)

    connection = client(prop)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    more = some_rows(100, seed=2)
    append(prop, more, entries=10)
    for thread in threads:
        thread.join()
    writer.archive_held(connection, prop, store)
    assert errors == []
    assert read_files(store, prop) == ordered(expected + more)


def test_who_finds_the_archive_held_goes_away(prop: Property, store: BreakingStore) -> None:
    append(prop, some_rows(10))
    raw().set(f"{keys(prop).archived}_lease", "somebody")
    assert archive(client(prop), prop, store) == 0
    assert raw().xlen(keys(prop).archive) == 5


def test_each_row_is_read_once_while_it_is_archived(
    prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BYTES_A_RANGE", 5_000)
    some = some_rows(500)
    append(prop, some, entries=50)
    connection = client(prop)
    thread = threading.Thread(target=writer.archive_held, args=(connection, prop, store))
    thread.start()
    reads = 0
    while thread.is_alive():
        assert read_all(store, prop) == ordered(some)
        reads += 1
    thread.join()
    assert reads > 1
    assert read_files(store, prop) == ordered(some)


def test_what_is_not_archived_yet_is_live_in_order_of_receipt(prop: Property, store: BreakingStore) -> None:
    append(prop, some_rows(30))
    archive(client(prop), prop, store)
    more = some_rows(30, seed=2)
    append(prop, more)
    assert list(schema.rows_of(reader.live(client(prop), keys(prop)))) == more


def test_without_valkeys_hash_the_store_says_what_counts(prop: Property, store: BreakingStore) -> None:
    some, more = some_rows(60), some_rows(60, seed=2)
    append(prop, some)
    archive(client(prop), prop, store)
    raw().delete(keys(prop).archived)
    assert read_files(store, prop) == ordered(some)
    append(prop, more)
    archive(client(prop), prop, store)
    assert read_files(store, prop) == ordered(some + more)


def test_an_entry_that_cannot_be_read_is_set_aside(prop: Property, store: BreakingStore) -> None:
    raw().xadd(keys(prop).archive, {"e": b"\xc1 not msgpack"})
    some = some_rows(10)
    append(prop, some)
    assert archive(client(prop), prop, store) == 10
    assert [fields[b"e"] for _, fields in raw().xrange(keys(prop).poison)] == [b"\xc1 not msgpack"]
    assert read_files(store, prop) == ordered(some)
