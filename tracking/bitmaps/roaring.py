"""Many small Roaring bitmaps at once, to and from the portable format. Pure.

    ids      3 70000 70001 │ 5 │ …            of many bitmaps, end to end (ranges.py)
    bytes    12346, number of containers      4 + 4
             (key, ids - 1) of each           2 + 2    a container: ids with equal upper 16 bits
             where each begins                4
             lower 16 bits of its ids         2 each

The format is CRoaring's own (RoaringFormatSpec, 2016): the bytes are those that pyroaring makes. Where a
container is a set of bits (more than 4,096 ids) or shorter as runs, pyroaring makes and reads the bitmap.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pyroaring import BitMap

from tracking.bitmaps.ranges import Ints, borders_of, places, slices

NO_RUNS = 12346
MOST_IN_ARRAY = 4096
HEADER, CONTAINER = 4, 4  # in 16-bit words


def bitmap_of(ids: Ints) -> BitMap:
    """The bitmap of ascending ids."""
    return BitMap(array("I", ids.astype(np.uint32, copy=False).tobytes()))


def ids_of(bitmap: BitMap) -> Ints:
    """The ids of a bitmap, ascending."""
    return np.frombuffer(bitmap.to_array(), np.uint32)


def pack(ids: Ints, borders: Ints) -> list[bytes]:
    """Each bitmap as bytes, as short as it gets. `ids`: uint32, ascending in each piece, no piece empty."""
    if not len(ids):
        return []
    keys = ids >> np.uint32(16)
    begins = np.ones(len(ids), np.bool_)
    begins[1:] = keys[1:] != keys[:-1]
    begins[borders[:-1]] = True
    first = np.flatnonzero(begins)
    bitmap = np.searchsorted(borders, first, side="right") - 1
    containers = _Containers(keys[first], np.diff(np.append(first, len(ids))), bitmap)
    packed = _arrays(ids, borders, containers)
    runs = begins.copy()
    runs[1:] |= ids[1:] != ids[:-1] + np.uint32(1)
    # A run takes the place of two ids.
    others = (containers.sizes > MOST_IN_ARRAY) | (2 * np.add.reduceat(runs, first, dtype=np.int64) < containers.sizes)
    for place in np.unique(bitmap[others]).tolist():
        packed[place] = _alone(ids[borders[place] : borders[place + 1]])
    return packed


class _Containers(NamedTuple):
    """The upper 16 bits of the ids in each container, how many they are, and the number of its bitmap."""

    keys: Ints
    sizes: Ints
    bitmap: Ints


def _arrays(ids: Ints, borders: Ints, containers: _Containers) -> list[bytes]:
    """All bitmaps, with nothing but arrays for containers."""
    lengths = np.diff(borders)
    numbers = np.bincount(containers.bitmap, minlength=len(lengths))
    words = borders_of(HEADER + CONTAINER * numbers + lengths)
    out, start = np.zeros(words[-1], "<u2"), words[:-1]
    out[start] = NO_RUNS
    _write_wide(out, start + 2, numbers)
    heads = places(start + HEADER, 2 * numbers)
    out[heads[::2]], out[heads[1::2]] = containers.keys, containers.sizes - 1
    ids_before = np.cumsum(containers.sizes) - containers.sizes - np.repeat(borders[:-1], numbers)
    data = 2 * (np.repeat(HEADER + CONTAINER * numbers, numbers) + ids_before)
    _write_wide(out, places(start + HEADER + 2 * numbers, 2 * numbers)[::2], data)
    out[places(start + HEADER + CONTAINER * numbers, lengths)] = ids & np.uint32(0xFFFF)
    return slices(out.tobytes(), 2 * words)


def _write_wide(out: Ints, at: Ints, numbers: Ints) -> None:
    """Write numbers of 32 bits into words of 16."""
    out[at], out[at + 1] = numbers & 0xFFFF, numbers >> 16


def _alone(ids: Ints) -> bytes:
    bitmap = bitmap_of(ids)
    bitmap.run_optimize()
    return bytes(bitmap.serialize())


def unpack(packed: Sequence[bytes | None]) -> tuple[Ints, Ints]:
    """(ids, borders) of bitmaps as `pack` or pyroaring makes them; nothing is an empty one.

    Raises ValueError for bytes that are no bitmap.
    """
    plain = np.array([bool(one) and one[0] == NO_RUNS & 0xFF for one in packed], np.bool_)  # type: ignore[index]
    arrays = _Arrays([one for one, is_plain in zip(packed, plain, strict=True) if is_plain and one])
    chosen = arrays.lengths >= 0
    plain[plain] = chosen
    alone = {n: ids_of(BitMap.deserialize(one)) for n, one in enumerate(packed) if one and not plain[n]}
    lengths = np.zeros(len(packed), np.int64)
    lengths[plain] = arrays.lengths[chosen]
    for place, ids in alone.items():
        lengths[place] = len(ids)
    borders = borders_of(lengths)
    found = np.empty(borders[-1], np.uint32)
    found[places(borders[:-1][plain], lengths[plain])] = arrays.ids(chosen)
    for place, ids in alone.items():
        found[borders[place] : borders[place + 1]] = ids
    return found, borders


class _Arrays:
    """Bitmaps without runs. `lengths`: how many ids each has, -1 where one of its containers is a set of bits."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        self._words = np.frombuffer(b"".join(packed), "<u2")
        self._start = borders_of([len(one) // 2 for one in packed])[:-1]
        self._numbers = self._word(self._start + 2) | self._word(self._start + 3) << 16  # of containers
        heads = places(self._start + HEADER, 2 * self._numbers)
        self._keys, self._sizes = self._word(heads[::2]), self._word(heads[1::2]) + 1
        self._bitmap = np.repeat(np.arange(len(packed)), self._numbers)
        self.lengths = np.bincount(self._bitmap, self._sizes, len(packed)).astype(np.int64)
        self.lengths[self._bitmap[self._sizes > MOST_IN_ARRAY]] = -1

    def ids(self, chosen: Ints) -> Ints:
        """The ids of the bitmaps that `chosen`, a mask, holds for."""
        of_containers = chosen[self._bitmap]
        upper = np.repeat(self._keys[of_containers].astype(np.uint32) << np.uint32(16), self._sizes[of_containers])
        data = (self._start + HEADER + CONTAINER * self._numbers)[chosen]
        return self._words[places(data, self.lengths[chosen])] | upper

    def _word(self, at: Ints) -> Ints:
        return self._words[at].astype(np.int64)
