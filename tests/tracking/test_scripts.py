"""An upgrade of the tracker takes nothing from pages that name a version, and names of one's own work."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tracker import files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    write(tmp_path, b"1")
    return tmp_path


def write(folder: Path, text: bytes) -> None:
    (folder / "trackr.js").write_bytes(b"core " + text)
    (folder / "trackr-more.js").write_bytes(b"more " + text)
    files._read.cache_clear()


@pytest.mark.django_db
def test_an_upgrade_leaves_pages_on_the_version_they_name(client: Client, folder: Path) -> None:
    old = files.current()
    assert client.get(f"/js/trackr-{old.version}.js").content == b"core 1"
    write(folder, b"2")
    assert client.get("/js/trackr.js").content == b"core 2"
    assert client.get(f"/js/trackr-{old.version}.js").content == b"core 1"
    assert client.get(f"/js/trackr-{old.version}-more.js").content == b"more 1"
    assert client.get(f"/js/trackr-{files.current().version}.js").content == b"core 2"


def test_names_of_ones_own(client: Client, folder: Path, settings: Settings) -> None:
    settings.SCRIPT_NAMES = ["s"]
    assert client.get("/js/s.js").content == b"core 1"
    assert client.get("/js/s-more.js").content == b"more 1"
