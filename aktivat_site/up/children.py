"""One child process of the supervisor: started, watched, started again, and never left behind."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from aktivat_site.up.options import ROOT
from aktivat_site.up.parts import Part
from aktivat_site.up.recovery import write_pid_file

LARGEST_LOG = 10_000_000
HEALTHY_AFTER_SECONDS = 60
LONGEST_PAUSE_SECONDS = 30.0
PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child between fork and exec must not load anything.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Backoff:
    """How long to wait before the next start: 1 s, 2 s, 4 s … 30 s, and 1 s again after a minute of health."""

    def __init__(self) -> None:
        self._next = 1.0

    def pause(self, ran_seconds: float) -> float:
        if ran_seconds >= HEALTHY_AFTER_SECONDS:
            self._next = 1.0
        pause, self._next = self._next, min(self._next * 2, LONGEST_PAUSE_SECONDS)
        return pause


class Child:
    """A part as a process. It leads a process group of its own, so that Ctrl-C reaches the
    supervisor alone, which stops the parts in order, and so that nothing of it can stay behind.
    """

    def __init__(self, part: Part, data: Path, environ: Mapping[str, str]) -> None:
        self.part = part
        self.log = data / "logs" / f"{part.name}.log"
        self.is_ready: Callable[[], bool] = lambda: True
        self.is_settled = True
        self.start_at = 0.0
        self._pid_file = data / "run" / f"{part.name}.pid"
        self._environ = dict(environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._backoff = Backoff()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, output: IO[bytes] | None = None) -> None:
        """Start it. What it writes goes to its log; what it prints, to `output` if that is given."""
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        cap(self.log)
        self._began = time.monotonic()
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self.part.command,
                cwd=ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=output or log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - the supervisor has no threads
            )
        write_pid_file(self._pid_file, self._process.pid)

    def ended(self) -> int | None:
        """The exit code, once it ended; what was left of its group is gone then."""
        if self._process is None or self._process.poll() is None:
            return None
        self._kill_group(self._process.pid)
        self._pid_file.unlink(missing_ok=True)
        code, self._process = self._process.returncode, None
        return code

    def pause_before_next_start(self) -> float:
        """Put the next start off; for how many seconds."""
        now = time.monotonic()
        pause = self._backoff.pause(now - self._began)
        self.start_at = now + pause
        return pause

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._kill_group(self._process.pid)
            self._process.wait()

    def _kill_group(self, group: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # PermissionError: only zombies left, on macOS
            os.killpg(group, signal.SIGKILL)


def _end_with(parent: int) -> Callable[[], None] | None:
    """For Linux: has the kernel stop the child when the supervisor is gone, however it went."""
    libc = LIBC
    if libc is None:
        return None

    def set_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # gone already, before the kernel was told
            os.kill(os.getpid(), signal.SIGKILL)

    return set_signal


def cap(log: Path) -> None:
    """Keep one older file beside a log that has grown large. Its writer appends, so it goes on at the new end."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def last_line(log: Path) -> str:
    """The last line of a log that says something, for a message about its failure."""
    if not log.exists():
        return ""
    lines = [line.strip() for line in log.read_text(errors="replace")[-4000:].splitlines()]
    return next((line for line in reversed(lines) if line), "")
