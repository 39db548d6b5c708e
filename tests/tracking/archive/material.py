"""Rows for the archive, and a store that breaks where a test wants it to."""

import random
from collections.abc import Callable
from datetime import date
from typing import BinaryIO, TypeVar

import pyarrow as pa
from redis import Redis

from properties.models import Property
from tests.pipeline import NOW, ms, named_uuid, raw
from tracking.archive import reader, rows, schema
from tracking.archive.rows import Row
from tracking.archive.store import Folder, Store, Stored
from tracking.keys import Keys
from tracking.shelves import shelf_of
from tracking.stream import FIELD

EVER = (date(2000, 1, 1), date(2100, 1, 1))
T = TypeVar("T")
NAMES = ["pageview", "signup", "=cmd", "click"]


def some_rows(number: int, seed: int = 1, visitors: int = 7, days: int = 4) -> list[Row]:
    """Rows of the last days, of few visitors, with the same times here and there."""
    dice = random.Random(seed)
    found = []
    for place in range(number):
        visitor = dice.randrange(visitors)
        path = f"/p{dice.randrange(5)}"
        name = dice.choice(NAMES)
        found.append(
            Row(
                entry=f"17640000{seed:05}-{place // 10}",
                ordinal=place % 10,
                at=ms(NOW) - dice.randrange(days * 24 * 60) * 60_000,
                received=ms(NOW),
                visitor=visitor,
                visitor_id=named_uuid(str(visitor)).bytes,
                session=named_uuid(f"{visitor} {dice.randrange(3)}").bytes,
                name=name,
                url=f"https://shop.example{path}",
                referrer="",
                title="Été «1»",
                tab="t",
                user="" if visitor % 2 else f"user {visitor}",
                attributes='{"a":1}' if place % 3 else "",
                traits=f"evt:{name}\npage:{path}" if name == "pageview" else f"evt:{name}",
                session_traits="everyone\ngeo:FR",
                items="" if place % 5 else '[{"item_id":"1"},{"price":2}]',
                item_traits="" if place % 5 else "item:1\n\n",
            )
        )
    return found


def append(prop: Property, some: list[Row], entries: int = 5) -> None:
    """Into the archive's stream, as the drain does, in so many entries."""
    size = max(1, -(-len(some) // entries))
    for start in range(0, len(some), size):
        raw().xadd(keys(prop).archive, {FIELD: rows.encode(some[start : start + size])})


def keys(prop: Property) -> Keys:
    return Keys(prop.account_id, prop.id)


def client(prop: Property) -> Redis:
    found: Redis = shelf_of(prop).client
    return found


def ordered(some: list[Row]) -> list[Row]:
    """In an order that does not depend on where rows are kept."""
    return sorted(some, key=lambda row: (row.entry, row.ordinal, row.at))


def read_all(store: Store, prop: Property) -> list[Row]:
    """Every row there is, archived or not."""
    tables = list(reader.everything(store, shelf_of(prop).client, prop, *EVER, columns=schema.COLUMNS))
    return ordered(list(schema.rows_of(schema.joined(tables))))


def read_files(store: Store, prop: Property) -> list[Row]:
    """Every archived row."""
    return ordered(list(schema.rows_of(schema.joined(reader.scan(store, prop, *EVER, schema.COLUMNS)))))


class Broken(Exception):
    """What a broken store raises."""


class BreakingStore(Folder):
    """A folder whose n-th call from now raises, before it does anything or after it has."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.breaks_at = 0
        self.after = False
        self.calls = 0

    def arm(self, call: int, *, after: bool) -> None:
        self.calls, self.breaks_at, self.after = 0, call, after

    def _breaking(self, work: Callable[[], T]) -> T:
        self.calls += 1
        broken = self.calls == self.breaks_at
        if broken and not self.after:
            raise Broken
        done = work()
        if broken:
            raise Broken
        return done

    def files(self, folder: str) -> list[Stored]:
        return self._breaking(lambda: super(BreakingStore, self).files(folder))

    def folders(self, folder: str) -> list[str]:
        return self._breaking(lambda: super(BreakingStore, self).folders(folder))

    def open(self, path: str) -> pa.NativeFile:
        return self._breaking(lambda: super(BreakingStore, self).open(path))

    def put(self, path: str, write: Callable[[BinaryIO], None]) -> None:
        return self._breaking(lambda: super(BreakingStore, self).put(path, write))

    def delete(self, path: str) -> None:
        return self._breaking(lambda: super(BreakingStore, self).delete(path))
