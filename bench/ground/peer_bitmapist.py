"""bitmapist at full speed, run by the peers' Python: mark_event as its documentation shows it, and in batches.

    peer_bitmapist.py PORT PASSWORD SECONDS VISITORS

Hours are off, as by default: three bits an event (day, week, month). Prints the events a second of both
ways; in batches is the faster one, with a pipeline of the caller's own around a thousand events.
"""

import json
import random
import sys
import time
from typing import Any

import bitmapist  # type: ignore[import-not-found, unused-ignore]

EVENTS = 100_000
AT_ONCE = 1_000


def main() -> None:
    port, password, seconds, visitors = sys.argv[1:]
    bitmapist.setup_redis("default", "127.0.0.1", int(port), password=password)
    choose = random.Random(1)
    events = [(f"event{choose.randrange(30)}", choose.randrange(int(visitors))) for _ in range(EVENTS)]
    found = {"one_by_one": one_by_one(events, float(seconds)), "in_batches": in_batches(events, float(seconds))}
    print(json.dumps(found))


def one_by_one(events: list[tuple[str, int]], seconds: float) -> float:
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for name, visitor in events[done % EVENTS :][:AT_ONCE]:
            bitmapist.mark_event(name, visitor)
        done += AT_ONCE
    return done / (time.perf_counter() - began)


def in_batches(events: list[tuple[str, int]], seconds: float) -> float:
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        pipe: Any = bitmapist.get_redis().pipeline(transaction=False)
        for name, visitor in events[done % EVENTS :][:AT_ONCE]:
            bitmapist.mark_event(name, visitor, system=pipe, use_pipeline=False)
        pipe.execute()
        done += AT_ONCE
    return done / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
