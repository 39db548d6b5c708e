"""From one layout to the other and back: the same bitmaps, nothing left behind, nothing lost meanwhile."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from properties.models import LayoutName, Property
from tests.pipeline import NOW, did, drain, everything, view
from tracking import conversion, lease
from tracking.bitmaps.addresses import Address
from tracking.drain import Drain
from tracking.reading import load
from tracking.shelves import LAYOUTS, shelf_of

SHOP = "https://shop.example/"


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


def other(layout: LayoutName) -> LayoutName:
    return LayoutName.PACKED if layout is LayoutName.SEED else LayoutName.SEED


def visit(prop: Property) -> None:
    for number, visitor in enumerate("abcab"):
        view(prop, visitor, f"{SHOP}é::{number}?utm_source=news", NOW - timedelta(days=number * 6))
        did(prop, visitor, "signup", NOW - timedelta(days=number * 6))


def test_there_and_back_nothing_changes(prop: Property, layout: LayoutName) -> None:
    visit(prop)
    drain(prop)
    before = everything(prop)
    assert len(before) > 50
    for target in (other(layout), layout):
        assert conversion.convert(prop, target) == len({label for label, *_ in before})
        prop.refresh_from_db()
        assert (prop.layout, everything(prop)) == (target, before)
        for name, left in LAYOUTS.items():
            assert name == target or not list(left.slots(shelf_of(prop)))


def test_events_go_on_being_counted(prop: Property, layout: LayoutName) -> None:
    """Also by a drain that was made before the conversion and runs after it."""
    visit(prop)
    drain(prop)
    waiting = Drain.of(Property.objects.get(id=prop.id))
    view(prop, "new", SHOP, NOW)
    conversion.convert(prop, other(layout))
    assert waiting.run()
    prop.refresh_from_db()
    address = Address("everyone", "2026")
    assert len(load(prop, [address])[address]) == 4


def test_a_busy_property_is_left_alone(prop: Property, layout: LayoutName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "SECONDS_FOR_THE_LEASE", 0)
    lease.take(shelf_of(prop).client, shelf_of(prop).keys, b"somebody else", 10_000)
    with pytest.raises(lease.Busy):
        conversion.convert(prop, other(layout))


def test_whoever_loses_the_lease_changes_nothing(
    prop: Property, layout: LayoutName, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(prop)
    drain(prop)
    before = everything(prop)
    monkeypatch.setattr(lease, "renew", lambda *_: False)
    with pytest.raises(lease.Busy):
        conversion.convert(prop, other(layout))
    prop.refresh_from_db()
    assert (prop.layout, everything(prop)) == (layout, before)


def test_the_command_says_what_it_did(prop: Property) -> None:
    visit(prop)
    drain(prop)
    out = StringIO()
    call_command("convert_layout", str(prop.id), "packed", stdout=out)
    assert "kept in the layout packed" in out.getvalue()
    with pytest.raises(CommandError, match="no property 99"):
        call_command("convert_layout", "99", "packed")
