"""The periodic work: what is woken, and when."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from properties.models import Property
from tests.pipeline import NOW, drain, view
from tracking import slow_tasks, tasks
from tracking.shelves import layout_of, shelf_of


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path) -> None:
    settings.ARCHIVE = str(tmp_path / "archive")


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(task, property) of every message, in order; the tasks run at once."""
    found: list[tuple[str, int]] = []

    def at_once(name: str) -> None:
        task = getattr(tasks if hasattr(tasks, name) else slow_tasks, name)

        def run(account_id: int, property_id: int) -> None:
            found.append((name, property_id))
            task(account_id, property_id)

        monkeypatch.setattr(task, "delay", run)

    for name in ("drain", "seal", "close", "archive_events"):
        at_once(name)
    return found


def test_the_sweep_wakes_what_has_something_to_do(prop: Property, called: list[tuple[str, int]]) -> None:
    tasks.sweep()
    assert called == []
    view(prop, "a", "https://shop.example/", NOW)
    tasks.sweep()
    tasks.sweep()
    assert called == [("drain", prop.id), ("seal", prop.id)]
    assert layout_of(prop).waiting(shelf_of(prop)) == 0


def test_the_archive_waits_until_it_is_worth_a_file(
    prop: Property, called: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    view(prop, "a", "https://shop.example/", NOW)
    drain(prop)
    slow_tasks.archive_all()
    assert called == []
    monkeypatch.setattr(slow_tasks, "ARCHIVE_AFTER_MS", 0)
    slow_tasks.archive_all()
    assert called == [("archive_events", prop.id)]
    assert not shelf_of(prop).client.xlen(shelf_of(prop).keys.archive)
    slow_tasks.archive_all()
    slow_tasks.close_all()
    assert called[1:] == [("close", prop.id)]
