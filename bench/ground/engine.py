"""Where the benchmarks touch the product's bitmaps: writing notes and sealing them, on a server of their own."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from redis import Redis

from cluster.embedded import EmbeddedServer
from tracking.bitmaps.layouts import Shelf
from tracking.bitmaps.layouts.packed import PackedLayout
from tracking.bitmaps.notes import Notes
from tracking.keys import Keys

FAR_FUTURE = datetime(9000, 1, 1, tzinfo=UTC)
NOTES_AT_ONCE = 250_000
BITMAPS = "sealed::"  # how the keys of bitmaps go on after the property's prefix; all others are columns and the like

Note = tuple[str, int, int]  # traits (a line each), visitor, minute since 1970


def shelf_on(server: EmbeddedServer) -> Shelf:
    """Of a property of its own on `server`; nothing expires."""
    return Shelf(client_of(server), Keys(1, 1), ZoneInfo("UTC"))


def client_of(server: EmbeddedServer) -> Redis:
    return Redis(port=server.port, password=server.password, socket_timeout=120)


def write_and_seal(shelf: Shelf, some: Iterable[Note]) -> None:
    """Add `some` as the drain does and fold them into the bitmaps. Months and years: `close`."""
    layout = PackedLayout()
    notes = Notes(shelf.tz)
    for number, (traits, visitor, minute) in enumerate(some, 1):
        notes.add(traits, visitor, minute)
        if number % NOTES_AT_ONCE == 0:
            _write(shelf, layout, notes)
            notes = Notes(shelf.tz)
    _write(shelf, layout, notes)


def close(shelf: Shelf) -> None:
    """Make the months and years of what is sealed."""
    layout = PackedLayout()
    layout.close(shelf, FAR_FUTURE)
    layout.close(shelf, FAR_FUTURE)  # years are made of months


def memory_of(shelf: Shelf) -> tuple[int, int]:
    """(bytes of the bitmaps, bytes of everything else) of the property: MEMORY USAGE … SAMPLES 0 of each key."""
    keys = list(shelf.keys.scan(shelf.client, ""))
    pipe = shelf.client.pipeline(transaction=False)
    for key in keys:
        pipe.memory_usage(key, samples=0)
    sizes = dict(zip(keys, pipe.execute(), strict=True))
    bitmaps = sum(size for key, size in sizes.items() if key.startswith(shelf.keys.prefix + BITMAPS))
    return bitmaps, sum(sizes.values()) - bitmaps


def _write(shelf: Shelf, layout: PackedLayout, notes: Notes) -> None:
    with shelf.client.pipeline(transaction=True) as pipe:
        layout.add(shelf, pipe, notes)
        pipe.execute()
    layout.seal(shelf)
