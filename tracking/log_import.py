"""Access logs into a property's stream: each line once, however often a file is read.

    file, perhaps gzipped ──► lines ──► visits ──► packets ──► once.append(writer "log-<digest of its beginning>",
                              from the position                              number = position behind the last line)
                              that the shard has

The position is kept by the shard, beside the stream and written together with the entries (once.py). So nothing else
remembers what was read: after an interruption, or when the file has grown, the next run goes on there; and a file that
was read to its end has nothing new, under whatever name, packed or not. A file is known by its first 8 KB, which must
be there when it is read the first time.

Visitors are told as anonymous ones are, by address and User-Agent for a day. The salt follows from the installation's
secret, so that it is the same when the reading goes on; address and digest are never in one place.
"""

import gzip
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from django.conf import settings

from properties.models import Property
from tracking import anonymous, once, stream
from tracking.admission import Grant, Sender, admit_granted
from tracking.bitmaps.layouts import Shelf
from tracking.description import DOWNLOAD
from tracking.directory import Snapshot
from tracking.enrichment.countries import Countries
from tracking.sources.access_log import Visit, visit
from tracking.wire import Batch, Refused, WireEvent, refuse_forbidden_letters

GZIP = b"\x1f\x8b"
IDENTITY_BYTES = 8192
LINES_A_PART = 1000
KEPT_SECONDS = 10 * 365 * 24 * 3600  # how long a file is known
FEW_ENTRIES = 100
MOST_WAITING = 200_000  # events in the stream: then the drain has to come after
PAUSE_SECONDS = 0.5
EXCLUDED, NOT_ALLOWED, IN_FUTURE = "excluded", "bad_schema", "in_future"


@dataclass
class Imported:
    """What became of the lines of a file. `position`: how far it is read, in bytes as they are unpacked."""

    position: int = 0
    lines: int = 0
    events: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class LogImport:
    """`host`: of the site whose log it is."""

    prop: Property
    host: str
    shelf: Shelf
    table: Snapshot
    countries: Countries

    def read(self, path: Path, progress: Callable[[Imported], None]) -> Imported:
        """Take what is new in the file. Raises OSError, EOFError, and the data cluster's errors; then it can go on."""
        with _opened(path) as file:
            writer = f"log-{hashlib.sha256(file.read(IDENTITY_BYTES)).hexdigest()[:32]}"
            known = int(self.shelf.client.get(self.shelf.keys.appended(writer)) or 0)
            done = Imported(position=known)
            file.seek(known)
            for lines in _parts(file):
                packets = self._packets(lines, done)
                done.position += sum(map(len, lines))
                done.lines += len(lines)
                if packets:
                    self._append(writer, done.position, packets)
                progress(done)
        return done

    def _append(self, writer: str, position: int, packets: list[stream.Packet]) -> None:
        owner = (self.prop.account_id, self.prop.id)
        entry = once.Entry(position, sum(len(packet.events) for packet in packets), stream.encode(packets))
        command = once.append(owner, writer, [entry], FEW_ENTRIES, KEPT_SECONDS)
        waiting = self.shelf.client.execute_command(*command)
        while waiting > MOST_WAITING:
            time.sleep(PAUSE_SECONDS)
            waiting = self.shelf.client.execute_command(*once.append(owner, writer, [], FEW_ENTRIES, KEPT_SECONDS))

    def _packets(self, lines: list[bytes], done: Imported) -> list[stream.Packet]:
        """The visits in some lines, those of one visitor together."""
        found: dict[tuple[str, str, int], stream.Packet] = {}
        now = time.time_ns() // 1_000_000
        for line in lines:
            told = visit(line.decode("utf-8", "replace").rstrip("\r\n"))
            if isinstance(told, str):
                done.left_out[told] += 1
            elif self.table.excludes(self.prop.id, told.address):
                done.left_out[EXCLUDED] += 1
            else:
                self._add(found, told, now, done)
        return list(found.values())

    def _add(self, found: dict[tuple[str, str, int], stream.Packet], told: Visit, now: int, done: Imported) -> None:
        grant = Grant(self.prop.account_id, self.prop.id, backfill=True)
        try:
            batch = self._batch(told)
            refuse_forbidden_letters(batch)
        except Refused:
            done.left_out[NOT_ALLOWED] += 1
            return
        sender = Sender(user_agent=told.user_agent[:500], **self.countries.locate(told.address)._asdict())
        admitted = admit_granted(batch, grant, sender, now)
        done.events += admitted.taken
        for reason, number in admitted.reasons().items():
            done.left_out[reason] += number
        day = told.at // 86_400_000
        for packet in admitted.packets.values():
            known = found.setdefault((told.address, told.user_agent, day), packet)
            if known is not packet:
                known.events += packet.events
                continue
            packet.visitor_id, packet.session_id = anonymous.ids(
                _salt(told.at), (grant.account_id, grant.property_id), told.address, told.user_agent
            )

    def _batch(self, told: Visit) -> Batch:
        url = f"https://{self.host}{told.target}"[:2000]
        is_download = told.name == DOWNLOAD
        event = WireEvent(
            name=told.name,
            at=told.at,
            url=told.referrer[:2000] if is_download else url,
            referrer="" if is_download else told.referrer[:2000],
            attributes={"href": url} if is_download else {},
        )
        return Batch(account=self.prop.account_id, property=self.prop.id, events=[event])


def _salt(at: int) -> bytes:
    day = datetime.fromtimestamp(at // 1000, UTC).date().isoformat()
    key = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(day.encode(), key=key, person=b"access log").digest()[: anonymous.SALT_BYTES]


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        is_gzip = file.read(len(GZIP)) == GZIP
        file.seek(0)
        if not is_gzip:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield unpacked  # type: ignore[misc]


def _parts(file: IO[bytes]) -> Iterator[list[bytes]]:
    """The whole lines of the file; one that the server is still writing is read the next time."""
    part: list[bytes] = []
    for line in file:
        if not line.endswith(b"\n"):
            break
        part.append(line)
        if len(part) == LINES_A_PART:
            yield part
            part = []
    if part:
        yield part
