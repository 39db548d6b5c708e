"""What the drain reads for events that are late by weeks: little, once, while it holds the lease, or nothing."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from properties.models import Property
from tests.chaos.scenes import SHOP, leases_run_out
from tests.pipeline import admitted, append, batch, drain, ms, raw, view
from tests.tracking.archive.material import keys
from tests.tracking.late import NOON, archive_all, archive_in, is_right, known, shape, tidied, visits
from tracking import lease, lookups
from tracking.archive.recall import recall
from tracking.archive.store import Store, StoreError, store
from tracking.drain import Drain, LeaseLost
from tracking.progress import progress
from tracking.rules import DEFAULT
from tracking.shelves import shelf_of


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_in(settings, tmp_path, monkeypatch)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file of the archive was opened."""
    found: Counter[str] = Counter()
    real = Store.open

    def counted(self: Store, path: str) -> Any:
        found[path] += 1
        return real(self, path)

    monkeypatch.setattr(Store, "open", counted)
    return found


@pytest.fixture
def recalls(monkeypatch: pytest.MonkeyPatch) -> list[dict[int, list[int]]]:
    """What the drain asked the archive for."""
    found: list[dict[int, list[int]]] = []

    def noted(*arguments: Any, **options: Any) -> Any:
        found.append(dict(arguments[3]))
        return recall(*arguments, **options)

    monkeypatch.setattr(lookups, "recall", noted)
    return found


def test_nothing_is_read_for_events_that_are_not_late(
    prop: Property, recalls: list[dict[int, list[int]]], reads: Counter[str]
) -> None:
    """In the order of time, however old; late by less than two days; and of nobody who has been there before."""
    for days in (400, 30, 22, 15, 8, 1, 0):
        for visitor in "ab":
            send_any_age(prop, visitor, NOON - timedelta(days=days))
        drain(prop)
        archive_all(prop)
        if days > 1:
            assert tidied(prop, NOON - timedelta(days=days - 5)) == 2
    reads.clear()
    visits(prop, "a", NOON - timedelta(days=2), 60, 500)
    visits(prop, "a", NOON - timedelta(days=1), 10)
    visits(prop, "new", NOON - timedelta(days=29), 0)
    visits(prop, "new", NOON - timedelta(days=28), 0)
    send_any_age(prop, "b", NOON - timedelta(days=401))
    drain(prop)
    assert (recalls, reads) == ([], Counter())
    visits(prop, "a", NOON - timedelta(days=8), 5)
    assert [list(asked) for asked in recalls] == [[0]]
    assert progress(prop).events == 7 * 2 + 7
    is_right(prop)


def send_any_age(prop: Property, visitor: str, at: datetime) -> None:
    """As an import does it."""
    event = {"name": "pageview", "at": ms(at), "url": f"{SHOP}/"}
    append(prop, admitted(prop, batch(prop, visitor, [event], f"{visitor} {at}"), now=at))


def test_a_batch_reads_each_file_once(prop: Property, recalls: list[dict[int, list[int]]], reads: Counter[str]) -> None:
    old = [NOON - timedelta(days=days) for days in range(8, 28)]
    for visitor in "abcdef":
        for at in old:
            view(prop, visitor, f"{SHOP}/", at)
        view(prop, visitor, f"{SHOP}/", NOON)
    drain(prop)
    archive_all(prop)
    reads.clear()
    for place, at in enumerate(reversed(old)):
        for visitor in "abcdef":
            view(prop, visitor, f"{SHOP}/late", at + timedelta(minutes=(place * 7) % 50 - 25))
    drain(prop)
    assert len(recalls) == 1
    files = {path: times for path, times in reads.items() if path.endswith(".parquet")}
    assert set(files.values()) == {1}
    assert len(files) == 20
    assert len(known(prop)) == 6 * 21
    is_right(prop)


def unreadable(self: Store, path: str) -> Any:
    raise StoreError(f"{path} cannot be read: the disk is away")


def damaged(prop: Property) -> None:
    for file in Path(store().root).rglob("*.parquet"):
        file.write_bytes(b"PAR1" + bytes(100) + b"PAR1")


@pytest.mark.parametrize("how", ["away", "damaged"])
def test_where_the_archive_cannot_be_read_it_begins_its_own(
    prop: Property, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old = NOON - timedelta(days=20)
    visits(prop, "a", old, 0)
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    files = {file: file.read_bytes() for file in Path(store().root).rglob("*.parquet")}
    if how == "away":
        monkeypatch.setattr(Store, "open", unreadable)
    else:
        damaged(prop)
    with caplog.at_level(logging.WARNING):
        visits(prop, "a", old, 5)
    assert "late events are not told their sessions" in caplog.text
    assert (progress(prop).events, raw().xlen(keys(prop).poison)) == (3, 0)
    monkeypatch.undo()
    for file, content in files.items():
        file.write_bytes(content)
    assert shape(prop) == [(1, 0), (1, 0), (1, 0)]
    is_right(prop, old.date())


def when_a_file_is_read(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Do it once, before the next file is opened."""
    real, waiting = Store.open, [work]

    def opened(self: Store, path: str) -> Any:
        if path.endswith(".parquet") and waiting:
            waiting.pop()()
        return real(self, path)

    monkeypatch.setattr(Store, "open", opened)


@pytest.mark.parametrize("overtaken", [True, False])
def test_who_loses_the_lease_while_reading_writes_nothing(
    prop: Property, overtaken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = NOON - timedelta(days=20)
    visits(prop, "a", old, 0)
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    view(prop, "a", f"{SHOP}/late", old + timedelta(minutes=5))

    def another() -> None:
        leases_run_out(prop)
        if overtaken:
            drain(prop)

    when_a_file_is_read(monkeypatch, another)
    worker = Drain.of(prop)
    lease.take(shelf_of(prop).client, keys(prop), worker.token, 15_000)
    with pytest.raises(LeaseLost):
        worker.batch(shelf_of(prop), DEFAULT)
    assert progress(prop).events == (3 if overtaken else 2)
    drain(prop)
    assert shape(prop) == [(2, 5), (1, 0)]
    is_right(prop, old.date())


def test_the_lease_is_renewed_while_files_are_read(prop: Property, monkeypatch: pytest.MonkeyPatch) -> None:
    old = NOON - timedelta(days=20)
    visits(prop, "a", old, 0)
    visits(prop, "a", NOON, 0)
    archive_all(prop)
    view(prop, "a", f"{SHOP}/late", old + timedelta(minutes=5))
    left: list[int] = []
    when_a_file_is_read(monkeypatch, lambda: left.append(raw().pttl(keys(prop).lease)))
    drain(prop)
    assert left[0] > 15_000
    assert shape(prop) == [(2, 5), (1, 0)]
