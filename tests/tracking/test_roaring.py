"""Many bitmaps at once against pyroaring, one by one; the values of many tallies against themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from tracking.bitmaps import roaring, values
from tracking.bitmaps.ranges import borders_of

far = st.one_of(st.integers(0, 60), st.integers(0, 2**32 - 1), st.integers(65_500, 65_600))
ids = st.frozensets(far, min_size=1, max_size=30)
runs = st.builds(
    lambda start, length: frozenset(range(start, start + length)), st.integers(0, 2**17), st.integers(1, 9)
)
bitmaps = st.lists(st.one_of(ids, runs), max_size=12)


def end_to_end(some: list[frozenset[int]]) -> tuple["np.typing.NDArray[np.uint32]", "np.typing.NDArray[np.int64]"]:
    joined = [place for one in some for place in sorted(one)]
    return np.array(joined, np.uint32), borders_of([len(one) for one in some])


def one_by_one(some: list[frozenset[int]]) -> list[bytes]:
    made = [BitMap(one) for one in some]
    for bitmap in made:
        bitmap.run_optimize()
    return [bitmap.serialize() for bitmap in made]


@given(bitmaps)
def test_the_bytes_are_those_of_pyroaring(some: list[frozenset[int]]) -> None:
    assert roaring.pack(*end_to_end(some)) == one_by_one(some)


@given(bitmaps)
def test_bitmaps_come_back(some: list[frozenset[int]]) -> None:
    with_gaps = [None, *one_by_one(some), b"", BitMap().serialize()]
    found, borders = roaring.unpack(with_gaps)
    expected, lengths = end_to_end(some)
    assert found.tolist() == expected.tolist()
    assert np.diff(borders).tolist() == [0, *np.diff(lengths).tolist(), 0, 0]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_full_containers_between_small_bitmaps(step: int) -> None:
    some = [
        frozenset({7}),
        frozenset(range(0, 300_000, step)),
        frozenset({1, 65_536}),
        frozenset(range(5, 9_000, step)),
    ]
    packed = roaring.pack(*end_to_end(some))
    assert packed == one_by_one(some)
    assert roaring.unpack(packed)[0].tolist() == end_to_end(some)[0].tolist()


def test_what_is_no_bitmap_is_refused() -> None:
    with pytest.raises(ValueError, match="deserialize"):
        roaring.unpack([b"\x00\x01\x02\x03"])


numbers = st.one_of(st.integers(1, 3), st.integers(1, 20), st.integers(-200, 40_000), st.integers(-(2**62), 2**62))
pieces = st.lists(st.one_of(st.lists(numbers, min_size=1, max_size=70), st.lists(st.integers(1, 4), min_size=30)))


@given(pieces)
def test_packed_values_come_back(some: list[list[int]]) -> None:
    borders = borders_of([len(piece) for piece in some])
    joined = np.array([number for piece in some for number in piece], np.int64)
    packed = values.pack(joined, borders)
    assert values.unpack(packed, borders).tolist() == joined.tolist()
    # What lies beside them changes nothing.
    assert packed == [values.pack(np.array(piece, np.int64), borders_of([len(piece)]))[0] for piece in some]
    if any(packed):
        with pytest.raises(ValueError, match="values"):
            values.unpack(packed, borders_of([len(piece) + 64 for piece in some]))


def test_small_values_take_less_than_a_byte() -> None:
    some = np.array([1, 1, 2, 3] * 1_000 + [70_000])
    assert len(values.pack(some, borders_of([len(some)]))[0]) < 1_100
    assert values.pack(np.ones(50, np.int64), borders_of([50])) == [b""]
