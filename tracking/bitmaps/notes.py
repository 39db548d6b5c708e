"""Notes: what a batch adds, before it is folded into bitmaps and tallies. Pure.

A note says: in this minute, under this set of traits, this visitor has so much more of a metric.

    "everyone\\nsrc:news::cpg:(none)\\ncfg:browser:firefox"   visitor 7, minute 29399310:  events +3, sessions +1
    "evt:pageview\\npage:/pricing"                            visitor 7, minute 29399310:  events +1

A set of traits is one string with line breaks between: sets come again and again, and a string is
hashed once.

Who has events under a trait in a slot is its bitmap; how many there are, and the other metrics, are
its tallies. Amounts add up and may be negative, so a note can be taken back by its opposite: that is
how the exit page of a session moves on, and how a bounce ceases to be one.

Samples (samples.py) are notes as well: their metric is `samples:load_ms` or the like, and in the place
of the visitor stands the sample. They are kept by day only.

A frame is the notes of one batch as bytes: length (4 bytes, little-endian), then msgpack of

    [time zone, [trait, …], lengths, places, {metric: [sets, minutes, visitors, amounts]}]

where `lengths` are those of the sets, and `places` those of their traits in the list, set after set; like the
columns of a metric they are arrays of little-endian integers. A log is frames one after another
(folding.py makes cells of it).
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from tracking.bitmaps import values
from tracking.bitmaps.ranges import borders_of
from tracking.bitmaps.samples import SAMPLES, is_samples, sample

EVENTS = "events"
LENGTH = struct.Struct("<I")

TraitSet = str
Row = tuple[int, int, int]  # set, minute, visitor index
Columns = tuple[bytes, bytes, bytes, bytes]
Frame = tuple[str, list[str], bytes, bytes, dict[str, Columns]]

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


class Numbered(dict[TraitSet, int]):
    """Numbers its keys from 0, in the order in which they are first asked for."""

    def __missing__(self, key: TraitSet) -> int:
        self[key] = number = len(self)
        return number


@dataclass
class Notes:
    """The notes of one batch. Minutes are UTC, counted since 1970."""

    tz: ZoneInfo
    sets: Numbered = field(default_factory=Numbered)
    # metric -> row -> amount
    amounts: defaultdict[str, defaultdict[Row, int]] = field(default_factory=lambda: defaultdict(_no_rows))

    def add(self, traits: TraitSet, visitor: int, minute: int, metric: str = EVENTS, amount: int = 1) -> None:
        """So much more of `metric` for a visitor under each of `traits`."""
        self.amounts[metric][self.sets[traits], minute, visitor] += amount

    def sample(self, traits: TraitSet, visitor: int, minute: int, what: str, value: int) -> None:
        """One measurement of `what` under each of `traits`; `value` from 0 to samples.HIGHEST."""
        self.add(traits, sample(visitor, value, minute), minute, SAMPLES + what)

    def frame(self) -> bytes:
        """The notes as bytes; empty when there are none."""
        columns = {metric: packed for metric, rows in self.amounts.items() if (packed := _columns(metric, rows))}
        if not columns:
            return b""
        numbers = Numbered()
        sets = [[numbers[trait] for trait in traits.split("\n")] for traits in self.sets]
        lengths, places = np.array([len(one) for one in sets], "<u4"), np.array(list(chain(*sets)), "<u4")
        body = _encoder.encode((self.tz.key, list(numbers), lengths.tobytes(), places.tobytes(), columns))
        return LENGTH.pack(len(body)) + body


def _no_rows() -> defaultdict[Row, int]:
    return defaultdict(int)


def _columns(metric: str, rows: dict[Row, int]) -> Columns | None:
    kept = [(*row, amount) for row, amount in rows.items() if amount]
    if not kept:
        return None
    sets, minutes, visitors, amounts = zip(*kept, strict=True)
    return (
        np.array(sets, "<u4").tobytes(),
        np.array(minutes, "<u4").tobytes(),
        np.array(visitors, place_type(metric)).tobytes(),
        values.pack(np.array(amounts, np.int64), borders_of([len(amounts)]))[0],
    )


def place_type(metric: str) -> str:
    """Of the column `visitors`, in which samples may stand."""
    return "<u8" if is_samples(metric) else "<u4"


def frames(log: bytes) -> Iterator[Frame]:
    """The frames of a log. Raises msgspec.DecodeError for a damaged one."""
    at = 0
    while at < len(log):
        (length,) = LENGTH.unpack_from(log, at)
        at += LENGTH.size
        yield _decoder.decode(log[at : at + length])
        at += length
