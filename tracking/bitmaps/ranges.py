"""Many short pieces laid end to end, handled at once: what most of the arithmetic on bitmaps comes down to. Pure.

    borders   0     3  4        9          piece n lies from borders[n] to borders[n + 1]
    items     a b c d e f g h i

Most tallies are a few numbers long. Python's or numpy's cost of one call for each would be many times
that of the work itself; so they are joined, and each step is one call for all of them.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[Any]


def borders_of(lengths: Ints | Sequence[int]) -> Ints:
    """The borders of pieces of these lengths: one more than there are pieces, the first 0."""
    borders = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=borders[1:])
    return borders


def places(starts: Ints, lengths: Ints) -> Ints:
    """start, start + 1, … for each piece, one after the other."""
    borders = borders_of(lengths)
    found: Ints = np.arange(borders[-1]) + np.repeat(starts - borders[:-1], lengths)
    return found


def slices(data: bytes, borders: Ints) -> list[bytes]:
    """The pieces of `data`."""
    return [data[begin:end] for begin, end in pairwise(borders.tolist())]
