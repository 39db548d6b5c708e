"""Tallies against plain dictionaries, samples against sorted lists."""

from statistics import quantiles

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from tracking.bitmaps import samples
from tracking.bitmaps.tally import Tally, added

numbers = st.dictionaries(st.integers(0, 300), st.integers(-3, 1_000), max_size=40)
segments = st.frozensets(st.integers(0, 320), max_size=60)


@given(numbers, numbers)
def test_tallies_are_added_id_by_id(one: dict[int, int], other: dict[int, int]) -> None:
    added = {place: one.get(place, 0) + other.get(place, 0) for place in {*one, *other}}
    assert (Tally.of(one) + Tally.of(other)).to_dict() == {place: number for place, number in added.items() if number}


@given(numbers, segments)
def test_a_total_is_that_of_the_segment(some: dict[int, int], segment: frozenset[int]) -> None:
    assert Tally.of(some).total() == sum(some.values())
    assert Tally.of(some).total(BitMap(segment)) == sum(n for place, n in some.items() if place in segment)


@given(st.lists(st.tuples(numbers, numbers), max_size=8), st.booleans())
def test_many_are_added_at_once(pairs: list[tuple[dict[int, int], dict[int, int]]], wide: bool) -> None:
    some, others = ([Tally.of(pair[side], wide) for pair in pairs] for side in range(2))
    one_by_one = [one + other for one, other in zip(some, others, strict=True)]
    assert [tally.to_dict() for tally in added(some, others)] == [tally.to_dict() for tally in one_by_one]


measured = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3_000), st.integers(0, 1_439)), max_size=60)


@given(measured, segments, st.integers(0, 1_000), st.integers(1, 400))
def test_samples_are_those_of_the_segment_and_the_minutes(
    some: list[tuple[int, int, int]], segment: frozenset[int], first: int, length: int
) -> None:
    day = 29_700_000
    kept: dict[int, int] = {}
    for visitor, value, minute in some:
        place = samples.sample(visitor, value, day + minute)
        kept[place] = kept.get(place, 0) + 1
    tally = Tally.of(kept, wide=True)
    assert samples.values([tally]).tolist() == sorted(value for _, value, _ in some)
    assert samples.values([tally], BitMap(segment)).tolist() == sorted(v for who, v, _ in some if who in segment)
    chosen = samples.values([tally], None, (day + first, day + first + length))
    assert chosen.tolist() == sorted(v for _, v, minute in some if first <= minute < first + length)


def test_percentiles_are_values_that_were_measured() -> None:
    assert samples.percentiles(np.array([], np.int64), [50]) is None
    assert samples.percentiles(np.array([10, 20, 30, 40]), [25, 50, 75, 95, 100]) == [10, 20, 30, 40, 40]
    ascending = np.sort(np.random.default_rng(1).integers(0, 10_000, 999))
    [median] = samples.percentiles(ascending, [50]) or []
    assert median == quantiles(ascending.tolist(), n=2)[0]
