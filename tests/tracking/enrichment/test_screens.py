import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.enrichment.screens import CLASSES, screen_class


@pytest.mark.parametrize(
    ("screen", "expected"),
    [
        ("320x568", "under-360"),
        ("359x640", "under-360"),
        ("360x640", "360-479"),
        ("479x1", "360-479"),
        ("480x800", "480-767"),
        ("767x1024", "480-767"),
        ("768x1024", "768-1023"),
        ("1024x768", "1024-1439"),
        ("1440x900", "1440-1919"),
        ("1920x1080", "1920-2559"),
        ("2559x1440", "1920-2559"),
        ("2560x1440", "2560-up"),
        (" 1920 X 1080 ", "1920-2559"),
        ("1920×1080", "1920-2559"),
        ("", ""),
        ("0x0", ""),
        ("1920x0", ""),
        ("1920", ""),
        ("1920x1080x24", ""),
        ("-5x10", ""),
        ("999999x1", ""),
        ("١٩٢٠x1080", ""),
    ],
)
def test_classes_by_width(screen: str, expected: str) -> None:
    assert screen_class(screen) == expected


@given(st.integers(1, 99_999), st.integers(1, 99_999))
def test_a_width_is_within_its_class(width: int, height: int) -> None:
    found = screen_class(f"{width}x{height}")
    assert found in CLASSES
    least, _, most = found.replace("under-", "0-").partition("-")
    assert int(least) <= width
    assert most == "up" or width <= int(most) - (found == "under-360")
