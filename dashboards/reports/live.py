"""How many are there now."""

from datetime import UTC, datetime, timedelta

from properties.models import Property
from tracking.bitmaps.expressions import everyone
from tracking.bitmaps.slots import cover
from tracking.reading import answers

LIVE = timedelta(minutes=5)


def live(prop: Property, now: datetime) -> int:
    """The visitors of the last five minutes, the running one included."""
    end = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    [visitors] = answers(prop, [everyone.over(cover(end - LIVE, end, prop.tz))])
    return len(visitors)
