from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.enrichment.money import EXPONENTS, MOST, minor_units


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        (12, "EUR", ("EUR", 1200)),
        (12.5, "eur", ("EUR", 1250)),
        ("12.50", " usd ", ("USD", 1250)),
        (19.99, "USD", ("USD", 1999)),
        (1.005, "USD", ("USD", 100)),
        (1.015, "USD", ("USD", 102)),
        (1.1, "KWD", ("KWD", 1100)),
        ("0.0005", "BHD", ("BHD", 0)),
        ("0.0015", "BHD", ("BHD", 2)),
        (500, "JPY", ("JPY", 500)),
        (2.5, "KRW", ("KRW", 2)),
        ("1.5", "CLF", ("CLF", 15000)),
        (-3.2, "EUR", ("EUR", -320)),
        ("-0", "EUR", ("EUR", 0)),
        ("1e3", "EUR", ("EUR", 100_000)),
        ("1e-300", "EUR", ("EUR", 0)),
        (".5", "EUR", ("EUR", 50)),
        (MOST, "EUR", ("EUR", MOST * 100)),
    ],
)
def test_amounts_become_minor_units(value: int | float | str, currency: str, expected: tuple[str, int]) -> None:
    assert minor_units(value, currency) == expected


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        (1, ""),
        (1, "XXX"),
        (1, "EURO"),
        (1, "XAU"),
        (True, "EUR"),
        (float("nan"), "EUR"),
        (float("inf"), "EUR"),
        ("Infinity", "EUR"),
        ("", "EUR"),
        ("1,50", "EUR"),
        ("1_000", "EUR"),
        ("١", "EUR"),
        ("12 EUR", "EUR"),
        (MOST + 1, "EUR"),
        (-MOST - 1, "EUR"),
        (1e16, "EUR"),
        ("1e999", "EUR"),
        ("1e99999999999999999999", "EUR"),
        pytest.param(10**5000, "EUR", id="five-thousand-digits"),
        pytest.param("9" * 5000, "EUR", id="five-thousand-nines"),
    ],
)
def test_nonsense_is_nothing(value: int | float | str, currency: str) -> None:
    assert minor_units(value, currency) is None


@given(st.decimals(-MOST, MOST, places=6), st.sampled_from(sorted(EXPONENTS)))
def test_decimals_are_rounded_once_to_even(value: Decimal, currency: str) -> None:
    exact = Fraction(value) * 10 ** EXPONENTS[currency]
    assert minor_units(f"{value:f}", currency) == (currency, round(exact))  # a Fraction rounds halves to even


@given(st.integers(-MOST, MOST), st.sampled_from(sorted(EXPONENTS)))
def test_whole_minor_units_come_back_from_a_float(minor: int, currency: str) -> None:
    major = float(Decimal(minor).scaleb(-EXPONENTS[currency]))
    assert minor_units(major, currency) == (currency, minor)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_float_is_what_it_prints_as(value: float) -> None:
    found = minor_units(value, "EUR")
    if found is not None:
        assert found[1] == int((Decimal(repr(value)) * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
    else:
        assert not abs(value) <= MOST
