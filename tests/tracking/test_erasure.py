"""After an erasure nothing is left of somebody, and everything of the others."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from properties.models import LayoutName, Property
from tests.pipeline import NOW, admitted, append, batch, drain, everything, ms, named_uuid, raw
from tracking import erasure
from tracking.archive import reader
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.bitmaps.samples import is_samples
from tracking.shelves import layout_of, shelf_of

SHOP = "https://shop.example"


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path) -> None:
    settings.ARCHIVE = str(tmp_path / "archive")


def visit(prop: Property, visitor: str, user: str = "") -> None:
    attributes = {"load_ms": 700, "value": 12.5, "currency": "EUR"}
    for days in (0, 1, 40):
        for number, path in enumerate(("", "secret-of-" + visitor)):
            event = {"name": "pageview", "url": f"{SHOP}/{path}", "user": user, "attributes": attributes}
            at = ms(NOW - timedelta(days=min(days, 29), minutes=number))
            append(prop, admitted(prop, batch(prop, visitor, [{**event, "at": at}], f"{visitor} {days}")))
    drain(prop)


def visitors_in(prop: Property) -> set[int]:
    """Every visitor index that any number of the property is of."""
    return {
        place >> 32 if is_samples(metric) else place
        for (_, metric, _), numbers in everything(prop).items()
        for place in numbers
    }


def test_only_the_others_are_left(prop: Property) -> None:
    visit(prop, "stays")
    archive(shelf_of(prop).client, prop, store())
    visit(prop, "goes", "anna")
    layout_of(prop).seal(shelf_of(prop))
    visit(prop, "goes too", "anna")  # neither sealed nor archived yet
    assert erasure.erase_person(prop, "anna") == 2
    assert visitors_in(prop) == {0}
    assert not [trait for _, _, trait in everything(prop) if "secret-of-goes" in trait]
    shelf, first = shelf_of(prop), NOW.date() - timedelta(60)
    tables = list(reader.scan(store(), prop, first, NOW.date(), ["visitor"]))
    assert {visitor for table in tables for visitor in table["visitor"].to_pylist()} == {0}
    assert not shelf.client.xlen(shelf.keys.archive)
    sessions = [key for key in raw().keys("*::session_*") if b"session_index" not in key]
    assert {raw().hget(key, "visitor_index") for key in sessions} == {b"0"}
    assert not raw().keys("*people*")
    for file in Path(store().root).rglob("*"):
        assert not file.is_file() or named_uuid("goes").bytes not in file.read_bytes()


def test_who_comes_back_is_somebody_new(prop: Property) -> None:
    visit(prop, "goes")
    assert erasure.erase_visitors(prop, [named_uuid("goes").bytes]) == 1
    assert everything(prop) == {}
    visit(prop, "goes")
    assert set(everything(prop)[("2026-11-24", "events", "everyone")]) == {1}


def test_nobody_is_erased_twice_and_a_stranger_not_at_all(prop: Property) -> None:
    visit(prop, "stays")
    before = everything(prop)
    assert erasure.erase_visitors(prop, [named_uuid("stranger").bytes]) == 0
    assert erasure.erase_person(prop, "nobody") == 0
    assert everything(prop) == before


def test_an_erasure_broken_off_is_finished_by_the_next(prop: Property, monkeypatch: pytest.MonkeyPatch) -> None:
    visit(prop, "stays")
    visit(prop, "goes", "anna")

    def broken(*_: object) -> None:
        raise ConnectionError("the disk is away")

    monkeypatch.setattr(erasure, "erase_from_archive", broken)
    with pytest.raises(ConnectionError):
        erasure.erase_person(prop, "anna")
    monkeypatch.undo()
    assert erasure.erase_person(prop, "anna") == 1
    assert visitors_in(prop) == {0}


def test_the_command_says_how_many_it_erased(prop: Property) -> None:
    visit(prop, "goes", "anna")
    out = StringIO()
    call_command("erase", "--property", str(prop.id), "--visitor", str(named_uuid("goes")), stdout=out)
    assert out.getvalue().startswith("1 virtual visitors of Shop")
    with pytest.raises(CommandError, match="no property 99"):
        call_command("erase", "--property", "99", "--person", "anna")
