"""Signals as something to wait for. A handler that raises could strike between a fork and its note."""

import os
import select
import signal
from types import FrameType


class StopAsked(BaseException):
    """Somebody pressed Ctrl-C, or the system wants us to end."""


class Signals:
    """Counts the requests to stop, and wakes `wait` up for them and for the death of a child."""

    def __init__(self) -> None:
        self.stops = 0
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._count)
        signal.signal(signal.SIGCHLD, self._notice)

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or earlier when a signal came."""
        if select.select([self._read], [], [], seconds)[0]:
            os.read(self._read, 4096)

    def pause(self, seconds: float) -> None:
        """As `wait`. Raises StopAsked when somebody wants the end."""
        if not self.stops:
            self.wait(seconds)
        if self.stops:
            raise StopAsked

    def _count(self, _signal: int, _frame: FrameType | None) -> None:
        self.stops += 1

    def _notice(self, _signal: int, _frame: FrameType | None) -> None:
        """The wake-up is all that is wanted."""
