"""Replies to transactions are lost in every part of the work: nothing is lost, nothing counts twice."""

from collections.abc import Callable
from datetime import date

import pytest

from properties.models import Property
from tests.chaos.cuts import cutting, patiently
from tests.chaos.plain import count
from tests.chaos.scenes import EVENTS, arrives, before, leases_run_out, sealed, small_batches
from tests.pipeline import drain, everything, raw
from tests.tracking.archive.material import keys, read_all, read_files
from tracking.archive.compact import compact
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.bitmaps.slots import level
from tracking.conversion import FAR_FUTURE
from tracking.progress import progress
from tracking.rebuild import rebuild
from tracking.shelves import layout_of, shelf_of


@pytest.mark.parametrize("every", [2, 3])
def test_whatever_is_cut(prop: Property, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    small_batches(monkeypatch, events=2)
    monkeypatch.setattr("tracking.drain.FIRST_PAUSE_SECONDS", 0.001)
    before(prop)
    arrives(prop)
    client = raw()

    def drained() -> None:
        leases_run_out(prop)
        drain(prop)

    def archived() -> None:
        leases_run_out(prop)
        archive(shelf_of(prop).client, prop, store())

    def tidied() -> None:
        leases_run_out(prop)
        compact(shelf_of(prop).client, prop, store())

    def made_anew() -> None:
        leases_run_out(prop)
        rebuild(prop, date(2026, 11, 24), date(2026, 11, 24))

    def closed() -> None:
        layout_of(prop).close(shelf_of(prop), FAR_FUTURE)

    work: list[tuple[Callable[[], object], Callable[[], bool]]] = [
        (drained, lambda: not client.xlen(keys(prop).ingest)),
        (lambda: sealed(prop), lambda: not layout_of(prop).waiting(shelf_of(prop))),
        (archived, lambda: not client.xlen(keys(prop).archive)),
        (tidied, lambda: True),
        (made_anew, lambda: True),
        (closed, lambda: not client.exists(keys(prop).unfolded)),
    ]
    cut = 0
    for one, done in work:
        with cutting(lambda number: number % every == 0 and number <= 4 * every) as proxy:
            patiently(one, done)
        cut += proxy.cut
    assert cut >= 4, "replies were lost"
    rows = read_files(store(), prop)
    assert rows == read_all(store(), prop)
    assert progress(prop).events == len(rows) - 1 == EVENTS, "and a sign-up that was told of later"
    numbers = everything(prop)
    assert numbers == count(rows, prop.tz)
    assert {level(label) for label, *_ in numbers} == set(range(5))
