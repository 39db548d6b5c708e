"""What a worker does, for the benchmarks: a property, its stream filled, its stream worked off. Needs Django set up."""

import time
from collections.abc import Iterator
from itertools import islice

from django.conf import settings
from django.core.management import call_command

from accounts.models import Account
from bench.dataset import Dataset, Shape
from bench.ground import tables
from bench.ground.columns import Columns
from bench.ground.wire import requests
from properties import definitions
from properties.models import Property
from tracking import directory, ingest, stream, wire
from tracking.admission import Sender, admit
from tracking.drain import Drain
from tracking.lookups import load_batch
from tracking.progress import Progress, progress
from tracking.shelves import layout_of, rules_of, shelf_of
from tracking.stream import Packet
from tracking.tasks import SEAL_BEHIND_AT_BYTES

RATE = 25_000
LONGEST_BATCH_MS = 5_000  # a tracker sends what it has after a few seconds


def property_of_its_own() -> Property:
    """A property in a new database of the data folder."""
    call_command("migrate", verbosity=0)
    return definitions.create(Account.objects.create(name="Bench"), "Bench", [tables.HOST])


def packets(prop: Property, events: int) -> Iterator[Packet]:
    """Requests of the data set's last day, so that `events` of them end now."""
    data = Dataset(Shape(events=events * 40))
    *_, last = data.days()
    now = time.time_ns() // 1_000_000
    return packets_of(prop, data, last, now - events * 1000 // RATE, now)


def packets_of(prop: Property, data: Dataset, rows: Columns, begun: int, now: int) -> Iterator[Packet]:
    """Requests of these rows, as the collector would append them from `begun` on at RATE events a second.

    `now`: when the last of the rows is; both in milliseconds since 1970.
    """
    table, sent_before = directory.load(), 0
    for sent in requests(data, rows, prop.account_id, shift=now - int(rows.at[-1])):
        sender = Sender(user_agent=sent.user_agent, country=sent.country)
        for packet in admit(wire.decode(sent.body), table, sender, now).packets.values():
            sent_before += len(packet.events)
            packet.received = begun + sent_before * 1000 // RATE
            newest = packet.events[-1].at
            for event in packet.events:
                event.at = packet.received - min(newest - event.at, LONGEST_BATCH_MS)
            yield packet


def fill(prop: Property, events: int, packets_an_entry: int) -> float:
    """Put `events` into the stream; how many traits they have on average, as the drain will find them."""
    append(prop, packets(prop, events), events, packets_an_entry)
    return traits_an_event(prop)


def append(prop: Property, some: Iterator[Packet], events: int, packets_an_entry: int) -> None:
    """Put the first `events` of `some` into the stream."""
    shelf, left = shelf_of(prop), events
    pipe = shelf.client.pipeline(transaction=False)
    while left and (entry := list(islice(some, packets_an_entry))):
        for packet in entry:
            packet.events = packet.events[:left]
            left -= len(packet.events)
        pipe.xadd(shelf.keys.ingest, {stream.FIELD: stream.encode([packet for packet in entry if packet.events])})
    pipe.execute()
    if left:
        raise SystemExit(f"The data set's day has {left} events too few.")


def traits_an_event(prop: Property) -> float:
    """Of a sample of the stream, by the steps themselves; nothing is written."""
    shelf = shelf_of(prop)
    entries = [
        (entry_id.decode(), stream.decode(fields[stream.FIELD]))
        for entry_id, fields in shelf.client.xrange(shelf.keys.ingest, count=5)
    ]
    batch, _ = load_batch(
        shelf, layout_of(prop), rules_of(prop), Progress(), [packet for _, some in entries for packet in some]
    )
    ingest.run(entries, batch)
    numbers = [row.traits.count("\n") + row.session_traits.count("\n") + 2 for row in batch.rows]
    return sum(numbers) / len(numbers)


def work_off(prop: Property) -> None:
    """Drain until the stream is empty, sealing whenever the workers would, and at the end."""
    layout, swept = layout_of(prop), time.monotonic()
    while not Drain.of(prop).run(seconds=0.5):
        due = time.monotonic() - swept >= settings.SWEEP_SECONDS
        if due or layout.waiting(shelf_of(prop)) >= SEAL_BEHIND_AT_BYTES:
            layout.seal(shelf_of(prop))
            swept = time.monotonic() if due else swept
    layout.seal(shelf_of(prop))


def counted(prop: Property) -> int:
    return progress(prop).events


def bytes_held(prop: Property) -> int:
    """What Valkey holds of the property."""
    return sum(sizes_of(prop).values())


def sizes_of(prop: Property) -> dict[str, int]:
    """MEMORY USAGE … SAMPLES 0 of each key of the property, by the key without the property's prefix."""
    shelf = shelf_of(prop)
    keys = list(shelf.keys.scan(shelf.client, ""))
    pipe = shelf.client.pipeline(transaction=False)
    for key in keys:
        pipe.memory_usage(key, samples=0)
    return {key.removeprefix(shelf.keys.prefix): size for key, size in zip(keys, pipe.execute(), strict=True)}
