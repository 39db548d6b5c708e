"""From a queue to requests, in a thread of its own.

    add ──► waiting ──► batch: 500 events, 900 KB ──► POST ──► answered
              ▲                                        │ none, 429, 5xx: again after 1, 2, 4 … 60 seconds
              └── stays in front ──────────────────────┘

A thread does not survive a fork: the child starts with an empty queue and a thread of its own, and what the parent
has queued the parent sends.
"""

from __future__ import annotations

import atexit
import gzip
import json
import logging
import os
import threading
import time
import urllib.error
import urllib.request
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any, Optional

Event = dict[str, Any]
Refused = Callable[[Sequence[Event], str, str], None]
log = logging.getLogger("aktivat")

MOST_EVENTS = 500
MOST_BYTES = 900_000
LONGEST_PAUSE = 60.0
SECONDS_AT_THE_END = 10.0


class Delivery:
    def __init__(
        self,
        url: str,
        write_key: str,
        *,
        flush_seconds: float,
        queue_size: int,
        timeout: float,
        on_refused: Optional[Refused],
    ) -> None:
        self._url, self._headers = url, _headers(write_key)
        self._flush_seconds, self._queue_size, self._timeout = flush_seconds, queue_size, timeout
        self._on_refused = on_refused
        self._thread: Optional[threading.Thread] = None
        self._begin()
        everybody.add(self)

    def add(self, event: Event) -> bool:
        """Queue an event. False when there is no room, when it cannot be written as JSON, or after `close`."""
        try:
            text = json.dumps(event, allow_nan=False, separators=(",", ":"), default=str)
        except (TypeError, ValueError) as error:
            self._tell_refused([event], "bad_json", str(error))
            return False
        with self._changed:
            if self._closed or len(self._waiting) >= self._queue_size:
                self._tell_full()
                return False
            self._waiting.append(text)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="aktivat", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return True

    def flush(self, seconds: float) -> bool:
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._waiting, seconds)

    def close(self, seconds: float) -> bool:
        done = self.flush(seconds)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        everybody.discard(self)
        return done

    def begin_again(self) -> None:
        """In a child after a fork."""
        self._begin()

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[str] = deque()
        self._thread = None
        self._closed = self._hurry = self._is_full = False

    def _run(self) -> None:
        pause = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                self._changed.wait_for(lambda: self._hurry or self._closed, self._flush_seconds)
                batch = _batch(self._waiting)
            again_after = self._post(batch)
            with self._changed:
                if again_after is None:
                    for _ in batch:
                        self._waiting.popleft()
                    self._is_full, pause = False, 0.0
                    self._hurry = self._hurry and bool(self._waiting)
                    self._changed.notify_all()
                    continue
                pause = again_after or min(max(pause * 2, 1.0), LONGEST_PAUSE)
                self._changed.wait_for(lambda: self._closed, pause)
                if self._closed:
                    return

    def _post(self, batch: Sequence[str]) -> Optional[float]:
        """Send a batch. None when it is answered for good, else when to send it again: 0 leaves it to us."""
        body = f'{{"sent":{time.time_ns() // 1_000_000},"events":[{",".join(batch)}]}}'
        request = urllib.request.Request(self._url, gzip.compress(body.encode(), 6), self._headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                self._tell_errors(batch, answer.read())
                return None
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 429 or error.code >= 500:
                    return _seconds(error.headers.get("Retry-After"))
                reason = error.headers.get("X-Aktivat-Reason") or f"http_{error.code}"
                self._tell_refused([json.loads(text) for text in batch], reason, _detail(error.read()))
                return None
        except (OSError, HTTPException) as error:
            log.info("no answer from %s, the events are kept: %s", self._url, error)
            return 0.0

    def _tell_errors(self, batch: Sequence[str], body: bytes) -> None:
        """What of a batch was wrong, while the rest was taken."""
        for error in json.loads(body or b"{}").get("errors", []):
            self._tell_refused([json.loads(batch[error["event"]])], error["reason"], error["detail"])

    def _tell_refused(self, events: Sequence[Event], reason: str, detail: str) -> None:
        log.error("%s events were refused: %s %s", len(events), reason, detail)
        if self._on_refused is not None:
            try:
                self._on_refused(events, reason, detail)
            except Exception:
                log.exception("on_refused failed")

    def _tell_full(self) -> None:
        if not self._is_full:
            log.warning("the queue is closed, or full with %s events: new ones are lost", len(self._waiting))
        self._is_full = True


def _headers(write_key: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {write_key}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "User-Agent": "aktivat-client/0.1.0 (Python)",
    }


def _batch(waiting: deque[str]) -> list[str]:
    """The oldest events, as many as one request may have. They stay where they are."""
    found: list[str] = []
    size = 0
    for text in waiting:
        size += len(text)
        if len(found) == MOST_EVENTS or (found and size > MOST_BYTES):
            break
        found.append(text)
    return found


def _seconds(retry_after: Optional[str]) -> float:
    return min(float(retry_after), LONGEST_PAUSE) if retry_after and retry_after.isdecimal() else 0.0


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body).get("detail", ""))
    except (ValueError, AttributeError):
        return body[:300].decode("utf-8", "replace")


# Those whose queue is to be emptied at the end of the program, and begun again after a fork.
everybody: weakref.WeakSet[Delivery] = weakref.WeakSet()


def _end() -> None:
    """Together they have SECONDS_AT_THE_END."""
    until = time.monotonic() + SECONDS_AT_THE_END
    for delivery in list(everybody):
        delivery.close(max(until - time.monotonic(), 0.0))


def _begin_again() -> None:
    for delivery in list(everybody):
        delivery.begin_again()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_again)
