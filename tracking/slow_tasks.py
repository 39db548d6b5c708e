"""What may take long: the archive, months and years, rebuilds. In a worker of its own, which alone imports this."""

import time
from datetime import UTC, date, datetime, timedelta

from celery import shared_task
from django.conf import settings
from redis.exceptions import WatchError

from cluster.connections import shard
from properties.models import Property
from tracking import rebuild
from tracking.archive import hold
from tracking.archive.cleaning import clean
from tracking.archive.compact import compact
from tracking.archive.erase import forget
from tracking.archive.listing import Changed
from tracking.archive.store import StoreError, store
from tracking.archive.writer import archive
from tracking.keys import Keys
from tracking.lease import Busy
from tracking.shelves import layout_of, shelf_of
from tracking.tidying import tidy
from tracking.turns import first_or_not_at_all, property_of

ARCHIVE_AT_BYTES = 16_000_000
ARCHIVE_AFTER_MS = 5 * 60 * 1000
TIDYING_SECONDS = 60.0  # at most, of a property
DAYS_A_MESSAGE = 7  # of a rebuild
PASSING = (Busy, hold.Busy, Changed, StoreError, WatchError)  # what is over some time later


@shared_task
def close(account_id: int, property_id: int) -> None:
    """Make the months and years that are over of their days; tidy the archive's days that are over."""
    if (prop := property_of(account_id, property_id)) is None:
        return
    with first_or_not_at_all(prop):
        layout_of(prop).close(shelf_of(prop), datetime.now(UTC))
        compact(shelf_of(prop).client, prop, store())
        clean(shelf_of(prop).client, prop, store())


@shared_task
def archive_events(account_id: int, property_id: int) -> None:
    """Move resolved events from their stream into the archive."""
    if (prop := property_of(account_id, property_id)) is not None:
        with first_or_not_at_all(prop):
            while archive(shelf_of(prop).client, prop, store()):
                pass


@shared_task(
    autoretry_for=PASSING,
    retry_backoff=30,
    retry_backoff_max=600,
    max_retries=20,
)
def rebuild_property(account_id: int, property_id: int, first: str = "") -> None:
    """Make all numbers of a property anew from its archive, after a change of its time zone; from day `first` on.

    A few days a message: none may take longer than the broker waits before it gives it to another worker.
    """
    if (prop := property_of(account_id, property_id)) is None:
        return
    if (days := rebuild.days_of_archive(prop)) is None:
        return
    begin = max(days[0], date.fromisoformat(first)) if first else days[0]
    end = min(begin + timedelta(days=DAYS_A_MESSAGE - 1), days[1])
    rebuild.rebuild(prop, begin, end)
    if end < days[1]:
        rebuild_property.delay(account_id, property_id, str(end + timedelta(days=1)))


@shared_task(autoretry_for=(StoreError,), retry_backoff=30, retry_backoff_max=600, max_retries=20)
def forget_property(account_id: int, property_id: int) -> None:
    """Leave nothing of a property that was deleted: its keys and its files."""
    if property_of(account_id, property_id) is not None:
        return
    keys = Keys(account_id, property_id)
    client = shard(keys.prefix)
    for key in keys.scan(client, ""):
        client.unlink(key)
    forget(store(), account_id, property_id)


@shared_task
def tidy_visitors(account_id: int, property_id: int) -> None:
    """Shorten the records of visitors who have not been there for a while: of a share of them."""
    if (prop := property_of(account_id, property_id)) is not None:
        tidy(prop, settings.TIDY_SECONDS, TIDYING_SECONDS)


@shared_task
def tidy_all() -> None:
    """Go on with the round through every property's visitors."""
    for owner in Property.objects.values_list("account_id", "id"):
        tidy_visitors.delay(*owner)


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
