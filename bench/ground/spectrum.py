"""How many visitors the bitmaps of a property have: what its size can be modelled from. Needs a server.

For each granularity: by power of two of the visitors in a bitmap, how many bitmaps there are and how many visitors
are in them together.
"""

from collections.abc import Iterable, Iterator, Sequence

from pyroaring import BitMap

from tracking.bitmaps.layouts import Shelf
from tracking.bitmaps.slots import level

GRANULARITIES = ("minute", "hour", "day", "month", "year")
Spectrum = list[list[int]]  # place n: [bitmaps with 2^n and more visitors, their visitors]


def spectrum_of(shelf: Shelf, fine: Iterable[str], times: Sequence[float], whole: bool) -> dict[str, Spectrum]:
    """Of the `fine` days, each granularity so many `times`. Months and years where the month is `whole`."""
    days = set(fine)
    found: dict[str, dict[int, list[float]]] = {}
    for label, sizes in _sealed(shelf):
        place = level(label)
        if (place <= 2 and label[:10] not in days) or (place > 2 and not whole):
            continue
        bins = found.setdefault(GRANULARITIES[place], {})
        for size in sizes:
            some = bins.setdefault(size.bit_length() - 1, [0.0, 0.0])
            some[0] += times[place]
            some[1] += times[place] * size
    return {name: _listed(found[name]) for name in GRANULARITIES if name in found}


def _listed(bins: dict[int, list[float]]) -> Spectrum:
    return [[round(number) for number in bins.get(place, (0, 0))] for place in range(max(bins) + 1)]


def _sealed(shelf: Shelf) -> Iterator[tuple[str, list[int]]]:
    """(label, the number of visitors in each of its bitmaps)."""
    for key in shelf.keys.scan(shelf.client, "sealed::"):
        yield key.rpartition("::")[2], [len(BitMap.deserialize(blob)) for blob in shelf.client.hvals(key)]
