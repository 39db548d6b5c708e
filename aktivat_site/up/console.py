"""What the person who started Aktivat reads: one line for each part, with how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LABEL_WIDTH = 14


class Line:
    """The line of a part that is starting; `words` say how it ended."""

    words = "ready"


class Console:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()

    def say(self, text: str = "") -> None:
        self._write(text + "\n")

    @contextmanager
    def part(self, label: str) -> Iterator[Line]:
        """Show `label` while the part starts, then its words and the seconds."""
        began = time.monotonic()
        name = f"  {label:<{LABEL_WIDTH}} "
        if self._terminal:
            self._write(f"{name}…")
        line = Line()
        try:
            yield line
        except BaseException:
            if self._terminal:
                self._write("\n")
            raise
        start = "\r\033[K" if self._terminal else ""
        self._write(f"{start}{name}{line.words}, {time.monotonic() - began:.1f} s\n")

    def _write(self, text: str) -> None:
        """A terminal that was closed must not end Aktivat: nobody reads, so nothing is written."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._terminal = False
