"""What follows from changes of a property."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from properties.models import Property
from properties.signals import time_zone_changed

log = logging.getLogger(__name__)

REBUILD = "tracking.slow_tasks.rebuild_property"
FORGET = "tracking.slow_tasks.forget_property"
# By then no collector knows the property any more, and no drain is at work on it.
SECONDS_UNTIL_FORGOTTEN = 60


@receiver(time_zone_changed, dispatch_uid="days begin at another midnight")
def rebuild_days(prop: Property, **_: Any) -> None:
    """Days, months and years are others now: they are made anew from the archive."""
    _send(REBUILD, prop.account_id, prop.id)


@receiver(post_delete, sender=Property, dispatch_uid="nothing of it shall stay")
def forget_property(instance: Property, **_: Any) -> None:
    owner = (instance.account_id, instance.id)
    transaction.on_commit(lambda: _send(FORGET, *owner, countdown=SECONDS_UNTIL_FORGOTTEN))


def _send(task: str, account_id: int, property_id: int, countdown: int = 0) -> None:
    try:
        current_app.send_task(task, (account_id, property_id), retry=False, countdown=countdown)
    except OperationalError as error:
        log.error("%s cannot be told of property %s: %s", task, property_id, error)
