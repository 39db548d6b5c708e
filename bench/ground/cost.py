"""CPU time of this process and of a server together."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.ground import asked

TIMES = 5
WARM_AT_ONCE = 5
WARM_UP = 10


class Clock:
    """`client`: of the server. What reading the clock costs is taken off."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._own = 0.0
        self._own = statistics.median(self.of(lambda: None) for _ in range(WARM_UP))

    def of(self, run: Callable[[], object]) -> float:
        """Seconds of CPU time."""
        began = self._used()
        run()
        return max(self._used() - began - self._own, 0.0)

    def cold_and_warm(self, ask: Callable[[], object]) -> tuple[float, float]:
        """Of a question: medians of asking it where nothing is held, and once more."""
        cold = [self._of_cold(ask) for _ in range(TIMES)]
        warm = [self.of(lambda: [ask() for _ in range(WARM_AT_ONCE)]) / WARM_AT_ONCE for _ in range(TIMES)]
        return statistics.median(cold), statistics.median(warm)

    def _of_cold(self, ask: Callable[[], object]) -> float:
        asked.forget()
        return self.of(ask)

    def _used(self) -> float:
        server = self._client.info("cpu")
        return time.process_time() + float(server["used_cpu_user"]) + float(server["used_cpu_sys"])
