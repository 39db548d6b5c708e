"""What the tests of late events begin with, and what must be right at their end."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from cluster.connections import data
from properties.models import Property
from tests.chaos.plain import PlainSession, count, sessions_of
from tests.chaos.scenes import SHOP
from tests.pipeline import NOW, drain, everything, ms, raw, view
from tests.tracking.archive.material import read_all
from tracking.archive.compact import compact
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.rebuild import rebuild
from tracking.shelves import shelf_of
from tracking.tidying import ROUND_SECONDS, tidy

NOON = NOW.replace(hour=12, minute=0)


def archive_in(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of its own for a test that is not about power cuts."""
    settings.ARCHIVE = str(folder / "archive")
    monkeypatch.setattr("tracking.archive.store.os.fsync", lambda _: None)


def archive_all(prop: Property) -> None:
    archive(shelf_of(prop).client, prop, store())
    compact(shelf_of(prop).client, prop, store())


def visits(prop: Property, visitor: str, at: datetime, *minutes: int, url: str = SHOP) -> None:
    """Page views, each drained before the next comes."""
    for each in minutes:
        view(prop, visitor, f"{url}/{each}" if url == SHOP else url, at + timedelta(minutes=each))
    drain(prop)


def tidied(prop: Property, now: datetime) -> int:
    """A whole round of tidying, as if it were `now`; how many visitors were tidied."""
    return tidy(prop, ROUND_SECONDS, 60, ms(now))


def what_expires_is_gone() -> None:
    """Details of sessions and names of days: what their time limits do after a while without events."""
    if some := [key for kind in ("*::session_*", "*::session_index::*", "*::names::*") for key in raw().keys(kind)]:
        data().delete(*some)


def known(prop: Property) -> list[PlainSession]:
    """The sessions there are, the oldest first."""
    return sorted(sessions_of(read_all(store(), prop)), key=lambda session: (session.started, session.last))


def shape(prop: Property) -> list[tuple[int, int]]:
    """(events, minutes from the first to the last) of each session, the oldest first."""
    return [(session.events, session.seconds // 60) for session in known(prop)]


def is_right(prop: Property, *days: date) -> None:
    """All numbers are a plain count of the rows; also after these days were made anew."""
    counted = count(read_all(store(), prop), prop.tz)
    assert everything(prop) == counted
    for day in days:
        rebuild(prop, day - timedelta(days=1), day + timedelta(days=1))
    assert everything(prop) == counted


def number(prop: Property, label: str, metric: str, trait: str = "everyone") -> int:
    return sum(everything(prop).get((label, metric, trait), {}).values())
