"""The periodic work: what is woken, and when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from pytest_django.fixtures import Settings

from properties.models import Property
from tests.pipeline import NOW, drain, everything, raw, view
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

        def run(account_id: int, property_id: int, *more: str) -> None:
            found.append((name, property_id))
            task(account_id, property_id, *more)

        monkeypatch.setattr(task, "delay", run)

    for name in ("drain", "seal", "close", "archive_events", "rebuild_property", "tidy_visitors"):
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


def test_a_day_of_tidying_goes_through_all_visitors(
    prop: Property, called: list[tuple[str, int]], settings: Settings
) -> None:
    view(prop, "a", "https://shop.example/", datetime.now(UTC) - timedelta(days=3))
    drain(prop)
    [bucket] = raw().keys("*::visitors::*")
    long = raw().hvals(bucket)
    rounds = round(24 * 3600 / settings.TIDY_SECONDS)
    for _ in range(rounds):
        slow_tasks.tidy_all()
    assert called == [("tidy_visitors", prop.id)] * rounds
    assert raw().hvals(bucket) != long


def test_a_long_rebuild_is_several_messages(prop: Property, called: list[tuple[str, int]]) -> None:
    for days in (0, 8, 20):
        view(prop, "a", "https://shop.example/", NOW - timedelta(days=days))
    drain(prop)
    before = everything(prop)
    slow_tasks.rebuild_property(prop.account_id, prop.id)
    assert called == [("rebuild_property", prop.id)] * 3  # 23 days, the one before and the one after included
    assert everything(prop) == before


def test_of_a_deleted_property_nothing_stays(
    prop: Property, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    view(prop, "a", "https://shop.example/", NOW)
    drain(prop)
    slow_tasks.archive_events(prop.account_id, prop.id)
    owner = (prop.account_id, prop.id)
    files = Path(settings.ARCHIVE)
    slow_tasks.forget_property(*owner)
    assert raw().keys("*")
    assert [file for file in files.rglob("*") if file.is_file()], "a property that is there is left alone"
    sent: list[tuple[str, tuple[int, int]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: sent.append((name, args)))
    with django_capture_on_commit_callbacks(execute=True):
        prop.delete()
    assert sent == [(slow_tasks.forget_property.name, owner)]
    slow_tasks.forget_property(*owner)
    assert not raw().keys("*")
    assert not [file for file in files.rglob("*") if file.is_file()]
