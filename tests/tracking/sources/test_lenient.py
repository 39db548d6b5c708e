"""What other vendors' clients send is read as far as it makes sense, and never brings an error."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.sources.lenient import address, amount, country, flat, mapping, moment, text
from tracking.wire import MAX_ATTRIBUTES, Refused

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=40)),
    max_leaves=60,
)


def test_inner_objects_and_lists_are_flattened() -> None:
    said = {"a": 1, "b": {"c": True, "d": {"e": "x", "f": {"g": 1}}}, "h": ["x", 2, {}], "i": [], "j": None, "k": 2**60}
    assert flat(said, without=("a",)) == {"b.c": True, "b.d.e": "x", "h": "x, 2", "j": None, "k": float(2**60)}


@given(anything)
def test_anything_is_read(value: object) -> None:
    found = flat(value)
    assert len(found) <= MAX_ATTRIBUTES
    assert all(isinstance(inner, str | int | float | bool | None) for inner in found.values())
    assert "\x00" not in text(value) + address(value) + country(value)
    assert isinstance(mapping(value), dict)


@given(anything)
def test_a_time_is_one_or_refused(value: object) -> None:
    with suppress(Refused):  # anything else fails
        found = moment(value)
        assert found is None or found >= 0


@pytest.mark.parametrize("value", ["soon", "2026-13-01", True, -1, [], {}, 2**60])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(Refused, match="is no time"):
        moment(value)


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("2026-11-24T12:30:00Z", 1_795_523_400_000),
        ("2026-11-24T12:30:00", 1_795_523_400_000),
        ("2026-11-24T14:30:00.250+02:00", 1_795_523_400_250),
        (1_795_523_400_000, 1_795_523_400_000),
        ("", None),
    ],
)
def test_times(written: object, milliseconds: int | None) -> None:
    assert moment(written) == milliseconds


def test_an_address_has_no_blanks() -> None:
    assert address(" https://shop.example/a b\n") == "https://shop.example/a%20b"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12.50", 12.5),
        (" 3 ", 3.0),
        (7, 7),
        (0, 0),
        (True, None),
        ("1e9", None),
        ("12,5", None),
        ("", None),
        ([1], None),
    ],
)
def test_an_amount_may_be_text(written: object, number: float | None) -> None:
    assert amount(written) == number
