from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from properties.models import Property
from tests.pipeline import NOW, drain, everything, view
from tracking.shelves import layout_of, shelf_of


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path) -> None:
    settings.ARCHIVE = str(tmp_path / "archive")


def test_it_tells_each_day_and_the_sum(prop: Property) -> None:
    out, told = StringIO(), StringIO()
    call_command("rebuild", str(prop.id), stdout=out)
    assert "is empty" in out.getvalue()
    view(prop, "a", "https://shop.example/", NOW)
    drain(prop)
    before = everything(prop)
    layout_of(prop).store(shelf_of(prop), "2026-11-24", {})
    dates = ("--from", "2026-11-24", "--to", "2026-11-24")
    call_command("rebuild", str(prop.id), *dates, "--jobs", "1", stdout=out, stderr=told)
    assert "2026-11-24             1 events" in told.getvalue()
    assert "Shop: 1 events from 2026-11-24 to 2026-11-24" in out.getvalue()
    assert everything(prop) == before
    with pytest.raises(CommandError, match="no property 99"):
        call_command("rebuild", "99")
