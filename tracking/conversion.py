"""From one layout to the other, while events keep coming.

    take the drain's lease ─► seal ─► copy every bitmap ─► the property's row says the new layout ─► delete the old
         events wait in the stream meanwhile                  from here on the new one is read

Until the row says so the old bitmaps are the truth, and a conversion that is broken off can be begun
again. The drain reads the layout after it has the lease, so none writes into the one that was left.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from itertools import islice

from redis.cluster import RedisCluster
from redis.exceptions import WatchError

from properties.models import LayoutName, Property
from tracking import lease
from tracking.bitmaps.addresses import Address
from tracking.bitmaps.layouts import Layout
from tracking.keys import Keys
from tracking.layouts import LAYOUTS, layout_of

log = logging.getLogger(__name__)

LEASE_MS = 60_000
ADDRESSES_AT_ONCE = 1_000
SECONDS_FOR_THE_LEASE = 60


class Busy(Exception):
    """Another worker keeps the lease of the property."""


def convert(client: RedisCluster, prop: Property, target: LayoutName) -> int:
    """Keep the bitmaps of `prop` in the layout `target`; how many were copied. Raises Busy."""
    keys, token = Keys(prop.account_id, prop.id), lease.new_token()
    deadline = time.monotonic() + SECONDS_FOR_THE_LEASE
    while not lease.take(client, keys, token, LEASE_MS):
        if time.monotonic() > deadline:
            raise Busy("Another worker keeps the property busy; try again.")
        time.sleep(0.05)
    try:
        prop.refresh_from_db()
        copied = 0
        if prop.layout != target:
            copied = _copy(client, keys, prop, LAYOUTS[target])
            if not lease.is_ours(client, keys, token):
                raise Busy("The copying was interrupted for too long, and nothing was changed; try again.")
            prop.layout = target
            prop.save()
        for name, layout in LAYOUTS.items():
            if name != target:
                layout.remove(client, keys)
        return copied
    finally:
        lease.let_go(client, keys, token)


def _copy(client: RedisCluster, keys: Keys, prop: Property, target: Layout) -> int:
    source = layout_of(prop)
    while source.waiting(client, keys):
        try:
            source.seal(client, keys)
        except WatchError:
            log.info("%s: somebody else has sealed the log meanwhile", keys.prefix)
    copied = 0
    for addresses in _in_parts(source.addresses(client, keys)):
        target.store(client, keys, source.load(client, keys, addresses))
        client.pexpire(keys.lease, LEASE_MS)
        copied += len(addresses)
    return copied


def _in_parts(addresses: Iterable[Address]) -> Iterator[list[Address]]:
    rest = iter(addresses)
    while part := list(islice(rest, ADDRESSES_AT_ONCE)):
        yield part
