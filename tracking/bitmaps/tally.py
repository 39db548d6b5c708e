"""How often, how much: a number for each visitor in a slot. Pure.

    ids      12  40  57  99     visitor indexes, ascending, each once
    values    1   3   1   2     what each did, spent or waited there; never 0

Most values are small, so they are packed into 1, 2 or 4 bits where that is shorter, and the few that do
not fit are listed behind (Zukowski et al., "Super-Scalar RAM-CPU Cache Compression", 2006):

    bits of a value (1 byte) · number of exceptions (4) · packed (value - 1) · places (4 each) · values (8 each)
    bits of a value (1 byte) · values, little-endian, signed                              8 bits and more

The ids of a tally of events are the bitmap of the trait. Tallies are added id by id; where a number
comes to 0 the visitor is gone from it, so what was noted can also be taken back.
"""

import struct
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

Ids = npt.NDArray[np.unsignedinteger[Any]]
Values = npt.NDArray[np.int64]

WHOLE_BITS = (8, 16, 32, 64)  # of a value that is packed as a signed integer
FEW_BITS = (1, 2, 4)  # of one that is packed as what it is above 1
EXCEPTION_BYTES = 12
LETTERS = {8: "b", 16: "h", 32: "i", 64: "q"}  # as struct names them
COUNT = struct.Struct("<I")
FEW = 32


@dataclass(frozen=True, eq=False)
class Tally:
    """`ids`: uint32 (uint64 for samples), ascending, distinct. `values`: int64, as many, none of them 0."""

    ids: Ids
    values: Values

    @staticmethod
    def of(numbers: dict[int, int], wide: bool = False) -> "Tally":
        """The tally of visitor index (or sample, which is `wide`) -> number."""
        kept = sorted(item for item in numbers.items() if item[1])
        return Tally(
            np.array([place for place, _ in kept], np.uint64 if wide else np.uint32),
            np.array([number for _, number in kept], np.int64),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __add__(self, other: "Tally") -> "Tally":
        if not len(self):
            return other
        if not len(other):
            return self
        places = np.searchsorted(self.ids, other.ids)
        known = self.ids[np.minimum(places, len(self.ids) - 1)] == other.ids
        values = self.values.copy()
        values[places[known]] += other.values[known]
        ids, fresh = self.ids, ~known
        if fresh.any():
            ids = np.insert(ids, places[fresh], other.ids[fresh])
            values = np.insert(values, places[fresh], other.values[fresh])
        if not values.all():
            ids, values = ids[values != 0], values[values != 0]
        return Tally(ids, values)

    def who(self) -> BitMap:
        """The visitors it has a number for."""
        return bitmap_of(self.ids)

    def total(self, segment: BitMap | None = None) -> int:
        """The sum over everybody, or over the visitors of `segment`."""
        if segment is None:
            return sum(self.values.tolist()) if len(self) < FEW else int(self.values.sum())
        if not len(self):
            return 0
        return int(self.values[member_mask(segment, int(self.ids[-1]))[self.ids]].sum())

    def to_dict(self) -> dict[int, int]:
        return dict(zip(self.ids.tolist(), self.values.tolist(), strict=True))


EMPTY = Tally(np.empty(0, np.uint32), np.empty(0, np.int64))


def bitmap_of(ids: Ids) -> BitMap:
    """The bitmap of ascending ids."""
    return BitMap(array("I", ids.astype(np.uint32, copy=False).tobytes()))


def ids_of(bitmap: BitMap) -> Ids:
    """The ids of a bitmap, ascending."""
    return np.frombuffer(bitmap.to_array(), np.uint32)


def member_mask(segment: BitMap, highest: int) -> npt.NDArray[np.bool_]:
    """For each id from 0 to `highest` whether it is in `segment`."""
    mask = np.zeros(highest + 1, np.bool_)
    ids = ids_of(segment)
    mask[ids[: np.searchsorted(ids, highest, side="right")]] = True
    return mask


def pack_values(values: Values) -> bytes:
    """Values as bytes; none when all of them are 1."""
    if len(values) < FEW:  # most cells are small, and plain lists are quicker there
        return _pack_small(values.tolist())
    if (values == 1).all():
        return b""
    low, high = int(values.min()), int(values.max())
    whole = next(bits for bits in WHOLE_BITS if -(1 << (bits - 1)) <= low and high < 1 << (bits - 1))
    above = values - 1
    few, size = whole, len(values) * whole // 8
    for bits in FEW_BITS:
        packed = len(values) * bits // 8 + EXCEPTION_BYTES * int(np.count_nonzero(above >> bits))
        if packed < size:
            few, size = bits, packed
    return _pack_few(values, above, few) if few < 8 else bytes([whole]) + values.astype(f"<i{whole // 8}").tobytes()


def _pack_small(values: list[int]) -> bytes:
    if not values or values == [1] * len(values):
        return b""
    low, high = min(values), max(values)
    bits = next(bits for bits in WHOLE_BITS if -(1 << (bits - 1)) <= low and high < 1 << (bits - 1))
    return bytes([bits]) + struct.pack(f"<{len(values)}{LETTERS[bits]}", *values)


def _pack_few(values: Values, above: Values, bits: int) -> bytes:
    places = np.flatnonzero(above >> bits)
    fitting = above.copy()
    fitting[places] = 0
    digits = (fitting[:, None] >> np.arange(bits)) & 1
    packed = np.packbits(digits.astype(np.uint8).ravel()).tobytes()
    exceptions = places.astype("<u4").tobytes() + values[places].astype("<i8").tobytes()
    return bytes([bits]) + COUNT.pack(len(places)) + packed + exceptions


def unpack_values(packed: bytes | None, length: int) -> Values:
    """What `pack_values` made of `length` values. Raises ValueError when it has another length."""
    if not packed:
        return np.ones(length, np.int64)
    bits = packed[0]
    if bits < 8:
        return _unpack_few(packed, bits, length)
    values = np.frombuffer(packed, f"<i{bits // 8}", offset=1).astype(np.int64)
    if len(values) != length:
        raise ValueError(f"{len(values)} values for {length} visitors.")
    return values


def _unpack_few(packed: bytes, bits: int, length: int) -> Values:
    (exceptions,) = COUNT.unpack_from(packed, 1)
    first, size = 1 + COUNT.size, (length * bits + 7) // 8
    if len(packed) != first + size + exceptions * EXCEPTION_BYTES:
        raise ValueError(f"{len(packed)} bytes are not {length} values of {bits} bits.")
    digits = np.unpackbits(np.frombuffer(packed, np.uint8, size, first), count=length * bits).reshape(length, bits)
    values = np.ones(length, np.int64)
    for bit in range(bits):
        values += digits[:, bit].astype(np.int64) << bit
    places = np.frombuffer(packed, "<u4", exceptions, first + size)
    values[places] = np.frombuffer(packed, "<i8", exceptions, first + size + 4 * exceptions)
    return values
