"""What the collectors say of themselves, for /metrics: on the broker, so that any process can show all of them.

    aktivat::collector::requests     hash: status -> requests answered, since the broker was begun
    aktivat::collector::of::<writer> hash: waiting, spilled_events, spilled_bytes; fades with its process

The counters are for graphs: an answer of the broker that is lost may count some requests twice.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from redis.exceptions import RedisError

from cluster.connections import broker
from tracking.appender import Appender

log = logging.getLogger(__name__)

REQUESTS = "aktivat::collector::requests"
OF_ONE = "aktivat::collector::of::"
TELL_SECONDS = 5.0
FADES_AFTER_SECONDS = 30


@dataclass(frozen=True)
class Collectors:
    """All collectors together. `requests`: by status. `waiting`: events in memory, not answered yet."""

    requests: dict[int, int] = field(default_factory=dict)
    processes: int = 0
    waiting: int = 0
    spilled_events: int = 0
    spilled_bytes: int = 0


class Gauges:
    """Those of one process."""

    def __init__(self, writer: str, appender: Appender) -> None:
        self._key = OF_ONE + writer
        self._appender = appender
        self._requests: Counter[int] = Counter()

    def count(self, status: int) -> None:
        self._requests[status] += 1

    async def run(self) -> None:
        """Tell the broker every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            told, self._requests = self._requests, Counter()
            spill = self._appender.spill
            now = {
                "waiting": self._appender.events_waiting,
                "spilled_events": spill.events,
                "spilled_bytes": spill.size,
            }
            try:
                await asyncio.to_thread(_tell, self._key, told, now)
            except (RedisError, ImproperlyConfigured, OSError) as error:
                log.info("the broker is away, the numbers of the collector wait: %s", error)
                self._requests += told


def _tell(key: str, requests: Counter[int], now: dict[str, int]) -> None:
    pipe: Any = broker().pipeline(transaction=True)
    for status, number in requests.items():
        pipe.hincrby(REQUESTS, str(status), number)
    pipe.hset(key, mapping=now)
    pipe.expire(key, FADES_AFTER_SECONDS)
    pipe.execute()


def collectors() -> Collectors:
    """What all of them said last. Raises RedisError when the broker is away."""
    client: Any = broker()
    requests = {int(status): int(number) for status, number in client.hgetall(REQUESTS).items()}
    pipe = client.pipeline(transaction=False)
    for key in client.scan_iter(match=f"{OF_ONE}*", count=1000):
        pipe.hgetall(key)
    each = [fields for fields in pipe.execute() if fields]

    def total(name: bytes) -> int:
        return sum(int(fields[name]) for fields in each)

    return Collectors(requests, len(each), total(b"waiting"), total(b"spilled_events"), total(b"spilled_bytes"))
