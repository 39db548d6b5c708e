"""Workers in processes of their own, all at work on one property, with leases that are lost all the time."""

import multiprocessing
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import django
from django.conf import settings
from redis.exceptions import WatchError

from cluster.connections import data
from properties.models import Property
from tests.pipeline import raw
from tracking import drain
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.bitmaps.layouts import Shelf
from tracking.conversion import FAR_FUTURE
from tracking.rules import Rules
from tracking.shelves import layout_of, shelf_of

LEASES_MS = (5, 200, 2_000)
EVENTS_A_BATCH = 20
READY, ENOUGH = "chaos::ready", "chaos::enough"
SECONDS_TO_BEGIN = 60


@dataclass(frozen=True)
class Where:
    """What a worker knows: the row of its property, as the database is only the test's own; and its chance."""

    row: dict[str, Any]
    archive: str
    seed: int


@contextmanager
def at_work(where: list[Where]) -> Iterator[list[int]]:
    """A process for each, until the block is left; then the list says how often each was refused.

    Raises whatever a worker has raised.
    """
    refused: list[int] = []
    context = multiprocessing.get_context("spawn")
    data().delete(READY, ENOUGH)
    with ProcessPoolExecutor(len(where), context, initializer=django.setup) as pool:
        workers = [pool.submit(work, one) for one in where]
        deadline = time.monotonic() + SECONDS_TO_BEGIN
        try:
            while int(raw().get(READY) or 0) < len(where):
                assert time.monotonic() < deadline, "the workers do not begin"
                time.sleep(0.02)
            yield refused
        finally:
            data().set(ENOUGH, 1)
        refused += [worker.result() for worker in workers]


class Refusing(drain.Drain):
    """A drain that counts how often it was done in vain, because another worker was at it."""

    refused = 0

    def batch(self, shelf: Shelf, rules: Rules, most: int | None = None) -> int:
        try:
            return super().batch(shelf, rules, most)
        except (drain.LeaseLost, WatchError):
            Refusing.refused += 1
            raise


def work(where: Where) -> int:
    """Drain, seal, close and archive by chance until it is enough; how many batches were refused."""
    settings.ARCHIVE = where.archive
    prop = Property(**where.row)
    vars(prop)["refresh_from_db"] = lambda: None  # its row is out of reach, and nobody changes it
    chance = random.Random(where.seed)
    jobs: list[Callable[[], object]] = [
        lambda: Refusing(prop, drain.Drain.of(prop).token).run(chance.choice([0.02, 0.3])),
        lambda: layout_of(prop).seal(shelf_of(prop)),
        lambda: layout_of(prop).close(shelf_of(prop), FAR_FUTURE),
        lambda: archive(shelf_of(prop).client, prop, store()),
    ]
    raw().incr(READY)
    while not raw().exists(ENOUGH):
        drain.LEASE_MS = chance.choice(LEASES_MS)
        with suppress(WatchError):  # as the tasks do: somebody else was first
            chance.choices(jobs, weights=[4, 3, 1, 1])[0]()
    return Refusing.refused
