"""What Valkey holds: of one trait, against the same marks as plain SETBIT in the same run; of an idle property; of all.

1 million active of 10 million known visitors each day, with ids that are uniform (the worst case for
compressed bitmaps); each in 3 minutes and 1.3 hours of the day. Sealed, at all five granularities, and
counted with MEMORY USAGE … SAMPLES 0, so what the server adds to a key counts as well.

Of all that it holds for the data set's 30 days a part is measured whole and a part on a sample of visitors:
ground/held.py says which.

A month and a year are shared by their days: Aktivat holds a whole month here. Of SETBIT one day is
written (it takes 1.8 GB), and its month and year count a thirtieth.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from bench.dataset import EVENTS, Dataset, Shape
from bench.ground import product
from bench.ground.engine import client_of, close, memory_of, shelf_on, write_and_seal
from bench.ground.report import last_line, quick
from bench.ground.servers import valkey
from cluster.embedded import EmbeddedServer
from tracking.bitmaps.slots import labels
from tracking.keys import Keys

TRAIT = "evt:signup"
FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
MINUTES_A_VISITOR = 3
IN_TWO_HOURS = 0.3  # of the visitors: 1.3 hours on average
IDLE_TRAITS, IDLE_SLOTS = 200, 30
SETBITS_AT_ONCE = 20_000

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Size:
    active: int
    known: int
    days: int
    events: int = 0  # of the data set
    one_in: int = 1  # of its visitors is really drained


FULL = Size(1_000_000, 10_000_000, 30, EVENTS, 400)
QUICK = Size(10_000, 100_000, 2, 30_000, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description="What Valkey holds.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int, default=EVENTS, help="of the data set's third row")
    options = parser.parse_args()
    last_line(measure(QUICK if quick() else replace(FULL, events=options.events)))


def measure(size: Size) -> dict[str, float | int]:
    """The figures of all three."""
    figures = of_traits(size)
    with (
        tempfile.TemporaryDirectory(prefix="aktivat-memory-") as folder,
        valkey(Path(folder) / "cluster", appendfsync="no") as server,
    ):
        figures["bytes_per_event"] = _everything(server, Path(folder), size)
    return figures


def _everything(server: EmbeddedServer, folder: Path, size: Size) -> float:
    """Bytes an event of all that Valkey holds for the data set."""
    product.use(folder, server)
    from bench.ground import held  # noqa: PLC0415 - Django's models can be imported only now

    shape = Shape(events=size.events)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=shape.days)
    found = held.bytes_by_part(Dataset(replace(shape, midnight=int(first.timestamp() * 1000))), size.one_in)
    for part, held_by_it in found.items():
        print(f"{part:20} {held_by_it / size.events:9,.2f} bytes an event")
    bytes_per_event = sum(found.values()) / size.events
    print(f"Everything {bytes_per_event:9,.2f} bytes an event of {size.events:,} (bar 60)")
    print(f"Visitors, people and sessions are scaled from one visitor in {size.one_in}, really drained.")
    return bytes_per_event


def of_traits(size: Size) -> dict[str, float | int]:
    """Of one trait, and of the traits of an idle property."""
    print(
        f"{size.active:,} active of {size.known:,} visitors a day, {size.days} days. The server is not asked to fsync."
    )
    with tempfile.TemporaryDirectory(prefix="aktivat-memory-") as folder:
        where = Path(folder)
        with valkey(where / "aktivat", appendfsync="no") as server:
            bitmaps, rest = _aktivat(server, size)
        with valkey(where / "idle", appendfsync="no") as server:
            idle = _idle(server)
        with valkey(where / "setbit", appendfsync="no") as server:
            setbit = _setbit(server, size)
    print(f"Aktivat  {bitmaps:9,.2f} bytes an active visitor-day in bitmaps (bar 14), {rest:.2f} more in their counts")
    print(f"SETBIT   {setbit:9,.2f} bytes: {setbit / bitmaps:,.0f} times as much")
    print(f"Idle     {idle:9,} bytes: {IDLE_TRAITS} traits touched in {IDLE_SLOTS} minutes (bar 500,000)")
    return {
        "bytes_per_visitor_day": bitmaps,
        "counts_bytes_per_visitor_day": rest,
        "setbit_bytes_per_visitor_day": setbit,
        "ratio_to_setbit": setbit / bitmaps,
        "idle_property_bytes": idle,
    }


def marks(size: Size, day: int) -> tuple[Array, Array]:
    """(visitor, minute since 1970) of every mark of a day, by minute; the same for the same size and day."""
    random = np.random.Generator(np.random.PCG64([size.active, size.known, day]))
    visitors = random.permutation(size.known)[: size.active].astype(np.int64)
    hour = random.integers(0, 24, size.active)
    first = random.integers(0, 60, size.active)
    steps = np.cumsum(random.integers(1, 20, (MINUTES_A_VISITOR - 1, size.active)), axis=0)
    within = [first, *((first + step) % 60 for step in steps)]  # three minutes, less than an hour from the first
    begin = int((FIRST_DAY + timedelta(days=day)).timestamp()) // 60
    of_hour = [begin + hour * 60 + minute for minute in within]
    neighbour = np.where(hour == 23, -60, 60)
    of_hour[-1] = of_hour[-1] + np.where(random.random(size.active) < IN_TWO_HOURS, neighbour, 0)
    who, when = np.tile(visitors, MINUTES_A_VISITOR), np.concatenate(of_hour)
    order = np.argsort(when, kind="stable")
    return who[order], when[order]


def _aktivat(server: EmbeddedServer, size: Size) -> tuple[float, float]:
    """(bytes in bitmaps, bytes beside them) for each active visitor-day."""
    shelf = shelf_on(server)
    began = time.monotonic()
    for day in range(size.days):
        who, when = marks(size, day)
        write_and_seal(
            shelf, ((TRAIT, visitor, minute) for visitor, minute in zip(who.tolist(), when.tolist(), strict=True))
        )
    close(shelf)
    print(f"  Aktivat: written, sealed and closed in {time.monotonic() - began:.0f} s")
    bitmaps, rest = memory_of(shelf)
    return bitmaps / (size.active * size.days), rest / (size.active * size.days)


def _idle(server: EmbeddedServer) -> int:
    """All bytes of a property where hardly anything happens: one visitor, each trait in each of some minutes."""
    shelf = shelf_on(server)
    begin = int(FIRST_DAY.timestamp()) // 60
    traits = "\n".join(f"page:/page{number}" for number in range(IDLE_TRAITS))
    write_and_seal(shelf, ((traits, 1, begin + minute) for minute in range(IDLE_SLOTS)))
    close(shelf)
    return sum(memory_of(shelf))


def _setbit(server: EmbeddedServer, size: Size) -> float:
    """Bytes for each active visitor-day: one day written mark by mark, as a library of plain SETBITs does."""
    client, keys = client_of(server), Keys(1, 1)
    began = time.monotonic()
    who, when = marks(size, 0)
    pipe = client.pipeline(transaction=False)
    for number, (key, visitor) in enumerate(_bits(keys, who, when), 1):
        pipe.setbit(key, visitor, 1)
        if number % SETBITS_AT_ONCE == 0:
            pipe.execute()
    pipe.execute()
    print(f"  SETBIT: one day written in {time.monotonic() - began:.0f} s")
    held, bare = 0.0, 0.0  # by MEMORY USAGE, and by length
    for key in client.scan_iter(count=1000):
        share = size.days if len(key.decode().rpartition("::")[2]) < len("2026-11-01") else 1
        held += int(client.memory_usage(key, samples=0) or 0) / share
        bare += client.strlen(key) / share
    print(f"  SETBIT: {bare / size.active:,.0f} bytes by the strings' lengths; those that grow have room to spare")
    return held / size.active


def _bits(keys: Keys, who: Array, when: Array) -> Iterator[tuple[str, int]]:
    """(key, bit) at five granularities; a bit that the visitor has set already in the slot is not sent again."""
    by_minute = {minute: labels(minute, ZONE) for minute in np.unique(when).tolist()}
    for level in range(5):
        names = {label[level]: number for number, label in enumerate(by_minute.values())}
        slots = np.array([names[by_minute[minute][level]] for minute in when.tolist()], np.int64)
        _, first = np.unique(slots << 32 | who, return_index=True)
        by_number = {number: name for name, number in names.items()}
        for row in np.sort(first).tolist():
            yield f"{keys.prefix}{TRAIT}::{by_number[int(slots[row])]}", int(who[row])


if __name__ == "__main__":
    main()
