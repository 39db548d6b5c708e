"""Tallies of samples as bytes: 64 bits wide, and in runs.

    how many (4 bytes) · samples, 8 bytes each · amounts                         a few
    how many (4 bytes) · compressed: steps between the samples, amounts          FEW and more

A page that is seldom viewed has one or two in a day, where compressing makes them longer.
"""

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from tracking.bitmaps import values
from tracking.bitmaps.ranges import Ints, borders_of, slices
from tracking.bitmaps.tally import Tally, apart, together

LENGTH = struct.Struct("<I")
WIDTH = 8
FEW = 16


def pack(tallies: Sequence[Tally]) -> list[bytes]:
    """Each tally as bytes. None is empty."""
    if not tallies:
        return []
    ids, numbers, borders = together(tallies)
    amounts = values.pack(numbers, borders)
    lengths = np.diff(borders).astype("<u4")
    heads = slices(lengths.tobytes(), LENGTH.size * np.arange(len(lengths) + 1))
    plain = slices(ids.astype("<u8").tobytes(), WIDTH * borders)
    return [
        head + (body + amount if length < FEW else zlib.compress(_planes(tally.ids) + amount, 1))
        for head, body, amount, length, tally in zip(heads, plain, amounts, lengths.tolist(), tallies, strict=True)
    ]


def unpack(packed: Sequence[bytes | None]) -> list[Tally]:
    """The tallies that `pack` made bytes of; nothing is an empty one."""
    lengths = np.array([LENGTH.unpack_from(one)[0] if one else 0 for one in packed], np.int64)
    bodies = [_body(one, length) for one, length in zip(packed, lengths.tolist(), strict=True)]
    ends = (WIDTH * lengths).tolist()
    borders = borders_of(lengths)
    numbers = values.unpack([body[end:] for body, end in zip(bodies, ends, strict=True)], borders)
    ids = np.frombuffer(b"".join([body[:end] for body, end in zip(bodies, ends, strict=True)]), "<u8")
    found = apart(ids, numbers, borders)
    for place in np.flatnonzero(lengths >= FEW).tolist():
        found[place].ids = _ids(found[place].ids)
    return found


def _body(packed: bytes | None, length: int) -> bytes:
    if not packed:
        return b""
    return packed[LENGTH.size :] if length < FEW else zlib.decompress(packed[LENGTH.size :])


def _planes(ids: Ints) -> bytes:
    """The steps between ids, bytes of equal rank side by side: most of the upper ones are 0."""
    steps = np.diff(ids, prepend=np.uint64(0)).astype("<u8")
    return steps.view(np.uint8).reshape(-1, WIDTH).T.tobytes()


def _ids(planes: Ints) -> Ints:
    steps = planes.view(np.uint8).reshape(WIDTH, -1).T.copy().view("<u8").ravel()
    ids: Ints = np.cumsum(steps, dtype=np.uint64)
    return ids
