"""How long from an event to the dashboard, while others come: at half the sustained rate, and beside a busy property.

    load generator ──► collector ──► stream ──► drain ──► bitmaps ──► the overview's API ──► probe
      (ground/paced.py)   a whole `aktivat up`, as an operator starts it

1. As fast as the collector takes them, until all are drained: the rate this machine sustains, load generator,
   collector, workers and servers on the same cores.
2. At that rate, while a probe watches another property.
3. At half that rate, while the probe watches the property itself.

A probe sends one event and asks for the last seven days until the event is in the answer; its time is six days ago,
where nothing else is, so that one event more can be told among all others. Seconds are from before its POST until
the whole answer that shows it. Afterwards every event must have been counted.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bench.dataset import Dataset, Shape
from bench.ground import tables
from bench.ground.load import post, write
from bench.ground.report import last_line, quick
from bench.ground.servers import ROOT
from bench.ground.wire import requests
from tests.stack import Stack, wait_for
from tracking.keys import Keys

PROBED_AGO_MS = 6 * 24 * 3600 * 1000
PAUSE_SECONDS = 0.05  # between two looks at the report
BETWEEN_SECONDS = 0.2  # from one probe to the next
CONNECTIONS, DEPTH = 64, 4
LONGEST_BATCH_MS = 5_000  # a tracker sends what it has after a few seconds
LONGEST_SECONDS = 300  # for what waits to be drained
NEIGHBOUR = "neighbour.example"


class Size(NamedTuple):
    """`events`: of the first phase. `seconds`: of the other two. `rate`: events a second; 0: what was found."""

    events: int
    seconds: float
    rate: float


FULL, QUICK = Size(100_000, 60.0, 0), Size(2_000, 5.0, 300)


def main() -> None:
    size = QUICK if quick() else FULL
    with tempfile.TemporaryDirectory(prefix="aktivat-latency-") as folder:
        stack = Stack(Path(folder), environment={"AKTIVAT_RATE_PER_ADDRESS": "0"})  # all of it comes from one address
        stack.start("--no-demo")
        try:
            figures = measure(stack, size)
        finally:
            stack.stop()
    last_line(figures)


def measure(stack: Stack, size: Size) -> dict[str, float | int]:
    """The figures. Raises SystemExit when an event was refused or not counted."""
    shop = Watched(stack, stack.create_account("shop@aktivat.example", tables.HOST))
    neighbour = Watched(stack, stack.create_account("neighbour@aktivat.example", NEIGHBOUR), NEIGHBOUR)
    load = Load(stack, shop)
    load.run(size.events, 0, lambda: None)
    found = load.sent / load.seconds
    rate = size.rate or found
    print(f"Sustained by all parts together: {found:,.0f} events/s. Durability: fsync before the answer.")
    beside = load.run(int(rate * size.seconds), rate, neighbour.probe)
    own = load.run(int(rate / 2 * size.seconds), rate / 2, shop.probe)
    for watched, expected in ((shop, load.sent + len(own)), (neighbour, len(beside))):
        if (counted := watched.counted()) != expected:
            raise SystemExit(f"{counted} events were counted, {expected} expected.")
    print(f"At {rate / 2:,.0f} events/s: {_spread(own)} (bar 2 s)")
    print(f"Of a neighbour, beside {rate:,.0f} events/s: {_spread(beside)} (bar 2 s)")
    return {
        "p95_seconds": p95(own),
        "neighbour_p95_seconds": p95(beside),
        "events_per_second": rate,
        "probes": len(own) + len(beside),
    }


@dataclass
class Watched:
    """A property, and what a person sees of it. `made`: what create_account says."""

    stack: Stack
    made: dict[str, Any]
    host: str = tables.HOST
    probes: int = 0

    @property
    def keys(self) -> Keys:
        return Keys(self.made["account_id"], self.made["property_id"])

    def probe(self) -> float:
        """Send one event more, and wait until the report shows it. How many seconds that took."""
        at = time.time_ns() // 1_000_000 - PROBED_AGO_MS
        event = {"name": "probe", "at": at, "url": f"https://{self.host}/"}
        ids = {"visitor": str(uuid.uuid4()), "session": str(uuid.uuid4())}
        body = json.dumps({"account": self.made["account_id"], **ids, "events": [event]}).encode()
        self.probes += 1
        began = time.perf_counter()
        if (answer := self.stack.send(f"/track/it?account={self.made['account_id']}", body)).status != 202:
            raise SystemExit(f"A probe was answered with {answer.status}.")
        while self._seen() < self.probes:
            if time.perf_counter() - began > LONGEST_SECONDS:
                raise SystemExit("A probe was never seen.")
            time.sleep(PAUSE_SECONDS)
        return time.perf_counter() - began

    def counted(self) -> int:
        return int(self.stack.data.hget(self.keys.progress, "events"))

    def _seen(self) -> int:
        """The events of the first of the last seven days."""
        request = urllib.request.Request(
            f"{self.stack.url}/api/v1/properties/{self.made['property_id']}/reports/overview/?period=7d",
            headers={"Authorization": f"Bearer {self.made['api_token']}"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return int(json.load(reply)["points"][0]["events"])


@dataclass
class Load:
    """The data set's events, sent to one property: each phase goes on where the one before ended."""

    stack: Stack
    to: Watched
    sent: int = 0
    seconds: float = 0.0  # of the last phase, until everything was drained
    _bodies: Iterator[tuple[str, dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        data = Dataset(Shape(events=3_000_000))
        self._bodies = (
            (one.user_agent, json.loads(one.body))
            for day in data.days()
            for one in requests(data, day, self.to.made["account_id"])
        )

    def run(self, events: int, rate: float, probe: Callable[[], float | None]) -> list[float]:
        """Send about so many events at `rate` a second (0: as fast as they are taken), probing meanwhile.

        The seconds of the probes. Returns when all is drained; raises SystemExit when one was refused.
        """
        some, count = self._requests(events, rate)
        path = self.stack.folder / "requests"
        write(path, some)
        arguments = [str(self.stack.port), str(rate * len(some) / count), str(CONNECTIONS), str(DEPTH), str(path)]
        began, found = time.perf_counter(), []
        command = [sys.executable, "-m", "bench.ground.paced", *arguments]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                if (seconds := probe()) is not None:
                    found.append(seconds)
                time.sleep(BETWEEN_SECONDS)
            printed, errors = process.communicate()
        if process.returncode != 0:
            raise SystemExit(errors)
        self._check(json.loads(printed), len(some), count, rate)
        self.sent += count
        wait_for(lambda: self.stack.data.xlen(self.to.keys.ingest) == 0, LONGEST_SECONDS)
        self.seconds = time.perf_counter() - began
        return found

    def _check(self, answers: dict[str, float], sent: int, events: int, rate: float) -> None:
        took, busy = answers.pop("seconds"), answers.pop("own_load")
        if answers != {"202": float(sent)}:
            raise SystemExit(f"Answers by status: {answers}; {sent} times 202 expected.")
        print(f"  {events:,} events in {took:.1f} s: {events / took:,.0f} events/s", end="")
        print(f" of {rate:,.0f} asked for" if rate else " taken", end="")
        print(f" (the load generator was {busy:.0%} busy)", flush=True)

    def _requests(self, events: int, rate: float) -> tuple[list[bytes], int]:
        """(requests, their events), timed as if they had come at `rate` up to now."""
        now, path = time.time_ns() // 1_000_000, f"/track/it?account={self.to.made['account_id']}"
        some, count = [], 0
        while count < events:
            user_agent, body = next(self._bodies)
            newest = body["events"][-1]["at"]
            sent_at = now - int((events - count) / (rate or events / 10) * 1000)
            for event in body["events"]:
                event["at"] = sent_at - min(newest - event["at"], LONGEST_BATCH_MS)
            count += len(body["events"])
            some.append(post(path, json.dumps(body, separators=(",", ":")).encode(), user_agent))
        return some, count


def p95(seconds: list[float]) -> float:
    """The nearest rank: the least value that 95 % of all are not above. Raises SystemExit without a value."""
    if not seconds:
        raise SystemExit("No probe was sent while the load ran.")
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]


def _spread(seconds: list[float]) -> str:
    return f"p95 {p95(seconds):.2f} s, median {sorted(seconds)[len(seconds) // 2]:.2f} s of {len(seconds)} probes"


if __name__ == "__main__":
    main()
