"""Screens by width: a few classes instead of every size there is. Pure."""

import re
from bisect import bisect_right
from functools import lru_cache

_SIZE = re.compile(r"\s*([0-9]{1,5})\s*[xX×]\s*([0-9]{1,5})\s*")
_BEGINS = (360, 480, 768, 1024, 1440, 1920, 2560)  # the least width of each class but the first, in CSS pixels
CLASSES = ("under-360", "360-479", "480-767", "768-1023", "1024-1439", "1440-1919", "1920-2559", "2560-up")


@lru_cache(maxsize=4096)
def screen_class(screen: str) -> str:
    """The class of a screen such as `1920x1080`, width by height in CSS pixels; "" for what is no size."""
    size = _SIZE.fullmatch(screen)
    if size is None:
        return ""
    width, height = int(size[1]), int(size[2])
    return CLASSES[bisect_right(_BEGINS, width)] if width and height else ""
