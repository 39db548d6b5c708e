"""Python looks for cycles of garbage after so many new objects: for nothing where there are many and no cycle."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Around what makes hundreds of thousands of objects. In a batch of the drain it took a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
