"""Celery's shells around the drain. A message only wakes a task up; losing one delays, never loses."""

import logging

from celery import shared_task
from redis.exceptions import WatchError

from cluster.connections import data
from properties.models import Property
from tracking.drain import Drain
from tracking.keys import Keys
from tracking.layouts import layout_of

log = logging.getLogger(__name__)

# A log of this size is sealed at once; smaller ones at the next sweep.
SEAL_AT_BYTES = 1_000_000


@shared_task
def drain(account_id: int, property_id: int) -> None:
    """Drain one property's stream; go on in a new task when it is too long for one."""
    prop = Property.objects.filter(id=property_id, account_id=account_id).first()
    if prop is None:
        return
    keys = Keys(account_id, property_id)
    client = data()
    emptied = Drain.of(client, prop).run()
    if not emptied and not client.exists(keys.lease):
        drain.delay(account_id, property_id)
    if layout_of(prop).waiting(client, keys) >= SEAL_AT_BYTES:
        seal.delay(account_id, property_id)


@shared_task
def seal(account_id: int, property_id: int) -> None:
    """Fold the marks that wait into the property's bitmaps."""
    prop = Property.objects.filter(id=property_id, account_id=account_id).first()
    if prop is None:
        return
    try:
        layout_of(prop).seal(data(), Keys(account_id, property_id))
    except WatchError:
        log.info("{%s::%s}: somebody else has sealed the log meanwhile", account_id, property_id)


@shared_task
def sweep() -> None:
    """Wake the drain of every property that has events waiting, and the sealing of those with marks."""
    owners = list(Property.objects.values_list("account_id", "id"))
    pipe = data().pipeline(transaction=False)
    for account_id, property_id in owners:
        keys = Keys(account_id, property_id)
        pipe.xlen(keys.ingest)
        pipe.exists(keys.marks)
        pipe.exists(keys.sealing)
    waiting = pipe.execute() if owners else []
    for (account_id, property_id), events, marks, sealing in zip(
        owners, *(waiting[n::3] for n in range(3)), strict=True
    ):
        if events:
            drain.delay(account_id, property_id)
        if marks or sealing:
            seal.delay(account_id, property_id)
