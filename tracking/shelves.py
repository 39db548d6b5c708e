"""Where the bitmaps of a property are, how they are kept, and its rules, as its row says."""

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from redis.exceptions import WatchError

from cluster.connections import shard
from properties import grouping
from properties.models import Property
from tracking.bitmaps.layouts import Kept, Layout, Shelf
from tracking.bitmaps.layouts.packed import PackedLayout
from tracking.bitmaps.layouts.seed import SeedLayout
from tracking.keys import Keys
from tracking.rules import Rules

LAYOUTS: dict[str, Layout] = {"seed": SeedLayout(), "packed": PackedLayout()}


def layout_of(prop: Property) -> Layout:
    return LAYOUTS[prop.layout]


def shelf_of(prop: Property) -> Shelf:
    """Reached through the master that holds it now; raises cluster.connections.MOVED when it is elsewhere."""
    keys = Keys(prop.account_id, prop.id)
    kept = Kept(timedelta(hours=prop.minutes_kept_hours), timedelta(days=prop.hours_kept_days))
    return Shelf(shard(keys.prefix), keys, prop.tz, kept)


def seal_all(prop: Property) -> None:
    """Seal until nothing waits, also when others seal at the same time. Nobody writes: the caller has the lease."""
    layout, shelf = layout_of(prop), shelf_of(prop)
    while layout.waiting(shelf):
        with suppress(WatchError):
            layout.seal(shelf)


def rules_of(prop: Property) -> Rules:
    """What the property decides about its events."""
    return Rules(
        kept_parameters=frozenset(prop.kept_parameters.split()),
        grouping=grouping.parse(prop.page_groups),
        attributes=tuple(dict.fromkeys(prop.attribute_traits.split())),
        session_gap=prop.session_minutes * 60_000,
        names_a_day=prop.names_a_day,
        sessions_kept=settings.SESSIONS_KEPT_HOURS * 3_600_000,
    )
