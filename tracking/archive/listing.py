"""Which files of the archive count: a manifest for each day, and one hash that names the manifests.

    <account>/<property>/2026-11-24/manifest_00000007_5f0c….json      lists the day's files
    {a::p}::archived     position                the last entry of the archive's stream that is in files
                         intent                  the last entry of the range that is on its way into files
                         changes                 raised by what must stop every change under way
                         day:2026-11-24          the name of the day's manifest

A manifest is never changed: a new one is written and the hash names it. Whoever changes the archive
watches the hash from before the first look until EXEC. So of two changes at once one is refused and
begins again, whatever files it has written already; files that no manifest lists do not count.

The position, the manifests and the rest of the stream are read in one transaction (`look`), and the
writer moves them in one. So at any moment each row is either in the files or in the stream, never
in both and never in neither: readers need no comparing of rows.

Without the hash, on a new or emptied Valkey, the manifests of the highest version count.
"""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import pyarrow as pa
from redis import Redis

from properties.models import Property
from tracking.archive.store import Store, StoreError
from tracking.keys import Keys
from tracking.stream import START

DAY = "day:"
# Replaced files stay so long for readers that began before.
GRACE_MS = 24 * 3600 * 1000
MANIFEST = re.compile(r"manifest_(\d{8})_[0-9a-f]{16}\.json")


class Changed(Exception):
    """The archive was changed while it was read, by an erasure or for longer than a day: read it again."""


class File(msgspec.Struct, frozen=True):
    """A file that counts. `first`, `last`: the smallest and largest `at` of its rows, ms since 1970.

    `order` is "at" (as written) or "name" (compacted): see schema.by_time and schema.by_name.
    """

    name: str
    rows: int
    first: int
    last: int
    order: str = "at"


class Manifest(msgspec.Struct, frozen=True):
    """The files of one day. `gone`: files that no longer count -> when they were replaced, ms since 1970."""

    version: int = 0
    files: list[File] = []
    gone: dict[str, int] = {}

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    def replaced(self, remove: set[str], add: list[File], now: int) -> "Manifest":
        """The next version: without `remove` and with `add`, whose names replace equal ones."""
        leaving = remove | {file.name for file in add}
        files = [file for file in self.files if file.name not in leaving] + add
        gone = {name: at for name, at in self.gone.items() if at > now - GRACE_MS}
        gone |= dict.fromkeys(remove, now)
        for file in add:
            gone.pop(file.name, None)
        return Manifest(self.version + 1, files, gone)


@dataclass(frozen=True)
class State:
    """The hash. `days`: day -> the name of its manifest."""

    position: str
    intent: str
    days: dict[str, str]

    @staticmethod
    def from_hash(fields: Any) -> "State":
        text = {name.decode(): value.decode() for name, value in fields.items()}
        days = {name.removeprefix(DAY): value for name, value in text.items() if name.startswith(DAY)}
        return State(text.get("position", ""), text.get("intent", ""), days)


def folder(prop: Property, day: str = "") -> str:
    """The folder of a property, or of one of its days."""
    return f"{prop.account_id}/{prop.id}/{day}".rstrip("/")


def load(store: Store, prop: Property, day: str, name: str) -> Manifest:
    """The manifest of that name; an empty one for no name. Raises store.Missing, StoreError."""
    return _load(store, f"{folder(prop, day)}/{name}") if name else Manifest()


@lru_cache(maxsize=10_000)
def _load(store: Store, path: str) -> Manifest:
    """Kept in memory, as a manifest never changes."""
    try:
        return msgspec.json.decode(store.read(path), type=Manifest)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def save(store: Store, prop: Property, day: str, manifest: Manifest) -> str:
    """Write the manifest and return its name, which no other ever had. Raises StoreError."""
    name = f"manifest_{manifest.version:08}_{secrets.token_hex(8)}.json"
    content = msgspec.json.encode(manifest)
    store.put(f"{folder(prop, day)}/{name}", lambda file: _write(file, content))
    return name


def _write(file: Any, content: bytes) -> None:
    file.write(content)


def succeed(
    store: Store, prop: Property, state: State, day: str, *, remove: set[str], add: list[File]
) -> dict[str, str]:
    """Write the next manifest of a day, without `remove` and with `add`; the field of the hash that names it."""
    name = state.days.get(day, "")
    before = load(store, prop, day, name)
    after = before.replaced(remove | ({name} if name else set()), add, int(time.time() * 1000))
    return {f"{DAY}{day}": save(store, prop, day, after)}


def found(store: Store, prop: Property) -> dict[str, str]:
    """The manifest of each day by what is in the store alone: of the highest version, then of most rows.

    Of two of one version one was never named by the hash; both are made from the same version before,
    and the one with more rows has all that the other has (an erasure leaves no other manifest behind).
    """
    days = {}
    for day in store.folders(folder(prop)):
        names = [name for name, _ in store.files(folder(prop, day)) if MANIFEST.fullmatch(name)]
        manifests = {name: load(store, prop, day, name) for name in names}
        if manifests:
            days[day], _ = max(manifests.items(), key=lambda pair: (pair[1].version, pair[1].rows, pair[0]))
    return days


@contextmanager
def changing(client: Redis, keys: Keys, store: Store, prop: Property) -> Iterator[tuple[Any, State]]:
    """A pipeline that watches the hash, and the state. End it with multi, commands and execute.

    A state that is not there yet is made of what is in the store. execute raises WatchError when
    somebody else has changed the archive meanwhile.
    """
    with client.pipeline(transaction=True) as pipe:
        pipe.watch(keys.archived)
        state = State.from_hash(pipe.hgetall(keys.archived))
        if not state.position:
            state = State(START, "", found(store, prop))
            pipe.multi()
            fields: dict[Any, Any] = {f"{DAY}{day}": name for day, name in state.days.items()}
            pipe.hset(keys.archived, mapping=fields | {"position": START})
            pipe.execute()
            pipe.watch(keys.archived)
            state = State.from_hash(pipe.hgetall(keys.archived))
        yield pipe, state


@dataclass(frozen=True)
class View:
    """What was in the archive and in its stream at one moment."""

    days: dict[str, str]
    tail: list[tuple[bytes, dict[bytes, bytes]]]


def look(client: Redis, keys: Keys, store: Store, prop: Property, *, tail: bool = True) -> View:
    """The archive as it is now, with what waits in the stream unless that is not wanted."""
    pipe = client.pipeline(transaction=True)
    pipe.hgetall(keys.archived)
    if tail:
        pipe.xrange(keys.archive)
    fields, *entries = pipe.execute()
    state = State.from_hash(fields)
    days = state.days if state.position else found(store, prop)
    return View(days, entries[0] if entries else [])


def file_of(name: str, table: pa.Table, order: str) -> File:
    """What the manifest says of a file that holds the rows of `table`."""
    at = table.column("at").to_numpy()
    return File(name, len(at), int(at.min()), int(at.max()), order)
