"""Numbers of the engine against a plain count over the data set's columns. Needs Django set up."""

from datetime import UTC, datetime, timedelta

import numpy as np

from bench.dataset import Dataset
from bench.ground import tables
from properties.models import Property
from tracking.bitmaps import traits
from tracking.bitmaps.addresses import Address
from tracking.bitmaps.layouts import Request
from tracking.commerce import MONEY
from tracking.reading import read


def compare(data: Dataset, prop: Property) -> None:
    """Raises SystemExit when a number differs: uniques, events, page views, sessions and money of each day."""
    day = datetime.fromtimestamp(data.shape.midnight / 1000, UTC).date()
    for events in data.days():
        label = f"{day}"
        metrics = ("events", "pageviews", "sessions", f"{MONEY}EUR", "visible")
        addresses = [Address(traits.EVERYONE, label), *(Address(traits.event(n), label) for n, _ in tables.NAMES)]
        found = read(prop, Request(bitmaps=addresses, totals=[(metric, label) for metric in metrics]))
        begins = np.array(data.visits.start // 86_400_000 == (events.at[0] - data.shape.midnight) // 86_400_000)
        expected = {
            "events": len(events),
            "pageviews": int((events.name == tables.PAGEVIEW).sum()),
            "sessions": int(begins.sum()),
            f"{MONEY}EUR": int(events.money.sum()),
            "visible": int(events.visible_ms.sum()),
        }
        said = {metric: found.totals[(metric, label)].get(traits.EVERYONE, 0) for metric in metrics}
        who = [np.unique(events.visitor)]
        who += [np.unique(events.visitor[events.name == number]) for number in range(len(tables.NAMES))]
        sizes = [len(found.bitmaps[address]) for address in addresses]
        if said != expected or sizes != [len(some) for some in who]:
            raise SystemExit(
                f"{label}: {said} and {sizes} where a plain count says {expected}, {[len(w) for w in who]}"
            )
        day += timedelta(days=1)
