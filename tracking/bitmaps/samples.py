"""Samples: single measurements, kept one by one, for exact percentiles of any segment and range. Pure.

    visitor (32 bits) | value (21 bits) | minute (11 bits)      one sample, as a 64-bit integer

A trait's samples of a day are a tally of these integers: how often each was measured. The minute is
the UTC minute modulo 2,048, which is unique within a day (25 hours are 1,500 minutes): so hours and
minutes are asked of the day, and kept no second time. Values are whole and below 2,097,152: of load
times in milliseconds that is 35 minutes.

A percentile is the smallest value that at least so many of the samples do not exceed (nearest rank).
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from tracking.bitmaps.tally import Tally, member_mask
from tracking.bitmaps.traits import EVERYONE

SAMPLES = "samples:"  # and what was measured: the name of a metric
HIGHEST = (1 << 21) - 1
MINUTES = 1 << 11
# Of a session's traits, those that measurements are told apart by.
TOLD_APART = (EVERYONE, "geo:", "cfg:browser:", "cfg:type:")

Values = npt.NDArray[np.int64]


def is_samples(metric: str) -> bool:
    return metric.startswith(SAMPLES)


def tells_apart(trait: str) -> bool:
    return trait.startswith(TOLD_APART)


def sample(visitor: int, value: int, minute: int) -> int:
    """One sample as an integer. `value` from 0 to HIGHEST; `minute`: UTC, since 1970."""
    return visitor << 32 | value << 11 | minute % MINUTES


def values(days: Iterable[Tally], segment: BitMap | None = None, minutes: tuple[int, int] | None = None) -> Values:
    """The values measured, ascending; of the visitors in `segment`, and in the half-open range of `minutes`."""
    found = [_values(tally, segment, minutes) for tally in days if len(tally)]
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)


def percentiles(ascending: Values, wanted: Sequence[float]) -> list[int] | None:
    """The percentiles `wanted` (0 < p ≤ 100) of values in ascending order; None when there are none."""
    count = len(ascending)
    if not count:
        return None
    return [int(ascending[max(int(np.ceil(p / 100 * count)), 1) - 1]) for p in wanted]


def _values(tally: Tally, segment: BitMap | None, minutes: tuple[int, int] | None) -> Values:
    keys, counts = tally.ids.astype(np.uint64), tally.values
    chosen = np.ones(len(keys), np.bool_)
    if segment is not None:
        visitors = (keys >> np.uint64(32)).astype(np.int64)
        chosen &= member_mask(segment, int(visitors[-1]))[visitors]
    if minutes is not None:
        first, end = minutes
        at = (keys & np.uint64(MINUTES - 1)).astype(np.int64)
        chosen &= (at - first) % MINUTES < end - first
    measured = (keys >> np.uint64(11)) & np.uint64(HIGHEST)
    return np.repeat(measured[chosen].astype(np.int64), counts[chosen])
