"""Who changes a property's archive now: a key with a time limit, held by one at a time.

It spares work, it does not make things right: every change is watched (listing.changing), so that a
holder whose time ran out writes nothing that counts.
"""

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import ConnectionError, TimeoutError, WatchError

from tracking.keys import Keys

log = logging.getLogger(__name__)

HOLD_MS = 120_000
PAUSE_SECONDS = 0.05


class Busy(Exception):
    """Another worker changes the archive of the property."""


@contextmanager
def holding(client: Redis, keys: Keys, patience_seconds: float = 0) -> Iterator[None]:
    """Hold the archive of a property for up to HOLD_MS. Raises Busy when it is not free in time."""
    key, token = keys.archived_lease, secrets.token_hex(16).encode()
    deadline = time.monotonic() + patience_seconds
    while not client.set(key, token, nx=True, px=HOLD_MS):
        if time.monotonic() >= deadline:
            raise Busy("Another worker changes the archive of this property; try again.")
        time.sleep(PAUSE_SECONDS)
    try:
        yield
    finally:
        _let_go(client, key, token)


def _let_go(client: Redis, key: str, token: bytes) -> None:
    """Where this fails, the hold runs out by itself."""
    try:
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(key)
            if pipe.get(key) == token:
                pipe.multi()
                pipe.delete(key)
                pipe.execute()
    except (WatchError, ConnectionError, TimeoutError) as error:
        log.info("%s is left to run out: %s", key, error)
