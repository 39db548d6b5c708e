"""A worker is held up at every step of its work, while another does all of it: the numbers are a plain count."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from redis.exceptions import WatchError

from properties.models import LayoutName, Property
from tests.chaos.faults import Overtaken, watched
from tests.chaos.plain import count
from tests.chaos.scenes import Saved, arrives, before, happened, leases_run_out, sealed, send
from tests.pipeline import drain, everything, raw
from tests.tracking.archive.material import keys, read_all
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.conversion import FAR_FUTURE
from tracking.rebuild import rebuild
from tracking.shelves import layout_of, shelf_of

Work = Callable[[Property], object]
FIRST, SOME = 24, 8
packed_only = pytest.mark.parametrize("layout", [LayoutName.PACKED])


def close(prop: Property) -> None:
    layout_of(prop).close(shelf_of(prop), FAR_FUTURE)


def archive_all(prop: Property) -> None:
    archive(shelf_of(prop).client, prop, store())


def day_anew(prop: Property) -> None:
    rebuild(prop, date(2026, 11, 24), date(2026, 11, 24))


def drain_whose_lease_ran_out(prop: Property) -> None:
    leases_run_out(prop)
    drain(prop)


def archive_whose_lease_ran_out(prop: Property) -> None:
    leases_run_out(prop)
    archive_all(prop)


def takes_the_log(prop: Property) -> None:
    """As far as a sealing comes that is held up itself."""
    if raw().exists(keys(prop).notes):
        raw().renamenx(keys(prop).notes, keys(prop).sealing)


def holds_the_archive(prop: Property) -> None:
    """Another archiver, for a moment."""
    raw().set(f"{keys(prop).archived}_lease", b"somebody else", px=100)


def somebody_comes(prop: Property) -> None:
    """Late and new events, all the way into months."""
    leases_run_out(prop)
    send(prop, "late", [happened("pageview", 2899, "/late"), happened("pageview", 8)])
    drain(prop)
    sealed(prop)
    close(prop)


def is_right(prop: Property, folder: Path, work: Work, rival: Work) -> None:
    """Whether the numbers are right wherever `work` is overtaken by `rival`.

    The first calls are all tried, of the others some, evenly spread.
    """
    begin = Saved.now(prop, folder / "begin")
    begin.restore()
    with watched() as undisturbed:
        work(prop)
    calls = range(1, undisturbed.calls + 1)
    assert len(calls) > 3
    for place in sorted({*calls[:FIRST], *calls[:: -(-len(calls) // SOME)]}):
        begin.restore()
        with watched(overtaken=Overtaken(place, lambda: rival(prop))), suppress(WatchError):
            work(prop)  # as the tasks do it: who comes second gives way
        leases_run_out(prop)
        drain(prop)
        rows = read_all(store(), prop)
        assert len({(row.entry, row.ordinal) for row in rows}) == len(rows), place
        assert everything(prop) == count(rows, prop.tz), place


def test_draining(prop: Property, tmp_path: Path) -> None:
    before(prop)
    arrives(prop)
    is_right(prop, tmp_path, drain, drain_whose_lease_ran_out)


@packed_only
def test_sealing(prop: Property, tmp_path: Path) -> None:
    before(prop)
    arrives(prop)
    drain(prop)
    is_right(prop, tmp_path, sealed, sealed)


@packed_only
def test_archiving(prop: Property, tmp_path: Path) -> None:
    before(prop)
    archive_all(prop)
    arrives(prop)
    drain(prop)
    is_right(prop, tmp_path, archive_all, archive_whose_lease_ran_out)


@packed_only
@pytest.mark.parametrize(
    "rival",
    [
        close,
        somebody_comes,
    ],
)
def test_making_months_and_years(prop: Property, tmp_path: Path, rival: Work) -> None:
    before(prop)
    sealed(prop)
    is_right(prop, tmp_path, close, rival)


@packed_only
@pytest.mark.parametrize(
    "rival",
    [
        archive_all,
        sealed,
        takes_the_log,
        somebody_comes,
    ],
)
def test_making_a_day_anew(prop: Property, tmp_path: Path, rival: Work) -> None:
    before(prop)
    archive_all(prop)
    is_right(prop, tmp_path, day_anew, rival)


@packed_only
def test_making_a_day_anew_of_rows_that_another_archives(prop: Property, tmp_path: Path) -> None:
    before(prop)
    is_right(prop, tmp_path, day_anew, holds_the_archive)
