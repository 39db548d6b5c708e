"""What follows from changes of a property."""

import logging
from typing import Any

from celery import current_app
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from properties.models import Property
from properties.signals import time_zone_changed

log = logging.getLogger(__name__)

REBUILD = "tracking.slow_tasks.rebuild_property"


@receiver(time_zone_changed, dispatch_uid="days begin at another midnight")
def rebuild_days(prop: Property, **_: Any) -> None:
    """Days, months and years are others now: they are made anew from the archive."""
    try:
        current_app.send_task(REBUILD, (prop.account_id, prop.id), retry=False)
    except OperationalError as error:
        log.error("property %s has a new time zone, but its days cannot be made anew now: %s", prop.id, error)
