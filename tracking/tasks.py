"""Celery's shells around the drain. A message only wakes a task up; losing one delays, never loses."""

from celery import shared_task

from cluster.connections import data
from properties.models import Property
from tracking.drain import Drain
from tracking.keys import Keys


@shared_task
def drain(account_id: int, property_id: int) -> None:
    """Drain one property's stream; go on in a new task when it is too long for one."""
    prop = Property.objects.filter(id=property_id, account_id=account_id).first()
    if prop is None:
        return
    keys = Keys(account_id, property_id)
    client = data()
    emptied = Drain.of(client, keys, prop.tz).run()
    if not emptied and not client.exists(keys.lease):
        drain.delay(account_id, property_id)


@shared_task
def sweep() -> None:
    """Wake the drain of every property that has something waiting."""
    owners = list(Property.objects.values_list("account_id", "id"))
    pipe = data().pipeline(transaction=False)
    for account_id, property_id in owners:
        pipe.xlen(Keys(account_id, property_id).ingest)
    waiting = pipe.execute() if owners else []
    for (account_id, property_id), length in zip(owners, waiting, strict=True):
        if length:
            drain.delay(account_id, property_id)
