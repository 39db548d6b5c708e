"""The funnel against a search through all chains."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.archive import funnels
from tracking.archive.funnels import funnel, reached

Event = tuple[int, int]
BIG = (1 << 32) - 1


def arrays(events: list[Event]) -> funnels.Events:
    return np.array([v for v, _ in events], np.uint32), np.array([at for _, at in events], np.int64)


def by_search(steps: list[list[Event]], window: int) -> list[set[int]]:
    """The visitors for whom some choice of one event a step is strictly increasing and within the window."""
    found = []
    for length in range(1, len(steps) + 1):
        visitors = set()
        for visitor in {v for v, _ in steps[0]}:
            times = [[at for v, at in step if v == visitor] for step in steps[:length]]
            for chain in product(*times):
                rising = all(a < b for a, b in pairwise(chain))
                if rising and chain[-1] - chain[0] <= window:
                    visitors.add(visitor)
        found.append(visitors)
    return found


def funnel_events(
    visitors: st.SearchStrategy[int], times: st.SearchStrategy[int]
) -> st.SearchStrategy[list[list[Event]]]:
    return st.lists(st.lists(st.tuples(visitors, times), max_size=12), min_size=1, max_size=4)


@given(funnel_events(st.integers(0, 3), st.integers(1000, 1012)), st.integers(0, 15))
def test_it_is_the_best_chain_of_each_visitor(steps: list[list[Event]], window: int) -> None:
    found = reached([arrays(step) for step in steps], window)
    expected = by_search(steps, window)
    assert [visitors.tolist() for visitors in found] == [sorted(visitors) for visitors in expected]
    assert funnel([arrays(step) for step in steps], window) == [len(visitors) for visitors in expected]


@given(
    funnel_events(st.sampled_from([0, 1, 1 << 20, BIG - 1, BIG]), st.sampled_from([0, 1, 5, 1 << 40, (1 << 40) + 3])),
    st.sampled_from([0, 1, 4, 1 << 40, 1 << 62]),
)
def test_any_visitor_index_and_any_time_fit(steps: list[list[Event]], window: int) -> None:
    found = reached([arrays(step) for step in steps], window)
    assert [visitors.tolist() for visitors in found] == [sorted(visitors) for visitors in by_search(steps, window)]


@given(funnel_events(st.integers(0, 9), st.integers(0, 9)), st.integers(0, 9))
def test_blocks_are_cut_between_visitors(steps: list[list[Event]], window: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(funnels, "ROWS_A_BLOCK", 2)
        found = reached([arrays(step) for step in steps], window)
    assert [visitors.tolist() for visitors in found] == [sorted(visitors) for visitors in by_search(steps, window)]


def test_the_window_includes_its_end_and_equal_times_are_no_order() -> None:
    assert funnel([arrays([(1, 0)]), arrays([(1, 10)])], 10) == [1, 1]
    assert funnel([arrays([(1, 0)]), arrays([(1, 11)])], 10) == [1, 0]
    assert funnel([arrays([(1, 5)]), arrays([(1, 5)])], 10) == [1, 0]


def test_an_earlier_start_counts_where_the_latest_is_at_the_same_time_as_the_next_step() -> None:
    assert funnel([arrays([(1, 1), (1, 5)]), arrays([(1, 5)])], 10) == [1, 1]


def test_no_steps_and_no_events() -> None:
    assert funnel([], 5) == []
    assert funnel([arrays([]), arrays([(1, 1)])], 5) == [0, 0]
    assert funnel([arrays([(1, 1)]), arrays([]), arrays([(1, 2)])], 5) == [1, 0, 0]


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        funnel([arrays([(1, 1)])], -1)
