"""From one layout to the other, while events keep coming.

    take the drain's lease ─► seal ─► copy every slot ─► the property's row says the new layout ─► delete the old
         events wait in the stream meanwhile                  from here on the new one is read

Until the row says so the old bitmaps are the truth, and a conversion that is broken off can be begun
again. The drain reads the layout after it has the lease, so none writes into the one that was left.
"""

from datetime import UTC, datetime

from properties.models import LayoutName, Property
from tracking import lease
from tracking.bitmaps.layouts import Layout, Shelf
from tracking.shelves import LAYOUTS, layout_of, seal_all, shelf_of

LEASE_MS = 60_000
SECONDS_FOR_THE_LEASE = 60
FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)  # months that are not over are made as well


def convert(prop: Property, target: LayoutName) -> int:
    """Keep the numbers of `prop` in the layout `target`; how many slots were copied. Raises lease.Busy."""
    shelf = shelf_of(prop)
    with lease.holding(shelf.client, shelf.keys, LEASE_MS, SECONDS_FOR_THE_LEASE) as token:
        prop.refresh_from_db()
        copied = 0
        if prop.layout != target:
            seal_all(prop)
            copied = _copy(shelf, token, layout_of(prop), LAYOUTS[target])
            prop.layout = target
            prop.save(update_fields=["layout", "changed_at"])
        for name, layout in LAYOUTS.items():
            if name != target:
                layout.remove(shelf)
        return copied


def _copy(shelf: Shelf, token: bytes, source: Layout, target: Layout) -> int:
    source.close(shelf, FAR_FUTURE)
    target.remove(shelf)  # what a conversion left that was broken off
    labels = sorted(set(source.slots(shelf)))
    for label in labels:
        target.store(shelf, label, source.read(shelf, label))
        if not lease.renew(shelf.client, shelf.keys, token, LEASE_MS):
            raise lease.Busy("The copying was interrupted for too long, and nothing was changed; try again.")
    target.close(shelf, FAR_FUTURE)
    return len(labels)
