"""The values of many tallies as bytes, and back: all at once, as most are a few numbers long. Pure.

Most values are small, so they are packed into 1, 2 or 4 bits where that is shorter, and the few that do
not fit are listed behind (Zukowski et al., "Super-Scalar RAM-CPU Cache Compression", 2006):

    nothing                                                                               all of them are 1
    bits of a value (1 byte) · number of exceptions (4) · packed (value - 1) · places (4 each) · values (8 each)
    bits of a value (1 byte) · values, little-endian, signed                              8 bits and more

Pieces and borders: ranges.py.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tracking.bitmaps.ranges import Ints, borders_of, places, slices

Values = npt.NDArray[np.int64]

WHOLE_BITS = (8, 16, 32, 64)  # of a value that is packed as a signed integer
FEW_BITS = (1, 2, 4)  # of one that is packed as what it is above 1
EXCEPTION_BYTES = 12
FEW = 32  # values; fewer are packed as whole bytes
DIGITS = 5  # where they begin


def pack(values: Values, borders: Ints) -> list[bytes]:
    """The values of each piece as bytes; none when all of them are 1. No piece is empty."""
    packed = [b""] * (len(borders) - 1)
    if len(values):
        bits = _bits(values, borders)
        for width in WHOLE_BITS:
            _pack_whole(packed, values, borders, np.flatnonzero(bits == width), width)
        for width in FEW_BITS:
            _pack_few(packed, values, borders, np.flatnonzero(bits == width), width)
    return packed


def _bits(values: Values, borders: Ints) -> Ints:
    """How many bits a value of each piece takes; 0 where all are 1."""
    first, lengths = borders[:-1], np.diff(borders)
    low, high = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    bits = np.full(len(lengths), 64)
    for width in reversed(WHOLE_BITS[:-1]):
        bits[(low >= -(1 << (width - 1))) & (high < 1 << (width - 1))] = width
    sizes, above = lengths * bits // 8, values - 1
    for width in FEW_BITS:
        exceptions = np.add.reduceat((above >> width) != 0, first, dtype=np.int64)
        packed = lengths * width // 8 + EXCEPTION_BYTES * exceptions
        better = (packed < sizes) & (lengths >= FEW)
        bits[better], sizes[better] = width, packed[better]
    bits[(low == 1) & (high == 1)] = 0
    return bits


def _pack_whole(packed: list[bytes], values: Values, borders: Ints, chosen: Ints, bits: int) -> None:
    lengths = borders[chosen + 1] - borders[chosen]
    data = values[places(borders[chosen], lengths)].astype(f"<i{bits // 8}").tobytes()
    head = bytes([bits])
    for place, part in zip(chosen.tolist(), slices(data, borders_of(lengths * (bits // 8))), strict=True):
        packed[place] = head + part


def _pack_few(packed: list[bytes], values: Values, borders: Ints, chosen: Ints, bits: int) -> None:
    if not len(chosen):
        return
    lengths = borders[chosen + 1] - borders[chosen]
    some, within = values[places(borders[chosen], lengths)], borders_of(lengths)
    strange = np.flatnonzero((some - 1) >> bits)
    piece = np.searchsorted(within, strange, side="right") - 1
    exceptions = np.bincount(piece, minlength=len(chosen))
    fitting = some - 1
    fitting[strange] = 0
    digits = borders_of(_bytes_of(lengths, bits))
    padded = np.zeros(digits[-1] * 8 // bits, np.uint8)
    padded[places(digits[:-1] * 8 // bits, lengths)] = fitting
    data = np.packbits((padded[:, None] >> np.arange(bits, dtype=np.uint8)) & 1).tobytes()
    ends = borders_of(exceptions)
    parts = zip(
        chosen.tolist(),
        slices(exceptions.astype("<u4").tobytes(), 4 * np.arange(len(chosen) + 1)),
        slices(data, digits),
        slices((strange - within[piece]).astype("<u4").tobytes(), 4 * ends),
        slices(some[strange].astype("<i8").tobytes(), 8 * ends),
        strict=True,
    )
    head = bytes([bits])
    for place, *rest in parts:
        packed[place] = b"".join((head, *rest))


def _bytes_of(lengths: Ints, bits: int) -> Ints:
    return (lengths * bits + 7) // 8


def unpack(packed: Sequence[bytes | None], borders: Ints) -> Values:
    """What `pack` made of pieces with these borders. Raises ValueError when one has another length."""
    values = np.ones(borders[-1], np.int64)
    bits = np.array([one[0] if one else 0 for one in packed], np.int64)
    for width in np.unique(bits).tolist():
        if width:
            chosen = np.flatnonzero(bits == width)
            some = [packed[place] or b"" for place in chosen.tolist()]
            lengths = borders[chosen + 1] - borders[chosen]
            unpack_some = _unpack_whole if width in WHOLE_BITS else _unpack_few
            values[places(borders[chosen], lengths)] = unpack_some(some, lengths, width)
    return values


def _unpack_whole(packed: list[bytes], lengths: Ints, bits: int) -> Values:
    _check(packed, 1 + lengths * (bits // 8))
    return np.frombuffer(b"".join([one[1:] for one in packed]), f"<i{bits // 8}").astype(np.int64)


def _unpack_few(packed: list[bytes], lengths: Ints, bits: int) -> Values:
    sizes = _bytes_of(lengths, bits)
    exceptions = np.frombuffer(b"".join([one[1:DIGITS] for one in packed]), "<u4").astype(np.int64)
    _check(packed, DIGITS + sizes + EXCEPTION_BYTES * exceptions)
    first, then = DIGITS + sizes, DIGITS + sizes + 4 * exceptions
    cuts = list(zip(packed, first.tolist(), then.tolist(), strict=True))
    digits = np.frombuffer(b"".join([one[DIGITS:a] for one, a, _ in cuts]), np.uint8)
    each = np.unpackbits(digits).reshape(-1, bits)
    padded = np.ones(len(each), np.int64)
    for bit in range(bits):
        padded += each[:, bit].astype(np.int64) << bit
    values = padded[places(borders_of(sizes)[:-1] * 8 // bits, lengths)]
    at = np.frombuffer(b"".join([one[a:b] for one, a, b in cuts]), "<u4")
    strange = np.frombuffer(b"".join([one[b:] for one, _, b in cuts]), "<i8")
    values[at + np.repeat(borders_of(lengths)[:-1], exceptions)] = strange
    return values


def _check(packed: list[bytes], sizes: Ints) -> None:
    found = np.array([len(one) for one in packed])
    if (found != sizes).any():
        wrong = int(np.flatnonzero(found != sizes)[0])
        raise ValueError(f"{found[wrong]} bytes of values, {sizes[wrong]} expected.")
