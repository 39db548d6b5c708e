"""Sends each of some requests once, at a pace of its own: trackers do not wait for each other.

    python -m bench.ground.paced PORT PER_SECOND CONNECTIONS DEPTH FILE

FILE as for load.py. With PER_SECOND 0 each connection keeps DEPTH of them on their way instead, as fast as they
are answered. Prints one JSON object: answers by status, the seconds from the first request to the last answer,
and the share of them that the generator worked.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

from bench.ground.load import Connection, connected, read

TICK_SECONDS = 0.005
PATIENCE_SECONDS = 60  # without an answer


async def once(port: int, per_second: float, connections: int, depth: int, requests: list[bytes]) -> dict[str, float]:
    """Send `requests`. Raises TimeoutError when the server stops answering."""
    answers: Counter[int] = Counter()
    waiting, each_at_once = iter(requests), 0 if per_second else depth
    began, used = time.perf_counter(), time.process_time()
    some = [await connected(port, Connection(waiting, each_at_once, answers)) for _ in range(connections)]
    sent = 0 if per_second else len(requests)
    last_answer, answered = time.perf_counter(), 0
    while answered < len(requests):
        due = min(int((time.perf_counter() - began) * per_second) + 1, len(requests))
        for number in range(sent, due):
            some[number % connections].send(1)
        sent = max(sent, due)
        await asyncio.sleep(TICK_SECONDS)
        if answers.total() > answered:
            last_answer, answered = time.perf_counter(), answers.total()
        elif time.perf_counter() - last_answer > PATIENCE_SECONDS:
            raise TimeoutError(f"{answered} of {sent} requests were answered, and then none any more.")
    took, busy = last_answer - began, time.process_time() - used
    for connection in some:
        connection.close()
    return {
        **{str(status): float(number) for status, number in answers.items()},
        "seconds": took,
        "own_load": busy / took,
    }


def main() -> None:
    port, per_second, connections, depth, path = sys.argv[1:]
    requests = read(Path(path))
    print(json.dumps(asyncio.run(once(int(port), float(per_second), int(connections), int(depth), requests))))


if __name__ == "__main__":
    main()
