import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.enrichment.limits import RateLimit


def test_a_burst_and_then_the_rate() -> None:
    limit = RateLimit(per_second=2, burst=3)
    assert [limit.take("a", 1, 100.0) for _ in range(4)] == [True, True, True, False]
    assert not limit.take("a", 1, 100.4)
    assert limit.take("a", 1, 100.5)
    assert not limit.take("a", 1, 100.6)
    assert [limit.take("a", 1, 1000.0) for _ in range(4)] == [True, True, True, False]


def test_keys_do_not_share() -> None:
    limit = RateLimit(1, 1)
    assert limit.take("a", 1, 0.0)
    assert limit.take("b", 1, 0.0)
    assert not limit.take("a", 1, 0.0)


def test_more_than_a_burst_is_never_taken_and_costs_nothing() -> None:
    limit = RateLimit(1, 2)
    assert not limit.take("a", 3, 0.0)
    assert limit.take("a", 2, 0.0)


def test_the_key_used_longest_ago_is_forgotten() -> None:
    limit = RateLimit(0.001, 1, keys=2)
    assert limit.take("a", 1, 0.0)
    assert limit.take("b", 1, 1.0)
    assert not limit.take("a", 1, 2.0)  # used again: b is the oldest now
    assert limit.take("c", 1, 3.0)
    assert len(limit) == 2
    assert not limit.take("a", 1, 4.0)
    assert limit.take("b", 1, 5.0)


def test_a_clock_that_goes_back_gives_nothing_twice() -> None:
    limit = RateLimit(1, 1)
    assert limit.take("a", 1, 10.0)
    assert not limit.take("a", 1, 5.0)
    assert not limit.take("a", 1, 10.5)
    assert limit.take("a", 1, 11.0)


@pytest.mark.parametrize(("rate", "burst", "keys"), [(0, 1, 1), (1, 0, 1), (1, 1, 0), (-1, 1, 1)])
def test_a_limit_of_nothing_is_refused(rate: float, burst: float, keys: int) -> None:
    with pytest.raises(ValueError, match="above zero"):
        RateLimit(rate, burst, keys)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.integers(0, 3)), max_size=60))
def test_never_more_than_burst_and_rate_allow(steps: list[tuple[str, int, int]]) -> None:
    limit, now = RateLimit(2, 5), 0
    taken = dict.fromkeys("abc", 0)
    for key, n, wait in steps:
        now += wait
        taken[key] += n * limit.take(key, n, now)
        assert taken[key] <= 5 + 2 * now
