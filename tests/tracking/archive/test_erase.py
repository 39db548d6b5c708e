"""After an erasure no file anywhere holds a row of the visitors."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyroaring import BitMap
from redis.exceptions import WatchError

from properties.models import Property
from tests.pipeline import raw
from tests.tracking.archive.material import (
    EVER,
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
from tracking.archive import compact, erase, reader, schema
from tracking.archive.hold import Busy, holding
from tracking.archive.listing import Changed, look
from tracking.archive.rows import Row
from tracking.archive.writer import archive

ERASED = BitMap([1, 4])


def fill(prop: Property, store: BreakingStore, days: int = 3) -> list[Row]:
    """A compacted day, days of several files, replaced files, and rows that still wait."""
    expected = []
    for seed in (1, 2):
        some = some_rows(60, seed, days=days)
        append(prop, some)
        archive(client(prop), prop, store)
        expected += some
    assert compact.compact_day(client(prop), prop, store, "2026-11-23")
    waiting = some_rows(30, seed=3, days=days)
    append(prop, waiting)
    return expected + waiting


def in_any_file(store: BreakingStore) -> set[int]:
    """The visitors in whatever file there is, listed or not."""
    assert not list(Path(store.root).rglob("*.part"))
    found: set[int] = set()
    for file in Path(store.root).rglob("*.parquet"):
        found |= set(pq.read_table(file, columns=["visitor"]).column("visitor").to_pylist())
    return found


def test_nothing_of_them_is_left(prop: Property, store: BreakingStore) -> None:
    some = fill(prop, store)
    view = look(client(prop), keys(prop), store, prop)
    kept = [row for row in some if row.visitor not in ERASED]
    assert erase.erase(store, prop, ERASED) == len(some) - len(kept) > 0
    assert read_files(store, prop) == ordered(kept)
    assert in_any_file(store) == {row.visitor for row in kept}
    assert erase.erase(store, prop, ERASED) == 0
    with pytest.raises(Changed):
        list(reader.scan(store, prop, *EVER, schema.COLUMNS, view=view))


def test_all_visitors_can_be_erased(prop: Property, store: BreakingStore) -> None:
    some = fill(prop, store)
    assert erase.erase(store, prop, BitMap(range(10))) == len(some)
    assert read_files(store, prop) == []
    assert in_any_file(store) == set()


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_of_the_store_can_be_repeated(prop: Property, store: BreakingStore, after: bool) -> None:
    """Each round begins with a new archive, and is broken off one call later."""
    for call in range(1, 200):
        raw().delete(keys(prop).archived, keys(prop).archive)
        broken = BreakingStore(f"{store.root}/{call}")
        kept = [row for row in fill(prop, broken, days=1) if row.visitor not in ERASED]
        broken.arm(call, after=after)
        try:
            erase.erase(broken, prop, ERASED)
        except Broken:
            broken.arm(0, after=False)
            assert [row for row in read_all(broken, prop) if row.visitor not in ERASED] == ordered(kept)
            erase.erase(broken, prop, ERASED)
        else:
            break
        assert read_files(broken, prop) == ordered(kept)
        assert in_any_file(broken).isdisjoint(ERASED)
    assert call > 20


def test_a_compaction_that_began_before_brings_nobody_back(prop: Property, store: BreakingStore) -> None:
    """It lost the hold without knowing, and goes on after the erasure."""
    some = fill(prop, store)

    class Slow(BreakingStore):
        done = False

        def put(self, path: str, write: Any) -> None:
            super().put(path, write)
            if not self.done:
                self.done = True
                erase.erase(store, prop, ERASED)

    with pytest.raises(WatchError):
        compact.compact_day(client(prop), prop, Slow(store.root), "2026-11-22")
    assert read_files(store, prop) == ordered([row for row in some if row.visitor not in ERASED])


def test_rows_that_could_not_be_moved_into_files_stop_it(
    prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise they would come into the archive after the erasure."""
    fill(prop, store)

    def meddle(*_: object) -> str:
        raw().hincrby(keys(prop).archived, "changes", 1)
        return "x"

    monkeypatch.setattr("tracking.archive.writer._name", meddle)
    with pytest.raises(Busy):
        erase.erase(store, prop, ERASED)


def test_it_waits_for_the_archive_only_so_long(
    prop: Property, store: BreakingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase, "PATIENCE_SECONDS", 0.1)
    with holding(client(prop), keys(prop)), pytest.raises(Busy):
        erase.erase(store, prop, ERASED)


def test_a_property_can_be_forgotten(prop: Property, store: BreakingStore) -> None:
    fill(prop, store)
    erase.forget(store, prop.account_id, prop.id)
    erase.forget(store, prop.account_id, prop.id)
    assert store.folders(str(prop.account_id)) == []
