"""Celery's shells around the drain. A message only wakes a task up; losing one delays, never loses."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from celery import shared_task
from redis.exceptions import WatchError

from cluster.connections import data, shard
from properties.models import Property
from tracking import rebuild
from tracking.archive.cleaning import clean
from tracking.archive.compact import compact
from tracking.archive.store import StoreError, store
from tracking.archive.writer import archive
from tracking.drain import Drain
from tracking.keys import Keys
from tracking.lease import Busy
from tracking.shelves import layout_of, shelf_of

log = logging.getLogger(__name__)

# A log of this size is sealed at once; smaller ones at the next sweep.
SEAL_AT_BYTES = 2_000_000
# Then others have their turn: a property at full rate must not keep them waiting.
DRAIN_SECONDS = 2.0
ARCHIVE_AT_BYTES = 16_000_000
ARCHIVE_AFTER_MS = 5 * 60 * 1000


@shared_task
def drain(account_id: int, property_id: int) -> None:
    """Drain one property's stream; go on in a new task when it is too long for one."""
    if (prop := _property(account_id, property_id)) is None:
        return
    emptied = Drain.of(prop).run(DRAIN_SECONDS)
    shelf = shelf_of(prop)
    if not emptied and not shelf.client.exists(shelf.keys.lease):
        drain.delay(account_id, property_id)
    if layout_of(prop).waiting(shelf) >= SEAL_AT_BYTES:
        seal.delay(account_id, property_id)


@shared_task
def seal(account_id: int, property_id: int) -> None:
    """Fold the notes that wait into the property's bitmaps."""
    if (prop := _property(account_id, property_id)) is not None:
        with _left_to_whoever_was_first(prop):
            layout_of(prop).seal(shelf_of(prop))


@shared_task
def close(account_id: int, property_id: int) -> None:
    """Make the months and years that are over of their days; tidy the archive's days that are over."""
    if (prop := _property(account_id, property_id)) is None:
        return
    with _left_to_whoever_was_first(prop):
        layout_of(prop).close(shelf_of(prop), datetime.now(UTC))
        compact(shelf_of(prop).client, prop, store())
        clean(shelf_of(prop).client, prop, store())


@shared_task
def archive_events(account_id: int, property_id: int) -> None:
    """Move resolved events from their stream into the archive."""
    if (prop := _property(account_id, property_id)) is not None:
        with _left_to_whoever_was_first(prop):
            while archive(shelf_of(prop).client, prop, store()):
                pass


@shared_task(autoretry_for=(Busy, StoreError), retry_backoff=30, retry_backoff_max=600, max_retries=20)
def rebuild_property(account_id: int, property_id: int) -> None:
    """Make all numbers of a property anew from its archive, after a change of its time zone."""
    if (prop := _property(account_id, property_id)) is None:
        return
    if days := rebuild.days_of_archive(prop):
        rebuild.rebuild(prop, *days)


def _property(account_id: int, property_id: int) -> Property | None:
    return Property.objects.filter(id=property_id, account_id=account_id).first()


@contextmanager
def _left_to_whoever_was_first(prop: Property) -> Iterator[None]:
    """Of two that do the same one is refused, and nothing is lost: the next sweep looks again."""
    try:
        yield
    except WatchError:
        log.info("property %s: somebody else was first", prop.id)


@shared_task
def sweep() -> None:
    """Wake the drain of every property that has events waiting, and the sealing of those with notes."""
    owners = list(Property.objects.values_list("account_id", "id"))
    pipe = data().pipeline(transaction=False)
    for account_id, property_id in owners:
        keys = Keys(account_id, property_id)
        pipe.xlen(keys.ingest)
        pipe.exists(keys.notes)
        pipe.exists(keys.sealing)
    waiting = pipe.execute() if owners else []
    for (account_id, property_id), events, notes, sealing in zip(
        owners, *(waiting[n::3] for n in range(3)), strict=True
    ):
        if events:
            drain.delay(account_id, property_id)
        if notes or sealing:
            seal.delay(account_id, property_id)


@shared_task
def close_all() -> None:
    """Make months and years of every property, and tidy its archive."""
    for account_id, property_id in Property.objects.values_list("account_id", "id"):
        close.delay(account_id, property_id)


@shared_task
def archive_all() -> None:
    """Move what properties have resolved into their archives, where it is much or has waited for a while.

    Every run makes a file for each day it has events of, so few runs make few files.
    """
    for owner in Property.objects.values_list("account_id", "id"):
        keys = Keys(*owner)
        pipe = shard(keys.prefix).pipeline(transaction=False)
        pipe.memory_usage(keys.archive)
        pipe.xrange(keys.archive, count=1)
        size, oldest = pipe.execute()
        if oldest and (size >= ARCHIVE_AT_BYTES or _age_ms(oldest[0][0]) >= ARCHIVE_AFTER_MS):
            archive_events.delay(*owner)


def _age_ms(entry_id: bytes) -> int:
    return time.time_ns() // 1_000_000 - int(entry_id.partition(b"-")[0])
