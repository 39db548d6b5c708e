"""The store on a folder, and on an S3 service (moto's server, over HTTP)."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from pyarrow import fs
from pyroaring import BitMap
from pytest_django.fixtures import Settings

from cluster.embedded import free_port
from properties.models import Property
from tests.environment import BROKER
from tests.tracking.archive.material import append, client, ordered, read_all, read_files, some_rows
from tracking.archive import cleaning, compact
from tracking.archive import store as stores
from tracking.archive.erase import erase
from tracking.archive.store import Folder, Missing, Store, StoreError, store_at
from tracking.archive.writer import archive


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 service with a bucket."""
    port = free_port(BROKER.port + 1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        _make_bucket(address)
        yield f"s3://events/some/where?endpoint={address}&region=us-east-1"
    process.terminate()
    process.wait(timeout=20)


def _make_bucket(address: str) -> None:
    """Once the service answers."""
    deadline = time.monotonic() + 60
    service = fs.S3FileSystem(endpoint_override=address, region="us-east-1", allow_bucket_creation=True)
    while True:
        try:
            service.create_dir("events")
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store of each kind."""
    if request.param == "folder":
        return store_at(str(tmp_path / "archive"))
    return store_at(request.getfixturevalue("s3").replace("/where", f"/{uuid4()}"))


def content(text: bytes) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        file.write(text)

    return write


def test_files_are_put_read_listed_and_deleted(store: Store) -> None:
    assert store.files("1/2/day") == []
    assert store.folders("1") == []
    before = time.time() * 1000
    store.put("1/2/day/b", content(b"old"))
    store.put("1/2/day/b", content(b"new"))
    store.put("1/2/day/a", content(b""))
    assert store.read("1/2/day/b") == b"new"
    assert [file.name for file in store.files("1/2/day")] == ["a", "b"]
    assert all(before - 2000 <= file.modified <= time.time() * 1000 + 2000 for file in store.files("1/2/day"))
    assert store.folders("1/2") == ["day"]
    store.delete("1/2/day/b")
    store.delete("1/2/day/b")
    assert [file.name for file in store.files("1/2/day")] == ["a"]
    with pytest.raises(Missing, match="1/2/day/b"):
        store.read("1/2/day/b")
    store.delete_folder("1/2")
    store.delete_folder("1/2")
    assert store.files("1/2/day") == []


def test_what_was_not_written_to_its_end_is_not_there(store: Store) -> None:
    store.put("1/kept", content(b"old"))

    def broken(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyError

    for name in ("1/kept", "1/new"):
        with pytest.raises(KeyError):
            store.put(name, broken)
    assert [file.name for file in store.files("1")] == ["kept"]
    assert store.read("1/kept") == b"old"
    store.delete_folder("1")


def test_the_whole_way_of_the_archive(prop: Property, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "today", lambda prop: "2026-11-30")
    expected = []
    for seed in (1, 2):
        some = some_rows(60, seed)
        append(prop, some)
        archive(client(prop), prop, store)
        expected += some
    assert compact.compact(client(prop), prop, store) == 5
    more = some_rows(10, seed=3)
    append(prop, more)
    assert read_all(store, prop) == ordered(expected + more)
    left = [row for row in expected + more if row.visitor != 2]
    assert erase(store, prop, BitMap([2])) == len(expected + more) - len(left)
    assert read_files(store, prop) == ordered(left)
    assert cleaning.clean(client(prop), prop, store) == 0


def test_a_bucket_that_is_not_there_is_said(s3: str) -> None:
    nowhere = store_at(s3.replace("events", "nowhere"))
    with pytest.raises(StoreError, match="1/x cannot be written"):
        nowhere.put("1/x", content(b"x"))


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="x/y cannot be written"):
        Folder(str(tmp_path / "file")).put("x/y", content(b""))


@pytest.mark.parametrize("address", ["gs://bucket/x", "s3:///x", "s3://bucket/x?password=y"])
def test_an_address_that_is_none_is_refused(address: str, settings: Settings) -> None:
    settings.ARCHIVE = address
    with pytest.raises(ImproperlyConfigured, match="AKTIVAT_ARCHIVE"):
        stores.store()


def test_the_setting_or_the_data_folder(settings: Settings, tmp_path: Path) -> None:
    assert stores.store().root == str(settings.DATA_DIR / "archive")
    settings.ARCHIVE = str(tmp_path / "elsewhere")
    assert stores.store().root == str(tmp_path / "elsewhere")
