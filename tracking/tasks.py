"""Celery's shells around the drain. A message only wakes a task up; losing one delays, never loses."""

from celery import shared_task

from cluster.connections import data
from properties.models import Property
from tracking.drain import Drain
from tracking.keys import Keys
from tracking.shelves import layout_of, shelf_of
from tracking.turns import first_or_not_at_all, property_of

# A log of this size is sealed at once; smaller ones at the next sweep. Readers fold the log themselves, so it is kept
# small; but a cell costs the same however much is added to it, so a property that is behind is sealed less often.
SEAL_AT_BYTES = 2_000_000
SEAL_BEHIND_AT_BYTES = 16_000_000
# Then others have their turn: a property at full rate must not keep them waiting.
DRAIN_SECONDS = 2.0


@shared_task
def drain(account_id: int, property_id: int) -> None:
    """Drain one property's stream; go on in a new task when it is too long for one."""
    if (prop := property_of(account_id, property_id)) is None:
        return
    emptied = Drain.of(prop).run(DRAIN_SECONDS)
    shelf = shelf_of(prop)
    if not emptied and not shelf.client.exists(shelf.keys.lease):
        drain.delay(account_id, property_id)
    if layout_of(prop).waiting(shelf) >= (SEAL_AT_BYTES if emptied else SEAL_BEHIND_AT_BYTES):
        seal.delay(account_id, property_id)


@shared_task
def seal(account_id: int, property_id: int) -> None:
    """Fold the notes that wait into the property's bitmaps."""
    if (prop := property_of(account_id, property_id)) is not None:
        with first_or_not_at_all(prop):
            layout_of(prop).seal(shelf_of(prop))


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
