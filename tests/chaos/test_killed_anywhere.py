"""A worker dies at every step of its work; another goes on: the numbers are those of an undisturbed run."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from properties.models import LayoutName, Property
from tests.chaos.faults import points, watched
from tests.chaos.scenes import Saved, arrives, before, leases_run_out, sealed, small_batches, snapshot
from tests.pipeline import NOW, drain
from tests.tracking.late import tidied
from tracking.archive.compact import compact
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.conversion import FAR_FUTURE
from tracking.keys import Keys
from tracking.rebuild import rebuild
from tracking.shelves import layout_of, shelf_of

Work = Callable[[Property], object]
EVERYWHERE = 100_000
few_or_all = pytest.mark.parametrize("most", [20, pytest.param(EVERYWHERE, marks=pytest.mark.slow)])


def survives(prop: Property, folder: Path, work: Work, calls_at_least: int, most: int = EVERYWHERE) -> None:
    """Whether `work` can die anywhere and be done again, from the state as it is now.

    `most`: try no more points than so many, evenly spread.
    """
    begin = Saved.now(prop, folder / "begin")
    begin.restore()  # as every later run begins
    with watched() as undisturbed:
        work(prop)
    expected = snapshot(prop)
    assert undisturbed.calls >= calls_at_least, "there is something to break"
    where = points(undisturbed)
    for point in where[:: -(-len(where) // most)]:
        begin.restore()
        with watched(point) as process:
            work(prop)
        assert process.dead, point
        leases_run_out(prop)
        prop.refresh_from_db()
        work(prop)
        assert snapshot(prop) == expected, point


def test_draining(prop: Property, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch, events=4)
    before(prop)
    arrives(prop)
    survives(prop, tmp_path, drain, calls_at_least=15)


def all_drained(prop: Property) -> None:
    before(prop)
    arrives(prop)
    drain(prop)


def close(prop: Property) -> None:
    layout_of(prop).close(shelf_of(prop), FAR_FUTURE)


def day_anew(prop: Property) -> None:
    rebuild(prop, date(2026, 11, 24), date(2026, 11, 24))


def tidy(prop: Property) -> None:
    compact(shelf_of(prop).client, prop, store())


def archive_all(prop: Property) -> None:
    archive(shelf_of(prop).client, prop, store())


@pytest.mark.parametrize("layout", [LayoutName.PACKED])
def test_sealing(prop: Property, tmp_path: Path) -> None:
    before(prop)
    sealed(prop)
    arrives(prop)
    drain(prop)
    survives(prop, tmp_path, sealed, calls_at_least=8)


@pytest.mark.parametrize("layout", [LayoutName.PACKED])
def test_tidying_visitors(prop: Property, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = 64  # buckets
    monkeypatch.setattr("tracking.tidying.BUCKETS", few)
    monkeypatch.setattr("tracking.tidying.AT_ONCE", few // 4)
    monkeypatch.setattr(Keys, "visitors_of", lambda self, bucket: f"{self.prefix}visitors::{bucket % few:04x}")
    before(prop)
    arrives(prop)
    drain(prop)
    survives(prop, tmp_path, lambda some: tidied(some, NOW + timedelta(days=3)), calls_at_least=15)


@few_or_all
@pytest.mark.parametrize("layout", [LayoutName.PACKED])
def test_making_months_and_years(prop: Property, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr("tracking.bitmaps.layouts.packed_months.TRAITS_AT_ONCE", 12)
    before(prop)
    sealed(prop)
    close(prop)
    arrives(prop)
    drain(prop)
    sealed(prop)
    survives(prop, tmp_path, close, calls_at_least=30, most=most)


@pytest.mark.parametrize("layout", [LayoutName.PACKED])
def test_archiving(prop: Property, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracking.archive.writer.BYTES_A_RANGE", 1_000)  # so that it takes several ranges
    before(prop)
    archive_all(prop)
    arrives(prop)
    drain(prop)
    survives(prop, tmp_path, archive_all, calls_at_least=15)


@pytest.mark.parametrize("layout", [LayoutName.PACKED])
def test_tidying_a_day_of_the_archive(prop: Property, tmp_path: Path) -> None:
    before(prop)
    archive_all(prop)
    arrives(prop)
    drain(prop)
    archive_all(prop)
    survives(prop, tmp_path, tidy, calls_at_least=8)


@few_or_all
def test_making_a_day_anew(prop: Property, tmp_path: Path, most: int) -> None:
    all_drained(prop)
    sealed(prop)
    layout_of(prop).store(shelf_of(prop), "2026-11-24", {})
    survives(prop, tmp_path, day_anew, calls_at_least=20, most=most)
