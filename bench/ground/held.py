"""Everything that Valkey holds of a property after the data set's 30 days, in bytes. Needs Django set up.

    bitmaps, columns       rebuilt from the archive, whole; months that are over made
    names                  of the last days, as their totals name them
    visitors, people, sessions   of one visitor in `one_in`, whose 30 days are really drained; times `one_in`
    streams                the archive's, for as long as it waits to be archived; the others are empty

The sample is spread over a share of the buckets as small as the sample itself, so that a bucket is as full as it is
with all visitors; and tidied at the end of the 30 days, as all are once a day. Sessions are kept for two days, so only
those of the last two count; their number is the data set's own. The days are the last 30 before today, with the minutes
and hours that are kept of them.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any
from zlib import crc32

import msgspec
from django.conf import settings

from bench.dataset import Dataset
from bench.ground import archived, worker
from bench.ground.visits import DAY_MS
from bench.ground.wire import Sent, requests
from properties.models import Property
from tracking import directory, stream, wire
from tracking.admission import Sender, admit
from tracking.archive.store import store
from tracking.bitmaps.layouts import Request
from tracking.bitmaps.notes import EVENTS
from tracking.drain import Drain
from tracking.keys import BUCKETS
from tracking.names import KEPT_SECONDS, names_of
from tracking.rebuild import rebuild
from tracking.sessions import SESSIONS
from tracking.shelves import layout_of, shelf_of
from tracking.stream import Packet
from tracking.tidying import ROUND_SECONDS, tidy

PACKETS_AN_ENTRY = 50
TIDYING_SECONDS = 600  # at most
DAYS_AT_HAND = KEPT_SECONDS // (24 * 3600) + 1  # of names
ARCHIVE_SECONDS = 30  # from one archiving to the next, at most
PARTS = ("visitors", "people")  # what there is for each visitor


def bytes_by_part(data: Dataset, one_in: int) -> dict[str, int]:
    """Bytes by part, of all visitors. `one_in`: how many visitors one of the sample stands for."""
    prop = worker.property_of_its_own()
    rebuild(prop, *archived.write(data, prop, store()))
    layout_of(prop).close(shelf_of(prop), datetime.now(UTC))
    found: Counter[str] = Counter()
    found["bitmaps and columns"] = worker.bytes_held(prop)
    first = datetime.fromtimestamp(data.shape.midnight / 1000, UTC).date()
    last = first + timedelta(days=data.shape.days - 1)
    found["names"] = name(prop, [last - timedelta(days=day) for day in range(DAYS_AT_HAND)])
    found.update(of_visitors(worker.property_of_its_own(), data, one_in, max(BUCKETS // one_in, 1)))
    return dict(found)


def of_visitors(prop: Property, data: Dataset, one_in: int, few: int) -> dict[str, int]:
    """Bytes of what there is for each visitor and session, and of the stream; after one visitor in `one_in` is drained.

    `few`: the buckets that these are spread over.
    """
    events = _drain(prop, data, one_in, few)
    tidy(prop, ROUND_SECONDS, TIDYING_SECONDS, data.shape.midnight + data.shape.days * DAY_MS)
    sizes = worker.sizes_of(prop)
    found = {part: sum(size for key, size in sizes.items() if key.startswith(f"{part}::")) * one_in for part in PARTS}
    a_second = data.shape.events / (data.shape.days * 24 * 3600)
    streams = round(sizes["archive"] / events * a_second * ARCHIVE_SECONDS)
    return {**found, "sessions": round(_sessions(data, sizes)), "streams": streams}


def name(prop: Property, days: Sequence[date]) -> int:
    """Write the names of these days as the drain has them at hand; the bytes they take."""
    shelf = shelf_of(prop)
    for label in map(str, days):
        found = layout_of(prop).load(shelf, Request(totals=[(EVENTS, label), (SESSIONS, label)])).totals
        shelf.client.sadd(shelf.keys.names(label), *names_of(found[(EVENTS, label)], found[(SESSIONS, label)]))
    return sum(size for key, size in worker.sizes_of(prop).items() if key.startswith("names::"))


def _sessions(data: Dataset, sizes: Mapping[str, int]) -> float:
    """Bytes of the sessions that are kept: those of one of the sample, times how many there are."""
    kept_ms = settings.SESSIONS_KEPT_HOURS * 3_600_000
    kept = [
        str(datetime.fromtimestamp(data.shape.midnight / 1000, UTC).date() + timedelta(days=day))
        for day in range(data.shape.days - kept_ms // DAY_MS, data.shape.days)
    ]
    own = {key: size for key, size in sizes.items() if key.startswith(tuple(f"{day}::session_" for day in kept))}
    index = sum(sizes.get(f"session_index::{day}", 0) for day in kept)
    known = int((data.visits.start >= (data.shape.days * DAY_MS - kept_ms)).sum())
    return (sum(own.values()) + index) / len(own) * known


def _drain(prop: Property, data: Dataset, one_in: int, few: int) -> int:
    """Drain all that one visitor in `one_in` did; how many events that were."""
    shelf = shelf_of(prop)
    some: list[Packet] = []
    for packet in _packets(prop, data, one_in, few):
        some.append(packet)
        if len(some) == PACKETS_AN_ENTRY:
            shelf.client.xadd(shelf.keys.ingest, {stream.FIELD: stream.encode(some)})
            some = []
    if some:
        shelf.client.xadd(shelf.keys.ingest, {stream.FIELD: stream.encode(some)})
    while not Drain.of(prop).run():
        pass
    return worker.counted(prop)


def _packets(prop: Property, data: Dataset, one_in: int, few: int) -> Iterator[Packet]:
    table = directory.load()
    for events in data.days():
        for sent in requests(data, events.rows(events.visitor % one_in == 0), prop.account_id):
            body = _in_few_buckets(sent, one_in, few)
            received = body["events"][-1]["at"]
            batch = wire.decode(msgspec.json.encode(body))
            sender = Sender(user_agent=sent.user_agent, country=sent.country)
            yield from admit(batch, table, sender, received).packets.values()


def _in_few_buckets(sent: Sent, one_in: int, few: int) -> Any:
    """The body, with a visitor and a user whose buckets are among the first `few`."""
    body = json.loads(sent.body)
    number = sent.visitor // one_in
    body["visitor"] = str(uuid.UUID(int=uuid.UUID(body["visitor"]).int >> 16 << 16 | number % few))
    for event in body["events"]:
        if "user" in event:
            event["user"] = _user_of(number, few)
    return body


@lru_cache(maxsize=4096)
def _user_of(number: int, few: int) -> str:
    """A user id of the visitor's own that falls into one of the first `few` buckets."""
    some = (f"user{number}-{attempt}" for attempt in count())
    return next(user for user in some if _bucket(user) < few)


def _bucket(user: str) -> int:
    return crc32(user.encode()) % BUCKETS
