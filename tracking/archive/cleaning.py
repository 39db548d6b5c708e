"""Deleting what no manifest names: replaced files after a day, and what crashes have left.

The hash is changed first, so that a writer that began before cannot name a file that is deleted here.
"""

import logging
import time
from collections.abc import Iterable

from redis import Redis
from redis.exceptions import WatchError

from properties.models import Property
from tracking.archive import listing
from tracking.archive.hold import Busy, holding
from tracking.archive.listing import GRACE_MS, folder
from tracking.archive.store import Store
from tracking.keys import Keys

log = logging.getLogger(__name__)


def clean(client: Redis, prop: Property, store: Store) -> int:
    """Delete the files of every day that nobody needs any more; how many. 0 when the archive is not free.

    Raises StoreError and what connections raise; whatever is left then is for the next time.
    """
    keys = Keys(prop.account_id, prop.id)
    try:
        with holding(client, keys):
            return clean_held(client, store, prop, store.folders(folder(prop)))
    except (Busy, WatchError) as error:
        log.info("%s is cleaned the next time: %s", keys.archived, error)
        return 0


def clean_held(client: Redis, store: Store, prop: Property, days: Iterable[str], grace_ms: int = GRACE_MS) -> int:
    """As `clean` for who holds the archive; without a grace whatever does not count now goes. Raises WatchError."""
    keys = Keys(prop.account_id, prop.id)
    with listing.changing(client, keys, store, prop) as (pipe, state):
        pipe.multi()
        pipe.hincrby(keys.archived, "changes", 1)
        pipe.execute()
    oldest = int(time.time() * 1000) - grace_ms
    deleted = 0
    for day in days:
        current = state.days.get(day, "")
        manifest = listing.load(store, prop, day, current)
        kept = {current} | {file.name for file in manifest.files}
        if grace_ms:
            kept |= {name for name, replaced in manifest.gone.items() if replaced > oldest}
        for name, modified in store.files(folder(prop, day)):
            if name not in kept and modified <= oldest:  # what is newer may count already
                store.delete(f"{folder(prop, day)}/{name}")
                deleted += 1
    return deleted
