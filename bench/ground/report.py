"""What every benchmark says: whether it was quick, the machine's durability, and one JSON object last."""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple


class Timed(NamedTuple):
    """Seconds of a question: asked again, and asked of who holds nothing in memory."""

    warm: float
    cold: float


def quick() -> bool:
    """Whether this run is a small one (`--quick`); says so when it is."""
    asked = "--quick" in sys.argv[1:]
    if asked:
        print("Quick: a small run that shows that everything works. Its figures are no measurement.")
    return asked


def last_line(figures: Mapping[str, float | int]) -> None:
    """The last line of a benchmark; ratios and seconds to four significant digits."""
    rounded = {key: value if isinstance(value, int) else float(f"{value:.4g}") for key, value in figures.items()}
    print(json.dumps(rounded))


def spread(values: Iterable[float]) -> str:
    """`median (lowest to highest)`, for people."""
    kept = sorted(values)
    return f"{statistics.median(kept):,.0f} ({kept[0]:,.0f} to {kept[-1]:,.0f})"


def median_seconds(run: Callable[[], object], times: int) -> float:
    """The median of so many runs."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def two_cores() -> tuple[int, int]:
    """Two cores of those this process may use. Raises SystemExit on a machine with one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("This benchmark needs two cores: one for what is measured, one for who measures.")
    return cores[0], cores[1]
