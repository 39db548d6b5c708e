"""Who drains or converts a property now: a key with a time limit, held by one at a time.

It spares work, it does not make things right: whoever writes also watches it, so that a holder whose
time ran out without its knowing writes nothing.
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

PAUSE_SECONDS = 0.05


class Busy(Exception):
    """Another worker keeps the lease of the property."""


@contextmanager
def holding(client: Redis, keys: Keys, milliseconds: int, patience_seconds: float) -> Iterator[bytes]:
    """Hold the lease, once it is free; gives the token. Raises Busy when it is not free in time."""
    token, deadline = new_token(), time.monotonic() + patience_seconds
    while not take(client, keys, token, milliseconds):
        if time.monotonic() > deadline:
            raise Busy("Another worker keeps the property busy; try again.")
        time.sleep(PAUSE_SECONDS)
    try:
        yield token
    finally:
        let_go(client, keys, token)


def new_token() -> bytes:
    return secrets.token_hex(16).encode()


def take(client: Redis, keys: Keys, token: bytes, milliseconds: int) -> bool:
    """Whether the lease is ours now, for so long."""
    return bool(client.set(keys.lease, token, nx=True, px=milliseconds))


def is_ours(client: Redis, keys: Keys, token: bytes) -> bool:
    return bool(client.get(keys.lease) == token)


def renew(client: Redis, keys: Keys, token: bytes, milliseconds: int) -> bool:
    """Whether the lease is still ours; then it is ours for so long from now."""
    return is_ours(client, keys, token) and bool(client.pexpire(keys.lease, milliseconds))


def let_go(client: Redis, keys: Keys, token: bytes) -> None:
    """Give the lease back if it is still ours; where that fails it runs out by itself."""
    try:
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(keys.lease)
            if pipe.get(keys.lease) == token:
                pipe.multi()
                pipe.delete(keys.lease)
                pipe.execute()
    except (WatchError, ConnectionError, TimeoutError) as error:
        log.info("%s: the lease is left to run out: %s", keys.prefix, error)
