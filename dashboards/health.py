"""What the data-health page says of events on their way, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracking.drops import Drop
from tracking.vitals import Throughput, Vitals

# Within this time events are on the dashboard as a rule; what waits longer is worth a word.
USUAL_SECONDS = 5.0


@dataclass(frozen=True)
class Health:
    """`spilled`: whether a collector keeps events on its disk; `bots`: events of programs in the days shown."""

    vitals: Vitals
    throughput: Throughput
    spilled: bool
    bots: int

    @property
    def is_late(self) -> bool:
        return self.vitals.lag_seconds > USUAL_SECONDS

    @property
    def lag_words(self) -> str:
        """How long events wait at this moment."""
        if not self.vitals.entries:
            return "Events are counted as they arrive"
        return f"The oldest arrived {elapsed(self.vitals.lag_seconds)} ago"


def bots(drops: Sequence[Drop]) -> int:
    return sum(drop.count for drop in drops if drop.reason == "bot")


def elapsed(seconds: float) -> str:
    """`0.4 s`, `12 s`, `2m 41s`, `3h 05m`, `2d 4h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h {whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3600}h"
