"""Wakes the drain of properties that got events: at most a few messages a second, whatever arrives.

A message that is lost or a broker that is away only delays: the sweep finds what waits.
"""

import asyncio
import logging
from contextlib import suppress

from asgiref.sync import sync_to_async
from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.2
EXPIRES_SECONDS = 30  # the sweep wakes again; messages must not pile up where no worker is
DRAIN = "tracking.tasks.drain"  # by its name: who sends it needs nothing of what it does


class Waker:
    def __init__(self) -> None:
        self._dirty: set[tuple[int, int]] = set()
        self._work = asyncio.Event()
        self._loop_task = asyncio.create_task(self._run())

    def wake(self, account_id: int, property_id: int) -> None:
        self._dirty.add((account_id, property_id))
        self._work.set()

    async def close(self) -> None:
        self._loop_task.cancel()
        with suppress(asyncio.CancelledError):
            await self._loop_task

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            dirty, self._dirty = self._dirty, set()
            try:
                await sync_to_async(_send, thread_sensitive=False)(dirty)
            except (OperationalError, OSError) as error:
                log.warning("the broker is away, the sweep will find what waits: %s", error)
            except Exception:  # a fault of ours must not end the waking
                log.exception("the drain cannot be woken, the sweep will find what waits")
            await asyncio.sleep(PAUSE_SECONDS)


def _send(owners: set[tuple[int, int]]) -> None:
    for account_id, property_id in owners:
        current_app.send_task(DRAIN, (account_id, property_id), retry=False, expires=EXPIRES_SECONDS)
