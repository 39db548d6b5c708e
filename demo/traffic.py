"""Plays the planned visits to the collector, over HTTP as a browser's tracker would.

A visit counts as sent before it is sent: after a crash or a lost answer one visit may be missing,
and none is there twice.
"""

import heapq
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from demo import state
from demo.journeys import Step
from demo.state import History
from demo.visits import MINUTE, OLDEST, Visit, plan, trickle

MOST_EVENTS = 500
TIMEOUT = 30
LONGEST_PAUSE = 30.0
# A machine that slept does not make up for what its visitors missed.
TOO_LATE = 10 * MINUTE

Tell = Callable[[str], None]


class Stopped(Exception):
    """The traffic was asked to stop."""


class Refused(Exception):
    """The collector will never take this batch; the text says why."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Sender:
    """Posts batches of one account to one server. Every wait ends with Stopped once `stop` is set.

    `site` is the address under which visitors see the shop: its hostname is the property's.
    """

    server: str
    site: str
    account_id: int
    stop: threading.Event
    tell: Tell

    def pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped

    def wait_until_ready(self) -> None:
        """Until the server says that all its parts are up."""
        for attempt in itertools.count():
            if self._is_ready():
                return
            if attempt % 20 == 0:
                self.tell(f"Waiting for {self.server} to be ready.")
            self.pause(1)

    def _is_ready(self) -> bool:
        try:
            return self._exchange(self._connect(), "GET", "/readyz", None, {})[0] == 200
        except (OSError, HTTPException):
            return False

    def send(self, visit: Visit, steps: Sequence[Step]) -> None:
        """Deliver `steps`. Raises Refused, or Stopped while nothing of them has been taken."""
        headers = {"Content-Type": "text/plain;charset=UTF-8", "User-Agent": visit.agent, "Origin": self.site}
        path = f"/track/it?account={self.account_id}"
        pause = 0.5
        while True:
            try:
                connection = self._connect()
            except OSError as error:
                problem = str(error)
            else:
                try:
                    status, problem = self._exchange(connection, "POST", path, self.body(visit, steps), headers)
                except (OSError, HTTPException) as error:
                    # It may have been taken: once more could be twice.
                    self.tell(f"No answer ({error}); these {len(steps)} events may be lost.")
                    return
                if status < 300:
                    return
                if status < 500 and status not in (408, 429):
                    raise Refused(f"{self.server} refused events with {status}: {problem}")
            self.tell(f"The server cannot take events now ({problem}); the next attempt is in {pause:.0f} s.")
            self.pause(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def body(self, visit: Visit, steps: Sequence[Step]) -> bytes:
        """The wire format of tracking/wire.py."""
        events = [
            {
                "name": step.name,
                "at": step.at,
                "url": self.site + step.path,
                "referrer": self.site + step.referrer if step.referrer.startswith("/") else step.referrer,
                "title": step.title,
                "attributes": step.attributes,
                "items": step.items,
            }
            for step in steps
        ]
        batch = {
            "account": self.account_id,
            "visitor": visit.visitor,
            "session": visit.session,
            "tab": visit.tab,
            "sent": now_ms(),
            "events": events,
        }
        return json.dumps(batch).encode()

    def _connect(self) -> HTTPConnection:
        address = urlsplit(self.server)
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        connection = kind(address.netloc, timeout=TIMEOUT)
        connection.connect()
        return connection

    def _exchange(
        self, connection: HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str]:
        """The status and what the server says about it. The connection is closed."""
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        if dropped := answer.getheader("X-Aktivat-Dropped"):
            self.tell(f"The collector dropped events: {dropped}.")
        return answer.status, f"{answer.getheader('X-Aktivat-Reason', '')} {text}".strip()[:300]


def play_history(sender: Sender, wanted: History, visits_a_second: float) -> None:
    """Send the past once, from where an earlier start left it. Raises Stopped, Refused."""
    kept = state.read()
    history = (kept and kept.history) or wanted
    if history.done:
        return
    visits = plan(history.seed, history.now, history.visitors, history.days)
    for number in range(history.played, len(visits)):
        visit = visits[number]
        state.write_history(sender.account_id, replace(history, played=number + 1))
        try:
            if now_ms() - visit.start < OLDEST:
                for steps in _parts(visit.steps):
                    sender.send(visit, steps)
        except (Stopped, Refused):
            state.write_history(sender.account_id, replace(history, played=number))
            raise
        if number % 50 == 49:
            sender.tell(f"Playing the last {history.days} days: {number + 1} of {len(visits)} visits sent.")
        sender.pause(1 / visits_a_second)
    state.write_history(sender.account_id, replace(history, played=len(visits), done=True))
    sender.tell(f"The last {history.days} days are played: {len(visits)} visits.")


def _parts(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    for start in range(0, len(steps), MOST_EVENTS):
        yield steps[start : start + MOST_EVENTS]


def play_live(sender: Sender, seed: int, visitors: int, per_minute: float) -> None:
    """Visitors who come now, each page sent when it has been left; until Stopped is raised."""
    while True:
        play_coming(sender, trickle(seed, visitors, per_minute, now_ms()))


def play_coming(sender: Sender, coming: Iterator[Visit]) -> None:
    """Play `coming` in their own time. Returns when that is long past."""
    due: list[tuple[int, int, Visit, Sequence[Step]]] = []
    for number, visit in enumerate(coming):
        while due and due[0][0] <= visit.start:
            at, _, earlier, steps = heapq.heappop(due)
            if now_ms() - at > TOO_LATE:
                return
            sender.pause(max(0, at - now_ms()) / 1000)
            sender.send(earlier, steps)
        for steps in pages_of(visit):
            heapq.heappush(due, (steps[-1].at, number, visit, steps))


def pages_of(visit: Visit) -> list[Sequence[Step]]:
    """The steps of each page of the visit."""
    starts = [n for n, step in enumerate(visit.steps) if step.name == "pageview"]
    return [visit.steps[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
