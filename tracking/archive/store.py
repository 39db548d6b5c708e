"""Where the archive's files are: a folder of this machine, or a bucket of an S3 service.

A file is there as a whole or not at all. In a folder it is written under another name, forced to the
disk and renamed; then the folder is forced to the disk. S3 shows an object when its upload is complete.
"""

import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pyarrow import fs

TEMPORARY = ".part"  # how the name of a file ends while it is written
S3_OPTIONS = {"endpoint", "region"}
MEMORY_BYTES = 8 << 20  # what is larger waits on the disk for its upload


class StoreError(Exception):
    """The store did not do what it was asked; the message says what and why."""


class Missing(StoreError):
    """There is no such file."""


class Stored(NamedTuple):
    """A file: its name in its folder, and when it was written, ms since 1970."""

    name: str
    modified: int


class Store:
    """Files below one root, on any of Arrow's file systems. Paths are relative, as 7/3/2026-11-24/x.parquet."""

    def __init__(self, system: fs.FileSystem, root: str) -> None:
        self._system = system
        self.root = root.rstrip("/")

    def files(self, folder: str) -> list[Stored]:
        """The files of a folder by name; none where there is no folder. Raises StoreError."""
        found = [entry for entry in self._list(folder) if entry.type == fs.FileType.File]
        return sorted(Stored(entry.base_name, (entry.mtime_ns or 0) // 1_000_000) for entry in found)

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder, sorted. Raises StoreError."""
        return sorted(entry.base_name for entry in self._list(folder) if entry.type == fs.FileType.Directory)

    def open(self, path: str) -> pa.NativeFile:
        """The file for reading at any place. Raises Missing, StoreError."""
        try:
            return self._system.open_input_file(self._full(path))
        except FileNotFoundError:
            raise Missing(f"{path} is not in the archive.") from None
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{path} cannot be read: {error}") from error

    def read(self, path: str) -> bytes:
        """The whole of a small file. Raises Missing, StoreError."""
        with self.open(path) as file:
            return bytes(file.read())

    def put(self, path: str, write: Callable[[BinaryIO], None]) -> None:
        """Make a file of what `write` writes, in place of an older one; nothing when it raises.

        Raises StoreError, and whatever `write` raises.
        """
        with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES) as spool:
            write(spool)  # type: ignore[arg-type]  # a spool is a binary file in all but its type
            spool.seek(0)
            try:
                with self._system.open_output_stream(self._full(path)) as upload:
                    while piece := spool.read(MEMORY_BYTES):
                        upload.write(piece)
            except (OSError, pa.ArrowException) as error:
                raise StoreError(f"{path} cannot be written: {error}") from error

    def delete(self, path: str) -> None:
        """Remove a file; nothing when it is not there. Raises StoreError."""
        try:
            self._system.delete_file(self._full(path))
        except FileNotFoundError:
            return
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{path} cannot be deleted: {error}") from error

    def delete_folder(self, folder: str) -> None:
        """Remove a folder and all in it; nothing when it is not there. Raises StoreError."""
        try:
            self._system.delete_dir(self._full(folder))
        except FileNotFoundError:
            return
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{folder} cannot be deleted: {error}") from error

    def _list(self, folder: str) -> list[fs.FileInfo]:
        try:
            return list(self._system.get_file_info(fs.FileSelector(self._full(folder), allow_not_found=True)))
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{folder} cannot be listed: {error}") from error

    def _full(self, path: str) -> str:
        return f"{self.root}/{path}"


class Folder(Store):
    """A folder of this machine."""

    def __init__(self, root: str) -> None:
        super().__init__(fs.LocalFileSystem(), str(Path(root).absolute()))

    def put(self, path: str, write: Callable[[BinaryIO], None]) -> None:
        target = Path(self._full(path))
        descriptor, name = -1, ""
        try:
            self._make(target.parent)
            descriptor, name = tempfile.mkstemp(TEMPORARY, f"{target.name}.", target.parent)
            with os.fdopen(descriptor, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, target)
            _sync(target.parent)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error}") from error
        finally:
            if name and os.path.exists(name):
                os.unlink(name)

    def _make(self, folder: Path) -> None:
        """Make the folder and those above it, and force the name of each to the disk."""
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def store_at(address: str) -> Store:
    """The store of an address: a folder, or s3://bucket/prefix?endpoint=https://minio.example&region=eu-west-1.

    S3 credentials come from the environment, as AWS's own programs take them. Raises ValueError for an
    address that is neither.
    """
    url = urlsplit(address)
    if not url.scheme:
        return Folder(address)
    options = dict(parse_qsl(url.query))
    if url.scheme != "s3" or not url.netloc or not options.keys() <= S3_OPTIONS:
        raise ValueError(f"{address!r} is no folder and no s3://bucket/prefix?endpoint=https://host&region=name.")
    endpoint = urlsplit(options.get("endpoint", ""))
    return Store(
        fs.S3FileSystem(
            endpoint_override=endpoint.netloc or None,
            scheme=endpoint.scheme or "https",
            region=options.get("region"),
        ),
        f"{url.netloc}{url.path}",
    )


def store() -> Store:
    """The store of this installation: the setting ARCHIVE, else the folder `archive` in the data folder.

    Raises ImproperlyConfigured.
    """
    address = settings.ARCHIVE
    try:
        return store_at(address)
    except ValueError as error:
        raise ImproperlyConfigured(f"AKTIVAT_ARCHIVE: {error}") from None
