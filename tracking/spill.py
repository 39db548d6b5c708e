"""Where events wait on this machine's disk while their shard is away.

    request ──► appender ──► shard answers ──────────────────────────────► 202
                   │            │ no answer, or none to be had
                   │            ▼
                   └──► <data>/spill/<writer>-000001.log   write, fsync ──► 202
                              length · crc · [account, property, number, events, entry]
                              length · crc · …
                                   │  the shard is back
                                   ▼
                        once.APPEND with the same writer and numbers: what the shard has already, it skips

A frame keeps the writer and the number of the first attempt, so it does not matter whether that attempt was carried
out (`once`). While a property has a frame here that the shard has not acknowledged, all that comes for it goes
here too, behind it: the order of numbers stays what `once` needs.

The files of a process are locked by it. When it dies the kernel gives the locks back, and the next process, or
another one beside it, takes the files over. A frame that was torn by the end of a process or of the power was never
acknowledged; reading stops before it. A file goes when all of it is acknowledged; the size of all is bounded.
"""

import asyncio
import fcntl
import logging
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import msgspec

from tracking.once import Entry, Owner

log = logging.getLogger(__name__)

SEGMENT_BYTES = 8 << 20
_HEAD = struct.Struct(">II")  # length and CRC-32 of what follows


class SpillFull(Exception):
    """There is no room for more; the sender keeps the events."""


class Frame(msgspec.Struct, array_like=True, gc=False):
    """One entry of a stream that waits. Fields as in once.Entry."""

    account_id: int
    property_id: int
    number: int
    events: int
    packed: bytes

    @property
    def owner(self) -> Owner:
        return (self.account_id, self.property_id)

    @property
    def entry(self) -> Entry:
        return Entry(self.number, self.events, self.packed)

    @staticmethod
    def of(owner: Owner, entry: Entry) -> "Frame":
        return Frame(*owner, entry.number, entry.events, entry.packed)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


@dataclass
class Segment:
    """One file, open and locked. `length`: bytes of whole frames; what is behind them does not count.

    `last`: the highest number of each property in it; `acknowledged`: up to which the shard has them.
    """

    path: Path
    descriptor: int
    writer: str
    length: int = 0
    events: int = 0
    last: dict[Owner, int] = field(default_factory=dict)
    acknowledged: dict[Owner, int] = field(default_factory=dict)

    def owes(self, owner: Owner) -> bool:
        return self.last.get(owner, 0) > self.acknowledged.get(owner, 0)

    @property
    def is_done(self) -> bool:
        return not any(map(self.owes, self.last))

    def read(self, offset: int, size: int) -> tuple[list[Frame], int]:
        """The frames from `offset` on, `size` bytes of them or a little more; and where the next one begins."""
        frames = []
        following = offset
        for frame, following in _frames(self.descriptor, offset, self.length):
            frames.append(frame)
            if following >= offset + size:
                break
        return frames, following


class Spill:
    """The files of one process, and those it took over. Methods are for one event loop."""

    def __init__(self, folder: Path, writer: str, most_bytes: int) -> None:
        """`most_bytes`: what all files together may hold; 0 for no spill at all."""
        self.segments: list[Segment] = []  # oldest first
        self._folder = folder
        self._writer = writer
        self._most_bytes = most_bytes
        self._made = 0
        self._tail: Segment | None = None
        self._changing = asyncio.Lock()

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return sum(segment.length for segment in self.segments)

    @property
    def events(self) -> int:
        """Events in the files, those included that a shard has acknowledged but whose file is still needed."""
        return sum(segment.events for segment in self.segments)

    def owes(self, owner: Owner) -> bool:
        """Whether something of this property waits here."""
        return any(segment.owes(owner) for segment in self.segments)

    async def append(self, frames: Iterable[Frame]) -> None:
        """Return when the frames are on the disk. Raises SpillFull, or OSError; then none of them is kept."""
        some = list(frames)
        packed = b"".join(_pack(frame) for frame in some)
        async with self._changing:
            if self.size + len(packed) > self._most_bytes:
                raise SpillFull(f"The spill holds {self.size} of {self._most_bytes} bytes.")
            tail = self._tail
            if tail is None or tail.length >= SEGMENT_BYTES:
                tail = await asyncio.to_thread(self._new_segment)
                self._tail = tail
                self.segments.append(tail)
            try:
                await asyncio.to_thread(_write, tail.descriptor, packed, tail.length)
            except OSError:
                self._tail = None  # what a failed fsync leaves is not certain: the next frames go elsewhere
                with suppress(OSError):
                    os.ftruncate(tail.descriptor, tail.length)
                raise
            tail.length += len(packed)
            for frame in some:
                tail.last[frame.owner] = frame.number
                tail.events += frame.events

    async def remove_if_done(self, segment: Segment) -> None:
        """Delete a file that is acknowledged as a whole."""
        async with self._changing:
            if segment.is_done:
                if segment is self._tail:
                    self._tail = None
                self.segments.remove(segment)
                segment.path.unlink(missing_ok=True)
                os.close(segment.descriptor)

    async def take_over(self) -> int:
        """Take the files of processes that have ended; how many there were."""
        found = await asyncio.to_thread(lambda: list(self._orphans()))
        self.segments[:0] = found
        return len(found)

    def close(self) -> None:
        """Let the files go; another process may take over what waits in them."""
        for segment in self.segments:
            os.close(segment.descriptor)
        self.segments, self._tail = [], None

    def _new_segment(self) -> Segment:
        """A new, empty file. It gets its name when it is locked: nobody takes it over before."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._made += 1
        path = self._folder / f"{self._writer}-{self._made:06}.log"
        unnamed = path.with_name(f".{path.name}")
        descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(path)
        _sync_folder(self._folder)
        return Segment(path, descriptor, self._writer)

    def _orphans(self) -> Iterator[Segment]:
        own = {segment.path for segment in self.segments}
        for path in sorted(self._folder.glob("*.log")) if self._folder.is_dir() else []:
            if path not in own and (segment := _take(path)):
                yield segment


def _take(path: Path) -> Segment | None:
    """The file, when nobody has it. One without a whole frame is deleted."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if not os.fstat(descriptor).st_nlink:  # its owner has just deleted it
        os.close(descriptor)
        return None
    segment = Segment(path, descriptor, path.stem.rpartition("-")[0])
    for frame, end in _frames(descriptor, 0, os.fstat(descriptor).st_size):
        segment.length = end
        segment.events += frame.events
        segment.last[frame.owner] = frame.number
    if segment.length:
        return segment
    path.unlink(missing_ok=True)
    os.close(descriptor)
    return None


def _frames(descriptor: int, offset: int, length: int) -> Iterator[tuple[Frame, int]]:
    """Each whole frame and where it ends, up to the first that is torn."""
    while offset + _HEAD.size <= length:
        size, checksum = _HEAD.unpack(os.pread(descriptor, _HEAD.size, offset))
        offset += _HEAD.size
        if not 0 < size <= length - offset:
            return
        packed = os.pread(descriptor, size, offset)
        offset += size
        if crc32(packed) != checksum:
            return
        yield _decoder.decode(packed), offset


def _pack(frame: Frame) -> bytes:
    packed = _encoder.encode(frame)
    return _HEAD.pack(len(packed), crc32(packed)) + packed


def _write(descriptor: int, packed: bytes, offset: int) -> None:
    rest = memoryview(packed)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
